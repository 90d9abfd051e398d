"""Medians, intervals and what may be said of a ratio.

The unit is a process: what varies between processes is larger than what
varies within one, so that only rounds are counted.
"""

import random
from dataclasses import dataclass
from statistics import median

RESAMPLES = 10_000


@dataclass(frozen=True)
class Estimate:
    """A median with its interval: 95 % bootstrap, or all values if few."""

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
    if len(values) < 5:
        low, high = min(values), max(values)
    else:
        draw = random.Random(0)
        medians = sorted(
            median(draw.choices(values, k=len(values)))
            for _ in range(RESAMPLES)
        )
        low, high = medians[RESAMPLES // 40], medians[-RESAMPLES // 40 - 1]
    return Estimate(median(values), low, high, len(values))


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
    found = sorted(abs(a / b - 1) for a, b in twins)
    return found[min(len(found) - 1, int(0.95 * len(found)))]


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
