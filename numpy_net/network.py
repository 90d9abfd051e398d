"""Layers in a row: the output of each is the input of the next."""

from typing import Any

import numpy as np

from numpy_net import (
    checks,
    losses,
    notebook,
    optimizers,
    saving,
    summary,
)
from numpy_net.activations import sigmoid, softmax
from numpy_net.layers import Dense, Input
from numpy_net.losses import CategoricalCrossentropy
from numpy_net.metrics import Mean
from numpy_net.metrics import get as get_metric


class Network:
    """Layers, forward and backward; Sequential adds the training."""

    loss: Any = None

    def __init__(self, layers=None, *, name: str | None = None):
        self.name = name or "sequential"
        self.input_shape: Any = None  # a tuple, once there is an Input
        self.layers: list[Any] = []
        self.trainable: list[Any] = []  # the layers that have weights
        self.layer_names: list[str] = []
        for layer in checks.several("layers", layers, "[Input((784,))]"):
            self.add(layer)

    def __repr__(self):
        layers = ", ".join(map(repr, self.layers))
        return f"<Sequential {self.name}: {self.input_shape} -> {layers}>"

    def _repr_html_(self):
        return notebook.model(self)

    def add(self, layer) -> None:
        """Put a layer at the end and make its weights."""
        first = self.input_shape is None
        fits = isinstance(layer, Input) if first else hasattr(layer, "build")
        if not fits or isinstance(layer, type):
            wanted = "Input(shape) as the first entry" if first else "a layer"
            raise ValueError(
                f"Sequential: expected {wanted}, got {checks.shown(layer)}"
            )
        if hasattr(layer, "output_shape"):  # build would replace its weights
            raise ValueError(
                "Sequential: expected a new layer, got one that is in a "
                "model already"
            )
        if first:
            self.input_shape = layer.shape
            return
        layer.build(self.output_shape)
        self.loss = None  # compile anew: the output is another layer
        if isinstance(layer, Dense):
            layer.needs_dx = bool(self.trainable)
        kind = type(layer).__name__.lower()
        twins = sum(name.startswith(kind) for name in self.layer_names)
        self.layer_names.append(f"{kind}_{twins}" if twins else kind)
        self.layers.append(layer)
        if layer.weights:
            self.trainable.append(layer)

    def compile(self, optimizer, loss, *, metrics=None) -> None:
        """Choose how to train.

        optimizer  "sgd", or SGD(learning_rate=...)
        loss       "mean_squared_error" or "categorical_crossentropy"
        metrics    a list of "accuracy" and F1Score(average=...)
        """
        checks.last_is_dense(self.layers)
        metrics = checks.several("metrics", metrics, '["accuracy"]')
        chosen = [get_metric(metric) for metric in metrics]
        checks.metrics(chosen, self.output_shape)
        optimizer, loss = optimizers.get(optimizer), losses.get(loss)
        # All is in order: a refused compile has changed nothing.
        self.optimizer, self.loss, self._metrics = optimizer, loss, chosen
        self._loss_tracker = Mean("loss")
        # Softmax and cross-entropy are taken together, from z: see [10].
        # Keras takes the z of a sigmoid for a softmax's there; so do we.
        self._on_logits = isinstance(
            self.loss, CategoricalCrossentropy
        ) and self.layers[-1].activation in (softmax, sigmoid)
        if self._on_logits:
            self.loss = CategoricalCrossentropy(from_logits=True)

    @property
    def output_shape(self):
        """The shape of one output, without the samples' axis."""
        last = self.layers[-1] if self.layers else None
        return last.output_shape if last else self.input_shape

    @property
    def weights(self) -> list[np.ndarray]:
        """The arrays that training changes: kernel, bias, kernel, ..."""
        return [w for layer in self.trainable for w in layer.weights]

    @property
    def dtype(self):
        """The dtype of the weights: of all inputs, outputs and losses."""
        checks.has_weights(self.trainable)
        return self.weights[0].dtype

    def __call__(self, x):
        """Return the outputs (B, O) for x (B, *input_shape), unchecked."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def compute_loss(self, x, y):
        """Return the loss of the batch (x, y), unchecked: a number.

        It takes complex weights, too, for gradient_check's complex step.
        Keras: keras.Model.compute_loss, where y_pred is given as well.
        """
        checks.compiled(self.loss)
        self(x)
        return self._loss_value(y)

    def gradients(self, x, y) -> list[np.ndarray]:
        """Return dL/dW, dL/db, ... in the order of get_weights.

        L is the loss of the batch (x, y) with the regularizers' terms. No
        weight is changed. Keras: tf.GradientTape in place of a method.
        """
        x, y = self._checked(x, y)
        self(x)
        self._backward(y)
        return [gradient.copy() for gradient in self._gradients()]

    def count_params(self) -> int:
        return sum(weight.size for weight in self.weights)

    def summary(self, *, print_fn=None) -> None:
        """Print layers, output shapes and parameter counts."""
        (print_fn or print)(summary.table(self))

    def get_weights(self) -> list[np.ndarray]:
        """Return copies: kernel (I, O), bias (O,), of layer after layer.

        The list fits the same architecture in Keras as it is.
        """
        return [weight.copy() for weight in self.weights]

    def set_weights(self, weights) -> None:
        """Copy the arrays into the layers, in the order of get_weights.

        Raises ValueError, and changes nothing, if a shape does not fit.
        """
        arrays = checks.weights(weights, self.weights)
        for own, new in zip(self.weights, arrays, strict=True):
            own[...] = new

    def save(self, filepath) -> None:
        """Write a .keras file, that Keras opens: saving.save_model."""
        saving.save_model(self, filepath)

    def save_weights(self, filepath) -> None:
        """Write .weights.h5 or .npz: saving.save_weights."""
        saving.save_weights(self, filepath)

    def load_weights(self, filepath) -> None:
        """Read .weights.h5, .npz or .keras: saving.load_weights."""
        saving.load_weights(self, filepath)

    def _loss_value(self, y):
        """The loss of the batch that went forward last."""
        output = self.layers[-1]
        value = self.loss(y, output.z if self._on_logits else output.a)
        for layer in self.trainable:
            if layer.kernel_regularizer:
                value += layer.kernel_regularizer(layer.kernel)  # [11]
        return value

    def _backward(self, y):
        """Give each layer the delta of the batch that went forward last."""
        *others, output = self.layers
        if self._on_logits:
            da = output.backward_from_z(self.loss.gradient(y, output.z))
        else:
            da = output.backward(self.loss.gradient(y, output.a))
        for layer in reversed(others):
            if da is None:  # the first layer with weights is done
                break
            da = layer.backward(da)

    def _gradients(self):
        return [g for layer in self.trainable for g in layer.gradients()]

    def _checked(self, x, y) -> tuple[np.ndarray, np.ndarray]:
        """x and y as arrays of the weights' dtype, or an error."""
        checks.compiled(self.loss)
        x = checks.inputs(x, self.input_shape, self.dtype)
        return x, checks.targets(y, self.output_shape, self.dtype, len(x))
