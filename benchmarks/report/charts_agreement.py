"""Do both compute the same? Drift and kernels; where models disagree."""

import base64
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from benchmarks.analysis.analysis import Analysis
from benchmarks.record.record import SIDE, Comparison, Digits
from benchmarks.record.run import Drift
from benchmarks.report.drawing import Chart, Line, Panel, chart, draw_panels
from benchmarks.rows.row import Row
from benchmarks.rows.table import KERAS, NUMPY, NUMPY_10, NUMPY_CUSTOM, XGBOOST

EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23}
STYLE = {"float64": "-", "float32": "--"}
JUDGES = (NUMPY_10, NUMPY_CUSTOM, XGBOOST)  # different enough to disagree
GAP = 2  # pixels between two kernels
Mistakes = tuple[Row, np.ndarray, list[tuple[int, int]]]


def charts(analysis: Analysis) -> Iterator[Chart | None]:
    """Those for which the record has the runs."""
    run = analysis.record.the("drift")
    entries = run.closeness.drift if run and run.closeness else []
    yield chart("drift", analysis, _draw_drift, entries)
    if analysis.record.comparison:
        yield _kernels(analysis, analysis.record.comparison)
        yield _disagreements(analysis, analysis.record.comparison)
    mistakes = [
        _mistakes(row, run.measured.test.confusion)
        for row in JUDGES
        for run in analysis.record.trained(row)[:1]
    ]
    yield chart("confusion", analysis, _draw_confusion, mistakes)


def _draw_drift(figure: Figure, entries: list[Drift]) -> None:
    """How far Keras's weights are from ours, update by update."""
    nets: dict[str, Panel] = {}
    for entry in entries:
        panel = Panel([], "updates (logarithmic)", log="xy")
        nets.setdefault(entry.net, panel).lines.extend(_differences(entry))
    axes = draw_panels(figure, list(nets.values()), 3.8, legend=2)
    for panel, net in zip(axes, nets, strict=True):
        panel.set_title(net.replace("_", " "))
        for dtype in dict.fromkeys(entry.dtype for entry in entries):
            panel.axhline(EPSILON[dtype], color="#999999", lw=1, ls=":")
    axes[0].set_ylabel("largest weight difference")


def _differences(entry: Drift) -> Iterator[Line]:
    options = {"ls": STYLE[entry.dtype]}
    for look, values, name in (
        (NUMPY, entry.twin, "NumPy, one ulp away"),
        (KERAS, entry.keras or [], "Keras"),
    ):
        # Nothing apart cannot be drawn on this scale: at its foot.
        y = [max(value, 1e-17) for value in values]
        label = f"{name}, {entry.dtype}"
        yield Line(entry.steps[: len(y)], y, look, label, options)


class Pixels(NamedTuple):
    """Shades of grey (height, width) as a picture within the page."""

    shades: np.ndarray

    @property
    def url(self) -> str:
        file = io.BytesIO()
        Image.fromarray(self.shades).save(file, "PNG")
        data = base64.b64encode(file.getvalue()).decode()
        return f"data:image/png;base64,{data}"


def _decode(text: str) -> np.ndarray:
    """Images that a record keeps as text: (n, 28, 28) of uint8."""
    flat = np.frombuffer(base64.b64decode(text), np.uint8)
    return flat.reshape(-1, SIDE, SIDE)


def digits(found: Digits) -> list[tuple[Pixels, int]]:
    """Images of the data, black on white, with their labels."""
    pictures = [Pixels(255 - image) for image in _decode(found.images)]
    return list(zip(pictures, found.labels, strict=True))


def _kernels(analysis: Analysis, found: Comparison) -> Chart | None:
    """First kernels, an image for every unit."""
    images = [_decode(entry.images) for entry in found.kernels.values()]
    grids = [
        (analysis.record.title(name), entry.scale, _in_rows(shades))
        for (name, entry), shades in zip(
            found.kernels.items(), images, strict=True
        )
    ]
    same = None
    if len(images) == 2 and images[0].shape == images[1].shape:
        same = float(np.mean(images[0] == images[1]))  # share of the pixels
    return chart("kernels", analysis, None, grids, images=images, same=same)


def _in_rows(images: np.ndarray) -> Pixels:
    """The images in rows of ten, white between them."""
    white, side = ((0, -len(images) % 10), (0, GAP), (0, GAP)), SIDE + GAP
    padded = np.pad(images, white, constant_values=255)
    rows = padded.reshape(-1, 10, side, side).swapaxes(1, 2)
    return Pixels(rows.reshape(-1, 10 * side)[:-GAP, :-GAP])


def _disagreements(analysis: Analysis, compared: Comparison) -> Chart | None:
    """Test digits in dispute, with the answers of each model."""
    found = compared.disagreements
    if not found:
        return None
    answers = zip(*found.answers.values(), strict=True)
    cards = list(zip(digits(found), answers, strict=True))
    models = [analysis.record.title(name) for name in found.answers]
    facts: dict[str, Any] = {"columns": models, "count": found.count}
    return chart("disagreements", analysis, None, cards, **facts)


def _mistakes(row: Row, confusion: list[list[int]]) -> Mistakes:
    """The mistakes alone, and where the five most frequent are."""
    wrong = np.array(confusion) * (1 - np.eye(10, dtype=int))
    order = np.argsort(-wrong, axis=None, kind="stable")[:5]
    places = [divmod(int(place), 10) for place in order]
    return row, wrong, [(y, x) for y, x in places if wrong[y, x]]


def _draw_confusion(figure: Figure, mistakes: list[Mistakes]) -> None:
    """Which digit is taken for which, in counts."""
    figure.set_size_inches(3.6 * len(mistakes), 3.8)
    axes = figure.subplots(1, len(mistakes), squeeze=False)[0]
    for panel, (row, wrong, _) in zip(axes, mistakes, strict=True):
        panel.grid(False)
        panel.imshow(wrong, cmap="Greys", vmin=0, vmax=max(1, wrong.max()))
        for y, x in np.argwhere(wrong > 0):
            color = "white" if wrong[y, x] > 0.5 * wrong.max() else "black"
            options = {"ha": "center", "va": "center", "in_layout": False}
            panel.text(x, y, wrong[y, x], color=color, fontsize=7, **options)
        panel.set_xticks(range(10))
        panel.set_yticks(range(10))
        panel.set(title=row.title, xlabel="answer", ylabel="digit")
