"""It holds: two at once, a full disk, a kill at any moment, long runs."""

import gc
import json
import os
import random
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from benchmarks.record import results
from benchmarks.record.errors import InputError
from numpy_net import Input, Sequential, layers, utils
from tests.test_benchmark_runs import ROOT, bench

NUMPY = "numpy-batch-10,numpy-batch-1"


def start(*arguments, **environment):
    """Begin a benchmark that leads a process group of its own."""
    env = {k: v for k, v in os.environ.items() if k != "MNIST_DIR"}
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "--data", "digits", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=env | environment,
        cwd=ROOT,
        start_new_session=True,
    )


def alive(mark):
    """Processes with these words in their environment, but for the dead."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "environ").read_bytes()
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark.encode() in words and state != "Z":
            found.append((path / "cmdline").read_bytes())
    return found


def assert_gone(mark, seconds=30.0):
    until = time.monotonic() + seconds
    while alive(mark):
        assert time.monotonic() < until, alive(mark)
        time.sleep(0.1)


def test_two_runs_that_begin_together_get_a_folder_each(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROOT", tmp_path)
    first, second = (results.new_folder(None, "quick") for _ in range(2))
    third = results.new_folder(None, "quick")
    assert len({first, second, third}) == 3
    assert all((f / "figures").is_dir() for f in (first, second, third))


def test_a_folder_of_a_run_that_never_began_is_used_again(tmp_path):
    """A kill before the first row leaves it; the same command must do."""
    folder = results.new_folder(str(tmp_path / "out"), "quick")
    (folder / "run.log").write_text("")
    assert results.new_folder(str(folder), "quick") == folder


def test_figures_that_make_no_sense_are_one_line(tmp_path, capsys):
    """The form of the file is right; no run ever took no time."""
    from benchmarks.__main__ import main

    record = results.read(ROOT / "docs" / "sample")
    for run in record["runs"]:
        for epoch in run.get("epochs", []):
            epoch["wall"] = 0.0
    results.write(tmp_path, record)
    for command in (["check"], ["compare", str(tmp_path)]):
        assert main([*command, str(tmp_path)]) == 2
        error = capsys.readouterr().err
        assert "the figures of this file make no sense" in error
        assert error.count("\n") == 1


def test_a_folder_of_others_is_neither_used_nor_removed(tmp_path):
    """A folder of somebody's figures looks like a run that has begun."""
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.png").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        results.new_folder(str(tmp_path), "quick")
    results.discard(tmp_path)
    assert (tmp_path / "figures" / "mine.png").read_text() == "mine"


def test_a_run_keeps_every_other_out_of_its_folder(tmp_path):
    """With equal --out, or a --resume of what is still running."""
    folder = results.new_folder(str(tmp_path / "out"), "quick")
    with results.claimed(folder):
        arguments = ("--data", "digits", "--only", "numpy-batch-10", "--out")
        first = bench(*arguments, folder)
        results.write(folder, results.read(ROOT / "docs" / "sample"))
        second = bench("--resume", folder)
    for done in (first, second):
        assert done.returncode == 2
        assert f"another run is writing to {folder}: wait" in done.stderr
        assert done.stderr.count("\n") == 1
    assert (folder / "figures").is_dir()


def test_to_go_on_clears_what_a_kill_has_left(tmp_path):
    for name in (".results.json.1.part", "weights/.x.npz.1.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("half")
    (tmp_path / "joblib_memmapping_folder_1_a_b").mkdir()
    (tmp_path / "weights" / "x.npz").write_text("whole")
    results.tidy(tmp_path)
    assert [p.name for p in tmp_path.rglob("*")] == ["weights", "x.npz"]


KILL, TERM, INT = 9, 15, 2  # Windows lacks some of the names
STOPS = [
    *((seed, KILL, "alone") for seed in range(3)),
    *((3, TERM, "group"), (4, INT, "group")),
]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("seed", "sign", "whom"), STOPS)
def test_a_kill_at_any_moment_loses_no_finished_run(
    seed, sign, whom, tmp_path
):
    """SIGKILL, of the parent alone: nobody can tidy up.

    A group is what Ctrl-C and a batch system signal: worker and all.
    """
    folder = tmp_path / "out"
    arguments = ("--only", NUMPY, "--rounds", "2", "--out", str(folder))
    process = start(*arguments, MARK=str(tmp_path))
    with process:
        time.sleep(random.Random(seed).uniform(0.6, 4.0))
        if whom == "group":
            os.killpg(process.pid, sign)
        else:
            process.send_signal(sign)
        _, error = process.communicate(timeout=60)
    if process.returncode == 130:
        assert error.startswith("stopped")
        assert error.count("\n") == 1
    assert_gone(f"MARK={tmp_path}")
    if not (folder / "results.json").exists():
        return  # before the first run began there is nothing to lose
    before = results.read(folder)  # valid, or this raises
    done = bench("--resume", folder)
    assert done.returncode == 0, done.stderr
    after = results.read(folder)
    assert after["runs"][: len(before["runs"])] == before["runs"]
    assert len(after["runs"]) == len(after["plan"]) == 4
    assert after["finished_utc"]
    assert not list(folder.rglob(".*"))


@pytest.mark.skipif(
    not Path("/dev/full").exists() or os.name == "nt", reason="no /dev/full"
)
def test_a_full_disk_is_one_line(monkeypatch, tmp_path, capsys):
    """The file system says no in the middle of the run."""
    from benchmarks.__main__ import main
    from benchmarks.run import runner

    def full(folder, record):
        with open("/dev/full", "w") as file:
            json.dump({"a": "b"}, file)

    monkeypatch.setattr(runner.results, "write", full)
    arguments = ["--data", "digits", "--only", "numpy-batch-10"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert error.count("\n") == 1


def test_equal_seeds_give_equal_bits(tmp_path):
    """NumPy's weights, history and answers, on one thread, run after run."""
    runs = []
    for name in "ab":
        folder = tmp_path / name
        arguments = ("--only", NUMPY, "--threads", "1", "--seed", "7")
        done = bench("--data", "digits", *arguments, "--out", folder)
        assert done.returncode == 0, done.stderr
        answers = {
            run["contender"]: (run["test"], without_times(run["epochs"]))
            for run in results.read(folder)["runs"]
        }
        weights = {
            path.name: dict(np.load(path))
            for path in sorted((folder / "weights").iterdir())
        }
        runs.append((answers, weights))
    (answers, weights), (again, others) = runs
    assert answers == again
    assert len(weights) == 2
    for name, arrays in weights.items():
        for key, array in arrays.items():
            np.testing.assert_array_equal(array, others[name][key])


def without_times(epochs):
    return [
        {k: v for k, v in epoch.items() if k not in ("wall", "cpu")}
        for epoch in epochs
    ]


def test_two_hundred_epochs_hold_no_more_than_twenty(digits):
    """Nothing that an epoch makes is kept but its line of the history."""
    utils.set_random_seed(0)
    model = Sequential(
        [Input((28, 28)), layers.Flatten(), layers.Dense(6, "relu"),
         layers.Dense(10, "softmax")]
    )  # fmt: skip
    model.compile("sgd", "mse", metrics=["accuracy"])
    model.fit(*digits, batch_size=10, epochs=20)
    held = []
    tracemalloc.start()
    for epochs in (20, 200):
        model.fit(*digits, batch_size=10, epochs=epochs)
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 20_000, f"bytes held: {held}"


SURROUNDINGS = {
    "no UTF-8, no home": {
        "LC_ALL": "C",
        "PYTHONIOENCODING": "ascii",
        "HOME": "/nonexistent",
        "XDG_CACHE_HOME": "/nonexistent",
    },
    "60 columns, no colour, decimal comma": {
        "COLUMNS": "60",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "LC_ALL": "de_DE.UTF-8",  # where it is installed
    },
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_it_runs_in_odd_surroundings(name, tmp_path):
    folder = tmp_path / "ein Ordner, größer"
    done = bench(
        *("--data", "digits", "--only", "numpy-batch-10", "--threads", "1"),
        *("--out", folder),
        **SURROUNDINGS[name],
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].endswith("index.html")
    assert (folder / "index.html").stat().st_size > 10_000
    assert results.read(folder)["runs"][0]["status"] == "ok"


def test_without_xgboost_its_rows_say_so(tmp_path):
    (tmp_path / "xgboost").mkdir()
    (tmp_path / "xgboost" / "__init__.py").write_text(
        "raise ModuleNotFoundError('No module', name='xgboost')"
    )
    done = bench(
        *("--data", "digits", "--only", "xgboost,numpy-batch-10"),
        *("--out", tmp_path / "out"),
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert "the Python package xgboost is not installed" in done.stdout
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "XGBoost, defaults is missing: not installed" in html


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 150 kB, where this may be made."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=150k", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("no file system may be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_fills_up_is_one_line(small_disk):
    done = bench(
        *("--data", "digits", "--only", NUMPY),
        *("--out", small_disk / "run"),
    )
    assert done.returncode in (1, 2)
    assert "No space left on device" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("\n") <= 1
