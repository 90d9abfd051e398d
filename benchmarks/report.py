"""The tables of a report, each made from the record's raw times."""

from collections.abc import Callable, Iterator
from statistics import median

from benchmarks import derived, fairness, ladder, step_tables, time_to_accuracy
from benchmarks.contenders import CONTENDERS, title
from benchmarks.results import Record
from benchmarks.statistics import estimate, spread, verdict
from benchmarks.table import Table, between, micro, threads, three_digits


def tables(record: Record) -> Iterator[Table]:
    """Every table for which the record has the runs."""
    makers = (
        ratios,
        phases,
        predicting,
        spreads,
        step_tables.steps,
        step_tables.lines,
        step_tables.closing,
        step_tables.growth,
        step_tables.calls,
        rungs,
        to_accuracy,
        fairly,
    )
    for make in makers:
        table = make(record)
        if table.rows:
            yield table


def ratios(record: Record) -> Table:
    """Seconds per epoch of two rows, in one ratio."""
    floor = derived.noise_floor(record)
    shown = []
    for ratio, value, reasons in derived.ratios(record):
        seconds = [
            three_digits(
                median(
                    derived.epoch_seconds(run)
                    for run in derived.trained(record, name)
                )
            )
            for name in (ratio.slower, ratio.faster)
        ]
        said = ["none", f"gate failed: {'; '.join(reasons)}"]
        if value is not None:
            said = [between(value), verdict(value, floor)]
        shown.append(
            [
                f"{title(ratio.slower)} / {title(ratio.faster)}",
                ratio.differs,
                " / ".join(seconds),
                *said,
            ]
        )
    noise = "not known: no twins" if floor is None else f"{floor:.1%}"
    rounds = record["rounds"]
    return Table(
        "Ratios",
        ("first / second", "what differs", "s per epoch", "ratio", "first is"),
        shown,
        f"Steady epochs (of trees, the whole training), {rounds} "
        f"round{'s' * (rounds > 1)} paired, on "
        f"{threads(record)}; in brackets the 95 % interval, of fewer than "
        f"five rounds all values. Noise floor, what identical rows differ "
        f"by: {noise}. A ratio is formed only of rows that were seen to make "
        f"equal updates, or it says so.",
    )


def phases(record: Record) -> Table:
    """Where the seconds of a process went, until it was trained."""
    parts = {
        "import": ("interpreter", "import NumPy", "import harness", "import"),
        "data": ("data",),
        "build": ("build",),
        "matrix": ("matrix",),
        "compile, first step": ("compile", "first step"),
        "epochs": ("training",),
    }
    shown = [
        [
            title(name),
            *(
                three_digits(median(derived.wall(run, n) for run in runs))
                for n in parts.values()
            ),
            three_digits(median(derived.cold_seconds(run) for run in runs)),
        ]
        for name, runs in _rows(record)
    ]
    return Table(
        "Where the seconds go",
        ("model", *parts, "cold total"),
        shown,
        "Seconds, medians over rounds. Import: from the start of the "
        "process. Matrix: XGBoost's, of quantiles. Cold total: from the "
        "start of the process to the end of training.",
    )


def predicting(record: Record) -> Table:
    """What an answer takes, and what memory was held."""
    shown = []
    for name, runs in _rows(record):
        peaks = [
            [
                run["phases"].get(phase, {}).get("peak_mib")
                for run in runs
                if run["phases"].get(phase, {}).get("peak_mib") is not None
            ]
            for phase in ("data", "training", "predict")
        ]
        shown.append(
            [
                title(name),
                three_digits(
                    median(run["phases"]["predict"]["wall"] for run in runs)
                ),
                micro(median(run["predict_one"] for run in runs)),
                *(f"{median(p):,.0f}" if p else "" for p in peaks),
            ]
        )
    return Table(
        "Predicting, and memory",
        (
            "model",
            "predict all, s",
            "predict one, µs",
            "MiB, data",
            "MiB, training",
            "MiB, predict",
        ),
        shown,
        f"Predict all: {record['data']['test_images']:,} images, the first "
        f"call; one: the median of ten calls. MiB: the most memory held in "
        f"that phase, with all that was loaded before.",
        detail=True,
    )


def spreads(record: Record) -> Table:
    """Training time and accuracy over rounds."""
    shown = []
    for name, runs in _rows(record):
        if len(runs) < 2:
            continue
        seconds = [derived.training_seconds(run) for run in runs]
        accuracies = [run["test"]["accuracy"] for run in runs]
        shown.append(
            [
                title(name),
                str(len(runs)),
                between(estimate(seconds)),
                f"{spread(seconds):.1%}",
                f"{min(accuracies):.4f} to {max(accuracies):.4f}",
                f"{runs[0]['updates']:,}" if runs[0]["updates"] else "",
            ]
        )
    return Table(
        "Over the rounds",
        (
            "model",
            "rounds",
            "training seconds",
            "spread",
            "test accuracy",
            "updates",
        ),
        shown,
        "Every round has a seed of its own, for first weights and order. "
        "Spread: median absolute deviation.",
        detail=True,
    )


def rungs(record: Record) -> Table:
    """The ladder."""
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
        for rung in ladder.rungs(record)
    ]
    return Table(
        "The ladder",
        (
            "one change a rung",
            "epoch, s",
            "updates",
            "µs per update",
            "test accuracy",
            "start-up, s",
            "times the rung before",
        ),
        shown,
        "† changes the mathematics: with other batches the updates are "
        "others. All other rungs make the same updates. Start-up: tracing "
        "and compiling, before the epoch.",
    )


def to_accuracy(record: Record) -> Table:
    """Seconds, updates and epochs until an accuracy."""

    def cell(value: float | None, show: Callable[[float], str]) -> str:
        return "never" if value is None else show(value)

    shown = [
        [
            title(entry.name),
            f"{entry.threshold:.2f}",
            cell(entry.seconds, three_digits),
            cell(entry.updates, lambda v: f"{v:,.0f}"),
            cell(entry.epochs, lambda v: f"{v:g}"),
            f"{entry.runs - entry.never} of {entry.runs}",
        ]
        for entry in time_to_accuracy.table(record)
    ]
    return Table(
        "Time to accuracy",
        (
            "row",
            "validation accuracy",
            "seconds",
            "updates",
            "epochs",
            "seeds that reached it",
        ),
        shown,
        "Medians over seeds; a run that never got there counts as infinity. "
        "The thresholds were fixed before anything was timed; validation is "
        "off the clock.",
        detail=record["until"] is None,
    )


def fairly(record: Record) -> Table:
    """The fairness list."""
    shown = [
        [finding.rule, finding.outcome, finding.seen]
        for finding in fairness.findings(record)
    ]
    return Table("Was it fair?", ("rule", "outcome", "seen"), shown)


def _rows(record: Record) -> Iterator[tuple[str, list[Record]]]:
    for contender in CONTENDERS:
        runs = derived.trained(record, contender.name)
        if runs:
            yield contender.name, runs
