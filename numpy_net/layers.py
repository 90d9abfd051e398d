"""Layers: forward computes the output, backward the gradients.

A layer holds its weights and nothing of any batch: what a training step
computes on the way forward is handed to the way back as ``kept``, so that
the layer may answer in another thread meanwhile. A weight is changed by the
optimizer alone. Keras: keras.layers; it has no backward, its gradients come
from automatic differentiation.
"""

import numpy as np

from numpy_net import (
    activations,
    checks,
    config,
    data,
    initializers,
    regularizers,
)
from numpy_net.checks import Strict


class Input(Strict):
    """The shape of one sample, as the first entry of a Sequential.

    Keras: keras.Input; there it may be left out until the first batch.
    """

    def __init__(self, shape: tuple[int, ...]):
        if not isinstance(shape, tuple | list):
            raise checks.expected("Input", "a shape like (28, 28)", shape)
        sizes = (checks.whole_number("Input", size) for size in shape)
        vars(self).update(shape=(None, *sizes))

    def __repr__(self):
        return f"Input({self.shape[1:]})"


def _name(name, value):
    if isinstance(value, str) and "/" in value:  # it parts names in files
        raise checks.expected(name, "a name without /", value)
    return checks.text(name, value)


class Layer(Strict, name=_name):
    """What every layer has, and a model, too.   Keras: keras.layers.Layer.

    trainable  False freezes the weights from the next epoch on, and summary
               counts them apart; Keras asks for compile first.
    """

    built = False
    kernel_regularizer = None
    _layers: list = []  # noqa: RUF012 - those of a model; never changed

    def __init__(self, *, trainable: bool = True, name: str | None = None):
        self._counted = name is None  # in a model: dense, dense_1, ...
        self.name = type(self).__name__.lower() if name is None else name
        self.trainable = trainable

    def join(self, layers: list, input_shape):
        """Make the weights, stand behind these layers; return the shape."""
        if self.built:  # build would replace its weights
            raise ValueError(
                "Sequential: expected a new layer, got one that is in a "
                "model already"
            )
        taken = [layer.name for layer in layers]
        if self._counted:
            more = (f"{self.name}_{i}" for i in range(1, len(taken) + 2))
            self.name = next(n for n in (self.name, *more) if n not in taken)
        if self.name in taken:
            raise checks.expected("name", "another for each layer", self.name)
        self.build(input_shape)
        self._takes = input_shape
        layers.append(self)
        return self.compute_output_shape(input_shape)

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = checks.flag("trainable", value)
        for layer in self._layers:
            layer.trainable = value

    @property
    def weights(self) -> list[np.ndarray]:
        """The arrays themselves: kernel, bias, kernel, ..."""
        return [w for layer in self._layers for w in layer.weights]

    @property
    def trainable_weights(self) -> list[np.ndarray]:
        """Those that training changes."""
        if not self.trainable:
            return []
        parts = [w for layer in self._layers for w in layer.trainable_weights]
        return parts if self._layers else self.weights

    @property
    def non_trainable_weights(self) -> list[np.ndarray]:
        """Those that are frozen."""
        free = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in free]

    def get_weights(self) -> list[np.ndarray]:
        """Return copies, which fit the same architecture in Keras."""
        return [weight.copy() for weight in self.weights]

    def set_weights(self, weights) -> None:
        """Copy the arrays into the layers; if one does not fit, none."""
        arrays = data.like(self.weights, weights)
        for own, new in zip(self.weights, arrays, strict=True):
            own[...] = new

    @property
    def dtype(self) -> str:
        """That of the weights, and so of inputs, outputs and losses."""
        weights = self.weights
        return weights[0].dtype.name if weights else config.floatx()

    def build(self, input_shape) -> None:
        """Make the weights, if there are any."""
        vars(self).update(built=True)

    def count_params(self) -> int:
        return sum(weight.size for weight in self.weights)

    def __call__(self, x):
        """Return the outputs for a batch x, finite numbers of its shape."""
        if not self.built:
            raise RuntimeError(
                f"{type(self).__name__}: expected to be in a model, behind "
                f"its Input(shape); so it has no weights yet"
            )
        return self.call(data.array("x", x, self._takes, self.dtype))

    def call(self, x):
        return self.forward(x)[-1]


class Flatten(Layer):
    """One row per sample: (B, ...) -> (B, I).   Keras: keras.layers.Flatten.

    Nothing is computed or copied; row-major order, as in Keras.
    """

    def compute_output_shape(self, input_shape):
        return input_shape[0], int(np.prod(input_shape[1:]))

    def forward(self, x):
        a = x.reshape(len(x), -1)
        return x, a, a

    def backward(self, kept, da):
        return da

    def input_gradient(self, kept, delta):
        return delta.reshape(kept[0].shape)


class Dense(
    Layer,
    activation=lambda _, value: activations.get(value),
    kernel_initializer=lambda _, value: initializers.get(value),
    bias_initializer=lambda _, value: initializers.get(value),
    kernel_regularizer=lambda _, value: regularizers.get(value),
):
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
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        *,
        trainable: bool = True,
        name: str | None = None,
    ):
        super().__init__(trainable=trainable, name=name)
        vars(self).update(
            units=checks.whole_number("units", units),
            use_bias=checks.flag("use_bias", use_bias),
        )
        self.activation = activation
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer

    def build(self, input_shape) -> None:
        """Make kernel (I, O) and bias (O,)."""
        self.compute_output_shape(input_shape)
        shape, dtype = (input_shape[1], self.units), config.floatx()
        kernel = _drawn(self.kernel_initializer, shape, dtype)
        bias = _drawn(self.bias_initializer, shape[1:], dtype)
        bias = bias if self.use_bias else None
        vars(self).update(kernel=kernel, bias=bias, built=True)

    def compute_output_shape(self, input_shape):
        if len(input_shape) != 2:
            raise ValueError(
                f"Dense: expected one row per sample, got samples of shape "
                f"{input_shape[1:]}; put Flatten() before it"
            )
        return input_shape[0], self.units

    @property
    def weights(self) -> list[np.ndarray]:
        if not self.built:
            return []
        return [self.kernel, self.bias] if self.use_bias else [self.kernel]

    def forward(self, x):
        """Return x, z and a: the output, and what the way back needs."""
        z = x.dot(self.kernel)
        if self.use_bias:
            z = z + self.bias[None]  # [1]
        a = self.activation(z)  # [2]
        return x, z, a

    def backward(self, kept, da):
        """Given da = dL/da, return delta = dL/dz."""
        _, _, a = kept
        return activations.VJP[self.activation](a, da)  # [3]

    def input_gradient(self, kept, delta):
        """Return dx = dL/dx."""
        return delta.dot(self.kernel.T)  # [6]

    def gradients(self, kept, delta, out=None):
        """Return [dL/dW, dL/db], with the regularizer's term.

        out: two such arrays, to be written instead of new ones.
        """
        x, _, _ = kept
        found = out or [np.empty_like(weight) for weight in self.weights]
        np.dot(x.T, delta, out=found[0])  # [4]
        if self.use_bias:
            np.sum(delta, axis=0, out=found[1])  # [5]
        if self.kernel_regularizer:
            found[0] += self.kernel_regularizer.gradient(self.kernel)
        return found


def _drawn(initializer, shape, dtype):
    """First values in rows of our own, whatever a function gives."""
    values = np.array(initializer(shape, dtype), dtype, order="C")
    return data.array("initializer", values, shape, dtype)
