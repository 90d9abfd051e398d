"""NumPy and Keras side by side, in short: both nets, from equal weights.

Outputs, gradients, training, the summary, all in float64, all to 1e-12; and
the F1 that the assignment watched. The same at length, and at the edges, is
in test_keras_gradients.py, test_keras_lockstep.py and test_keras_fit.py.
"""

import re

import numpy as np
import pytest

from numpy_net import metrics
from tests.pairs import (
    assert_same_gradients,
    assert_same_history,
    assert_same_weights,
    largest_moves,
    mnist_images,
    real_pair,
)
from tests.tolerances import assert_within

pytestmark = pytest.mark.keras


@pytest.fixture(params=["assignment_net", "custom_net"])
def pair(request, keras):
    """Both editions of one net, with the same weights."""
    return real_pair(request.param)


def test_outputs(pair, digits):
    """[1] and [2], layer after layer."""
    ours, theirs = pair
    expected = theirs.predict(digits[0], verbose=0)
    assert_within("activations", ours.predict(digits[0]), expected)


def test_gradients(pair, digits):
    """[3] to [8], against automatic differentiation."""
    gradients = assert_same_gradients(*pair, *digits)
    assert all(np.abs(g).max() > 1e-4 for g in gradients)


def test_training_and_history(pair, digits):
    """Three epochs of fit, with a short last batch and validation."""
    ours, theirs = pair
    before = ours.get_weights()
    settings = {
        "batch_size": 7,
        "epochs": 3,
        "validation_split": 0.2,
        "shuffle": False,
    }
    got = ours.fit(*digits, **settings)
    expected = theirs.fit(*digits, **settings, verbose=0)
    assert got.epoch == expected.epoch
    assert_same_history(got.history, expected.history)
    assert_same_weights("weights, 200 steps", ours, theirs)
    moved = min(largest_moves(before, ours.get_weights()))
    assert moved > 1e-4, "an untrained net would agree, too"


def test_a_thousand_batches_of_the_real_mnist(pair, mnist):
    """The assignment's own order, batch and rate; then the test images."""
    ours, theirs = pair
    theirs.steps_per_execution = 100  # the same steps, called by the hundred
    before, data = ours.get_weights(), mnist_images(mnist, 5000)
    got = ours.fit(*data, 10, epochs=2, shuffle=False)
    expected = theirs.fit(*data, 10, epochs=2, shuffle=False, verbose=0)
    assert_same_history(got.history, expected.history)
    assert_same_weights("weights, 2,000 steps", ours, theirs)
    assert max(largest_moves(before, ours.get_weights())) > 0.1
    x = mnist.x_test[:1000] / float(mnist.scale)
    digits = ours.predict(x).argmax(axis=1)
    differ = np.count_nonzero(digits != np.argmax(theirs(x), axis=1))
    assert_within("predicted digits that differ", differ, 0)
    assert np.mean(digits == mnist.y_test[:1000]) > 0.3, "a guess is 0.1"


def test_summary_is_keras_s_cell_for_cell(pair):
    def cells(model):
        lines = []
        model.summary(print_fn=lines.append)
        text = "\n".join(lines)
        for sign in "┃│┏┓┡┩├┤└┘━─┳╇╈┼┴┻-":
            text = text.replace(sign, " ")
        # Keras counts the models and layers of the process in their names.
        text = re.sub(r"(sequential|dense|flatten)(_\d+)?\b", r"\1", text)
        return [line.split() for line in text.splitlines() if line.split()]

    ours, theirs = pair
    assert cells(ours) == cells(theirs)


@pytest.fixture
def per_batch_f1(keras):
    """The F1 that the assignment watched: what it can, and cannot, reach."""
    from keras_net.metrics import per_batch_f1

    return per_batch_f1


def test_a_perfect_net_scores_the_share_of_classes_present(per_batch_f1):
    y = np.eye(10)[[0, 0, 1, 2]]
    assert float(per_batch_f1(y, 0.9 * y)) == pytest.approx(0.3)


def test_per_batch_f1_cannot_pass_0_651_in_tens(per_batch_f1, rng):
    """Its mean over random batches of a perfect net: 1 - 0.9^10."""
    y = np.eye(10)[rng.integers(0, 10, (100, 10))]
    scores = [metrics.per_batch_f1(batch, batch) for batch in y]
    assert scores[0] == pytest.approx(float(per_batch_f1(y[0], y[0])))
    assert np.mean(scores) == pytest.approx(1 - 0.9**10, abs=0.02)


def test_per_batch_f1_counts_outputs_above_one_half(per_batch_f1):
    y = np.eye(2)[[0, 0, 1, 1]]
    for low, high in ((0.4, 0.6), (0.499, 0.501), (0.5, np.nextafter(0.5, 1))):
        a = np.array([[0.9, high], [low, 0.1], [high, high], [low, 0.9]])
        # class 0: TP 1, FP 1, FN 1; class 1: TP 2, FP 1, FN 0
        expected = (0.5 + 0.8) / 2
        for score in (per_batch_f1, metrics.per_batch_f1):
            assert float(score(y, a)) == pytest.approx(expected)


@pytest.mark.parametrize("batch", [1, 7, 10, 43])
def test_per_batch_f1_is_one_function_in_both(batch, per_batch_f1, rng):
    """Dense outputs around the threshold; rows without and with several."""
    for _ in range(20):
        y = np.eye(10)[rng.integers(0, 10, batch)]
        a = rng.uniform(size=y.shape) + 0.2 * y
        ours, theirs = metrics.per_batch_f1(y, a), float(per_batch_f1(y, a))
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15)
    assert 0 < ours < 1
