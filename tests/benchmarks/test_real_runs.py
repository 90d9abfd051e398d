"""The main job in real processes: what it leaves, and what no kill can.

These start what a user starts; all else is tested without a process.
"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.record.record import Record
from tests.benchmarks.processes import assert_gone, bench, start

NAMES = "numpy-per-sample,numpy-batch-1,numpy-batch-10"
ONE = ("--data", "digits", "--threads", "1", "--only")
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "ein Ordner, größer"
    done = bench(*ONE, NAMES, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder, Record.load(folder), done.stdout


def test_a_run_ends_with_the_table_and_the_path(finished):
    folder, _, out = finished
    assert "scikit-learn digits, not MNIST" in out
    assert "NumPy, textbook" in out
    assert out.splitlines()[-1] == str(folder / "index.html")
    assert "\x1b" not in out, "no colours and cursors outside a terminal"


def test_a_run_leaves_results_weights_page_and_summary(finished):
    folder, record, _ = finished
    assert record.finished_utc >= record.started_utc
    assert record.data.name == "scikit-learn digits, not MNIST"
    assert [run.status for run in record.runs] == ["ok"] * 3
    assert (folder / "figures" / "digits.png").is_file()
    assert "not MNIST" in (folder / "summary.md").read_text("utf-8")
    assert (folder / "index.html").stat().st_size > 10_000
    with np.load(folder / "weights" / "numpy-batch-10-0.npz") as weights:
        shapes = {name: weights[name].shape for name in weights}
    assert shapes == {
        "kernel_1": (784, 30),
        "bias_1": (30,),
        "kernel_2": (30, 10),
        "bias_2": (10,),
    }
    assert not list(folder.rglob(".*"))


def test_textbook_and_fit_train_the_same_net(finished):
    _, record, _ = finished
    [pair] = record.comparison.weights
    assert pair.rows == ["numpy-batch-1", "numpy-per-sample"]
    assert pair.difference < 1e-5
    [textbook], [fit] = map(record.trained, pair.rows[::-1])
    for name in ("loss", "accuracy", "val_loss", "val_f1_score"):
        assert fit.logged(name) == pytest.approx(
            textbook.logged(name), rel=1e-4
        ) or not textbook.logged(name)
    [gate] = record.comparison.gate
    assert (gate.failed, gate.updates) == ([], 20)
    assert gate.difference < 1e-4


def test_every_row_says_what_it_did(finished):
    _, record, _ = finished
    for run in record.runs:
        row, trained = record.request.row(run.row), run.training
        assert trained.updates == -(-1197 // row.batch_size) * row.epochs
        assert trained.samples == 1197 * row.epochs
        assert len(trained.epochs) == row.epochs
        epochs = sum(epoch.wall for epoch in trained.epochs)
        assert epochs == pytest.approx(
            run.wall("training") - trained.off_clock, rel=0.1, abs=0.05
        )
        assert run.wall_seconds > run.wall("training")
        assert run.verified.dtype == "float32"
        assert set(run.verified.blas_threads.values()) == {1}
        if hasattr(os, "sched_setaffinity"):
            assert run.verified.cores == 1
        assert len(trained.test.predictions) == record.data.test_images == 360
        assert trained.test.accuracy > 0.3  # chance: 0.1


def test_report_draws_the_same_again(finished):
    folder, _, _ = finished
    before = (folder / "results.json").read_bytes()
    page = (folder / "index.html").read_bytes()
    for name in ("summary.md", "index.html"):
        (folder / name).unlink()
    done = bench("report", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "summary.md").is_file()
    assert (folder / "index.html").read_bytes() == page
    assert (folder / "results.json").read_bytes() == before


def without_times(run):
    return [epoch.logs for epoch in run.training.epochs], run.training.test


def test_equal_seeds_give_equal_bits_wherever_it_runs(finished, tmp_path):
    """Weights, history and answers on one thread; no home, no UTF-8."""
    folder, record, _ = finished
    done = bench(
        *(*ONE, NAMES, "--out", tmp_path / "again"),
        **{"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "COLUMNS": "60"},
        **{"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"},
        **{"NO_COLOR": "1", "TERM": "dumb"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    again = Record.load(tmp_path / "again")
    for run, other in zip(record.runs, again.runs, strict=True):
        assert without_times(run) == without_times(other)
        name = f"weights/{run.row}-0.npz"
        with (
            np.load(folder / name) as ours,
            np.load(tmp_path / "again" / name) as theirs,
        ):
            for key in ours:
                np.testing.assert_array_equal(ours[key], theirs[key])


@pytest.mark.keras
def test_keras_and_xgboost_run_in_processes_of_their_own(tmp_path):
    names = "numpy-batch-10,keras-batch-10,xgboost"
    done = bench("--data", "digits", "--only", names, "--out", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    record = Record.load(tmp_path / "o")
    [ours], [theirs], [xgboost] = map(record.trained, names.split(","))
    assert record.comparison.gate[0].failed == []
    assert theirs.verified.device.startswith("CPU")
    assert theirs.verified.jit_compile is False
    assert theirs.training.updates == ours.training.updates
    assert record.comparison.weights[0].difference < 1e-5
    assert ours.training.test.predictions == theirs.training.test.predictions
    assert sorted(ours.training.epochs[0].logs) == sorted(
        theirs.training.epochs[0].logs
    )
    assert theirs.wall("first step") > theirs.wall("second step"), "it traces"
    f1 = theirs.training.test
    assert 0 <= f1.per_batch_f1 < f1.per_batch_f1_best < 0.8
    assert xgboost.wall("matrix") > 0
    assert xgboost.training.test.accuracy > 0.9
    assert xgboost.training.updates is None


def test_libraries_that_are_not_installed_are_named(tmp_path):
    """Their rows say so, and the rest runs."""
    for name in ("tensorflow", "xgboost"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(
            f"raise ModuleNotFoundError('No module', name={name!r})"
        )
    done = bench(
        *("--data", "digits", "--only", "keras-batch-10,xgboost,floor"),
        *("--out", tmp_path / "out"),
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    record = Record.load(tmp_path / "out")
    status = {run.row: run.status for run in record.runs}
    assert status == {
        "floor": "ok",
        "keras-batch-10": "not installed",
        "xgboost": "not installed",
    }
    for name in ("tensorflow", "xgboost"):
        line = f"the Python package {name} is not installed"
        assert line in done.stdout
        assert line in (tmp_path / "out" / "index.html").read_text("utf-8")


# Stops and kills


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_finished_rows_and_leaves_no_process(number, tmp_path):
    folder = tmp_path / "out"
    names = "numpy-batch-10,xgboost"
    with start("--only", names, "--out", folder) as process:
        for line in process.stdout:
            if "test accuracy" in line:
                break  # one row is finished
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.startswith("stopped; the finished rows are kept")
    record = Record.load(folder)
    assert len(record.runs) == 1
    assert record.finished_utc is None
    done = bench("--resume", folder)
    assert done.returncode == 0, done.stderr
    assert "1 of 2 runs are left" in done.stdout
    after = Record.load(folder)
    assert after.runs[0] == record.runs[0], "a finished run is not done again"
    assert len(after.runs) == 2
    assert after.finished_utc
    assert after.missing() == []


KILL, TERM, INT = 9, 15, 2  # Windows lacks some of the names
STOPS = [
    *((seed, KILL, "alone") for seed in range(3)),
    *((3, TERM, "group"), (4, INT, "group")),
]


@posix
@pytest.mark.parametrize(("seed", "number", "whom"), STOPS)
def test_a_kill_at_any_moment_loses_no_finished_run(
    seed, number, whom, tmp_path
):
    """SIGKILL, of the parent alone: nobody can tidy up.

    A group is what Ctrl-C and a batch system signal: worker and all.
    """
    folder = tmp_path / "out"
    words = ("--only", "numpy-batch-10,numpy-batch-1", "--rounds", "2")
    with start(*words, "--out", folder, MARK=str(tmp_path)) as process:
        time.sleep(random.Random(seed).uniform(0.6, 4.0))
        if whom == "group":
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        _, error = process.communicate(timeout=60)
    if process.returncode == 130:
        assert error.startswith("stopped")
        assert error.count("\n") == 1
    assert_gone(f"MARK={tmp_path}")
    if not (folder / "results.json").exists():
        return  # before the first run began there is nothing to lose
    before = Record.load(folder)  # valid, or this raises
    done = bench("--resume", folder)
    assert done.returncode == 0, done.stderr
    after = Record.load(folder)
    assert after.runs[: len(before.runs)] == before.runs
    assert len(after.runs) == len(after.request.plan()) == 4
    assert after.finished_utc
    assert not list(folder.rglob(".*"))


@posix
def test_a_run_goes_on_when_nobody_reads_on(tmp_path):
    """`| head -1` ends what is shown, not what is measured."""
    folder = tmp_path / "out"
    with start("--only", "floor", "--out", folder) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert Record.load(folder).finished_utc


@posix
@pytest.mark.parametrize("closed", ["1>&-", "<&- 1>&- 2>&-"])
def test_closed_streams_are_nobody_who_reads(closed, finished):
    folder, _, _ = finished
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m benchmarks compare "$1" "$1" {closed}',
         os.sys.executable, folder],
        capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


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
    names = "numpy-batch-10,numpy-batch-1"
    done = bench(*ONE, names, "--out", small_disk / "run")
    assert done.returncode in (1, 2)
    assert "No space left on device" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("\n") <= 1
