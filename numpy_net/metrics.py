"""What is reported beside the loss.   Keras: keras.metrics.

A metric adds up counts batch by batch (``update_state``) and divides once
(``result``), so that neither the batch size nor a short last batch changes
it; but for a function, which is averaged over the batches. ``reset_state``
starts the next epoch. B samples, O classes; y_true and y_pred are (B, O),
y_true one-hot.
"""

import numpy as np

from numpy_net import checks
from numpy_net.checks import Strict


class Mean(Strict, name=checks.text):
    """Mean of numbers, each with a weight: the loss, by samples of a batch.

    Keras: keras.metrics.Mean.
    """

    def __init__(self, name: str = "mean"):
        self.name = name
        self.reset_state()

    def reset_state(self) -> None:
        self._total, self._count = 0.0, 0.0

    def update_state(self, values, sample_weight=1) -> None:
        values = np.asarray(values, float)
        weights = np.broadcast_to(sample_weight, values.shape)
        self._total += float(np.sum(values * weights))
        self._count += float(np.sum(weights))

    def result(self) -> float:
        return self._total / self._count if self._count else 0.0


class MeanMetricWrapper(Mean):
    """Mean of fn(y_true, y_pred) over the batches; of (B,) over the samples.

    compile(metrics=[fn]) makes one, named as the function, MyF1 as my_f1. A
    number counts once for its batch, however short: so it depends on the
    batch size.

    Keras: keras.metrics.MeanMetricWrapper, without difference.
    """

    def __init__(self, fn, name: str | None = None):
        self._fn = fn
        super().__init__("mean_metric_wrapper" if name is None else name)

    def update_state(self, y_true, y_pred):  # type: ignore[override]
        values = np.asarray(self._fn(y_true, y_pred), float)
        super().update_state(values.mean(tuple(range(1, values.ndim))))


class CategoricalAccuracy(Mean):
    """Share of samples whose largest output is at the true class, in [0, 1].

    The first of equal outputs counts. compile(metrics=["accuracy"]) means
    this one, under the name "accuracy"; a single output, where Keras would
    take another metric, is refused.

    Keras: keras.metrics.CategoricalAccuracy, without difference.
    """

    _direction = "up"

    def __init__(self, name: str = "categorical_accuracy"):
        super().__init__(name)

    def update_state(self, y_true, y_pred):  # type: ignore[override]
        hits = y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)
        super().update_state(hits)


def _average(name, value):
    known = ("macro", "micro", "weighted")
    return None if value is None else checks.known(name, value, known)


class F1Score(Strict, average=_average, name=checks.text):
    """F1 = 2 TP / (2 TP + FP + FN) from the counts of a whole epoch.

    A sample is predicted to be of every class whose output equals its
    largest (ties count twice), and of none if all outputs are 0. A class
    that neither occurs nor is predicted scores 0.

    average  None        one F1 for each class, an array (O,)
             "macro"     their mean
             "weighted"  their mean, weighted by how often each class occurs
             "micro"     F1 of the summed counts

    Raises ValueError if average is none of these.
    Keras: keras.metrics.F1Score; it adds 1e-7 to the denominators, which
    makes its values smaller by up to 1.5e-7.
    """

    _direction = "up"

    def __init__(self, average: str | None = None, *, name: str = "f1_score"):
        self.average = average
        self.name = name
        self.reset_state()

    def reset_state(self) -> None:
        self._true_positives = self._predicted = self._actual = 0.0

    def update_state(self, y_true, y_pred) -> None:
        largest = y_pred.max(axis=-1, keepdims=True)
        guess = (y_pred >= largest) & (np.abs(y_pred) > 1e-9)
        hits = np.sum(y_true * guess, axis=0, dtype=float)
        # New arrays: those of before may be those of another pass.
        self._true_positives = self._true_positives + hits
        self._predicted = self._predicted + guess.sum(axis=0, dtype=float)
        self._actual = self._actual + y_true.sum(axis=0, dtype=float)

    def result(self):
        hits = np.asarray(self._true_positives)
        both = np.asarray(self._predicted + self._actual)
        if self.average == "micro":
            hits, both = hits.sum(keepdims=True), both.sum(keepdims=True)
        scores = _ratio(2 * hits, both)  # 2 TP + FP + FN = pred. + actual
        if self.average is None:
            return scores
        if self.average == "weighted":
            total = max(float(np.sum(self._actual)), 1.0)
            return float(np.sum(scores * self._actual) / total)
        return float(np.mean(scores))


def per_batch_f1(y_true, y_pred) -> float:
    """The F1 that the assignment's report watched: macro, of one batch.

    p = TP / (TP + FP),  r = TP / (TP + FN),  F1 = 2 p r / (p + r)

    An output above 0.5 is a prediction. A class that is absent from the
    batch scores 0: read keras_net/metrics.py, which has it in Keras's words.
    """
    y_pred = np.round(y_pred)
    hits = np.sum(y_true * y_pred, axis=0)
    precision = _ratio(hits, np.sum(y_pred, axis=0))
    recall = _ratio(hits, np.sum(y_true, axis=0))
    return np.mean(_ratio(2 * precision * recall, precision + recall))


def _ratio(a, b):
    """a / b, and 0 where b is 0."""
    return a / np.where(b > 0, b, np.inf)


def get(identifier):
    """Return the metric of that name; a metric or a function as it is."""
    if callable(identifier) and not isinstance(identifier, type):
        return identifier
    if isinstance(identifier, Mean):
        return identifier
    names = {
        CategoricalAccuracy: "categorical_accuracy CategoricalAccuracy",
        F1Score: "f1_score F1Score",
    }
    return checks.made("metric", identifier, names)
