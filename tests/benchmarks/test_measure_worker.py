"""A worker's answers: of every kind of task, and whatever goes wrong."""

import os
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest

from benchmarks import InputError
from benchmarks.data.dataset import Dataset
from benchmarks.measure import pictures, steps, tasks, trainers
from benchmarks.measure.clock import Phases
from benchmarks.measure.messages import Answer, Keep, Progress, Task
from benchmarks.measure.worker import do
from benchmarks.record.request import Request
from benchmarks.rows import table
from benchmarks.rows.study import Variant
from numpy_net import config
from tests.benchmarks.processes import ROOT
from tests.benchmarks.records import a_record, a_run


@pytest.fixture(autouse=True)
def _as_it_was():
    """A worker sets the dtype for itself."""
    yield
    config.set_floatx("float64")


def ask(folder, kind, row=None, **more):
    """Do a task in this process: what was told on the way, and the end."""
    request = Request(tier="quick", rows=[*table.ROWS], data="digits")
    told = []
    task = Task(
        kind=kind, request=request, folder=str(folder), row=row, **more
    )
    return told, do(task, told.append, Phases())


def test_the_data_are_found_and_four_digits_drawn(tmp_path):
    from PIL import Image

    _, done = ask(tmp_path, "data", sums={"x_train": "others"})
    assert not list(tmp_path.rglob("*.png")), "of other data none are drawn"
    _, again = ask(tmp_path, "data")
    assert again == done
    assert (done.data.choice, len(done.data.digits)) == ("digits", 4)
    with Image.open(tmp_path / "figures" / "digits.png") as sheet:
        pixels = np.array(sheet)
    assert pixels.shape == (5 * 28 + 30, 4 * 5 * 28)
    assert pixels[140:].min() < 128, "the labels stand below"


def test_a_row_is_trained_judged_and_kept(tmp_path):
    row = table.NUMPY_10
    told, done = ask(tmp_path, "row", row, round=0)
    run, training = done.run, done.run.training
    assert (done.status, run.row, run.round) == ("ok", row.name, 0)
    assert [p.done for p in told if isinstance(p, Progress)] == [1, 2, 3, 4, 5]
    assert training.samples == 5 * 1197
    assert training.updates == 5 * 120
    assert training.gate.updates == 20
    assert {"loss", "val_accuracy", "val_f1_score"} <= set(
        training.epochs[-1].logs
    )
    assert list(run.phases) == ["import NumPy", "import harness", "data",
        "build", "first step", "training", "predict"]  # fmt: skip
    assert run.noise.sentinel_after > 0
    assert run.verified.blas_threads
    names = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*")}
    assert names == {"weights/numpy-batch-10-0.npz", "gate/numpy-batch-10.npz"}
    _, other = ask(tmp_path / "b", "row", row, round=1)
    assert other.run.round == 1
    assert other.run.training.gate is None, "one round is enough for that"
    assert other.run.training.test.predictions != training.test.predictions
    text = msgspec.json.encode(done)
    assert msgspec.json.decode(text, type=Answer) == done


def test_rows_that_ran_are_compared(tmp_path):
    runs = []
    for row in table.ROWS[:3]:
        _, done = ask(tmp_path, "row", row)
        runs.append(done.run)
    a_record(*runs).save(tmp_path)
    _, done = ask(tmp_path, "compare")
    comparison = done.comparison
    assert [gate.rows for gate in comparison.gate] == [
        ["numpy-per-sample", "numpy-batch-1"]
    ]
    assert comparison.gate[0].failed == []
    [pair] = comparison.weights
    assert pair.rows == ["numpy-batch-1", "numpy-per-sample"]
    assert 0 < pair.difference < 1e-5
    assert set(comparison.kernels) == {"numpy-batch-10"}
    assert len(comparison.digits.labels) == 4
    assert comparison.disagreements is None, "one model agrees with itself"


def test_digits_on_which_models_disagree_are_kept(rng):
    """Answers of ten images: that of 2 is another digit to the trees."""
    images = rng.integers(0, 255, (10, 28, 28)).astype("uint8")
    digits = Dataset("d", "s", {}, 255, images, np.arange(10), images,
                     np.arange(10))  # fmt: skip
    one, two = a_run(table.NUMPY_10), a_run(table.XGBOOST)
    assert pictures.disagreements(a_record(one, two), digits) is None
    one.training.test.predictions = "0123456789"
    two.training.test.predictions = "0173456789"
    found = pictures.disagreements(a_record(one, two), digits)
    assert (found.count, found.labels) == (1, [2])
    assert found.answers == {"numpy-batch-10": [2], "xgboost": [7]}
    assert found.images == pictures.encode(images[2:3])


def test_a_sweep_and_its_threads_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "points", lambda row, quick: [(30, 10)])
    [row] = [row for row in table.SWEEPS if row.name == "step-numpy-batch-10"]
    _, done = ask(tmp_path, "row", row)
    assert done.run.sweep.epoch.steps == 120
    assert done.run.sweep.calls == [], "the quick tier has no details"
    assert done.run.verified.blas_threads
    assert done.run.noise is not None


def test_a_study_tells_each_net_and_trains_none_twice(tmp_path, monkeypatch):
    nets = [Variant((3,), "relu", "softmax", 0.1, epochs=1, seed=n)
            for n in range(3)]  # fmt: skip
    monkeypatch.setattr(tasks.nets, "variants", lambda tier: nets)
    told, done = ask(tmp_path, "row", table.STUDY, studied=[nets[1].key])
    kept = {told.studied.key for told in told if isinstance(told, Keep)}
    assert kept == {nets[0].key, nets[2].key}
    assert [p.done for p in told if isinstance(p, Progress)] == [2, 3]
    assert done.status == "ok"
    assert done.run.noise is None, "nothing of it is timed"


def test_added_rows_are_tried_before_all_else(tmp_path, monkeypatch):
    rows = [table.added("os:getcwd")]
    request = Request(tier="quick", rows=rows, data="digits")
    task = Task(kind="added", request=request, folder=str(tmp_path))
    done = do(task, print, Phases())
    assert (done.status, done.run) == ("bad input", None)
    assert done.message.startswith("--add os:getcwd: expected")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (InputError("one\nline"), "bad input", "one line"),
        (FloatingPointError("the loss"), "diverged", "the loss"),
        (MemoryError(), "failed", "there was too little memory"),
        (
            ModuleNotFoundError("No module", name="xgboost"),
            "not installed",
            "the Python package xgboost is not installed",
        ),
        (KeyError("a\nb"), "failed", "KeyError: 'a\\nb'"),
    ],
)
def test_whatever_goes_wrong_is_one_line_of_the_row(
    error, status, message, tmp_path, monkeypatch, capsys
):
    def fail(job):
        raise error

    monkeypatch.setitem(trainers.TRAINERS, "NumPy fit", fail)
    _, done = ask(tmp_path, "row", table.NUMPY_10, round=2)
    assert (done.status, done.message) == (status, message)
    assert (done.run.status, done.run.message) == (status, message)
    assert (done.run.row, done.run.round) == ("numpy-batch-10", 2)
    assert "data" in done.run.phases, "as far as it came"
    foreseen = status in ("bad input", "diverged")
    assert ("Traceback" in capsys.readouterr().err) is not foreseen


def test_a_worker_process_answers_on_its_standard_output_alone(tmp_path):
    """Whoever else prints prints to the log."""
    (tmp_path / "my_models.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\nprint('hello')\n"
    )
    rows = [table.added("my_models:GaussianNB")]
    request = Request(tier="quick", rows=rows, data="digits")
    task = Task(kind="row", request=request, folder=str(tmp_path), row=rows[0],
                parent=os.getpid(), spawned=time.perf_counter())  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure.worker"],
        input=msgspec.json.encode(task), capture_output=True, check=True,
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    [answer] = done.stdout.splitlines()
    run = msgspec.json.decode(answer, type=Answer).run
    assert run.ok
    assert run.training.test.accuracy > 0.5
    assert 0 < run.phases["interpreter"].wall < 10
    assert b"hello" in done.stderr
