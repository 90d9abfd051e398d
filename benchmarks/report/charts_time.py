"""Charts of time: how long, where it went, and why."""

from itertools import groupby
from statistics import median
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.analysis.analysis import Analysis
from benchmarks.analysis.epochs import MeasuredRung
from benchmarks.analysis.step_cost import UNITS, Cost
from benchmarks.record.run import PARTS
from benchmarks.report import drawing, facts
from benchmarks.report.drawing import Charts, chart, plot
from benchmarks.report.templating import three_digits
from benchmarks.rows.row import Row

# Of the parts of a process, from first to last.
SHADES = "#D9D9D9", "#9E9E9E", "#7A7A7A", "#5E5E5E", "#1B1B1B"
HATCHES = "", "///", "", "xx", ""
FILLED: dict[str, Any] = {"fillstyle": "full", "ls": "none"}
STEPS = (
    "batch size, images (30 units)",
    "units of the hidden layer (batch 10)",
)
Rows = list[tuple[Row, list[float]]]


def charts(analysis: Analysis) -> Charts:
    """Those for which the record has the runs."""
    trained = facts.trained(analysis.record)
    times = [(row, [r.training_seconds for r in rs]) for row, rs in trained]
    times.sort(key=lambda pair: median(pair[1]))
    yield chart("how-long", analysis, _draw_how_long, times)
    shares = [(row, facts.parts(runs)) for row, runs in trained]
    yield chart("where", analysis, _draw_where, shares, "phases")
    yield chart("ladder", analysis, _draw_ladder, analysis.rungs)
    yield chart("step-cost", analysis, _draw_steps, analysis.costs, "steps")


def _draw_how_long(figure: Figure, times: Rows) -> None:
    titles = [row.title for row, _ in times]
    xlabel = "training, seconds (logarithmic)"
    axes = drawing.rows(figure, 0.6 + 0.3 * len(times), titles, xlabel)
    for y, (row, values) in enumerate(times):
        plot(axes, values, [y] * len(values), row.look, **FILLED)
        span = [min(values), max(values)]
        axes.plot(span, [y, y], color=row.look.color, lw=1)
        drawing.note(axes, f"{three_digits(median(values))} s", span[1], y)
    axes.margins(x=0.15)
    drawing.plain_log("x", axes)


def _draw_where(figure: Figure, shares: Rows) -> None:
    titles = [row.title for row, _ in shares]
    xlabel = "share of the process, percent"
    axes = drawing.rows(figure, 1.0 + 0.3 * len(shares), titles, xlabel)
    axes.grid(False)
    percent = [100 * np.array(parts) / sum(parts) for _, parts in shares]
    left = np.zeros(len(shares))
    looks = zip(np.transpose(percent), PARTS, SHADES, HATCHES, strict=True)
    for widths, part, color, hatch in looks:
        options: dict[str, Any] = {"edgecolor": "white", "lw": 0.5}
        options |= {"color": color, "hatch": hatch, "label": part}
        axes.barh(range(len(shares)), widths, 0.7, left, **options)
        left += widths
    axes.set_xlim(0, 100)
    figure.legend(loc=drawing.ABOVE, ncols=5)


def _draw_ladder(figure: Figure, rungs: list[MeasuredRung]) -> None:
    titles = [r.rung.title + " †" * r.rung.changes_updates for r in rungs]
    xlabel = "one epoch, seconds (logarithmic); × what the change made of it"
    axes = drawing.rows(figure, 0.8 + 0.36 * len(rungs), titles, xlabel)
    for y, step in enumerate(rungs):
        value, look = step.seconds, step.rung.row.look
        axes.barh(y, value.value, 0.62, color=look.color, alpha=0.85)
        axes.plot([value.low, value.high], [y, y], color="black", lw=1)
        axes.plot(value.value, y, look.marker, color="black", ms=4)
        text = f"{three_digits(value.value)} s"
        if step.change:
            text += f"   × {three_digits(step.change.value)}"
        drawing.note(axes, text, value.high, y, xytext=(6, 0))
    axes.margins(x=0.3)
    drawing.plain_log("x", axes)


def _draw_steps(figure: Figure, costs: list[Cost]) -> None:
    several = len({cost.units for cost in costs if 10 in cost.times}) > 1
    labels = ["one step, microseconds"] * (1 + several)
    axes = drawing.panels(figure, 4.0, STEPS[: len(labels)], *labels)
    for cost in costs:
        if cost.units == UNITS:
            _plot_sizes(axes[0], cost)
    for _, of_row in groupby(costs if several else (), lambda c: c.row.name):
        _plot_widths(axes[1], list(of_row))
    drawing.plain_log("xy", *axes)
    drawing.legend(figure, axes[0], 4)


def _plot_sizes(axes: Any, cost: Cost) -> None:
    """Points, and the line that was fitted to them."""
    sizes, look = sorted(cost.times), cost.row.look
    times = [cost.times[size].value * 1e6 for size in sizes]
    plot(axes, sizes, times, look, cost.row.title, **FILLED)
    if cost.alpha and cost.beta:
        many = np.geomspace(sizes[0], sizes[-1], 60)
        line = (cost.alpha.value + cost.beta.value * many) * 1e6
        plot(axes, many, line, look, marker="", lw=1)


def _plot_widths(axes: Any, costs: list[Cost]) -> None:
    tens = [cost for cost in costs if 10 in cost.times]
    widths = [cost.units for cost in tens]
    times = [cost.times[10].value * 1e6 for cost in tens]
    plot(axes, widths, times, costs[0].row.look, fillstyle="full")
