"""An Analysis: what follows from a Record, computed once."""

from statistics import median

from msgspec import Struct

from benchmarks.analysis import epochs, fairness, step_cost
from benchmarks.analysis.intervals import Estimate, estimate, noise_floor
from benchmarks.record.record import Record
from benchmarks.rows.row import Ratio, Row
from benchmarks.rows.table import RATIOS, sweep_of


class Measured(Struct, frozen=True):
    """A ratio whose two rows ran: its value, or the reasons against one.

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
        self.noise_floor = noise_floor(record.twins())
        self.ratios = [m for ratio in RATIOS if (m := self._measured(ratio))]
        self.costs = list(step_cost.costs(record))
        self.closings = step_cost.closings(self.costs)
        self.rungs = list(epochs.rungs(record))
        self.reached = list(epochs.reached(record))
        self.findings = fairness.findings(record)
        self.doubts = fairness.doubts(record)

    def _measured(self, ratio: Ratio) -> Measured | None:
        pairs = self.record.paired(ratio.slower, ratio.faster)
        if not pairs:
            return None
        reasons = self._reasons(ratio) if ratio.gated else []
        value = None if reasons else estimate(a / b for a, b in pairs)
        slower, faster = map(median, zip(*pairs, strict=True))
        return Measured(ratio, value, reasons, slower, faster)

    def _reasons(self, ratio: Ratio) -> list[str]:
        names = {ratio.slower.name, ratio.faster.name}
        for entry in self.gate:
            if set(entry.rows) == names:
                return entry.failed
        return ["the two were not held to equal updates"]

    def ratio(self, slower: Row, faster: Row) -> Measured | None:
        """The ratio of two rows, if they share a round."""
        for measured in self.ratios:
            pair = (measured.ratio.slower, measured.ratio.faster)
            if pair == (slower, faster):
                return measured
        return None

    def equal_updates(self, rows: list[Row]) -> bool:
        """Whether every pair of these rows that the gate saw passed it."""
        names = {row.name for row in rows}
        seen = [entry for entry in self.gate if set(entry.rows) <= names]
        return bool(seen) and not any(entry.failed for entry in seen)

    def crossings(self, first: Row, second: Row) -> list[step_cost.Crossing]:
        """Where the steps of two rows change places."""
        sweeps = sweep_of(first), sweep_of(second)
        return list(step_cost.crossings(self.costs, *sweeps))
