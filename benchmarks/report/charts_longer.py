"""Figures of the custom net trained for longer: losses and scores."""

import matplotlib.pyplot as plt

from benchmarks.measure import judging
from benchmarks.record.results import Record
from benchmarks.report import looks
from benchmarks.report.charts_study import (
    LINES,
    TRAINING,
    VALIDATION,
    Found,
    by_epoch,
    good,
)
from benchmarks.report.markup import Chart
from benchmarks.report.table import Table

BY_BATCH = "#7B3294"


def overfitting(record: Record) -> Chart | None:
    """Loss of training and validation, epoch by epoch, over seeds."""
    found = good(record, "overfit")
    if not found:
        return None
    with looks.settings():
        figure, axis = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
        for n, (label, v) in enumerate(found.items()):
            epochs = range(1, len(v["epochs"]) + 1)
            for name, color, marker in (
                ("training", TRAINING, "s"),
                ("validation", VALIDATION, "o"),
            ):
                key = "train_loss" if name == "training" else "val_loss"
                axis.plot(
                    epochs, [e[key] for e in v["epochs"]], LINES[n % 4],
                    color=color, marker=marker, markevery=5,
                    fillstyle="none", label=f"{name}, {label}",
                )  # fmt: skip
        axis.set_yscale("log")
        by_epoch(axis, "squared error after the epoch")
        axis.legend(frameon=False, fontsize=8, ncols=2)
        picture = looks.svg(figure, "overfitting")
    return Chart(
        "overfitting",
        "Training for longer: the custom net",
        picture,
        "as long as both losses fall, the net learns; where only that of "
        "training does, it learns by heart. Their gap grows with the epochs.",
        "Validation loss at its least. "
        + "; ".join(f"{label}: epoch {least(v)}" for label, v in found.items())
        + ".",
        _two_losses(found),
    )


def least(variant: Found) -> int:
    """The epoch after which the validation loss was at its least."""
    losses = [epoch["val_loss"] for epoch in variant["epochs"]]
    return losses.index(min(losses)) + 1


def near_least(variant: Found) -> int:
    """The first epoch whose validation loss is within a tenth of the least."""
    losses = [epoch["val_loss"] for epoch in variant["epochs"]]
    return next(n for n, v in enumerate(losses, 1) if v <= 1.1 * min(losses))


def _two_losses(found: dict[str, Found]) -> Table:
    return Table(
        "Squared error after each epoch",
        (
            "epoch",
            *(f"{part}, {label}" for label in found for part in ("training",
              "validation")),
        ),
        [
            [
                str(n + 1),
                *(
                    f"{v['epochs'][n][key]:.5f}"
                    for v in found.values()
                    for key in ("train_loss", "val_loss")
                ),
            ]
            for n in range(min(len(v["epochs"]) for v in found.values()))
        ],
    )  # fmt: skip


def scores(record: Record) -> Chart | None:
    """Accuracy, macro F1 and the F1 by batches, over the epochs."""
    found = good(record, "overfit")
    if not found:
        return None
    epochs = next(iter(found.values()))["epochs"]
    top = judging.ceiling([0.1] * 10, 10)
    sizes = (1, 2, 5, 10, 20, 50, 100)
    tops = [judging.ceiling([0.1] * 10, size) for size in sizes]
    with looks.settings():
        figure, axes = plt.subplots(
            1, 2, figsize=(8.6, 3.6), layout="constrained"
        )
        for key, label, style, marker in (
            ("val_accuracy", "accuracy", "-", "o"),
            ("val_f1_macro", "macro F1", "--", "^"),
            ("val_per_batch_f1", "F1 by batches of 10", "-.", "s"),
        ):
            axes[0].plot(
                range(1, len(epochs) + 1), [e[key] for e in epochs], style,
                color="#000000" if marker != "s" else BY_BATCH,
                marker=marker, markevery=3, fillstyle="none", label=label,
            )  # fmt: skip
        axes[0].axhline(top, color=BY_BATCH, lw=1, ls=":")
        axes[0].annotate(
            f"without a fault, on average: {top:.3f}", (1, top), xytext=(0, 4),
            textcoords="offset points", fontsize=9,
        )  # fmt: skip
        axes[0].set_ylim(0, 1)
        by_epoch(axes[0], "validation score")
        axes[0].legend(frameon=False, fontsize=9, loc="lower right")
        axes[1].plot(sizes, tops, "-.s", color=BY_BATCH, fillstyle="none")
        axes[1].set(
            xscale="log", ylim=(0, 1.02), xlabel="batch size (logarithmic)",
            ylabel="score without a fault, average",
        )  # fmt: skip
        looks.plain_log(axes[1].xaxis)
        picture = looks.svg(figure, "scores")
    return Chart(
        "scores",
        "Accuracy, F1, and an F1 that depends on the batch size",
        picture,
        "once the net answers all ten digits, accuracy and macro F1 run "
        "together; the F1 that is averaged over batches of 10 stays below or "
        "near the dotted line, what a net without a fault scores on average: "
        "a matter of the batch size and of how often each class occurs.",
        f"After the last epoch: accuracy {epochs[-1]['val_accuracy']:.4f}, "
        f"macro F1 {epochs[-1]['val_f1_macro']:.4f}, F1 by batches of 10 "
        f"{epochs[-1]['val_per_batch_f1']:.4f}; its ceiling is {top:.3f}.",
        Table(
            "Scores by epoch, and ceilings",
            ("epoch", "accuracy", "macro F1", "F1 by batches of 10"),
            [
                [
                    str(n),
                    *(
                        f"{e[key]:.4f}"
                        for key in (
                            "val_accuracy",
                            "val_f1_macro",
                            "val_per_batch_f1",
                        )
                    ),
                ]
                for n, e in enumerate(epochs, start=1)
            ],
            "Ceilings, 1 - 0.9^B for ten classes of equal size: "
            + ", ".join(
                f"{top:.3f} at B = {size}"
                for size, top in zip(sizes, tops, strict=True)
            )
            + ".",
        ),
    )
