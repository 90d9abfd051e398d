"""Figures of learning: against epochs, updates and seconds."""

from collections.abc import Iterator
from itertools import accumulate

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from benchmarks.analysis import derived
from benchmarks.record.results import Record
from benchmarks.report import looks
from benchmarks.report.markup import Chart
from benchmarks.report.table import Table, three_digits
from benchmarks.rows.contenders import title

NETS = {
    "assignment_net": (
        "The assignment's net",
        (
            "numpy-per-sample",
            "numpy-batch-1",
            "numpy-batch-10",
            "keras-batch-10",
            "keras-compiled-1",
            "keras-compiled-10",
        ),
    ),
    "custom_net": (
        "The custom net",
        ("numpy-custom", "keras-custom", "keras-compiled-custom"),
    ),
}
# The editions whose histories are drawn into one another.
PAIRS = {
    "assignment_net": ("numpy-batch-10", "keras-batch-10"),
    "custom_net": ("numpy-custom", "keras-custom"),
}
LOGGED = {
    "loss": "loss (mean squared error)",
    "accuracy": "accuracy",
    "f1_score": "macro F1",
}


def charts(record: Record) -> Iterator[Chart]:
    """The learning curves of each net of which a row ran."""
    for net, (name, rows) in NETS.items():
        runs = {row: derived.trained(record, row) for row in rows}
        first = {row: found[0] for row, found in runs.items() if found}
        if any(len(run["epochs"]) > 1 for run in first.values()):
            yield _learning(net, name, first, record)
        pair = {row: first[row] for row in PAIRS[net] if row in first}
        if pair and all(_logged(run) for run in pair.values()):
            yield _history(net, name, pair)


def _learning(
    net: str, name: str, runs: dict[str, Record], record: Record
) -> Chart:
    """Validation accuracy against epochs, updates and seconds."""
    curves = {row: _curve(run) for row, run in runs.items()}
    labels = ("epochs", "updates", "training, seconds")
    with looks.settings():
        figure, axes = plt.subplots(
            1, 3, figsize=(9.6, 3.6), sharey=True, layout="constrained"
        )
        for axis, number, label in zip(axes, range(3), labels, strict=True):
            for row, curve in curves.items():
                axis.plot(
                    [point[number] for point in curve],
                    [point[3] for point in curve],
                    label=title(row),
                    fillstyle="full" if row.endswith("-1") else "none",
                    **looks.look(row).of_line(),
                )
            axis.set_xlabel(label + " (logarithmic)" * (number > 0))
            if number:
                axis.set_xscale("log")
                looks.plain_log(axis.xaxis)
            else:
                axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[0].set_ylabel("validation accuracy")
        figure.legend(
            *axes[0].get_legend_handles_labels(),
            loc="outside upper center", ncols=3, frameon=False, fontsize=9,
        )  # fmt: skip
        picture = looks.svg(figure, f"learning-{net}")
    best = max(curves, key=lambda row: curves[row][-1][3])
    return Chart(
        f"learning-{net}",
        f"{name}: learning against epochs, updates and seconds",
        picture,
        (
            "rows of the same batch lie on one curve on the left, whatever "
            "the library: they make the same updates. "
            if derived.equal_updates(record, list(runs))
            else ""
        )
        + "The same trainings three times: who is ahead depends on the axis.",
        f"Validation accuracy by epoch. Highest at the end: {title(best)}, "
        f"{curves[best][-1][3]:.4f}.",
        Table(
            "Validation accuracy",
            ("model", "epoch", "updates", "seconds", "accuracy"),
            [
                [
                    title(row),
                    str(epoch),
                    f"{updates:,.0f}",
                    three_digits(seconds),
                    f"{accuracy:.4f}",
                ]
                for row, curve in curves.items()
                for epoch, updates, seconds, accuracy in curve
            ],
            "Seconds from the start of training, with the first step; the "
            "first round.",
        ),
    )


def _curve(run: Record) -> list[tuple[int, float, float, float]]:
    """(epoch, updates, seconds, validation accuracy) after each epoch."""
    epochs = run["epochs"]
    start = derived.wall(run, ("compile", "first step"))
    seconds = accumulate((e["wall"] for e in epochs), initial=start)
    next(seconds)
    each = run["updates"] / len(epochs)
    return [
        (n, n * each, spent, epoch["val_accuracy"])
        for n, (spent, epoch) in enumerate(
            zip(seconds, epochs, strict=True), start=1
        )
    ]


def _logged(run: Record) -> bool:
    """Whether its epochs hold all that a history shows."""
    wanted = {f"{part}{name}" for name in LOGGED for part in ("", "val_")}
    return len(run["epochs"]) > 1 and wanted <= set(run["epochs"][0])


def _history(net: str, name: str, runs: dict[str, Record]) -> Chart:
    """Loss, accuracy and F1, of training and validation, by epoch."""
    parts = (("", "training", "-"), ("val_", "validation", "--"))
    with looks.settings():
        figure, axes = plt.subplots(
            1, 3, figsize=(9.6, 3.4), layout="constrained"
        )
        for axis, (key, label) in zip(axes, LOGGED.items(), strict=True):
            for row, run in runs.items():
                look = looks.look(row)
                for before, part, style in parts:
                    axis.plot(
                        range(1, len(run["epochs"]) + 1),
                        [epoch[before + key] for epoch in run["epochs"]],
                        style, color=look.color, marker=look.marker,
                        fillstyle="none", label=f"{title(row)}, {part}",
                    )  # fmt: skip
            axis.set(xlabel="epoch", ylabel=label)
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(
            *axes[0].get_legend_handles_labels(),
            loc="outside upper center", ncols=2, frameon=False, fontsize=9,
        )  # fmt: skip
        picture = looks.svg(figure, f"history-{net}")
    last = {row: run["epochs"][-1] for row, run in runs.items()}
    return Chart(
        f"history-{net}",
        f"{name}: the history of its training",
        picture,
        "with equal updates the curves of both libraries lie on one another. "
        "Training is judged during the epoch, validation after it, when the "
        "weights have learned half an epoch more on average: so validation "
        "can look the better of the two.",
        "After the last epoch. "
        + "; ".join(
            f"{title(row)}: loss {e['loss']:.4f}, validation loss "
            f"{e['val_loss']:.4f}, validation accuracy "
            f"{e['val_accuracy']:.4f}"
            for row, e in last.items()
        )
        + ".",
        Table(
            "The history",
            (
                "model",
                "epoch",
                *(f"{p}{n}" for n in LOGGED for p in ("", "val_")),
            ),
            [
                [
                    title(row),
                    str(number),
                    *(
                        f"{epoch[part + key]:.4f}"
                        for key in LOGGED
                        for part in ("", "val_")
                    ),
                ]
                for row, run in runs.items()
                for number, epoch in enumerate(run["epochs"], start=1)
            ],
        ),
    )
