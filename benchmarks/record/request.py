"""A Request: what was asked for, from the command line to the worker."""

import random
from typing import Annotated, Literal

from msgspec import Meta, Struct

from benchmarks.record.run import Positive, Strict, Whole
from benchmarks.rows.row import Count, Name, Row, Text

TierName = Literal["quick", "standard", "full"]


class Tier(Struct, frozen=True):
    """How much of the data a run takes, and how often; None is all of it."""

    n_train: int | None
    n_test: int | None
    rounds: int
    note: str


TIERS: dict[TierName, Tier] = {
    "quick": Tier(
        2_400,
        2_000,
        1,
        "a part of the data, once: a smoke test, no evidence",
    ),
    "standard": Tier(12_000, None, 5, "a fifth of the data, five rounds"),
    "full": Tier(None, None, 1, "the assignment's settings, all data"),
}


class Entry(Struct, frozen=True):
    """One process of the plan."""

    row: Name
    round: Whole
    order: Whole


class Request(Strict):
    """What a run is to do; its record keeps it, to go on from there.

    data      auto, mnist or digits; in a record, which of them was found
    data_dir  is of this machine and in no record
    timeout   seconds after which a row is stopped
    """

    tier: TierName
    rows: Annotated[list[Row], Meta(max_length=1000)]
    rounds: Annotated[int, Meta(ge=1, le=1000)] = 1
    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 0
    threads: Count = 1
    device: Literal["cpu", "gpu"] = "cpu"
    data: Literal["auto", "mnist", "digits"] = "auto"
    data_dir: Text | None = None
    timeout: Positive = 7200.0

    @property
    def limits(self) -> Tier:
        return TIERS[self.tier]

    @property
    def quick(self) -> bool:
        return self.tier == "quick"

    def row(self, name: str) -> Row:
        """The row of this name."""
        return next(row for row in self.rows if row.name == name)

    def plan(self) -> list[Entry]:
        """Every row in every round, in the order in which they are to run.

        A round holds every row once, so that what the machine does meanwhile
        (other work, heat, clock rates) meets all rows alike; the order within
        a round is drawn from the seed, so that none is always the first.
        What one round is enough for comes last.
        """
        draw = random.Random(self.seed)
        again = [row.name for row in self.rows if not row.once]
        pairs = [
            (name, number)
            for number in range(self.rounds)
            for name in draw.sample(again, len(again))
        ]
        pairs += [(row.name, 0) for row in self.rows if row.once]
        return [Entry(*pair, n) for n, pair in enumerate(pairs)]
