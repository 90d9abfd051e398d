"""The NumPy rows: the textbook page, numpy_net's fit, and what lies between.

per_sample, looped and vectorised are three spellings of the same four
equations that the ladder walks through; fit is numpy_net itself.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

import numpy_net.utils
from benchmarks.measure.clock import Enough
from benchmarks.measure.job import Array, Job, Trained, flat
from benchmarks.record.run import Verified
from numpy_net import per_sample as textbook
from numpy_net.per_sample import LEARNING_RATE, sigmoid

Weights = list[Array]
# x (N, 784), y (N, 10) and weights, to be changed -> mean loss, accuracy.
TrainEpoch = Callable[[Array, Array, Weights], tuple[float, float]]


def fit(job: Job) -> Trained:
    """numpy_net's fit."""
    with job.phases("build"):
        model = job.new_net()
    x, y = (a.astype(model.dtype) for a in job.samples[:2])
    start = model.get_weights()
    if job.warm:
        one = slice(job.batch_size)
        with job.phases("first step"):
            model.fit(x[one], y[one], job.batch_size, verbose=0, shuffle=False)
        model.set_weights(start)
    clock = job.clock(model.get_weights)
    before = model.optimizer.iterations
    numpy_net.utils.set_random_seed(job.seed)  # fit draws what orders() has
    with job.phases("training"), suppress(Enough):
        model.fit(x, y, job.batch_size, job.epochs, 0, [clock])
    rate = float(model.optimizer.learning_rate)
    return Trained(
        predict=lambda x: model.predict(x, verbose=0),
        verified=Verified(str(model.dtype), "cpu", rate),
        clock=clock,
        updates=model.optimizer.iterations - before,
        weights=model.get_weights(),
        start=start,
    )


def per_sample(job: Job) -> Trained:
    """The textbook program, per_sample.py, one epoch after another."""
    return train(job, textbook.train_epoch)


def looped(job: Job) -> Trained:
    """One update a batch, still one sample at a time."""
    return train(job, _in_batches(job.batch_size, _looped_gradients))


def vectorised(job: Job) -> Trained:
    """One update a batch, the batch as one matrix."""
    return train(job, _in_batches(job.batch_size, _matrix_gradients))


def train(
    job: Job, train_epoch: TrainEpoch, first: str = "first step"
) -> Trained:
    """What fit does around the epochs, for a function that trains one."""
    with job.phases("build"):
        weights = job.new_net().get_weights()
    start = [w.copy() for w in weights]
    images, y = (a.astype(job.row.dtype) for a in job.samples[:2])
    x, one = flat(images), slice(job.batch_size)
    if job.warm:
        with job.phases(first):
            train_epoch(x[one], y[one], [w.copy() for w in weights])

    def train_in_order(order: Array) -> dict[str, float]:
        loss, accuracy = train_epoch(x[order], y[order], weights)
        return {"loss": loss, "accuracy": accuracy}

    clock = job.train(train_in_order, weights)
    return Trained(
        lambda x: textbook.predict(flat(x), weights),
        Verified(str(weights[0].dtype), "cpu", LEARNING_RATE),
        *(clock, job.steps * len(clock.epochs), weights, start),
    )


def _in_batches(batch_size: int, gradients: Any) -> TrainEpoch:
    """An epoch in which one update follows each batch."""

    def train_epoch(
        x: Array, y: Array, weights: Weights
    ) -> tuple[float, float]:
        loss, right = 0.0, 0
        for start in range(0, len(x), batch_size):
            batch = slice(start, start + batch_size)
            means, loss_sum, hits = gradients(x[batch], y[batch], weights)
            loss, right = loss + loss_sum, right + hits
            for weight, gradient in zip(weights, means, strict=True):
                weight -= LEARNING_RATE * gradient  # [12]
        return loss / len(x), right / len(x)

    return train_epoch


def _looped_gradients(x_batch: Array, y_batch: Array, weights: Weights) -> Any:
    """The mean of the samples' gradients; sum of losses; right answers."""
    W1, b1, W2, b2 = weights
    totals = [np.zeros_like(w) for w in weights]
    loss, right = 0.0, 0
    for x, y in zip(x_batch, y_batch, strict=True):
        a1 = sigmoid(x @ W1 + b1)
        a2 = sigmoid(a1 @ W2 + b2)
        loss += float(np.mean((a2 - y) ** 2))
        right += int(a2.argmax() == y.argmax())
        delta2 = 2 / 10 * (a2 - y) * a2 * (1 - a2)
        delta1 = delta2 @ W2.T * a1 * (1 - a1)
        gradients = (np.outer(x, delta1), delta1, np.outer(a1, delta2), delta2)
        for total, gradient in zip(totals, gradients, strict=True):
            total += gradient
    return [total / len(x_batch) for total in totals], loss, right


def _matrix_gradients(x: Array, y: Array, weights: Weights) -> Any:
    """The same of the whole batch at once: the equations of layers.py."""
    W1, b1, W2, b2 = weights
    a1 = sigmoid(x @ W1 + b1)  # [1] [2]
    a2 = sigmoid(a1 @ W2 + b2)
    loss = float(np.sum(np.mean((a2 - y) ** 2, axis=1)))
    right = int(np.sum(a2.argmax(axis=1) == y.argmax(axis=1)))
    delta2 = 2 / y.size * (a2 - y) * a2 * (1 - a2)  # [8] [3]
    delta1 = delta2 @ W2.T * a1 * (1 - a1)  # [6] [3]
    means = [x.T @ delta1, delta1.sum(0), a1.T @ delta2, delta2.sum(0)]
    return means, loss, right
