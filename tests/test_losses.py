"""[7] to [10]: values worked by hand, gradients by complex step."""

import numpy as np
import pytest

from numpy_net import losses
from numpy_net.activations import softmax
from numpy_net.gradient_check import complex_step
from numpy_net.losses import CategoricalCrossentropy, MeanSquaredError


def test_squared_error_is_the_mean_over_samples_and_outputs():
    y, a = np.array([[1.0, 0.0]]), np.array([[0.5, 0.25]])
    assert MeanSquaredError()(y, a) == (0.25 + 0.0625) / 2
    assert MeanSquaredError().gradient(y, a).tolist() == [[-0.5, 0.25]]


def test_nielsens_gradient_is_5_times_ours_for_ten_outputs(rng):
    """1/2 sum (a - y)^2, averaged over the samples, has gradient a - y."""
    y, a = rng.normal(size=(2, 7, 10))
    nielsen = (a - y) / 7
    np.testing.assert_allclose(
        nielsen, 5 * MeanSquaredError().gradient(y, a), rtol=1e-14
    )


@pytest.mark.parametrize(
    "loss",
    [
        MeanSquaredError(),
        CategoricalCrossentropy(),
        CategoricalCrossentropy(from_logits=True),
    ],
    ids=["[8]", "[10] from probabilities", "[10] from logits"],
)
def test_gradient_is_that_of_the_loss(loss, rng):
    y, a = rng.uniform(0.1, 0.9, (2, 5, 4))
    [numeric] = complex_step(lambda arrays: loss(y, arrays[0]), [a])
    np.testing.assert_allclose(
        loss.gradient(y, a), numeric, rtol=0, atol=1e-15
    )


def test_crossentropy_from_logits_is_exact_when_saturated():
    """p underflows to 0, and the loss is the gap between the logits."""
    z, y = np.array([[1000.0, 0.0, -5.0]]), np.array([[0.0, 1.0, 0.0]])
    loss = CategoricalCrossentropy(from_logits=True)
    assert loss(y, z) == 1000.0
    assert loss.gradient(y, z).tolist() == [[1.0, -1.0, 0.0]]


def test_crossentropy_of_probabilities_is_clipped_as_in_keras():
    p, y = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    loss = CategoricalCrossentropy()
    assert loss(y, p) == -np.log(1e-7)
    assert loss.gradient(y, p).tolist() == [[0.0, 0.0]]


def test_both_crossentropies_agree_where_nothing_is_clipped(rng):
    z = rng.normal(size=(6, 10))
    y = np.eye(10)[rng.integers(0, 10, 6)]
    assert CategoricalCrossentropy()(y, softmax(z)) == pytest.approx(
        CategoricalCrossentropy(from_logits=True)(y, z), rel=1e-13
    )


def test_a_batch_given_twice_has_the_same_loss_and_half_the_gradient(rng):
    y, a = rng.uniform(0.1, 0.9, (2, 5, 4))
    twice = np.concatenate([y, y]), np.concatenate([a, a])
    for loss in (MeanSquaredError(), CategoricalCrossentropy()):
        assert loss(*twice) == pytest.approx(loss(y, a), rel=1e-14)
        np.testing.assert_allclose(
            loss.gradient(*twice)[:5], loss.gradient(y, a) / 2, rtol=1e-14
        )


def test_get_lists_the_known_names():
    assert losses.get("mse").name == "mean_squared_error"
    with pytest.raises(ValueError, match="'hinge'; known: categorical_"):
        losses.get("hinge")
