"""Two records side by side: has a row become faster or slower?"""

from msgspec import Struct

from benchmarks import InputError
from benchmarks.analysis.intervals import Estimate, estimate, noise_floor
from benchmarks.record.record import Record
from benchmarks.rows.row import Row


class Change(Struct, frozen=True):
    """Seconds per epoch of one row, then and now.

    floor  what identical rows differ by in the noisier of the two
    """

    row: Row
    floor: float
    old: Estimate
    new: Estimate

    @property
    def ratio(self) -> float:
        return self.new.value / self.old.value

    @property
    def judged(self) -> bool:
        """Whether there are rounds enough to tell."""
        return min(self.old.n, self.new.n) > 1

    @property
    def clear(self) -> bool:
        """Whether the intervals are apart by more than the noise floor."""
        apart = self.new.low > self.old.high or self.new.high < self.old.low
        return self.judged and apart and abs(self.ratio - 1) > self.floor


def changes(old: Record, new: Record) -> list[Change]:
    """Every row that both have trained; InputError if conditions differ."""
    for name, one in _conditions(old).items():
        if one != (other := _conditions(new)[name]):
            raise InputError(
                f"the two have not the same {name} ({one} and {other}): no "
                f"ratio is formed of them; measure both alike"
            )
    floor = max(noise_floor(r.twins()) or 0.0 for r in (old, new))
    both = [row for row in old.rows if old.trained(row) and new.trained(row)]
    if not both:
        raise InputError("the two have no row in common: nothing to compare")
    return [
        Change(row, floor, _epoch(old, row), _epoch(new, row)) for row in both
    ]


def _epoch(record: Record, row: Row) -> Estimate:
    return estimate(run.epoch_seconds for run in record.trained(row))


def _conditions(record: Record) -> dict[str, object]:
    request, data = record.request, record.data
    return {
        "machine": record.machine.id,
        "threads": request.threads,
        "device": request.device,
        "data": (data.name, data.train_images),
    }
