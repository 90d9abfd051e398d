"""The harness itself: would it be fooled?

Fake contenders and made-up records stand in for training, so that the right
answer is known: a row that costs alpha + beta * batch_size, a twin, a twin
that is twice as slow, a side with a mistake.
"""

import json
import math
import random
import time
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.analysis import (
    derived,
    fairness,
    step_cost,
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
from benchmarks.rows.contenders import Contender, select
from benchmarks.run import runner
from benchmarks.run.display import make_display
from numpy_net import losses, per_sample


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


# Statistics: identical rows, and one that is twice as slow.


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
    from numpy_net import fused, layers

    monkeypatch.setattr(fused, "ENABLED", False)
    right = layers.Dense.gradients
    monkeypatch.setattr(
        layers.Dense, "gradients", lambda self: (right(self)[0], 0 * self.bias)
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


def last_batch_dropped(monkeypatch):
    from numpy_net import sequential

    right = sequential._batches
    monkeypatch.setattr(
        sequential, "_batches", lambda n, size: list(right(n, size))[:-1]
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


# Ladder and time to accuracy.


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
