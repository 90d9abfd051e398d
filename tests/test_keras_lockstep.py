"""Training in lockstep with Keras: equal weights after equal steps.

Free-running, both start from the same weights and go their own ways: a
rounding error may grow. Where learning is calm it does not, and the weights
agree to 1e-12 after thousands of steps. Where it is chaotic nothing can
agree for long (see test_chaos_control.py); there Keras's weights are copied
over before every step, and each single step is held to Keras's.

float32 cannot hold the rates 0.01 and 0.1: a rate that were kept in it, on
either side, would show at once. It holds 0.25, which would hide it.
"""

import pytest

from numpy_net import utils
from tests.pairs import (
    assert_same_history,
    assert_same_weights,
    both,
    hidden_units_alive,
    keras_steps,
    largest_moves,
    learnable_images,
    mnist_images,
    real_pair,
)

pytestmark = pytest.mark.keras

MSE, CCE = "mean_squared_error", "categorical_crossentropy"


@pytest.mark.parametrize(
    ("net", "rate", "batch_size", "samples"),
    [
        ("assignment_net", 0.01, 1, 200),
        ("assignment_net", 0.25, 10, 2000),
        ("custom_net", 0.1, 7, 199 * 7 + 3),
    ],
)
def test_200_steps_of_fit(net, rate, batch_size, samples, keras, rng):
    """Keras's own fit, with a short last batch where 7 does not divide."""
    ours, theirs = real_pair(net, learning_rate=rate)
    before = ours.get_weights()
    x, y = learnable_images(rng, samples)
    got = ours.fit(x, y, batch_size, shuffle=False)
    expected = theirs.fit(x, y, batch_size, shuffle=False, verbose=0)
    assert_same_history(got.history, expected.history)
    assert_same_weights("weights, 200 steps", ours, theirs)
    assert min(largest_moves(before, ours.get_weights())) > 1e-3


@pytest.mark.parametrize(
    ("net", "loss", "rate"),
    [("assignment_net", MSE, 3.0), ("custom_net", CCE, 0.01)],
)
def test_2000_steps_where_learning_is_calm(net, loss, rate, keras, mnist):
    """One by one. Rounding does not grow, and the net learns meanwhile."""
    utils.set_random_seed(1)  # from other first weights, a relu unit may die
    ours, theirs = real_pair(net, loss, learning_rate=rate)
    before = ours.get_weights()
    x, y = mnist_images(mnist, 2000)
    first_loss = ours.evaluate(x, y)
    ours.fit(x, y, batch_size=1, shuffle=False)
    keras_steps(theirs, x, y, batch_size=1)
    assert_same_weights("weights, 2,000 steps", ours, theirs)
    moves = largest_moves(before, ours.get_weights())
    assert max(moves) > 0.1
    assert min(moves) > 0.01
    assert ours.evaluate(x, y) < 0.5 * first_loss
    hits = ours.predict(x).argmax(axis=1) == y.argmax(axis=1)
    assert hits.mean() > 0.5
    assert hidden_units_alive(ours, x)


FORCED = "weights, one step from equal weights"


@pytest.mark.parametrize(
    ("net", "loss", "rate"),
    [("assignment_net", MSE, 15.0), ("custom_net", CCE, 0.1)],
)
def test_200_single_steps_in_chaos(net, loss, rate, keras, mnist):
    """Teacher-forced: Keras's weights are copied before every step."""
    ours, theirs = real_pair(net, loss, learning_rate=rate)
    before = ours.get_weights()
    x, y = mnist_images(mnist, 200)
    for i in range(200):
        ours.set_weights(theirs.get_weights())
        sample = x[i : i + 1], y[i : i + 1]
        ours.train_on_batch(*sample)
        theirs.train_on_batch(*sample)
        assert_same_weights(FORCED, ours, theirs)
    assert min(largest_moves(before, theirs.get_weights())) > 0.1


@pytest.mark.parametrize(("momentum", "l2"), [(0.875, 0.0), (0.875, 1 / 64)])
def test_momentum_and_l2(momentum, l2, keras, rng):
    """The velocity outlives epochs and calls of fit; L2 is in the loss.

    Keras rounds both settings to float32: these are fractions of 2.
    """
    x, y = learnable_images(rng, 500)

    def make(library):
        L2 = library.regularizers.L2
        model = library.Sequential(
            [
                library.Input((28, 28)),
                library.layers.Flatten(),
                library.layers.Dense(8, "relu", kernel_regularizer=L2(l2)),
                library.layers.Dense(10, "softmax"),
            ]
        )
        sgd = library.optimizers.SGD(0.01, momentum=momentum)
        model.compile(sgd, CCE)
        return model

    ours, theirs = both(make)
    first = ours.evaluate(x, y)
    for _ in range(2):
        settings = {"batch_size": 10, "epochs": 2, "shuffle": False}
        got = ours.fit(x, y, **settings)
        expected = theirs.fit(x, y, **settings, verbose=0)
        assert_same_history(got.history, expected.history)
    assert_same_weights("weights, 200 steps", ours, theirs)
    assert got.history["loss"][-1] < first - 0.1
