"""Metrics: counts over an epoch, held to scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from numpy_net import metrics
from numpy_net.metrics import CategoricalAccuracy, F1Score, Mean


def update_in_batches(metric, y, a, size):
    for start in range(0, len(y), size):
        rows = slice(start, start + size)
        metric.update_state(y[rows], a[rows])
    return metric.result()


@pytest.fixture
def scores(rng):
    """120 samples of 5 unequally frequent classes; class 4 never occurs."""
    labels = rng.choice(5, 120, p=[0.5, 0.3, 0.15, 0.05, 0])
    y = np.eye(5)[labels]
    return labels, y, rng.uniform(0.01, 1, (120, 5)) + 0.3 * y


@pytest.mark.parametrize("average", [None, "macro", "micro", "weighted"])
@pytest.mark.parametrize("size", [1, 7, 120])
def test_f1_is_scikit_learns_at_any_batch_size(average, size, scores):
    labels, y, a = scores
    expected = f1_score(
        labels, a.argmax(axis=1), average=average, zero_division=0
    )
    got = update_in_batches(F1Score(average), y, a, size)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_mean_of_batch_f1_is_another_quantity(scores):
    _, y, a = scores
    whole = update_in_batches(F1Score("macro"), y, a, 8)
    parts = [
        update_in_batches(F1Score("macro"), y[i : i + 8], a[i : i + 8], 8)
        for i in range(0, 120, 8)
    ]
    assert np.mean(parts) < 0.9 * whole


def test_f1_takes_a_small_output_for_a_prediction():
    """Only 0 predicts nothing: 1e-6 is the largest of its row."""
    metric = F1Score()
    metric.update_state(np.eye(2)[[0]], np.array([[1e-6, 0.0]]))
    assert metric.result().tolist() == [1.0, 0.0]


def test_f1_ties_count_twice_and_zeros_predict_nothing():
    y = np.eye(3)[[0, 1]]
    tie = np.array([[0.5, 0.5, 0.1], [0.0, 0.0, 0.0]])
    metric = F1Score()
    metric.update_state(y, tie)
    assert metric.result().tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("average", [None, "macro", "micro", "weighted"])
def test_nothing_true_and_nothing_predicted_scores_0(average):
    metric = F1Score(average)
    metric.update_state(np.zeros((2, 3)), np.zeros((2, 3)))
    assert np.all(metric.result() == 0)
    assert CategoricalAccuracy().result() == 0


def test_an_absent_class_scores_0_without_a_warning():
    metric = F1Score("macro")
    metric.update_state(np.eye(2)[[0, 0]], np.array([[0.9, 0.1]] * 2))
    assert metric.result() == 0.5


def test_accuracy_takes_the_first_of_equal_outputs():
    metric = CategoricalAccuracy()
    metric.update_state(np.eye(2)[[0, 1]], np.full((2, 2), 0.5))
    assert metric.result() == 0.5
    metric.reset_state()
    metric.update_state(np.eye(2)[[1]], np.array([[0.1, 0.2]]))
    assert metric.result() == 1.0


def test_mean_weights_each_batch_by_its_samples():
    mean = Mean()
    mean.update_state(1.0, 10)
    mean.update_state(4.0, 5)
    assert mean.result() == 2.0


def test_get_lists_the_known_names():
    with pytest.raises(ValueError, match="'recall'; known: categorical_ac"):
        metrics.get("recall")
    with pytest.raises(ValueError, match="average 'mean'; known: macro, "):
        F1Score(average="mean")
