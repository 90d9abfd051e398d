"""How long a run will take, from the committed run of a known machine."""

import json
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.results import ROOT

REFERENCE = ROOT / "docs" / "reference" / "results.json"


def seconds(contenders: list[Contender], train_images: int) -> list[float]:
    """Expected wall-clock seconds per contender, on the known machine.

    Start-up is taken as it is, training in proportion to the images. A
    contender that the reference lacks counts as its slowest one.
    """
    record = json.loads(REFERENCE.read_text(encoding="utf-8"))
    share = train_images / record["data"]["train_images"]
    known = {
        run["contender"]: _scaled(run, share)
        for run in record["runs"]
        if run["status"] == "ok"
    }
    slowest = max(known.values())
    return [known.get(c.name, slowest) for c in contenders]


def _scaled(run: dict[str, Any], share: float) -> float:
    spent = run["seconds"]
    work = spent["training"] + spent.get("validation", 0.0)
    return run["wall_seconds"] - work + work * share


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
