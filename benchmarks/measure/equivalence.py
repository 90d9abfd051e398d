"""The gate before any ratio: do two rows make the same updates?

Each row trains K updates from the weights that belong to the seed, on the
same samples in the same order, by the very function that is timed. The
weights' change is then compared, not the weights: after few updates even
a wrong learning rate leaves them nearly where they were.
"""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import arrays, results
from benchmarks.rows.contenders import RATIOS, row_of, select

UPDATES = 20
# Of the largest change in the array. Rounding gives some 1e-6 and 1e-14
# here; the smallest real mistake, one of 20 updates left out, some 1e-2.
TOLERANCE = {"float32": 1e-3, "float64": 1e-9}

UNLIKE = 1e300  # nan or other shapes: JSON has no inf


def save(folder: Path, name: str, start: list[Any], end: list[Any]) -> None:
    """Keep a row's weights before and after the K updates."""
    kept: dict[str, Any] = {}
    for number, (a, b) in enumerate(zip(start, end, strict=True)):
        kept[f"start_{number}"], kept[f"end_{number}"] = a, b
    with (
        results.replacing(_file(folder, name)) as path,
        path.open("wb") as file,
    ):
        np.savez(file, **kept)


def _file(folder: Path, name: str) -> Path:
    return folder / "gate" / f"{name}.npz"


def pairs(record: results.Record) -> list[tuple[str, str]]:
    """The rows that must make the same updates, of those that ran."""
    done = {run["contender"] for run in record["runs"] if "gate" in run}
    wanted = [
        (c.name, stand_in(c.same_as, done))
        for c in select(record["contenders"])
    ]
    wanted += [(r.slower, r.faster) for r in RATIOS if r.gated]
    found = {
        frozenset((a, b)): (a, b) for a, b in wanted if b and {a, b} <= done
    }
    return list(found.values())


def stand_in(name: str | None, done: set[str]) -> str | None:
    """The row itself, or the one that trains as it does, if that ran."""
    if name is None or name in done:
        return name
    return row_of(select([name])[0])


def judge(folder: Path, record: results.Record) -> list[dict[str, Any]]:
    """Compare every pair; say which rules failed."""
    runs = {run["contender"]: run for run in record["runs"] if "gate" in run}
    found = []
    for pair in pairs(record):
        sides = [
            {**runs[name]["gate"], "arrays": arrays.read(_file(folder, name))}
            for name in pair
        ]
        found.append({"rows": list(pair), **compare(*sides)})
    return found


def compare(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Hold two sides to each other, rule by rule.

    A side: arrays (start_0, end_0, ...), updates, learning_rate, loss,
    dtype. Returns difference (largest, relative to the array's largest
    change), tolerance, and failed: the rules that do not hold, in words.
    """
    coarser = "float32" if "float32" in (a["dtype"], b["dtype"]) else "float64"
    tolerance = TOLERANCE[coarser]
    starts, apart = _differences(a["arrays"], b["arrays"])
    loss = _relative(abs(a["loss"] - b["loss"]), abs(a["loss"]))
    rules = {
        "the first weights are not equal": starts < 1e-6,
        f"{a['updates']} updates here, {b['updates']} there": (
            a["updates"] == b["updates"]
        ),
        f"learning_rate {a['learning_rate']:g} here, "
        f"{b['learning_rate']:g} there": np.isclose(
            a["learning_rate"], b["learning_rate"], rtol=1e-6
        ),
        f"the loss is {a['loss']:.6g} here, {b['loss']:.6g} there": (
            loss < tolerance
        ),
        f"the weights' change differs by {apart:.1e} of itself": (
            apart < tolerance
        ),
    }
    return {
        "updates": a["updates"],
        "difference": apart,
        "loss_difference": loss,
        "tolerance": tolerance,
        "failed": [words for words, holds in rules.items() if not holds],
    }


def _differences(a: Any, b: Any) -> tuple[float, float]:
    """How far apart the two begin, and, of the way they went, end."""
    if {k: v.shape for k, v in a.items()} != {
        k: v.shape for k, v in b.items()
    }:
        return UNLIKE, UNLIKE
    starts = apart = 0.0
    for n in range(len(a) // 2):
        before, after = f"start_{n}", f"end_{n}"
        moved = np.abs(a[after] - a[before]).max()
        apart_at_first = float(np.abs(a[before] - b[before]).max())
        if not np.isfinite(apart_at_first):  # max() would pass over nan
            return UNLIKE, UNLIKE
        starts = max(starts, apart_at_first)
        apart = max(apart, _relative(np.abs(a[after] - b[after]).max(), moved))
    return starts, apart


def _relative(apart: float, scale: float) -> float:
    if not np.isfinite(apart):
        return UNLIKE
    return float(apart / scale) if scale else float(apart > 0)
