"""Wrong metrics: the net is right, what is said of it is not."""

import numpy as np

from numpy_net.metrics import CategoricalAccuracy, F1Score, Mean
from tests.mistakes.planting import mistake

_result = F1Score.result


@mistake(
    F1Score,
    "result",
    slip="macro is weighted by how often each class occurs",
    seen="common: the averages of scikit-learn mixed up",
    effect="rare classes hardly count",
)
def f1_macro_is_weighted(self):
    average = self.average
    self.average = "weighted" if average == "macro" else average
    value = _result(self)
    self.average = average
    return value


@mistake(
    F1Score,
    "update_state",
    slip="F1 is taken of each batch and averaged over the batches",
    seen="the assignment; keras-team/keras #5794 removed it for that",
    effect="0.65 at best with batches of 10; 0.1 with single samples",
)
def f1_of_each_batch(self, y_true, y_pred):
    guess = y_pred >= y_pred.max(axis=-1, keepdims=True)
    hits = (y_true * guess).sum(axis=0)
    both = guess.sum(axis=0) + y_true.sum(axis=0)
    self._true_positives += hits / np.maximum(both, 1)
    self._predicted += np.ones_like(hits) / 2
    self._actual += np.ones_like(hits) / 2


@mistake(
    F1Score,
    "result",
    slip="0/0 is left as nan for a class that does not occur",
    seen="common",
    effect="one absent class makes the mean nan",
)
def f1_nan_for_an_absent_class(self):
    scores = 2 * self._true_positives / (self._predicted + self._actual)
    return scores if self.average is None else float(np.mean(scores))


@mistake(
    F1Score,
    "result",
    slip="micro is the mean over the classes",
    seen="common",
    effect="micro F1 is not the accuracy, as it must be",
)
def f1_micro_is_macro(self):
    average = self.average
    self.average = "macro" if average == "micro" else average
    value = _result(self)
    self.average = average
    return value


@mistake(
    CategoricalAccuracy,
    "update_state",
    slip="an answer is right only if all ten rounded outputs are",
    seen="common",
    effect="accuracy seems lower: no output may be unsure",
)
def accuracy_by_rounding(self, y_true, y_pred):
    hits = (np.round(y_pred) == y_true).all(axis=-1)
    Mean.update_state(self, hits)


@mistake(
    CategoricalAccuracy,
    "update_state",
    slip="every output counts for itself: right if it rounds to its target",
    seen="common: binary accuracy for ten classes",
    effect="a net that always says no is 90 % right",
)
def accuracy_of_each_output(self, y_true, y_pred):
    Mean.update_state(self, np.round(y_pred) == y_true)


GALLERY = (
    *(f1_macro_is_weighted, f1_of_each_batch, f1_nan_for_an_absent_class),
    *(f1_micro_is_macro, accuracy_by_rounding, accuracy_of_each_output),
)
