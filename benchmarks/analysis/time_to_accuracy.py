"""Time to accuracy: the score that counts both speed and learning.

An epoch is fast if it makes few updates; what a user waits for is an
accuracy. The thresholds were fixed before anything was timed.
"""

from collections.abc import Iterator
from math import inf, isinf
from statistics import median

from msgspec import Struct

from benchmarks.record.record import Record
from benchmarks.record.run import Run
from benchmarks.rows.row import Row
from benchmarks.rows.table import ROWS, THRESHOLDS, TIME_TO_ACCURACY


class Reached(Struct, frozen=True):
    """When one row reached one validation accuracy, over its seeds.

    Medians of seconds (from the start of training, first step included),
    updates and epochs; a run that never got there counts as infinity.
    None is infinity: the median run never got there.
    """

    row: Row
    threshold: float
    seconds: float | None
    updates: float | None
    epochs: float | None
    runs: int
    never: int


def reached(record: Record) -> Iterator[Reached]:
    """Every row of a net that ran, at both thresholds of its net."""
    for row in (*ROWS, *TIME_TO_ACCURACY):
        runs = [] if row.twin_of else record.trained(row)
        for threshold in THRESHOLDS.get(row.net, ()) if runs else ():
            yield _reached(row, threshold, runs)


def _reached(row: Row, threshold: float, runs: list[Run]) -> Reached:
    moments = [_moment(run, threshold) for run in runs]
    middle = [median(values) for values in zip(*moments, strict=True)]
    seconds, updates, epochs = (None if isinf(m) else m for m in middle)
    never = sum(isinf(seconds) for seconds, _, _ in moments)
    return Reached(row, threshold, seconds, updates, epochs, len(runs), never)


def _moment(run: Run, threshold: float) -> tuple[float, float, float]:
    """Seconds, updates and epochs until the threshold, or infinity."""
    spent, training = run.wall("compile", "first step"), run.measured
    accuracies = run.logged("val_accuracy")
    for number, epoch in enumerate(training.epochs, start=1):
        spent += epoch.wall
        if accuracies[number - 1] >= threshold:
            share = number / len(training.epochs)
            return spent, (training.updates or 0) * share, number
    return inf, inf, inf
