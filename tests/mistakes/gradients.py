"""Wrong gradients: the loss is right, but what is descended is another."""

import numpy as np

from numpy_net.activations import VJP, relu, sigmoid, softmax, tanh
from numpy_net.layers import Dense
from numpy_net.losses import CategoricalCrossentropy, MeanSquaredError
from numpy_net.regularizers import L2
from numpy_net.sequential import Sequential
from tests.mistakes.planting import mistake

_mse_gradient = MeanSquaredError.gradient
_cce_gradient = CategoricalCrossentropy.gradient
_gradients = Dense.gradients


def _way_back(model, kept, delta, lowest, slopes=True):
    """The right way back from the output layer's delta, or without [3]."""
    deltas = [None] * (len(kept) - 1) + [delta]
    for i in range(len(kept) - 2, lowest - 1, -1):
        da = model.layers[i + 1].input_gradient(kept[i + 1], deltas[i + 1])
        deltas[i] = model.layers[i].backward(kept[i], da) if slopes else da
    return deltas


@mistake(
    MeanSquaredError,
    "gradient",
    slip="the 2 of the square is lost",
    seen="common: the 1/2 of one book's loss, the mean of another's",
    effect="as if the learning rate were halved",
)
def mse_without_2(self, y_true, y_pred):
    return (y_pred - y_true) / y_pred.size


@mistake(
    MeanSquaredError,
    "gradient",
    slip="the mean over the O outputs is missing",
    seen="rasbt/machine-learning-book ch11/neuralnet.py; scikit-learn #8349",
    effect="as if the learning rate were O times as large",
)
def mse_without_mean_over_outputs(self, y_true, y_pred):
    return 2 * (y_pred - y_true) / len(y_pred)


@mistake(
    MeanSquaredError,
    "gradient",
    slip="the mean over the B samples is missing",
    seen="sums for a loss: joelgrus/joelnet, ddbourgin/numpy-ml",
    effect="the learning rate must be found anew for every batch size",
)
def mse_without_mean_over_samples(self, y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.shape[1]


@mistake(
    CategoricalCrossentropy,
    "gradient",
    slip="the mean over the B samples is missing",
    seen="common: p - y as derived for a single sample",
    effect="steps B times too long: a large batch diverges",
)
def crossentropy_without_mean_over_samples(self, y_true, y_pred):
    return _cce_gradient(self, y_true, y_pred) * len(y_pred)


@mistake(
    CategoricalCrossentropy,
    "gradient",
    slip="y - p instead of p - y",
    seen="common",
    effect="the loss climbs",
)
def crossentropy_sign(self, y_true, y_pred):
    return -_cce_gradient(self, y_true, y_pred)


@mistake(
    VJP,
    softmax,
    slip="the softmax Jacobian is cut to its diagonal p (1 - p)",
    seen="eriklindernoren/ML-From-Scratch activation_functions.py",
    effect="each output is pushed alone, as if the others stood still",
)
def softmax_diagonal(a, da):
    return da * a * (1 - a)


@mistake(
    Sequential,
    "_backward",
    slip="p - y, which belongs to cross-entropy, is used with squared error",
    seen="common: the formula of another chapter",
    effect="learns, even faster, but not the loss that is printed",
)
def crossentropy_delta_with_squared_error(self, y, kept, lowest):
    return _way_back(self, kept, (kept[-1][-1] - y) / len(y), lowest)


@mistake(
    Sequential,
    "_backward",
    slip="the slope of the output layer's activation is left out",
    seen="common: dL/da is taken for dL/dz",
    effect="saturated outputs are pushed on for ever",
)
def output_slope_dropped(self, y, kept, lowest):
    da = self._objective.gradient(y, kept[-1][-1])
    return _way_back(self, kept, da, lowest)


@mistake(
    Sequential,
    "_backward",
    slip="the slope of the hidden layers' activation is left out",
    seen="common: backward through W, but not through f",
    effect="the hidden layers learn as if they were linear",
)
def hidden_slope_dropped(self, y, kept, lowest):
    da = self._objective.gradient(y, kept[-1][-1])
    delta = self.layers[-1].backward(kept[-1], da)
    return _way_back(self, kept, delta, lowest, slopes=False)


@mistake(
    VJP,
    sigmoid,
    slip="the slope of the sigmoid is written a, not a (1 - a)",
    seen="common",
    effect="a saturated unit learns fastest, where it should not learn",
)
def sigmoid_slope_half(a, da):
    return da * a


@mistake(
    VJP,
    sigmoid,
    slip="s(z) (1 - s(z)) is fed with a, which has been through s already",
    seen="h-poincare's sigmoid(z, dx=True) invites it: its z must be an a",
    effect="every slope is near 1/4, whatever the unit says",
)
def sigmoid_of_sigmoid(a, da):
    return da * sigmoid(a) * (1 - sigmoid(a))


@mistake(
    VJP,
    tanh,
    slip="the slope of tanh is written 1 - a, not 1 - a^2",
    seen="common",
    effect="negative units learn too fast, positive ones too slowly",
)
def tanh_without_square(a, da):
    return da * (1 - a)


@mistake(
    VJP,
    relu,
    slip="the mask is a >= 0, which is true of every relu output",
    seen="numpy/numpy-tutorials MNIST; iamtrask/Grokking-Deep-Learning #9",
    effect="dead units are taught, too: 12 % of the accuracy, says PR #13",
)
def relu_mask(a, da):
    return da * (a >= 0)


@mistake(
    VJP,
    relu,
    slip="the negative side lets a hundredth through, as in a leaky relu",
    seen="common: forward of one function, backward of another",
    effect="hardly seen: dead units drift",
)
def relu_leaky_mask(a, da):
    return np.where(a > 0, da, 0.01 * da)


@mistake(
    Dense,
    "backward",
    slip="the slope of relu at z = 0 is 1, where Keras has 0",
    seen="eriklindernoren/ML-From-Scratch activation_functions.py",
    effect="none on dense data; blank images train the hidden biases",
)
def relu_slope_1_at_0(self, kept, da):
    _, z, a = kept
    if self.activation is relu:
        return da * (z >= 0)
    return VJP[self.activation](a, da)


@mistake(
    Dense,
    "gradients",
    slip="db is averaged over the batch while dW is summed",
    seen="common",
    effect="biases learn B times too slowly",
)
def bias_mean(self, kept, delta, out=None):
    d_kernel, d_bias = _gradients(self, kept, delta, out)
    d_bias /= len(delta)
    return d_kernel, d_bias


@mistake(
    Dense,
    "gradients",
    slip="the sign of db is wrong",
    seen="common: z = x W - b in one place",
    effect="biases climb while kernels descend",
)
def bias_sign(self, kept, delta, out=None):
    d_kernel, d_bias = _gradients(self, kept, delta, out)
    d_bias *= -1
    return d_kernel, d_bias


@mistake(
    Dense,
    "gradients",
    slip="the biases of the hidden layers are never given a gradient",
    seen="common: a loop that begins at the second layer",
    effect="a little accuracy: hidden thresholds stay at 0",
)
def hidden_bias_frozen(self, kept, delta, out=None):
    d_kernel, d_bias = _gradients(self, kept, delta, out)
    if self.name == "dense":
        d_bias[:] = 0
    return d_kernel, d_bias


@mistake(
    Dense,
    "gradients",
    slip="the last unit's column of dW is skipped",
    seen="common: range(units - 1)",
    effect="one unit of each layer keeps its first kernel",
)
def last_column_skipped(self, kept, delta, out=None):
    d_kernel, d_bias = _gradients(self, kept, delta, out)
    d_kernel[:, -1] = 0
    return d_kernel, d_bias


@mistake(
    Dense,
    "gradients",
    slip="the last input's row of dW is skipped",
    seen="common: range(inputs - 1)",
    effect="none at all on MNIST: its last pixel is always 0",
)
def last_row_skipped(self, kept, delta, out=None):
    d_kernel, d_bias = _gradients(self, kept, delta, out)
    d_kernel[-1] = 0
    return d_kernel, d_bias


@mistake(
    Dense,
    "gradients",
    slip="the first kernel's gradient is 1.0005 times too large",
    seen="none: a measure of how sharp a check is",
    effect="none that could be seen",
)
def kernel_half_per_mille(self, kept, delta, out=None):
    d_kernel, d_bias = _gradients(self, kept, delta, out)
    if self.name == "dense":
        d_kernel *= 1.0005
    return d_kernel, d_bias


@mistake(
    MeanSquaredError,
    "gradient",
    slip="every entry is 1.001 times too large",
    seen="none: the default checks of PyTorch, Theano and TensorFlow pass it",
    effect="none that could be seen",
)
def all_one_per_mille(self, y_true, y_pred):
    return 1.001 * _mse_gradient(self, y_true, y_pred)


@mistake(
    MeanSquaredError,
    "gradient",
    slip="the gradient passes through float32",
    seen="common: an array of another dtype on the way",
    effect="none that could be seen; agreement ends at 1e-8",
)
def cast_to_float32(self, y_true, y_pred):
    gradient = _mse_gradient(self, y_true, y_pred)
    return gradient.astype("float32").astype(y_pred.dtype)


@mistake(
    Dense,
    "input_gradient",
    slip="delta W instead of delta W^T where W is square",
    seen="common: every other width would raise an error",
    effect="the layers below a square one learn noise",
)
def untransposed_when_square(self, kept, delta):
    inputs, units = self.kernel.shape
    return delta @ (self.kernel if inputs == units else self.kernel.T)


@mistake(
    Dense,
    "gradients",
    slip="dW of the batch is added to the one before: it is never cleared",
    seen="the missing zero_grad() of PyTorch programs",
    effect="a momentum of 1 that nobody asked for: it oscillates",
)
def gradients_accumulate(self, kept, delta, out=None):
    d_kernel, d_bias = _gradients(self, kept, delta, out)
    d_kernel += getattr(self, "_before", 0)
    self._before = d_kernel.copy()
    return d_kernel, d_bias


@mistake(
    L2,
    "gradient",
    slip="the gradient is l2 W, that of 1/2 l2 W^2, beside the plain square",
    seen="common: Nielsen's regularization has the half, Keras's has not",
    effect="half the decay that the printed loss speaks of",
)
def l2_without_2(self, x):
    return self.l2 * x


@mistake(
    L2,
    "gradient",
    slip="the regularizer is in the loss but not in the gradient",
    seen="common",
    effect="a loss that is larger, and no decay",
)
def l2_only_in_the_loss(self, x):
    return 0 * x


GALLERY = (
    *(mse_without_2, mse_without_mean_over_outputs),
    mse_without_mean_over_samples,
    *(crossentropy_without_mean_over_samples, crossentropy_sign),
    *(softmax_diagonal, crossentropy_delta_with_squared_error),
    *(output_slope_dropped, hidden_slope_dropped, sigmoid_slope_half),
    *(sigmoid_of_sigmoid, tanh_without_square, relu_mask),
    *(relu_leaky_mask, relu_slope_1_at_0, bias_mean, bias_sign),
    *(hidden_bias_frozen, last_column_skipped, last_row_skipped),
    *(kernel_half_per_mille, all_one_per_mille, cast_to_float32),
    *(untransposed_when_square, gradients_accumulate, l2_without_2),
    l2_only_in_the_loss,
)
