"""Bad command lines and bad surroundings: the one line that comes back.

In each case it is one clear line, the exit code is 2, nobody sees a
traceback, and no file that existed is changed.
"""

import os
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from benchmarks.cli import main as benchmarks
from benchmarks.data import dataset, download
from benchmarks.measure import worker
from benchmarks.measure.clock import Phases
from benchmarks.report import readme
from benchmarks.run import parent
from numpy_net.gradient_check.__main__ import main as gradients
from tests.benchmarks.records import a_record, a_run

ROOT = Path(__file__).parents[1]
NINES = "9" * 5000
COMMANDS = {
    "benchmarks --only keras": "unknown row 'keras'; choose from rows, ladder",
    "benchmarks --only ''": "unknown row ''; choose from rows, ladder",
    "benchmarks --tier huge": "argument --tier: invalid choice: 'huge'",
    "benchmarks --data fashion": "argument --data: invalid choice: 'fashion'",
    "benchmarks --threads 0": "--threads: expected 1 to ",
    "benchmarks --threads many": "--threads: expected 1 to ",
    "benchmarks --threads 9999": "or all, got '9999'",
    f"benchmarks --threads {NINES}": "--threads: expected 1 to ",
    "benchmarks --seed -1": "--seed: expected a whole number from 0 to 42949",
    "benchmarks --seed x": "--seed: expected a whole number from 0 to 42949",
    f"benchmarks --seed {NINES}": "--seed: expected a whole number from 0 to",
    "benchmarks --rounds 0": "--rounds: expected a whole number from 1 to 10",
    "benchmarks --rounds 1e2": "from 1 to 1000, got '1e2'",
    "benchmarks --timeout -1": "--timeout: expected a number of seconds abo",
    "benchmarks --timeout nan": "--timeout: expected a number of seconds abo",
    "benchmarks --device tpu": "argument --device: invalid choice: 'tpu'",
    "benchmarks --device gpu --only floor": "none of the chosen rows can use",
    "benchmarks --thread=1": "unrecognized arguments: --thread=1; see python",
    "benchmarks --nonsense": "unrecognized arguments: --nonsense; see python",
    "benchmarks nonsense": "invalid choice: 'nonsense' (choose from 'report'",
    "benchmarks --out new check run": "put check first, its options after it",
    "benchmarks --add nonsense": "--add: expected MODULE:FACTORY, as in",
    "benchmarks report": "the following arguments are required: DIR",
    "benchmarks report run other": "unrecognized arguments: other",
    "benchmarks report run --readme nowhere.md": "nowhere.md cannot be read",
    "benchmarks report run --readme latin.md": "latin.md cannot be read",
    "benchmarks report run --readme file": "file: expected the lines <!-- re",
    "benchmarks report run --publish file": "file: File exists; ",
    "benchmarks check": "the following arguments are required: DIR",
    "benchmarks compare run": "the following arguments are required: NEW",
    "benchmarks compare run run --fail-over 0": "number of percent above 0",
    "benchmarks compare run run/old.json": "run/old.json/results.json cannot",
    "benchmarks --resume": "argument --resume: expected one argument",
    "gradient_check now": "unrecognized arguments: now; see python -m numpy_",
    "assignment --samples 0": "--samples: expected a whole number from 100",
    "assignment --samples -5": "--samples: expected a whole number from 100",
    "assignment --samples 12": "from 100 to 60000, got '12'; see python",
    "assignment --epochs 0": "--epochs: expected a whole number from 1 to 10",
    "assignment --epochs 1.5": "from 1 to 1000, got '1.5'",
    "assignment --data fashion": "argument --data: invalid choice: 'fashion'",
    "assignment --sample 600": "unrecognized arguments: --sample 600",
    "assignment --data digits --out file": "File exists: 'file'",
}


def refused(name, error):
    """A system call that says no; root may write where others may not."""

    def given(place, monkeypatch):
        owner, attribute = name.split(".")
        monkeypatch.setattr(
            {"os": os, "Path": Path}[owner],
            attribute,
            mock.Mock(side_effect=OSError(error, os.strerror(error), "it")),
        )

    return given


def no_data(place, monkeypatch):
    """The user's own folder, which looks like a run that never began."""
    (place / "mine" / "figures").mkdir(parents=True)
    (place / "mine" / "figures" / "holiday.png").write_bytes(b"mine")


def a_loop(place, monkeypatch):
    (place / "loop").symlink_to(place / "loop")


OUT = "benchmarks --data digits --only numpy-batch-10 --out"
LOST = "benchmarks --data-dir nowhere --only numpy-batch-10 --out"
SURROUNDINGS = {
    "--out at a file": (f"{OUT} file", "folder file cannot be made (", None),
    "--out through a file": (f"{OUT} file/new", "cannot be made (Not a", None),
    "--out at a full folder": (f"{OUT} run", "run is not empty, and a", None),
    "--out empty": (f"{OUT} ''", ". is not empty, and a run never wri", None),
    "--out too long": (f"{OUT} {'x' * 300}", "File name too long", None),
    "--out in a circle": (f"{OUT} loop/new", "symbolic links", a_loop),
    "--out may not be made": (
        f"{OUT} new",
        "folder new cannot be made (Permission denied): give --out a folder",
        refused("Path.mkdir", 13),
    ),
    "the disk is read-only": (
        f"{OUT} new",
        "cannot be made (Read-only file system): give --out a folder that",
        refused("Path.mkdir", 30),
    ),
    "report, the disk is full": (
        "benchmarks report run --readme good.md",
        "it: No space left on device; what was written before is kept",
        refused("os.replace", 28),
    ),
    "resume, run.log is a folder": (
        "benchmarks --resume run",
        "run.log: Is a directory; what was written before is kept",
        lambda place, monkeypatch: (place / "run" / "run.log").mkdir(),
    ),
    "no data, --out at an empty folder": (
        f"{LOST} empty",
        "nowhere: not found, expected a folder with MNIST",
        None,
    ),
    "no data, --out at a folder of the user's": (
        f"{LOST} mine",
        "mine is not empty, and a run never writes over another",
        no_data,
    ),
    "no data, --out at a new folder": (
        f"{LOST} new/new",
        "nowhere: not found, expected a folder with MNIST",
        None,
    ),
    "assignment.py, MNIST_DIR is nowhere": (
        "assignment",
        "nowhere: not found, expected a folder with MNIST",
        lambda place, monkeypatch: monkeypatch.setenv("MNIST_DIR", "nowhere"),
    ),
    "MNIST is nowhere to be had": (
        "benchmarks --data mnist --only numpy-batch-10 --out new",
        "no mirror delivered MNIST; put the four IDX files or mnist.npz",
        None,
    ),
    "another machine": (
        "benchmarks --resume run",
        "run was begun on another machine or with other versions (01234567",
        None,
    ),
    "assignment.py, --out may not be made": (
        "assignment --data digits --out new/new",
        "Permission denied: 'it'",
        refused("Path.mkdir", 13),
    ),
}
CASES = [
    *((words, line, None) for words, line in COMMANDS.items()),
    *SURROUNDINGS.values(),
]
IDS = [words.replace(NINES, "99...") for words in COMMANDS] + [*SURROUNDINGS]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to work in, with good and bad things; no MNIST anywhere."""
    place = tmp_path / "place"
    for name in ("run", "empty"):
        (place / name).mkdir(parents=True)
    a_record(a_run("numpy-batch-10")).save(place / "run")
    (place / "run" / "old.json").write_text("{}")
    (place / "file").write_text("a file")
    (place / "latin.md").write_bytes("größer".encode("latin-1"))
    (place / "good.md").write_text(f"{readme.BEGIN}\n{readme.END}")
    monkeypatch.chdir(place)
    monkeypatch.delenv("MNIST_DIR", raising=False)
    for home in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(home, str(tmp_path))
    monkeypatch.setattr(dataset, "CHECKOUT", place / "data")
    monkeypatch.setattr(download, "MIRRORS", ())
    monkeypatch.setitem(sys.modules, "keras_net", None)  # slow to import
    monkeypatch.setattr(
        parent, "ask", lambda task, log, hear: worker.do(task, hear, Phases())
    )
    return place


def everything(place):
    """Every file with what it holds, and every folder."""
    return {
        str(path.relative_to(place)): path.is_file() and path.read_bytes()
        for path in place.rglob("*")
        if not path.is_symlink()
    }


def exit_code(words):
    program, *arguments = shlex.split(words)
    try:
        if program == "assignment":
            with mock.patch("sys.argv", ["assignment.py", *arguments]):
                runpy.run_path(str(ROOT / "assignment.py"), None, "__main__")
            return 0
        main = {"benchmarks": benchmarks, "gradient_check": gradients}[program]
        return main(arguments)
    except SystemExit as error:
        return error.code


ADDS = ("empty/figures", "empty/run.log", "run/run.log", "new", "loop", "data")


@pytest.mark.parametrize(("words", "line", "given"), CASES, ids=IDS)
def test_bad_input_is_one_line_and_changes_nothing(
    words, line, given, place, monkeypatch, capsys
):
    if given:
        given(place, monkeypatch)
    before = everything(place)
    code = exit_code(words)
    monkeypatch.undo()
    out, error = capsys.readouterr()
    assert code == 2, (out, error)
    assert line in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert "Traceback" not in out + error
    after = everything(place)
    added = {name: after.pop(name) for name in set(after) - set(before)}
    assert after == before
    assert all(name.startswith(ADDS) for name in added), added


def test_so_it_is_in_a_process_of_its_own(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "check", "nowhere"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: nowhere/results.json cannot be read")
    assert done.stderr.count("\n") == 1
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("columns", ["0", "1", "-5", "many", "99999", ""])
def test_odd_terminals_are_no_error(columns, place, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "nonsense")
    before = everything(place)
    assert benchmarks(["compare", "run", "run"]) == 0
    assert capsys.readouterr().err == ""
    assert everything(place) == before
