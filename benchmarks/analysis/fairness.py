"""The rules of a fair comparison, each passed, failed, or not checked.

A rule is judged from what the runs recorded, never from what was asked
for: a rule about something that this record does not hold is not checked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from benchmarks.analysis import derived
from benchmarks.measure import noise
from benchmarks.record.results import Record
from benchmarks.rows.contenders import RATIOS, select

BUSY = 1.05  # CPU seconds per wall second and thread that are still no more
RESTLESS = 0.10  # identical rows that differ by more show a busy machine
PASSED, FAILED, UNCHECKED = "passed", "FAILED", "not checked"


@dataclass(frozen=True)
class Finding:
    """One rule, how it came out, and what was seen."""

    rule: str
    outcome: str
    seen: str = ""


def findings(record: Record) -> list[Finding]:
    """Judge every rule."""
    good = [run for run in record["runs"] if run["status"] == "ok"]
    trained = [run for run in good if run["task"] == "train"]
    return [
        Finding(rule, *judge(record, good, trained)) for rule, judge in RULES
    ]


Outcome = tuple[str, str]
Judgement = Callable[[Record, list[Record], list[Record]], Outcome]


def _complaints(checked: bool, found: Iterable[str]) -> Outcome:
    """Failed with what was found; passed if nothing was."""
    said = "; ".join(dict.fromkeys(found))
    if said:
        return FAILED, said
    return (PASSED, "") if checked else (UNCHECKED, "")


def _same_data(record: Record, good: list[Record], _: list[Record]) -> Outcome:
    return PASSED, f"{record['data']['name']}, by its SHA-256 sums"


def _dtype(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    wanted = {c.name: c.dtype for c in select(record["contenders"])}
    return _complaints(
        bool(good),
        (
            f"{run['contender']} ran in {run['verified']['dtype']}"
            for run in good
            if run["verified"]["dtype"] != wanted[run["contender"]]
        ),
    )


def _equal_updates(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    gate = record["gate"] or []
    return _complaints(
        bool(gate),
        (
            f"{' and '.join(entry['rows'])}: {', '.join(entry['failed'])}"
            for entry in gate
            if entry["failed"]
        ),
    )


def _counted(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    found, checked = [], False
    for run in trained:
        size = record["settings"][run["contender"]]["batch_size"]
        if size is None or not run["epochs"]:
            continue
        checked = True
        per_epoch = -(-(run["samples"] // len(run["epochs"])) // size)
        if run["updates"] != per_epoch * len(run["epochs"]):
            found.append(f"{run['contender']} made {run['updates']} updates")
    return _complaints(checked, found)


def _interleaved(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    if record["rounds"] < 2:
        return UNCHECKED, "one round only"
    return PASSED, f"seeded random order, {record['rounds']} rounds"


def _rounds(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    if record["rounds"] >= 5:
        return PASSED, f"{record['rounds']} rounds"
    return FAILED, f"{record['rounds']} of at least 5 rounds"


def _none_missing(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    missing = len(record["plan"]) - len(record["runs"])
    found = [f"{missing} planned runs are missing"] if missing else []
    found += [
        f"{run['contender']}: {run['status']}"
        for run in record["runs"]
        if run["status"] != "ok"
    ]
    return _complaints(True, found)


def _cores(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    found, checked = [], False
    for run in good:
        cores = run["verified"].get("cores")
        checked |= cores is not None
        if cores is not None and cores > record["threads"]:
            found.append(f"{run['contender']} could use {cores} cores")
        for pool, size in run["verified"]["blas_threads"].items():
            if size > record["threads"]:
                found.append(f"{run['contender']}: {pool} has {size} threads")
    return _complaints(checked, found)


def _busy(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    found, checked = [], False
    for run in trained:
        phase = run["phases"]["training"]
        # What was split off the phase has left its CPU time there.
        wall = phase["wall"] + sum(
            run["phases"][name]["wall"]
            for name in derived.TRAINING
            if name in run["phases"] and run["phases"][name]["cpu"] is None
        )
        if wall < 0.5:
            continue  # too short for the clock of the CPU
        checked, share = True, phase["cpu"] / wall
        if share > BUSY * record["threads"]:
            found.append(f"{run['contender']} used {share:.2f} cores")
    return _complaints(checked, found)


def _device(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    wanted = record["device"]
    return _complaints(
        bool(good),
        (
            f"{run['contender']} ran on {run['verified']['device']}"
            for run in good
            if not run["verified"]["device"].lower().startswith(wanted)
        ),
    )


def _explicit(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    keras = [run for run in good if "jit_compile" in run["verified"]]
    if not keras:
        return UNCHECKED, ""
    adapters = {c.name: c.adapter for c in select(record["contenders"])}
    return _complaints(
        True,
        (
            f"{run['contender']}: jit_compile={run['verified']['jit_compile']}"
            for run in keras
            if run["verified"]["jit_compile"]
            != (adapters[run["contender"]] == "keras_nets.compiled")
        ),
    )


def _quiet(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    loud = [run for run in good if noise.flags(run["noise"])]
    if not good:
        return UNCHECKED, ""
    kept = "kept" if loud else ""
    said = f"{len(loud)} of {len(good)} runs flagged, {kept}".rstrip(", ")
    return (FAILED if loud else PASSED), said


def _twins(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    floor = derived.noise_floor(record)
    if floor is None:
        return UNCHECKED, "no row ran beside its twin"
    outcome = PASSED if floor <= RESTLESS else FAILED
    return outcome, f"identical rows differ by {floor:.1%}"


def _metrics(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    """What each row counted while it was timed: its epochs tell."""
    counted = {
        run["contender"]: {
            name
            for name in run["epochs"][0]
            if name not in ("wall", "cpu") and not name.startswith("val_")
        }
        for run in trained
        if run["epochs"]
    }
    pairs = [
        (ratio.slower, ratio.faster)
        for ratio in RATIOS
        if ratio.slower in counted and ratio.faster in counted
    ]
    return _complaints(
        bool(pairs),
        (
            f"{b if counted[a] > counted[b] else a} counts no "
            f"{' or '.join(sorted(counted[a] ^ counted[b]))}, "
            f"{a if counted[a] > counted[b] else b} does"
            for a, b in pairs
            if counted[a] != counted[b]
        ),
    )


def _seeds(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    if not trained:
        return UNCHECKED, ""
    counts: dict[str, int] = {}
    for run in trained:
        counts[run["contender"]] = counts.get(run["contender"], 0) + 1
    least = int(median(counts.values()))
    return (PASSED if least >= 3 else FAILED), f"{least} of at least 3 seeds"


def _off_clock(
    record: Record, good: list[Record], trained: list[Record]
) -> Outcome:
    if not trained:
        return UNCHECKED, ""
    return PASSED, "one evaluator for all nets, after the training"


RULES: tuple[tuple[str, Judgement], ...] = (
    ("same data, split and scaling for all", _same_data),
    ("the dtype that the row says", _dtype),
    ("equal updates where a ratio is formed", _equal_updates),
    ("as many updates as batches", _counted),
    ("evaluation off the clock, the same for all", _off_clock),
    ("equal metrics in both rows of a ratio", _metrics),
    ("fresh process per row and round, interleaved", _interleaved),
    ("five rounds or more", _rounds),
    ("no run missing or dropped", _none_missing),
    ("no more cores and BLAS threads than asked for", _cores),
    ("no more CPU time than threads times wall time", _busy),
    ("weights on the device of the run", _device),
    ("compiled only where the row says so", _explicit),
    ("quiet machine: no steal, throttling or drift", _quiet),
    ("noise floor from identical rows", _twins),
    ("three seeds or more behind an accuracy", _seeds),
)
