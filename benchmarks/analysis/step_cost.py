"""Step cost: t = alpha + beta * batch_size, and where the answer turns.

alpha is what a step costs before any sample is looked at: calls, dispatch,
iterator, optimizer. beta is what each sample adds: arithmetic and memory.
Nothing here is measured; it reads the blocks that workers timed.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from benchmarks.analysis.statistics import Estimate, estimate, line
from benchmarks.record.results import Record
from benchmarks.rows.contenders import CONTENDERS, Contender, kind

BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
WIDTHS = (30, 100, 300, 1000)
# Batch sizes at which the other widths are measured, too.
FEW = (1, 10, 100)
STRAIGHT = 0.15  # a worse residual, and no line explains the points
EXPLAINED = 0.10  # between predicted and measured epoch


def contenders() -> list[Contender]:
    """The rows whose steps are measured."""
    return [c for c in CONTENDERS if c.steps]


def points(quick: bool) -> tuple[tuple[int, int], ...]:
    """(units, batch_size) of every measured point."""
    if quick:
        return tuple((30, size) for size in FEW)
    return tuple((30, size) for size in BATCHES) + tuple(
        (units, size) for units in WIDTHS[1:] for size in FEW
    )


@dataclass(frozen=True)
class Cost:
    """What a step of one row costs at one width.

    times     batch size -> seconds of a step, an estimate over processes
    alpha     seconds, and beta seconds per sample; None if there is but
              one batch size
    residual  the worst |line / time - 1|, and at which batch size
    """

    name: str
    units: int
    times: dict[int, Estimate]
    alpha: Estimate | None
    beta: Estimate | None
    residual: float
    worst: int

    @property
    def straight(self) -> bool:
        return self.residual <= STRAIGHT


def costs(record: Record) -> list[Cost]:
    """The cost of every row at every width, in the table's order."""
    found = []
    for name in dict.fromkeys(c.name for c in contenders()):
        processes = [_times(run) for run in swept(record, name)]
        for units in sorted({key[0] for times in processes for key in times}):
            found.append(_cost(name, units, processes))
    return found


def swept(record: Record, name: str) -> list[Record]:
    """The good sweeps of a row."""
    return [
        run
        for run in record["runs"]
        if run["task"] == "step"
        and run["contender"] == name
        and run["status"] == "ok"
    ]


def _times(run: Record) -> dict[tuple[int, int], float]:
    """(units, batch size) -> seconds of a step: the median of its blocks."""
    blocks: dict[tuple[int, int], list[float]] = {}
    for block in run["blocks"]:
        key = (block["units"], block["batch_size"])
        blocks.setdefault(key, []).append(block["seconds"] / block["steps"])
    return {key: median(values) for key, values in blocks.items()}


def _cost(
    name: str, units: int, processes: list[dict[tuple[int, int], float]]
) -> Cost:
    sizes = sorted({b for t in processes for u, b in t if u == units})
    times = {
        size: estimate(
            [t[units, size] for t in processes if (units, size) in t]
        )
        for size in sizes
    }
    if len(sizes) < 2:
        return Cost(name, units, times, None, None, 0.0, sizes[0])
    fits = [
        line([(b, t) for (u, b), t in found.items() if u == units])
        for found in processes
    ]
    alpha = estimate([fit[0] for fit in fits])
    beta = estimate([fit[1] for fit in fits])
    off = {
        size: abs((alpha.value + beta.value * size) / time.value - 1)
        for size, time in times.items()
    }
    worst = max(off, key=lambda size: off[size])
    return Cost(name, units, times, alpha, beta, off[worst], worst)


def crossing(a: dict[int, float], b: dict[int, float]) -> float | str:
    """The size at which b becomes as cheap as a, or which is never slower.

    Found between the measured points, on logarithmic scales. "first" or
    "second" if that one is never slower at the sizes that both have;
    "neither" if they change places more than once.
    """
    sizes = sorted(set(a) & set(b))
    gaps = [(size, math.log(a[size] / b[size])) for size in sizes]
    gaps = [(size, gap) for size, gap in gaps if gap]  # equal: no one's
    turns = [
        size * (next_size / size) ** (gap / (gap - next_gap))
        for (size, gap), (next_size, next_gap) in pairwise(gaps)
        if gap * next_gap < 0
    ]
    if len(turns) > 1:
        return "neither"
    if turns:
        return turns[0]
    return "second" if gaps and gaps[0][1] > 0 else "first"


def crossover(record: Record, first: str, second: str) -> list[str]:
    """Where two rows change places, by batch size and by width, in words."""
    by = {(c.name, c.units): c for c in costs(record)}
    found = []
    if (first, 30) in by and (second, 30) in by:
        a, b = (
            {size: time.value for size, time in by[n, 30].times.items()}
            for n in (first, second)
        )
        if len(set(a) & set(b)) > 1:
            found.append(
                _in_words(first, second, "batch size", a, b, "30 units")
            )
    for size in FEW:
        a, b = (
            {
                units: cost.times[size].value
                for (name, units), cost in by.items()
                if name == n and size in cost.times
            }
            for n in (first, second)
        )
        if len(set(a) & set(b)) > 1:
            found.append(
                _in_words(first, second, "width", a, b, f"batch {size}")
            )
    if record.get("rounds") == 1:  # one process can be disturbed unseen
        found = [f"{line[:-1]}: one round, so a hint." for line in found]
    return found


def _in_words(
    first: str,
    second: str,
    axis: str,
    a: dict[int, float],
    b: dict[int, float],
    where: str,
) -> str:
    names = {"first": kind(first), "second": kind(second)}
    sizes = sorted(set(a) & set(b))
    span = f"{axis}s {sizes[0]:,} to {sizes[-1]:,}"
    turn = crossing(a, b)
    if turn == "neither":
        return (
            f"At {where}, {names['first']} and {names['second']} change "
            f"places more than once with {axis} ({span})."
        )
    if isinstance(turn, str):
        other = names["second" if turn == "first" else "first"]
        return (
            f"At {where}, no crossover with {axis}: {names[turn]} is never "
            f"slower than {other} ({span})."
        )
    cheap = "first" if a[sizes[0]] < b[sizes[0]] else "second"
    other = "second" if cheap == "first" else "first"
    return (
        f"At {where}, {names[cheap]} is faster below {axis} {turn:.0f} and "
        f"{names[other]} above ({span})."
    )


@dataclass(frozen=True)
class Closing:
    """The model's epoch beside the measured one, of one row.

    by_line  whether the line predicted it; the timed point alone does where
             no line explains the points, or where there is but one
    """

    name: str
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


def closings(record: Record) -> list[Closing]:
    """Predicted against measured epoch, (alpha + beta * batch) * steps."""
    at_30 = {c.name: c for c in costs(record) if c.units == 30}
    found = []
    for name, cost in at_30.items():
        runs = swept(record, name)
        epoch = runs[0]["epoch"]
        size = epoch["batch_size"]
        by_line = cost.straight and cost.beta is not None
        step = cost.times[size].value
        if by_line and cost.alpha and cost.beta:
            step = cost.alpha.value + cost.beta.value * size
        measured = estimate([run["epoch"]["seconds"] for run in runs])
        found.append(
            Closing(name, size, by_line, step * epoch["steps"], measured)
        )
    return found
