"""Charts of learning: against epochs, updates and seconds."""

from collections.abc import Iterator
from itertools import accumulate

from matplotlib.figure import Figure

from benchmarks.analysis.analysis import Analysis
from benchmarks.record.run import Run
from benchmarks.report.drawing import Chart, Line, Panel, chart, draw_panels
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
    panels = [
        Panel([], "epochs", "validation accuracy"),
        Panel([], "updates (logarithmic)", log="x"),
        Panel([], "training, seconds (logarithmic)", log="x"),
    ]
    for row, curve in curves:
        *places, accuracies = zip(*curve, strict=True)
        full = row in (table.NUMPY_1, table.COMPILED_1)
        options = {"fillstyle": "full"} if full else None
        for panel, x in zip(panels, places, strict=True):
            line = Line(x, accuracies, row.look, row.title, options)
            panel.lines.append(line)
    draw_panels(figure, panels, 3.6, legend=3)


def _draw_history(figure: Figure, runs: list[tuple[Row, Run]]) -> None:
    """Loss, accuracy and F1, of training and validation, by epoch."""
    panels = []
    for name, ylabel in LOGGED.items():
        panels.append(Panel([], "epoch", ylabel))
        for row, run in runs:
            for before, (part, line) in PARTS.items():
                values = run.logged(before + name)
                epochs, label = (
                    range(1, len(values) + 1),
                    f"{row.title}, {part}",
                )
                drawn = Line(epochs, values, row.look, label, {"ls": line})
                panels[-1].lines.append(drawn)
    draw_panels(figure, panels, 3.4, legend=2, shared=False)
