"""Canaries: what our files say of Keras, held to Keras itself.

Nothing of numpy_net is tested here. When an upgrade of Keras turns one of
these red, its message quotes the sentence of ours that is now wrong; the
sentence is looked up in its file, so that no canary guards a lost one.
"""

import functools
from pathlib import Path

import numpy as np
import pytest

from tests.pairs import build

ROOT = Path(__file__).parents[1]
CCE = "categorical_crossentropy"

pytestmark = pytest.mark.keras


def guards(path, sentence):
    """Say which sentence is wrong when the decorated test fails."""

    def decorate(test):
        @functools.wraps(test)
        def guarded(*args, **kwargs):
            text = " ".join((ROOT / path).read_text("utf-8").split())
            if sentence not in text:
                pytest.fail(f"{path} no longer says: {sentence}")
            try:
                test(*args, **kwargs)
            except AssertionError as error:
                pytest.fail(
                    f"Keras has changed: {path} is now wrong to say: "
                    f"{sentence}\n{error}"
                )

        return guarded

    return decorate


@pytest.fixture
def tf(keras):
    """TensorFlow, without a seed before and after."""
    import tensorflow

    tensorflow.random.set_seed(None)
    yield tensorflow
    tensorflow.random.set_seed(None)


def saturated(keras, output):
    """One sample, z = (0, 100), of class 0: p is 1e-44, and 1."""
    model = build(keras, 1, (2, output), loss=CCE)
    model.set_weights([np.array([[0.0, 100.0]]), np.zeros(2)])
    return model, np.ones((1, 1)), np.array([[1.0, 0.0]])


def bias_gradient(tf, model, x, y):
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=x, y=tf.constant(y), y_pred=model(x))
    return tape.gradient(loss, model.trainable_variables[1]).numpy()


@guards(
    "numpy_net/losses.py",
    "There the z travels along hidden on the layer's output "
    "(``_keras_logits``)",
)
@pytest.mark.parametrize("way", ["tape", "evaluate", "fit"])
def test_softmax_and_crossentropy_meet_at_the_logits(way, tf, keras):
    """A saturated sample keeps its loss, 100, and its gradient."""
    model, x, y = saturated(keras, "softmax")
    if way == "tape":
        assert bias_gradient(tf, model, x, y).tolist() == [-1, 1]
    elif way == "evaluate":
        assert model.evaluate(x, y, verbose=0) == 100
    else:
        assert model.fit(x, y, verbose=0).history["loss"] == [100]


@guards(
    "numpy_net/losses.py",
    "so is one that ends in a sigmoid, whose z Keras takes for that of a "
    "softmax.",
)
def test_a_sigmoid_hands_over_its_logits_too(tf, keras):
    """sigmoid(0) = 0.5 and sigmoid(100) = 1 would make a loss of 1.1."""
    model, x, y = saturated(keras, "sigmoid")
    assert model.evaluate(x, y, verbose=0) == 100
    assert bias_gradient(tf, model, x, y).tolist() == [-1, 1]


@guards(
    "numpy_net/losses.py",
    "targets whose rows do not sum to 1 get the gradient p - y, which is not "
    "theirs.",
)
def test_keras_takes_every_target_for_a_distribution(tf, keras):
    """Of y = (1, 1) the loss is -log p_1 - log p_2, its slope 2 p - y.

    TensorFlow's is p - y: not the derivative of the loss that is reported.
    """
    model = build(keras, 1, (2, "softmax"), loss=CCE)
    model.set_weights([np.zeros((1, 2)), np.log([3.0, 1.0])])
    x, y = np.ones((1, 1)), np.ones((1, 2))
    loss = -np.log(0.75) - np.log(0.25)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(loss)
    gradient = bias_gradient(tf, model, x, y)
    np.testing.assert_allclose(gradient, [0.75 - 1, 0.25 - 1])


@guards(
    "numpy_net/losses.py",
    "p is y_pred divided by its row sum and clipped to [1e-7, 1 - 1e-7]",
)
def test_plain_probabilities_are_clipped(keras):
    """At most 16.118 a sample; 1e-7 and not 0 when perfect."""
    loss = keras.losses.CategoricalCrossentropy()
    y = np.array([[1.0, 0.0]])
    for other, p in ((1.0, 0.75), (0.0, 1 - 1e-7), (3e9, 1e-7)):
        value = float(loss(y, np.array([[3.0, other]])))
        assert value == pytest.approx(-np.log(p), rel=1e-8)


@guards(
    "tests/mistakes/values.py",
    "Keras itself, once a cast has lost the logits; its loss on arrays",
)
def test_a_cast_between_softmax_and_loss_loses_the_logits(tf, keras):
    """A float64 net under floatx float32: the worst sample is not learned.

    The loss converts the outputs to its own dtype, and the new tensor does
    not carry the logits. The clipped loss has no gradient.
    """
    keras.config.set_floatx("float32")
    model, x, y = saturated(keras, "softmax")
    assert model.layers[0].compute_dtype == "float64"
    assert bias_gradient(tf, model, x, y).tolist() == [0, 0]


@guards(
    "numpy_net/config.py",
    "there, set_floatx leaves the layers' dtype policy as it was once any "
    "layer has been made",
)
def test_floatx_is_not_the_dtype_policy(keras):
    """Losses follow floatx, layers follow the policy: set both."""
    keras.config.set_dtype_policy("float32")
    keras.config.set_floatx("float64")
    assert keras.layers.Dense(1).compute_dtype == "float32"
    assert keras.losses.MeanSquaredError().dtype == "float64"


@guards(
    "numpy_net/optimizers.py",
    "it rounds learning_rate to floatx, and momentum to float32, even in "
    "float64.",
)
@pytest.mark.parametrize("floatx", ["float32", "float64"])
def test_sgd_is_exact_but_for_its_settings(floatx, keras):
    """A step with learning rate and momentum 0.1, and one without gradient.

    W goes to -rate, and then by momentum * -rate.
    """
    keras.config.set_floatx(floatx)
    sgd = keras.optimizers.SGD(0.1, momentum=0.1)
    w = keras.Variable([0.0], dtype="float64")
    sgd.apply([np.ones(1)], [w])
    rate = float(np.dtype(floatx).type(0.1))
    assert w.numpy()[0] == -rate
    sgd.apply([np.zeros(1)], [w])
    assert w.numpy()[0] == -rate - float(np.float32(0.1)) * rate


@guards("numpy_net/optimizers.py", "[12] W -= learning_rate dW")
def test_a_plain_step_is_numpys_to_the_bit(keras, rng):
    """0.01 and no momentum unless given."""
    sgd = keras.optimizers.SGD()
    assert float(sgd.learning_rate) == 0.01
    assert sgd.momentum == 0
    w, gradient = rng.normal(size=(2, 50))
    variable = keras.Variable(w)
    sgd.apply([gradient], [variable])
    assert np.array_equal(variable.numpy(), w - 0.01 * gradient)


@guards(
    "numpy_net/regularizers.py", "it rounds l2 to float32, even in float64."
)
def test_l2_is_rounded_to_float32(keras):
    """The plain sum of squares, without a half."""
    term = keras.regularizers.L2(0.01)(np.full(1, 2.0))
    assert float(term) == 4 * float(np.float32(0.01))


@guards(
    "numpy_net/initializers.py",
    "With a seed it draws the same numbers at every call, as in Keras.",
)
def test_a_seeded_initializer_repeats_itself(keras):
    """Two equal layers with one seed have equal weights."""
    draw = keras.initializers.GlorotUniform(seed=1)
    assert np.array_equal(draw((3, 2)), draw((3, 2)))


@guards(
    "numpy_net/utils.py",
    "a seeded Keras shuffles every epoch alike, where this draws anew.",
)
@pytest.mark.parametrize("seed", [3, None])
def test_a_seeded_shuffle_repeats_itself(seed, tf, keras):
    """Three epochs, and a second fit: all in one order, if seeded."""
    orders = []

    def remember(y_true, y_pred):
        orders.append(tuple(y_true.numpy().ravel()))
        return 0.0 * y_pred

    model = build(keras, 1, (1,), learning_rate=0.0)
    model.compile("sgd", remember, run_eagerly=True)
    numbers = np.arange(30.0)[:, None]
    tf.random.set_seed(seed)
    for epochs in (2, 1):
        model.fit(numbers, numbers, 30, epochs, verbose=0)
    assert sorted(orders[0]) == list(range(30))
    assert orders[0] != tuple(range(30))
    assert len(set(orders)) == (3 if seed is None else 1)


@guards(
    "numpy_net/data.py",
    "Return how many samples remain for training, rounded as in Keras.",
)
def test_validation_split_rounds_down_what_is_left_for_training(keras):
    """100 (1 - 0.9) is 9.999999999999998: 9 to train, 91 to validate.

    With outputs of 0 the losses are the mean squares of either part, and
    tell which samples it holds: the last, shuffled or not.
    """
    model = build(keras, 1, (1,), learning_rate=0.0)
    model.set_weights([np.zeros((1, 1)), np.zeros(1)])
    y = np.arange(100.0)[:, None]
    history = model.fit(y, y, validation_split=0.9, verbose=0).history
    assert history["loss"][0] == pytest.approx(np.mean(y[:9] ** 2))
    assert history["val_loss"][0] == pytest.approx(np.mean(y[9:] ** 2))


@guards(
    "numpy_net/callbacks.py",
    "are running means over the epoch's batches, each taken before its own "
    "update",
)
def test_the_reported_loss_is_a_running_mean(keras):
    """w x with targets 0, rate 1/4: each step halves w, the loss is w^2.

    Batches of 2, 2 and 1 sample: (2 * 1 + 2 / 4 + 1 / 16) / 5 = 0.5125, not
    the mean of the batches, 0.4375, nor the loss afterwards, 1/64.
    """
    x = np.ones((5, 1))
    w = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), w])
    model.compile(keras.optimizers.SGD(0.25), "mean_squared_error")
    history = model.fit(x, 0 * x, 2, shuffle=False, verbose=0).history
    assert history["loss"] == [0.5125]
    assert model.evaluate(x, 0 * x, verbose=0) == 1 / 64


@guards(
    "numpy_net/metrics.py",
    "it adds 1e-7 to the denominators, which makes its values smaller by up "
    "to 1.5e-7.",
)
def test_f1_of_a_perfect_net_is_below_1(keras):
    metric = keras.metrics.F1Score(average="macro")
    metric.update_state(np.eye(2), np.eye(2))
    assert 0 < 1 - float(metric.result()) < 1.6e-7


@guards(
    "numpy_net/metrics.py",
    "A sample is predicted to be of every class whose output equals its "
    "largest (ties count twice), and of none if all outputs are 0. A class "
    "that neither occurs nor is predicted scores 0.",
)
def test_f1_of_ties_zeros_and_absent_classes(keras):
    """The tie predicts classes 0 and 1, the row of zeros nothing.

    Class 0: TP 1. Class 1: TP 0, FP 1, FN 1. Class 2: nothing at all.
    """
    metric = keras.metrics.F1Score()
    metric.update_state(
        np.eye(3)[[0, 1]], np.array([[0.5, 0.5, 0.1], [0.0, 0.0, 0.0]])
    )
    np.testing.assert_allclose(metric.result(), [1, 0, 0], atol=2e-7)


@guards(
    "keras_net/metrics.py", "Keras averages this over the batches of an epoch"
)
def test_a_function_as_metric_is_averaged_over_the_batches(keras):
    """A net without a fault: 0.3, 0.2 and 0.1 for 3, 2 and 1 classes."""
    from keras_net.metrics import per_batch_f1

    model = build(keras, 10, (10,))
    model.set_weights([np.eye(10), np.zeros(10)])
    model.compile("sgd", "mse", metrics=[per_batch_f1])
    y = np.eye(10)[[0, 1, 2, 3, 4, 4, 5, 5, 5]]
    got = model.evaluate(y, y, 3, verbose=0, return_dict=True)
    assert got["per_batch_f1"] == pytest.approx(0.2)


@guards(
    "tests/pairs.py",
    "compiled a second time, the old one would keep its metrics.",
)
def test_a_second_compile_keeps_the_metrics_of_the_first(keras):
    """numpy_net forgets them; Keras reports the accuracy still."""
    model = build(keras, 1, (1,))
    model.compile("sgd", "mse", metrics=["accuracy"])
    model.evaluate(np.ones((1, 1)), np.ones((1, 1)), verbose=0)
    model.compile("sgd", "mse")
    got = model.evaluate(
        np.ones((1, 1)), np.ones((1, 1)), verbose=0, return_dict=True
    )
    assert sorted(got) == ["accuracy", "loss"]


@guards(
    "numpy_net/sequential.py",
    "Make one update; return loss and metrics from before it.",
)
def test_train_on_batch_forgets_the_batches_before(keras):
    """With outputs of 0 the losses are 4, and then 1, not their mean."""
    model = build(keras, 1, (1,), learning_rate=0.0)
    model.set_weights([np.zeros((1, 1)), np.zeros(1)])
    for target in (2.0, 1.0):
        y = np.full((1, 1), target)
        assert model.train_on_batch(y, y) == target**2


@guards("numpy_net/sequential.py", "batch_size is 32 unless given")
def test_a_batch_is_32_unless_given(keras):
    """33 samples make two steps."""
    model = build(keras, 1, (1,))
    model.fit(np.ones((33, 1)), np.ones((33, 1)), verbose=0)
    assert int(model.optimizer.iterations) == 2
