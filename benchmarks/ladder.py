"""The ladder: from the textbook program to a compiled epoch, rung by rung."""

from dataclasses import dataclass
from statistics import median

from benchmarks import derived
from benchmarks.contenders import CHANGES_UPDATES, LADDER, row_of
from benchmarks.results import Record
from benchmarks.statistics import Estimate, estimate


@dataclass(frozen=True)
class Rung:
    """One rung: seconds of an epoch, and what this one change did.

    accuracy  of validation, after one epoch
    change  this rung's seconds over those of the rung before; None on the
            first
    marked  whether the rung changes the mathematics, not only the program
    start   seconds before the first epoch: tracing and compiling
    """

    name: str
    title: str
    seconds: Estimate
    updates: int
    accuracy: float
    start: float
    change: Estimate | None
    marked: bool


def rungs(record: Record) -> list[Rung]:
    """The rungs that ran, from the bottom up.

    A rung that is a row, too, may have run as that.
    """
    found: list[Rung] = []
    before = None
    for c in LADDER:
        names = [name for name in (c.name, row_of(c)) if name]
        name = next((n for n in names if derived.trained(record, n)), None)
        if name is None:
            continue
        runs, change = derived.trained(record, name), None
        if before is not None:
            pairs = derived.paired(record, name, before)
            change = estimate([a / b for a, b in pairs]) if pairs else None
        start = [derived.wall(run, ("compile", "first step")) for run in runs]
        found.append(
            Rung(
                c.name,
                c.title,
                estimate([derived.epoch_seconds(run) for run in runs]),
                runs[0]["updates"] // len(runs[0]["epochs"]),
                median(run["epochs"][0]["val_accuracy"] for run in runs),
                median(start),
                change,
                c.name in CHANGES_UPDATES,
            )
        )
        before = name
    return found
