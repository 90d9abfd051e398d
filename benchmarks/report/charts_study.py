"""Charts of the study: what one change does, question by question."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from benchmarks.analysis.analysis import Analysis
from benchmarks.record.run import Studied
from benchmarks.report import studied
from benchmarks.report.drawing import (
    Chart,
    Line,
    Panel,
    chart,
    draw_panels,
    name_rows,
    note,
)
from benchmarks.report.studied import Nets
from benchmarks.rows.row import Look
from benchmarks.rows.study import SHORT

# Variants are told apart by these, none of which stands for a library.
GREYS = (
    Look("#000000", "o", "-"),
    Look("#4C4C4C", "s", "--"),
    Look("#7F7F7F", "^", "-."),
    Look("#A6A6A6", "D", ":"),
)
TRAINING, VALIDATION = Look("#8C8C8C", "s", "--"), Look("#000000", "o", "-")
BY_BATCH = Look("#7B3294", "s", "-.")
PARTS = {"train": ("training", TRAINING), "val": ("validation", VALIDATION)}
SCORES = {
    "val_accuracy": ("accuracy", VALIDATION),
    "val_f1_macro": ("macro F1", Look("#000000", "^", "--")),
    "val_per_batch_f1": ("F1 by batches of 10", BY_BATCH),
}
Tops = dict[int, float]
SIZES = (1, 2, 5, 10, 20, 50, 100)  # of batches, whose ceiling is drawn


def charts(analysis: Analysis) -> Iterator[Chart | None]:
    """Those for whose question the record has the nets."""
    record = analysis.record
    nets = studied.good(record, "batch")
    yield chart("batches", analysis, _draw_batches, nets)
    yield chart("path", analysis, _draw_path, studied.path(record))
    nets = studied.good(record, "overfit")
    yield chart("overfitting", analysis, _draw_overfitting, nets)
    first = list(nets.values())[:1], {n: studied.ceiling(n) for n in SIZES}
    yield chart("scores", analysis, _draw_scores, first)
    groups, epochs = studied.sweeps(record), SHORT.epochs
    yield chart("sweeps", analysis, _draw_sweeps, groups, epochs=epochs)


def _by_epoch(
    net: Studied, name: str, look: Look, label: str, every: int = 1
) -> Line:
    """A score of a net, with a marker every so many epochs."""
    values = [getattr(epoch, name) for epoch in net.epochs]
    epochs, options = range(1, len(values) + 1), {"markevery": every}
    return Line(epochs, values, look, label, options)


def _draw_batches(figure: Figure, nets: Nets) -> None:
    lines = [
        _by_epoch(net, "val_accuracy", look, label)
        for (label, net), look in zip(nets.items(), GREYS, strict=False)
    ]
    panel = Panel(lines, "epoch", "validation accuracy")
    draw_panels(figure, [panel], 3.6)[0].legend()


def _draw_path(figure: Figure, nets: Nets) -> None:
    """From the assignment's net to the custom one, one change a step."""
    figure.set_size_inches(7.4, 0.9 + 0.36 * len(nets))
    axes, values = figure.subplots(), studied.accuracies(nets)
    axes.plot(values, range(len(values)), "-o", color=VALIDATION.color)
    edge = ("axes fraction", "data")
    for y, value in enumerate(values):
        note(axes, f"{value:.4f}", 1, y, xytext=(4, 0), xycoords=edge)
    name_rows(axes, list(nets), "test accuracy")
    axes.margins(y=0.1)


def _draw_overfitting(figure: Figure, nets: Nets) -> None:
    """Loss of training and validation, epoch by epoch, over seeds."""
    lines = []
    for (label, net), grey in zip(nets.items(), GREYS, strict=False):
        for name, (part, look) in PARTS.items():
            dashes = Look(look.color, look.marker, grey.line)
            line = f"{name}_loss", dashes, f"{part}, {label}", 5
            lines.append(_by_epoch(net, *line))
    panel = Panel(lines, "epoch", "squared error after the epoch", log="y")
    draw_panels(figure, [panel], 3.6)[0].legend(fontsize=8, ncols=2)


def _draw_scores(figure: Figure, shown: tuple[list[Studied], Tops]) -> None:
    """Accuracy, macro F1 and the F1 by batches; and the last one's ceiling."""
    [net], tops = shown
    lines = [
        _by_epoch(net, name, look, label, 3)
        for name, (label, look) in SCORES.items()
    ]
    ceiling = [Line(list(tops), list(tops.values()), BY_BATCH)]
    score = "score without a fault, average"
    panels = [
        Panel(lines, "epoch", "validation score"),
        Panel(ceiling, "batch size (logarithmic)", score, log="x"),
    ]
    left, right = draw_panels(figure, panels, 3.6, shared=False)
    left.axhline(tops[10], color=BY_BATCH.color, lw=1, ls=":")
    text = f"without a fault, on average: {tops[10]:.3f}"
    note(left, text, 1, tops[10], xytext=(0, 4), va="baseline")
    left.set_ylim(0, 1)
    left.legend(loc="lower right")
    right.set_ylim(0, 1.02)


def _draw_sweeps(figure: Figure, groups: dict[str, Nets]) -> None:
    """One panel a setting: what each does to the custom net's accuracy."""
    panels: list[Panel] = []
    for title, nets in groups.items():
        ylabel = "" if len(panels) % 3 else "wrong answers, percent (log.)"
        panel = Panel([], title, ylabel, "y", tuple(nets))
        there = {n: net for n, net in enumerate(nets.values()) if net.test}
        for name, (part, look) in PARTS.items():
            last = [net.epochs[-1] for net in there.values()]
            shares = [getattr(epoch, f"{name}_accuracy") for epoch in last]
            wrong = [max(100 * (1 - s), 0.01) for s in shares]  # 0 has no log
            panel.lines.append(Line(list(there), wrong, look, part))
        panels.append(panel)
    draw_panels(figure, panels, 2.8)[0].legend()
