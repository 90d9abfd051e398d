"""Wrong gradients: the loss is right, but what is descended is another."""

import numpy as np

from numpy_net.activations import VJP, relu, sigmoid, softmax, tanh
from numpy_net.layers import Dense
from numpy_net.losses import CategoricalCrossentropy, MeanSquaredError
from numpy_net.mistakes import mistake
from numpy_net.network import Network
from numpy_net.regularizers import L2

_mse_gradient = MeanSquaredError.gradient
_cce_gradient = CategoricalCrossentropy.gradient
_backward_from_z = Dense.backward_from_z
_gradients = Dense.gradients


def _backward_through(layers, da):
    """The right way back, once past the output layer."""
    for layer in reversed(layers):
        if da is not None:
            da = layer.backward(da)


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
    Network,
    "_backward",
    slip="p - y, which belongs to cross-entropy, is used with squared error",
    seen="common: the formula of another chapter",
    effect="learns, even faster, but not the loss that is printed",
)
def crossentropy_delta_with_squared_error(self, y):
    *others, output = self.layers
    da = output.backward_from_z((output.a - y) / len(y))
    _backward_through(others, da)


@mistake(
    Network,
    "_backward",
    slip="the slope of the output layer's activation is left out",
    seen="common: dL/da is taken for dL/dz",
    effect="saturated outputs are pushed on for ever",
)
def output_slope_dropped(self, y):
    *others, output = self.layers
    da = output.backward_from_z(self.loss.gradient(y, output.a))
    _backward_through(others, da)


@mistake(
    Network,
    "_backward",
    slip="the slope of the hidden layers' activation is left out",
    seen="common: backward through W, but not through f",
    effect="the hidden layers learn as if they were linear",
)
def hidden_slope_dropped(self, y):
    *others, output = self.layers
    da = output.backward(self.loss.gradient(y, output.a))
    for layer in reversed(others):
        if da is not None:
            step = getattr(layer, "backward_from_z", layer.backward)
            da = step(da)


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
def relu_slope_1_at_0(self, da):
    delta = VJP[self.activation](self.a, da)
    if self.activation is relu:
        delta = da * (self.z >= 0)
    return self.backward_from_z(delta)


@mistake(
    Dense,
    "gradients",
    slip="db is averaged over the batch while dW is summed",
    seen="common",
    effect="biases learn B times too slowly",
)
def bias_mean(self):
    _gradients(self)
    self.d_bias /= len(self.delta)
    return self.d_kernel, self.d_bias


@mistake(
    Dense,
    "gradients",
    slip="the sign of db is wrong",
    seen="common: z = x W - b in one place",
    effect="biases climb while kernels descend",
)
def bias_sign(self):
    _gradients(self)
    self.d_bias *= -1
    return self.d_kernel, self.d_bias


@mistake(
    Dense,
    "gradients",
    slip="the biases of the hidden layers are never given a gradient",
    seen="common: a loop that begins at the second layer",
    effect="a little accuracy: hidden thresholds stay at 0",
)
def hidden_bias_frozen(self):
    _gradients(self)
    if not self.needs_dx:
        self.d_bias[:] = 0
    return self.d_kernel, self.d_bias


@mistake(
    Dense,
    "gradients",
    slip="the last unit's column of dW is skipped",
    seen="common: range(units - 1)",
    effect="one unit of each layer keeps its first kernel",
)
def last_column_skipped(self):
    _gradients(self)
    self.d_kernel[:, -1] = 0
    return self.d_kernel, self.d_bias


@mistake(
    Dense,
    "gradients",
    slip="the last input's row of dW is skipped",
    seen="common: range(inputs - 1)",
    effect="none at all on MNIST: its last pixel is always 0",
)
def last_row_skipped(self):
    _gradients(self)
    self.d_kernel[-1] = 0
    return self.d_kernel, self.d_bias


@mistake(
    Dense,
    "gradients",
    slip="the first kernel's gradient is 1.0005 times too large",
    seen="none: a measure of how sharp a check is",
    effect="none that could be seen",
)
def kernel_half_per_mille(self):
    _gradients(self)
    if not self.needs_dx:
        self.d_kernel *= 1.0005
    return self.d_kernel, self.d_bias


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
    "backward_from_z",
    slip="delta W instead of delta W^T where W is square",
    seen="common: every other width would raise an error",
    effect="the layers below a square one learn noise",
)
def untransposed_when_square(self, delta):
    dx = _backward_from_z(self, delta)
    inputs, units = self.kernel.shape
    return delta @ self.kernel if dx is not None and inputs == units else dx


@mistake(
    Dense,
    "gradients",
    slip="dW of the batch is added to the one before: it is never cleared",
    seen="the missing zero_grad() of PyTorch programs",
    effect="a momentum of 1 that nobody asked for: it oscillates",
)
def gradients_accumulate(self):
    before = self.d_kernel.copy()
    _gradients(self)
    self.d_kernel += before
    return self.d_kernel, self.d_bias


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
