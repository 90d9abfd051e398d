"""The rules of a fair comparison, each passed, failed, or not checked.

A rule is judged from what the runs recorded, never from what was asked
for: a rule about something that this record does not hold is not checked.
"""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from benchmarks.analysis.intervals import noise_floor
from benchmarks.record.record import Record
from benchmarks.record.request import Request
from benchmarks.record.run import TRAINING, Noise, Run
from benchmarks.rows.table import RATIOS

BUSY = 1.05  # CPU seconds per wall second and thread that are still no more
RESTLESS = 0.10  # identical rows that differ by more show a busy machine
STEAL_LIMIT = 0.02  # of all CPU time, taken by other virtual machines
DRIFT_LIMIT = 0.05  # of the sentinel's time, between before and after


class Rule(StrEnum):
    """The rules, in the order in which they are shown."""

    DTYPE = "the dtype that the row says"
    EQUAL_UPDATES = "equal updates where a ratio is formed"
    UPDATES = "as many updates as batches"
    OFF_CLOCK = "evaluation off the clock"
    METRICS = "equal metrics in both rows of a ratio"
    INTERLEAVED = "rounds interleaved, one over before the next"
    ROUNDS = "five rounds or more"
    COMPLETE = "no run missing or dropped"
    CORES = "no more cores and BLAS threads than asked for"
    CPU_TIME = "no more CPU time than threads times wall time"
    DEVICE = "weights on the device of the run"
    COMPILED = "compiled only where the row says so"
    QUIET = "quiet machine: no steal, throttling or drift"
    TWINS = "noise floor from identical rows"
    SEEDS = "three seeds or more behind an accuracy"


class Finding(NamedTuple):
    """Whether a rule holds (None: not checked), and what was seen."""

    rule: Rule
    holds: bool | None
    seen: str

    @property
    def outcome(self) -> str:
        words = {True: "passed", False: "FAILED", None: "not checked"}
        return words[self.holds]


class Doubt(NamedTuple):
    """What makes the seconds of one run doubtful."""

    row: str
    round: int
    words: str


Check = tuple[Rule, bool, str]  # whether it holds, what is wrong if not


def findings(record: Record) -> list[Finding]:
    """Judge every rule: it fails if any check of it fails."""
    findings = [*_rounds(record), *_noise(record)]
    for rule, holds, wrong in (*_checks(record), *_pairs(record)):
        findings.append(Finding(rule, holds, "" if holds else wrong))
    return [
        _sum(rule, [f for f in findings if f.rule is rule]) for rule in Rule
    ]


def _sum(rule: Rule, findings: list[Finding]) -> Finding:
    told = [f.holds for f in findings if f.holds is not None]
    holds = all(told) if told else None
    seen = [f.seen for f in findings if f.holds is holds and f.seen]
    return Finding(rule, holds, "; ".join(dict.fromkeys(seen)))


def doubts(record: Record) -> list[Doubt]:
    """What makes the seconds of single runs doubtful."""
    return [
        Doubt(run.row, run.round, words)
        for run in record.runs
        for words in _doubtful(run.noise)
    ]


def _doubtful(noise: Noise | None) -> Iterator[str]:
    if noise is None:  # the run ended before it could say
        return
    if noise.steal and noise.steal > STEAL_LIMIT:
        yield f"the host took {noise.steal:.0%} of the CPU time"
    if noise.throttled:
        yield "a CPU quota stopped it"
    change = noise.sentinel_after / noise.sentinel_before - 1
    if abs(change) > DRIFT_LIMIT:
        yield f"the machine's speed changed by {change:+.0%}"


def _timed(record: Record) -> list[Run]:
    """What a row's seconds are made from; drift and study have none."""
    return [r for r in record.runs if r.ok and (r.training or r.sweep)]


def _checks(record: Record) -> Iterator[Check]:
    """What is checked of every run by itself."""
    for run in _timed(record):
        checks = [*_given(run, record.request)]
        checks += _training(run, record.request) if run.training else []
        for rule, holds, wrong in checks:
            yield rule, holds, f"{run.row} {wrong}"
    missing = len(record.missing())
    yield Rule.COMPLETE, not missing, f"{missing} planned runs are missing"
    for run in record.runs:
        yield Rule.COMPLETE, run.ok, f"{run.row}: {run.status}"


def _given(run: Run, request: Request) -> Iterator[Check]:
    """What the process of a run was given."""
    row, given = request.row(run.row), run.given
    yield Rule.DTYPE, given.dtype == row.dtype, f"ran in {given.dtype}"
    right = given.device.lower().startswith(request.device)
    yield Rule.DEVICE, right, f"ran on {given.device}"
    if given.jit_compile is not None:
        right = given.jit_compile == row.compiled
        yield Rule.COMPILED, right, f"has jit_compile={given.jit_compile}"
    widths = {"cores": given.cores or 0}
    widths |= {f"threads of {p}": n for p, n in given.blas_threads.items()}
    if any(widths.values()):
        wide = [f"{n} {w}" for w, n in widths.items() if n > request.threads]
        yield Rule.CORES, not wide, f"could use {' and '.join(wide)}"


def _training(run: Run, request: Request) -> Iterator[Check]:
    """What a run did while it trained."""
    size, training = request.row(run.row).batch_size, run.measured
    epochs, updates = len(training.epochs), training.updates
    if size and epochs:
        batches = -(-training.samples // epochs // size)
        right = updates == batches * epochs
        yield Rule.UPDATES, right, f"made {updates} updates"
    # An epoch that counts what is off the clock makes the sum too long.
    total = sum(epoch.wall for epoch in training.epochs) + training.off_clock
    right = total <= run.wall("training") * 1.001
    yield Rule.OFF_CLOCK, right, "counts in its epochs what is off the clock"
    yield Rule.OFF_CLOCK, "predict" in run.phases, "was not tested by itself"
    # What was split off the phase has left its CPU time there.
    split = [n for n in TRAINING if (p := run.phases.get(n)) and p.cpu is None]
    wall, cpu = run.wall("training", *split), run.phases["training"].cpu
    if cpu is not None and wall >= 0.5:  # else too short for the CPU's clock
        right = cpu / wall <= BUSY * request.threads
        yield Rule.CPU_TIME, right, f"used {cpu / wall:.2f} cores"


def _pairs(record: Record) -> Iterator[Check]:
    """What the two rows of a ratio must have in common."""
    for gate in record.comparison.gate if record.comparison else []:
        words = f"{' and '.join(gate.rows)}: {', '.join(gate.failed)}"
        yield Rule.EQUAL_UPDATES, not gate.failed, words
    counted = {  # by each row while it was timed: its epochs tell
        run.row: {n for n in run.measured.epochs[0].logs if n[:4] != "val_"}
        for run in _timed(record)
        if run.training and run.training.epochs
    }
    for ratio in RATIOS:
        pair = [ratio.slower.name, ratio.faster.name]
        if counted.keys() >= {*pair}:
            less, more = sorted(pair, key=lambda name: len(counted[name]))
            lacks = sorted(counted[less] ^ counted[more])
            words = f"{less} counts no {' or '.join(lacks)}, {more} does"
            yield Rule.METRICS, not lacks, words


def _rounds(record: Record) -> Iterator[Finding]:
    """Each is over before the next, so that all rows drift alike."""
    runs = sorted(_timed(record), key=lambda run: run.order)
    rounds = [run.round for run in runs]
    if (count := len({*rounds})) < 2:
        yield Finding(Rule.INTERLEAVED, None, "one round only")
    else:
        right = rounds == sorted(rounds)
        yield Finding(Rule.INTERLEAVED, right, f"{count} rounds")
    if trained := Counter(run.row for run in runs if run.training):
        fewest = min(trained.values())
        words = f"{fewest} of at least"
        yield Finding(Rule.ROUNDS, fewest >= 5, f"{words} 5 rounds")
        yield Finding(Rule.SEEDS, fewest >= 3, f"{words} 3 seeds")


def _noise(record: Record) -> Iterator[Finding]:
    if runs := _timed(record):
        loud = sum(any(_doubtful(run.noise)) for run in runs)
        words = f"{loud} of {len(runs)} runs flagged{', kept' * bool(loud)}"
        yield Finding(Rule.QUIET, not loud, words)
    floor = noise_floor(record.twins())
    if floor is None:
        yield Finding(Rule.TWINS, None, "no row ran beside its twin")
    else:
        words = f"identical rows differ by {floor:.1%}"
        yield Finding(Rule.TWINS, floor <= RESTLESS, words)
