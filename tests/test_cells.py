"""The report's own cells: import numpy_net as ks, and nothing else changes.

The same text is run twice, with ks for keras and for numpy_net, on images
of the assignment's size. It is written as students write it: Keras's
models, layers, utils, a loss by a short name, a function as a metric.
"""

import re
from contextlib import ExitStack, contextmanager
from functools import partialmethod
from unittest import mock

import numpy as np
import pytest

import numpy_net
from tests.pairs import (
    assert_same_history,
    assert_same_weights,
    learnable_images,
    mnist_images,
)

pytestmark = pytest.mark.keras

LABELS = """
y_train_categorical = ks.utils.to_categorical(y_train)
y_test_categorical = ks.utils.to_categorical(y_test, num_classes=10)
"""

ASSIGNMENT = """
model = ks.models.Sequential()
model.add(ks.layers.Input((28, 28)))
model.add(ks.layers.Flatten())
model.add(ks.layers.Dense(30, activation='sigmoid'))
model.add(ks.layers.Dense(10, activation='sigmoid'))

model.compile(
    loss='MSE',
    optimizer=ks.optimizers.SGD(learning_rate=0.25),
    metrics=['accuracy', f1],
)
model.summary()
"""

CUSTOM = """
model = ks.models.Sequential([
    ks.layers.Input((28, 28)),
    ks.layers.Flatten(),
    ks.layers.Dense(200, activation='relu'),
    ks.layers.Dense(50, activation='relu'),
    ks.layers.Dense(20, activation='relu'),
    ks.layers.Dense(10, activation='softmax')
])

model.compile(loss='MSE', optimizer=ks.optimizers.SGD(0.10),
              metrics=['accuracy', f1])
model.summary()
"""

TRAIN = """
history = model.fit(x_train, y_train_categorical, epochs=5, batch_size=10,
                    validation_split=(1/6))
"""

CURVES = """
curves = {}
for name in ('loss', 'accuracy', f1.__name__):
    curves[name] = history.history[name], history.history['val_' + name]
    assert len(curves[name][0]) == len(curves[name][1]) == 5
"""

TEST = """
predicted = model.predict(x_test)
digits = np.argmax(predicted, axis=1)
loss, accuracy, f1_of_batches = model.evaluate(x_test, y_test_categorical)
share = np.mean(digits == y_test)
"""


def namespaces(x, labels):
    """What the cells before left: ks, f1 and the data, for both sides."""
    import keras

    from keras_net.metrics import per_batch_f1

    more = {"np": np, "x_train": x[100:], "x_test": x[:100]}
    more |= {"y_train": labels[100:], "y_test": labels[:100]}
    ours = {"ks": numpy_net, "f1": numpy_net.metrics.per_batch_f1}
    return ours | more, {"ks": keras, "f1": per_batch_f1} | more


def images(which, rng, request):
    """Dense random images of strong contrast, or the first of MNIST."""
    if which == "random":
        x, y = learnable_images(rng, 900)
        x = 3 * (x - 0.5)
    else:
        x, y = mnist_images(request.getfixturevalue("mnist"), 400)
    return x, y.argmax(axis=1)


def run(cells, names):
    """Each cell on both sides; equal weights once there is a model."""
    for cell in cells:
        for one in names:
            exec(cell, one)
        if cell in (ASSIGNMENT, CUSTOM):
            ours, theirs = (one["model"] for one in names)
            theirs.set_weights(ours.get_weights())


@pytest.mark.parametrize("which", ["random", "MNIST"])
@pytest.mark.parametrize("net", [ASSIGNMENT, CUSTOM], ids=["own", "custom"])
def test_the_cells_of_the_report_run_on_both_sides(
    net, which, rng, request, keras, capsys
):
    """In one order of the samples every figure is the same."""
    names = namespaces(*images(which, rng, request))
    run([LABELS, net], names)
    start = names[0]["model"].get_weights()
    with in_the_given_order(keras):
        run([TRAIN, CURVES, TEST], names)
    ours, theirs = names
    mine, its = (one["history"].history for one in names)
    print(side_by_side(mine, its))  # pytest -s shows it
    assert list(mine) == list(its)
    for name in mine:  # the F1 of batches, too: at the gate of the history
        np.testing.assert_allclose(mine[name], its[name], rtol=1e-12)
    if which == "random":
        assert max(mine["per_batch_f1"]) > 0.02, "nothing to be compared"
    assert_same_history({"loss": mine["loss"]}, {"loss": its["loss"]})
    assert_same_weights("weights, 200 steps", ours["model"], theirs["model"])
    for a, b in zip(start, ours["model"].get_weights(), strict=True):
        assert np.abs(a - b).max() > 1e-3
    np.testing.assert_allclose(
        ours["predicted"], theirs["predicted"], rtol=0, atol=1e-12
    )
    assert ours["share"] == theirs["share"] == ours["accuracy"]
    for name in ("loss", "accuracy", "f1_of_batches"):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-12)


@contextmanager
def in_the_given_order(keras):
    """fit's own default is to shuffle, each side by its own draws."""
    with ExitStack() as stack:
        for kind in (numpy_net.Sequential, keras.Model):
            fit = partialmethod(kind.fit, shuffle=False)
            stack.enter_context(mock.patch.object(kind, "fit", fit))
        yield


def side_by_side(mine, its):
    lines = [f"{'':24} {'NumPy':>20} {'Keras':>20}"]
    for name, values in mine.items():
        for epoch, pair in enumerate(zip(values, its[name], strict=True), 1):
            lines.append(
                f"{name:20} {epoch:3} {pair[0]:20.15f} {pair[1]:20.15f}"
            )
    return "\n".join(lines)


def test_unchanged_in_every_word_they_shuffle_and_learn(rng, keras, capsys):
    """Each side by its own draws: other figures, of one form."""
    names = namespaces(*images("random", rng, None))
    run([LABELS, ASSIGNMENT, TRAIN, CURVES, TEST], names)
    mine, its = (one["history"].history for one in names)
    assert list(mine) == list(its)
    assert mine["loss"] != its["loss"]
    for ours, theirs in zip(mine.values(), its.values(), strict=True):
        assert [type(v) for v in ours] == [type(v) for v in theirs]
        assert len(ours) == len(theirs) == 5
    for one in names:
        assert (
            one["history"].history["loss"][-1]
            < one["history"].history["loss"][0]
        )
        assert one["predicted"].shape == (100, 10)
    assert type(names[0]["predicted"]) is type(names[1]["predicted"])


def test_labels_become_equal_rows(rng, keras):
    labels = rng.integers(0, 7, 50)
    labels[0] = 6
    for given in (labels, labels[:, None], labels.astype("uint8"), [0, 2, 1]):
        for more in ({}, {"num_classes": 9}):
            ours = numpy_net.utils.to_categorical(given, **more)
            theirs = keras.utils.to_categorical(given, **more)
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)


def test_the_script_calls_both_nets_by_the_same_lines():
    """assignment.py: one function for both, and nothing for Keras alone."""
    from tests.test_architectures import ROOT

    text = (ROOT / "assignment.py").read_text("utf-8")
    calls = re.findall(r"^ *train\((.*)\)$", text, re.M)
    assert [re.sub(r'"[^"]*"|\w+_(model|custom)', "", c) for c in calls] == [
        ", , settings"
    ] * 4
    assert "**quiet" not in text
