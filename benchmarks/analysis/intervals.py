"""Medians, intervals and what may be said of a ratio.

The unit is a process: what varies between processes is larger than what
varies within one, so that only rounds are counted.
"""

from collections.abc import Iterable
from functools import cache
from math import comb
from statistics import median

from msgspec import Struct


class Estimate(Struct, frozen=True):
    """A median with its interval: 95 % bootstrap, or all n values if few."""

    value: float
    low: float
    high: float
    n: int


def estimate(values: Iterable[float]) -> Estimate:
    """The median of the values, one per round.

    Of fewer than five a bootstrap would only look more exact.
    """
    ordered = sorted(values)
    count = len(ordered)
    outside = 0 if count < 5 else _outside(count)
    low, high = ordered[outside], ordered[-1 - outside]
    return Estimate(median(ordered), low, high, count)


@cache
def _outside(count: int) -> int:
    """How many of the sorted values lie below the interval of the median.

    No draws are needed: the median of a draw (the lower one of an even
    count) is at most the k-th value if half of the draw is: a binomial sum.
    """
    half = (count + 1) // 2

    def often(share: float) -> float:
        return sum(
            comb(count, n) * share**n * (1 - share) ** (count - n)
            for n in range(half, count + 1)
        )

    return next(k - 1 for k in range(1, count) if often(k / count) > 0.025)


def spread(values: list[float]) -> float:
    """Median absolute deviation from the median, as a share of it."""
    middle = median(values)
    return median(abs(value - middle) for value in values) / middle


def noise_floor(twins: list[tuple[float, float]]) -> float | None:
    """What two identical rows differ by: 95th percentile of |a / b - 1|.

    None without twins. Of fewer than twenty pairs it is the largest.
    """
    if not twins:
        return None
    apart = sorted(abs(a / b - 1) for a, b in twins)
    return apart[int(0.95 * len(apart))]


def verdict(ratio: Estimate, floor: float | None) -> str:
    """ "slower", "faster", "no difference shown" or "not judged".

    A difference is claimed only if the interval does not hold 1 and the
    ratio is further from 1 than two identical rows are from each other.
    """
    if ratio.n < 2 or floor is None:
        return "not judged"
    if ratio.low <= 1 <= ratio.high or abs(ratio.value - 1) <= floor:
        return "no difference shown"
    return "slower" if ratio.value > 1 else "faster"


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Fit time = alpha + beta * size to (size, time).

    Weights are relative: times span a factor of hundreds, and with equal
    ones the largest would alone decide; alpha, which is small, be lost.
    """
    weighted = [(1 / time**2, size, time) for size, time in points]
    total = sum(w for w, _, _ in weighted)
    x = sum(w * size for w, size, _ in weighted) / total
    y = sum(w * time for w, _, time in weighted) / total
    rise = sum(w * (size - x) * (time - y) for w, size, time in weighted)
    beta = rise / sum(w * (size - x) ** 2 for w, size, _ in weighted)
    return y - beta * x, beta
