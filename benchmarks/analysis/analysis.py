"""An Analysis: what follows from a Record, each computed once."""

from functools import cached_property

from msgspec import Struct

from benchmarks.analysis import (
    fairness,
    intervals,
    ladder,
    step_cost,
    time_to_accuracy,
)
from benchmarks.analysis.intervals import Estimate, estimate
from benchmarks.record.record import Record
from benchmarks.rows.row import Ratio, Row
from benchmarks.rows.table import RATIOS, sweep_of


class Measured(Struct, frozen=True):
    """A ratio whose two rows ran: its value, or the reasons against one.

    reasons  the rules of the gate that failed
    slower_seconds, faster_seconds   of an epoch, of the same rounds
    """

    ratio: Ratio
    value: Estimate | None
    reasons: list[str]
    slower_seconds: float
    faster_seconds: float


class Analysis:
    """The figures that follow from the raw times of a record."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.gate = record.comparison.gate if record.comparison else []

    @cached_property
    def noise_floor(self) -> float | None:
        """What the record's twins differ by, epoch against epoch."""
        return intervals.noise_floor(self.record.twins())

    @cached_property
    def ratios(self) -> list[Measured]:
        """Every ratio whose two rows share a round."""
        return [m for ratio in RATIOS if (m := self._measured(ratio))]

    def _measured(self, ratio: Ratio) -> Measured | None:
        pairs = self.record.paired(ratio.slower, ratio.faster)
        if not pairs:
            return None
        reasons = self._reasons(ratio) if ratio.gated else []
        value = None if reasons else estimate([a / b for a, b in pairs])
        seconds = self.record.epoch_seconds(ratio.slower, ratio.faster)
        return Measured(ratio, value, reasons, *seconds)

    def _reasons(self, ratio: Ratio) -> list[str]:
        names = {ratio.slower.name, ratio.faster.name}
        for entry in self.gate:
            if set(entry.rows) == names:
                return entry.failed
        return ["the two were not held to equal updates"]

    def ratio(self, slower: Row, faster: Row) -> Measured | None:
        """The ratio of two rows, if both ran."""
        pair = (slower, faster)
        of = (
            m for m in self.ratios if (m.ratio.slower, m.ratio.faster) == pair
        )
        return next(of, None)

    def equal_updates(self, rows: list[Row]) -> bool:
        """Whether every pair of these rows that the gate saw passed it."""
        names = {row.name for row in rows}
        seen = [entry for entry in self.gate if set(entry.rows) <= names]
        return bool(seen) and not any(entry.failed for entry in seen)

    @cached_property
    def costs(self) -> list[step_cost.Cost]:
        return list(step_cost.costs(self.record))

    @cached_property
    def closings(self) -> list[step_cost.Closing]:
        return list(step_cost.closings(self.record, self.costs))

    def crossings(self, first: Row, second: Row) -> list[step_cost.Crossing]:
        """Where the steps of two rows change places."""
        sweeps = sweep_of(first), sweep_of(second)
        return list(step_cost.crossings(self.costs, *sweeps))

    @cached_property
    def rungs(self) -> list[ladder.MeasuredRung]:
        return ladder.rungs(self.record)

    @cached_property
    def reached(self) -> list[time_to_accuracy.Reached]:
        return time_to_accuracy.reached(self.record)

    @cached_property
    def findings(self) -> list[fairness.Finding]:
        return fairness.findings(self.record)

    @cached_property
    def doubts(self) -> list[fairness.Doubt]:
        return fairness.doubts(self.record)
