"""Do both compute the same? Drift and kernels; where models disagree."""

import base64
import io
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from benchmarks.analysis.analysis import Analysis
from benchmarks.record.record import SIDE, Comparison, Digits
from benchmarks.record.run import Drift
from benchmarks.report import drawing
from benchmarks.report.drawing import Chart, Charts, chart
from benchmarks.rows.row import Row
from benchmarks.rows.table import KERAS, NUMPY, NUMPY_10, NUMPY_CUSTOM, XGBOOST

DASHES = {"float64": "-", "float32": "--"}
JUDGES = (NUMPY_10, NUMPY_CUSTOM, XGBOOST)  # different enough to disagree
GAP = 2  # pixels between two kernels
# A row, its counts of digit and answer, and where the largest of them are.
Mistakes = tuple[Row, np.ndarray, list[tuple[int, int]]]


def charts(analysis: Analysis) -> Charts:
    """Those for which the record has the runs."""
    record = analysis.record
    run = record.the("drift")
    entries = run.closeness.drift if run and run.closeness else []
    yield chart("drift", analysis, _draw_drift, entries)
    if record.comparison:
        yield _kernels(analysis, record.comparison)
        yield _disagreements(analysis, record.comparison)
    mistakes = [
        _mistakes(row, run.measured.test.confusion)
        for row in JUDGES
        for run in record.trained(row)[:1]
    ]
    yield chart("confusion", analysis, _draw_confusion, mistakes)


def _draw_drift(figure: Figure, entries: list[Drift]) -> None:
    nets = list(dict.fromkeys(entry.net for entry in entries))
    xlabels = ["updates (logarithmic)"] * len(nets)
    axes = drawing.panels(figure, 3.8, xlabels, "largest weight difference")
    for entry in entries:
        _plot_differences(axes[nets.index(entry.net)], entry)
    for panel, net in zip(axes, nets, strict=True):
        drawing.plain_log("xy", panel)
        panel.set_title(net.replace("_", " "))
        for dtype in dict.fromkeys(entry.dtype for entry in entries):
            step = float(np.finfo(dtype).eps)
            panel.axhline(step, color="#999999", lw=1, ls=":")
    drawing.legend(figure, axes[0], 2)


def _plot_differences(axes: Any, entry: Drift) -> None:
    for look, values, name in (
        (NUMPY, entry.twin, "NumPy, one ulp away"),
        (KERAS, entry.keras or [], "Keras"),
    ):
        # Nothing apart cannot be drawn on this scale: at its foot.
        y = [max(value, 1e-17) for value in values]
        label, dashes = f"{name}, {entry.dtype}", DASHES[entry.dtype]
        drawing.plot(axes, entry.steps[: len(y)], y, look, label, ls=dashes)


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


def digits(images: Digits) -> list[tuple[Pixels, int]]:
    """Images of the data, black on white, with their labels."""
    pictures = [Pixels(255 - image) for image in _decode(images.images)]
    return list(zip(pictures, images.labels, strict=True))


def _kernels(analysis: Analysis, compared: Comparison) -> Chart | None:
    """First kernels, an image for every unit."""
    shown = []
    for name, kernel in compared.kernels.items():
        title, images = analysis.record.title(name), _decode(kernel.images)
        shown.append((title, kernel.scale, images, _in_rows(images)))
    return chart("kernels", analysis, None, shown)


def _in_rows(images: np.ndarray) -> Pixels:
    """The images in rows of ten, white between them."""
    white, side = ((0, -len(images) % 10), (0, GAP), (0, GAP)), SIDE + GAP
    padded = np.pad(images, white, constant_values=255)
    rows = padded.reshape(-1, 10, side, side).swapaxes(1, 2)
    return Pixels(rows.reshape(-1, 10 * side)[:-GAP, :-GAP])


def _disagreements(analysis: Analysis, compared: Comparison) -> Chart | None:
    """Test digits in dispute, with the answers of each model."""
    disputed = compared.disagreements
    if not disputed:
        return None
    answers = zip(*disputed.answers.values(), strict=True)
    cards = list(zip(digits(disputed), answers, strict=True))
    models = [analysis.record.title(name) for name in disputed.answers]
    shown = "disagreements", analysis, None, cards
    return chart(*shown, columns=models, count=disputed.count)


def _mistakes(row: Row, confusion: list[list[int]]) -> Mistakes:
    """The mistakes alone, and where the five most frequent are."""
    wrong = np.array(confusion) * (1 - np.eye(10, dtype=int))
    order = np.argsort(-wrong, axis=None, kind="stable")[:5]
    places = [divmod(int(place), 10) for place in order]
    return row, wrong, [(y, x) for y, x in places if wrong[y, x]]


def _draw_confusion(figure: Figure, mistakes: list[Mistakes]) -> None:
    figure.set_size_inches(3.6 * len(mistakes), 3.8)
    axes = figure.subplots(1, len(mistakes), squeeze=False)[0]
    for panel, (row, wrong, _) in zip(axes, mistakes, strict=True):
        panel.grid(False)
        panel.imshow(wrong, cmap="Greys", vmin=0, vmax=max(1, wrong.max()))
        for y, x in np.argwhere(wrong > 0):
            color = "white" if wrong[y, x] > 0.5 * wrong.max() else "black"
            options = {"ha": "center", "va": "center", "in_layout": False}
            panel.text(x, y, wrong[y, x], color=color, fontsize=7, **options)
        panel.set(xticks=range(10), yticks=range(10))
        panel.set(title=row.title, xlabel="answer", ylabel="digit")
