"""What a chart is, and what all charts have in common.

templates/captions.txt says what each of them shows, numbers.txt in figures.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib import rc_context, rc_params_from_file
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from benchmarks.analysis.analysis import Analysis
from benchmarks.report.tables import Table, table
from benchmarks.report.templating import TEMPLATES, render, say
from benchmarks.rows.row import Look

STYLE = rc_params_from_file(TEMPLATES / "charts.mplstyle", False, False)
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
NUMBER = re.compile(r"\d+\.\d{3,}(?=[^<>]*>)")  # within a tag
ABOVE: Any = "outside upper center"  # where a legend stands
WIDTHS = (6.4, 8.6, 9.6)  # inches of one, two and three panels side by side
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


Charts = Iterator[Chart | None]  # None where the record has not the runs


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
    facts["cells"] = numbers.rows
    title, see, alt = say("captions.txt", block, analysis, **facts)
    return Chart(name, picture, numbers, title, see, alt)


def _svg(name: str, draw: Draw, shown: Any) -> str:
    """What is drawn, as an SVG element to stand in a page beside others.

    Its ids get the name in front: matplotlib gives the same to every figure.
    """
    file = io.StringIO()
    with rc_context(STYLE):
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


def panels(
    figure: Figure, height: float, xlabels: Sequence[str], *ylabels: str
) -> list[Any]:
    """Axes under these labels, three in a row of this height in inches.

    With one ylabel they share the y axis, else each has its own.
    """
    across, down = min(3, len(xlabels)), -(-len(xlabels) // 3)
    figure.set_size_inches(WIDTHS[across - 1], height * down)
    shared = len(ylabels) == 1
    grid = figure.subplots(down, across, sharey=shared, squeeze=False)
    for axes in grid.flat[len(xlabels) :]:
        axes.set_axis_off()
    for axes, xlabel in zip(grid.flat, xlabels, strict=False):
        axes.set_xlabel(xlabel)
        if xlabel.startswith("epoch"):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    labelled = grid[:, 0] if shared else grid.flat
    for axes, ylabel in zip(labelled, ylabels * down, strict=False):
        axes.set_ylabel(ylabel)
    return list(grid.flat[: len(xlabels)])


def rows(figure: Figure, height: float, names: list[str], xlabel: str) -> Any:
    """Axes of this height with one name a row, the first on top."""
    figure.set_size_inches(7.4, height)
    axes = figure.subplots()
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(xlabel)
    return axes


def plot(
    axes: Any, x: Any, y: Any, look: Look, label: str = "", **options: Any
) -> None:
    """A line with hollow markers; without a label it is not in the legend."""
    style = {"color": look.color, "marker": look.marker, "ls": look.line}
    style |= {"fillstyle": "none"} | options
    axes.plot(x, y, label=label or None, **style)


def legend(figure: Figure, axes: Any, columns: int) -> None:
    """What the lines of these axes are, above all."""
    labels = axes.get_legend_handles_labels()
    figure.legend(*labels, loc=ABOVE, ncols=columns)


def plain_log(which: str, *panels: Any) -> None:
    """Make "x", "y" logarithmic, labelled 0.1, 1, 10, once they are drawn."""
    for axes, name in product(panels, which):
        axes.set(**{f"{name}scale": "log"})
        axis = getattr(axes, f"{name}axis")
        low, high = sorted(axis.get_view_interval())
        subs = (1.0, 2.0, 5.0) if high / low < 30 else (1.0,)
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(lambda value, _: f"{value:,.9g}")
        axis.set_minor_formatter(NullFormatter())


def note(axes: Any, text: str, x: float, y: float, **more: Any) -> None:
    """Write beside a point."""
    options = {"xytext": (8, 0), "va": "center", "fontsize": 9} | more
    axes.annotate(text, (x, y), textcoords="offset points", **options)
