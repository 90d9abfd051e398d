"""Copies of models.   Keras: keras.models."""

import copy

from numpy_net import config
from numpy_net.layers import Dense, Flatten, Input
from numpy_net.optimizers import SGD
from numpy_net.sequential import Sequential


def clone_model(model: Sequential) -> Sequential:
    """Return a model of the same layers with new weights, compiled alike.

    The weights are drawn anew by the layers' initializers, in the dtype of
    the model; optimizer and metrics begin at 0.

    Raises ValueError if the model, a layer or the optimizer is of a class
    that numpy_net does not have: how to copy that is not known here.
    Keras: keras.models.clone_model, without difference.
    """
    _ours("a model", model, Sequential)
    clone = Sequential([Input(model.input_shape)], name=model.name)
    with config.using(str(model.dtype)):
        for layer in model.layers:
            clone.add(_again(layer))
    if model.loss is not None:
        old = model.optimizer
        _ours("an optimizer", old, SGD)
        optimizer = SGD(old.learning_rate, old.momentum)
        metrics = [copy.copy(metric) for metric in model._metrics]
        clone.compile(optimizer, model.loss, metrics=metrics)
        clone.reset_metrics()
    return clone


def _again(layer):
    _ours("a layer", layer, Dense, Flatten)
    if isinstance(layer, Flatten):
        return Flatten()
    return Dense(
        layer.units,
        layer.activation,
        kernel_initializer=layer.kernel_initializer,
        bias_initializer=layer.bias_initializer,
        kernel_regularizer=layer.kernel_regularizer,
    )


def _ours(what, thing, *classes):
    """Refuse a subclass: what it does otherwise would be lost."""
    if type(thing) not in classes:
        names = " or ".join(kind.__name__ for kind in classes)
        raise ValueError(
            f"clone_model: expected {what} of class {names}, got "
            f"{type(thing).__name__}; make the model anew in a function"
        )
