"""Scores follow from the confusion matrix, as scikit-learn has them."""

import numpy as np
import pytest
from sklearn import metrics

from benchmarks.measure.scores import per_batch_f1, score
from benchmarks.report.charts_learning import CEILINGS


@pytest.mark.parametrize(
    ("images", "answers"), [(10, 10), (7, 10), (10, 4), (3, 2)]
)
def test_scores_are_those_of_scikit_learn(images, answers, rng):
    """Also where digits are absent, among the images or the answers."""
    labels = rng.integers(0, images, 203)
    digits = np.where(rng.uniform(size=203) < 0.6, labels,
                      rng.integers(0, answers, 203))  # fmt: skip
    test = score(labels, digits)
    f1 = [metrics.f1_score(labels, digits, average=kind, zero_division=0)
          for kind in ("weighted", "macro")]  # fmt: skip
    assert test.accuracy == metrics.accuracy_score(labels, digits)
    assert [test.f1_weighted, test.f1_macro] == pytest.approx(f1, abs=1e-12)
    confusion = metrics.confusion_matrix(labels, digits, labels=range(10))
    assert test.confusion == confusion.tolist()
    assert test.predictions == "".join(map(str, digits))
    assert test.per_batch_f1 is None


def test_every_model_is_judged_alike():
    """Three images of two classes: accuracy 2/3, F1 worked by hand."""
    labels, outputs = np.array([0, 0, 1]), np.eye(10)[[0, 1, 1]]
    test = score(labels, outputs)
    assert test.accuracy == pytest.approx(2 / 3)
    assert test.f1_weighted == test.f1_macro == pytest.approx(2 / 3)
    of_digits = score(labels, outputs.argmax(axis=1))
    assert of_digits.confusion == test.confusion
    third = score(np.array([0, 0, 0, 1]), np.eye(10)[[0, 0, 1, 1]])
    assert third.f1_weighted == pytest.approx((3 * 0.8 + 2 / 3) / 4)
    assert third.f1_macro == pytest.approx((0.8 + 2 / 3) / 2)


@pytest.mark.parametrize("batch_size", [1, 7, 10])
@pytest.mark.keras
def test_the_f1_by_batches_is_that_of_the_assignment(batch_size, rng):
    """In NumPy here and in Keras's words there; a short last batch, too."""
    from keras_net.metrics import per_batch_f1 as of_keras

    y = np.eye(10)[rng.integers(0, 10, 43)]
    outputs = np.clip(0.6 * y + rng.uniform(0, 0.7, y.shape), 0, 1)
    batches = [slice(i, i + batch_size) for i in range(0, 43, batch_size)]
    theirs = [float(of_keras(y[rows], outputs[rows])) for rows in batches]
    ours = per_batch_f1(y, outputs, batch_size)
    assert ours == pytest.approx(np.mean(theirs), rel=1e-6)
    assert 0.05 < ours < 0.95


def test_no_net_passes_the_ceiling_of_the_f1_by_batches(rng):
    """On random batches right answers score it: 0.651 at 10, 0.1 at 1."""
    y = np.eye(10)[rng.integers(0, 10, 20_000)]
    for size, value in ((1, 0.1), (10, 0.6513), (50, 0.9948)):
        assert CEILINGS[size] == pytest.approx(value, abs=1e-4)
        assert per_batch_f1(y, y, size) == pytest.approx(value, abs=0.01)
