"""Why it took that long: sentences made from the figures of a run."""

from collections.abc import Iterator
from statistics import median

from benchmarks import derived, step_cost
from benchmarks.contenders import kind
from benchmarks.results import Record
from benchmarks.table import micro, three_digits


def sentences(record: Record) -> Iterator[str]:
    """What the figures say, for which this record has the rows."""
    yield from _the_assignment(record)
    yield from _overhead(record)
    yield from _compiled(record)


def _epoch(record: Record, name: str) -> float | None:
    runs = derived.trained(record, name)
    return median(map(derived.epoch_seconds, runs)) if runs else None


def _the_assignment(record: Record) -> Iterator[str]:
    """One update a sample in NumPy against one every ten in Keras."""
    names = ("numpy-per-sample", "numpy-batch-10", "keras-batch-10")
    page, ours, theirs = (_epoch(record, name) for name in names)
    if page is None or ours is None or theirs is None:
        return
    updates = [
        derived.trained(record, name)[0]["updates"] for name in names[::2]
    ]
    yield (
        f"The assignment held NumPy with an update after each sample to "
        f"Keras with one after every ten. Here an epoch of the first takes "
        f"{three_digits(page)} s, of the second {three_digits(theirs)} s; "
        f"the first makes {updates[0] / updates[1]:g} times the updates. At "
        f"the same batch of 10 NumPy takes {three_digits(ours)} s: the "
        f"library makes an epoch {_times(theirs, ours)}, the batch makes "
        f"NumPy's {_times(ours, page)}."
    )


def _times(now: float, then: float) -> str:
    """ "3.1 times as long" or "4.5 times shorter"."""
    if now >= then:
        return f"{three_digits(now / then)} times as long"
    return f"{three_digits(then / now)} times shorter"


def _overhead(record: Record) -> Iterator[str]:
    """How much of a step is spent before any sample is looked at."""
    shares = []
    for cost in step_cost.costs(record):
        if cost.units == 30 and cost.alpha and cost.beta and 10 in cost.times:
            step = cost.alpha.value + 10 * cost.beta.value
            share = min(1.0, cost.alpha.value / step)
            shares.append(
                f"{kind(cost.name)} {micro(cost.times[10].value)} µs, "
                f"{share:.0%} of it"
            )
    if shares:
        yield (
            f"A step of 10 samples and the part of it that is spent before "
            f"any sample is looked at: {'; '.join(shares)}."
        )


def _compiled(record: Record) -> Iterator[str]:
    """The same Keras objects without the steps' overhead."""
    fit = _epoch(record, "keras-batch-10")
    whole = _epoch(record, "keras-compiled-10")
    if fit is None or whole is None:
        return
    runs = derived.trained(record, "keras-compiled-10")
    compiling = median(derived.wall(run, ("compile",)) for run in runs)
    pays = compiling / (fit - whole) if fit > whole else None
    yield (
        f"Compiled into one program, the same Keras epoch takes "
        f"{three_digits(whole)} s in place of {three_digits(fit)}, with the "
        f"same updates: what is gone is overhead, not arithmetic. Compiling "
        f"takes {three_digits(compiling)} s"
        + (f", which pays after {pays:.1f} epochs." if pays else ".")
    )
