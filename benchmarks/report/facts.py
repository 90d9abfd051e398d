"""What templates ask of a record besides its Analysis."""

from collections import defaultdict
from operator import attrgetter
from statistics import median
from typing import Any

from benchmarks.analysis.intervals import Estimate
from benchmarks.record.record import Record
from benchmarks.record.run import PARTS, Run, Sweep
from benchmarks.rows.row import Bar, Row
from benchmarks.rows.table import ROWS, TIME_TO_ACCURACY

MAIN = {row.name for row in (*ROWS, *TIME_TO_ACCURACY)}
Times = dict[str, dict[int, list[float]]]


def main_rows(record: Record) -> list[Row]:
    """The rows that are trained for their own sake, not as a rung."""
    return [row for row in record.rows if row.name in MAIN or row.added]


def trained(record: Record) -> list[tuple[Row, list[Run]]]:
    """Those of them that were trained, each with its good runs."""
    rows = [(row, record.trained(row)) for row in main_rows(record)]
    return [(row, runs) for row, runs in rows if runs]


def middle(runs: list[Run], name: str, *arguments: Any) -> float:
    """The median, over the rounds, of what a run has or does."""
    values = [attrgetter(name)(run) for run in runs]
    return median(v(*arguments) if arguments else v for v in values)


def parts(runs: list[Run]) -> list[float]:
    """The seconds of each of PARTS."""
    return [middle(runs, "part_seconds", part) for part in PARTS]


def peak(runs: list[Run], phase: str) -> float | None:
    """The most MiB that were held in a phase."""
    phases = [run.phases[phase] for run in runs if phase in run.phases]
    held = [p.peak_mib for p in phases if p.peak_mib is not None]
    return median(held) if held else None


def reached(bar: Bar, value: Estimate) -> str:
    """Whether a ratio is what it was asked to be."""
    if value.n < 2:
        return "not judged: one round"
    good, bad = value.low >= bar.limit, value.high < bar.limit
    if not bar.at_least:
        good, bad = value.high <= bar.limit, value.low > bar.limit
    return "yes" if good else "no" if bad else "within the noise"


def sweeps(record: Record) -> list[tuple[Row, Sweep]]:
    """Every good sweep of batch sizes, with its row."""
    runs = [(row, run) for row in record.rows for run in record.swept(row)]
    return [(row, run.sweep) for row, run in runs if run.sweep]


def growth(record: Record) -> dict[str, dict[int, float]]:
    """Of each row the seconds per sample of an epoch of so many samples."""
    times: Times = defaultdict(lambda: defaultdict(list))
    for row, sweep in sweeps(record):
        for size in sweep.sizes:
            each = size.seconds / size.samples
            times[row.name][size.samples].append(each)
    return {name: v for name, v in _medians(times).items() if len(v) > 1}


def calls(record: Record) -> dict[str, dict[int, float]]:
    """Of each call of a NumPy step the seconds at each batch size."""
    times: Times = defaultdict(lambda: defaultdict(list))
    for _, sweep in sweeps(record):
        for entry in sweep.calls:
            times[entry.call][entry.batch_size].append(entry.seconds)
    found = _medians(times)
    whole = found.pop("the whole step", {})
    rest = {
        size: total - sum(t.get(size, 0.0) for t in found.values())
        for size, total in whole.items()
    }
    last = {"the whole step": whole, "of it between the calls": rest}
    return found | last if whole else found


def _medians(times: Times) -> dict[str, dict[int, float]]:
    return {
        name: {key: median(values[key]) for key in sorted(values)}
        for name, values in times.items()
    }
