"""results.json, the table made from it, the estimate, the figures."""

import ast
import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.record import machine, results
from benchmarks.record.errors import InputError
from benchmarks.report import figures, looks, summary, table
from benchmarks.rows.contenders import CONTENDERS
from benchmarks.run import estimate

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"


@pytest.fixture
def record():
    return results.read(REFERENCE)


def test_results_survive_a_round_trip(record, tmp_path):
    results.write(tmp_path, record)
    assert results.read(tmp_path) == record
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_a_failed_write_leaves_the_old_file(record, tmp_path):
    results.write(tmp_path, record)
    with pytest.raises(ValueError, match="not JSON compliant"):
        results.write(tmp_path, record | {"seed": float("nan")})
    assert results.read(tmp_path) == record
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_a_run_without_a_name_gets_one_by_time_host_and_tier(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(results.platform, "node", lambda: "a b/../ü")
    folder = results.new_folder(None, "quick")
    assert folder.parent == tmp_path / "results"
    assert re.fullmatch(r"\d{8}T\d{6}Z-a-b--quick", folder.name)


def test_the_table_holds_what_the_record_holds(record):
    """Recomputed here from the raw runs, by other words."""
    rows = summary.rows(record)
    trained = [run for run in record["runs"] if run["task"] == "train"]
    names = {run["contender"] for run in trained}
    assert [r[0] for r in rows] == [
        c.label for c in CONTENDERS if c.name in names
    ]
    for row, c in zip(
        rows, [c for c in CONTENDERS if c.name in names], strict=True
    ):
        runs = [run for run in trained if run["contender"] == c.name]
        accuracy = np.median([run["test"]["accuracy"] for run in runs])
        seconds = np.median(
            [
                sum(
                    run["phases"][name]["wall"]
                    for name in ("matrix", "compile", "first step", "training")
                    if name in run["phases"]
                )
                - run["off_clock"]
                for run in runs
            ]
        )
        assert float(row[1]) == pytest.approx(accuracy, abs=5e-5)
        assert float(row[3]) == pytest.approx(seconds, rel=6e-3, abs=6e-4)
        for run in runs:
            confusion = np.array(run["test"]["confusion"])
            assert np.trace(confusion) / confusion.sum() == pytest.approx(
                run["test"]["accuracy"]
            )


def test_failed_and_missing_rows_say_so(record):
    broken = copy.deepcopy(record)
    first, second = (c.name for c in CONTENDERS[:2])
    broken["runs"] = [
        {
            "task": "train",
            "contender": first,
            "round": 0,
            "order": 0,
            "wall_seconds": 1.0,
            "status": "diverged",
            "message": "the loss became nan",
        }
    ]
    rows = summary.rows(broken)
    assert rows[0][1:4] == ["diverged", "", ""]
    assert rows[1][1:4] == ["not run", "", ""]
    assert second in broken["contenders"]
    assert "diverged" in summary.markdown(broken)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (0.0047, "0.00470"),
        (0.01234, "0.0123"),
        (1.2345, "1.23"),
        (12.345, "12.3"),
        (1234.5, "1234"),
    ],
)
def test_three_significant_digits(value, text):
    assert table.three_digits(value) == text


def test_readme_shows_the_reference_run_and_nothing_else(record):
    """After a new run: report docs/reference --readme README.md."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.split(summary.BEGIN)[1].split(summary.END)[0]
    assert block.strip() == summary.markdown(record, whole=False).strip()


def test_the_reference_summary_is_that_of_its_results(record):
    text = (REFERENCE / "summary.md").read_text(encoding="utf-8")
    assert text == summary.markdown(record)


def test_a_file_without_the_markers_is_not_touched(record, tmp_path):
    path = tmp_path / "README.md"
    path.write_text("nothing here")
    with pytest.raises(InputError, match="expected the lines <!-- results"):
        summary.write_into(path, record)
    assert path.read_text() == "nothing here"


def test_the_committed_results_hold_the_accuracies_that_are_known(record):
    """The assignment's own settings, on MNIST, and near its figures."""
    accuracy = {
        run["contender"]: run["test"]["accuracy"]
        for run in record["runs"]
        if run["task"] == "train" and run["round"] == 0
    }
    assert record["tier"] == "full"
    assert record["data"]["name"] == "MNIST"
    assert 0.944 <= accuracy["numpy-per-sample"] <= 0.955
    assert abs(accuracy["numpy-per-sample"] - accuracy["floor"]) < 2e-3
    assert abs(accuracy["numpy-per-sample"] - accuracy["numpy-batch-1"]) < 2e-3
    assert 0.910 <= accuracy["numpy-batch-10"] <= 0.920
    assert abs(accuracy["numpy-batch-10"] - accuracy["keras-batch-10"]) < 1e-3
    assert 0.972 <= accuracy["numpy-custom"] <= 0.976
    assert 0.972 <= accuracy["keras-custom"] <= 0.976
    assert 0.977 <= accuracy["xgboost"] <= 0.980


def test_the_estimate_of_the_reference_run_is_the_reference_run(record):
    """Not run by run, since rounds differ, but in all."""
    images = record["data"]["train_images"]
    plan, runs = record["plan"], record["runs"]
    walls = sum(run["wall_seconds"] for run in runs)
    assert sum(estimate.seconds(plan, images, 1000)) == pytest.approx(
        walls, rel=0.1
    )
    assert sum(estimate.seconds(plan, images // 10, 1)) < walls * 0.8


def test_the_remaining_time_learns_the_pace():
    remaining = estimate.Remaining([10.0, 20.0, 30.0])
    assert remaining.seconds() == 60
    assert remaining.seconds(running_for=4) == 56
    remaining.finished(20.0)  # twice as slow as expected
    assert remaining.seconds() == 100
    assert remaining.seconds(running_for=10, share=0.5) == 70
    remaining.finished(40.0)
    remaining.finished(60.0)
    assert remaining.seconds() == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (90, "2 min")]
)
def test_durations_in_words(seconds, text):
    assert estimate.in_words(seconds) == text


def test_figures_are_drawn_for_every_net_and_repeat_byte_for_byte(
    record, tmp_path
):
    figures.draw(tmp_path / "a", record)
    figures.draw(tmp_path / "b", record)
    nets = [
        c.name
        for c in CONTENDERS
        if c.name in record["contenders"] and c.net and c.epochs > 1
    ]
    drawn = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert drawn == sorted(
        [f"history-{name}.{kind}" for name in nets for kind in ("png", "svg")]
        + ["ladder.svg", "step-cost.png", "step-cost.svg"]
    )
    first, second = (tmp_path / d / "step-cost.svg" for d in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert "batch size, images" in first.read_text()
    for name in nets:
        file = f"history-{name}.svg"
        svg = (tmp_path / "a" / file).read_text()
        assert svg == (tmp_path / "b" / file).read_text()
        for word in ("epoch", "loss", "accuracy", "training", "validation"):
            assert word in svg, f"{file} lacks {word}"


def test_machine_is_described_in_plain_json():
    found = machine.describe()
    assert json.loads(json.dumps(found)) == found
    assert found["cores"] >= 1
    assert "numpy" in found["packages"]


def test_the_parent_process_imports_no_contender():
    """Nothing of NumPy, Keras or XGBoost is there before a worker starts."""
    code = (
        "import sys, benchmarks.__main__\n"
        "heavy = {'numpy', 'keras', 'tensorflow', 'xgboost', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_validation_curve_is_the_validation(record, monkeypatch):
    drawn = []

    class Axis:
        def plot(self, epochs, values, label, **style):
            drawn.append((label, list(values)))

        def __getattr__(self, name):
            return lambda *arguments, **options: Axis()

        xaxis = property(lambda self: self)

    run = next(run for run in record["runs"] if run.get("epochs"))
    history = {
        name: [epoch[name] for epoch in run["epochs"]]
        for name in run["epochs"][0]
    }
    figures._panel(Axis(), history, "loss", looks.NUMPY)
    assert drawn == [
        ("training, during the epoch", history["loss"]),
        ("validation, after the epoch", history["val_loss"]),
    ]


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("numpy_net", {"numpy", "numpy_net"}),
        ("keras_net", {"keras", "tensorflow", "numpy", "keras_net"}),
        ("classical", {"xgboost", "sklearn", "classical"}),
    ],
)
def test_packages_import_only_what_they_may(package, allowed):
    for path in (ROOT / package).rglob("*.py"):
        imported = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {a.name.partition(".")[0] for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
        if path.name == "scipy_calls.py":  # the one place for SciPy
            imported -= {"scipy"}
        if path.parts[-2:] == ("saving", "files.py"):  # and for h5py
            imported -= {"h5py"}
        if path.name == "wrappers.py":  # and for scikit-learn
            imported -= {"sklearn"}
        strange = imported - allowed - set(sys.stdlib_module_names)
        assert not strange, f"{path.name} imports {strange}"
