"""From equal weights and equal order, NumPy and Keras give equal numbers.

In float64 to 1e-12: outputs, losses, gradients, histories and the weights
after training. The last batch is a short one.
"""

import re

import numpy as np
import pytest

import numpy_net
from keras_net.metrics import per_batch_f1
from numpy_net import architectures

pytestmark = pytest.mark.keras

NETS = ["assignment_net", "custom_net"]


@pytest.fixture(params=NETS)
def pair(request, keras):
    """Both editions of one net, with the same weights."""
    from keras_net import architectures as keras_architectures

    ours = getattr(architectures, request.param)()
    theirs = getattr(keras_architectures, request.param)()
    theirs.set_weights(ours.get_weights())
    return ours, theirs


def assert_equal_weights(ours, theirs, atol):
    for i, (a, b) in enumerate(
        zip(ours.get_weights(), theirs.get_weights(), strict=True)
    ):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(
            a, b, rtol=0, atol=atol, err_msg=f"weights[{i}]"
        )


def test_outputs_and_losses(pair, digits):
    ours, theirs = pair
    np.testing.assert_allclose(
        ours.predict(digits[0]),
        theirs.predict(digits[0], verbose=0),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        ours.evaluate(*digits, batch_size=10),
        theirs.evaluate(*digits, batch_size=10, verbose=0),
        rtol=1e-6,  # F1, where Keras adds 1e-7; the loss is held below
    )
    assert ours.evaluate(*digits)[0] == pytest.approx(
        theirs.evaluate(*digits, verbose=0)[0], rel=1e-12
    )


@pytest.mark.parametrize(
    "loss", ["mean_squared_error", "categorical_crossentropy"]
)
def test_gradients(pair, loss, digits):
    import tensorflow as tf

    ours, theirs = pair
    ours.compile("sgd", loss)
    theirs.compile("sgd", loss)
    with tf.GradientTape() as tape:
        value = theirs.compute_loss(
            x=digits[0], y=tf.constant(digits[1]), y_pred=theirs(digits[0])
        )
    expected = tape.gradient(value, theirs.trainable_variables)
    for got, gradient in zip(
        ours.gradients(*digits), expected, strict=True
    ):
        scale = np.abs(gradient.numpy()).max()
        np.testing.assert_allclose(
            got, gradient.numpy(), rtol=0, atol=1e-12 * scale + 1e-15
        )


def test_training_and_history(pair, digits):
    """Three epochs of fit with validation: every entry, every weight."""
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
    assert sorted(got.history) == sorted(expected.history)
    for name, values in expected.history.items():
        rtol = 1e-5 if "f1" in name else 1e-12  # Keras's 1e-7, and few hits
        np.testing.assert_allclose(
            got.history[name], values, rtol=rtol, atol=2e-7, err_msg=name
        )
    for name in ("loss", "val_loss", "accuracy", "val_accuracy"):
        np.testing.assert_allclose(
            got.history[name], expected.history[name], rtol=1e-12
        )
    assert_equal_weights(ours, theirs, atol=1e-12)
    moved = [
        np.abs(a - b).max()
        for a, b in zip(before, ours.get_weights(), strict=True)
    ]
    assert min(moved) > 1e-4, "an untrained net would agree, too"


def test_momentum_and_l2(keras, digits):
    """l2 and momentum are fractions that float32 holds: Keras rounds them."""

    def make(library):
        layers = library.layers
        model = library.Sequential(
            [
                library.Input((28, 28)),
                layers.Flatten(),
                layers.Dense(
                    8,
                    "relu",
                    kernel_regularizer=library.regularizers.L2(1 / 64),
                ),
                layers.Dense(10, "softmax"),
            ]
        )
        model.compile(
            library.optimizers.SGD(0.01, momentum=0.875),
            "categorical_crossentropy",
        )
        return model

    ours, theirs = make(numpy_net), make(keras)
    theirs.set_weights(ours.get_weights())
    settings = {"batch_size": 10, "epochs": 4, "shuffle": False}
    got = ours.fit(*digits, **settings, validation_split=0.1)
    expected = theirs.fit(
        *digits, **settings, validation_split=0.1, verbose=0
    )
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(
            got.history[name], expected.history[name], rtol=1e-12
        )
    assert_equal_weights(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("share", [0.9, 1 / 6, 0.1, 0.35])
def test_validation_split_is_rounded_as_in_keras(share, keras):
    """floor(n (1 - share)) in floating point: 100 and 0.9 leave 9."""
    from keras.src.trainers.data_adapters import array_slicing

    for samples in (100, 53, 60000):
        x = np.zeros((samples, 1))
        (train,), _ = array_slicing.train_validation_split((x,), share)
        assert numpy_net.checks.split_at(samples, share) == len(train)


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


def test_float32_agrees_to_float32_rounding(digits):
    import keras

    from keras_net import architectures as keras_architectures

    numpy_net.config.set_floatx("float32")
    x, y = (array.astype("float32") for array in digits)
    ours = architectures.assignment_net()
    theirs = keras_architectures.assignment_net()
    assert keras.config.floatx() == "float32"
    theirs.set_weights(ours.get_weights())
    settings = {"batch_size": 7, "epochs": 5, "shuffle": False}
    ours.fit(x, y, **settings)
    theirs.fit(x, y, **settings, verbose=0)
    assert_equal_weights(ours, theirs, atol=1e-5)


def test_a_thousand_batches_of_the_real_mnist(pair, mnist):
    """The assignment's own order, batch and rate."""
    ours, theirs = pair
    x = mnist.scaled(mnist.x_train[:10_000], "float64")
    y = np.eye(10)[mnist.y_train[:10_000]]
    settings = {"batch_size": 10, "shuffle": False}
    got = ours.fit(x, y, **settings).history
    expected = theirs.fit(x, y, **settings, verbose=0).history
    assert got["loss"] == pytest.approx(expected["loss"], rel=1e-12)
    assert got["accuracy"] == expected["accuracy"]
    assert_equal_weights(ours, theirs, atol=1e-12)


class TestPerBatchF1:
    """The assignment's F1: what it is, and what it cannot reach."""

    def test_a_perfect_net_scores_the_share_of_classes_present(self, keras):
        y = np.eye(10)[[0, 0, 1, 2]]
        assert float(per_batch_f1(y, 0.9 * y)) == pytest.approx(0.3)

    def test_its_mean_over_batches_of_10_cannot_pass_0_651(self, keras, rng):
        y = np.eye(10)[rng.integers(0, 10, (300, 10))]
        scores = [float(per_batch_f1(batch, batch)) for batch in y]
        assert np.mean(scores) == pytest.approx(1 - 0.9**10, abs=0.02)

    def test_it_counts_outputs_from_one_half_up(self, keras):
        y = np.eye(2)[[0, 0, 1, 1]]
        a = np.array([[0.9, 0.8], [0.4, 0.1], [0.7, 0.6], [0.2, 0.9]])
        # class 0: TP 1, FP 1, FN 1; class 1: TP 2, FP 1, FN 0
        expected = (0.5 + 0.8) / 2
        assert float(per_batch_f1(y, a)) == pytest.approx(expected)

    def test_keras_averages_it_over_the_batches(self, keras, digits):
        from keras_net.architectures import assignment_net

        model = assignment_net()
        model.compile("sgd", "mse", metrics=[per_batch_f1])
        x, y = digits[0][:40], digits[1][:40]
        got = model.evaluate(x, y, 10, verbose=0, return_dict=True)
        a = 1 * model.predict(x, verbose=0)
        means = [
            float(per_batch_f1(y[i : i + 10], a[i : i + 10]))
            for i in range(0, 40, 10)
        ]
        assert got["per_batch_f1"] == pytest.approx(np.mean(means))
