"""Charts of learning: against epochs, updates and seconds."""

from collections.abc import Iterator
from itertools import accumulate

from matplotlib.figure import Figure

from benchmarks.analysis.analysis import Analysis
from benchmarks.record.run import Run
from benchmarks.report import drawing
from benchmarks.report.drawing import Chart, chart
from benchmarks.rows import table
from benchmarks.rows.row import Row

# Of each net the pair whose histories are drawn, and the other rows.
NETS = {
    "assignment_net": (
        (table.NUMPY_10, table.KERAS_10),
        (table.TEXTBOOK, table.NUMPY_1, table.COMPILED_1, table.COMPILED_10),
    ),
    "custom_net": (
        (table.NUMPY_CUSTOM, table.KERAS_CUSTOM),
        (table.COMPILED_CUSTOM,),
    ),
}
# Filled, to be told from the row of the same look with batches of ten.
FILLED = (table.NUMPY_1, table.COMPILED_1)
AXES = (
    "epochs",
    "updates (logarithmic)",
    "training, seconds (logarithmic)",
)
LOGGED = {
    "loss": "loss (mean squared error)",
    "accuracy": "accuracy",
    "f1_score": "macro F1",
}
PARTS = {"": ("training", "-"), "val_": ("validation", "--")}
NAMES = [part + name for name in LOGGED for part in PARTS]
# (epoch, updates, seconds, validation accuracy) after each epoch.
Curve = list[tuple[int, float, float, float]]


def charts(analysis: Analysis) -> Iterator[Chart | None]:
    """The learning curves of each net of which a row ran."""
    for net, (pair, others) in NETS.items():
        runs = [
            (row, run)
            for row in table.ROWS
            if row in pair + others
            for run in analysis.record.trained(row)[:1]
        ]
        curves = [(row, _curve(run)) for row, run in runs]
        if any(len(curve) > 1 for _, curve in curves):
            equal = analysis.equal_updates([row for row, _ in runs])
            learning = f"learning-{net}", analysis, _draw_learning, curves
            yield chart(*learning, "learning", net=net, equal=equal)
        both = [(row, run) for row, run in runs if row in pair]
        if all(_is_logged(run) for _, run in both):
            history = f"history-{net}", analysis, _draw_history, both
            yield chart(*history, "history", net=net, logged=NAMES)


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
    """Validation accuracy against epochs, updates and seconds."""
    axes = drawing.panels(figure, 3.6, AXES, "validation accuracy")
    for row, curve in curves:
        *places, accuracies = zip(*curve, strict=True)
        fill = "full" if row in FILLED else "none"
        for panel, x in zip(axes, places, strict=True):
            options = row.look, row.title
            drawing.plot(panel, x, accuracies, *options, fillstyle=fill)
    for panel in axes[1:]:
        drawing.plain_log(panel, "x")
    drawing.legend(figure, axes[0], 3)


def _draw_history(figure: Figure, runs: list[tuple[Row, Run]]) -> None:
    """Loss, accuracy and F1, of training and validation, by epoch."""
    axes = drawing.panels(figure, 3.4, ["epoch"] * 3, *LOGGED.values())
    for panel, name in zip(axes, LOGGED, strict=True):
        for row, run in runs:
            for prefix, (part, ls) in PARTS.items():
                values, label = (
                    run.logged(prefix + name),
                    f"{row.title}, {part}",
                )
                drawing.by_epoch(panel, values, row.look, label, ls=ls)
    drawing.legend(figure, axes[0], 2)
