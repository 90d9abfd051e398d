"""One step of numpy_net, call by call: where do its microseconds go?

Each call of a step is timed alone, over and over, on the arrays that it has
in the step. Their sum is held to the whole step; the rest is what Python
takes to go from call to call.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from timeit import Timer
from typing import Any

import numpy as np

from benchmarks.measure.job import Job
from numpy_net import activations, fused

SIZES = (1, 10)


def calls(job: Job) -> list[dict[str, Any]]:
    """{batch_size, call, seconds} of every call; the last is the step."""
    found = []
    for size in SIZES:
        model = job.new_net()
        x, y = (a[:size] for a in job.samples[:2])
        model.train_on_batch(x, y)
        for name, call in _of_a_step(model, x, y):
            found.append(
                {"batch_size": size, "call": name, "seconds": _seconds(call)}
            )
    return found


def _of_a_step(
    model: Any, x: np.ndarray, y: np.ndarray
) -> Iterator[tuple[str, Callable[[], object]]]:
    hidden, output = model.trainable
    h, o = hidden.activation, output.activation
    da = model.loss.gradient(y, output.a)
    yield "rows of the images", lambda: model.layers[0].forward(x)
    yield "[1] hidden, x W", lambda: hidden.x.dot(hidden.kernel)
    yield "[1] hidden, + b", lambda: hidden.z + hidden.bias[None]
    yield "[2] hidden", lambda: h(hidden.z)
    yield "[1] output, x W", lambda: output.x.dot(output.kernel)
    yield "[1] output, + b", lambda: output.z + output.bias[None]
    yield "[2] output", lambda: o(output.z)
    yield "[7] loss", lambda: model._loss_value(y)
    yield "[8] its gradient", lambda: model.loss.gradient(y, output.a)
    yield "[3] output", lambda: activations.VJP[o](output.a, da)
    yield "[6] output", lambda: output.delta.dot(output.kernel.T)
    dx = output.delta.dot(output.kernel.T)
    yield "[3] hidden", lambda: activations.VJP[h](hidden.a, dx)
    for name, layer in (("output", output), ("hidden", hidden)):
        _, gemm, bias, ones, pieces = fused.prepared(layer, len(x))
        yield f"[4] [12] {name} kernel", _update(gemm, layer, layer.x, pieces)
        yield (
            f"[5] [12] {name} bias",
            _update(gemm, layer, ones.T, [(slice(None), bias)]),
        )
    yield "the whole step", lambda: model._train_step(x, y)


def _update(gemm: Any, layer: Any, x: Any, pieces: Any) -> Callable[[], None]:
    """With so small a rate that the weights stay what they are."""

    def update() -> None:
        for rows, W in pieces:
            gemm(1e-9, layer.delta.T, x.T[rows], 1, W, 0, 1, 1)

    return update


def _seconds(call: Callable[[], object]) -> float:
    """Seconds of one call: the best of twenty times a hundred.

    The best, because all that can happen to so short a time lengthens it.
    """
    return min(Timer(call).repeat(20, 100)) / 100


def memory(job: Job) -> list[dict[str, int]]:
    """{samples, bytes}: the most that an epoch allocates, by data size.

    Nothing if there are too few samples to tell.

    Measured by tracemalloc, in epochs that are not timed.
    """
    found = []
    # From 3,000 on: fit shuffles a thousand samples at a time, and while it
    # takes the next thousand the layers still hold the last.
    counts = (3_000, min(20_000, len(job.samples.x)))
    for count in counts if counts[1] > counts[0] else ():
        model = job.new_net()
        x, y = (a[:count] for a in job.samples[:2])
        model.fit(x[:100], y[:100], job.batch_size)
        tracemalloc.start()
        model.fit(x, y, job.batch_size)
        found.append(
            {"samples": len(x), "bytes": tracemalloc.get_traced_memory()[1]}
        )
        tracemalloc.stop()
    return found
