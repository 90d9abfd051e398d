"""Medians, intervals and what may be said of a ratio.

The unit is a process: what varies between processes is larger than what
varies within one, so that only rounds are counted.
"""

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


def estimate(values: list[float]) -> Estimate:
    """The median of the values, one per round.

    With fewer than five the interval is from the least to the greatest; a
    bootstrap of so few would only look more exact. With one it is nothing
    but that value.
    """
    ordered, count = sorted(values), len(values)
    outside = 0 if count < 5 else _outside(count)
    low, high = ordered[outside], ordered[-1 - outside]
    return Estimate(median(values), low, high, count)


@cache
def _outside(count: int) -> int:
    """How many of the sorted values lie below the interval of the median.

    No draws are needed: the median of a draw is at most the k-th value if
    half of the draw is, which is a binomial sum. (Of an even count it is
    the lower of the two in the middle.)
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
    return apart[min(len(apart) - 1, int(0.95 * len(apart)))]


def verdict(ratio: Estimate, floor: float | None) -> str:
    """ "slower", "faster", "no difference shown" or "not judged".

    A difference is claimed only if the interval does not hold 1 and the
    ratio is further from 1 than two identical rows are from each other.
    """
    if ratio.n < 2 or floor is None:
        return "not judged"
    outside = ratio.low > 1 or ratio.high < 1
    if not outside or abs(ratio.value - 1) <= floor:
        return "no difference shown"
    return "slower" if ratio.value > 1 else "faster"


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Fit time = alpha + beta * size to (size, time); relative weights.

    Times here span a factor of hundreds: with equal weights the largest
    would alone decide, and alpha, which is small, would be lost.
    """
    weighted = [(1 / time**2, size, time) for size, time in points]
    total = sum(w for w, _, _ in weighted)
    mean_size = sum(w * size for w, size, _ in weighted) / total
    mean_time = sum(w * time for w, _, time in weighted) / total
    beta = sum(
        w * (size - mean_size) * (time - mean_time)
        for w, size, time in weighted
    ) / sum(w * (size - mean_size) ** 2 for w, size, _ in weighted)
    return mean_time - beta * mean_size, beta
