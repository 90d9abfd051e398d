"""results.json: what is written is read again; what makes no sense is not.

Anybody may have written the file. What passes the check can be used by all
that reads a Record: they check nothing again.
"""

import gzip
import json
import pickle
from base64 import b64encode

import msgspec
import pytest
from msgspec.structs import replace

from benchmarks import ROOT, InputError, cli, printable
from benchmarks.analysis.analysis import Analysis
from benchmarks.record import record as records
from benchmarks.record import run as runs
from benchmarks.record.machine import Machine, describe
from benchmarks.record.record import Comparison, Record
from benchmarks.rows.study import ASSIGNMENT
from benchmarks.rows.table import DRIFT, KERAS_10, NUMPY_10, STUDY, XGBOOST
from tests.benchmarks.records import a_record, a_run, a_sweep, equal

REFERENCE = ROOT / "docs" / "reference"


def images(count):
    return b64encode(bytes(784 * count)).decode()


def a_whole_record():
    """A record that has every part, each of them small."""
    names = [NUMPY_10.name, KERAS_10.name]
    sweep = a_sweep(f"step-{NUMPY_10.name}", lambda b: 10.0 + b)
    sweep.sweep.calls = [
        runs.Call(1, "x W", 1e-6),
        runs.Call(1, runs.WHOLE_STEP, 1e-5),
    ]
    sweep.sweep.memory = [runs.Memory(1, 10), runs.Memory(2, 20)]
    apart = ([1, 2], [0.0, 1e-16], [0.0] * 2)
    drift = runs.Drift("assignment_net", "float64", *apart)
    scores = [runs.StudyEpoch(0.1, 0.9, 0.9, 0.6, 0.1, 0.9, 0.9, 0.6)]
    test = runs.StudyTest(0.9, 0.9, 0.9)
    studied = runs.Studied(ASSIGNMENT, "ok", "", 9, scores, test)
    return a_record(
        *(a_run(row) for row in (NUMPY_10, KERAS_10, XGBOOST)),
        sweep,
        runs.Run(DRIFT.name, closeness=runs.Closeness([drift], [])),
        runs.Run(STUDY.name, study=[studied]),
        comparison=Comparison(
            gate=[equal(NUMPY_10, KERAS_10)],
            weights=[records.WeightDifference(names, 1e-7)],
            kernels={NUMPY_10.name: records.Kernel(0.5, images(2))},
            digits=records.Digits(images(2), [3, 4]),
            disagreements=records.Disagreements(
                images(1), [4], 7, dict(zip(names, [[9], [4]], strict=True))
            ),
        ),
    )


def written(folder, content):
    """The folder, with a results.json of these bytes, text or parts."""
    if isinstance(content, dict):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode("utf-8")
    (folder / "results.json").write_bytes(content)
    return folder


@pytest.fixture
def parts():
    """A good record as what its file holds."""
    return msgspec.to_builtins(a_whole_record())


# Written and read


def test_results_survive_a_round_trip(tmp_path):
    for record in (a_whole_record(), Record.load(REFERENCE)):
        record.save(tmp_path)
        assert Record.load(tmp_path) == record
        assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    record = a_whole_record()
    record.save(tmp_path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(record, id=float("nan")).save(tmp_path)
    assert Record.load(tmp_path) == record
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_what_is_published_has_no_folders_and_no_images_of_mnist():
    record = a_whole_record()
    record.command = "python -m benchmarks --out 'a b' --seed 1 --data-dir=c"
    published = record.published()
    assert published.command == "python -m benchmarks --seed 1"
    assert published.comparison.digits is None
    assert published.comparison.disagreements is None
    assert published.comparison.kernels == record.comparison.kernels
    assert record.comparison.digits is not None
    record.data.choice = "digits"
    assert record.published().comparison == record.comparison


def test_the_reference_holds_the_accuracies_that_are_known():
    """The assignment's own settings, on MNIST, and near its figures."""
    record = Record.load(REFERENCE)
    accuracy = {
        row.name: record.trained(row)[0].measured.test.accuracy
        for row in record.rows
        if row.task == "train"
    }
    assert (record.request.tier, record.is_mnist) == ("full", True)
    assert 0.944 <= accuracy["numpy-per-sample"] <= 0.955
    assert abs(accuracy["numpy-per-sample"] - accuracy["floor"]) < 2e-3
    assert abs(accuracy["numpy-per-sample"] - accuracy["numpy-batch-1"]) < 2e-3
    assert 0.910 <= accuracy["numpy-batch-10"] <= 0.920
    assert abs(accuracy["numpy-batch-10"] - accuracy["keras-batch-10"]) < 1e-3
    assert 0.972 <= accuracy["numpy-custom"] <= 0.976
    assert 0.972 <= accuracy["keras-custom"] <= 0.976
    assert 0.977 <= accuracy["xgboost"] <= 0.980


def test_the_machine_is_described_by_what_a_record_takes():
    machine = describe()
    assert msgspec.convert(msgspec.to_builtins(machine), Machine) == machine
    assert machine == describe()
    assert "numpy" in machine.packages


# Damaged files

NINES = "9" * 5000
GOOD = json.dumps(msgspec.to_builtins(a_whole_record()))
NO_JSON = {
    "no file": (None, "cannot be read (No such file"),
    "empty": ("", "is no JSON (Expecting value"),
    "cut": (GOOD[:-9], "is no JSON (Expecting"),
    "a web page": ("<html>", "is no JSON (Expecting value"),
    "pickled": (pickle.dumps({}), "is no JSON ('utf-8'"),
    "gzipped": (gzip.compress(b"{}"), "is no JSON ('utf-8'"),
    "UTF-16": (GOOD.encode("utf-16"), "is no JSON ('utf-8'"),
    "too deep": ("[" * 10**5, "is no JSON (maximum recursion"),
    "a list": ("[]", "expected schema 4, got None: it was written by anoth"),
    "another schema": ('{"schema": 99}', "expected schema 4, got 99"),
    "infinity": ('{"schema": Infinity}', "is no JSON (Infinity is no numb"),
    "nan": ('{"schema": NaN}', "is no JSON (NaN is no number"),
    "1e999": ('{"schema": 1e999}', "is no JSON (1e999 is no number"),
    "1e200": ('{"schema": 1e200}', "is no JSON (1e200 is no number"),
    "5,000 digits": (f'{{"schema": {NINES}}}', f"({NINES[:20]} is no number"),
}


@pytest.mark.parametrize("damage", NO_JSON)
def test_a_file_of_something_else_is_one_line(damage, tmp_path):
    content, message = NO_JSON[damage]
    folder = tmp_path if content is None else written(tmp_path, content)
    with pytest.raises(InputError) as caught:
        Record.load(folder)
    assert str(caught.value).startswith(str(folder / "results.json"))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(folder))


def test_a_file_larger_than_any_run_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "LARGEST", 1000)
    with pytest.raises(InputError, match="is larger than 1,000 bytes"):
        Record.load(written(tmp_path, GOOD))


HALF, ONE = b64encode(bytes(392)).decode(), [{"samples": 1, "bytes": 1}]
# Where it is (of the runs, by the row), what is put there (None: nothing,
# the key goes), what is said.
NO_SENSE = [
    ("surprise", 1, "unknown field `surprise`"),
    ("machine", None, "required field `machine`"),
    ("request/threads", "2", "Expected `int`"),
    ("request/seed", -1, "Expected `int` >= 0"),
    ("request/device", "abacus", "Invalid enum value"),
    ("command", "python '", "No closing quotation"),
    ("request/rows/0/settings", {"a": [[]]}, "got `array`"),
    ("request/rows/0/name", "../../owned", "Expected `str` matching regex"),
    ("runs/NUMPY/row", "xgboost-fast", "not among the rows"),
    ("runs/NUMPY/training", None, "has no training"),
    ("runs/NUMPY/verified", None, "has no verified"),
    ("runs/STEP/noise", None, "has no noise"),
    ("runs/NUMPY/training/updates", 1, "has no updates"),
    ("runs/NUMPY/training/epochs", [], "has no val_accuracy"),
    ("runs/NUMPY/training/epochs/1/logs", {"loss": 1}, "has no val_accuracy"),
    ("runs/NUMPY/training/epochs/0/wall", 0.0, "Expected `float` >= 1e-09"),
    ("runs/TREES/training/off_clock", 3.0, "trained for no time"),
    ("runs/TREES/phases", {"matrix": {"wall": 5.0}}, "trained for no time"),
    ("runs/TREES/phases/training/wall", 1.7e99, "<= 1000000"),
    ("runs/TREES/training/test/predictions", "01", "confusion and predict"),
    ("runs/STEP/sweep/blocks", [], "Expected `array` of"),
    ("runs/STEP/sweep/calls/1/call", "+ b", "without the whole step"),
    ("runs/STEP/sweep/memory", ONE, "not of two"),
    ("runs/STEP/sweep/memory", 3 * ONE, "length <= 2"),
    ("runs/DRIFT/closeness/drift/0/keras", [0.0], "not one difference per s"),
    ("runs/STUDY/study/0/epochs", [], "has no scores"),
    ("comparison/kernels/NUMPY/images", HALF, "expected images of 28 x 28"),
    ("comparison/kernels/NUMPY/images", "AAAAA", "damaged"),
    ("comparison/digits/labels", [3], "one label for each image"),
    ("comparison/disagreements/labels", [], "one label for each image"),
    ("comparison/disagreements/answers/NUMPY", [9, 9], "one answer for each"),
]
ROWS = {"NUMPY": NUMPY_10.name, "TREES": XGBOOST.name, "DRIFT": DRIFT.name,
        "STEP": f"step-{NUMPY_10.name}", "STUDY": STUDY.name}  # fmt: skip


@pytest.mark.parametrize(("way", "value", "message"), NO_SENSE)
def test_figures_that_make_no_sense_are_refused(
    way, value, message, tmp_path, parts
):
    parts["runs"] = {run["row"]: run for run in parts["runs"]}
    place = parts
    *keys, last = (ROWS.get(key, key) for key in way.split("/"))
    for key in keys:
        place = place[int(key) if key.isdigit() else key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    parts["runs"] = [*parts["runs"].values()]
    with pytest.raises(InputError, match="the file is damaged") as caught:
        Record.load(written(tmp_path, parts))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(tmp_path))


def test_the_largest_figures_that_pass_do_not_overflow(tmp_path, parts):
    """Each 1e12 seconds, or 1e-9: sums, squares and ratios stay finite."""
    for huge, small in ((1e12, 1e-9), (1e-9, 1e12)):
        for run in parts["runs"]:
            for phase in run.get("phases", {}).values():
                phase["wall"] = 1e12
            for epoch in run.get("training", {}).get("epochs", []):
                epoch["wall"] = huge
            for n, block in enumerate(run.get("sweep", {}).get("blocks", [])):
                block["seconds"] = (huge, small)[n % 2]
        analysis = Analysis(Record.load(written(tmp_path, parts)))
        assert len(analysis.findings) > 10
        text = str((analysis.costs, analysis.closings, analysis.ratios))
        assert "inf" not in text
        assert "nan" not in text


@pytest.mark.parametrize(
    "command",
    ["check BAD", "report BAD", "compare BAD GOOD", "--resume BAD"],
)
def test_every_reader_says_so_in_one_line(command, tmp_path, capsys):
    good, bad = tmp_path / "good", tmp_path / "bad"
    for folder in (good, bad):
        folder.mkdir()
        written(folder, GOOD)
    written(bad, GOOD[:-9])
    places = {"GOOD": str(good), "BAD": str(bad)}
    assert cli.main([places.get(w, w) for w in command.split()]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {bad / 'results.json'} is no JSON")
    assert error.count("\n") == 1


# Texts that steer a terminal

STEERING = "a\x1b[2J\x1b]0;b\x07\x9b1m\r\x08\u202e\ud800\u2028c\nd"


def test_what_steers_a_terminal_is_not_read(tmp_path, parts):
    parts["data"]["name"] = parts["machine"]["processor"] = STEERING
    parts["machine"]["packages"] = {STEERING: STEERING}
    parts["runs"][0] |= {"status": "failed", "message": STEERING}
    record = Record.load(written(tmp_path, parts))
    shown = "a?[2J?]0;b??1m ??? c d"
    assert record.data.name == record.machine.processor == shown
    assert record.machine.packages == {shown: shown}
    assert record.runs[0].message == shown
    assert "\x1b" not in str(InputError(STEERING))


def test_printable_leaves_words_as_they_are():
    for text in ("größer, µs, 784×30 │ ─", ""):
        assert printable(text) == text
    assert printable("two\nlines\t") == "two lines"
