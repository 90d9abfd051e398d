"""The verdict: what a run says, in a few sentences made from its figures."""

from statistics import median

from benchmarks.analysis import derived, step_cost
from benchmarks.analysis.statistics import Estimate
from benchmarks.record.results import Record
from benchmarks.report import why
from benchmarks.report.table import between, threads, three_digits
from benchmarks.rows.contenders import EXTRAS, title

PAIR = ("numpy-batch-10", "keras-batch-10")


def sentences(record: Record) -> list[str]:
    """The answer first, then its reasons; what the record has not, is not
    said."""
    return [*_the_pair(record), *why.sentences(record), *_turn(record)]


def caveats(record: Record) -> list[str]:
    """What must be known before any figure is read."""
    found = []
    if record["data"]["choice"] != "mnist":
        found.append(
            f"{record['data']['name']}: accuracies are not those of MNIST."
        )
    if record["tier"] == "quick":
        found.append(f"Quick tier: {record['note']}.")
    if record["finished_utc"] is None:
        done, planned = len(record["runs"]), len(record["plan"])
        found.append(
            f"This run was stopped: {done} of {planned} planned runs are "
            f"here. `python -m benchmarks --resume` goes on."
        )
    for run in record["runs"]:
        if run["status"] != "ok":
            found.append(
                f"{title(run['contender'])} is missing: {run['status']}, "
                f"{run['message']}."
            )
    for name in ("closeness", "study"):
        part = record.get(name, {})
        if part.get("status", "ok") != "ok":
            found.append(
                f"{EXTRAS[name]}: {part['status']}"
                f"{', ' * ('message' in part)}{part.get('message', '')}."
            )
    return list(dict.fromkeys(found))


def _the_pair(record: Record) -> list[str]:
    """NumPy and Keras at equal batch, with equal updates."""
    runs = [derived.trained(record, name) for name in PAIR]
    if not all(runs):
        return []
    a, b = (median(r["test"]["accuracy"] for r in found) for found in runs)
    found = {(r.slower, r.faster): v for r, v, _ in derived.ratios(record)}
    if PAIR[::-1] not in found:
        return []  # no round in which both ran
    theirs, ours = derived.seconds_of(record, *PAIR[::-1])
    value = found[PAIR[::-1]]
    if value is None:
        return [
            "NumPy and Keras were not seen to make equal updates: no ratio "
            "of their times is given."
        ]
    apart = {
        frozenset(e["rows"]): e["max_weight_difference"]
        for e in record["agreement"] or []
    }.get(frozenset(PAIR))
    same = f"Test accuracy is {a:.4f} with NumPy and {b:.4f} with Keras"
    if apart is not None:
        same += f"; the trained weights differ by {apart:.0e} at most"
    return [
        f"With the same net (784-30-10), the same batches of 10 and the same "
        f"first weights, an epoch takes NumPy {three_digits(ours)} s and "
        f"Keras {three_digits(theirs)} s on {threads(record)} of "
        f"{record['machine']['processor']}: Keras's takes "
        f"{between(value)} times as long ({_evidence(value, record)}). "
        f"{same}."
    ]


def _evidence(value: Estimate, record: Record) -> str:
    """How much a ratio may be believed."""
    floor = derived.noise_floor(record)
    if value.n == 1:
        return "one round, so take it as a hint"
    said = f"the interval over {value.n} rounds"
    if floor is not None:
        said += f"; identical rows differ by up to {floor:.1%}"
    return said


def _turn(record: Record) -> list[str]:
    """Where Keras starts to win, if it does."""
    return step_cost.crossover(record, *PAIR)[:1]
