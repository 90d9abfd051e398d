"""The tables of a report, each made from the record's raw times."""

from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.analysis import derived, fairness, ladder, time_to_accuracy
from benchmarks.analysis.statistics import Estimate, estimate, spread, verdict
from benchmarks.measure import noise
from benchmarks.record.results import Record
from benchmarks.report import step_tables
from benchmarks.report.table import (
    Table,
    between,
    micro,
    threads,
    three_digits,
)
from benchmarks.rows.contenders import TREES, Bar, rows_of, title


def tables(record: Record) -> Iterator[Table]:
    """Every table for which the record has the runs."""
    makers = (
        ratios,
        bars,
        phases,
        predicting,
        spreads,
        step_tables.steps,
        step_tables.lines,
        step_tables.closing,
        step_tables.growth,
        step_tables.calls,
        ladder.table,
        trees,
        to_accuracy,
        equal,
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
        seconds = map(
            three_digits,
            derived.seconds_of(record, ratio.slower, ratio.faster),
        )
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
    said_of_it = "not known: no twins" if floor is None else f"{floor:.1%}"
    rounds = record["rounds"]
    return Table(
        "Ratios",
        ("first / second", "what differs", "s per epoch", "ratio", "first is"),
        shown,
        f"Steady epochs (of trees, the whole training), {rounds} "
        f"round{'s' * (rounds > 1)} paired, on "
        f"{threads(record)}; in brackets the 95 % interval, of fewer than "
        f"five rounds all values. Noise floor, what identical rows differ "
        f"by: {said_of_it}. A ratio is formed only of rows that were seen to "
        f"make equal updates, or it says so. Of a row with one epoch the "
        f"first counts.",
    )


def bars(record: Record) -> Table:
    """What was asked of the ratios, and whether they are that."""
    shown = []
    for ratio, value, _ in derived.ratios(record):
        bar = ratio.bar
        if bar is None or value is None or bar.threads != record["threads"]:
            continue
        if record["data"]["choice"] != "mnist":  # they are about MNIST
            continue
        shown.append(
            [
                f"{title(ratio.slower)} / {title(ratio.faster)}",
                str(bar),
                between(value),
                _reached(bar, value),
            ]
        )
    return Table(
        "As fast as it was meant to be?",
        ("first / second", "bar", "measured", "reached"),
        shown,
        f"The bars were set before anything was measured here, for "
        f"{threads(record)}. Reached: the whole interval is on the right "
        f"side.",
        detail=True,
    )


def _reached(bar: Bar, value: Estimate) -> str:
    if value.n < 2:
        return "not judged: one round"
    if bar.at_least:
        good, bad = value.low >= bar.limit, value.high < bar.limit
    else:
        good, bad = value.high <= bar.limit, value.low > bar.limit
    return "yes" if good else "no" if bad else "within the noise"


def phases(record: Record) -> Table:
    """Where the seconds of a process went, until it was trained."""
    shown = [
        [
            title(name),
            *(
                three_digits(
                    median(derived.part_seconds(run, part) for run in runs)
                )
                for part in derived.PARTS
            ),
            three_digits(median(derived.cold_seconds(run) for run in runs)),
        ]
        for name, runs in _rows(record)
    ]
    return Table(
        "Where the seconds go",
        ("model", *derived.PARTS, "cold total"),
        shown,
        "Seconds, medians over rounds; validation and test are off the "
        "clock. Matrix: XGBoost's, of quantiles. Cold total: from the start "
        "of the process to the end of training.",
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


def trees(record: Record) -> Table:
    """Boosted trees with one thing changed at a time."""
    shown = []
    for name in ("xgboost", *(c.name for c in TREES)):
        runs = derived.trained(record, name)
        if not runs:
            continue
        pairs = derived.paired(record, name, "xgboost")
        seconds = estimate([derived.training_seconds(run) for run in runs])
        shown.append(
            [
                title(name),
                str(runs[0]["verified"]["settings"].get("pixels", "")),
                between(seconds),
                between(estimate([a / b for a, b in pairs])) if pairs else "",
                f"{median(run['test']['accuracy'] for run in runs):.4f}",
            ]
        )
    return Table(
        "What the time of boosted trees depends on",
        ("XGBoost", "pixels", "training, s", "times the defaults", "accuracy"),
        shown if len(shown) > 1 else [],
        "Each row differs from the defaults in one thing; seconds with the "
        "matrix. Pixels that are always equal can split nothing, but take "
        "their place in every histogram.",
    )


def to_accuracy(record: Record) -> Table:
    """Seconds, updates and epochs until an accuracy."""

    def cell(value: float | None, show: Callable[[float], str]) -> str:
        return "never" if value is None else show(value)

    found = time_to_accuracy.table(record)
    reached = any(entry.never < entry.runs for entry in found)
    shown = [
        [
            title(entry.name),
            f"{entry.threshold:.2f}",
            cell(entry.seconds, three_digits),
            cell(entry.updates, lambda v: f"{v:,.0f}"),
            cell(entry.epochs, lambda v: f"{v:g}"),
            f"{entry.runs - entry.never} of {entry.runs}",
        ]
        for entry in found
        if reached or record["until"]
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


def reasons(record: Record) -> Iterator[Table]:
    """What a step costs, and whether that explains an epoch."""
    for make in (
        step_tables.lines,
        step_tables.closing,
        step_tables.calls,
        step_tables.growth,
    ):
        table = make(record)
        if table.rows:
            yield table


def noisy(record: Record) -> list[str]:
    """What makes the seconds of single runs doubtful."""
    return [
        f"{run['contender']}, round {run['round'] + 1}: {flag}"
        for run in record["runs"]
        for flag in noise.flags(run.get("noise", {}))
    ]


def equal(record: Record) -> Table:
    """How far apart the trained weights of rows are that train alike."""
    shown = [
        [
            *(title(name) for name in pair["rows"]),
            "0, bit for bit"
            if pair["max_weight_difference"] == 0
            else f"{pair['max_weight_difference']:.1e}",
        ]
        for pair in record["agreement"] or []
    ]
    return Table(
        "Trained alike, are they equal?",
        ("row", "held to", "largest weight difference"),
        shown,
        "After the whole training, from equal first weights and in equal "
        "order. Float32 rounds differently in different programs, and in the "
        "custom net that grows from update to update; in float64 the tests "
        "hold both libraries to 1e-12.",
        detail=True,
    )


def conditions(record: Record) -> Table:
    """The machine, the versions, and how to do the same again."""
    machine, data = record["machine"], record["data"]
    shown = [
        ["processor", machine["processor"]],
        ["cores that could be used", str(machine["cores"])],
        ["threads of every library", str(record["threads"])],
        ["memory, GiB", str(machine.get("memory_gib"))],
        ["system", machine.get("system", "")],
        ["Python", machine["python"]],
        *([name, version] for name, version in machine["packages"].items()),
        ["data", f"{data['name']}, from {data['source']}"],
        *([f"SHA-256 of {n}", s] for n, s in data["sha256"].items()),
        ["seed", str(record["seed"])],
        ["begun", record["started_utc"]],
        ["ended", record["finished_utc"] or "not"],
        ["again", record["command"]],
    ]
    return Table("The machine", ("what", "seen"), shown)


def fairly(record: Record) -> Table:
    """The fairness list."""
    shown = [
        [finding.rule, finding.outcome, finding.seen]
        for finding in fairness.findings(record)
    ]
    return Table("Was it fair?", ("rule", "outcome", "seen"), shown)


def _rows(record: Record) -> Iterator[tuple[str, list[Record]]]:
    for contender in rows_of(record):
        runs = derived.trained(record, contender.name)
        if runs:
            yield contender.name, runs
