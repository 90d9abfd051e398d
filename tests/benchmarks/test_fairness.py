"""Every rule of a fair comparison passes, and can fail."""

import pytest
from msgspec.structs import replace

from benchmarks.analysis.fairness import doubts, findings, flags
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
    runs.append(
        Run(
            DRIFT.name,
            closeness=Closeness([], []),
            verified=Verified(dtype="float64", device="cpu"),
        )
    )
    return a_record(*runs, gate=[equal(NUMPY_10, TWIN)])


def finding(record, words):
    [one] = [f for f in findings(record) if words in f.rule]
    return one


def test_a_fair_record_passes_every_rule_that_can_be_checked():
    outcomes = {f.rule: f.outcome for f in findings(fair_record())}
    assert "FAILED" not in outcomes.values()
    assert [r for r, o in outcomes.items() if o == "not checked"] == [
        "equal metrics in both rows of a ratio",
        "compiled only where the row says so",
    ]
    empty = a_record(rows=[NUMPY_10])
    assert {f.outcome for f in findings(empty)} == {"FAILED", "not checked"}
    assert finding(empty, "no run missing").seen == (
        "1 planned runs are missing"
    )


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
    record.runs = [
        run
        for run in record.runs
        if run.row != TWIN.name or run.round < rounds
    ]


def restless(record):
    for run in record.trained(TWIN):
        for epoch in run.measured.epochs:
            epoch.wall *= 0.8


def failed(record):
    record.runs[0] = replace(
        record.runs[0], status="diverged", training=None, verified=None
    )


SPOILED = {
    "the dtype that the row says": [
        lambda r: setattr(r.runs[0].verified, "dtype", "float64"),
    ],
    "equal updates": [
        lambda r: r.comparison.gate[0].failed.append("a rule"),
    ],
    "as many updates as batches": [
        lambda r: setattr(r.runs[0].training, "updates", 19),
    ],
    "evaluation off the clock": [
        evaluated_within_the_epochs,
        lambda r: r.runs[0].phases.pop("predict"),
    ],
    "interleaved": [one_row_after_the_other],
    "five rounds": [
        lambda r: keep(r, 4),
    ],
    "no run missing": [lambda r: r.runs.pop(), failed],
    "cores and BLAS threads": [
        lambda r: setattr(r.runs[0].verified, "cores", 2),
        lambda r: r.runs[0].verified.blas_threads.update(openblas=2),
    ],
    "no more CPU time": [
        lambda r: setattr(r.runs[0].phases["training"], "cpu", 4.5),
    ],
    "device of the run": [
        lambda r: setattr(r.runs[0].verified, "device", "GPU:0"),
    ],
    "compiled only where": [
        lambda r: setattr(r.runs[0].verified, "jit_compile", True),
    ],
    "quiet machine": [lambda r: setattr(r.runs[0].noise, "steal", 0.5)],
    "noise floor from identical rows": [restless],
    "three seeds": [
        lambda r: keep(r, 2),
    ],
}


@pytest.mark.parametrize(
    ("words", "spoil"),
    [(words, spoil) for words, spoils in SPOILED.items() for spoil in spoils],
)
def test_every_rule_can_fail(words, spoil):
    record = fair_record()
    assert finding(record, words).outcome != "FAILED"
    spoil(record)
    spoiled = finding(record, words)
    assert spoiled.outcome == "FAILED"
    assert spoiled.seen


def test_a_row_that_counts_less_on_the_clock_is_named():
    """The compiled loop counts no F1; NumPy pays for what it leaves out."""
    record = a_record(
        *rounds(NUMPY_1, [1.0] * 5), *rounds(COMPILED_LOOP, [1.0] * 5)
    )
    rule = "equal metrics in both rows of a ratio"
    assert finding(record, rule).outcome == "passed"
    for run in record.trained(NUMPY_1):
        for epoch in run.measured.epochs:
            epoch.logs["f1_score"] = 0.5
    unequal = finding(record, rule)
    assert unequal.outcome == "FAILED"
    assert unequal.seen == "floor counts no f1_score, numpy-batch-1 does"


def test_cpu_time_is_held_to_the_wall_time_that_it_belongs_to():
    record = a_record(a_run(NUMPY_10))
    phases, rule = record.runs[0].phases, "no more CPU time"
    phases["training"].cpu = 4.5
    assert finding(record, rule).seen == "numpy-batch-10 used 1.50 cores"
    # Compiling was split off the training, its CPU time was not.
    phases["compile"] = Phase(wall=1.5)
    assert finding(record, rule).outcome == "passed"
    short = a_record(a_run(NUMPY_10, 0.1))
    short.runs[0].phases["training"].cpu = 4.5
    assert finding(short, rule).outcome == "not checked", "too short to tell"


def test_where_no_core_can_be_counted_nothing_is_said_of_cores():
    record = a_record(a_run(NUMPY_10))
    record.runs[0].verified = Verified(dtype="float32", device="cpu")
    assert finding(record, "cores and BLAS").outcome == "not checked"


def test_one_round_cannot_be_interleaved():
    once = a_record(*rounds(NUMPY_10, [1.0]))
    assert finding(once, "interleaved").outcome == "not checked"


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
    noise = replace(QUIET, **change)
    assert flags(noise) == ([words] if words else [])
    record = fair_record()
    record.runs[3].noise = noise
    run = record.runs[3]
    assert doubts(record) == ([(run.row, run.round, words)] if words else [])
