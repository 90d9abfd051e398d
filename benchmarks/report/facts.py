"""What templates and charts ask of a record besides its Analysis."""

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter
from statistics import median
from typing import Any

from benchmarks.record.record import Record
from benchmarks.record.run import PARTS, WHOLE_STEP, Run, Studied, Sweep
from benchmarks.rows.row import Row
from benchmarks.rows.study import PATH, SWEEPS, groups
from benchmarks.rows.table import ROWS, TIME_TO_ACCURACY

MAIN = {row.name for row in (*ROWS, *TIME_TO_ACCURACY)}
Medians = dict[str, dict[int, float]]  # seconds by name and size
Nets = dict[str, Studied]  # by label


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


# The sweeps of batch sizes


def sweeps(record: Record) -> list[tuple[str, Sweep]]:
    """Every good sweep, with the name of its row."""
    good = [run for run in record.runs if run.ok]
    return [(run.row, run.sweep) for run in good if run.sweep]


def growth(record: Record) -> Medians:
    """Of each row the seconds per sample of an epoch of so many samples."""
    times = _medians(
        (row, size.samples, size.seconds / size.samples)
        for row, sweep in sweeps(record)
        for size in sweep.sizes
    )
    return {row: of for row, of in times.items() if len(of) > 1}


def calls(record: Record) -> Medians:
    """Of each call of a NumPy step the seconds at each batch size."""
    times = _medians(
        (entry.call, entry.batch_size, entry.seconds)
        for _, sweep in sweeps(record)
        for entry in sweep.calls
    )
    whole = times.pop(WHOLE_STEP, {})
    rest = {
        size: total - sum(t.get(size, 0.0) for t in times.values())
        for size, total in whole.items()
    }
    last = {WHOLE_STEP: whole, "of it between the calls": rest}
    return times | last if whole else times


def _medians(entries: Iterable[tuple[str, int, float]]) -> Medians:
    """Of entries (name, size, seconds) the medians by name and size."""
    times: Any = defaultdict(lambda: defaultdict(list))
    for name, size, seconds in entries:
        times[name][size].append(seconds)
    return {
        name: {size: median(of[size]) for size in sorted(of)}
        for name, of in times.items()
    }


# The study


def nets(record: Record, name: str, diverged: bool = False) -> Nets:
    """Those nets of a group that are there, if wanted the diverged, too."""
    run = record.the("study")
    trained = {net.key: net for net in run.study} if run else {}
    return {
        label: trained[variant.key]
        for group in groups(record.request.tier)
        if group.name == name
        for label, variant in group.variants
        if variant.key in trained and (diverged or trained[variant.key].test)
    }


def path(record: Record) -> Nets:
    """From one net to the other; {} if a step lacks its neighbour."""
    variants = nets(record, PATH.name)
    return variants if len(variants) == len(PATH.variants) else {}


def settings(record: Record) -> dict[str, Nets]:
    """The nets of each setting of which more than one value is there."""
    variants = {g.title: nets(record, g.name, diverged=True) for g in SWEEPS}
    return {title: nets for title, nets in variants.items() if len(nets) > 1}


def seeds_differ_by(record: Record) -> float | None:
    """The range of the custom net's test accuracy over seeds, if measured."""
    tests = [net.test for net in nets(record, "overfit").values()]
    values = [test.accuracy for test in tests if test]
    return max(values) - min(values) if len(values) > 1 else None
