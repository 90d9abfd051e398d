"""Do both compute the same? Drift, update by update; the gradient check."""

from typing import Any

import matplotlib.pyplot as plt

from benchmarks.record.results import Record
from benchmarks.report import looks
from benchmarks.report.markup import Chart
from benchmarks.report.table import Table

EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23}


def drift(record: Record) -> Chart | None:
    """How far Keras's weights are from ours, update by update."""
    entries = record.get("closeness", {}).get("drift", [])
    nets = list(dict.fromkeys(entry["net"] for entry in entries))
    if not nets:
        return None
    with looks.settings():
        figure, axes = plt.subplots(
            1, len(nets), figsize=(4.6 * len(nets), 3.8), sharey=True,
            layout="constrained", squeeze=False,
        )  # fmt: skip
        for axis, net in zip(axes[0], nets, strict=True):
            _drift_panel(axis, [e for e in entries if e["net"] == net])
            axis.set_title(net.replace("_", " "))
        axes[0, 0].set_ylabel("largest weight difference")
        figure.legend(
            *axes[0, 0].get_legend_handles_labels(),
            loc="outside upper center", ncols=2, frameon=False, fontsize=9,
        )  # fmt: skip
        picture = looks.svg(figure, "drift")
    shown = [
        [
            entry["net"].replace("_", " "),
            entry["dtype"],
            str(step),
            f"{entry['keras'][n]:.1e}" if "keras" in entry else "not run",
            f"{entry['twin'][n]:.1e}",
        ]
        for entry in entries
        for n, step in enumerate(entry["steps"])
    ]
    return Chart(
        "drift",
        "How far NumPy and Keras drift apart",
        picture,
        _how_near(entries),
        _last_of_each(entries),
        Table(
            "Largest weight difference",
            ("net", "dtype", "updates", "Keras", "NumPy, one ulp away"),
            shown,
            "Equal first weights, equal batches of 10; the largest absolute "
            "difference from the NumPy net, over all weights.",
        ),
    )


def _drift_panel(axis: Any, entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        style = "-" if entry["dtype"] == "float64" else "--"
        for name, look, label in (
            ("twin", looks.NUMPY, "NumPy, one ulp away"),
            ("keras", looks.KERAS, "Keras"),
        ):
            values = entry.get(name, [])
            # Nothing apart cannot be drawn on this scale: at its foot.
            axis.plot(
                entry["steps"][: len(values)],
                [max(value, 1e-17) for value in values],
                style,
                color=look.color,
                marker=look.marker,
                fillstyle="none",
                label=f"{label}, {entry['dtype']}",
            )
        axis.axhline(EPSILON[entry["dtype"]], color="#999999", lw=1, ls=":")
    axis.set(xscale="log", yscale="log", xlabel="updates (logarithmic)")
    looks.plain_log(axis.xaxis)


def _how_near(entries: list[dict[str, Any]]) -> str:
    """What there is to see, as the figures have it."""
    said = (
        "blue is a second NumPy net whose first weights are one rounding step "
        "away: what rounding alone does; dotted, one rounding step of a "
        "weight of 1."
    )
    pairs = [
        (max(entry["keras"]), max(entry["twin"]))
        for entry in entries
        if entry.get("keras")
    ]
    if not pairs:
        return f"{said} Keras was not run."
    if all(theirs <= 10 * twin for theirs, twin in pairs):
        return f"Keras stays as near to NumPy as rounding allows: {said}"
    return f"Keras drifts further than rounding alone: {said}"


def _last_of_each(entries: list[dict[str, Any]]) -> str:
    said = []
    for entry in entries:
        if "keras" in entry and entry["steps"]:
            said.append(
                f"{entry['net'].replace('_', ' ')}, {entry['dtype']}: "
                f"{entry['keras'][-1]:.1e} after {entry['steps'][-1]} updates"
            )
    if not said:
        return "Largest weight differences of two NumPy nets; no Keras."
    return "Largest weight difference. " + "; ".join(said) + "."


def gradients(record: Record) -> Table | None:
    """The gradient check of both nets, array by array."""
    found = record.get("closeness", {}).get("gradients", [])
    methods = list(dict.fromkeys(entry["method"] for entry in found))
    if not found:
        return None
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for entry in found:
        cells = rows.setdefault((entry["net"], entry["array"]), {})
        cells[entry["method"]] = f"{entry['error']:.1e}" + (
            "" if entry["ok"] else " WRONG"
        )
    wrong = sum(not entry["ok"] for entry in found)
    return Table(
        "Are the gradients right?",
        ("net", "array", *methods),
        [
            [net.replace("_", " "), array, *(c.get(m, "") for m in methods)]
            for (net, array), c in rows.items()
        ],
        "The worst entry of each array, as a share of the layer's largest "
        "gradient, in float64 on five dense random samples: "
        + ("all are right." if not wrong else f"{wrong} are WRONG."),
    )
