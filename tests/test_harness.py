"""The harness itself: would it be fooled?

Fake contenders and made-up records stand in for training, so that the right
answer is known: a row that costs alpha + beta * batch_size, a twin, a twin
that is twice as slow, a side with a mistake.
"""

import random


from benchmarks.__main__ import main
from benchmarks.analysis import (
    fairness,
)
from benchmarks.record import machine
from benchmarks.record.errors import InputError
from benchmarks.rows.contenders import select
from benchmarks.run import runner


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


# All adapters train the same net.

# Step cost.


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


# Phases, clock, noise, threads.


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
