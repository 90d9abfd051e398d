"""[1] to [10] against Keras: activations, losses, gradients of whole nets.

Keras differentiates by itself (tf.GradientTape), we by hand. Both work in
float64, and the gates are those of rounding: see tests/tolerances.py.
"""

import numpy as np
import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from numpy_net import activations, losses
from tests.pairs import (
    assert_same_gradients,
    both,
    build,
    keras_gradients,
    mnist_images,
    real_pair,
)
from tests.tolerances import assert_within

pytestmark = pytest.mark.keras

ACTIVATIONS = ["linear", "relu", "sigmoid", "softmax", "tanh"]
PAIRS = [
    ("sigmoid", "mean_squared_error"),
    ("softmax", "mean_squared_error"),
    ("linear", "mean_squared_error"),
    ("softmax", "categorical_crossentropy"),
    ("sigmoid", "categorical_crossentropy"),
]
SOFTMAX_PAIRS = [pair for pair in PAIRS if pair[0] == "softmax"]


def layers(activation):
    """(units, activation); Keras warns of a softmax over a single unit."""
    least = 2 if activation == "softmax" else 1
    return st.tuples(st.integers(least, 9), st.just(activation))


@st.composite
def nets(draw):
    """1 to 4 dense layers of width 1 to 9, and 1 to 6 samples."""
    hidden = st.sampled_from(ACTIVATIONS).flatmap(layers)
    return {
        "inputs": draw(st.integers(1, 9)),
        "hidden": [draw(hidden) for _ in range(draw(st.integers(0, 3)))],
        "outputs": draw(st.integers(2, 9)),
        "samples": draw(st.integers(1, 6)),
        "seed": draw(st.integers(0, 2**32 - 1)),
    }


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_random_nets(output, loss, keras):
    """22 nets a pair: any depth, widths, activations and weights."""
    sizes = []

    @seed(PAIRS.index((output, loss)))  # other nets for every pair
    @settings(
        derandomize=True,
        deadline=None,
        max_examples=22,
        phases=[Phase.generate, Phase.shrink],
    )
    @given(nets())
    def every_gradient_agrees(net):
        rng = np.random.default_rng(net["seed"])
        stack = *net["hidden"], (net["outputs"], output)

        def make(library):
            return build(library, net["inputs"], *stack, loss=loss)

        ours, theirs = both(make)
        weights = [rng.normal(size=w.shape) for w in ours.weights]
        ours.set_weights(weights)
        theirs.set_weights(weights)
        x = rng.normal(size=(net["samples"], net["inputs"]))
        labels = rng.integers(0, net["outputs"], net["samples"])
        y = np.eye(net["outputs"])[labels]
        gradients = assert_same_gradients(ours, theirs, x, y)
        sizes.append(max(np.abs(g).max() for g in gradients))

    every_gradient_agrees()
    assert np.mean(np.array(sizes) > 1e-3) > 0.8, "gradients near 0 agree"


@pytest.mark.parametrize("net", ["assignment_net", "custom_net"])
@pytest.mark.parametrize("steps", [0, 300])
def test_the_real_nets_on_mnist(net, steps, keras, mnist):
    """At the first weights, and at such as training leads to."""
    ours, theirs = real_pair(net)
    x, y = mnist_images(mnist, 10 * steps + 10)
    if steps:
        ours.fit(x[:-10], y[:-10], batch_size=10)
        theirs.set_weights(ours.get_weights())
    gradients = assert_same_gradients(ours, theirs, x[-10:], y[-10:])
    assert all(np.abs(g).max() > 1e-6 for g in gradients)


def test_the_custom_net_with_crossentropy_on_mnist(keras, mnist):
    """The pair that most would choose: softmax and cross-entropy."""
    pair = real_pair("custom_net", loss="categorical_crossentropy")
    gradients = assert_same_gradients(*pair, *mnist_images(mnist, 10))
    assert all(np.abs(g).max() > 1e-4 for g in gradients)


@pytest.mark.parametrize("net", ["assignment_net", "custom_net"])
def test_a_blank_image(net, keras):
    """Every z of the custom net is exactly 0: the slope of relu is 0."""
    ours, theirs = real_pair(net)
    x, y = np.zeros((2, 28, 28)), np.eye(10)[[3, 8]]
    first, *_, last = assert_same_gradients(ours, theirs, x, y)
    assert not first.any()
    assert np.abs(last).max() > 0.005


@pytest.mark.parametrize(("output", "loss"), SOFTMAX_PAIRS)
@pytest.mark.parametrize("gap", [10, 20, 30, 1000])
def test_saturated_softmax(output, loss, gap, keras):
    """One logit leads by a gap: at the true class, and at a wrong one."""
    weights = [gap * np.eye(3), np.array([0.0, 0.1, -0.2])]
    ours, theirs = both(
        lambda library: build(library, 3, (3, output), loss=loss), weights
    )
    x, y = np.eye(3)[[0, 1, 2]], np.eye(3)[[0, 2, 2]]
    kernel, _ = assert_same_gradients(ours, theirs, x, y)
    if loss == "categorical_crossentropy":
        # The second sample is wrong: p - y = -1, a third of the batch.
        assert kernel[1, 2] == pytest.approx(-1 / 3, rel=1e-3)


def test_sigmoid_with_crossentropy_is_trained_as_a_softmax(keras):
    """A surprise of Keras: it takes the sigmoid's z for a softmax's."""

    def make(library):
        loss = "categorical_crossentropy"
        return build(library, 3, (4, "sigmoid"), loss=loss)

    ours, theirs = both(make)
    x, y = np.eye(3), np.eye(4)[[0, 1, 3]]
    kernel, _ = assert_same_gradients(ours, theirs, x, y)
    z = x @ ours.get_weights()[0]
    np.testing.assert_allclose(
        kernel, x.T @ (activations.softmax(z) - y) / 3, atol=1e-15
    )
    scores = activations.sigmoid(z)
    declared = losses.CategoricalCrossentropy().gradient(y, scores)
    declared = x.T @ activations.sigmoid_vjp(scores, declared)
    assert np.abs(kernel - declared).max() > 0.01


def logits(dtype):
    """400 rows of 10, from 0 to the ends of what is saturated."""
    rng = np.random.default_rng(5)
    z = rng.normal(size=(400, 10)) * rng.choice([0.1, 1, 10], (400, 1))
    z[0] = [0, 40, -40, 1, -1, 90, -90, 1000, -1000, 3]
    z[1] = 0
    return z.astype(dtype)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, keras):
    """[2] and [3]: values, and products with the Jacobian."""
    import tensorflow as tf

    f = activations.get(name)
    z = tf.constant(logits("float64"))
    da = np.random.default_rng(6).normal(size=z.shape)
    with tf.GradientTape() as tape:
        tape.watch(z)
        a = keras.activations.get(name)(z)
    expected = tape.gradient(a, z, output_gradients=tf.constant(da))
    got = f(z.numpy())
    assert_within("activations", got, a, equation="[2]", parameter=name)
    assert_within(
        "gradients",
        activations.VJP[f](got, da),
        expected,
        equation="[3]",
        parameter=name,
    )


@pytest.mark.parametrize("from_logits", [None, True, False])
def test_losses(from_logits, keras):
    """[7] to [10]: value and gradient of each loss by itself.

    None is the squared error; False is the clipped cross-entropy of plain
    probabilities, with rows that do not sum to 1.
    """
    import tensorflow as tf

    y = np.eye(10)[np.arange(400) % 10]
    y_pred = logits("float64")
    if from_logits is None:
        ours = losses.MeanSquaredError()
        theirs = keras.losses.MeanSquaredError()
    else:
        ours = losses.CategoricalCrossentropy(from_logits)
        theirs = keras.losses.CategoricalCrossentropy(from_logits)
    if from_logits is False:
        y_pred = 0.9 * activations.softmax(y_pred)
    watched = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        value = theirs(y, watched)
    equations = ("[7]", "[8]") if from_logits is None else ("[9]", "[10]")
    assert_within("loss", ours(y, y_pred), value, equation=equations[0])
    assert_within(
        "gradients",
        ours.gradient(y, y_pred),
        tape.gradient(value, watched),
        equation=equations[1],
        parameter=ours.name,
    )


def test_soft_targets(keras):
    """Probabilities in place of one-hot rows, as long as they sum to 1."""
    loss = "categorical_crossentropy"
    pair = both(lambda library: build(library, 3, (4, "softmax"), loss=loss))
    y = np.array([[0.5, 0, 0.5, 0], [0.25] * 4, [0.2, 0.3, 0.1, 0.4]])
    assert_same_gradients(*pair, np.eye(3), y)


def test_the_tape_sees_the_loss_that_evaluate_reports(keras, digits):
    """The comparison itself is of the loss that Keras trains on."""
    _, theirs = real_pair("custom_net", loss="categorical_crossentropy")
    loss, _ = keras_gradients(theirs, *digits)
    reported = theirs.evaluate(*digits, 53, verbose=0, return_dict=True)
    assert_within("loss", loss, reported["loss"])
