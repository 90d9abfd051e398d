"""What compile makes of its arguments."""

from typing import NamedTuple

from numpy_net import checks, losses, metrics
from numpy_net.activations import sigmoid, softmax


class CompileMetrics(NamedTuple):
    """What compile(metrics=[...]) was given, as one of model.metrics."""

    metrics: list
    name: str = "compile_metrics"


def objective(loss, layers):
    """Return the loss to train with behind these layers; is it on z?

    Softmax and cross-entropy are taken together, from z: see [10]. Keras
    takes the z of a sigmoid for a softmax's there; so do we.
    """
    if not layers or not hasattr(layers[-1], "activation"):
        raise ValueError(
            "compile: expected a Dense layer at the end of the model"
        )
    found, f = losses.get(loss), layers[-1].activation
    entropy = isinstance(found, losses.CategoricalCrossentropy)
    if entropy and f in (softmax, sigmoid):
        return losses.CategoricalCrossentropy(from_logits=True), True
    return found, False


def counted(asked, outputs: int) -> list:
    """Return the metrics that are asked of a model with so many outputs."""
    several = checks.several("metrics", asked, '["accuracy"]')
    found = [metrics.get(metric) for metric in several]
    names = [metric.name for metric in found]
    if len(set(names)) < len(names):
        raise ValueError(
            f"metrics: expected different names, got {names}; give "
            f"name=... to one of them"
        )
    if outputs == 1 and metrics.CategoricalAccuracy in map(type, found):
        raise ValueError(
            "metrics: accuracy needs at least two outputs, got one"
        )
    return found
