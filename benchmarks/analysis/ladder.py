"""The ladder: from the textbook program to a compiled epoch, rung by rung."""

from collections.abc import Iterator
from statistics import median

from msgspec import Struct

from benchmarks.analysis.intervals import Estimate, estimate
from benchmarks.record.record import Record
from benchmarks.rows.row import Row, Rung
from benchmarks.rows.table import LADDER


class MeasuredRung(Struct, frozen=True):
    """Seconds of an epoch on one rung, and what its one change did.

    updates   of an epoch
    accuracy  of validation, after one epoch
    start     seconds before the first epoch: tracing and compiling
    change    these seconds over those of the rung before; None on the first
    """

    rung: Rung
    seconds: Estimate
    updates: int
    accuracy: float
    start: float
    change: Estimate | None


def rungs(record: Record) -> Iterator[MeasuredRung]:
    """The rungs that ran, from the bottom up.

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
            estimate([run.epoch_seconds for run in runs]),
            runs[0].measured.updates_per_epoch,
            median(run.logged("val_accuracy")[0] for run in runs),
            median(run.wall("compile", "first step") for run in runs),
            estimate([a / b for a, b in pairs]) if pairs else None,
        )
        before = rung.row
