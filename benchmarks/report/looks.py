"""How things look: one colour and one marker per implementation, everywhere.

Okabe and Ito's colours stay apart for colour-blind readers; marker and line
style tell the same in grey print.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from benchmarks.rows.contenders import is_added

NAMESPACE = "http://www.w3.org/2000/svg"
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fixed",  # equal results give equal bytes
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
}


@dataclass(frozen=True)
class Look:
    """Colour, marker and line of one implementation."""

    color: str
    marker: str
    linestyle: str = "-"

    def of_line(self) -> dict[str, Any]:
        return {
            "color": self.color,
            "marker": self.marker,
            "linestyle": self.linestyle,
        }

    def of_points(self) -> dict[str, Any]:
        return self.of_line() | {"linestyle": "none"}


NUMPY = Look("#0072B2", "o")
TEXTBOOK = Look("#56B4E9", "s", ":")
KERAS = Look("#D55E00", "^", "--")
KERAS_50 = Look("#7F7F7F", "v", "--")
COMPILED = Look("#E69F00", "D", "-.")
XGBOOST = Look("#009E73", "P")
SKLEARN = Look("#CC79A7", "X")
ADDED = Look("#6A3D9A", "h")
FLOOR = Look("#000000", "*", ":")

# The first part of a row's name that is known decides.
_BY_NAME = (
    ("numpy-per-sample", TEXTBOOK),
    ("rung-textbook", TEXTBOOK),
    ("rung-batch-10", TEXTBOOK),
    ("rung-keras-batch-100", COMPILED),
    ("rung-keras-compiled", COMPILED),
    ("keras-compiled", COMPILED),
    ("keras-50", KERAS_50),
    ("rung-keras-50", KERAS_50),
    ("rung-keras", KERAS),
    ("keras", KERAS),
    ("xgboost", XGBOOST),
    ("trees", XGBOOST),
    ("sklearn", SKLEARN),
    ("floor", FLOOR),
)


def look(name: str) -> Look:
    """The look of a row or a rung."""
    if is_added(name):
        return ADDED
    for start, found in _BY_NAME:
        if name.startswith(start):
            return found
    return NUMPY


@contextmanager
def settings(**more: Any) -> Iterator[None]:
    """Draw within this: the same fonts and lines in all figures."""
    with mpl.rc_context(SETTINGS | more):
        yield


def svg(figure: Figure, name: str) -> str:
    """The figure as an SVG element to stand in a page beside others.

    Its ids get the name in front: matplotlib gives the same to every figure.
    """
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    # What only other programs would read, and would name another host.
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = text.replace("xlink:href", "href")
    for before in ('id="', 'href="#', "url(#"):
        text = text.replace(before, f"{before}{name}-")
    text = re.sub(r"<[^>]*>", _shorter, text)
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def alone(element: str) -> str:
    """An SVG element of a page as a file of its own, on white."""
    return element.replace("<svg", f'<svg xmlns="{NAMESPACE}"', 1) + "\n"


def _shorter(tag: re.Match[str]) -> str:
    """A tag whose coordinates have no thousandths of a point."""
    return re.sub(
        r"\d+\.\d{3,}", lambda m: f"{float(m.group()):.2f}", tag.group()
    )


def plain_log(axis: Any) -> None:
    """A logarithmic axis (an axes' xaxis or yaxis) labelled 0.1, 1, 10."""
    low, high = sorted(axis.get_view_interval())
    subs = (1.0, 2.0, 5.0) if high / low < 30 else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.9g}"))
    axis.set_minor_formatter(NullFormatter())


def png(image: Any, **options: Any) -> bytes:
    """An array as a PNG file, a pixel a number."""
    file = io.BytesIO()
    plt.imsave(file, image, format="png", **options)
    return file.getvalue()
