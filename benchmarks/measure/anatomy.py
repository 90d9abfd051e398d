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
from numpy_net import activations, losses, updates

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
    flatten, hidden, output = model.layers
    h, o = hidden.activation, output.activation
    loss = losses.get(model.loss)
    yield "rows of the images", lambda: flatten.forward(x)
    x1, z1, a1 = hidden.forward(flatten(x))
    x2, z2, a2 = output.forward(a1)
    da = loss.gradient(y, a2)
    delta2 = output.backward((x2, z2, a2), da)
    dx = output.input_gradient((x2, z2, a2), delta2)
    delta1 = hidden.backward((x1, z1, a1), dx)
    yield "[1] hidden, x W", lambda: x1.dot(hidden.kernel)
    yield "[1] hidden, + b", lambda: z1 + hidden.bias[None]
    yield "[2] hidden", lambda: h(z1)
    yield "[1] output, x W", lambda: x2.dot(output.kernel)
    yield "[1] output, + b", lambda: z2 + output.bias[None]
    yield "[2] output", lambda: o(z2)
    yield "[7] loss", lambda: loss(y, a2)
    yield "[8] its gradient", lambda: loss.gradient(y, a2)
    yield "[3] output", lambda: activations.VJP[o](a2, da)
    yield "[6] output", lambda: delta2.dot(output.kernel.T)
    yield "[3] hidden", lambda: activations.VJP[h](a1, dx)
    for name, layer, rows, delta in (
        ("output", output, x2, delta2),
        ("hidden", hidden, x1, delta1),
    ):
        gemm, bias, ones, pieces = updates.prepared(layer, len(x))
        kernel = _update(gemm, delta, rows, pieces)
        yield f"[4] [12] {name} kernel", kernel
        yield (
            f"[5] [12] {name} bias",
            _update(gemm, delta, ones.T, [(None, bias)]),
        )
    step = model._step(len(x))
    yield "the whole step", lambda: step(x, y)


def _update(gemm: Any, delta: Any, x: Any, pieces: Any) -> Callable[[], None]:
    """With so small a rate that the weights stay what they are."""

    def update() -> None:
        for rows, W in pieces:
            part = x.T if rows is None else x.T[rows]
            gemm(1e-9, delta.T, part, 1, W, 0, 1, 1)

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
        model.fit(x[:100], y[:100], job.batch_size, verbose=0)
        tracemalloc.start()
        model.fit(x, y, job.batch_size, verbose=0)
        found.append(
            {"samples": len(x), "bytes": tracemalloc.get_traced_memory()[1]}
        )
        tracemalloc.stop()
    return found
