"""Figures of a run as files: the digits it saw, how each net learned."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from benchmarks.analysis import derived, ladder, step_cost
from benchmarks.record.results import replacing
from benchmarks.report import charts_time, looks
from benchmarks.report.charts_learning import LOGGED
from benchmarks.rows.contenders import rows_of, select


def digits(
    folder: Path, images: np.ndarray, labels: np.ndarray, name: str
) -> None:
    """Draw the images (n, 28, 28) in a row, each under its label."""
    with looks.settings(**{"axes.grid": False}):
        figure, axes = plt.subplots(
            1, len(images), figsize=(6.4, 2.2), layout="constrained"
        )
        for axis, image, label in zip(axes, images, labels, strict=True):
            axis.imshow(image, cmap="gray_r")
            axis.set_title(f"label {label}")
            axis.set_axis_off()
        figure.suptitle(f"Random training images: {name}", fontsize=10)
        _save(figure, folder / "digits")


def draw(folder: Path, record: dict[str, Any]) -> None:
    """Draw what the record has the runs for."""
    for contender in rows_of(record):
        runs = derived.trained(record, contender.name)
        if runs and len(runs[0]["epochs"]) > 1:
            _history(folder, runs[0], record)
    costs = step_cost.costs(record)
    if any(len(cost.times) > 1 for cost in costs):
        _steps(folder, costs, record)
    if ladder.is_one(record):
        with replacing(folder / "ladder.svg") as path:
            svg = looks.alone(charts_time.rungs(record).picture)
            path.write_text(svg, encoding="utf-8")


def _history(
    folder: Path, run: dict[str, Any], record: dict[str, Any]
) -> None:
    [contender] = select([run["contender"]])
    history = {
        name: [epoch[name] for epoch in run["epochs"]]
        for name in run["epochs"][0]
    }
    shown = [name for name in LOGGED if name in history]
    with looks.settings():
        figure, axes = plt.subplots(
            1,
            len(shown),
            figsize=(3.4 * len(shown), 3.2),
            layout="constrained",
            squeeze=False,
        )
        for axis, name in zip(axes[0], shown, strict=True):
            _panel(axis, history, name, looks.look(contender.name))
        figure.suptitle(
            f"{contender.title}: {record['data']['name']}, "
            f"{record['tier']} tier"
        )
        _save(figure, folder / f"history-{contender.name}")


def _panel(
    axis: Any, history: dict[str, list[float]], name: str, look: looks.Look
) -> None:
    epochs = range(1, len(history[name]) + 1)
    axis.plot(
        epochs,
        history[name],
        label="training, during the epoch",
        **look.of_line() | {"linestyle": "-"},
    )
    axis.plot(
        epochs,
        history[f"val_{name}"],
        label="validation, after the epoch",
        **look.of_line() | {"linestyle": "--", "markerfacecolor": "white"},
    )
    axis.set_xlabel("epoch")
    axis.set_ylabel(LOGGED[name])
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(fontsize=8, frameon=False)


def _steps(
    folder: Path, costs: list[step_cost.Cost], record: dict[str, Any]
) -> None:
    """Seconds per step against batch size, points and fitted lines."""
    with looks.settings():
        figure, axis = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
        charts_time.draw_steps(axis, costs)
        axis.set_title(
            f"What a step costs, 784-30-10: {record['data']['name']}, "
            f"{record['threads']} thread{'s' * (record['threads'] > 1)}"
        )
        axis.legend(fontsize=8, frameon=False, ncols=2)
        _save(figure, folder / "step-cost")


def _save(figure: Figure, path: Path) -> None:
    """Write path.svg and path.png."""
    for end in ("svg", "png"):
        metadata = {"Date": None} if end == "svg" else None
        with replacing(path.with_suffix(f".{end}")) as temporary:
            figure.savefig(temporary, format=end, dpi=150, metadata=metadata)
    plt.close(figure)
