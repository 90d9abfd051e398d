"""A model -> the config.json by which Keras makes the same one."""

from typing import Any

from numpy_net import losses
from numpy_net.layers import Dense, Flatten
from numpy_net.losses import CategoricalCrossentropy, MeanSquaredError
from numpy_net.metrics import CategoricalAccuracy, F1Score
from numpy_net.optimizers import SGD
from numpy_net.regularizers import L2
from numpy_net.saving.objects import made


def model(model) -> dict[str, Any]:
    """Return the description of a model and of how it is compiled."""
    dtype = {"dtype": str(model.dtype)} if model.weights else {}
    shape = {"batch_shape": [*(model.input_shape or (None,))]}
    layers = [made("layers", "InputLayer", shape | dtype)]
    for layer in model.layers:
        settings = _layer(layer) | {"name": layer.name} | dtype
        layers.append(made("layers", type(layer).__name__, settings))
    config = {"name": model.name, "layers": layers} | dtype
    described = made("", "Sequential", config)
    if model.loss is not None:
        described["compile_config"] = {
            "optimizer": _optimizer(model.optimizer),
            "loss": _loss(model),
            "metrics": [
                _metric(metric)
                for group in model.metrics[1:]
                for metric in group.metrics
            ],
        }
    return described


def _layer(layer):
    _exactly(layer, Flatten, Dense)
    if isinstance(layer, Flatten):
        return {}
    regularizer = layer.kernel_regularizer
    if regularizer is not None:
        _exactly(regularizer, L2)
        regularizer = made("regularizers", "L2", {"l2": regularizer.l2})
    return {
        "units": layer.units,
        "activation": layer.activation.__name__,
        "kernel_regularizer": regularizer,
    }


def _optimizer(sgd):
    _exactly(sgd, SGD)
    settings = {"learning_rate": sgd.learning_rate, "momentum": sgd.momentum}
    return made("optimizers", "SGD", settings)


def _loss(model):
    loss, settings = losses.get(model.loss), {}
    _exactly(loss, MeanSquaredError, CategoricalCrossentropy)
    if isinstance(loss, CategoricalCrossentropy):
        settings = {"from_logits": loss.from_logits}
    return made("losses", type(loss).__name__, settings)


def _metric(metric):
    _exactly(metric, CategoricalAccuracy, F1Score)
    settings = {"name": metric.name}
    if isinstance(metric, F1Score):
        settings["average"] = metric.average
    return made("metrics", type(metric).__name__, settings)


def _exactly(thing, *kinds):
    """Refuse a subclass: Keras would not know what it does otherwise."""
    if type(thing) not in kinds:
        names = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(
            f"expected {names}, got {type(thing).__name__}, which Keras does "
            f"not have; use save_weights"
        )
