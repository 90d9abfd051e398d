"""Figures of time: how long, where it went, and why."""

from collections.abc import Iterator
from statistics import median
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.analysis import derived, ladder, step_cost
from benchmarks.record.results import Record
from benchmarks.report import looks, report, step_tables
from benchmarks.report.markup import Chart
from benchmarks.report.table import Table, three_digits
from benchmarks.rows.contenders import kind, rows_of, title

# The parts of a process, from first to last: grey and hatch.
GREYS = (
    ("#D9D9D9", ""),
    ("#9E9E9E", "///"),
    ("#7A7A7A", ""),
    ("#5E5E5E", "xx"),
    ("#1B1B1B", ""),
)


def times(record: Record) -> Iterator[Chart]:
    """How long, and where it went, if the record has trainings."""
    if _trained(record):
        yield how_long(record)
        yield where(record)


def reasons(record: Record) -> Iterator[Chart]:
    """The ladder and the cost of a step, if the record has them."""
    if ladder.is_one(record):
        yield rungs(record)
    if any(len(cost.times) > 1 for cost in step_cost.costs(record)):
        yield steps(record)


def _trained(record: Record) -> dict[str, list[Record]]:
    runs = {c.name: derived.trained(record, c.name) for c in rows_of(record)}
    return {name: found for name, found in runs.items() if found}


def how_long(record: Record) -> Chart:
    """Training seconds of every row, every round a point."""
    seconds = {
        name: [derived.training_seconds(run) for run in runs]
        for name, runs in _trained(record).items()
    }
    names = sorted(seconds, key=lambda name: median(seconds[name]))
    with looks.settings():
        figure, axis = plt.subplots(
            figsize=(7.4, 0.6 + 0.3 * len(names)), layout="constrained"
        )
        for y, name in enumerate(names):
            values, look = seconds[name], looks.look(name)
            axis.plot(values, [y] * len(values), **look.of_points())
            axis.plot(
                [min(values), max(values)], [y, y], color=look.color, lw=1
            )
            axis.annotate(
                f"{three_digits(median(values))} s",
                (max(values), y),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axis.set_yticks(range(len(names)), [title(name) for name in names])
        axis.invert_yaxis()
        axis.set_xscale("log")
        axis.margins(x=0.15)
        looks.plain_log(axis.xaxis)
        axis.set_xlabel("training, seconds (logarithmic)")
        picture = looks.svg(figure, "how-long")
    fast, slow = names[0], names[-1]
    return Chart(
        "how-long",
        "How long did the training take?",
        picture,
        "one line a model, the fastest on top, a point for every round, on a "
        "logarithmic scale. Rows differ in batch size and epochs: only the "
        "table of ratios compares what may be compared.",
        f"Training seconds of {len(names)} models, from "
        f"{three_digits(median(seconds[fast]))} ({title(fast)}) to "
        f"{three_digits(median(seconds[slow]))} ({title(slow)}).",
        Table(
            "Training seconds",
            ("model", "median, s", "least, s", "most, s", "rounds"),
            [
                [
                    title(name),
                    *(
                        three_digits(f(seconds[name]))
                        for f in (median, min, max)
                    ),
                    str(len(seconds[name])),
                ]
                for name in names
            ],
        ),
    )


def where(record: Record) -> Chart:
    """Shares of a process, from its start to the end of training."""
    rows = _trained(record)
    shares = {
        name: [
            median(derived.part_seconds(run, part) for run in runs)
            for part in derived.PARTS
        ]
        for name, runs in rows.items()
    }
    with looks.settings(**{"axes.grid": False}):
        figure, axis = plt.subplots(
            figsize=(7.4, 1.0 + 0.3 * len(rows)), layout="constrained"
        )
        for y, parts in enumerate(shares.values()):
            left = 0.0
            for value, (color, hatch) in zip(parts, GREYS, strict=True):
                share = 100 * value / sum(parts)
                axis.barh(
                    y, share, 0.7, left, color=color, hatch=hatch,
                    edgecolor="white", linewidth=0.5,
                )  # fmt: skip
                left += share
        axis.set_yticks(range(len(rows)), [title(name) for name in rows])
        axis.invert_yaxis()
        axis.set_xlabel("share of the process, percent")
        axis.set_xlim(0, 100)
        for label, (color, hatch) in zip(derived.PARTS, GREYS, strict=True):
            axis.bar(
                0, 0, color=color, hatch=hatch, edgecolor="white", label=label
            )
        figure.legend(
            loc="outside upper center", ncols=5, frameon=False, fontsize=9
        )
        picture = looks.svg(figure, "where")
    longest = max(shares, key=lambda name: shares[name][-1])
    return Chart(
        "where",
        "Where did the seconds of a process go?",
        picture,
        "black is training; all before it is paid once, however long one "
        "trains.",
        "Shares of five phases for each model. Of "
        f"{title(longest)}, {three_digits(shares[longest][-1])} s are epochs.",
        report.phases(record),
    )


def rungs(record: Record) -> Chart:
    """The ladder."""
    found = ladder.rungs(record)
    with looks.settings():
        figure, axis = plt.subplots(
            figsize=(7.4, 0.8 + 0.36 * len(found)), layout="constrained"
        )
        for y, rung in enumerate(found):
            value, look = rung.seconds, looks.look(rung.name)
            axis.barh(y, value.value, 0.62, color=look.color, alpha=0.85)
            axis.plot([value.low, value.high], [y, y], color="black", lw=1)
            axis.plot(value.value, y, look.marker, color="black", ms=4)
            said = f"{three_digits(value.value)} s"
            if rung.change:
                said += f"   × {three_digits(rung.change.value)}"
            axis.annotate(
                said, (value.high, y), xytext=(6, 0), va="center",
                textcoords="offset points", fontsize=9,
            )  # fmt: skip
        axis.set_yticks(
            range(len(found)), [r.title + " †" * r.marked for r in found]
        )
        axis.invert_yaxis()
        axis.set_xscale("log")
        axis.margins(x=0.3)
        looks.plain_log(axis.xaxis)
        axis.set_xlabel(
            "one epoch, seconds (logarithmic); × what the change made of it"
        )
        picture = looks.svg(figure, "ladder")
    largest = max(
        found, key=lambda r: abs(np.log(r.change.value)) if r.change else 0.0
    )
    assert largest.change is not None
    return Chart(
        "ladder",
        "Why: from the textbook program to a compiled epoch",
        picture,
        "a bar with a × differs from the one above in a single thing, so that "
        "each jump has one name; † marks where the updates become others. The "
        f"largest is at “{largest.title}”: times "
        f"{three_digits(largest.change.value)}.",
        "Seconds of an epoch on each rung: "
        + "; ".join(
            f"{r.title} {three_digits(r.seconds.value)}" for r in found
        )
        + ".",
        ladder.table(record),
    )


def steps(record: Record) -> Chart:
    """The step-cost sweep, with lines and the turning points in words."""
    costs = step_cost.costs(record)
    wide = [c for c in costs if 10 in c.times]
    panels = 1 + (len({c.units for c in wide}) > 1)
    with looks.settings():
        figure, axes = plt.subplots(
            1, panels, figsize=(4.2 * panels, 4.0), layout="constrained",
            squeeze=False,
        )  # fmt: skip
        draw_steps(axes[0, 0], costs)
        if panels == 2:
            _widths(axes[0, 1], wide)
        figure.legend(
            *axes[0, 0].get_legend_handles_labels(),
            loc="outside upper center", ncols=4, frameon=False, fontsize=9,
        )  # fmt: skip
        picture = looks.svg(figure, "steps")
    table = step_tables.steps(record)
    turns = step_cost.crossover(record, "numpy-batch-10", "keras-batch-10")
    said = f" {turns[0]}" if turns else ""
    return Chart(
        "step-cost",
        "Why: what one step costs, and where the answer turns",
        picture,
        "a line is flat as long as the step's fixed cost, alpha, outweighs "
        "its arithmetic, beta times the batch." + said,
        "Microseconds of a step against batch size. "
        + "; ".join(
            f"{row[0]}, {row[1]} units, batch 10: {row[3]}"
            for row in table.rows
            if row[3]
        )
        + ".",
        table,
    )


def draw_steps(axis: Any, costs: list[step_cost.Cost]) -> None:
    """Points and fitted lines at 30 units."""
    for cost in (c for c in costs if c.units == 30):
        look, sizes = looks.look(cost.name), sorted(cost.times)
        axis.plot(
            sizes,
            [cost.times[size].value * 1e6 for size in sizes],
            label=kind(cost.name),
            **look.of_points(),
        )
        if cost.alpha and cost.beta:
            many = np.geomspace(sizes[0], sizes[-1], 60)
            line = (cost.alpha.value + cost.beta.value * many) * 1e6
            axis.plot(many, line, look.linestyle, color=look.color, lw=1)
    axis.set(
        xscale="log",
        yscale="log",
        xlabel="batch size, images (30 units)",
        ylabel="one step, microseconds",
    )
    looks.plain_log(axis.xaxis)
    looks.plain_log(axis.yaxis)


def _widths(axis: Any, costs: list[step_cost.Cost]) -> None:
    for name in dict.fromkeys(cost.name for cost in costs):
        own = [c for c in costs if c.name == name]
        axis.plot(
            [c.units for c in own],
            [c.times[10].value * 1e6 for c in own],
            **looks.look(name).of_line(),
        )
    axis.set(
        xscale="log",
        yscale="log",
        xlabel="units of the hidden layer (batch 10)",
        ylabel="one step, microseconds",
    )
    looks.plain_log(axis.xaxis)
    looks.plain_log(axis.yaxis)
