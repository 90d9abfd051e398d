"""How long a run will take, from the committed run of a known machine."""

import json
from typing import Any

from benchmarks.record.results import ROOT

REFERENCE = ROOT / "docs" / "reference" / "results.json"


def seconds(
    plan: list[dict[str, Any]], train_images: int, points: int
) -> list[float]:
    """Expected wall-clock seconds of each entry, on the known machine.

    Start-up is taken as it is, training in proportion to the images, a
    sweep in proportion to its points. What the reference lacks counts as
    the mean of what it has.
    """
    record = json.loads(REFERENCE.read_text(encoding="utf-8"))
    share = train_images / record["data"]["train_images"]
    known: dict[tuple[str, str], float] = {}
    for run in record["runs"]:
        if run["status"] != "ok":
            continue
        work, part = _work(run, share, points)
        known[run["task"], run["contender"]] = run["wall_seconds"] + work * (
            part - 1
        )
    for task in ("closeness", "study"):
        if "wall_seconds" in record.get(task, {}):
            known[task, ""] = record[task]["wall_seconds"] * share
    usual = sum(known.values()) / len(known)
    return [
        known.get((entry["task"], entry["contender"]), usual) for entry in plan
    ]


def _work(
    run: dict[str, Any], share: float, points: int
) -> tuple[float, float]:
    """Seconds that depend on the size of the task, and its share of them."""
    if run["task"] == "train":
        return run["phases"]["training"]["wall"], share
    measured = {(b["units"], b["batch_size"]) for b in run["blocks"]}
    start = sum(
        phase["wall"]
        for name, phase in run["phases"].items()
        if name != "training"
    )
    return run["wall_seconds"] - start, min(1.0, points / len(measured))


def in_words(duration: float) -> str:
    """A duration as people say it."""
    if duration < 90:
        return f"{max(1, round(duration))} s"
    return f"{round(duration / 60)} min"


class Remaining:
    """The time that is left, corrected by how fast this machine proves."""

    def __init__(self, expected: list[float]) -> None:
        self.waiting = list(expected)
        self.expected = self.spent = 0.0

    @property
    def pace(self) -> float:
        """How many of this machine's seconds one expected second takes."""
        return self.spent / self.expected if self.expected else 1.0

    def finished(self, duration: float) -> None:
        self.expected += self.waiting.pop(0)
        self.spent += duration

    def seconds(self, running_for: float = 0.0, share: float = 0.0) -> float:
        """What is left; ``share`` of the running contender is done."""
        if not self.waiting:
            return 0.0
        current = self.waiting[0] * self.pace
        if share > 0:
            current = running_for / share
        others = sum(self.waiting[1:]) * self.pace
        return max(0.0, current - running_for) + others
