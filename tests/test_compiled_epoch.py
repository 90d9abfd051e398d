"""fit_compiled is fit: the same updates, histories and weights.

An epoch as one program may not be another training: each test trains one
copy of a model with fit and one with fit_compiled, in the same order.
"""

import numpy as np
import pytest

from tests.pairs import assert_orders_are_new, in_given_order, orders_seen
from tests.tolerances import assert_within

pytestmark = [pytest.mark.keras, pytest.mark.usefixtures("keras")]


def fit_compiled(*arguments, **more):
    from keras_net import compiled_epoch

    return compiled_epoch.fit_compiled(*arguments, **more)


def net(
    activation="tanh",
    output="softmax",
    momentum=0.0,
    l2=None,
    loss="categorical_crossentropy",
    rate=0.1,
):
    """12-7-4, compiled."""
    import keras

    penalty = keras.regularizers.L2(l2) if l2 else None
    model = keras.Sequential(
        [
            keras.Input((12,)),
            keras.layers.Dense(7, activation, kernel_regularizer=penalty),
            keras.layers.Dense(4, output),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(rate, momentum=momentum),
        loss=loss,
        metrics=["accuracy", keras.metrics.F1Score(average="macro")],
    )
    return model


def twins(make, **settings):
    """Two models with the same weights."""
    first, second = make(**settings), make(**settings)
    second.set_weights(first.get_weights())
    return first, second


def samples(rng, count=23):
    x = rng.normal(size=(count, 12))
    return x, np.eye(4)[rng.integers(0, 4, count)]


def in_the_orders(model, x, y, orders, **fitting):
    """fit, one epoch after another, the samples put in order beforehand."""
    histories = [
        model.fit(x[o], y[o], epochs=1, shuffle=False, verbose=0, **fitting)
        for o in orders
    ]
    return {
        name: [value for h in histories for value in h.history[name]]
        for name in histories[0].history
    }


def assert_same(ours, theirs, moved_from):
    for a, b, start in zip(
        ours.get_weights(), theirs.get_weights(), moved_from, strict=True
    ):
        assert_within("weights, compiled epoch vs fit", a, b)
        assert np.abs(b - start).max() > 1e-4, "the weights never moved"


@pytest.mark.parametrize("batch_size", [1, 10, 40])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"momentum": 0.9, "rate": 0.02},
        {"l2": 0.01, "activation": "relu"},
        {"loss": "mean_squared_error", "output": "sigmoid", "rate": 2.0},
    ],
    ids=["log loss", "momentum", "L2", "squared error"],
)
def test_weights_and_history_are_those_of_fit(settings, batch_size, rng):
    """Two epochs in given orders; 23 samples leave a short last batch."""
    ours, theirs = twins(net, **settings)
    start = ours.get_weights()
    x, y = samples(rng)
    orders = np.stack([rng.permutation(23) for _ in range(2)])
    got = fit_compiled(
        ours, x, y, batch_size=batch_size, epochs=2, orders=orders
    )
    expected = in_the_orders(theirs, x, y, orders, batch_size=batch_size)
    assert_same(ours, theirs, start)
    assert set(got.history) == set(expected)
    for name, values in expected.items():
        assert_within("history of a compiled epoch", got.history[name], values)
    assert int(ours.optimizer.iterations) == int(theirs.optimizer.iterations)


@pytest.mark.parametrize("split", [0.25, 1 / 6])
def test_validation_is_that_of_fit(split, rng):
    """The last part, before any shuffling; judged after each epoch."""
    ours, theirs = twins(net)
    x, y = samples(rng, 31)
    got = fit_compiled(
        ours, x, y, batch_size=4, epochs=3, validation_split=split,
        shuffle=False,
    )  # fmt: skip
    expected = theirs.fit(
        x, y, batch_size=4, epochs=3, validation_split=split, shuffle=False,
        verbose=0,
    )  # fmt: skip
    assert list(got.history) == list(expected.history)
    for name, values in expected.history.items():
        assert_within("history of a compiled epoch", got.history[name], values)
    assert got.epoch == expected.epoch == [0, 1, 2]


def test_float32_stays_float32(rng, keras):
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    ours, theirs = twins(net)
    x, y = (a.astype("float32") for a in samples(rng, 200))
    orders = np.stack([rng.permutation(200) for _ in range(3)])
    fit_compiled(ours, x, y, batch_size=10, epochs=3, orders=orders)
    in_the_orders(theirs, x, y, orders, batch_size=10)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_within("weights, compiled epoch vs fit", a, b, dtype="float32")


def test_every_epoch_has_an_order_of_its_own_from_keras_seed(keras):
    """One order for all epochs would be that of the first."""

    def seen(seed, shuffle=True):
        def train(model, x, y, **more):
            keras.utils.set_random_seed(seed)
            fit_compiled(model, x, y, batch_size=1, shuffle=shuffle, **more)

        return orders_seen(keras, train)

    first = seen(1)
    assert_orders_are_new(first)
    assert seen(1) == first
    assert seen(2) != first
    assert seen(1, shuffle=False) == [in_given_order()] * 3


def test_callbacks_hear_of_epochs_and_can_stop(rng, keras):
    heard = []

    class Listener(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            heard.append(("begin", epoch))

        def on_test_end(self, logs=None):
            heard.append(("tested", sorted(logs)))

        def on_epoch_end(self, epoch, logs=None):
            heard.append(("end", type(logs["loss"])))
            self.model.stop_training = epoch == 1

    x, y = samples(rng)
    history = fit_compiled(
        net(), x, y, epochs=9, callbacks=[Listener()], validation_data=(x, y)
    )
    assert history.epoch == [0, 1]
    assert heard[:3] == [
        ("begin", 0),
        ("tested", ["accuracy", "f1_score", "loss"]),
        ("end", float),
    ]


def test_terminate_on_nan_stops_after_the_epoch(rng, keras, capsys):
    """keras#6747: five epochs of nan passed."""
    x, y = samples(rng)
    x[3] = np.nan
    for stops, epochs in ((True, [0]), (False, [0, 1, 2])):
        told = [keras.callbacks.TerminateOnNaN()] * stops
        history = fit_compiled(net(), x, y, epochs=3, callbacks=told)
        assert history.epoch == epochs
        assert np.isnan(history.history["loss"]).all()
    assert "Invalid loss, terminating training" in capsys.readouterr().out
    raises = keras.callbacks.TerminateOnNaN(raise_error=True)
    with pytest.raises(RuntimeError, match="NaN or Inf loss encountered"):
        fit_compiled(net(), x, y, epochs=3, callbacks=[raises])


def test_terminate_on_nan_lets_a_good_training_be(rng, keras):
    x, y = samples(rng)
    nan = keras.callbacks.TerminateOnNaN()
    assert fit_compiled(net(), x, y, epochs=2, callbacks=[nan]).epoch == [0, 1]


@pytest.mark.parametrize("alone", [True, False])
def test_callbacks_of_batches_are_refused_in_one_line(
    alone, rng, keras, tmp_path
):
    """keras#21771: ModelCheckpoint(save_freq=2) wrote nothing."""
    x, y = samples(rng)
    kinds, model = keras.callbacks, net()
    before = model.get_weights()
    told = [
        kinds.ModelCheckpoint(tmp_path / "{batch}.keras", save_freq=2),
        kinds.BackupAndRestore(tmp_path, save_freq=2),
        kinds.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
        *(
            type("Mine", (kinds.Callback,), {hook: lambda *_, **__: None})()
            for hook in (
                *("on_batch_begin", "on_batch_end", "on_train_batch_begin"),
                *("on_train_batch_end", "on_test_batch_end"),
            )
        ),
    ]
    for callback in told:
        given = callback if alone else [kinds.History(), callback]
        name = type(callback).__name__
        with pytest.raises(
            ValueError, match=rf"{name} has on_\w*batch.*train with model\.fit"
        ) as caught:
            fit_compiled(model, x, y, callbacks=given)
        assert "\n" not in str(caught.value)
    for a, b in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.filterwarnings("ignore:__array__")  # of TensorFlow itself
def test_what_an_epoch_ends_is_done(rng, keras, tmp_path):
    """A checkpoint an epoch, and EarlyStopping where fit stops, too."""
    x, y = samples(rng)
    saved = keras.callbacks.ModelCheckpoint(
        tmp_path / "{epoch}.weights.h5", save_weights_only=True
    )
    ours, theirs = twins(net, rate=4.0)
    histories = []
    for train, model, more in (
        (fit_compiled, ours, [saved]),
        (type(theirs).fit, theirs, []),
    ):
        stops = keras.callbacks.EarlyStopping("loss", patience=1)
        histories.append(
            train(
                model, x, y, epochs=40, callbacks=[stops, *more],
                shuffle=False, verbose=0,
            ).epoch
        )  # fmt: skip
    assert histories[0] == histories[1]
    assert len(histories[0]) < 40
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {f"{i + 1}.weights.h5" for i in histories[0]}


def test_dropout_is_that_of_a_model_compiled_by_xla(rng, keras):
    """The docstring's second difference: 0.04 from fit, 0 from this one."""
    x, y = samples(rng)
    start = None

    def trained(train, jit):
        nonlocal start
        model = keras.Sequential(
            [
                keras.Input((12,)),
                keras.layers.Dense(7, "tanh"),
                keras.layers.Dropout(0.5, seed=3),
                keras.layers.Dense(4, "softmax"),
            ]
        )
        start = start or model.get_weights()
        model.set_weights(start)
        model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=jit)
        train(model, x, y, batch_size=5, epochs=2, shuffle=False, verbose=0)
        return model.get_weights()

    fit = keras.Model.fit
    got = trained(fit_compiled, "auto")
    for a, b in zip(got, trained(fit, True), strict=True):
        assert_within("weights, compiled epoch vs fit", a, b)
    others = zip(got, trained(fit, False), strict=True)
    assert max(np.abs(a - b).max() for a, b in others) > 1e-3


def test_a_program_is_compiled_once_until_compile_is_called(rng, keras):
    model = net()
    x, y = samples(rng)
    first = fit_compiled(model, x, y, batch_size=5)
    again = fit_compiled(model, x, y, batch_size=5)
    assert again.compile_seconds < first.compile_seconds / 5
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(0.0), loss="mse", metrics=["mae"])
    anew = fit_compiled(model, x, y, batch_size=5)
    assert sorted(anew.history) == ["loss", "mae"]
    assert np.array_equal(before[0], model.get_weights()[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "batch_size: expected a whole number of at l"),
        ({"epochs": 1.5}, "epochs: expected a whole number"),
        ({"y": np.eye(4)}, "expected equally many samples"),
        ({"x": np.zeros((0, 12)), "y": np.zeros((0, 4))}, "at least 1"),
        ({"validation_split": 1.0}, r"expected a share in \(0, 1\)"),
        ({"validation_split": 0.999}, "leaves samples"),
        ({"orders": np.arange(23)}, r"orders: expected shape \(1, 23\)"),
        ({"orders": np.zeros((1, 23))}, "each row a permutation of 0 to 22"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(change, message, rng):
    x, y = samples(rng)
    with pytest.raises(ValueError, match=message) as caught:
        fit_compiled(**({"model": net(), "x": x, "y": y} | change))
    assert "\n" not in str(caught.value)


def test_models_that_cannot_be_compiled_are_refused_in_one_line(rng, keras):
    x, y = samples(rng)
    with pytest.raises(ValueError, match="call compile"):
        fit_compiled(keras.Sequential([keras.layers.Dense(4)]), x, y)
    eager = net()
    eager.run_eagerly = True
    with pytest.raises(ValueError, match="run_eagerly=True; set"):
        fit_compiled(eager, x, y)

    class InPython(keras.layers.Layer):
        def call(self, inputs):
            import tensorflow as tf

            return tf.ensure_shape(
                tf.numpy_function(lambda a: a, [inputs], inputs.dtype),
                inputs.shape,
            )

    model = keras.Sequential(
        [keras.Input((12,)), InPython(), keras.layers.Dense(4)]
    )
    model.compile(loss="mse")
    with pytest.raises(ValueError, match="XLA cannot compile") as caught:
        fit_compiled(model, x, y)
    assert "\n" not in str(caught.value)
    assert "train it with model.fit" in str(caught.value)


@pytest.mark.parametrize("name", ["assignment_net", "custom_net"])
def test_both_real_nets_on_mnist(name, mnist, rng):
    """A hundred steps of the assignment's settings."""
    from keras_net import architectures

    ours, theirs = twins(getattr(architectures, name))
    start = ours.get_weights()
    x = mnist.scaled(mnist.x_train[:1003])
    y = np.eye(10)[mnist.y_train[:1003]]
    order = rng.permutation(1003)[np.newaxis]
    fit_compiled(ours, x, y, batch_size=10, orders=order)
    in_the_orders(theirs, x, y, order, batch_size=10)
    assert_same(ours, theirs, start)
