"""Charts of time: how long, where it went, and why."""

from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.analysis.analysis import Analysis
from benchmarks.analysis.epochs import MeasuredRung
from benchmarks.analysis.step_cost import UNITS, Cost
from benchmarks.record.run import PARTS
from benchmarks.report import drawing, facts
from benchmarks.report.drawing import Chart, Line, Panel, chart
from benchmarks.report.formats import three_digits
from benchmarks.rows.row import Row

# The parts of a process, from first to last: colour and hatch.
GREYS: tuple[dict[str, Any], ...] = (
    {"color": "#D9D9D9"},
    {"color": "#9E9E9E", "hatch": "///"},
    {"color": "#7A7A7A"},
    {"color": "#5E5E5E", "hatch": "xx"},
    {"color": "#1B1B1B"},
)
FILLED = {"fillstyle": "full", "ls": "none"}
WIDE = {"fillstyle": "full"}
Rows = list[tuple[Row, list[float]]]


def charts(analysis: Analysis) -> Iterator[Chart | None]:
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
    """One line a row, every round a point."""
    figure.set_size_inches(7.4, 0.6 + 0.3 * len(times))
    axes = figure.subplots()
    for y, (row, values) in enumerate(times):
        points = drawing.style(row.look) | FILLED
        axes.plot(values, [y] * len(values), **points)
        span = [min(values), max(values)]
        axes.plot(span, [y, y], color=row.look.color, lw=1)
        drawing.note(axes, f"{three_digits(median(values))} s", span[1], y)
    label = "training, seconds (logarithmic)"
    drawing.name_rows(axes, [row.title for row, _ in times], label)
    axes.margins(x=0.15)
    drawing.plain_log(axes, "x")


def _draw_where(figure: Figure, shares: Rows) -> None:
    """Of each row one bar, from the start to the end of training."""
    figure.set_size_inches(7.4, 1.0 + 0.3 * len(shares))
    axes, left = figure.subplots(), np.zeros(len(shares))
    axes.grid(False)
    percent = [100 * np.array(parts) / sum(parts) for _, parts in shares]
    for width, label, grey in zip(
        np.array(percent).T, PARTS, GREYS, strict=True
    ):
        options = grey | {"edgecolor": "white", "lw": 0.5, "label": label}
        axes.barh(range(len(shares)), width, 0.7, left, **options)
        left += width
    label = "share of the process, percent"
    drawing.name_rows(axes, [row.title for row, _ in shares], label)
    axes.set_xlim(0, 100)
    figure.legend(loc=drawing.ABOVE, ncols=5)


def _draw_ladder(figure: Figure, rungs: list[MeasuredRung]) -> None:
    """One bar a rung, with its interval and what the change made of it."""
    figure.set_size_inches(7.4, 0.8 + 0.36 * len(rungs))
    axes = figure.subplots()
    for y, step in enumerate(rungs):
        value, look = step.seconds, step.rung.row.look
        axes.barh(y, value.value, 0.62, color=look.color, alpha=0.85)
        axes.plot([value.low, value.high], [y, y], color="black", lw=1)
        axes.plot(value.value, y, look.marker, color="black", ms=4)
        text = f"{three_digits(value.value)} s"
        if step.change:
            text += f"   × {three_digits(step.change.value)}"
        drawing.note(axes, text, value.high, y, xytext=(6, 0))
    titles = [r.rung.title + " †" * r.rung.changes_updates for r in rungs]
    label = "one epoch, seconds (logarithmic); × what the change made of it"
    drawing.name_rows(axes, titles, label)
    axes.margins(x=0.3)
    drawing.plain_log(axes, "x")


def _draw_steps(figure: Figure, costs: list[Cost]) -> None:
    """A step by batch size, and if there are several by width."""
    sizes = [line for c in costs if c.units == UNITS for line in _by_size(c)]
    panels = [Panel(sizes, "batch size, images (30 units)")]
    widths = []
    for row in {cost.row.name: cost.row for cost in costs}.values():
        wide = [c for c in costs if c.row == row and 10 in c.times]
        times = [cost.times[10].value * 1e6 for cost in wide]
        widths.append(
            Line([c.units for c in wide], times, row.look, None, WIDE)
        )
    if any(len(line.x) > 1 for line in widths):
        panels.append(Panel(widths, "units of the hidden layer (batch 10)"))
    label = "one step, microseconds"
    panels = [panel._replace(ylabel=label, log="xy") for panel in panels]
    drawing.draw_panels(figure, panels, 4.0, legend=4, shared=False)


def _by_size(cost: Cost) -> Iterator[Line]:
    """Points, and the line that was fitted to them."""
    sizes, look = sorted(cost.times), cost.row.look
    times = [cost.times[size].value * 1e6 for size in sizes]
    yield Line(sizes, times, look, cost.row.title, FILLED)
    if cost.alpha and cost.beta:
        many = np.geomspace(sizes[0], sizes[-1], 60)
        line = (cost.alpha.value + cost.beta.value * many) * 1e6
        yield Line(many, line, look, None, {"marker": "", "lw": 1})
