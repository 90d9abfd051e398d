"""Copies of models.   Keras: keras.models."""

import copy

from numpy_net import config
from numpy_net.checks import arguments
from numpy_net.layers import Dense, Flatten, Input
from numpy_net.optimizers import SGD
from numpy_net.sequential import Sequential

__all__ = ["Sequential", "clone_model"]


def clone_model(model: Sequential) -> Sequential:
    """Return a model of the same layers with new weights, compiled alike.

    The weights are drawn anew by the layers' initializers, in the dtype of
    the model; optimizer and metrics begin at 0.

    Raises ValueError if the model, a layer or the optimizer is of a class
    that numpy_net does not have: how to copy that is not known here.
    Keras: keras.models.clone_model, without difference.
    """
    _ours("a model", model, Sequential)
    clone = Sequential([Input(model.input_shape[1:])], name=model.name)
    with config.using(model.dtype):
        for layer in model.layers:
            _ours("a layer", layer, Dense, Flatten)
            clone.add(type(layer)(**arguments(layer)))
    vars(clone).update(_trainable=model.trainable)
    if model.compiled:
        _ours("an optimizer", model.optimizer, SGD)
        optimizer = SGD(**arguments(model.optimizer))
        metrics = [copy.copy(m) for g in model.metrics[1:] for m in g.metrics]
        clone.compile(optimizer, model.loss, metrics=metrics)
        clone.reset_metrics()
    return clone


def _ours(what, thing, *classes):
    """Refuse a subclass: what it does otherwise would be lost."""
    if type(thing) not in classes:
        names = " or ".join(kind.__name__ for kind in classes)
        raise ValueError(
            f"clone_model: expected {what} of class {names}, got "
            f"{type(thing).__name__}; make the model anew in a function"
        )
