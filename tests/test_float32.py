"""float32, the default on both sides: rounding is 1e9 times as coarse.

The same comparisons as in float64, at gates as much wider. They are few:
what is wrong shows better in float64. Keras gets its default settings here;
that these are float32 throughout is asserted, for floatx and dtype policy
are two settings in Keras.
"""

import numpy as np
import pytest

from numpy_net import activations, architectures, config, utils
from tests.pairs import (
    assert_same_gradients,
    assert_same_history,
    assert_same_weights,
    largest_moves,
    learnable_images,
    mnist_images,
    parameters,
    real_pair,
)
from tests.tolerances import assert_within

MSE, CCE = "mean_squared_error", "categorical_crossentropy"
NETS = ["assignment_net", "custom_net"]


@pytest.fixture(autouse=True)
def _float32(_float64):
    config.set_floatx("float32")


@pytest.fixture
def pair_of():
    """real_pair, both sides in float32 from input to learning rate."""

    def make(net, **settings):
        ours, theirs = real_pair(net, **settings)
        dtypes = {
            *(weight.dtype.name for weight in ours.weights),
            *(layer.compute_dtype for layer in theirs.layers),
            *(layer.variable_dtype for layer in theirs.layers),
            theirs.inputs[0].dtype,
            theirs.optimizer.learning_rate.dtype,
        }
        assert dtypes == {"float32"}
        return ours, theirs

    return make


def images(rng, samples):
    return [array.astype("f4") for array in learnable_images(rng, samples)]


@pytest.mark.keras
@pytest.mark.parametrize("name", ["relu", "sigmoid", "softmax", "tanh"])
def test_activations(name):
    """[2], to where float32 ends: z from -87 to 87."""
    import keras

    z = np.linspace(-87, 87, 4000, dtype="f4").reshape(400, 10)
    got = activations.get(name)(z)
    expected = keras.activations.get(name)(z)
    assert_within(
        "activations", got, expected, parameter=name, dtype="float32"
    )


@pytest.mark.keras
@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("loss", [MSE, CCE])
def test_loss_and_gradients(net, loss, pair_of, rng):
    """[7] to [10], [4] and [5]."""
    pair = pair_of(net, loss=loss)
    assert_same_gradients(*pair, *images(rng, 10), dtype="float32")


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("loss", [MSE, CCE])
def test_the_gradient_is_that_of_float64_rounded(net, loss, rng):
    """numpy_net against itself: no step loses more digits than it must."""
    x, y = images(rng, 10)
    single = getattr(architectures, net)()
    config.set_floatx("float64")
    double = getattr(architectures, net)()
    double.set_weights(single.get_weights())
    for model in (single, double):
        model.compile("sgd", loss)
    for name, got, expected in zip(
        parameters(single),
        single.gradients(x, y),
        double.gradients(x, y),
        strict=True,
    ):
        assert_within(
            "gradients, float32 vs float64",
            got,
            expected.astype("f4"),
            parameter=name,
            dtype="float32",
        )


@pytest.mark.keras
@pytest.mark.parametrize(
    ("net", "rate", "batch_size", "samples"),
    [
        ("assignment_net", 0.25, 10, 2000),
        ("custom_net", 0.1, 7, 199 * 7 + 3),
    ],
)
def test_200_steps_of_fit(net, rate, batch_size, samples, pair_of, rng):
    """Free-running, with Keras's own fit."""
    ours, theirs = pair_of(net, learning_rate=rate)
    before = ours.get_weights()
    x, y = images(rng, samples)
    got = ours.fit(x, y, batch_size, shuffle=False).history
    expected = theirs.fit(x, y, batch_size, shuffle=False, verbose=0)
    assert_same_history(got, expected.history, dtype="float32")
    assert_same_weights("weights, 200 steps", ours, theirs, "float32")
    assert min(largest_moves(before, ours.get_weights())) > 1e-3


@pytest.mark.keras
@pytest.mark.parametrize(
    ("net", "loss", "rate"),
    [("assignment_net", MSE, 3.0), ("custom_net", CCE, 0.01)],
)
def test_2000_steps_where_learning_is_calm(net, loss, rate, pair_of, mnist):
    """Where float32 stays calm, too, and the digits are read alike.

    The custom net's squared error is left out: over so many steps a relu
    unit may cross 0 on one side only, and the weights jump apart by 1e-3.
    """
    utils.set_random_seed(1)
    ours, theirs = pair_of(net, loss=loss, learning_rate=rate)
    before = ours.get_weights()
    x, y = mnist_images(mnist, 2000, "float32")
    ours.fit(x, y, 1, shuffle=False)
    theirs.steps_per_execution = 100
    theirs.fit(x, y, 1, shuffle=False, verbose=0)
    assert_same_weights("weights, 2,000 steps", ours, theirs, "float32")
    assert max(largest_moves(before, ours.get_weights())) > 0.1
    got = ours.predict(x[:1000]).argmax(axis=1)
    expected = np.argmax(theirs(x[:1000]), axis=1)
    differ = np.count_nonzero(got != expected)
    assert_within("predicted digits that differ", differ, 0, dtype="float32")
    assert np.mean(got == y[:1000].argmax(axis=1)) > 0.5


@pytest.mark.keras
@pytest.mark.parametrize(
    ("net", "loss", "rate"),
    [("assignment_net", MSE, 15.0), ("custom_net", CCE, 0.1)],
)
def test_100_single_steps_in_chaos(net, loss, rate, pair_of, mnist):
    """Teacher-forced: Keras's weights are copied before every step."""
    ours, theirs = pair_of(net, loss=loss, learning_rate=rate)
    x, y = mnist_images(mnist, 100, "float32")
    row = "weights, one step from equal weights"
    for i in range(100):
        ours.set_weights(theirs.get_weights())
        ours.train_on_batch(x[i : i + 1], y[i : i + 1])
        theirs.train_on_batch(x[i : i + 1], y[i : i + 1])
        assert_same_weights(row, ours, theirs, "float32")
