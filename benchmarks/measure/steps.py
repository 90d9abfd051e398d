"""What a step costs: timed blocks of updates, whole epochs, single calls."""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from timeit import Timer
from typing import Any

import numpy as np

from benchmarks.data.dataset import Samples
from benchmarks.measure.job import Array, Job, Trained
from benchmarks.measure.messages import Progress
from benchmarks.measure.trainers import train
from benchmarks.record import run
from benchmarks.rows.table import points
from numpy_net import activations, losses, updates

Timed = Iterator[tuple[str, Callable[[], object]]]
BLOCKS = 3
SAMPLES = (1_000, 3_000, 10_000)  # and all: does an epoch grow with them?


def sweep(job: Job, quick: bool) -> tuple[run.Sweep, run.Verified]:
    """Time updates at every point of a row, by the function that trains it.

    Unless ``quick``, also whole epochs of fewer samples, and of numpy_net
    its single calls and the memory it takes.
    """
    todo, blocks = points(job.row, quick), []
    for number, (units, batch_size) in enumerate(todo, start=1):
        blocks += _blocks(job, units, batch_size)
        job.tell(Progress(number, len(todo) + 1))
    whole, sizes = len(job.samples.x), []
    for count in (*(n for n in SAMPLES if n < whole and not quick), whole):
        part = job.part(job.samples.first(count), epochs=2)
        trained = train(replace(part, phases=job.phases))
        sizes.append(run.Size(count, _seconds(trained)[-1]))
    epoch = run.WholeEpoch(job.batch_size, job.steps, sizes[-1].seconds)
    swept = run.Sweep(blocks, sizes, epoch)
    if job.row.trainer == "NumPy fit" and not quick:
        swept.calls, swept.memory = list(_calls(job)), list(_memory(job))
    return swept, trained.verified


def _blocks(job: Job, units: int, batch_size: int) -> list[run.Block]:
    """Timed blocks at one width and batch size; an earlier one warms up."""
    # Of a tenth of a second of work or more.
    affordable = int(0.3 * 2e10 / (6 * 794 * units * batch_size))
    steps = max(20, min(job.row.steps, 50_000 // batch_size, affordable))
    some = np.resize(np.arange(len(job.samples.x)), steps * batch_size)
    x, y, *validation = job.samples
    part = job.part(
        Samples(x[some], y[some], *validation),
        units=None if units == 30 else units,
        batch_size=batch_size,
        epochs=BLOCKS + 1,
    )
    return [
        run.Block(units, batch_size, steps, seconds)
        for seconds in _seconds(train(part))[1:]
    ]


def _seconds(trained: Trained) -> list[float]:
    assert trained.clock is not None
    return [epoch.wall for epoch in trained.clock.epochs]


def _memory(job: Job) -> Iterator[run.Memory]:
    """The most that an epoch of updates by one sample allocates.

    Nothing if there are too few samples to tell. Measured by tracemalloc,
    in epochs that are not timed.
    """
    # From 3,000 on: fit shuffles a thousand samples at a time, and while it
    # takes the next thousand the layers still hold the last.
    counts = (3_000, min(20_000, len(job.samples.x)))
    for count in counts if counts[1] > counts[0] else ():
        model = job.new_net()
        x, y = (a[:count] for a in job.samples[:2])
        model.fit(x[:100], y[:100], 1, verbose=0)
        tracemalloc.start()
        model.fit(x, y, 1, verbose=0)
        yield run.Memory(count, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


def _calls(job: Job) -> Iterator[run.Call]:
    """Where do a step's microseconds go? Each call timed alone.

    On the arrays that it has in the step; the last is the whole step. What
    it takes beyond their sum is Python's way from call to call. Of so short
    a time the best is taken: all that can happen to it lengthens it.
    """
    for size in (1, 10):
        model = job.new_net()
        x, y = (a[:size] for a in job.samples[:2])
        model.train_on_batch(x, y)
        for name, call in _of_a_step(model, x, y):
            yield run.Call(size, name, min(Timer(call).repeat(20, 100)) / 100)


def _of_a_step(model: Any, x: Array, y: Array) -> Timed:
    """The inside of numpy_net's step: the one place here that knows it."""
    flatten, hidden, output = model.layers
    h, o = hidden.activation, output.activation
    loss = losses.get(model.loss)
    x1, z1, a1 = hidden.forward(flatten(x))
    x2, z2, a2 = output.forward(a1)
    da = loss.gradient(y, a2)
    delta2 = output.backward((x2, z2, a2), da)
    dx = output.input_gradient((x2, z2, a2), delta2)
    delta1 = hidden.backward((x1, z1, a1), dx)
    yield "rows of the images", lambda: flatten.forward(x)
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
    yield from _updates("output", output, x2, delta2)
    yield from _updates("hidden", hidden, x1, delta1)
    step = model._step(len(x))
    yield "the whole step", lambda: step(x, y)


def _updates(name: str, layer: Any, x: Array, delta: Array) -> Timed:
    gemm, bias, ones, pieces = updates.prepared(layer, len(x))
    yield f"[4] [12] {name} kernel", _update(gemm, delta, x, pieces)
    update = _update(gemm, delta, ones.T, [(None, bias)])
    yield f"[5] [12] {name} bias", update


def _update(gemm: Any, delta: Any, x: Any, pieces: Any) -> Callable[[], None]:
    """With so small a rate that the weights stay what they are."""

    def update() -> None:
        for rows, W in pieces:
            part = x.T if rows is None else x.T[rows]
            gemm(1e-9, delta.T, part, 1, W, 0, 1, 1)

    return update
