"""Why it took that long: sentences made from the figures of a run."""

from collections.abc import Iterator
from statistics import median

from benchmarks.analysis import derived, step_cost
from benchmarks.record.results import Record
from benchmarks.report.table import micro, three_digits
from benchmarks.rows.contenders import kind


def sentences(record: Record) -> Iterator[str]:
    """What the figures say, for which this record has the rows.

    No two times are put together that the gate has not passed.
    """
    yield from _the_assignment(record)
    yield from _overhead(record)
    yield from _compiled(record)


def _ratio(record: Record, slower: str, faster: str) -> float | None:
    """A ratio that may be formed, or None."""
    for ratio, value, _ in derived.ratios(record):
        if (ratio.slower, ratio.faster) == (slower, faster):
            return value.value if value else None
    return None


def _the_assignment(record: Record) -> Iterator[str]:
    """One update a sample in NumPy against one every ten in Keras."""
    page, one, ten = "numpy-per-sample", "numpy-batch-1", "numpy-batch-10"
    keras = "keras-batch-10"
    steps = ((page, one), (one, ten), (keras, ten))
    ratios = [_ratio(record, *pair) for pair in steps]
    if None in ratios:
        return
    spelling, batch, library = (value or 0.0 for value in ratios)
    slow, _ = derived.seconds_of(record, page, one)
    other, _ = derived.seconds_of(record, keras, ten)
    first, second = (derived.trained(record, n)[0] for n in (page, keras))
    updates = first["updates"] / len(first["epochs"])
    updates /= second["updates"] / len(second["epochs"])
    yield (
        f"The assignment held a NumPy program with an update after each "
        f"sample to Keras with one after every ten. Here an epoch of the "
        f"first takes {three_digits(slow)} s, with "
        f"{updates:.3g} times the updates, and of the second "
        f"{three_digits(other)} s. One thing at a time: "
        f"another spelling of the same NumPy step makes its epoch "
        f"{_times(spelling)}; batches of ten, {_times(batch)} once more; and "
        f"then the library, at equal batch, makes Keras's "
        f"{_as_long(library)}."
    )


def _times(ratio: float) -> str:
    """ "4.5 times shorter"."""
    if ratio >= 1:
        return f"{three_digits(ratio)} times shorter"
    return f"{three_digits(1 / ratio)} times as long"


def _as_long(ratio: float) -> str:
    """ "21.3 times as long as NumPy's"."""
    if ratio >= 1:
        return f"{three_digits(ratio)} times as long as NumPy's"
    return f"{three_digits(1 / ratio)} times shorter than NumPy's"


def _overhead(record: Record) -> Iterator[str]:
    """How much of a step of ten is there with a single sample, too."""
    shares = []
    for cost in step_cost.costs(record):
        if cost.units == 30 and 1 in cost.times and 10 in cost.times:
            one, ten = (cost.times[size].value for size in (1, 10))
            shares.append(
                f"{kind(cost.name)} {micro(one)} and {micro(ten)} µs"
            )
    if shares:
        yield (
            f"A step of one sample, and of ten: {'; '.join(shares)}. The "
            f"nearer the two, the more of a step is spent before any sample "
            f"is looked at."
        )


def _compiled(record: Record) -> Iterator[str]:
    """The same Keras objects without the steps' overhead."""
    fit, program = "keras-batch-10", "keras-compiled-10"
    ratio = _ratio(record, fit, program)
    if ratio is None or ratio <= 1:
        return
    slow, fast = derived.seconds_of(record, fit, program)
    runs = derived.trained(record, program)
    compiling = median(derived.wall(run, ("compile",)) for run in runs)
    first = median(
        derived.wall(run, ("first step",))
        for run in derived.trained(record, fit)
    )
    more = max(0.0, compiling - first)
    yield (
        f"Compiled into one program, the same Keras epoch takes "
        f"{three_digits(fast)} s in place of {three_digits(slow)}, with the "
        f"same updates: what is gone is overhead, not arithmetic. To compile "
        f"it takes {three_digits(compiling)} s, {three_digits(more)} s more "
        f"than the first step of fit, which pays after "
        f"{more / (slow - fast):.1f} epochs."
    )
