"""Step cost: t = alpha + beta * batch_size, and where two rows cross.

alpha is spent before any sample is looked at: calls, dispatch, iterator,
optimizer. beta is what each sample adds: arithmetic and memory.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from msgspec import Struct

from benchmarks.analysis.intervals import Estimate, estimate, line
from benchmarks.record.record import Record
from benchmarks.record.run import Sweep, WholeEpoch
from benchmarks.rows.row import Row
from benchmarks.rows.table import FEW

STRAIGHT = 0.15  # a worse residual, and no line explains the points
EXPLAINED = 0.10  # between predicted and measured epoch
UNITS = 30  # of the assignment's net
Times = dict[int, Estimate]  # seconds of a step by its size


class Cost(Struct, frozen=True):
    """What a step of one row of the group step costs at one width.

    times        by batch size
    alpha, beta  None if there is but one batch size
    residual     the worst |line / time - 1|, at batch size worst
    epoch        as people train it, to which the cost is held
    measured     seconds of that epoch
    """

    row: Row
    units: int
    times: Times
    alpha: Estimate | None
    beta: Estimate | None
    residual: float
    worst: int
    epoch: WholeEpoch
    measured: Estimate

    @property
    def straight(self) -> bool:
        return self.residual <= STRAIGHT

    @property
    def by_line(self) -> bool:
        """Whether the line predicts the epoch; else the timed point does."""
        return self.alpha is not None and self.straight

    @property
    def predicted(self) -> float:
        """Seconds of the epoch: (alpha + beta * batch size) * steps."""
        step = self.times[self.epoch.batch_size].value
        if self.alpha and self.beta and self.by_line:
            step = self.alpha.value + self.beta.value * self.epoch.batch_size
        return step * self.epoch.steps

    @property
    def off(self) -> float:
        return self.predicted / self.measured.value - 1

    @property
    def explained(self) -> bool:
        return abs(self.off) <= EXPLAINED


def costs(record: Record) -> Iterator[Cost]:
    """The cost of every row at every width, in the table's order."""
    for row in record.rows:
        sweeps = [run.sweep for run in record.swept(row) if run.sweep]
        for units in sorted({b.units for s in sweeps for b in s.blocks}):
            yield _cost(row, units, sweeps)


def _cost(row: Row, units: int, sweeps: list[Sweep]) -> Cost:
    processes = [_times(sweep, units) for sweep in sweeps]
    times = {
        size: estimate(t[size] for t in processes if size in t)
        for size in sorted({size for times in processes for size in times})
    }
    fits = [line(list(t.items())) for t in processes if len(t) > 1]
    alpha, beta, off = None, None, {min(times): 0.0}
    if fits:
        alpha, beta = map(estimate, zip(*fits, strict=True))
        for size, time in times.items():
            off[size] = abs((alpha.value + beta.value * size) / time.value - 1)
    worst = max(off, key=lambda size: off[size])
    epoch = sweeps[0].epoch
    measured = estimate(sweep.epoch.seconds for sweep in sweeps)
    fit = (alpha, beta, off[worst], worst)
    return Cost(row, units, times, *fit, epoch, measured)


def _times(sweep: Sweep, units: int) -> dict[int, float]:
    """Of one process, at one width: medians of blocks."""
    seconds = defaultdict(list)
    for block in sweep.blocks:
        if block.units == units:
            seconds[block.batch_size].append(block.seconds / block.steps)
    return {size: median(values) for size, values in seconds.items()}


def closings(costs: list[Cost]) -> list[Cost]:
    """The costs that can be held to a measured epoch."""
    nets = [cost for cost in costs if cost.units == UNITS]
    return [cost for cost in nets if cost.epoch.batch_size in cost.times]


class Crossing(Struct, frozen=True):
    """Where two rows change places along one axis.

    where    what the other axis is held at
    span     least and greatest size that both have
    cheaper  of the two rows, below the first turn; never slower without one
    turns    between the measured sizes, on logarithmic scales
    """

    axis: str
    where: str
    span: tuple[int, int]
    cheaper: Row
    dearer: Row
    turns: list[float]


def crossings(costs: list[Cost], *rows: Row) -> Iterator[Crossing]:
    """Where two rows cross: by batch size, then by width at a few of them.

    An axis on which they share fewer than two sizes has no crossing.
    """
    a, b = (
        {cost.units: cost.times for cost in costs if cost.row.name == row.name}
        for row in rows
    )
    by_size = (times.get(UNITS, {}) for times in (a, b))
    yield from _crossing("batch size", f"{UNITS} units", rows, *by_size)
    for few in FEW:
        by_width = (
            {units: times[few] for units, times in of.items() if few in times}
            for of in (a, b)
        )
        yield from _crossing("width", f"batch {few}", rows, *by_width)


def _crossing(
    axis: str, where: str, rows: tuple[Row, ...], a: Times, b: Times
) -> Iterator[Crossing]:
    sizes = sorted(a.keys() & b.keys())
    gaps = [(n, math.log(a[n].value / b[n].value)) for n in sizes]
    apart = [(n, gap) for n, gap in gaps if gap]  # where equal, no one's
    turns = [
        n * (next_n / n) ** (gap / (gap - next_gap))
        for (n, gap), (next_n, next_gap) in pairwise(apart)
        if gap * next_gap < 0
    ]
    swap = apart and apart[0][1] > 0
    cheaper, dearer = rows[::-1] if swap else rows
    if len(sizes) > 1:
        span = (sizes[0], sizes[-1])
        yield Crossing(axis, where, span, cheaper, dearer, turns)
