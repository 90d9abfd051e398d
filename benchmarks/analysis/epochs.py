"""What epochs tell: the ladder, and the time to an accuracy.

An epoch is fast if it makes few updates; what a user waits for is an
accuracy. Its thresholds were fixed before anything was timed.
"""

from collections.abc import Iterator
from math import inf
from statistics import median

from msgspec import Struct

from benchmarks.analysis.intervals import Estimate, estimate
from benchmarks.record.record import Record
from benchmarks.record.run import Run
from benchmarks.rows.row import Row, Rung
from benchmarks.rows.table import LADDER, ROWS, THRESHOLDS, TIME_TO_ACCURACY


class MeasuredRung(Struct, frozen=True):
    """Seconds and updates of an epoch on one rung of the ladder.

    accuracy  of validation, after one epoch
    start     seconds before the first epoch: tracing and compiling
    change    these seconds over those of the rung before, if that ran
    """

    rung: Rung
    seconds: Estimate
    updates: int
    accuracy: float
    start: float
    change: Estimate | None


def rungs(record: Record) -> Iterator[MeasuredRung]:
    """The rungs that ran, from the textbook program to a compiled epoch.

    Where a rung is missing the next has no change: it would be two.
    """
    before: Row | None = None
    for rung in LADDER:
        runs = record.trained(rung.row)
        if not runs:
            before = before if rung.aside else None
            continue
        pairs = record.paired(rung.row, before) if before else []
        yield MeasuredRung(
            rung,
            estimate(run.epoch_seconds for run in runs),
            runs[0].measured.updates_per_epoch,
            median(run.logged("val_accuracy")[0] for run in runs),
            median(run.wall("compile", "first step") for run in runs),
            estimate(a / b for a, b in pairs) if pairs else None,
        )
        before = rung.row


class Reached(Struct, frozen=True):
    """When a row reached a validation accuracy: medians over its seeds.

    seconds  from the start of training, first step included; None, as of
             updates and epochs, where the median run never got there
    never    how many of the runs did not
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
    ends = [_until(run, threshold) for run in runs]
    middle = (median(values) for values in zip(*ends, strict=True))
    seconds, updates, epochs = (m if m < inf else None for m in middle)
    never = ends.count((inf, inf, inf))
    return Reached(row, threshold, seconds, updates, epochs, len(runs), never)


def _until(run: Run, threshold: float) -> tuple[float, float, float]:
    """Seconds, updates and epochs until the threshold, or infinity."""
    spent, training = run.wall("compile", "first step"), run.measured
    accuracies = run.logged("val_accuracy")
    for number, epoch in enumerate(training.epochs, start=1):
        spent += epoch.wall
        if accuracies[number - 1] >= threshold:
            share = number / len(training.epochs)
            return spent, (training.updates or 0) * share, number
    return inf, inf, inf
