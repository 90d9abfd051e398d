"""Figures of the study: what one change does, question by question."""

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from benchmarks.record.results import Record
from benchmarks.report import looks
from benchmarks.report.markup import Chart
from benchmarks.report.table import Table
from benchmarks.rows import study

Found = dict[str, Any]
# Variants are told apart by these, none of which stands for a library.
LINES = ("-", "--", "-.", ":")
GREYS = ("#000000", "#4C4C4C", "#7F7F7F", "#A6A6A6")
TRAINING, VALIDATION = "#8C8C8C", "#000000"


def variants(record: Record, group: str) -> dict[str, Found]:
    """Label -> what became of it, for those of a group that are there."""
    done = {v["key"]: v for v in record.get("study", {}).get("variants", [])}
    for found in study.groups(record["tier"]):
        if found.name == group:
            return {
                label: done[variant.key]
                for label, variant in found.variants
                if variant.key in done
            }
    return {}


def good(record: Record, group: str) -> dict[str, Found]:
    """Those that trained to their end."""
    found = variants(record, group)
    return {label: v for label, v in found.items() if v["status"] == "ok"}


def batches(record: Record) -> Chart | None:
    """Batch 1 and 10, at equal rate and at equal rate per sample."""
    found = good(record, "batch")
    if len(found) < 2:
        return None
    with looks.settings():
        figure, axis = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
        for n, (label, v) in enumerate(found.items()):
            values = [epoch["val_accuracy"] for epoch in v["epochs"]]
            axis.plot(
                range(1, len(values) + 1), values, LINES[n % 4],
                color=GREYS[n % 4], marker="os^D"[n % 4], fillstyle="none",
                label=label,
            )  # fmt: skip
        by_epoch(axis, "validation accuracy")
        axis.legend(frameon=False, fontsize=9)
        picture = looks.svg(figure, "batches")
    return Chart(
        "batches",
        "What the batch does to learning",
        picture,
        "compare pairs: with an equal rate, an update after each sample goes "
        "ten times as far an epoch; with an equal rate per sample both go as "
        "far, and only the batch is left to tell them apart.",
        "Validation accuracy at the end. " + _ends(found, "val_accuracy"),
        _epoch_table("Validation accuracy by epoch", found, "val_accuracy"),
    )


def path(record: Record) -> Chart | None:
    """From the assignment's net to the custom one, one change a step."""
    found = good(record, "path")
    if len(found) < len(study.PATH.variants):  # a step without its neighbour
        return None
    with looks.settings():
        figure, axis = plt.subplots(
            figsize=(7.4, 0.9 + 0.36 * len(found)), layout="constrained"
        )
        values = [v["test"]["accuracy"] for v in found.values()]
        axis.plot(values, range(len(values)), "-o", color=VALIDATION)
        for y, value in enumerate(values):
            axis.annotate(
                f"{value:.4f}", (1, y), xytext=(4, 0), va="center",
                xycoords=("axes fraction", "data"),
                textcoords="offset points", fontsize=9,
            )  # fmt: skip
        axis.set_yticks(range(len(found)), list(found))
        axis.invert_yaxis()
        axis.margins(y=0.1)
        axis.set_xlabel("test accuracy")
        picture = looks.svg(figure, "path")
    return Chart(
        "path",
        "From the assignment's net to the custom one",
        picture,
        "each point has one change more than the point above it; what that "
        "one change is worth depends on those before it.",
        "Test accuracy, step by step. "
        + "; ".join(
            f"{label}: {v['test']['accuracy']:.4f}"
            for label, v in found.items()
        )
        + ".",
        Table(
            "One change at a time",
            ("change", "test accuracy", "test F1", "weights"),
            [
                [
                    label,
                    f"{v['test']['accuracy']:.4f}",
                    f"{v['test']['f1_weighted']:.4f}",
                    f"{v['parameters']:,}",
                ]
                for label, v in found.items()
            ],
            "F1 is weighted by class. One seed.",
        ),
    )


def sweeps(record: Record) -> Chart | None:
    """One panel a setting: what each does to the custom net's accuracy."""
    shown = {g.name: (g, variants(record, g.name)) for g in study.SWEEPS}
    shown = {name: pair for name, pair in shown.items() if len(pair[1]) > 1}
    if not shown:
        return None
    with looks.settings():
        figure, axes = plt.subplots(
            2, 3, figsize=(9.6, 5.6), sharey=True, layout="constrained"
        )
        for axis, (group, found) in zip(
            axes.flat, shown.values(), strict=False
        ):
            _sweep_panel(axis, group, found)
        for axis in axes.flat[len(shown) :]:
            axis.set_axis_off()
        for axis in axes[:, 0]:
            axis.set_ylabel("wrong answers, percent (log.)")
        axes[0, 0].set_yscale("log")
        looks.plain_log(axes[0, 0].yaxis)
        axes[0, 0].legend(frameon=False, fontsize=9)
        picture = looks.svg(figure, "sweeps")
    rows = [
        [
            group.title,
            label,
            *(
                (
                    f"{v['epochs'][-1]['train_accuracy']:.4f}",
                    f"{v['epochs'][-1]['val_accuracy']:.4f}",
                    f"{v['test']['accuracy']:.4f}",
                )
                if v["status"] == "ok"
                else (v["status"], "", "")
            ),
        ]
        for group, found in shown.values()
        for label, v in found.items()
    ]
    return Chart(
        "sweeps",
        "What each setting does: the custom net, one change at a time",
        picture,
        "each panel changes one setting of the custom net and leaves the "
        "rest; lower is better, and all panels have one scale.",
        "Validation accuracy. "
        + "; ".join(f"{row[0]} {row[1]}: {row[3] or row[2]}" for row in rows)
        + ".",
        Table(
            "Sweeps",
            ("setting", "value", "training", "validation", "test"),
            rows,
            f"Accuracy after {study.SHORT.epochs} epochs; one seed.",
        ),
    )


def _sweep_panel(
    axis: Any, group: study.Group, found: dict[str, Found]
) -> None:
    there = [n for n, v in enumerate(found.values()) if v["status"] == "ok"]
    for key, label, color, marker in (
        ("train_accuracy", "training", TRAINING, "s"),
        ("val_accuracy", "validation", VALIDATION, "o"),
    ):
        values = [
            max(100 * (1 - v["epochs"][-1][key]), 0.01)  # 0 has no logarithm
            for v in found.values()
            if v["status"] == "ok"
        ]
        axis.plot(
            there, values, "--" if marker == "s" else "-", color=color,
            marker=marker, fillstyle="none", label=label,
        )  # fmt: skip
    axis.set_xticks(range(len(found)), list(found))
    axis.set_xlabel(group.title)


def by_epoch(axis: Any, ylabel: str) -> None:
    axis.set(xlabel="epoch", ylabel=ylabel)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def _ends(found: dict[str, Found], key: str) -> str:
    return (
        "; ".join(
            f"{label}: {v['epochs'][-1][key]:.4f}"
            for label, v in found.items()
        )
        + "."
    )


def _epoch_table(heading: str, found: dict[str, Found], key: str) -> Table:
    longest = max(len(v["epochs"]) for v in found.values())
    return Table(
        heading,
        ("epoch", *found),
        [
            [
                str(n + 1),
                *(
                    f"{v['epochs'][n][key]:.4f}"
                    if n < len(v["epochs"])
                    else ""
                    for v in found.values()
                ),
            ]
            for n in range(longest)
        ],
    )
