"""The ladder: from the textbook program to a compiled epoch, rung by rung."""

from dataclasses import dataclass
from statistics import median

from benchmarks import derived
from benchmarks.contenders import CHANGES_UPDATES, LADDER
from benchmarks.results import Record
from benchmarks.statistics import Estimate, estimate


@dataclass(frozen=True)
class Rung:
    """One rung: seconds of an epoch, and what this one change did.

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
    """The rungs that ran, from the bottom up."""
    found: list[Rung] = []
    before = None
    for c in LADDER:
        runs = derived.trained(record, c.name)
        if not runs:
            continue
        change = None
        if before is not None:
            pairs = derived.paired(record, c.name, before)
            change = estimate([a / b for a, b in pairs]) if pairs else None
        start = [derived.wall(run, ("compile", "first step")) for run in runs]
        found.append(
            Rung(
                c.name,
                c.title,
                estimate([derived.epoch_seconds(run) for run in runs]),
                runs[0]["updates"],
                median(run["test"]["accuracy"] for run in runs),
                median(start),
                change,
                c.name in CHANGES_UPDATES,
            )
        )
        before = c.name
    return found
