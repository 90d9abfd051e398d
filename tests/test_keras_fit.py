"""What fit, evaluate and train_on_batch report, held to Keras's figures.

Weights are compared in test_keras_lockstep.py; here it is the numbers that
a reader sees: means over batches of unequal size, validation after each
epoch, counts that run on from batch to batch.
"""

import numpy as np
import pytest

import numpy_net
from tests.pairs import assert_same_history, both, build

pytestmark = pytest.mark.keras

AVERAGES = [None, "macro", "micro", "weighted"]


def net_with_metrics(library, metrics=("accuracy",)):
    """784-6-10 on images, the loss with an L2 term, every average of F1."""
    layers = library.layers
    model = library.Sequential(
        [
            library.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(
                6, "tanh", kernel_regularizer=library.regularizers.L2(1 / 64)
            ),
            layers.Dense(10, "softmax"),
        ]
    )
    scores = [
        library.metrics.F1Score(average=average, name=f"f1_{average}")
        for average in AVERAGES
    ]
    sgd = library.optimizers.SGD(0.1)
    model.compile(sgd, "mean_squared_error", metrics=[*metrics, *scores])
    return model


@pytest.fixture
def pair(keras):
    """Keras runs eagerly here: so few steps do not repay compilation."""
    ours, theirs = both(net_with_metrics)
    theirs.run_eagerly = True
    return ours, theirs


def in_parts(digits, at):
    """The first samples, and the others as validation_data."""
    x, y = digits
    return (x[:at], y[:at]), {"validation_data": (x[at:], y[at:])}


@pytest.mark.parametrize("validation", ["split", "data"])
def test_history(validation, pair, digits):
    """Two epochs of batches of 16, 16 and 7: every entry."""
    ours, theirs = pair
    data, more = digits, {"validation_split": 0.25}  # the last 14 of 53
    if validation == "data":
        data, more = in_parts(digits, 39)
    more |= {"batch_size": 16, "epochs": 2, "shuffle": False}
    got = ours.fit(*data, **more)
    expected = theirs.fit(*data, **more, verbose=0)
    assert got.epoch == expected.epoch
    assert_same_history(got.history, expected.history)
    names = ["loss", "accuracy", *(f"f1_{average}" for average in AVERAGES)]
    assert set(got.history) == {*names, *(f"val_{name}" for name in names)}
    first, second = got.history["loss"]
    assert second < first


def test_evaluate_with_a_short_last_batch(pair, digits):
    """Each batch counts by its samples: 7 seven times, then 4."""
    got, expected = (
        model.evaluate(*digits, 7, return_dict=True, **more)
        for model, more in zip(pair, ({}, {"verbose": 0}), strict=True)
    )
    assert_same_history(got, expected)


def test_train_on_batch_reports_its_own_batch(pair, digits):
    """Batches of 20, 5 and 28, each by itself."""
    for rows in (slice(20), slice(20, 25), slice(25, 53)):
        got, expected = (
            model.train_on_batch(
                digits[0][rows], digits[1][rows], return_dict=True
            )
            for model in pair
        )
        assert_same_history(got, expected)


@pytest.mark.parametrize(
    ("samples", "share"),
    [(100, 0.9), (53, 1 / 6), (53, 0.35), (60_000, 0.1)],
)
def test_validation_split_leaves_as_many_to_train(samples, share, keras):
    """floor(n (1 - share)) in floating point: 100 and 0.9 leave 9.

    With outputs of 0, loss and val_loss are the mean squares of the two
    parts: they tell how many samples each has, and that these are the last.
    """
    y = np.arange(float(samples))[:, None] / samples
    zeros = [np.zeros((1, 1)), np.zeros(1)]
    ours, theirs = both(
        lambda library: build(library, 1, (1,), learning_rate=0.0), zeros
    )
    theirs.run_eagerly = True
    settings = {"batch_size": samples, "validation_split": share}
    got = ours.fit(y, y, **settings)
    expected = theirs.fit(y, y, **settings, verbose=0)
    assert_same_history(got.history, expected.history)


def test_a_split_that_leaves_nothing_is_refused_by_both(keras):
    """10 (1 - 0.95) is less than 1 sample."""
    x = np.zeros((10, 1))
    for library in (keras, numpy_net):
        model = build(library, 1, (1,))
        with pytest.raises(ValueError, match="train"):
            model.fit(x, x, validation_split=0.95)
