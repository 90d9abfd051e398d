"""Figures that follow from a run's raw times: nothing here is stored."""

from statistics import median
from typing import Any

from benchmarks.analysis import statistics
from benchmarks.analysis.statistics import Estimate
from benchmarks.record.results import Record
from benchmarks.rows.contenders import RATIOS, Ratio, select

# From the start of the process to the end of the training.
COLD = (
    "interpreter",
    "import NumPy",
    "import harness",
    "data",
    "import",
    "build",
)
TRAINING = ("matrix", "compile", "first step", "training")
# Where the seconds of a process go until it is trained: what, which phases.
PARTS = {
    "start and imports": (
        "interpreter",
        "import NumPy",
        "import harness",
        "import",
    ),
    "data and building": ("data", "build"),
    "matrix": ("matrix",),
    "compiling, first step": ("compile", "first step"),
    "epochs": ("training",),
}


def trained(record: Record, name: str) -> list[Record]:
    """The good training runs of a row, in the order of their rounds."""
    found = [
        run
        for run in record["runs"]
        if run["contender"] == name
        and run["task"] == "train"
        and run["status"] == "ok"
    ]
    return sorted(found, key=lambda run: run["round"])


def wall(run: Record, names: tuple[str, ...]) -> float:
    """Seconds of these phases together; an absent one took none."""
    phases = run["phases"]
    return sum(phases[name]["wall"] for name in names if name in phases)


def part_seconds(run: Record, part: str) -> float:
    """Seconds of one of PARTS; what was off the clock is no epoch's."""
    return wall(run, PARTS[part]) - run["off_clock"] * (part == "epochs")


def training_seconds(run: Record) -> float:
    """Training time: first step (tracing, compiling, matrix) and epochs.

    Without imports, data, validation and test.
    """
    return wall(run, TRAINING) - run["off_clock"]


def cold_seconds(run: Record) -> float:
    """Cold total: from the start of the process to the end of training."""
    return wall(run, COLD) + training_seconds(run)


def epoch_seconds(run: Record) -> float:
    """A steady epoch: the median without the first, if there are more.

    Of trees, which have no epochs, it is the whole training.
    """
    epochs = [epoch["wall"] for epoch in run["epochs"]]
    if not epochs:
        return training_seconds(run)
    return median(epochs[1:] or epochs)


def noise_floor(record: Record) -> float | None:
    """What the record's twins differ by, epoch against epoch."""
    pairs = []
    for c in select(record["contenders"]):
        if c.twin_of:
            pairs += paired(record, c.name, c.twin_of)
    return statistics.noise_floor(pairs)


def paired(
    record: Record, first: str, second: str
) -> list[tuple[float, float]]:
    """Steady epochs of two rows, round by round; only complete rounds."""
    a = {run["round"]: run for run in trained(record, first)}
    b = {run["round"]: run for run in trained(record, second)}
    return [
        (epoch_seconds(a[n]), epoch_seconds(b[n])) for n in sorted(a) if n in b
    ]


def seconds_of(record: Record, slower: str, faster: str) -> list[float]:
    """Seconds per epoch of both, medians of the rounds that both have.

    So the two times and their ratio, which is paired, tell of the same runs.
    """
    pairs = paired(record, slower, faster)
    return [median(values) for values in zip(*pairs, strict=True)]


def ratios(record: Record) -> list[tuple[Ratio, Estimate | None, list[str]]]:
    """Every ratio whose two rows ran: its estimate, or why there is none."""
    gate = {frozenset(e["rows"]): e for e in record["gate"] or []}
    found = []
    for ratio in RATIOS:
        pairs = paired(record, ratio.slower, ratio.faster)
        if not pairs:
            continue
        reasons = _against(ratio, gate)
        value = statistics.estimate([a / b for a, b in pairs])
        found.append((ratio, None if reasons else value, reasons))
    return found


def equal_updates(record: Record, names: list[str]) -> bool:
    """Whether every pair of these rows that the gate saw passed it."""
    seen = [
        entry
        for entry in record["gate"] or []
        if set(entry["rows"]) <= set(names)
    ]
    return bool(seen) and not any(entry["failed"] for entry in seen)


def _against(ratio: Ratio, gate: dict[Any, Any]) -> list[str]:
    """What forbids a ratio: the rules of the gate that failed."""
    if not ratio.gated:
        return []
    entry = gate.get(frozenset((ratio.slower, ratio.faster)))
    if entry is None:
        return ["the two were not held to equal updates"]
    return list(entry["failed"])
