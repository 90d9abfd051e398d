"""Trains the variants of rows/study.py with numpy_net, several at a time.

Nothing here is timed: the question is what a change does to the answers.
numpy_net and Keras give the same answers, so the faster start decides.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import numpy_net
from benchmarks.data.dataset import Samples
from benchmarks.measure.conditions import end_with
from benchmarks.measure.job import Array, NetClock, dense_net, silent
from benchmarks.measure.scores import per_batch_f1, score
from benchmarks.record.run import Studied, StudyEpoch, StudyTest
from benchmarks.rows.study import Variant
from numpy_net import config, utils


@contextmanager
def processes(count: int, folder: str | None = None) -> Iterator[None]:
    """Train within this by so many processes, each net on one thread.

    What they share lies in ``folder`` meanwhile: in the system's own, which
    may be memory, a kill would leave it for ever.
    """
    from joblib import parallel_config
    from threadpoolctl import threadpool_limits

    with (
        threadpool_limits(1),  # one process of joblib's is this one
        parallel_config(
            "loky", n_jobs=count, inner_max_num_threads=1, temp_folder=folder
        ),
    ):
        yield


def train_all(
    variants: list[Variant], samples: Samples, test: tuple[Array, Array]
) -> Iterator[Studied]:
    """Train each; give what became of it as soon as it is done.

    test: images (N, 28, 28) and labels (N,). One after the other, or by
    processes() that end with this one.
    """
    from joblib import Parallel, delayed

    parallel = Parallel(return_as="generator_unordered")
    yield from parallel(
        delayed(_train_for)(os.getpid(), variant, samples, *test)
        for variant in variants
    )


def _train_for(
    parent: int, variant: Variant, samples: Samples, x: Array, labels: Array
) -> Studied:
    """Train one, in a process that works for another, or in that one."""
    if parent != os.getpid():
        end_with(parent)
    return train(variant, samples, x, labels)


def train(
    variant: Variant, samples: Samples, x_test: Array, labels: Array
) -> Studied:
    """Train one; judge it after every epoch, and on the test images."""
    config.set_floatx("float32")
    utils.set_random_seed(variant.seed)
    model = make_net(variant)
    clock = NetClock(variant.epochs, silent, model.get_weights)
    size, epochs = variant.batch_size, variant.epochs
    try:
        model.fit(samples.x, samples.y, size, epochs, 0, [clock])
    except FloatingPointError as error:
        return Studied(variant, "diverged", str(error))
    test = score(labels, model.predict(x_test, 1000, verbose=0))
    return Studied(
        variant,
        "ok",
        parameters=model.count_params(),
        epochs=[judge(model, w, samples) for w in clock.snapshots],
        test=StudyTest(test.accuracy, test.f1_weighted, test.f1_macro),
    )


def make_net(variant: Variant) -> Any:
    """The variant's net, with weights from the generator as it stands."""
    hidden = [(units, variant.activation) for units in variant.units]
    layers = (*hidden, (10, variant.output))
    return dense_net(numpy_net, layers, variant.learning_rate, l2=variant.l2)


def judge(model: Any, weights: list[Array], samples: Samples) -> StudyEpoch:
    """Scores on training and validation images, of one epoch's weights.

    Of training samples as many are judged as there are for validation, by
    the weights after the epoch, so that the two compare.
    """
    model.set_weights(weights)
    x, y, x_val, y_val = samples
    count = len(x_val)
    return StudyEpoch(
        *_scores(y[:count], model.predict(x[:count], 1000, verbose=0)),
        *_scores(y_val, model.predict(x_val, 1000, verbose=0)),
    )


def _scores(y: Array, outputs: Array) -> tuple[float, float, float, float]:
    """Squared error without the L2 terms, accuracy, macro and batch F1."""
    macro = numpy_net.metrics.F1Score(average="macro")
    macro.update_state(y, outputs)
    hits = outputs.argmax(axis=1) == y.argmax(axis=1)
    loss = float(np.mean((outputs - y) ** 2, dtype=float))
    f1 = float(macro.result())
    return loss, float(np.mean(hits)), f1, per_batch_f1(y, outputs)
