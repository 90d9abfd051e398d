"""The ladder: from the textbook program to a compiled epoch, rung by rung."""

from dataclasses import dataclass
from statistics import median

from benchmarks.analysis import derived
from benchmarks.analysis.statistics import Estimate, estimate
from benchmarks.record.results import Record
from benchmarks.report.table import Table, between, micro, three_digits
from benchmarks.rows.contenders import CHANGES_UPDATES, LADDER, row_of

# fit and the compiled epoch differ in the compiler alone; this lies between.
SIDE_STEPS = ("rung-keras-50-steps",)


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

    A rung that is a row, too, may have run as that. Where a rung is missing
    the next has no change: it would be two.
    """
    found: list[Rung] = []
    before = None
    for c in LADDER:
        names = [name for name in (c.name, row_of(c)) if name]
        name = next((n for n in names if derived.trained(record, n)), None)
        if name is None:
            before = before if c.name in SIDE_STEPS else None
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


def is_one(record: Record) -> bool:
    """Whether there is a step to be seen: a rung and its neighbour."""
    return any(rung.change for rung in rungs(record))


def table(record: Record) -> Table:
    """The ladder as a table."""
    found = rungs(record) if is_one(record) else []
    shown = [
        [
            rung.title + " †" * rung.marked,
            between(rung.seconds),
            f"{rung.updates:,}",
            micro(rung.seconds.value / rung.updates),
            f"{rung.accuracy:.4f}",
            three_digits(rung.start),
            between(rung.change) if rung.change else "",
        ]
        for rung in found
    ]
    return Table(
        "The ladder",
        (
            "one change a rung",
            "epoch, s",
            "updates",
            "µs per update",
            "accuracy",
            "start-up, s",
            "times the rung before",
        ),
        shown,
        "Steady epochs. † changes the mathematics: with other batches the "
        "updates are others; all other rungs are held to equal updates by "
        "the gate. numpy_net and Keras count accuracy and F1 on the way, the "
        "rungs before accuracy alone. Accuracy: of validation, after one "
        "epoch. Start-up: tracing and compiling, before the epoch.",
    )
