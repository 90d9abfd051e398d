"""What compile makes of its arguments: one loss, and a list of metrics."""

from typing import NamedTuple

from numpy_net import checks, losses, metrics
from numpy_net.activations import sigmoid, softmax


class CompileMetrics(NamedTuple):
    """What compile(metrics=[...]) was given, as one of model.metrics."""

    metrics: list
    name: str = "compile_metrics"


def objective(loss, activation):
    """Return the loss to train with behind an activation; is it on z?

    Softmax and cross-entropy are taken together, from z: see [10]. Keras
    takes the z of a sigmoid for a softmax's there; so do we.
    """
    found = losses.get(loss)
    if isinstance(found, losses.CategoricalCrossentropy) and (
        activation in (softmax, sigmoid)
    ):
        return losses.CategoricalCrossentropy(from_logits=True), True
    return found, False


def listed(asked, outputs: int) -> list:
    """Return the metrics that are asked for, for so many outputs."""
    asked = checks.several("metrics", asked, '["accuracy"]')
    found = [metrics.get(metric) for metric in asked]
    names = [metric.name for metric in found]
    if len(set(names)) < len(names):
        raise ValueError(
            f"metrics: expected different names, got {names}; give "
            f"name=... to one of them"
        )
    accuracy = metrics.CategoricalAccuracy
    if outputs == 1 and any(isinstance(m, accuracy) for m in found):
        raise ValueError(
            "metrics: accuracy needs at least two outputs, got one"
        )
    return found


def count(chosen, y_true, y_pred, size: int) -> None:
    """Count batches of that size: each by itself only where it matters."""
    for metric in chosen:
        single = isinstance(metric, metrics.MeanMetricWrapper)
        step = size if single else len(y_true)
        for i in range(0, len(y_true), step):
            metric.update_state(y_true[i : i + step], y_pred[i : i + step])
