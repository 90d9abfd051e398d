"""The harness itself: would it be fooled?

Fake contenders and made-up records stand in for training, so that the right
answer is known: a row that costs alpha + beta * batch_size, a twin, a twin
that is twice as slow, a side with a mistake.
"""

import copy
import json
import math
import random
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.analysis import (
    compare,
    derived,
    fairness,
    ladder,
    statistics,
    step_cost,
    time_to_accuracy,
)
from benchmarks.measure import (
    equivalence,
    keras_nets,
    noise,
    numpy_nets,
    peers,
    pin,
    sweep,
    tasks,
)
from benchmarks.measure import job as common
from benchmarks.measure.clock import Clock
from benchmarks.measure.phases import Phases
from benchmarks.record import machine, results
from benchmarks.record.errors import InputError
from benchmarks.report import beside, export, report, verdict, why
from benchmarks.rows.contenders import LADDER, TIERS, Contender, row_of, select
from benchmarks.run import doctor, runner
from benchmarks.run.display import make_display
from numpy_net import config, losses, per_sample


def a_run(name, number, seconds, **more):
    """A good training run whose two epochs took so many seconds."""
    contender = select([name])[0]
    epochs = [
        {"wall": s, "cpu": s, "loss": 0.1, "val_accuracy": a}
        for s, a in ((2 * seconds, 0.5), (seconds, 0.92))
    ]
    phase = {"wall": 3 * seconds, "cpu": 3 * seconds, "peak_mib": 100.0}
    small = {"wall": 0.0, "cpu": 0.0, "peak_mib": 90.0}
    test = {
        "accuracy": 0.9, "f1_weighted": 0.9, "f1_macro": 0.9,
        "confusion": [[0] * 10] * 10, "predictions": "0",
    }  # fmt: skip
    verified = {
        "dtype": contender.dtype, "device": "cpu", "learning_rate": 0.25,
        "cores": 1, "blas_threads": {"openblas 0.3": 1},
    }  # fmt: skip
    steps = -(-100 // (contender.batch_size or 100))
    return {
        "task": "train", "contender": name, "round": number, "order": 0,
        "status": "ok", "wall_seconds": 4 * seconds,
        "phases": {"training": phase, "data": small, "predict": small},
        "noise": {"sentinel_before": 0.01, "sentinel_after": 0.01},
        "epochs": epochs, "off_clock": 0.0, "updates": 2 * steps,
        "samples": 200, "predict_one": 1e-5, "verified": verified,
        "test": test, **more,
    }  # fmt: skip


def a_record(seconds, gate=(), **more):
    """A record of these rows; seconds[name] is a list, one per round."""
    runs = [
        a_run(name, number, value)
        for name, values in seconds.items()
        for number, value in enumerate(values)
    ]
    rounds = max(len(values) for values in seconds.values())
    data = {
        "name": "MNIST", "source": "s", "sha256": {}, "choice": "mnist",
        "train_images": 120, "test_images": 100, "digits": [1, 2, 3, 4],
    }  # fmt: skip
    settings = {c.name: {"batch_size": c.batch_size} for c in
                select(list(seconds))}  # fmt: skip
    return {
        "schema": 2, "id": "i", "command": "c", "started_utc": "t",
        "finished_utc": "t", "tier": "quick", "note": "n", "seed": 0,
        "threads": 1, "device": "cpu", "rounds": rounds, "until": None,
        "machine": machine.describe(), "data": data,
        "contenders": list(seconds), "settings": settings,
        "plan": [{k: run[k] for k in ("task", "contender", "round")}
                 for run in runs],
        "runs": runs, "gate": list(gate), "agreement": [], **more,
    }  # fmt: skip


def equal(first, second, failed=()):
    return {
        "rows": [first, second], "updates": 20, "difference": 1e-6,
        "loss_difference": 0.0, "tolerance": 1e-3, "failed": list(failed),
    }  # fmt: skip


TWINS = ("numpy-batch-10", "numpy-batch-10-twin")
KERAS = "keras-batch-10"


def timed(middle, noise_share=0.02, rounds=7, seed=0):
    draw = random.Random(seed)
    return [middle * draw.gauss(1, noise_share) for _ in range(rounds)]


def test_the_made_up_record_is_a_valid_one(tmp_path):
    record = a_record({name: timed(1.0) for name in TWINS})
    results.write(tmp_path, record)
    assert results.read(tmp_path) == record


# Statistics: identical rows, and one that is twice as slow.


def verdicts(record):
    floor = derived.noise_floor(record)
    return {
        ratio.slower: statistics.verdict(value, floor)
        for ratio, value, _ in derived.ratios(record)
        if value
    }


def test_a_row_that_is_twice_as_slow_is_found():
    seconds = {
        TWINS[0]: timed(1.0, seed=1),
        TWINS[1]: timed(1.0, seed=2),
        KERAS: timed(2.0, seed=3),
    }
    record = a_record(seconds, gate=[equal(KERAS, TWINS[0])])
    assert verdicts(record) == {KERAS: "slower"}
    [(_, value, _)] = derived.ratios(record)
    assert value.value == pytest.approx(2.0, rel=0.05)
    assert value.low < 2.0 < value.high


@pytest.mark.parametrize("seed", range(20))
def test_identical_rows_show_no_difference(seed):
    seconds = {
        TWINS[0]: timed(1.0, seed=seed),
        TWINS[1]: timed(1.0, seed=seed + 100),
        KERAS: timed(1.0, seed=seed + 200),
    }
    record = a_record(seconds, gate=[equal(KERAS, TWINS[0])])
    assert verdicts(record) == {KERAS: "no difference shown"}


def test_a_difference_below_the_noise_floor_is_none():
    """Every round agrees on 5 %, but identical rows differ by 10 %."""
    seconds = {TWINS[0]: [1.0] * 6, TWINS[1]: [1.1] * 6, KERAS: [1.05] * 6}
    record = a_record(seconds, gate=[equal(KERAS, TWINS[0])])
    assert derived.noise_floor(record) == pytest.approx(0.1)
    assert verdicts(record) == {KERAS: "no difference shown"}


def test_one_round_and_no_twin_judge_nothing():
    one = a_record({TWINS[0]: [1.0], KERAS: [9.0]}, [equal(KERAS, TWINS[0])])
    assert verdicts(one) == {KERAS: "not judged"}
    several = {TWINS[0]: [1.0] * 5, KERAS: [9.0] * 5}
    assert verdicts(a_record(several, [equal(KERAS, TWINS[0])])) == {
        KERAS: "not judged"
    }


def test_an_interval_of_few_values_is_their_range_else_a_bootstrap():
    assert statistics.estimate([3.0, 1.0, 2.0]) == statistics.Estimate(
        2.0, 1.0, 3.0, 3
    )
    values = [float(n) for n in range(1, 22)]
    many = statistics.estimate(values)
    assert many.value == 11
    assert 5 <= many.low < 11 < many.high <= 17
    assert statistics.estimate(values) == many, "equal input, equal interval"


def test_ratios_are_paired_by_round():
    """A machine that slows down meets both rows alike."""
    drift = [1.0, 2.0, 4.0, 8.0, 16.0]
    seconds = {TWINS[0]: drift, KERAS: [3 * s for s in drift]}
    record = a_record(seconds, gate=[equal(KERAS, TWINS[0])])
    [(_, value, _)] = derived.ratios(record)
    assert (value.low, value.value, value.high) == (3.0, 3.0, 3.0)
    del record["runs"][0]  # the first round of one side is lost
    [(_, value, _)] = derived.ratios(record)
    assert value.n == 4


# The gate.


def gate_side(job, adapter=numpy_nets.fit):
    trained, arrays = adapter(job), {}
    for n, (a, b) in enumerate(
        zip(trained.start, trained.weights, strict=True)
    ):
        arrays[f"start_{n}"], arrays[f"end_{n}"] = a, b
    return {
        "arrays": arrays,
        "updates": trained.updates,
        "loss": trained.clock.epochs[0]["loss"],
        "learning_rate": trained.verified["learning_rate"],
        "dtype": "float64",
    }


def a_job(rng, batch_size=5, net="assignment_net", dtype="float64", **more):
    y = np.eye(10)[rng.integers(0, 10, 53)]
    x = rng.uniform(0, 1, (53, 28, 28))
    contender = Contender(
        "n", "t", "a", net, batch_size, epochs=1, dtype=dtype
    )
    return common.Job(
        contender, common.Samples(x, y, x, y), say=lambda entry: None, **more
    )


def summed_gradient(self, y_true, y_pred):
    return 2.0 * (y_pred - y_true)


def wrong_rate(monkeypatch):
    from numpy_net import optimizers

    right = optimizers.SGD.__init__
    monkeypatch.setattr(
        optimizers.SGD,
        "__init__",
        lambda self, learning_rate=0.01: right(self, learning_rate * 1.1),
    )


def no_bias(monkeypatch):
    from numpy_net import layers, updates

    monkeypatch.setattr(updates, "fits", lambda *_: False)
    right = layers.Dense.gradients
    monkeypatch.setattr(
        layers.Dense,
        "gradients",
        lambda self, *more: (right(self, *more)[0], 0 * self.bias),
    )


def summed_loss(monkeypatch):
    monkeypatch.setattr(losses.MeanSquaredError, "gradient", summed_gradient)


def loss_said_in_another_scale(monkeypatch):
    right = losses.MeanSquaredError.__call__
    monkeypatch.setattr(
        losses.MeanSquaredError,
        "__call__",
        lambda self, y, a: 10 * right(self, y, a),
    )


def other_first_weights(monkeypatch):
    right = common.Job.new_net

    def new_net(self):
        net = right(self)
        net.set_weights([1.001 * w for w in net.get_weights()])
        return net

    monkeypatch.setattr(common.Job, "new_net", new_net)


def test_a_first_weight_that_is_no_number_fails_the_gate(rng):
    right, wrong = (gate_side(a_job(rng, warm=False)) for _ in range(2))
    wrong["arrays"]["start_0"] = wrong["arrays"]["start_0"] * np.nan
    failed = equivalence.compare(right, wrong)["failed"]
    assert "the first weights are not equal" in failed


def test_seconds_and_ratio_tell_of_the_same_rounds():
    """Keras ran in the first round alone; NumPy was slower in the others."""
    seconds = {"numpy-batch-10": [1.0, 9.0, 9.0], KERAS: [2.0]}
    record = a_record(seconds, [equal(KERAS, "numpy-batch-10")])
    assert derived.seconds_of(record, KERAS, "numpy-batch-10") == [2.0, 1.0]
    [row] = report.ratios(record).rows
    assert row[2:4] == ["2.00 / 1.00", "2.00"]
    said = verdict.sentences(record)[0]
    assert "NumPy 1.00 s and Keras 2.00 s" in said
    assert "takes 2.00 times" in said
    record["runs"][0]["round"] = 7  # now they share no round
    assert verdict.sentences(record) == []


def last_batch_dropped(monkeypatch):
    from numpy_net import data

    right = data.batches
    monkeypatch.setattr(
        data, "batches", lambda n, size: list(right(n, size))[:-1]
    )


@pytest.mark.parametrize(
    ("slip", "rule"),
    [
        (wrong_rate, "learning_rate 0.25 here, 0.275 there"),
        (no_bias, "the weights' change differs by"),
        (summed_loss, "the weights' change differs by"),
        (loss_said_in_another_scale, "the loss is "),
        (other_first_weights, "the first weights are not equal"),
        (last_batch_dropped, "11 updates here, 10 there"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_gate_fails_and_says_which_rule(slip, rule, rng, monkeypatch):
    job = a_job(rng, warm=False)
    right = gate_side(job)
    assert equivalence.compare(right, gate_side(job))["failed"] == []
    slip(monkeypatch)
    found = equivalence.compare(right, gate_side(job))
    assert rule in "; ".join(found["failed"])


def test_a_failed_gate_leaves_no_ratio():
    gate = [equal(KERAS, TWINS[0], failed=["learning_rate 1 here, 2 there"])]
    record = a_record({TWINS[0]: [1.0] * 5, KERAS: [9.0] * 5}, gate)
    [(_, value, reasons)] = derived.ratios(record)
    assert value is None
    assert reasons == ["learning_rate 1 here, 2 there"]
    [row] = report.ratios(record).rows
    assert row[-2:] == ["none", "gate failed: learning_rate 1 here, 2 there"]
    unchecked = a_record({TWINS[0]: [1.0] * 5, KERAS: [9.0] * 5})
    assert derived.ratios(unchecked)[0][1] is None


# All adapters train the same net.

SAME = [
    (numpy_nets.per_sample, 1),
    (numpy_nets.looped, 5),
    (numpy_nets.vectorised, 5),
    (peers.floor, 1),
    *[
        pytest.param(adapter, size, marks=pytest.mark.keras)
        for adapter, size in (
            (keras_nets.fit, 5),
            (keras_nets.train_on_batch, 5),
            (keras_nets.eager, 5),
            (keras_nets.compiled, 5),
        )
    ],
]


@pytest.mark.parametrize(
    ("adapter", "batch_size"),
    SAME,
    ids=lambda value: getattr(value, "__name__", value),
)
@pytest.mark.parametrize("warm", [True, False])
def test_every_adapter_makes_the_updates_of_fit(
    adapter, batch_size, warm, rng, request
):
    """53 samples: the last batch is short. A first step is taken back."""
    if adapter.__module__.endswith("keras_nets"):
        request.getfixturevalue("keras")
    job = a_job(rng, batch_size, warm=warm)
    ours, theirs = numpy_nets.fit(job), adapter(job)
    assert ours.updates == theirs.updates == math.ceil(53 / batch_size)
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    for a, b in zip(job.new_net().get_weights(), theirs.start, strict=True):
        np.testing.assert_array_equal(a, b, "told what it started from")
    loss = [t.clock.epochs[0]["loss"] for t in (ours, theirs)]
    assert loss[0] == pytest.approx(loss[1], rel=3e-7)
    x = job.samples.x
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x), atol=1e-12)


def test_scikit_learn_makes_the_updates_of_its_numpy_row(rng):
    job = a_job(rng, 4, net="log_loss_net")
    ours, theirs = numpy_nets.fit(job), peers.scikit_learn(job)
    assert ours.updates == theirs.updates == 14
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


def test_the_floor_is_the_textbook(rng):
    """Dense random data, float64, other widths: equal to 1e-12."""
    from benchmarks.measure import floor

    x, y = rng.uniform(0, 1, (60, 17)), np.eye(4)[rng.integers(0, 4, 60)]
    first = [rng.normal(size=s) for s in ((17, 6), 6, (6, 4), 4)]
    ours, theirs = ([w.copy() for w in first] for _ in range(2))
    loss, accuracy, updates = floor.train_epoch(x, y, *ours, 0.1)
    # per_sample.py is written for ten outputs: 2 / 10 is its 2 / O.
    expected = per_sample.train_epoch(x, y, theirs, 0.1)
    one = [w.copy() for w in first]
    for n in range(60):
        _reference_step(x[n], y[n], one, 0.1)
    for a, b in zip(ours, one, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    assert updates == 60
    assert loss != expected[0], "another width is another learning rate"
    assert 0 <= accuracy <= 1


def _reference_step(x, y, weights, rate):
    W1, b1, W2, b2 = weights
    a1 = per_sample.sigmoid(x @ W1 + b1)
    a2 = per_sample.sigmoid(a1 @ W2 + b2)
    delta2 = 2 / len(y) * (a2 - y) * a2 * (1 - a2)
    delta1 = delta2 @ W2.T * a1 * (1 - a1)
    for w, step in zip(
        weights,
        (np.outer(x, delta1), delta1, np.outer(a1, delta2), delta2),
        strict=True,
    ):
        w -= rate * step


# Step cost.


@pytest.mark.parametrize(("alpha", "beta"), [(2e-3, 2e-5), (1e-3, 2e-4)])
def test_the_fit_finds_what_a_fake_contender_sleeps(
    alpha, beta, monkeypatch, rng
):
    def sleeper(job):
        clock = job.clock(list)
        for epoch in range(job.epochs):
            clock.on_epoch_begin(epoch)
            time.sleep(job.steps * (alpha + beta * job.batch_size))
            clock.on_epoch_end(epoch, {"loss": 0.0})
        return common.Trained(predict=len, clock=clock)

    monkeypatch.setattr(tasks, "_adapter", lambda contender: sleeper)
    monkeypatch.setattr(tasks, "_load", lambda spec, say: None)
    job = a_job(rng)
    monkeypatch.setattr(
        "benchmarks.data.dataset.split", lambda dataset: job.samples
    )
    spec = {
        "contender": "numpy-batch-10", "seed": 0, "threads": 1,
        "device": "cpu", "detailed": True, "blocks": 2,
        "points": [(30, 1), (30, 10), (30, 50)],
    }  # fmt: skip
    monkeypatch.setattr(sweep, "_steps", lambda *a: 20)
    found = tasks.step(spec, lambda *a: None, Phases())
    run = found | {"task": "step", "contender": "numpy-batch-10"}
    [cost] = step_cost.costs({"runs": [run]})
    assert cost.alpha.value == pytest.approx(alpha, rel=0.2)
    assert cost.beta.value == pytest.approx(beta, rel=0.2)
    assert cost.straight
    assert len(found["blocks"]) == 6


def swept(name, time_of, epoch_off=1.0, sizes=(1, 10, 100, 1000), units=30):
    blocks = [
        {"units": units, "batch_size": b, "steps": 10,
         "seconds": 10 * time_of(b)} for b in sizes for _ in range(2)
    ]  # fmt: skip
    epoch = {
        "batch_size": 10, "steps": 100,
        "seconds": 100 * time_of(10) * epoch_off,
    }  # fmt: skip
    return {
        "task": "step", "contender": name, "round": 0, "status": "ok",
        "blocks": blocks, "epoch": epoch,
    }  # fmt: skip


def test_a_line_is_fitted_with_relative_weights():
    assert statistics.line([(1, 3.0), (10, 12.0), (100, 102.0)]) == (
        pytest.approx((2.0, 1.0))
    )
    kinked = swept("numpy-batch-10", lambda b: 1.0 + b**1.5)
    [cost] = step_cost.costs({"runs": [kinked]})
    assert not cost.straight


def test_the_crossover_is_where_two_rows_cost_the_same():
    """10 + 2 B against 100 + B: they meet at 90."""
    rows = [
        swept("numpy-batch-10", lambda b: 10 + 2 * b, sizes=range(1, 201)),
        swept(KERAS, lambda b: 100 + b, sizes=range(1, 201)),
    ]
    [said] = step_cost.crossover({"runs": rows}, "numpy-batch-10", KERAS)
    assert said == (
        "At 30 units, NumPy is faster below batch size 90 and Keras above "
        "(batch sizes 1 to 200)."
    )


def test_without_a_crossover_it_says_who_is_never_slower():
    rows = [
        swept("numpy-batch-10", lambda b: b),
        swept(KERAS, lambda b: 2 * b),
    ]
    [said] = step_cost.crossover({"runs": rows}, "numpy-batch-10", KERAS)
    assert "no crossover with batch size: NumPy is never" in said
    [said] = step_cost.crossover({"runs": rows}, KERAS, "numpy-batch-10")
    assert "NumPy is never slower than Keras" in said
    assert "hint" not in said
    once = {"runs": rows, "rounds": 1}
    [said] = step_cost.crossover(once, "numpy-batch-10", KERAS)
    assert said.endswith(": one round, so a hint.")


def test_a_row_of_one_epoch_says_so():
    """Else it seems to learn worse than its neighbours of five."""
    labels = [select([n])[0].label for n in ("keras-batch-1", KERAS)]
    assert labels == ["Keras, batch 1, 1 epoch", "Keras, batch 10"]


def test_rows_that_change_places_twice_have_no_crossover():
    """One turn alone would say who is faster above it, and be wrong."""
    a, b = {1: 1.0, 10: 2.0, 100: 1.0}, {1: 2.0, 10: 1.0, 100: 2.0}
    assert step_cost.crossing(a, b) == "neither"
    assert step_cost.crossing({1: 1.0, 2: 1.0}, {1: 1.0, 2: 2.0}) == "first"
    rows = [
        swept("numpy-batch-10", lambda b: 50.0 if b == 10 else b),
        swept(KERAS, lambda b: 1.5 * b),
    ]
    said = step_cost.crossover({"runs": rows}, "numpy-batch-10", KERAS)
    assert "change places more than once" in said[0]


@pytest.mark.parametrize(("off", "explained"), [(1.05, True), (1.3, False)])
def test_the_model_is_held_to_a_measured_epoch(off, explained):
    run = swept("numpy-batch-10", lambda b: 5 + b, epoch_off=off)
    [closing] = step_cost.closings({"runs": [run]})
    assert closing.explained is explained
    assert closing.off == pytest.approx(1 / off - 1)


def test_a_sweep_tells_growth_memory_and_calls(monkeypatch, rng):
    """The parts of a NumPy sweep besides its blocks, really measured."""
    job = a_job(rng, dtype="float32")
    some = np.resize(np.arange(53), 4000)
    samples = job.samples._replace(
        x=job.samples.x[some].astype("float32"),
        y=job.samples.y[some].astype("float32"),
    )
    monkeypatch.setattr(tasks, "_load", lambda spec, say: None)
    monkeypatch.setattr(
        "benchmarks.data.dataset.split", lambda dataset: samples
    )
    spec = {
        "contender": "numpy-batch-10", "seed": 0, "threads": 1,
        "device": "cpu", "detailed": True, "blocks": 1,
        "points": [(30, 1), (30, 10)],
    }  # fmt: skip
    found = tasks.step(spec, lambda *a: None, Phases())
    assert [size["samples"] for size in found["sizes"]] == [1000, 3000, 4000]
    assert found["epoch"]["steps"] == 400
    calls = {
        c["call"]: c["seconds"] for c in found["calls"] if
        c["batch_size"] == 1
    }  # fmt: skip
    whole = calls.pop("the whole step")
    assert 0.4 * whole < sum(calls.values()) < 1.3 * whole
    small, large = found["memory"]
    more = large["bytes"] - small["bytes"]
    assert more < 20 * (large["samples"] - small["samples"]) + 5_000
    run = a_run("numpy-batch-10", 0, 1.0) | found | {"task": "step"}
    record = a_record({"numpy-batch-10": [1.0]}, runs=[run])
    headings = [table.heading for table in report.tables(record)]
    assert "Where the microseconds of a NumPy step go" in headings
    assert "Does an epoch grow with the data?" in headings


# Phases, clock, noise, threads.


def test_phases_take_wall_cpu_and_memory():
    phases = Phases()
    with phases("sleep"):
        time.sleep(0.1)
    with phases("work"):
        end = time.process_time() + 0.1
        big = np.ones(20_000_000)
        while time.process_time() < end:
            pass
    del big
    with phases("small"):
        pass
    sleep, work, small = (
        phases.record[name] for name in ("sleep", "work", "small")
    )
    assert sleep["wall"] >= 0.1 > 0.05 > sleep["cpu"]
    assert work["cpu"] >= 0.1
    if work["peak_mib"] is not None:
        assert work["peak_mib"] > sleep["peak_mib"] + 100
        assert small["peak_mib"] < work["peak_mib"] + 1


def test_the_clock_leaves_out_what_it_does_itself():
    def slow_weights():
        time.sleep(0.1)
        return []

    clock = Clock(2, lambda entry: None, slow_weights)
    for epoch in range(2):
        clock.on_epoch_begin(epoch)
        clock.on_epoch_end(epoch, {"loss": 1.0})
    assert all(epoch["wall"] < 0.05 for epoch in clock.epochs)
    assert clock.off >= 0.2


def test_training_stops_at_the_accuracy_that_was_asked_for(rng):
    job = a_job(rng)
    job.contender = replace(job.contender, epochs=5)
    job.until = 0.0  # any accuracy will do
    assert len(numpy_nets.fit(job).clock.epochs) == 1
    job.until = 1.1
    assert len(numpy_nets.fit(job).clock.epochs) == 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"steal": 0.03}, "the host took 3% of the CPU time"),
        ({"throttled": 1}, "a CPU quota stopped it"),
        ({"sentinel_after": 0.012}, "the machine's speed changed by +20%"),
    ],
)
def test_noise_is_flagged_in_words(change, said):
    quiet = {"sentinel_before": 0.01, "sentinel_after": 0.0102}
    assert noise.flags(quiet | change) == ([said] if said else [])


def test_the_watch_sees_the_sentinel_and_the_counters():
    found = noise.Watch().report()
    assert found["sentinel_before"] > 0
    assert found["sentinel_after"] > 0
    assert all(isinstance(value, int | float) for value in found.values())
    assert json.loads(json.dumps(found)) == found


def test_environment_and_cores_reach_the_worker(tmp_path, monkeypatch):
    """Whatever the parent's own settings are."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    script = tmp_path / "python"
    script.write_text(
        "#!/bin/sh\ncat > /dev/null\n"
        "cpus=$(grep Cpus_allowed_list /proc/self/status | cut -f2)\n"
        'printf \'{"result": {"status": "ok", "omp": "%s", "gpu": "%s", '
        '"seed": "%s", "cpus": "%s"}}\\n\' "$OMP_NUM_THREADS" '
        '"$CUDA_VISIBLE_DEVICES" "$PYTHONHASHSEED" "$cpus"\n'
    )
    script.chmod(0o755)
    if not hasattr(pin.os, "sched_setaffinity"):
        pytest.skip("cores cannot be chosen on this system")
    monkeypatch.setattr(runner.sys, "executable", str(script))
    before = pin.os.sched_getaffinity(0)
    spec = {"task": "train", "threads": 1, "device": "cpu"}
    with (tmp_path / "log").open("w") as log:
        found = runner._worker(spec, log, make_display([]))
    assert found["omp"] == "1"
    assert found["gpu"] == "-1"
    assert found["seed"] == "0"
    assert found["cpus"] == str(max(before)), "one core, the last"
    assert pin.os.sched_getaffinity(0) == before
    assert "CUDA_VISIBLE_DEVICES" not in pin.environment(1, "gpu")


# Fairness, check, compare, export.


def outcome(record, words):
    [found] = [f for f in fairness.findings(record) if words in f.rule]
    return found.outcome


def fair_record():
    seconds = {name: timed(1.0, seed=n) for n, name in enumerate(TWINS)}
    return a_record(seconds, gate=[equal(*TWINS)])


def test_a_fair_record_passes_every_rule_that_can_be_checked():
    outcomes = {f.rule: f.outcome for f in fairness.findings(fair_record())}
    assert fairness.FAILED not in outcomes.values()
    unchecked = [r for r, o in outcomes.items() if o == fairness.UNCHECKED]
    assert unchecked == [
        "equal metrics in both rows of a ratio",
        "compiled only where the row says so",
    ]


def test_a_row_that_counts_less_on_the_clock_is_named():
    """The compiled loop counts no F1; NumPy pays for what it leaves out."""
    names = ("numpy-batch-1", "floor")
    record = a_record({name: [1.0] * 5 for name in names}, [equal(*names)])
    rule = "equal metrics in both rows of a ratio"
    assert outcome(record, rule) == fairness.PASSED
    for run in record["runs"][:5]:
        for epoch in run["epochs"]:
            epoch["f1_score"] = 0.5
    [found] = [f for f in fairness.findings(record) if f.rule == rule]
    assert found.outcome == fairness.FAILED
    assert found.seen == "floor counts no f1_score, numpy-batch-1 does"


def spoil(record, what):
    run = record["runs"][0]
    if what == "dtype":
        run["verified"]["dtype"] = "float64"
    elif what == "gate":
        record["gate"][0]["failed"] = ["a rule"]
    elif what == "updates":
        run["updates"] -= 1
    elif what == "rounds":
        record["rounds"] = 4
    elif what == "missing":
        record["runs"].pop()
    elif what == "failed":
        record["runs"][0] = {
            k: run[k] for k in ("task", "contender", "round", "order")
        } | {"status": "failed", "message": "m", "wall_seconds": 1.0}
    elif what == "cores":
        run["verified"]["cores"] = 2
    elif what == "BLAS":
        run["verified"]["blas_threads"] = {"openblas": 2}
    elif what == "busy":
        run["phases"]["training"]["cpu"] *= 1.5
    elif what == "device":
        run["verified"]["device"] = "GPU:0"
    elif what == "compiled":
        run["verified"]["jit_compile"] = True
    elif what == "noise":
        run["noise"]["steal"] = 0.5
    elif what == "restless":
        for epoch in (e for r in record["runs"][:7] for e in r["epochs"]):
            epoch["wall"] *= 1.2
    elif what == "seeds":
        record["runs"] = [r for r in record["runs"] if r["round"] < 2]
    return record


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("dtype", "the dtype that the row says"),
        ("gate", "equal updates"),
        ("updates", "as many updates as batches"),
        ("rounds", "five rounds"),
        ("missing", "no run missing"),
        ("failed", "no run missing"),
        ("cores", "cores and BLAS threads"),
        ("BLAS", "cores and BLAS threads"),
        ("busy", "no more CPU time"),
        ("device", "device of the run"),
        ("compiled", "compiled only where"),
        ("noise", "quiet machine"),
        ("restless", "noise floor from identical rows"),
        ("seeds", "three seeds"),
    ],
)
def test_every_rule_of_fairness_can_fail(what, words):
    assert outcome(spoil(fair_record(), what), words) == fairness.FAILED


def test_check_tells_by_its_exit_code(tmp_path, capsys):
    results.write(tmp_path, fair_record())
    assert main(["check", str(tmp_path)]) == 0
    results.write(tmp_path, spoil(fair_record(), "noise"))
    assert main(["check", str(tmp_path)]) == 1
    assert "the host took 50% of the CPU time" in capsys.readouterr().out


def both(tmp_path, old, new):
    for name, record in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        results.write(tmp_path / name, record)
    return ["compare", str(tmp_path / "old"), str(tmp_path / "new")]


@pytest.mark.parametrize(
    ("factor", "limit", "code"),
    [(1.0, "10", 0), (1.5, "10", 1), (1.5, "60", 0), (0.5, "10", 0)],
)
def test_compare_finds_what_became_slower(factor, limit, code, tmp_path):
    old = fair_record()
    slower = {name: timed(factor, seed=n + 9) for n, name in enumerate(TWINS)}
    new = a_record(slower, gate=[equal(*TWINS)])
    arguments = both(tmp_path, old, new)
    assert main([*arguments, "--fail-over", limit]) == code


def test_compare_refuses_runs_without_a_common_row():
    other = a_record({KERAS: [1.0]})
    with pytest.raises(InputError, match="no row in common"):
        compare.changes(fair_record(), other)


def test_runs_beside_each_other_name_what_differs_and_form_no_ratio(
    tmp_path, capsys
):
    one = a_record({"numpy-batch-10": [2.0, 2.0], "floor": [1.0, 1.0]})
    two = a_record({"numpy-batch-10": [1.5, 1.5]}, threads=2)
    for name, record in (("one", one), ("two", two)):
        (tmp_path / name).mkdir()
        results.write(tmp_path / name, record)
    folders = [str(tmp_path / name) for name in ("one", "two")]
    assert main(["beside", *folders]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "1 thread" in out
    assert "2 threads" in out
    assert "differ in threads. Equal in all: tier, device, data" in out
    found = beside.table([one, two])
    assert found.rows == [
        ["NumPy, batch 10", "2.00 [2.00, 2.00]", "1.50 [1.50, 1.50]"],
        ["compiled loop (floor), batch 1", "1.00 [1.00, 1.00]", ""],
    ]


def test_csv_holds_every_raw_time(tmp_path):
    record = fair_record()
    record["runs"].append(swept("numpy-batch-10", float) | {"order": 1})
    names = {path.name for path in export.write(tmp_path, record)}
    assert names == {"phases.csv", "epochs.csv", "blocks.csv"}
    lines = (tmp_path / "epochs.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 14
    wall = lines[0].split(",").index("wall")
    assert (
        float(lines[1].split(",")[wall])
        == (record["runs"][0]["epochs"][0]["wall"])
    )


def test_doctor_judges_the_machine(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "SECONDS", 0.2)
    code = main(["doctor"])
    out = capsys.readouterr().out
    assert ("not quiet enough" in out) is (code == 1)
    assert "processor" in out
    complaints = list(doctor._complaints({"sentinel_before": 1,
        "sentinel_after": 1}, 0.5, 4.0, 2))  # fmt: skip
    assert len(complaints) == 2


# Ladder and time to accuracy.


def test_the_ladder_is_complete_and_each_rung_has_its_ratio():
    seconds = {c.name: [2.0 ** (10 - n)] * 3 for n, c in enumerate(LADDER)}
    found = ladder.rungs(a_record(seconds))
    assert [rung.name for rung in found] == [c.name for c in LADDER]
    assert found[0].change is None
    assert all(rung.change.value == 0.5 for rung in found[1:])
    marked = [rung.name for rung in found if rung.marked]
    assert marked == ["rung-batch-10", "rung-keras-batch-100"]
    for before, after in pairwise(LADDER):
        if after.name not in marked and before.name not in marked:
            assert before.batch_size == after.batch_size


def test_a_rung_that_is_a_row_too_may_have_run_as_that():
    """So the main job trains it once; its updates are those of an epoch."""
    seconds = {
        "rung-float32": [4.0], "numpy-batch-10": [1.0], KERAS: [8.0],
        "keras-compiled-10": [2.0],
    }  # fmt: skip
    found = ladder.rungs(a_record(seconds))
    names = [rung.name for rung in found]
    assert names == ["rung-float32", "rung-in-place", "rung-keras-fit",
                     "rung-keras-compiled"]  # fmt: skip
    in_place, fit, compiled = (rung.change for rung in found[1:])
    assert in_place.value == compiled.value == 0.25
    assert fit is None, "two rungs are missing before it: no single change"
    assert {rung.updates for rung in found} == {10}
    assert row_of(select(["rung-vectorised"])[0]) is None


@pytest.mark.parametrize(
    ("factor", "said"), [(2.0, "yes"), (0.5, "no"), (1.0, "within the noise")]
)
def test_a_bar_is_reached_by_the_whole_interval(factor, said):
    """At batch 10 Keras was to take at least 15 times NumPy's time."""
    draw = random.Random(1)
    record = a_record(
        {
            "numpy-batch-10": [1.0] * 7,
            KERAS: [15 * factor * draw.gauss(1, 0.05) for _ in range(7)],
        },
        [equal(KERAS, "numpy-batch-10")],
    )
    [row] = report.bars(record).rows
    assert row[1] == "at least 15"
    assert row[3] == said
    record["threads"] = 2
    assert not report.bars(record).rows, "the bars are those of one thread"


def test_a_bar_from_above_and_a_single_round():
    """NumPy was to take at most 8 times the compiled loop's time."""
    seconds = {"numpy-batch-1": [7.0] * 3, "floor": [1.0] * 3}
    gate = [equal("numpy-batch-1", "floor")]
    assert report.bars(a_record(seconds, gate)).rows[0][3] == "yes"
    seconds["numpy-batch-1"] = [9.0] * 3
    assert report.bars(a_record(seconds, gate)).rows[0][3] == "no"
    once = {name: values[:1] for name, values in seconds.items()}
    assert "one round" in report.bars(a_record(once, gate)).rows[0][3]


def test_time_to_accuracy_counts_those_that_never_got_there():
    """0.92 after two epochs of 2 s and 1 s: 0.90 is reached, 0.94 is not."""
    record = a_record({"numpy-batch-10": [1.0] * 3})
    low, high = time_to_accuracy.table(record)
    assert (low.threshold, low.seconds, low.epochs) == (0.90, 3.0, 2)
    assert (low.updates, low.never, low.runs) == (20, 0, 3)
    assert (high.threshold, high.seconds, high.never) == (0.94, None, 3)
    late = copy.deepcopy(record)
    late["runs"][0]["epochs"][1]["val_accuracy"] = 0.5
    low, _ = time_to_accuracy.table(late)
    assert (low.seconds, low.never) == (3.0, 1)


def test_the_reasons_are_made_from_the_figures():
    """Per sample 4 s, batch 10 half a second, Keras 8 s, compiled 1 s."""
    seconds = {
        "numpy-per-sample": [4.0], "numpy-batch-1": [2.0],
        "numpy-batch-10": [0.5], KERAS: [8.0], "keras-compiled-10": [1.0],
    }  # fmt: skip
    gate = [
        equal("numpy-batch-1", "numpy-per-sample"),
        equal(KERAS, "numpy-batch-10"),
        equal("keras-compiled-10", KERAS),
    ]
    record = a_record(seconds, gate)
    compile_phase = {"wall": 3.5, "cpu": 3.5, "peak_mib": None}
    record["runs"][-1]["phases"]["compile"] = compile_phase
    # fit, too, spends a second before its first epoch: 2.5 s are to regain.
    first = {"wall": 1.0, "cpu": 1.0, "peak_mib": None}
    record["runs"][-2]["phases"]["first step"] = first
    record["runs"].append(swept(KERAS, lambda b: 9e-5 + 1e-6 * b))
    assert sum(1 for _ in why.sentences(record | {"gate": []})) == 1
    assignment, overhead, compiled = why.sentences(record)
    assert "an epoch of the first takes 4.00 s, with 10 times" in assignment
    assert "and of the second 8.00 s" in assignment
    assert "another spelling of the same NumPy step" in assignment
    assert "makes its epoch 2.00 times shorter" in assignment
    assert "batches of ten, 4.00 times shorter once more" in assignment
    assert "makes Keras's 16.0 times as long as NumPy's" in assignment
    assert "Keras 91.0 and 100 µs" in overhead
    assert "1.00 s in place of 8.00" in compiled
    assert "3.50 s, 2.50 s more than the first step of fit" in compiled
    assert "pays after 0.4 epochs" in compiled
    assert list(why.sentences(a_record({KERAS: [1.0]}))) == []


def test_without_a_gpu_it_is_one_clear_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        runner,
        "_worker",
        lambda spec, log, display: {
            "status": "ok", "tensorflow": [], "xgboost": False,
        },
    )  # fmt: skip
    arguments = ["--device", "gpu", "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "TensorFlow sees none, XGBoost was built without CUDA" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_quick_says_what_it_leaves_out(capsys, monkeypatch, tmp_path):
    def stop(*arguments):
        raise InputError("far enough")

    monkeypatch.setattr(runner, "find_data", stop)
    main(["--out", str(tmp_path / "out")])
    out = capsys.readouterr().out
    assert "left out: keras-batch-1, " in out
    assert "--tier full has them" in out


def test_tiers_grow():
    sizes = [TIERS[n].n_train or 60_000 for n in ("quick", "standard", "full")]
    assert sizes == sorted(sizes)
    assert config.floatx() == "float64"  # no adapter has left it changed
