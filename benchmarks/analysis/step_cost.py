"""Step cost: t = alpha + beta * batch_size, and where two rows cross.

alpha is what a step costs before any sample is looked at: calls, dispatch,
iterator, optimizer. beta is what each sample adds: arithmetic and memory.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Literal

from msgspec import Struct

from benchmarks.analysis.intervals import Estimate, estimate, line
from benchmarks.record.record import Record
from benchmarks.record.run import Sweep
from benchmarks.rows.row import Row
from benchmarks.rows.table import FEW

STRAIGHT = 0.15  # a worse residual, and no line explains the points
EXPLAINED = 0.10  # between predicted and measured epoch
UNITS = 30  # of the assignment's net
Times = dict[int, float]  # batch size -> seconds of a step
Axis = Literal["batch size", "width"]
Gaps = list[tuple[int, float]]  # size, log of one row's time over another's


class Cost(Struct, frozen=True):
    """What a step of one row of the group step costs at one width.

    times     batch size -> seconds of a step, an estimate over processes
    alpha     seconds, and beta seconds per sample; None if there is but
              one batch size
    residual  the worst |line / time - 1|, and at which batch size
    """

    row: Row
    units: int
    times: dict[int, Estimate]
    alpha: Estimate | None
    beta: Estimate | None
    residual: float
    worst: int

    @property
    def straight(self) -> bool:
        return self.residual <= STRAIGHT


def costs(record: Record) -> Iterator[Cost]:
    """The cost of every row at every width, in the table's order."""
    for row in record.rows:
        processes = [_times(r.sweep) for r in record.swept(row) if r.sweep]
        for units in sorted({width for times in processes for width in times}):
            yield _cost(
                row, units, [t[units] for t in processes if units in t]
            )


def _times(sweep: Sweep) -> dict[int, Times]:
    """Seconds of a step by width and batch size: medians of blocks."""
    blocks: dict[int, dict[int, list[float]]]
    blocks = defaultdict(lambda: defaultdict(list))
    for block in sweep.blocks:
        seconds = block.seconds / block.steps
        blocks[block.units][block.batch_size].append(seconds)
    return {
        units: {size: median(values) for size, values in of.items()}
        for units, of in blocks.items()
    }


def _cost(row: Row, units: int, processes: list[Times]) -> Cost:
    times = {
        size: estimate([t[size] for t in processes if size in t])
        for size in sorted({size for times in processes for size in times})
    }
    fits = [line(list(t.items())) for t in processes if len(t) > 1]
    if not fits:
        return Cost(row, units, times, None, None, 0.0, min(times))
    alpha, beta = (estimate(list(part)) for part in zip(*fits, strict=True))
    off = {
        size: abs((alpha.value + beta.value * size) / time.value - 1)
        for size, time in times.items()
    }
    worst = max(off, key=lambda size: off[size])
    return Cost(row, units, times, alpha, beta, off[worst], worst)


class Closing(Struct, frozen=True):
    """The model's epoch beside the measured one, of one row.

    by_line  whether the line predicted it; the timed point alone does where
             no line explains the points, or where there is but one
    """

    row: Row
    batch_size: int
    by_line: bool
    predicted: float
    measured: Estimate

    @property
    def off(self) -> float:
        return self.predicted / self.measured.value - 1

    @property
    def explained(self) -> bool:
        return abs(self.off) <= EXPLAINED


def closings(record: Record, costs: list[Cost]) -> Iterator[Closing]:
    """Predicted against measured epoch, (alpha + beta * batch) * steps."""
    for cost in costs:
        epochs = [r.sweep.epoch for r in record.swept(cost.row) if r.sweep]
        size, by_line = epochs[0].batch_size, False
        if cost.units != UNITS or size not in cost.times:
            continue
        step = cost.times[size].value
        if cost.alpha and cost.beta and cost.straight:
            step, by_line = cost.alpha.value + cost.beta.value * size, True
        measured = estimate([epoch.seconds for epoch in epochs])
        predicted = step * epochs[0].steps
        yield Closing(cost.row, size, by_line, predicted, measured)


class Crossing(Struct, frozen=True):
    """Where two rows change places along one axis.

    where    what the other axis is held at
    span     least and greatest size that both have
    cheaper  the row whose step is cheaper below the first turn, dearer the
             other; without a turn cheaper is never slower
    turns    the sizes at which they change places, found between the
             measured ones, on logarithmic scales
    """

    axis: Axis
    where: str
    span: tuple[int, int]
    cheaper: Row
    dearer: Row
    turns: list[float]


def crossings(
    costs: list[Cost], first: Row, second: Row
) -> Iterator[Crossing]:
    """Where two rows of the group step cross, by batch size, then by width.

    An axis on which they share fewer than two sizes has no crossing.
    """
    a, b = (_steps(costs, row) for row in (first, second))
    gaps = [(p, math.log(a[p] / b[p])) for p in sorted(a.keys() & b.keys())]
    at = [(size, gap) for (units, size), gap in gaps if units == UNITS]
    if len(at) > 1:
        yield _crossing("batch size", f"{UNITS} units", first, second, at)
    for few in FEW:
        at = [(units, gap) for (units, size), gap in gaps if size == few]
        if len(at) > 1:
            yield _crossing("width", f"batch {few}", first, second, at)


def _steps(costs: list[Cost], row: Row) -> dict[tuple[int, int], float]:
    """Seconds of a step, by units and batch size."""
    return {
        (cost.units, size): time.value
        for cost in costs
        if cost.row.name == row.name
        for size, time in cost.times.items()
    }


def _crossing(
    axis: Axis, where: str, first: Row, second: Row, gaps: Gaps
) -> Crossing:
    span = (gaps[0][0], gaps[-1][0])
    apart = [(size, gap) for size, gap in gaps if gap]  # equal: no one's
    turns = [
        size * (next_size / size) ** (gap / (gap - next_gap))
        for (size, gap), (next_size, next_gap) in pairwise(apart)
        if gap * next_gap < 0
    ]
    if apart and apart[0][1] > 0:
        first, second = second, first
    return Crossing(axis, where, span, first, second, turns)
