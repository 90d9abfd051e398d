"""What a chart is, and what all charts have in common."""

import io
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from benchmarks.analysis.analysis import Analysis
from benchmarks.report.tables import Table, table
from benchmarks.report.templating import render, say
from benchmarks.rows.row import Look

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fixed",  # equal results give equal bytes
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "legend.fontsize": 9,
}
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
NUMBER = re.compile(r"\d+\.\d{3,}(?=[^<>]*>)")  # within a tag
ABOVE: Any = "outside upper center"  # where a legend stands
Draw = Callable[[Figure, Any], None]  # what is shown


class Chart(NamedTuple):
    """A figure, what to see in it, and its numbers.

    picture  an SVG element, or other HTML
    alt      what it shows, with its figures, for who cannot see it
    """

    name: str
    picture: Markup
    table: Table
    title: str
    see: str
    alt: str


def chart(
    name: str,
    analysis: Analysis,
    draw: Draw | None,
    shown: Any,
    block: str = "",
    **facts: Any,
) -> Chart | None:
    """Draw what is ``shown``, and say what there is to see in it.

    None without numbers in its table.
    draw   None: the picture is a block of pictures.html
    block  of the templates, if it is not called like the chart
    facts  what the blocks need besides ``shown`` and the analysis
    """
    block = block or name.replace("-", "_")
    facts |= {"shown": shown}
    numbers = table(block, analysis, **facts)
    if not numbers.rows:
        return None
    html = "" if draw else render("pictures.html", block, **facts)
    picture = Markup(_svg(name, draw, shown) if draw else html)
    facts |= {"cells": numbers.rows}
    title, see, alt = say("captions.txt", block, analysis, **facts)
    return Chart(name, picture, numbers, title, see, alt)


def _svg(name: str, draw: Draw, shown: Any) -> str:
    """What is drawn, as an SVG element to stand in a page beside others.

    Its ids get the name in front: matplotlib gives the same to every figure.
    """
    file = io.StringIO()
    with mpl.rc_context(SETTINGS):
        figure = Figure()
        draw(figure, shown)
        # Figure.savefig draws twice, once only to arrange the axes.
        FigureCanvasSVG(figure).print_svg(file, metadata=NO_METADATA)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = text.replace("xlink:href", "href")
    for before in ('id="', 'href="#', "url(#"):
        text = text.replace(before, f"{before}{name}-")
    # Coordinates need no thousandths of a point.
    text = NUMBER.sub(lambda number: f"{float(number[0]):.2f}", text)
    return re.sub(r"\s*\n\s*", "\n", text).strip()


class Line(NamedTuple):
    """A line through points; without a label it is not in the legend.

    options  of matplotlib, where they differ from those of the look
    """

    x: Any
    y: Any
    look: Look
    label: str | None = None
    options: dict[str, Any] | None = None


class Panel(NamedTuple):
    """Lines in one pair of axes.

    log     which of "x" and "y" are logarithmic
    places  names of the places on the x axis
    """

    lines: list[Line]
    xlabel: str
    ylabel: str = ""
    log: str = ""
    places: tuple[str, ...] = ()


def draw_panels(
    figure: Figure,
    panels: list[Panel],
    height: float,
    legend: int = 0,
    shared: bool = True,
) -> Any:
    """Draw the panels, three in a row, and return the first row's axes.

    height  of one row, in inches
    legend  above all, in so many columns
    """
    across, down = min(3, len(panels)), -(-len(panels) // 3)
    figure.set_size_inches((6.4, 8.6, 9.6)[across - 1], height * down)
    axes = figure.subplots(down, across, sharey=shared, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, panel in zip(axes.flat, panels, strict=False):
        _draw_panel(axis, panel)
    for axis, panel in zip(axes.flat, panels, strict=False):
        plain_log(axis, panel.log)
    if legend:
        labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(*labels, loc=ABOVE, ncols=legend)
    return axes[0]


def _draw_panel(axes: Any, panel: Panel) -> None:
    for x, y, look, label, options in panel.lines:
        axes.plot(x, y, label=label, **style(look) | (options or {}))
    axes.set_xlabel(panel.xlabel)
    if panel.ylabel:  # else it would hide that of a shared axis
        axes.set_ylabel(panel.ylabel)
    if panel.places:
        axes.set_xticks(range(len(panel.places)), panel.places)
    elif panel.xlabel.startswith("epoch"):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def style(look: Look) -> dict[str, Any]:
    """How a line is drawn, its markers hollow."""
    found = {"color": look.color, "marker": look.marker, "ls": look.line}
    return found | {"fillstyle": "none"}


def plain_log(axes: Any, which: str) -> None:
    """Make "x", "y" logarithmic, labelled 0.1, 1, 10, once they are drawn."""
    for name in which:
        getattr(axes, f"set_{name}scale")("log")
        axis = getattr(axes, f"{name}axis")
        low, high = sorted(axis.get_view_interval())
        subs = (1.0, 2.0, 5.0) if high / low < 30 else (1.0,)
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(lambda value, _: f"{value:,.9g}")
        axis.set_minor_formatter(NullFormatter())


def name_rows(axes: Any, names: list[str], label: str) -> None:
    """One name a row, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(label)


def note(axes: Any, text: str, x: float, y: float, **more: Any) -> None:
    """Write beside a point."""
    options = {"xytext": (8, 0), "va": "center", "fontsize": 9} | more
    axes.annotate(text, (x, y), textcoords="offset points", **options)
