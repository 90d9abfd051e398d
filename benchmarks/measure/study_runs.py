"""Trains the variants of study.py with numpy_net, several at a time.

Nothing here is timed: the question is what a change does to the answers.
numpy_net and Keras give the same answers, so the faster start decides.
"""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

import numpy_net
from benchmarks.measure import judging, orphans
from benchmarks.measure.job import Samples
from benchmarks.rows.study import Variant
from numpy_net import callbacks, config, regularizers, utils

Array = np.ndarray


def train_all(
    variants: list[Variant],
    samples: Samples,
    test: tuple[Array, Array],
    parent: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Train each; give what became of it as soon as it is done.

    test: images (N, 28, 28) and labels (N,). Where they are trained is what
    joblib is set to: one after the other, if it is set to nothing. Processes
    on this machine end with the process ``parent``, if one is named.
    """
    from joblib import Parallel, delayed

    parallel = Parallel(return_as="generator_unordered")
    yield from parallel(
        delayed(_train_for)(parent, variant, *samples, *test)
        for variant in variants
    )


def _train_for(
    parent: int | None, variant: Variant, *arrays: Array
) -> dict[str, Any]:
    """Train one, in a process that works for another, or in that one."""
    if parent not in (None, os.getpid()):
        orphans.end_with(parent)
    *samples, x_test, labels = arrays
    return train(variant, Samples(*samples), x_test, labels)


def train(
    variant: Variant, samples: Samples, x_test: Array, labels: Array
) -> dict[str, Any]:
    """Train one; judge it after every epoch, and on the test images."""
    config.set_floatx("float32")
    utils.set_random_seed(variant.seed)
    model = make_net(variant)
    after = _Judge(model, samples)
    found = {"key": variant.key, "settings": variant.settings()}
    try:
        model.fit(
            samples.x,
            samples.y,
            variant.batch_size,
            variant.epochs,
            verbose=0,
            callbacks=[after],
        )
    except FloatingPointError as error:
        return found | {"status": "diverged", "message": str(error)}
    if not all(np.isfinite(w).all() for w in model.weights):
        return found | {
            "status": "diverged",
            "message": "the last batch made the weights infinite",
        }
    outputs = model.predict(x_test, 1000, verbose=0)
    test_found = judging.judge(labels, outputs)
    return found | {
        "status": "ok",
        "parameters": model.count_params(),
        "epochs": after.epochs,
        "test": {
            name: test_found[name]
            for name in ("accuracy", "f1_weighted", "f1_macro")
        },
    }


def make_net(variant: Variant) -> numpy_net.Sequential:
    """The variant's net, with weights from the generator as it stands."""
    layers: list[Any] = [
        numpy_net.Input((28, 28)),
        numpy_net.layers.Flatten(),
    ]
    shapes = [(units, variant.activation) for units in variant.units]
    for units, activation in (*shapes, (10, variant.output)):
        decay = regularizers.L2(variant.l2) if variant.l2 else None
        layers.append(
            numpy_net.layers.Dense(units, activation, kernel_regularizer=decay)
        )
    model = numpy_net.Sequential(layers)
    model.compile(
        numpy_net.optimizers.SGD(variant.learning_rate),
        "mean_squared_error",
        metrics=["accuracy", numpy_net.metrics.F1Score(average="macro")],
    )
    return model


class _Judge(callbacks.Callback):
    """After each epoch: the squared error without the L2 terms, and F1.

    Of training samples as many are judged as there are for validation: the
    first ones, by the weights after the epoch, so that the two compare.
    """

    def __init__(self, model: Any, samples: Samples) -> None:
        self.model, self.samples = model, samples
        self.epochs: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        s = self.samples
        entry: dict[str, float] = {}
        for name, x, y in (
            ("train_", s.x[: len(s.x_val)], s.y[: len(s.x_val)]),
            ("val_", s.x_val, s.y_val),
        ):
            outputs = self.model.predict(x, 1000, verbose=0)
            entry |= {
                f"{name}{key}": value for key, value in _of(y, outputs).items()
            }
        self.epochs.append(entry)


def _of(y: Array, outputs: Array) -> dict[str, float]:
    macro = numpy_net.metrics.F1Score(average="macro")
    macro.update_state(y, outputs)
    hits = outputs.argmax(axis=1) == y.argmax(axis=1)
    return {
        "loss": float(np.mean((outputs - y) ** 2, dtype=float)),
        "accuracy": float(np.mean(hits)),
        "f1_macro": float(macro.result()),
        "per_batch_f1": judging.per_batch_f1(y, outputs),
    }
