"""A catalogue of bad input: what the user did, and the line that comes back.

In each case it is one clear line, the exit code is 2, nobody sees a
traceback, and no file that existed is changed.
The rest of the file has Hypothesis make bad input that nobody thought of.
"""

import gzip
import io
import json
import os
import pickle
import runpy
import shlex
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.__main__ import main as benchmarks
from benchmarks.data import dataset as data
from benchmarks.data import download, mnist
from benchmarks.measure import worker
from benchmarks.measure.phases import Phases
from benchmarks.record import machine, results
from benchmarks.record.errors import InputError
from benchmarks.report import summary
from benchmarks.run import runner
from numpy_net import config
from numpy_net.gradient_check.__main__ import main as gradients
from tests.mistakes.__main__ import main as mistakes
from tests.test_data import (
    ARRAYS,
    EXPECTED,
    idx,
    npz,
    npz_of,
    write_idx,
)

ROOT = Path(__file__).parents[1]
LIMIT = 2**20  # bytes of memory; the stand-ins for MNIST have 24 thousand


class Case(NamedTuple):
    """What the user did, and what is said.

    do     words of a command line
    line   stands in the one line that is said
    given  what is not as it should be: made in the folder beforehand
    adds   what may be new afterwards: nothing is ever changed
    """

    kind: str
    did: str
    do: str
    line: str
    given: Callable | None = None
    adds: tuple[str, ...] = ()


# Data files

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
GOOD_IMAGES, GOOD_LABELS = idx(ARRAYS["x_train"]), idx(ARRAYS["y_train"])
ZIPPED = gzip.compress(GOOD_IMAGES)
BOMB = gzip.compress(bytes(50 * LIMIT))
NPZ_BOMB = npz_of({"x_train.npy": bytes(50 * LIMIT)})


def npy(header, version=b"\1\0"):
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text


def npy_of(array):
    return npy(HEADER % (False, len(array))) + array.tobytes()


def npz_with(header, version=b"\1\0"):
    content = npy(header, version) + ARRAYS["x_train"].tobytes()
    return npz_of({"x_train.npy": content})


HEADER = "{'descr': '|u1', 'fortran_order': %s, 'shape': (%s, 28, 28), }"


def with_label(value):
    return GOOD_LABELS[:-1] + bytes([value])


# What is wrong with it: (file, its content or None for no file, the line)
DATA = {
    "missing": (LABELS, None, "has no mnist.npz and no"),
    "empty": (IMAGES, b"", "ends within the header"),
    "header cut": (IMAGES, GOOD_IMAGES[:15], "ends within the header"),
    "truncated": (IMAGES, GOOD_IMAGES[:-1], "15,679 bytes of x_train"),
    "too long": (IMAGES, GOOD_IMAGES + b"\0", "more bytes of x_train"),
    "magic": (IMAGES, b"\0\0\x0d" + GOOD_IMAGES[3:], "(3331, 20, 28, 28)"),
    "dimensions": (
        IMAGES,
        idx(ARRAYS["x_train"].reshape(20, 14, 56)),
        "(2051, 20, 14, 56), expected (2051, 20, 28, 28)",
    ),
    "four billion": (
        IMAGES,
        GOOD_IMAGES[:4] + b"\xff" * 4 + GOOD_IMAGES[8:],
        "4294967295",
    ),
    "fewer labels": (LABELS, idx(ARRAYS["y_test"]), "(2049, 10)"),
    "labels as images": (IMAGES, GOOD_LABELS, "(2049, 20"),
    "label 10": (LABELS, with_label(10), "y_train is not MNIST's: SHA-256"),
    "label 255": (LABELS, with_label(255), "y_train is not MNIST's: SHA-256"),
    "other images": (
        IMAGES,
        idx(ARRAYS["x_train"][::-1]),
        "x_train is not MNIST's: SHA-256",
    ),
    "gzip cut": (f"{IMAGES}.gz", ZIPPED[:-9], "cannot be unpacked"),
    "gzip without sum": (f"{IMAGES}.gz", ZIPPED[:-8], "cannot be unpacked"),
    "gzip damaged": (
        f"{IMAGES}.gz",
        ZIPPED[:2000] + b"\0\xff" * 50 + ZIPPED[2100:],
        "cannot be unpacked",
    ),
    "gzip header only": (f"{IMAGES}.gz", ZIPPED[:10], "cannot be unpacked"),
    "not gzip": (f"{IMAGES}.gz", b"<html>not found</html>", "(1013478509,"),
    "gzip bomb": (f"{IMAGES}.gz", BOMB, "are (0, 0, 0, 0)"),
    "gzip of more": (
        f"{IMAGES}.gz",
        gzip.compress(GOOD_IMAGES + bytes(50 * LIMIT)),
        "more bytes of x_train",
    ),
    "npz: empty": ("mnist.npz", b"", "cannot be read"),
    "npz: a web page": ("mnist.npz", b"<html></html>", "cannot be read"),
    "npz: cut": ("mnist.npz", npz(**ARRAYS)[:-200], "cannot be read"),
    "npz: other keys": (
        "mnist.npz",
        npz(a=ARRAYS["x_test"]),
        "named 'x_train.npy'",
    ),
    "npz: objects": (
        "mnist.npz",
        npz(**{**ARRAYS, "x_train": np.array([b"a", None], dtype=object)}),
        "dtype('O')",
    ),
    "npz: float": (
        "mnist.npz",
        npz(**{**ARRAYS, "x_train": ARRAYS["x_train"].astype(float)}),
        "dtype('float64')",
    ),
    "npz: flat images": (
        "mnist.npz",
        npz(**{**ARRAYS, "x_train": ARRAYS["x_train"].reshape(20, -1)}),
        "(20, 784)",
    ),
    "npz: Fortran order": ("mnist.npz", npz_with(HEADER % (True, 20)), "True"),
    "npz: four billion": (
        "mnist.npz",
        npz_with(HEADER % (False, 2**32)),
        "4294967296",
    ),
    "npz: negative": ("mnist.npz", npz_with(HEADER % (False, -20)), "-20"),
    "npz: npy 2.0": (
        "mnist.npz",
        npz_with(HEADER % (False, 20), b"\2\0"),
        "npy (2, 0)",
    ),
    "npz: not npy": (
        "mnist.npz",
        npz_of({"x_train.npy": b"text"}),
        "cannot be read",
    ),
    "npz: brackets": ("mnist.npz", npz_with("(" * 110), "cannot be read"),
    "npz: bzip2": (
        "mnist.npz",
        npz_of({"x_train.npy": b"0"}, zipfile.ZIP_BZIP2),
        "neither stored nor deflated",
    ),
    "npz: bomb": ("mnist.npz", NPZ_BOMB, "cannot be read"),
    "npz: too long": (
        "mnist.npz",
        npz_of({"x_train.npy": npy(HEADER % (False, 20)) + bytes(50 * LIMIT)}),
        "more bytes of x_train",
    ),
    "npz: other images": (
        "mnist.npz",
        npz(**{**ARRAYS, "x_test": ARRAYS["x_test"][::-1].copy()}),
        "x_test is not MNIST's: SHA-256",
    ),
}


TRAIN = "benchmarks --only numpy-batch-10 --out new"
FOLDERS = {
    "nowhere": "nowhere: not found, expected a folder with MNIST",
    "file": "file: is not a folder, expected a folder with MNIST",
    "empty": "empty: has no mnist.npz and no train-images-idx3-ubyte[.gz]",
    "two\nlines": "two lines: not found",
    "x" * 5000: "not found",
}


def data_file(name, content):
    """Put a file in the place of the good one of that name."""

    def given(place, monkeypatch):
        folder = place / "mnist"
        (folder / name.removesuffix(".gz")).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_bytes(content)

    return given


def data_cases():
    for did, (name, content, line) in DATA.items():
        do = f"{TRAIN} --data-dir mnist"
        yield Case("data", did, do, line, data_file(name, content))
    for name, line in FOLDERS.items():
        did = f"a folder: {name[:9]!r}"
        do = f"{TRAIN} --data-dir {shlex.quote(name)}"
        yield Case("data", f"--data-dir, {did}", do, line)
        yield Case("data", f"MNIST_DIR, {did}", TRAIN, line, environ(name))
    yield Case(
        "data",
        "assignment.py, MNIST_DIR is nowhere",
        "assignment",
        "nowhere: not found",
        environ("nowhere"),
    )


def environ(value):
    return lambda place, monkeypatch: monkeypatch.setenv("MNIST_DIR", value)


# Command lines

NINES = "9" * 5000
COMMANDS = {
    "benchmarks --only keras": "unknown contender 'keras'; choose from nump",
    "benchmarks --only ''": "unknown contender ''; choose from numpy-",
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
    "benchmarks --thread=1": "unrecognized arguments: --thread=1; see python",
    "benchmarks --nonsense": "unrecognized arguments: --nonsense; see python",
    "benchmarks nonsense": "invalid choice: 'nonsense' (choose from 'step', ",
    "benchmarks --seed 3 step": "put step first, its options after it",
    "benchmarks --out new check run": "put check first, its options after it",
    "benchmarks step --only xgboost": "none of the chosen rows takes part",
    "benchmarks ladder --rounds 0": "--rounds: expected a whole number from",
    "benchmarks tta --only keras": "unknown contender 'keras'; choose from",
    "benchmarks trees --tier all": "argument --tier: invalid choice: 'all'",
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
    "benchmarks beside": "the following arguments are required: DIR",
    "benchmarks export": "the following arguments are required: DIR",
    "benchmarks doctor now": "unrecognized arguments: now",
    "benchmarks --resume": "argument --resume: expected one argument",
    "mistakes nonsense": "unknown mistake 'nonsense'; known: ",
    "mistakes": "one of the arguments NAME --list is required; see",
    "mistakes --list x": "not allowed with argument",
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

# Results files

READERS = {
    "report": "report bad",
    "check": "check bad",
    "compare": "compare run bad",
    "beside": "beside run bad",
    "export": "export bad",
    "resume": "--resume bad",
}
SAMPLE = json.loads((ROOT / "docs/sample/results.json").read_text("utf-8"))
ROWS = ("numpy-batch-10", "keras-batch-10", "xgboost")
RECORD = {
    **{key: value for key, value in SAMPLE.items() if key not in (
        "study", "closeness", "kernels", "pictures", "code_lines")},
    "contenders": list(ROWS),
    "machine": SAMPLE["machine"] | {"id": machine.describe()["id"]},
    "settings": {name: SAMPLE["settings"][name] for name in ROWS},
    "agreement": [],
    "gate": [],
    **{
        name: [part for part in SAMPLE[name] if part["contender"] in ROWS
               and part["task"] == "train"]
        for name in ("plan", "runs")
    },
}  # fmt: skip
GOOD = json.dumps(RECORD)
DAMAGED = "the file is damaged; run again"


def changed(**parts):
    return json.dumps(RECORD | parts)


FILES = {
    "missing": (None, "results.json cannot be read (No such file"),
    "empty": ("", "results.json is no JSON (Expecting value"),
    "cut": (GOOD[:-900], "the file is damaged; run again"),
    "a web page": ("<html>", "results.json is no JSON (Expecting value"),
    "pickled": (pickle.dumps(RECORD), "results.json is no JSON ('utf-8'"),
    "gzipped": (gzip.compress(GOOD.encode()), "is no JSON ('utf-8' codec"),
    "UTF-16": (GOOD.encode("utf-16"), "is no JSON ('utf-8' codec"),
    "a list": ("[]", "expected the record of a run, got a list"),
    "a newer schema": (
        changed(schema=99),
        "expected schema 3, got 99: it was written by another version",
    ),
    "schema '3'": (changed(schema="3"), "expected schema 3, got '3'"),
    "no schema": ("{}", "expected schema 3, got None"),
    "too deep": ("[" * 100_000, "results.json is no JSON (maximum recursion"),
    "infinity": (GOOD.replace(": 0,", ": 1e999,", 1), "1e999 is no number"),
    "nan": (GOOD.replace(": 0,", ": NaN,", 1), "NaN is no number"),
    "5,000 digits": (GOOD.replace(": 0,", f": {NINES},", 1), "is no JSON ("),
    "runs null": (changed(runs=None), "$.runs: None is not of type 'array'"),
    "runs without facts": (changed(runs=[{"task": "train"}]), "$.runs[0]: "),
    "no machine": (changed(machine={}), "$.machine: 'processor' is a req"),
    "contenders null": (changed(contenders=None), "$.contenders: None is no"),
    "half of the data": (changed(data={"name": "MNIST"}), "$.data: '"),
    "threads '2'": (changed(threads="2"), "$.threads: '2' is not of type"),
    "seed -1": (changed(seed=-1), "$.seed: -1 is less than the minimum"),
    "device abacus": (changed(device="abacus"), "$.device: 'abacus' is not"),
    "a foreign key": (changed(surprise=1), "('surprise' was unexpected)"),
    "half of the agreement": (
        changed(agreement=[{"rows": ["x", "y"]}]),
        "$.agreement",
    ),
    "a path as a name": (
        changed(contenders=["../../etc/passwd"]),
        "$.contenders[0]: '../../etc/passwd' does not match",
    ),
    "a row that is not there": (
        changed(plan=[{"task": "train", "contender": "x", "round": 0}]),
        f"x not among its contenders: {DAMAGED}",
    ),
}
MORE = {
    "huge": ("check bad", GOOD, "is larger than 1,000 bytes: no run of this"),
    "another machine": (
        "--resume bad",
        changed(machine=RECORD["machine"] | {"id": "another"}),
        "bad was begun on another machine or with other versions (another",
    ),
    "other data": (
        "--resume bad",
        changed(data=RECORD["data"] | {"sha256": {"x": "y"}}),
        "bad was begun with other data (scikit-learn digits, not MNIST is n",
    ),
    "an unknown tier": (
        "--resume bad",
        changed(tier="huge"),
        "bad cannot be gone on with: start a new run",
    ),
    **{
        f"compare, another {name}": (
            "compare run bad",
            changed(**{name: value}),
            f"the two have not the same {name} (",
        )
        for name, value in (
            ("threads", 9),
            ("device", "gpu"),
            ("machine", RECORD["machine"] | {"id": "another"}),
        )
    },
    "compare, no row in common": (
        "compare run bad",
        changed(runs=[]),
        "the two have no row in common: nothing to compare",
    ),
}


def file(content):
    def given(place, monkeypatch):
        if isinstance(content, str):
            (place / "bad" / "results.json").write_text(content, "utf-8")
        elif content is not None:
            (place / "bad" / "results.json").write_bytes(content)

    return given


def file_cases():
    for did, (content, line) in FILES.items():
        for name, do in READERS.items():
            yield Case(
                "file", f"{did}, {name}", f"benchmarks {do}", line,
                file(content), adds=("bad/run.log",),
            )  # fmt: skip
    for did, (do, content, line) in MORE.items():
        yield Case(
            "file", did, f"benchmarks {do}", line, file(content),
            adds=("bad/run.log",),
        )  # fmt: skip


# Environment


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
ENVIRONMENT = {
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
    "export may not be written": (
        "benchmarks export run",
        "it: Permission denied; what was written before is kept: make room",
        refused("os.replace", 13),
    ),
    "report, the disk is full": (
        "benchmarks report run --readme good.md",
        "it: No space left on device; what was written before is kept",
        refused("os.replace", 28),
    ),
    "report, run.log is a folder": (
        "benchmarks report run",
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
    "MNIST is nowhere to be had": (
        "benchmarks --data mnist --only numpy-batch-10 --out new",
        "no mirror delivered MNIST; put the four IDX files or mnist.npz",
        None,
    ),
    "assignment.py, --out may not be made": (
        "assignment --data digits --out new/new",
        "Permission denied: 'it'",
        refused("Path.mkdir", 13),
    ),
}

CATALOGUE = [
    *data_cases(),
    *(
        Case("command", do.replace(NINES, "99..."), do, line)
        for do, line in COMMANDS.items()
    ),
    *file_cases(),
    *(
        Case(
            "environment", did, *what,
            adds=("empty/figures", "empty/run.log", "mine/run.log", "new",
                  "loop", "data"),
        )
        for did, what in ENVIRONMENT.items()
    ),
]  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to work in, with good and bad things; no MNIST elsewhere."""
    place = tmp_path / "place"
    write_idx(place / "mnist")
    for name in ("run", "bad", "empty"):
        (place / name).mkdir()
    (place / "run" / "results.json").write_text(GOOD, "utf-8")
    (place / "run" / "old.json").write_text(GOOD, "utf-8")
    (place / "run" / "summary.md").write_text("old")
    (place / "file").write_text("a file")
    (place / "latin.md").write_bytes("größer".encode("latin-1"))
    (place / "good.md").write_text(f"{summary.BEGIN}\n{summary.END}")
    monkeypatch.chdir(place)
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setattr(data, "CHECKOUT", place / "data")
    monkeypatch.setattr(download, "MIRRORS", ())
    monkeypatch.setattr(mnist, "MNIST", EXPECTED)
    monkeypatch.setattr(mnist, "read_folder", within_limit(mnist.read_folder))
    monkeypatch.setitem(sys.modules, "keras_net", None)  # slow to import
    monkeypatch.setattr(runner, "_worker", do_here)
    return place


def within_limit(read_folder):
    """The same function, which may not take more memory than MNIST needs."""

    def read(folder):
        tracemalloc.start()
        try:
            return read_folder(folder)
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < LIMIT, f"{peak} bytes"

    return read


def do_here(spec, log, display, keep=None):
    """What a worker does, in this process: it is sooner done."""
    say = {"say": display.say}
    spec = json.loads(json.dumps(spec))
    return worker._do(spec, lambda k, value: say[k](value), Phases())


def done(do):
    """Do it; return the exit code."""
    program, *arguments = shlex.split(do)
    try:
        if program == "assignment":
            with mock.patch("sys.argv", ["assignment.py", *arguments]):
                runpy.run_path(str(ROOT / "assignment.py"), None, "__main__")
            return 0
        mains = {"gradient_check": gradients, "mistakes": mistakes}
        return (mains | {"benchmarks": benchmarks})[program](arguments)
    except SystemExit as error:
        return error.code


def everything(place):
    """Every file with what it holds, and every folder."""
    return {
        str(path.relative_to(place)): path.is_file() and path.read_bytes()
        for path in place.rglob("*")
        if not path.is_symlink()
    }


@pytest.mark.parametrize(
    "case", CATALOGUE, ids=lambda case: f"{case.kind}: {case.did}"
)
def test_bad_input_is_one_line_and_changes_nothing(
    case, place, monkeypatch, capsys
):
    if case.given:
        case.given(place, monkeypatch)
    before = everything(place)
    results_limit = 1000 if case.did == "huge" else results.LARGEST
    monkeypatch.setattr(results, "LARGEST", results_limit)
    code = done(case.do)
    monkeypatch.undo()
    said = capsys.readouterr()
    assert code == 2, said
    assert case.line in said.err
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.out + said.err
    after = everything(place)
    added = {name: after.pop(name) for name in set(after) - set(before)}
    assert after == before
    assert all(name.startswith(case.adds) for name in added), added
    assert config.floatx() == "float64"


def test_every_kind_has_its_share():
    """And no case is there twice."""
    kinds = [case.kind for case in CATALOGUE]
    assert {kind: kinds.count(kind) >= 12 for kind in kinds} == dict.fromkeys(
        ("data", "command", "file", "environment"), True
    )
    assert len({(case.kind, case.did) for case in CATALOGUE}) == len(kinds)


@pytest.mark.parametrize(
    "words",
    [
        ("benchmarks", "--data-dir", "nowhere", "--out", "new"),
        ("benchmarks", "check", "nowhere"),
        ("tests.mistakes", "nonsense"),
    ],
    ids=" ".join,
)
def test_so_it_is_in_a_process_of_its_own(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("columns", ["0", "1", "-5", "many", "99999", ""])
def test_odd_terminals_are_no_error(columns, place, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "nonsense")
    before = everything(place)
    assert benchmarks(["beside", "run", "run"]) == 0
    assert capsys.readouterr().err == ""
    assert everything(place) == before


# What nobody thought of


@st.composite
def damaged(draw, content):
    """The bytes after some edits: flips, cuts, insertions, moved parts."""
    content = bytearray(content)
    for _ in range(draw(st.integers(0, 3))):
        # Headers are short, and most of what can go wrong is there.
        last = draw(st.sampled_from([16, 200, len(content)]))
        at = draw(st.integers(0, min(last, len(content))))
        if draw(st.booleans()):  # from the end: a zip has its directory there
            at = len(content) - at
        edit = draw(st.sampled_from(["flip", "cut", "insert", "copy", "end"]))
        if edit == "flip" and at < len(content):
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif edit == "cut":
            del content[at : at + draw(st.integers(1, 20))]
        elif edit == "insert":
            content[at:at] = draw(st.binary(max_size=20))
        elif edit == "copy":
            start = draw(st.integers(0, len(content)))
            content[at : at + 8] = content[start : start + 8]
        elif edit == "end":
            del content[at:]
    return bytes(content)


@st.composite
def headers(draw):
    """The right pixels behind a header that is right in most of its parts."""
    parts = [2051, *ARRAYS["x_train"].shape]
    for i in range(4):
        if draw(st.integers(0, 3)) == 0:
            parts[i] = draw(st.integers(0, 2**32 - 1) | st.integers(0, 3000))
    return struct.pack(">4I", *parts) + ARRAYS["x_train"].tobytes()


IDX = damaged(GOOD_IMAGES) | damaged(ZIPPED) | headers() | st.binary()
NPZ = damaged(npz(**ARRAYS)) | damaged(
    npz_of({"x_train.npy": npy_of(ARRAYS["x_train"])})
)


def outcome(do):
    """Return what it gives and None, or None and the error."""
    try:
        return do(), None
    except (ValueError, RuntimeError, FloatingPointError, InputError) as error:
        return None, error


@settings(database=None, deadline=None, max_examples=100)
@given(IDX | IDX.map(gzip.compress))
def test_damaged_idx_is_refused_or_read_right(content):
    file = io.BytesIO(content)
    with mock.patch.object(mnist, "MNIST", EXPECTED):
        found, error = outcome(lambda: mnist.read_idx(file, "x_train", "f"))
    if error is None:
        np.testing.assert_array_equal(found, ARRAYS["x_train"])
        return
    assert type(error) is InputError
    assert str(error).startswith("f: ")
    assert "\n" not in str(error)


@settings(database=None, deadline=None, max_examples=100)
@given(NPZ | damaged(npz_with(HEADER % (False, 20))))
def test_damaged_npz_is_refused_or_read_right(content):
    file = io.BytesIO(content)
    with mock.patch.object(mnist, "MNIST", EXPECTED):
        found, error = outcome(lambda: mnist.read_npz(file, "f"))
    if error is None:
        for key, array in ARRAYS.items():
            np.testing.assert_array_equal(found[key], array)
        return
    assert type(error) is InputError
    assert str(error).startswith("f: ")
    assert "\n" not in str(error)
