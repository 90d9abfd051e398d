"""Callbacks: the hooks, their order and logs, and who ends a training.

Each training runs twice, here and in Keras, from equal weights and in one
order of the samples.
"""

import numpy as np
import pytest

import numpy_net
from numpy_net import callbacks, display
from numpy_net.optimizers import SGD
from tests.pairs import assert_same_history, assert_same_weights, both
from tests.test_sequential import small_net

HOOKS = [
    f"on_{what}_{when}"
    for what in ("train", "epoch", "test", "predict")
    for when in ("begin", "end")
]


def net(library, rate=0.5, loss="mean_squared_error"):
    """5-7-3 with two metrics; Keras's without compilation."""
    model = library.Sequential(
        [
            library.Input((5,)),
            library.layers.Dense(7, "tanh"),
            library.layers.Dense(3, "softmax"),
        ]
    )
    scores = ["accuracy", library.metrics.F1Score("macro")]
    model.compile(library.optimizers.SGD(rate), loss, metrics=scores)
    if library is not numpy_net:
        model.run_eagerly = True
    return model


@pytest.fixture
def pair(keras):
    return both(net)


@pytest.fixture
def data(rng):
    """23 samples: the last batch of 10 is short."""
    return rng.normal(size=(23, 5)), np.eye(3)[rng.integers(0, 3, 23)]


def recorder(library, told):
    """A callback of that library that notes each hook and its logs."""

    def note(hook):
        def heard(self, *arguments):
            *epoch, logs = arguments
            told.append((hook, epoch, {**logs}))

        return heard

    kind = (library.callbacks.Callback,)
    return type("Told", kind, {hook: note(hook) for hook in HOOKS})()


def library_of(model):
    import keras

    return numpy_net if isinstance(model, numpy_net.Sequential) else keras


def fitted(model, data, make=lambda library: [], **more):
    """Train with the callbacks that make(library) gives."""
    more = {"batch_size": 10, "epochs": 4, "shuffle": False} | more
    more = {"validation_split": 0.3, "verbose": 0} | more
    return model.fit(*data, callbacks=make(library_of(model)), **more)


# Order and logs


@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_hooks_come_in_keras_order_with_keras_logs(validation, pair, data):
    told = {}
    for model in pair:
        one = told[model] = []
        fitted(
            model, data, lambda library, one=one: [recorder(library, one)],
            epochs=2, validation_split=validation,
        )  # fmt: skip
    ours, theirs = told.values()
    assert [call[:2] for call in ours] == [call[:2] for call in theirs]
    for (_, _, mine), (hook, _, its) in zip(ours, theirs, strict=True):
        assert list(mine) == list(its), hook
        assert_same_history(mine, its)
    inner = ["on_test_begin", "on_test_end"] * bool(validation)
    epoch = ["on_epoch_begin", *inner, "on_epoch_end"]
    assert [call[0] for call in ours] == [
        *("on_train_begin", *epoch, *epoch, "on_train_end")
    ]


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_callbacks_know_model_and_params(verbose, pair, data, capsys):
    seen = []

    def make(library):
        class Knows(library.callbacks.Callback):
            def on_train_begin(self, logs=None):
                seen.append((self.model, self.params))

        return [Knows()]

    for model in pair:
        fitted(model, data, make, epochs=1, verbose=verbose)
    (ours, mine), (theirs, its) = seen
    assert (ours, theirs) == pair
    assert mine == its


def test_the_users_callbacks_come_first_and_may_add_to_the_logs(pair, data):
    """What one adds, the next and the History find; one logs for all."""
    found = []

    def make(library):
        class Adds(library.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                logs["rate"] = 0.5 / (epoch + 1)

        class Reads(library.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                found.append(logs["rate"])

        return [Adds(), Reads()]

    histories = [fitted(m, data, make, epochs=2).history for m in pair]
    assert_same_history(*histories)
    assert histories[0]["rate"] == [0.5, 0.25]
    assert found == [0.5, 0.25] * 2


def test_a_history_that_is_given_is_the_one_that_is_returned(pair, data):
    for model in pair:
        library = library_of(model)
        mine = library.callbacks.History()
        for epochs in (2, 1):  # a second fit adds to it
            made = fitted(model, data, lambda _, h=mine: [h], epochs=epochs)
            assert made is mine is model.history
        assert len(mine.history["loss"]) == 3
        assert mine.epoch == [0]


def test_a_new_history_for_each_fit(pair, data):
    for model in pair:
        first, second = (fitted(model, data, epochs=2) for _ in range(2))
        assert first is not second
        assert len(first.history["loss"]) == len(second.history["loss"]) == 2
        assert model.history is second


# Who ends a training


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_test_end"])
def test_stop_training_ends_it_with_the_epoch(hook, pair, data):
    """tensorflow#41174: epoch 1 of 5 said stop, and 5 were trained."""
    ended = []

    def make(library):
        def stop(self, *_):
            self.count = getattr(self, "count", 0) + 1
            if self.count == 2:
                self.model.stop_training = True

        def end(self, logs):
            ended.append({**logs})

        kind = (library.callbacks.Callback,)
        return [type("Stops", kind, {hook: stop, "on_train_end": end})()]

    histories = [fitted(model, data, make, epochs=5) for model in pair]
    for history in histories:
        assert history.epoch == [0, 1]
    assert_same_history(*(history.history for history in histories))
    assert_same_history(*ended)
    assert_same_weights("weights, 200 steps", *pair)


def test_the_next_fit_is_not_stopped_by_the_last(pair, data):
    for model in pair:
        model.stop_training = True
        assert fitted(model, data, epochs=2).epoch == [0, 1]
        assert model.stop_training is False


# EarlyStopping, ours and Keras's

WAVES = {
    # val_loss, epoch by epoch, as it is given to both
    "falls": [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3],
    "rises": [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    "a valley": [1.0, 0.7, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    "two valleys": [1.0, 0.6, 0.8, 0.7, 0.9, 0.5, 0.55, 0.52],
    "small steps": [1.0, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93],
    "flat": [0.5] * 8,
    "nan, then well": [np.nan, 0.6, 0.5, 0.4, 0.45, 0.47, 0.46, 0.41],
    "well, then nan": [0.6, 0.5, np.nan, 0.4, np.nan, np.nan, 0.3, 0.2],
}
SETTINGS = [
    {},
    {"patience": 1},
    {"patience": 2, "restore_best_weights": True},
    {"patience": 3, "min_delta": 0.05},
    {"patience": 2, "min_delta": -0.15, "restore_best_weights": True},
    {"mode": "max", "patience": 2, "restore_best_weights": True},
    {"mode": "min", "min_delta": 0.011, "patience": 1},
    {"mode": "max", "min_delta": 0.15},
    {"baseline": 0.55, "patience": 2},
    {"baseline": 0.55, "patience": 3, "restore_best_weights": True},
    {"baseline": 0.2, "patience": 0},
    {"baseline": 0.55, "mode": "max", "patience": 1},
    {"start_from_epoch": 3},
    {"start_from_epoch": 3, "patience": 2, "restore_best_weights": True},
    {"start_from_epoch": 20, "restore_best_weights": True},
]


class Model:
    """What EarlyStopping sees of a model; its weight is the epoch."""

    def __init__(self):
        self.stop_training, self.epoch, self.metrics = False, None, []

    def get_weights(self):
        return self.epoch

    def set_weights(self, epoch):
        self.epoch = epoch


def played(stopping, values):
    """Give it val_loss epoch by epoch; return how it ends, twice."""
    ends = []
    for _ in range(2):  # it is used again for the next fit
        model = Model()
        stopping.set_model(model)
        stopping.on_train_begin({})
        for epoch, value in enumerate(values):
            model.epoch = epoch
            stopping.on_epoch_end(epoch, {"loss": 1.0, "val_loss": value})
            if model.stop_training:
                break
        stopping.on_train_end({})
        state = (stopping.wait, stopping.stopped_epoch, stopping.best_epoch)
        ends.append((epoch, model.epoch, state, repr(stopping.best)))
    return ends


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_early_stopping_is_keras_early_stopping(settings, keras):
    """The epoch where it stops, the weights restored, what can be read."""
    for name, values in WAVES.items():
        ours = played(callbacks.EarlyStopping(**settings), values)
        theirs = played(keras.callbacks.EarlyStopping(**settings), values)
        assert ours == theirs, name


def overfitting(rng):
    """Few samples with random labels: the validation loss soon rises."""
    x = rng.normal(size=(40, 5))
    return x, np.eye(3)[rng.integers(0, 3, 40)]


STOPPINGS = [
    {"monitor": "val_loss", "patience": 2, "restore_best_weights": True},
    {"monitor": "val_accuracy", "patience": 3, "restore_best_weights": True},
    {"monitor": "val_f1_score", "patience": 2, "mode": "max"},
    {"monitor": "loss", "min_delta": 0.01, "patience": 1},
]


@pytest.mark.parametrize("settings", STOPPINGS, ids=str)
def test_it_stops_our_fit_where_keras_stops_keras(settings, keras, rng):
    """And so does Keras's own, in our fit."""
    ours, theirs = both(lambda library: net(library, rate=2.0))
    mixed = net(numpy_net, rate=2.0)
    mixed.set_weights(ours.get_weights())
    x, y = overfitting(rng)
    more = {"epochs": 25, "validation_split": 0.5}

    def stopping(library, **more):
        return lambda _: [library.callbacks.EarlyStopping(**settings | more)]

    histories = [
        fitted(model, (x, y), stopping(library, **how), **more)
        for model, library, how in [
            (ours, numpy_net, {}),
            (theirs, keras, {}),
            # it does not know our metrics: see the next test
            (mixed, keras, {"mode": "max"} if "y" in settings["monitor"]
             or "f1" in settings["monitor"] else {}),
        ]
    ]  # fmt: skip
    assert 2 < len(histories[1].epoch) < 25, "it never stopped, or at once"
    for model, history in ((ours, histories[0]), (mixed, histories[2])):
        assert history.epoch == histories[1].epoch
        assert_same_history(history.history, histories[1].history)
        assert_same_weights("weights, 200 steps", model, theirs)


def test_keras_early_stopping_asks_for_the_mode_of_our_metrics(keras, data):
    """It looks for Keras's metrics in the model; it says what to do."""
    stopping = keras.callbacks.EarlyStopping(monitor="val_accuracy")
    with pytest.raises(ValueError, match="Pass `mode='max'`"):
        fitted(net(numpy_net), data, lambda _: [stopping])


def test_best_weights_are_those_of_the_best_epoch(data):
    """Restored at the end even if patience was never used up."""
    kept = []

    class Keep(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(self.model.get_weights())

    for patience in (2, 50):
        kept.clear()
        model = net(numpy_net, rate=2.0)
        stopping = callbacks.EarlyStopping(
            "val_loss", patience=patience, restore_best_weights=True
        )
        rng = np.random.default_rng(3)
        history = fitted(
            model, overfitting(rng), lambda _, s=stopping: [Keep(), s],
            epochs=20, validation_split=0.5,
        )  # fmt: skip
        best = int(np.argmin(history.history["val_loss"]))
        assert best < len(history.epoch) - 1
        assert stopping.best_epoch == best
        pairs = zip(model.get_weights(), kept[best], strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"monitor": None}, "monitor: expected a name, got None"),
        ({"min_delta": "small"}, "min_delta: expected a number"),
        ({"min_delta": np.nan}, "min_delta: expected a number"),
        ({"patience": -1}, "patience: expected a whole number of at least 0"),
        ({"patience": 1.5}, "patience: expected a whole number of at least 0"),
        ({"mode": "lowest"}, "unknown mode 'lowest'; known: auto, max, min"),
        ({"baseline": "low"}, "baseline: expected a number"),
        ({"restore_best_weights": 2}, "restore_best_weights: expected True"),
        ({"start_from_epoch": -1}, "start_from_epoch: expected a whole numb"),
        ({"verbose": "loud"}, "verbose: expected a whole number"),
    ],
    ids=str,
)
def test_early_stopping_refuses_what_makes_no_sense(settings, line):
    with pytest.raises(ValueError, match=line) as caught:
        callbacks.EarlyStopping(**settings)
    assert "\n" not in str(caught.value)


def test_a_metric_of_unknown_direction_needs_a_mode(data):
    model = small_net(metrics=[per_batch])
    with pytest.raises(ValueError, match="expected mode='min' or 'max' for"):
        model.fit(
            *images(6),
            verbose=0,
            callbacks=[callbacks.EarlyStopping("per_batch")],
        )


def per_batch(y_true, y_pred):
    return np.mean(y_true * y_pred)


def images(count):
    rng = np.random.default_rng(7)
    return rng.uniform(size=(count, 28, 28)), np.eye(10)[np.arange(count) % 10]


def test_a_monitor_that_is_not_there_is_told_and_stops_nothing(pair, data):
    """A warning each epoch, and the training goes on, as in Keras."""
    for model in pair:
        stopping = library_of(model).callbacks.EarlyStopping(
            "val_los", mode="min"
        )
        with pytest.warns(UserWarning, match="val_los.*(available|among)"):
            history = fitted(model, data, lambda _, s=stopping: [s], epochs=2)
        assert history.epoch == [0, 1]


def test_early_stopping_says_what_it_did(pair, rng, capsys):
    said = []
    for model in pair:
        model.optimizer.learning_rate = 2.0
        stopping = library_of(model).callbacks.EarlyStopping(
            patience=1, verbose=1, restore_best_weights=True
        )
        random = np.random.default_rng(3)
        fitted(
            model, overfitting(random), lambda _, s=stopping: [s],
            epochs=25, validation_split=0.5,
        )  # fmt: skip
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert "early stopping\nRestoring model weights from the end" in said[0]


# Keras's other callbacks in our fit, and what is refused


@pytest.mark.filterwarnings("ignore:__array__")  # of TensorFlow itself
def test_keras_callbacks_change_our_learning_rate(keras, data, tmp_path):
    """LearningRateScheduler, ReduceLROnPlateau, CSVLogger, LambdaCallback."""
    ours, theirs = both(net)
    lines = []

    def make(library):
        seen = []
        lines.append(seen)
        kinds = keras.callbacks
        return [
            kinds.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            kinds.ReduceLROnPlateau(
                "loss", factor=0.5, patience=1, min_delta=1
            ),
            kinds.CSVLogger(tmp_path / f"{library.__name__}.csv"),
            kinds.LambdaCallback(on_epoch_end=lambda e, logs: seen.append(e)),
        ]

    histories = [fitted(m, data, make).history for m in (ours, theirs)]
    assert_same_history(*histories)
    assert_same_weights("weights, 200 steps", ours, theirs)
    assert lines == [[0, 1, 2, 3]] * 2
    assert ours.optimizer.learning_rate == pytest.approx(
        float(theirs.optimizer.learning_rate), rel=1e-12
    )
    assert ours.optimizer.learning_rate < 0.2
    logs = [
        (tmp_path / f"{name}.csv").read_text().splitlines()
        for name in ("numpy_net", "keras")
    ]
    assert logs[0][0] == logs[1][0]
    assert len(logs[0]) == len(logs[1]) == 5


BATCH_HOOKS = [
    *("on_batch_begin", "on_batch_end"),
    *("on_train_batch_begin", "on_train_batch_end"),
    *("on_test_batch_begin", "on_test_batch_end"),
]


@pytest.mark.parametrize("hook", BATCH_HOOKS)
@pytest.mark.parametrize("whose", ["ours", "keras"])
def test_a_hook_of_batches_is_refused_with_the_reason(
    hook, whose, keras, data
):
    """keras#3000: it was dropped."""
    kind = callbacks.Callback if whose == "ours" else keras.callbacks.Callback
    counts = type("Counts", (kind,), {hook: lambda self, *_, **__: None})()
    model = net(numpy_net)
    before = model.get_weights()
    with pytest.raises(
        ValueError, match=f"Counts has {hook}, and single"
    ) as e:
        fitted(model, data, lambda _: [counts])
    assert "use on_epoch_end, or a loop of train_on_batch" in str(e.value)
    assert "\n" not in str(e.value)
    pairs = zip(before, model.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_keras_callbacks_of_batches_are_refused(keras, data, tmp_path):
    for callback in (
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.ModelCheckpoint(tmp_path / "a.keras", save_freq=2),
    ):
        name = type(callback).__name__
        with pytest.raises(ValueError, match=f"{name} has on_.*batch_end"):
            fitted(net(numpy_net), data, lambda _, c=callback: [c])


@pytest.mark.parametrize(
    "wrong",
    [print, callbacks.Callback, callbacks.EarlyStopping, "EarlyStopping", 3],
)
def test_what_is_no_callback_is_refused(wrong, data):
    with pytest.raises(
        ValueError, match="callbacks: expected a Callback, got"
    ):
        fitted(net(numpy_net), data, lambda _: [wrong])


def test_a_callback_without_a_base_that_lacks_hooks_is_refused(data):
    """With on_epoch_end alone it passed, and then AttributeError."""

    class Alone:
        def on_epoch_end(self, epoch, logs=None): ...

    with pytest.raises(
        ValueError, match="callbacks: expected a Callback, got"
    ):
        fitted(net(numpy_net), data, lambda _: [Alone()])


def test_every_hook_of_keras_is_there(keras):
    theirs = keras.callbacks.Callback
    hooks = [name for name in dir(theirs) if name.startswith("on_")]
    assert sorted(callbacks.HOOKS) == hooks
    for name in [*hooks, "set_model", "set_params", "model"]:
        assert hasattr(callbacks.Callback(), name)


# verbose: what is printed


def shown(capsys):
    """The last state of each line, without colours, seconds left out."""
    import re

    text = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    lines = [re.split("[\r\x08]", line)[-1] for line in text.split("\n")]
    lines = [re.sub(r"\b\d+(us|ms|s)\b", "*", line) for line in lines]
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
@pytest.mark.parametrize("epochs", [1, 3])
def test_fit_prints_what_keras_prints(verbose, epochs, pair, data, capsys):
    said = []
    for model in pair:
        fitted(model, data, epochs=epochs, verbose=verbose)
        said.append(shown(capsys))
    assert said[0] == said[1]
    assert (len(said[0]) > 1) == (verbose != 0)
    if verbose:
        assert "2/2" in said[0][-2]
        assert " - val_f1_score: 0." in said[0][-2]


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_evaluate_and_predict_print_what_keras_prints(
    verbose, pair, data, capsys
):
    said = []
    for model in pair:
        model.evaluate(*data, batch_size=2, verbose=verbose)
        model.predict(data[0], batch_size=2, verbose=verbose)
        said.append(shown(capsys))
    assert said[0] == said[1]
    assert len(said[0]) == (3 if verbose else 1)


def test_verbose_shows_what_is_told_by_default(data, capsys):
    """As in Keras: auto is 1."""
    model = net(numpy_net)
    model.fit(*data)
    by_default = shown(capsys)
    model.fit(*data, verbose=1)
    assert len(by_default) == len(shown(capsys)) == 2


@pytest.mark.parametrize("verbose", ["loud", 3, -1, True, False, None, 1.5])
def test_other_verbosity_is_refused(verbose, data):
    model = net(numpy_net)
    for use in (
        lambda: model.fit(*data, verbose=verbose),
        lambda: model.evaluate(*data, verbose=verbose),
        lambda: model.predict(data[0], verbose=verbose),
    ):
        with pytest.raises(ValueError, match='verbose: expected "auto", 0, 1'):
            use()


def test_the_bar_moves_in_a_terminal_only(monkeypatch, capsys):
    import sys

    model = small_net(optimizer=SGD(0.1))
    for terminal in (False, True):
        monkeypatch.setattr(sys.stdout, "isatty", lambda t=terminal: t)
        monkeypatch.setattr(display, "perf_counter", Clock())
        model.fit(*images(30), batch_size=1)
        moves = capsys.readouterr().out.count("\r")
        assert (moves > 1) == terminal


class Clock:
    """A tenth of a second passes between two looks."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.1
        return self.now
