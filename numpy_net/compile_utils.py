"""What compile makes of its arguments: optimizer, loss, metrics."""

from typing import NamedTuple

import numpy as np

from numpy_net import checks, losses, metrics, optimizers
from numpy_net.activations import sigmoid, softmax


class CompileMetrics(NamedTuple):
    """What compile(metrics=[...]) was given, as one of model.metrics."""

    metrics: list
    name: str = "compile_metrics"


def chosen(model, optimizer, loss, asked):
    """Return optimizer, loss and metrics, or refuse one of them."""
    last = (model.layers or [None])[-1]
    if not hasattr(last, "activation"):
        raise ValueError(
            "compile: expected a Dense layer at the end of the model"
        )
    found = _metrics(asked, model.output_shape[-1])
    return optimizers.get(optimizer), _objective(loss, last.activation), found


def _objective(loss, activation):
    """Return the loss to train with behind an activation; is it on z?

    Softmax and cross-entropy are taken together, from z: see [10]. Keras
    takes the z of a sigmoid for a softmax's there; so do we.
    """
    found, behind = losses.get(loss), activation in (softmax, sigmoid)
    if isinstance(found, losses.CategoricalCrossentropy) and behind:
        return losses.CategoricalCrossentropy(from_logits=True), True
    return found, False


def _metrics(asked, outputs):
    asked = checks.several("metrics", asked, '["accuracy"]')
    found = [metrics.get(metric) for metric in asked]
    names = [metric.name for metric in found]
    if len(set(names)) < len(names):
        raise ValueError(
            f"metrics: expected different names, got {names}; give "
            f"name=... to one of them"
        )
    kinds = {type(metric) for metric in found}
    if outputs == 1 and metrics.CategoricalAccuracy in kinds:
        raise ValueError(
            "metrics: accuracy needs at least two outputs, got one"
        )
    return found


def count(trackers, values, y_true, y_pred, size: int) -> None:
    """Add the losses of some batches, and what the metrics count in them."""
    loss, *others = trackers
    sizes = np.full(len(values), size)
    sizes[-1] += len(y_true) - size * len(values)  # the last may be shorter
    loss.update_state(values, sizes)
    for metric in others:
        # Of a function each batch counts, of the others each sample.
        single = isinstance(metric, metrics.MeanMetricWrapper)
        step = size if single else len(y_true)
        for i in range(0, len(y_true), step):
            metric.update_state(y_true[i : i + step], y_pred[i : i + step])


def listed(logs: dict):
    """Return the loss alone, or a list in the order of compile."""
    return [*logs.values()] if len(logs) > 1 else logs["loss"]
