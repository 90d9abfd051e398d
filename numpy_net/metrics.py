"""What is reported beside the loss.   Keras: keras.metrics.

A metric adds up counts batch by batch (``update_state``) and divides once
(``result``), so that neither the batch size nor a short last batch changes
it. ``reset_state`` starts the next epoch. B samples, O classes; y_true and
y_pred are (B, O), y_true one-hot.
"""

import numpy as np

from numpy_net.checks import known


class Mean:
    """Mean of the batch losses, each weighted by its number of samples.

    Keras: keras.metrics.Mean.
    """

    def __init__(self, name: str = "mean"):
        self.name = name
        self.reset_state()

    def reset_state(self) -> None:
        self.total, self.count = 0.0, 0

    def update_state(self, value, sample_weight: int) -> None:
        self.total += float(value) * sample_weight
        self.count += sample_weight

    def result(self) -> float:
        return float(self.total / self.count)


class CategoricalAccuracy:
    """Share of samples whose largest output is at the true class, in [0, 1].

    The first of equal outputs counts. compile(metrics=["accuracy"]) means
    this one, under the name "accuracy"; a single output, where Keras would
    take another metric, is refused.

    Keras: keras.metrics.CategoricalAccuracy, without difference.
    """

    def __init__(self, name: str = "categorical_accuracy"):
        self.name = name
        self.reset_state()

    def __repr__(self):
        return f"CategoricalAccuracy({self.name!r})"

    def reset_state(self) -> None:
        self.right, self.count = 0, 0

    def update_state(self, y_true, y_pred) -> None:
        hits = y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)
        self.right += int(np.count_nonzero(hits))
        self.count += len(hits)

    def result(self) -> float:
        return self.right / max(self.count, 1)


class F1Score:
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

    def __init__(self, average: str | None = None, *, name: str = "f1_score"):
        table = {n: n for n in ("macro", "micro", "weighted")}
        self.average = average
        if average is not None:
            known("average", average, table)
        self.name = name
        self.reset_state()

    def __repr__(self):
        return f"F1Score(average={self.average!r})"

    def reset_state(self) -> None:
        self.true_positives = self.predicted = self.actual = 0.0

    def update_state(self, y_true, y_pred) -> None:
        largest = y_pred.max(axis=-1, keepdims=True)
        guess = (y_pred >= largest) & (np.abs(y_pred) > 1e-9)
        self.true_positives += (y_true * guess).sum(axis=0, dtype=float)
        self.predicted += guess.sum(axis=0, dtype=float)
        self.actual += y_true.sum(axis=0, dtype=float)

    def result(self):
        hits = np.asarray(self.true_positives)
        both = np.asarray(self.predicted + self.actual)
        if self.average == "micro":
            hits, both = hits.sum(keepdims=True), both.sum(keepdims=True)
        # 2 TP + FP + FN = predicted + actual
        scores = np.divide(
            2 * hits, both, out=np.zeros_like(both), where=both > 0
        )
        if self.average is None:
            return scores
        if self.average == "weighted":
            total = max(float(np.sum(self.actual)), 1.0)
            return float(np.sum(scores * self.actual) / total)
        return float(np.mean(scores))


def get(identifier):
    """Return the metric of that name; a metric is returned as it is."""
    if isinstance(identifier, CategoricalAccuracy | F1Score):
        return identifier
    names = {
        "accuracy": CategoricalAccuracy,
        "categorical_accuracy": CategoricalAccuracy,
        "f1_score": F1Score,
    }
    return known("metric", identifier, names)(name=identifier)
