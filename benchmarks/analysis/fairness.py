"""The rules of a fair comparison, each passed, failed, or not checked.

A rule is judged from what the runs recorded, never from what was asked
for: a rule about something that this record does not hold is not checked.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from msgspec import Struct

from benchmarks.analysis.intervals import noise_floor
from benchmarks.record.record import Record
from benchmarks.record.request import Request
from benchmarks.record.run import TRAINING, Noise, Run
from benchmarks.rows.row import Row
from benchmarks.rows.table import RATIOS

BUSY = 1.05  # CPU seconds per wall second and thread that are still no more
RESTLESS = 0.10  # identical rows that differ by more show a busy machine
STEAL_LIMIT = 0.02  # of all CPU time, taken by other virtual machines
DRIFT_LIMIT = 0.05  # of the sentinel's time, between before and after

Outcome = Literal["passed", "FAILED", "not checked"]
Check = tuple[Outcome, str]  # how it came out, and what was seen
Complaint = str | None  # "" where all is well, None where nothing can be told
Rule = Callable[[Record], Check]


class Finding(Struct, frozen=True):
    """One rule, how it came out, and what was seen."""

    rule: str
    outcome: Outcome
    seen: str = ""


class Doubt(NamedTuple):
    """What makes the seconds of one run doubtful."""

    row: str
    round: int
    words: str


def findings(record: Record) -> list[Finding]:
    """Judge every rule."""
    return [Finding(rule, *judge(record)) for rule, judge in RULES]


def doubts(record: Record) -> list[Doubt]:
    """What makes the seconds of single runs doubtful."""
    return [
        Doubt(run.row, run.round, words)
        for run in record.runs
        for words in flags(run.noise)
    ]


def flags(noise: Noise | None) -> list[str]:
    """Say in words what makes a run's seconds doubtful."""
    if noise is None:  # the run ended before it could say
        return []
    words = []
    if noise.steal and noise.steal > STEAL_LIMIT:
        words.append(f"the host took {noise.steal:.0%} of the CPU time")
    if noise.throttled:
        words.append("a CPU quota stopped it")
    change = noise.sentinel_after / noise.sentinel_before - 1
    if abs(change) > DRIFT_LIMIT:
        words.append(f"the machine's speed changed by {change:+.0%}")
    return words


def _good(record: Record) -> list[Run]:
    """What a row's seconds are made from; drift and study have none."""
    return [
        run
        for run in record.runs
        if run.ok and run.verified and (run.training or run.sweep)
    ]


def _trained(record: Record) -> list[Run]:
    return [run for run in _good(record) if run.training]


def _judged(holds: bool, seen: str = "") -> Check:
    return ("passed" if holds else "FAILED"), seen


def _complaints(complaints: Iterable[Complaint]) -> Check:
    """Failed with what was found; passed if nothing was."""
    told = [words for words in complaints if words is not None]
    seen = "; ".join(dict.fromkeys(filter(None, told)))
    return _judged(not seen, seen) if told else ("not checked", "")


def _each(
    of: Callable[[Record], list[Run]],
    check: Callable[[Row, Run, Request], Complaint],
) -> Rule:
    """A rule for each of these runs by itself."""

    def judge(record: Record) -> Check:
        request = record.request
        told = [(r, check(request.row(r.row), r, request)) for r in of(record)]
        return _complaints(c and f"{run.row} {c}" for run, c in told)

    return judge


def _dtype(row: Row, run: Run, _: Request) -> Complaint:
    dtype = run.given.dtype
    return "" if dtype == row.dtype else f"ran in {dtype}"


def _device(_: Row, run: Run, request: Request) -> Complaint:
    device = run.given.device
    holds = device.lower().startswith(request.device)
    return "" if holds else f"ran on {device}"


def _compiled(row: Row, run: Run, _: Request) -> Complaint:
    compiled = run.given.jit_compile
    if compiled is None:
        return None
    return "" if compiled == row.compiled else f"has jit_compile={compiled}"


def _cores(_: Row, run: Run, request: Request) -> Complaint:
    given = {"cores": run.given.cores or 0}
    given |= {f"threads of {p}": n for p, n in run.given.blas_threads.items()}
    if not any(given.values()):
        return None
    wide = [f"{n} {what}" for what, n in given.items() if n > request.threads]
    return f"could use {' and '.join(wide)}" if wide else ""


def _busy(_: Row, run: Run, request: Request) -> Complaint:
    # What was split off the phase has left its CPU time there.
    split = [n for n in TRAINING if (p := run.phases.get(n)) and p.cpu is None]
    wall, cpu = run.wall("training", *split), run.phases["training"].cpu
    if cpu is None or wall < 0.5:  # too short for the clock of the CPU
        return None
    holds = cpu / wall <= BUSY * request.threads
    return "" if holds else f"used {cpu / wall:.2f} cores"


def _updates(row: Row, run: Run, _: Request) -> Complaint:
    epochs, updates = len(run.measured.epochs), run.measured.updates
    if not row.batch_size or not epochs:
        return None
    batches = -(-run.measured.samples // epochs // row.batch_size)
    return "" if updates == batches * epochs else f"made {updates} updates"


def _off_clock(_: Row, run: Run, __: Request) -> Complaint:
    """An epoch that counts what is off the clock makes the sum too long."""
    epochs = sum(epoch.wall for epoch in run.measured.epochs)
    if epochs + run.measured.off_clock > run.wall("training") * 1.001:
        return "counts in its epochs what is off the clock"
    return "" if "predict" in run.phases else "was not tested by itself"


def _equal_updates(record: Record) -> Check:
    gate = record.comparison.gate if record.comparison else []
    return _complaints(
        f"{' and '.join(entry.rows)}: {failed}" if failed else ""
        for entry in gate
        for failed in [", ".join(entry.failed)]
    )


def _metrics(record: Record) -> Check:
    """What each row counted while it was timed: its epochs tell."""
    counted = {
        run.row: {n for n in run.measured.epochs[0].logs if n[:4] != "val_"}
        for run in _trained(record)
        if run.measured.epochs
    }
    complaints = []
    for ratio in RATIOS:
        pair = (ratio.slower.name, ratio.faster.name)
        if counted.keys() >= {*pair}:
            less, more = sorted(pair, key=lambda name: len(counted[name]))
            lacks = " or ".join(sorted(counted[less] ^ counted[more]))
            words = f"{less} counts no {lacks}, {more} does"
            complaints.append(words if lacks else "")
    return _complaints(complaints)


def _interleaved(record: Record) -> Check:
    """Each round is over before the next, so that all rows drift alike."""
    runs = sorted(_good(record), key=lambda run: run.order)
    rounds = [run.round for run in runs]
    if len({*rounds}) < 2:
        return "not checked", "one round only"
    return _judged(rounds == sorted(rounds), f"{len({*rounds})} rounds")


def _at_least(least: int, what: str) -> Rule:
    """A rule about the row that was trained in the fewest rounds."""

    def judge(record: Record) -> Check:
        rounds = Counter(run.row for run in _trained(record))
        if not rounds:
            return "not checked", ""
        fewest = min(rounds.values())
        return _judged(fewest >= least, f"{fewest} of at least {least} {what}")

    return judge


def _none_missing(record: Record) -> Check:
    missing = len(record.missing())
    failed = [run for run in record.runs if not run.ok]
    complaints = [f"{missing} planned runs are missing" if missing else ""]
    return _complaints(complaints + [f"{r.row}: {r.status}" for r in failed])


def _quiet(record: Record) -> Check:
    good = _good(record)
    loud = [run for run in good if flags(run.noise)]
    words = (
        f"{len(loud)} of {len(good)} runs flagged{', kept' if loud else ''}"
    )
    return _judged(not loud, words) if good else ("not checked", "")


def _twins(record: Record) -> Check:
    floor = noise_floor(record.twins())
    if floor is None:
        return "not checked", "no row ran beside its twin"
    return _judged(floor <= RESTLESS, f"identical rows differ by {floor:.1%}")


RULES: tuple[tuple[str, Rule], ...] = (
    ("the dtype that the row says", _each(_good, _dtype)),
    ("equal updates where a ratio is formed", _equal_updates),
    ("as many updates as batches", _each(_trained, _updates)),
    ("evaluation off the clock", _each(_trained, _off_clock)),
    ("equal metrics in both rows of a ratio", _metrics),
    ("rounds interleaved, one over before the next", _interleaved),
    ("five rounds or more", _at_least(5, "rounds")),
    ("no run missing or dropped", _none_missing),
    ("no more cores and BLAS threads than asked for", _each(_good, _cores)),
    ("no more CPU time than threads times wall time", _each(_trained, _busy)),
    ("weights on the device of the run", _each(_good, _device)),
    ("compiled only where the row says so", _each(_good, _compiled)),
    ("quiet machine: no steal, throttling or drift", _quiet),
    ("noise floor from identical rows", _twins),
    ("three seeds or more behind an accuracy", _at_least(3, "seeds")),
)
