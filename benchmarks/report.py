"""The tables of a report, each made from the record's raw times."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks import derived, fairness, ladder, step_cost, time_to_accuracy
from benchmarks.contenders import CONTENDERS, title
from benchmarks.results import Record
from benchmarks.statistics import Estimate, estimate, spread, verdict


@dataclass(frozen=True)
class Table:
    """A heading, columns, rows of text, and what to know about them.

    detail  for those who look closer: in summary.md, not on the terminal
    """

    heading: str
    header: tuple[str, ...]
    rows: list[list[str]]
    note: str = ""
    detail: bool = False

    def markdown(self) -> str:
        rule = ["---"] + ["---:"] * (len(self.header) - 1)
        lines = [self.header, rule, *self.rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def three_digits(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value < 1:
        return f"{value:.3f}"
    return f"{value:.{max(0, 3 - len(str(int(value))))}f}"


def micro(seconds: float) -> str:
    """Microseconds in three significant digits."""
    value = seconds * 1e6
    return f"{value:.1f}" if value < 100 else f"{round(value):,}"


def between(value: Estimate, show: object = three_digits) -> str:
    """A value with its interval."""
    assert callable(show)
    if value.n == 1:
        return str(show(value.value))
    return f"{show(value.value)} [{show(value.low)}, {show(value.high)}]"


def tables(record: Record) -> Iterator[Table]:
    """Every table for which the record has the runs."""
    makers = (
        ratios,
        phases,
        predicting,
        spreads,
        steps,
        lines,
        closing,
        growth,
        calls,
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
        f"{_threads(record)}; in brackets the 95 % interval, of fewer than "
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


def steps(record: Record) -> Table:
    """Microseconds of a step of every row, by width and batch size."""
    shown = [
        [
            title(cost.name),
            str(cost.units),
            *(
                micro(cost.times[size].value) if size in cost.times else ""
                for size in (1, 10, 100, 1000)
            ),
        ]
        for cost in step_cost.costs(record)
    ]
    return Table(
        "What a step costs",
        ("row", "units", "batch 1", "batch 10", "batch 100", "batch 1000"),
        shown,
        f"Microseconds of one update on {_threads(record)}, median of "
        f"{record['rounds']} processes. Units: width of the hidden layer.",
    )


def lines(record: Record) -> Table:
    """alpha and beta of every row and width, and where rows change places."""
    shown = [
        [
            title(cost.name),
            str(cost.units),
            between(cost.alpha, micro),
            between(cost.beta, lambda t: f"{t * 1e6:.2f}"),
            f"{cost.residual:.0%} at {cost.worst}"
            + ("" if cost.straight else ": no straight line"),
        ]
        for cost in step_cost.costs(record)
        if cost.alpha and cost.beta
    ]
    turns = [
        line
        for other in ("keras-batch-10", "keras-compiled-10")
        for line in step_cost.crossover(record, "numpy-batch-10", other)
    ]
    return Table(
        "Step cost as a line: alpha + beta * batch size",
        (
            "row",
            "units",
            "alpha, µs",
            "beta, µs per sample",
            "worst residual",
        ),
        shown,
        f"alpha is what a step costs before any sample is looked at, beta "
        f"what each sample adds; fitted with relative weights, in brackets "
        f"the interval over processes. A residual above "
        f"{step_cost.STRAIGHT:.0%} means that no straight line explains the "
        f"points. {' '.join(turns)}",
    )


def closing(record: Record) -> Table:
    """Whether the step cost explains an epoch."""
    shown = [
        [
            title(c.name),
            str(c.batch_size),
            three_digits(c.predicted),
            between(c.measured),
            f"{c.off:+.1%}",
            "yes" if c.explained else "no: the model does not explain it",
        ]
        for c in step_cost.closings(record)
    ]
    return Table(
        "Does the step cost explain an epoch?",
        ("row", "batch", "predicted, s", "measured, s", "off", "explained"),
        shown,
        "Predicted: updates * (alpha + beta * batch_size). Explained: "
        f"within {step_cost.EXPLAINED:.0%} of an epoch trained in the same "
        f"process.",
    )


def growth(record: Record) -> Table:
    """Does an epoch grow in proportion to the samples?"""
    shown = []
    for c in step_cost.contenders():
        runs = step_cost.swept(record, c.name)
        if not runs:
            continue
        sizes = {
            size["samples"]: [
                entry["seconds"]
                for run in runs
                for entry in run["sizes"]
                if entry["samples"] == size["samples"]
            ]
            for size in runs[0]["sizes"]
        }
        per_sample = [micro(median(s) / n) for n, s in sizes.items()]
        shown.append([title(c.name), str(c.batch_size), *per_sample])
    widest = max((len(row) for row in shown), default=0) - 2
    runs = [run for run in record["runs"] if "memory" in run]
    header = [
        f"{size['samples']:,}"
        for run in record["runs"]
        if run.get("sizes")
        for size in run["sizes"]
    ][:widest]
    note = (
        "Microseconds of an epoch per sample, by the number of samples: "
        "equal figures mean that the time grows in proportion."
    )
    if runs:
        small, large = runs[0]["memory"]
        growth = (large["bytes"] - small["bytes"]) / max(
            1, large["samples"] - small["samples"]
        )
        note += (
            f" A per-sample epoch of NumPy allocates at most "
            f"{large['bytes'] / 2**20:.1f} MiB at {large['samples']:,} "
            f"samples, {growth:.1f} bytes for each sample more: the order "
            f"of the samples takes 8."
        )
    return Table(
        "Does an epoch grow with the data?",
        ("row", "batch", *header),
        shown,
        note,
        detail=True,
    )


def calls(record: Record) -> Table:
    """Where the microseconds of one NumPy step go."""
    timed: dict[str, dict[int, list[float]]] = {}
    for run in record["runs"]:
        for entry in run.get("calls", []):
            sizes = timed.setdefault(entry["call"], {})
            sizes.setdefault(entry["batch_size"], []).append(entry["seconds"])
    if not timed:
        return Table("", (), [])
    shown = [
        [name, *(micro(median(seconds)) for seconds in sizes.values())]
        for name, sizes in timed.items()
    ]
    whole = timed.pop("the whole step")
    rest = [
        micro(
            median(whole[size]) - sum(median(s[size]) for s in timed.values())
        )
        for size in whole
    ]
    shown.append(["of it between the calls", *rest])
    return Table(
        "Where the microseconds of a NumPy step go",
        ("call", *(f"batch {size}, µs" for size in whole)),
        shown,
        f"784-30-10 on {_threads(record)}, each call timed alone, the best "
        f"of twenty; medians over processes. Numbers in brackets are "
        f"equations, listed in numpy_net/__init__.py.",
        detail=record["rounds"] < 2,
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

    def cell(value: float | None, show: object) -> str:
        assert callable(show)
        return "never" if value is None else str(show(value))

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


def _threads(record: Record) -> str:
    return f"{record['threads']} thread{'s' * (record['threads'] > 1)}"
