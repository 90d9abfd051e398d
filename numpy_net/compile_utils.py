"""What compile makes of its arguments."""

import re
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
    found = [_metric(identifier) for identifier in several]
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


def _metric(identifier):
    """Return a metric, named as it was asked for.

    "accuracy" is that of one-hot rows here. Keras, too, understands it in
    compile alone: its metrics.get takes it for another.
    """
    words = identifier if isinstance(identifier, str) else ""
    if words.lower() in ("accuracy", "acc"):
        return metrics.CategoricalAccuracy(words)
    try:
        metric = metrics.get(identifier)
    except ValueError as error:
        raise ValueError(f"{error}, accuracy, a function") from None
    if words:
        metric.name = words
    elif callable(metric):
        words = getattr(metric, "__name__", type(metric).__name__)
        metric = metrics.MeanMetricWrapper(metric, _snake_case(words))
    return metric


def _snake_case(name: str) -> str:
    """MyF1 as my_f1, by Keras's rule."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
