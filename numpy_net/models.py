"""Copies of models.   Keras: keras.models."""

import copy

from numpy_net.layers import Dense, Flatten, Input
from numpy_net.optimizers import SGD
from numpy_net.sequential import Sequential


def clone_model(model: Sequential) -> Sequential:
    """Return a model of the same layers with new weights, compiled alike.

    The weights are drawn anew by the layers' initializers, in the dtype
    that config.floatx() names; optimizer and metrics begin at 0.

    Raises ValueError for a layer that is neither Dense nor Flatten.
    Keras: keras.models.clone_model; there the dtype stays as it was.
    """
    clone = Sequential([Input(model.input_shape)], name=model.name)
    for layer in model.layers:
        clone.add(_again(layer))
    if model.loss is not None:
        old = model.optimizer
        optimizer = SGD(old.learning_rate, old.momentum)
        metrics = [copy.copy(metric) for metric in model._metrics]
        clone.compile(optimizer, model.loss, metrics=metrics)
        clone.reset_metrics()
    return clone


def _again(layer):
    if isinstance(layer, Flatten):
        return Flatten()
    if not isinstance(layer, Dense):
        raise ValueError(
            f"clone_model: expected Dense and Flatten, got {layer!r}"
        )
    return Dense(
        layer.units,
        layer.activation,
        kernel_initializer=layer.kernel_initializer,
        bias_initializer=layer.bias_initializer,
        kernel_regularizer=layer.kernel_regularizer,
    )
