"""Charts of the study: what one change does, question by question."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.analysis.analysis import Analysis
from benchmarks.record.run import Studied
from benchmarks.report import drawing, facts
from benchmarks.report.drawing import Chart, chart
from benchmarks.report.facts import Nets
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
SIZES = (1, 2, 5, 10, 20, 50, 100)  # of batches, whose ceiling is drawn


def charts(analysis: Analysis) -> Iterator[Chart | None]:
    """Those for whose question the record has the nets."""
    record = analysis.record
    nets = facts.nets(record, "batch")
    yield chart("batches", analysis, _draw_batches, nets)
    yield chart("path", analysis, _draw_path, facts.path(record))
    nets = facts.nets(record, "overfit")
    yield chart("overfitting", analysis, _draw_overfitting, nets)
    first, tops = (
        list(nets.values())[:1],
        {n: facts.ceiling(n) for n in SIZES},
    )
    yield chart("scores", analysis, _draw_scores, (first, tops))
    groups, epochs = facts.settings(record), SHORT.epochs
    yield chart("sweeps", analysis, _draw_sweeps, groups, epochs=epochs)


def _plot(
    axes: Axes, net: Studied, name: str, look: Look, label: str, every: int = 1
) -> None:
    """A score of a net by epoch, with a marker every so many."""
    values = [getattr(epoch, name) for epoch in net.epochs]
    drawing.by_epoch(axes, values, look, label, markevery=every)


def _draw_batches(figure: Figure, nets: Nets) -> None:
    [axes] = drawing.panels(figure, 3.6, ["epoch"], "validation accuracy")
    for (label, net), look in zip(nets.items(), GREYS, strict=False):
        _plot(axes, net, "val_accuracy", look, label)
    axes.legend()


def _draw_path(figure: Figure, nets: Nets) -> None:
    """From the assignment's net to the custom one, one change a step."""
    height = 0.9 + 0.36 * len(nets)
    values = [net.test.accuracy for net in nets.values() if net.test]
    axes = drawing.rows(figure, height, list(nets), "test accuracy")
    axes.plot(values, range(len(values)), "-o", color=VALIDATION.color)
    for y, value in enumerate(values):
        edge = {"xytext": (4, 0), "xycoords": ("axes fraction", "data")}
        drawing.note(axes, f"{value:.4f}", 1, y, **edge)
    axes.margins(y=0.1)


def _draw_overfitting(figure: Figure, nets: Nets) -> None:
    """Loss of training and validation, epoch by epoch, over seeds."""
    ylabel = "squared error after the epoch"
    [axes] = drawing.panels(figure, 3.6, ["epoch"], ylabel)
    for (label, net), grey in zip(nets.items(), GREYS, strict=False):
        for name, (part, look) in PARTS.items():
            dashes = Look(look.color, look.marker, grey.line)
            _plot(axes, net, f"{name}_loss", dashes, f"{part}, {label}", 5)
    drawing.plain_log(axes, "y")
    axes.legend(fontsize=8, ncols=2)


def _draw_scores(
    figure: Figure, shown: tuple[list[Studied], dict[int, float]]
) -> None:
    """Accuracy, macro F1 and the F1 by batches; and the last one's ceiling."""
    [net], tops = shown
    xlabels = "epoch", "batch size (logarithmic)"
    ylabels = "validation score", "score without a fault, average"
    left, right = drawing.panels(figure, 3.6, xlabels, *ylabels)
    for name, (label, look) in SCORES.items():
        _plot(left, net, name, look, label, 3)
    left.axhline(tops[10], color=BY_BATCH.color, lw=1, ls=":")
    text = f"without a fault, on average: {tops[10]:.3f}"
    drawing.note(left, text, 1, tops[10], xytext=(0, 4), va="baseline")
    left.set_ylim(0, 1)
    left.legend(loc="lower right")
    drawing.plot(right, list(tops), list(tops.values()), BY_BATCH)
    drawing.plain_log(right, "x")
    right.set_ylim(0, 1.02)


def _draw_sweeps(figure: Figure, groups: dict[str, Nets]) -> None:
    """One panel a setting: what each does to the custom net's accuracy."""
    ylabel = "wrong answers, percent (log.)"
    axes = drawing.panels(figure, 2.8, list(groups), ylabel)
    for panel, nets in zip(axes, groups.values(), strict=True):
        panel.set_xticks(range(len(nets)), list(nets))
        there = {n: net for n, net in enumerate(nets.values()) if net.test}
        for name, (part, look) in PARTS.items():
            last = [net.epochs[-1] for net in there.values()]
            shares = [getattr(epoch, f"{name}_accuracy") for epoch in last]
            wrong = [max(100 * (1 - s), 0.01) for s in shares]  # 0 has no log
            drawing.plot(panel, list(there), wrong, look, part)
    for panel in axes:
        drawing.plain_log(panel, "y")
    axes[0].legend()
