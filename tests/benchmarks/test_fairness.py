"""Every rule of a fair comparison passes, and can fail."""

import pytest
from msgspec.structs import replace

from benchmarks.analysis.fairness import Rule, doubts, findings
from benchmarks.record.run import Closeness, Phase, Run, Verified
from benchmarks.rows.table import COMPILED_LOOP, DRIFT, NUMPY_1, NUMPY_10
from tests.benchmarks.records import (
    QUIET,
    TWIN,
    a_record,
    a_run,
    equal,
    rounds,
    timed,
)


def fair_record():
    """With a run of drift, which is of another dtype and out of turn."""
    runs = [*rounds(NUMPY_10, timed(1.0)), *rounds(TWIN, timed(1.0, seed=1))]
    verified = Verified(dtype="float64", device="cpu")
    closeness = Closeness([], [])
    runs.append(Run(DRIFT.name, closeness=closeness, verified=verified))
    return a_record(*runs, gate=[equal(NUMPY_10, TWIN)])


def judge(record, rule):
    """How a rule comes out, and what was seen."""
    [finding] = [f for f in findings(record) if f.rule is rule]
    return finding.outcome, finding.seen


def test_a_fair_record_passes_every_rule_that_can_be_checked():
    outcomes = {f.rule: f.outcome for f in findings(fair_record())}
    assert list(outcomes) == list(Rule)
    unchecked = dict.fromkeys([Rule.METRICS, Rule.COMPILED], "not checked")
    assert outcomes == dict.fromkeys(Rule, "passed") | unchecked
    empty = a_record(rows=[NUMPY_10])
    assert {f.outcome for f in findings(empty)} == {"FAILED", "not checked"}
    missing = "1 planned runs are missing"
    assert judge(empty, Rule.COMPLETE) == ("FAILED", missing)


def one_row_after_the_other(record):
    """All rounds of a row before the next row: drift meets one of them."""
    runs = sorted(record.runs, key=lambda run: (run.row, run.round))
    for place, run in enumerate(runs):
        run.order = place


def evaluated_within_the_epochs(record):
    """Judged before the clock of the epoch was stopped, and taken off."""
    training = record.runs[0].measured
    training.off_clock = 0.5
    record.runs[0].phases["training"].wall += 0.5
    for epoch in training.epochs:
        epoch.wall += 0.25


def keep(record, rounds):
    """Of one row the first rounds alone."""
    gone = [r for r in record.trained(TWIN) if r.round >= rounds]
    record.runs = [run for run in record.runs if run not in gone]


def restless(record):
    for run in record.trained(TWIN):
        for epoch in run.measured.epochs:
            epoch.wall *= 0.8


def diverged(record):
    bad = {"status": "diverged", "training": None, "verified": None}
    record.runs[0] = replace(record.runs[0], **bad)


def given(**fields):
    """Spoil what the first process was given."""
    return lambda record: [
        setattr(record.runs[0].verified, *field) for field in fields.items()
    ]


SPOILED = [
    (Rule.DTYPE, given(dtype="float64")),
    (Rule.EQUAL_UPDATES, lambda r: r.comparison.gate[0].failed.append("a")),
    (Rule.UPDATES, lambda r: setattr(r.runs[0].training, "updates", 19)),
    (Rule.OFF_CLOCK, evaluated_within_the_epochs),
    (Rule.OFF_CLOCK, lambda r: r.runs[0].phases.pop("predict")),
    (Rule.INTERLEAVED, one_row_after_the_other),
    (Rule.ROUNDS, lambda r: keep(r, 4)),
    (Rule.COMPLETE, lambda r: r.runs.pop()),
    (Rule.COMPLETE, diverged),
    (Rule.CORES, given(cores=2)),
    (Rule.CORES, given(blas_threads={"openblas": 2})),
    (Rule.CPU_TIME, lambda r: setattr(r.runs[0].phases["training"], "cpu", 9)),
    (Rule.DEVICE, given(device="GPU:0")),
    (Rule.COMPILED, given(jit_compile=True)),
    (Rule.QUIET, lambda r: setattr(r.runs[0].noise, "steal", 0.5)),
    (Rule.TWINS, restless),
    (Rule.SEEDS, lambda r: keep(r, 2)),
]


@pytest.mark.parametrize(("rule", "spoil"), SPOILED)
def test_every_rule_can_fail(rule, spoil):
    record = fair_record()
    spoil(record)
    outcome, seen = judge(record, rule)
    assert outcome == "FAILED"
    assert seen


def test_a_row_that_counts_less_on_the_clock_is_named():
    """The compiled loop counts no F1; NumPy pays for what it leaves out."""
    runs = [*rounds(NUMPY_1, [1.0] * 5), *rounds(COMPILED_LOOP, [1.0] * 5)]
    record = a_record(*runs)
    assert judge(record, Rule.METRICS) == ("passed", "")
    for run in record.trained(NUMPY_1):
        for epoch in run.measured.epochs:
            epoch.logs["f1_score"] = 0.5
    seen = "floor counts no f1_score, numpy-batch-1 does"
    assert judge(record, Rule.METRICS) == ("FAILED", seen)


def test_cpu_time_is_held_to_the_wall_time_that_it_belongs_to():
    record, short = (a_record(a_run(NUMPY_10, s)) for s in (1.0, 0.1))
    for spoiled in (record, short):
        spoiled.runs[0].phases["training"].cpu = 4.5
    seen = "numpy-batch-10 used 1.50 cores"
    assert judge(record, Rule.CPU_TIME) == ("FAILED", seen)
    # Compiling was split off the training, its CPU time was not.
    record.runs[0].phases["compile"] = Phase(wall=1.5)
    assert judge(record, Rule.CPU_TIME) == ("passed", "")
    outcome, _ = judge(short, Rule.CPU_TIME)
    assert outcome == "not checked", "too short to tell"


def test_what_cannot_be_told_is_not_checked():
    record = a_record(*rounds(NUMPY_10, [1.0]))
    record.runs[0].verified = Verified(dtype="float32", device="cpu")
    assert judge(record, Rule.CORES) == ("not checked", "")
    once = ("not checked", "one round only")
    assert judge(record, Rule.INTERLEAVED) == once


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sentinel_after": 0.0102}, None),
        ({"steal": 0.03}, "the host took 3% of the CPU time"),
        ({"throttled": 1}, "a CPU quota stopped it"),
        ({"sentinel_after": 0.012}, "the machine's speed changed by +20%"),
    ],
)
def test_noise_is_told_in_words(change, words):
    record = fair_record()
    run = record.runs[3]
    run.noise = replace(QUIET, **change)
    assert doubts(record) == ([(run.row, run.round, words)] if words else [])
