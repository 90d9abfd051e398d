"""Two results files side by side: has a row become faster or slower?"""

from dataclasses import dataclass
from statistics import median

from benchmarks.analysis import derived
from benchmarks.analysis.statistics import Estimate, estimate
from benchmarks.record.errors import InputError
from benchmarks.record.results import Record
from benchmarks.report.table import Table, between, three_digits
from benchmarks.rows.contenders import select

MUST_BE_EQUAL = {
    "machine": lambda record: record["machine"]["id"],
    "threads": lambda record: record["threads"],
    "device": lambda record: record["device"],
    "data": lambda record: (
        record["data"]["name"],
        record["data"]["train_images"],
    ),
}


@dataclass(frozen=True)
class Change:
    """What became of one row: its seconds per epoch, then and now."""

    name: str
    old: Estimate
    new: Estimate
    floor: float

    @property
    def ratio(self) -> float:
        return self.new.value / self.old.value

    @property
    def clear(self) -> bool:
        """Whether the intervals are apart by more than the noise floor."""
        if min(self.old.n, self.new.n) < 2:
            return False
        low = self.new.low / self.old.high
        high = self.new.high / self.old.low
        outside = low > 1 or high < 1
        return outside and abs(self.ratio - 1) > self.floor


def changes(old: Record, new: Record) -> list[Change]:
    """Every row that both have; refuses what must not be put in a ratio."""
    for name, value in MUST_BE_EQUAL.items():
        if value(old) != value(new):
            raise InputError(
                f"the two have not the same {name} ({value(old)} and "
                f"{value(new)}): no ratio is formed of them; measure both "
                f"alike"
            )
    floors = [derived.noise_floor(record) or 0.0 for record in (old, new)]
    found = []
    both = set(old["contenders"]) & set(new["contenders"])
    for contender in select(sorted(both)) if both else []:
        seconds = [
            [
                derived.epoch_seconds(run)
                for run in derived.trained(record, contender.name)
            ]
            for record in (old, new)
        ]
        if all(seconds):
            before, after = map(estimate, seconds)
            found.append(Change(contender.name, before, after, max(floors)))
    if not found:
        raise InputError("the two have no row in common: nothing to compare")
    return found


def _verdict(change: Change) -> str:
    if min(change.old.n, change.new.n) < 2:
        return "not judged: one round"
    if not change.clear:
        return "no difference shown"
    return "slower" if change.ratio > 1 else "faster"


def table(found: list[Change]) -> Table:
    """Then and now."""
    shown = [
        [
            select([c.name])[0].title,
            between(c.old),
            between(c.new),
            three_digits(c.ratio),
            _verdict(c),
        ]
        for c in found
    ]
    floor = median(c.floor for c in found)
    return Table(
        "Then and now",
        (
            "model",
            "then, s per epoch",
            "now, s per epoch",
            "now / then",
            "it is",
        ),
        shown,
        f"Without epochs: the whole training. Noise floor {floor:.1%}.",
    )
