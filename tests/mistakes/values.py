"""Wrong values: activations, losses and first weights that mislead."""

import numpy as np

from numpy_net import activations
from numpy_net.activations import VJP, relu, sigmoid, softmax
from numpy_net.initializers import GlorotUniform
from numpy_net.layers import Dense
from numpy_net.losses import CategoricalCrossentropy, MeanSquaredError
from tests.mistakes.planting import mistake

_forward = Dense.forward
_crossentropy = CategoricalCrossentropy.__call__
_glorot = GlorotUniform.__call__


def _forward_with(wrong, right):
    """Dense.forward with one activation in the place of another."""

    def forward(self, x):
        x, z, a = _forward(self, x)
        return x, z, wrong(z) if self.activation is right else a

    return forward


@mistake(
    Dense,
    "forward",
    slip="exp is taken of z as it is, not of z minus its largest",
    seen="common",
    effect="nan as soon as a z passes 709, or 88 in float32",
)
def softmax_without_shift(self, x):
    def naive(z):
        e = np.exp(z)
        return e / e.sum(axis=-1, keepdims=True)

    return _forward_with(naive, softmax)(self, x)


@mistake(
    Dense,
    "forward",
    slip="1 / (1 + exp(-z)) is taken for any z",
    seen="mnielsen/neural-networks-and-deep-learning src/network.py",
    effect="overflow warnings; the value is right in the end",
)
def sigmoid_overflow(self, x):
    return _forward_with(lambda z: 1 / (1 + np.exp(-z)), sigmoid)(self, x)


@mistake(
    Dense,
    "forward",
    slip="softmax is normalised over the batch, not over the outputs",
    seen="common: axis=0",
    effect="the output for an image depends on its neighbours",
)
def softmax_over_the_batch(self, x):
    def over_batch(z):
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)

    return _forward_with(over_batch, softmax)(self, x)


@mistake(
    Dense,
    "forward",
    slip="the bias is left out of the forward pass",
    seen="common",
    effect="the thresholds stay where 0 puts them",
)
def bias_not_added(self, x):
    x, z, _ = _forward(self, x)
    return x, z - self.bias, self.activation(z - self.bias)


@mistake(
    CategoricalCrossentropy,
    "__call__",
    slip="p is clipped to [1e-7, 1 - 1e-7] though z is at hand",
    seen="Keras itself, once a cast has lost the logits; its loss on arrays",
    effect="no loss above 16.1: the worst samples look alike",
)
def crossentropy_clipped(self, y_true, y_pred):
    if self.from_logits:
        p = np.clip(activations.softmax(y_pred), 1e-7, 1 - 1e-7)
        return -np.sum(y_true * np.log(p)) / len(p)
    return _crossentropy(self, y_true, y_pred)


@mistake(
    CategoricalCrossentropy,
    "__call__",
    slip="log(p + 1e-9) hides the zero",
    seen="common, against the warning of log(0)",
    effect="a loss below 0 when perfect, and never above 20.7",
)
def crossentropy_log_epsilon(self, y_true, y_pred):
    if self.from_logits:
        p = activations.softmax(y_pred)
        return -np.sum(y_true * np.log(p + 1e-9)) / len(p)
    return _crossentropy(self, y_true, y_pred)


@mistake(
    CategoricalCrossentropy,
    "__call__",
    slip="softmax is applied to outputs that have been through it",
    seen="keras-team/keras: its PyTorch benchmark, log-loss of a softmax",
    effect="the loss cannot fall below 0.313 for two classes",
)
def softmax_twice(self, y_true, y_pred):
    if self.from_logits:
        y_pred = activations.softmax(y_pred)
    return _crossentropy(self, y_true, y_pred)


@mistake(
    MeanSquaredError,
    "__call__",
    slip="the loss that is printed sums over the outputs",
    seen="common: 1/B sum (a - y)^2 beside the gradient of a mean",
    effect="none on training: the printed loss is not the one descended",
)
def mse_value_summed_over_outputs(self, y_true, y_pred):
    return np.sum((y_pred - y_true) ** 2) / len(y_pred)


@mistake(
    VJP,
    relu,
    slip="the mask is written into the array that was handed in",
    seen="oreilly-japan/deep-learning-from-scratch common/layers.py",
    effect="none, until somebody needs that array again",
)
def relu_changes_its_argument(a, da):
    da[a <= 0] = 0
    return da


@mistake(
    Dense,
    "forward",
    slip="the layer keeps the first batch that it saw for backward",
    seen="common: a cache that is filled once",
    effect="all steps but the first follow a stale gradient",
)
def stale_inputs(self, x):
    first = getattr(self, "_first", x)
    self._first = first if len(first) == len(x) else x
    _, z, a = _forward(self, x)
    return self._first, z, a


@mistake(
    GlorotUniform,
    "__call__",
    slip="all weights begin at 0",
    seen="common",
    effect="the units of a layer stay equal for ever",
)
def weights_start_at_zero(self, shape, dtype=None):
    return np.zeros(shape, dtype)


@mistake(
    GlorotUniform,
    "__call__",
    slip="the limit is 6 / (I + O), without the root",
    seen="common",
    effect="first activations hardly differ: a slow start",
)
def glorot_without_root(self, shape, dtype=None):
    return _glorot(self, shape, dtype) * np.sqrt(6 / sum(shape))


GALLERY = (
    *(softmax_without_shift, sigmoid_overflow, softmax_over_the_batch),
    *(bias_not_added, crossentropy_clipped, crossentropy_log_epsilon),
    *(softmax_twice, mse_value_summed_over_outputs),
    *(relu_changes_its_argument, stale_inputs, weights_start_at_zero),
    glorot_without_root,
)
