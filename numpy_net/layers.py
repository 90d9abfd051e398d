"""Layers: forward computes the output, backward the gradients.

Forward keeps what backward needs, backward what the gradients need; a
weight is changed by the optimizer alone. Keras: keras.layers; it has no
backward, its gradients come from automatic differentiation.
"""

import numpy as np

from numpy_net import activations, config, initializers, regularizers
from numpy_net.checks import shown, whole_number


class Input:
    """The shape of one sample, as the first entry of a Sequential.

    Keras: keras.Input; there it may be left out until the first batch.
    """

    def __init__(self, shape: tuple[int, ...]):
        if not isinstance(shape, tuple | list):
            raise ValueError(
                f"Input: expected a shape like (28, 28), got {shown(shape)}"
            )
        self.shape = tuple(whole_number("Input", size) for size in shape)

    def __repr__(self):
        return f"Input({self.shape})"


class Flatten:
    """One row per sample: (B, ...) -> (B, I).   Keras: keras.layers.Flatten.

    Nothing is computed or copied; row-major order, as in Keras.
    """

    weights: tuple = ()

    def __repr__(self):
        return "Flatten()"

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.input_shape = input_shape
        self.output_shape = (int(np.prod(input_shape)),)

    def forward(self, x):
        return x.reshape(len(x), *self.output_shape)

    def backward(self, da):
        return da.reshape(len(da), *self.input_shape)


class Dense:
    """a = f(x W + b).   Keras: keras.layers.Dense.

    B samples, I inputs, O units; W is ``kernel``, b is ``bias``.

    [1]  z     = x W + b         (B, I)(I, O) + (O,)  ->  (B, O)
    [2]  a     = f(z)                                     (B, O)
    [3]  delta = da J_f          (B, O)               ->  (B, O)
    [4]  dW    = x^T delta       (I, B)(B, O)         ->  (I, O)
    [5]  db    = sum_B delta                              (O,)
    [6]  dx    = delta W^T       (B, O)(O, I)         ->  (B, I)

    [4] and [5] are sums: the 1/B is in the loss and nowhere else. With
    [8] before them these are Nielsen's BP1 to BP4 (chapter 2), after
    Rumelhart, Hinton & Williams (1986).

    Raises ValueError if units is below 1, a name is unknown, or the input
    is not one row per sample.
    """

    def __init__(
        self,
        units: int,
        activation=None,
        *,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
    ):
        self.units = whole_number("units", units)
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)

    def __repr__(self):
        decay = self.kernel_regularizer
        more = f", kernel_regularizer={decay}" if decay else ""
        return f"Dense({self.units}, {self.activation.__name__!r}{more})"

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make kernel (I, O), bias (O,) and room for their gradients."""
        if len(input_shape) != 1:
            raise ValueError(
                f"Dense: expected one row per sample, got samples of shape "
                f"{input_shape}; put Flatten() before it"
            )
        self.output_shape = (self.units,)
        shape, dtype = (*input_shape, self.units), config.floatx()
        self.kernel = self.kernel_initializer(shape, dtype)
        self.bias = self.bias_initializer((self.units,), dtype)
        self.d_kernel = np.zeros_like(self.kernel)
        self.d_bias = np.zeros_like(self.bias)
        self.needs_dx = True  # but for pixels: see Network.add

    @property
    def weights(self):
        return self.kernel, self.bias

    def forward(self, x):
        """Return a; keep x, z and a."""
        self.x = x
        self.z = x.dot(self.kernel) + self.bias[None]  # [1]
        self.a = self.activation(self.z)  # [2]
        return self.a

    def backward(self, da):
        """Given da = dL/da, keep delta; return dx."""
        vjp = activations.VJP[self.activation]
        return self.backward_from_z(vjp(self.a, da))  # [3]

    def backward_from_z(self, delta):
        """Given delta = dL/dz, keep it; return dx."""
        self.delta = delta
        if self.needs_dx:
            return delta.dot(self.kernel.T)  # [6]

    def gradients(self):
        """Return d_kernel and d_bias of the x and delta that were kept."""
        np.dot(self.x.T, self.delta, out=self.d_kernel)  # [4]
        np.sum(self.delta, axis=0, out=self.d_bias)  # [5]
        if self.kernel_regularizer:
            self.d_kernel += self.kernel_regularizer.gradient(self.kernel)
        return self.d_kernel, self.d_bias
