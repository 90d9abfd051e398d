"""The tables of the step-cost sweep."""

from statistics import median

from benchmarks.analysis import step_cost
from benchmarks.record.results import Record
from benchmarks.report.table import (
    Table,
    between,
    micro,
    threads,
    three_digits,
)
from benchmarks.rows.contenders import kind


def steps(record: Record) -> Table:
    """Microseconds of a step of every row, by width and batch size."""
    shown = [
        [
            kind(cost.name),
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
        f"Microseconds of one update on {threads(record)}, median of "
        f"{record['rounds']} process{'es' * (record['rounds'] > 1)}. "
        f"Units: width of the hidden layer.",
    )


def lines(record: Record) -> Table:
    """alpha and beta of every row and width, and where rows change places."""
    shown = [
        [
            kind(cost.name),
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
            kind(c.name),
            str(c.batch_size),
            "line" if c.by_line else "point",
            three_digits(c.predicted),
            between(c.measured),
            f"{c.off:+.1%}",
            "yes" if c.explained else "no: the model does not explain it",
        ]
        for c in step_cost.closings(record)
    ]
    return Table(
        "Does the step cost explain an epoch?",
        (
            "row",
            "batch",
            "by",
            "predicted, s",
            "measured, s",
            "off",
            "explained",
        ),
        shown,
        "Predicted: updates * (alpha + beta * batch_size), or, where no line "
        "explains the points, updates * the timed step. Explained: "
        f"within {step_cost.EXPLAINED:.0%} of an epoch trained in the same "
        f"process.",
    )


def growth(record: Record) -> Table:
    """Does an epoch grow in proportion to the samples?"""
    shown, counts = [], []
    for c in step_cost.contenders():
        sizes: dict[int, list[float]] = {}
        for run in step_cost.swept(record, c.name):
            for size in run.get("sizes", []):
                sizes.setdefault(size["samples"], []).append(size["seconds"])
        if len(sizes) > 1:
            counts = list(sizes)
            cells = [micro(median(s) / n) for n, s in sizes.items()]
            shown.append([kind(c.name), str(c.batch_size), *cells])
    runs = [run for run in record["runs"] if run.get("memory")]
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
        ("row", "batch", *(f"{count:,}" for count in counts)),
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
        f"784-30-10 on {threads(record)}, each call timed alone, the best "
        f"of twenty; medians over processes. Numbers in brackets are "
        f"equations, listed in numpy_net/__init__.py.",
        detail=record["rounds"] < 2,
    )
