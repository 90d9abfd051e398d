"""Charts of learning: of the rows, and of what one change does to a net."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from matplotlib.figure import Figure

from benchmarks.analysis.analysis import Analysis
from benchmarks.record.run import Run, Studied
from benchmarks.report import drawing, facts
from benchmarks.report.drawing import Charts, chart
from benchmarks.report.facts import Nets
from benchmarks.rows import table
from benchmarks.rows.row import Look, Row
from benchmarks.rows.study import SHORT

# Whose histories are drawn.
PAIRS = table.NUMPY_10, table.KERAS_10, table.NUMPY_CUSTOM, table.KERAS_CUSTOM
# Filled, to be told from the row of the same look with batches of ten.
FILLED = (table.NUMPY_1, table.COMPILED_1)
AXES = "epochs", "updates (logarithmic)", "training, seconds (logarithmic)"
LOGGED = {
    "loss": "loss (mean squared error)",
    "accuracy": "accuracy",
    "f1_score": "macro F1",
}
PREFIXES = {"": ("training", "-"), "val_": ("validation", "--")}
NAMES = [prefix + name for name in LOGGED for prefix in PREFIXES]
# (epoch, updates, seconds, validation accuracy) after each epoch.
Curve = list[tuple[int, float, float, float]]
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
# What a net without a fault scores by the F1 averaged by batch: a class of
# ten is absent from a random batch of B with probability 0.9^B, and scores 0.
CEILINGS = {size: 1 - 0.9**size for size in (1, 2, 5, 10, 20, 50, 100)}


def charts(analysis: Analysis) -> Charts:
    """Those for which the record has the runs, or the nets of the study."""
    for net in table.THRESHOLDS:
        runs = [
            (row, run)
            for row in table.ROWS  # that are also trained to an accuracy
            if row.net == net and f"tta-{row.name}" in table.EVERY
            for run in analysis.record.trained(row)[:1]
        ]
        curves = [(row, _curve(run)) for row, run in runs]
        if any(len(curve) > 1 for _, curve in curves):
            equal = analysis.equal_updates([row for row, _ in runs])
            learning = f"learning-{net}", analysis, _draw_learning, curves
            yield chart(*learning, "learning", net=net, equal=equal)
        both = [(row, run) for row, run in runs if row in PAIRS]
        if all(_is_logged(run) for _, run in both):
            history = f"history-{net}", analysis, _draw_history, both
            yield chart(*history, "history", net=net, logged=NAMES)


def study(analysis: Analysis) -> Charts:
    """Those of the study for whose question the record has the nets."""
    record = analysis.record
    nets = facts.nets(record, "batch")
    yield chart("batches", analysis, _draw_batches, nets)
    yield chart("path", analysis, _draw_path, facts.path(record))
    nets = facts.nets(record, "overfit")
    yield chart("overfitting", analysis, _draw_overfitting, nets)
    scored = list(nets.values())[:1]
    yield chart("scores", analysis, _draw_scores, scored, tops=CEILINGS)
    groups, epochs = facts.settings(record), SHORT.epochs
    yield chart("sweeps", analysis, _draw_sweeps, groups, epochs=epochs)


def _is_logged(run: Run) -> bool:
    """Whether its epochs hold all that a history shows."""
    return len(run.measured.epochs) > 1 and all(map(run.logged, NAMES))


def _curve(run: Run) -> Curve:
    start = run.wall("compile", "first step")
    walls = [epoch.wall for epoch in run.measured.epochs]
    seconds = list(accumulate(walls, initial=start))[1:]
    each = run.measured.updates_per_epoch
    scores = zip(seconds, run.logged("val_accuracy"), strict=True)
    return [(n, n * each, *pair) for n, pair in enumerate(scores, start=1)]


def _draw_learning(figure: Figure, curves: list[tuple[Row, Curve]]) -> None:
    axes = drawing.panels(figure, 3.6, AXES, "validation accuracy")
    for row, curve in curves:
        *places, accuracies = zip(*curve, strict=True)
        fill = "full" if row in FILLED else "none"
        for panel, x in zip(axes, places, strict=True):
            line = x, accuracies, row.look, row.title
            drawing.plot(panel, *line, fillstyle=fill)
    drawing.plain_log("x", *axes[1:])
    drawing.legend(figure, axes[0], 3)


def _by_epoch(
    axes: Any, values: Sequence[float], look: Look, label: str, **options: Any
) -> None:
    x = range(1, len(values) + 1)
    drawing.plot(axes, x, values, look, label, **options)


def _draw_history(figure: Figure, runs: list[tuple[Row, Run]]) -> None:
    axes = drawing.panels(figure, 3.4, ["epoch"] * 3, *LOGGED.values())
    for panel, name in zip(axes, LOGGED, strict=True):
        for row, run in runs:
            for prefix, (part, ls) in PREFIXES.items():
                values, title = run.logged(prefix + name), row.title
                _by_epoch(panel, values, row.look, f"{title}, {part}", ls=ls)
    drawing.legend(figure, axes[0], 2)


def _scores(net: Studied, name: str) -> list[float]:
    return [getattr(epoch, name) for epoch in net.epochs]


def _draw_batches(figure: Figure, nets: Nets) -> None:
    [axes] = drawing.panels(figure, 3.6, ["epoch"], "validation accuracy")
    for (label, net), look in zip(nets.items(), GREYS, strict=False):
        _by_epoch(axes, _scores(net, "val_accuracy"), look, label)
    axes.legend()


def _draw_path(figure: Figure, nets: Nets) -> None:
    height = 0.9 + 0.36 * len(nets)
    axes = drawing.rows(figure, height, list(nets), "test accuracy")
    values = [net.test.accuracy for net in nets.values() if net.test]
    axes.plot(values, range(len(values)), "-o", color=VALIDATION.color)
    for y, value in enumerate(values):
        edge = {"xytext": (4, 0), "xycoords": ("axes fraction", "data")}
        drawing.note(axes, f"{value:.4f}", 1, y, **edge)
    axes.margins(y=0.1)


def _draw_overfitting(figure: Figure, nets: Nets) -> None:
    ylabel = "squared error after the epoch"
    [axes] = drawing.panels(figure, 3.6, ["epoch"], ylabel)
    for (seed, net), grey in zip(nets.items(), GREYS, strict=False):
        for name, (part, look) in PARTS.items():
            line = _scores(net, f"{name}_loss"), look, f"{part}, {seed}"
            _by_epoch(axes, *line, ls=grey.line, markevery=5)
    drawing.plain_log("y", axes)
    axes.legend(fontsize=8, ncols=2)


def _draw_scores(figure: Figure, nets: list[Studied]) -> None:
    xlabels = "epoch", "batch size (logarithmic)"
    ylabels = "validation score", "score without a fault, average"
    left, right = drawing.panels(figure, 3.6, xlabels, *ylabels)
    for name, (label, look) in SCORES.items():
        _by_epoch(left, _scores(nets[0], name), look, label, markevery=3)
    top = CEILINGS[10]
    left.axhline(top, color=BY_BATCH.color, lw=1, ls=":")
    text = f"without a fault, on average: {top:.3f}"
    drawing.note(left, text, 1, top, xytext=(0, 4), va="baseline")
    left.set_ylim(0, 1)
    left.legend(loc="lower right")
    drawing.plot(right, list(CEILINGS), list(CEILINGS.values()), BY_BATCH)
    drawing.plain_log("x", right)
    right.set_ylim(0, 1.02)


def _draw_sweeps(figure: Figure, groups: dict[str, Nets]) -> None:
    ylabel = "wrong answers, percent (log.)"
    axes = drawing.panels(figure, 2.8, list(groups), ylabel)
    for panel, nets in zip(axes, groups.values(), strict=True):
        panel.set_xticks(range(len(nets)), list(nets))
        there = {n: net for n, net in enumerate(nets.values()) if net.test}
        for name, (part, look) in PARTS.items():
            last = [_scores(n, f"{name}_accuracy")[-1] for n in there.values()]
            wrong = [max(100 * (1 - s), 0.01) for s in last]  # 0 has no log
            drawing.plot(panel, list(there), wrong, look, part)
    drawing.plain_log("y", *axes)
    axes[0].legend()
