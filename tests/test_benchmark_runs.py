"""The main job itself, on the embedded digits, in real processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.data.dataset import Dataset, split
from benchmarks.measure import job as common
from benchmarks.measure import judging, keras_nets, numpy_nets, pin, tasks
from benchmarks.record import results
from benchmarks.rows.contenders import TIERS, Contender, select
from benchmarks.run import runner, schedule
from benchmarks.run.display import make_display
from numpy_net import utils

ROOT = Path(__file__).parents[1]


def bench(*arguments, **environment):
    """Run python -m benchmarks as a user would, without MNIST_DIR."""
    env = {k: v for k, v in os.environ.items() if k != "MNIST_DIR"}
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=env | environment,
        cwd=ROOT,
        check=False,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "out"
    names = "numpy-per-sample,numpy-batch-1,numpy-batch-10"
    more = ("--threads", "1", "--out", folder)
    done = bench("--data", "digits", "--only", names, *more)
    assert done.returncode == 0, done.stderr
    record = json.loads((folder / "results.json").read_text())
    return folder, record, done.stdout


def test_a_run_ends_with_the_table_and_the_path(finished):
    folder, _, out = finished
    assert "scikit-learn digits, not MNIST" in out
    assert "NumPy, textbook" in out
    assert out.splitlines()[-1] == str(folder / "index.html")
    assert "\x1b" not in out, "no colours and cursors outside a terminal"


def test_a_run_leaves_results_weights_figures_and_summary(finished):
    folder, record, _ = finished
    assert record["finished_utc"] >= record["started_utc"]
    assert record["data"]["name"] == "scikit-learn digits, not MNIST"
    assert [run["status"] for run in record["runs"]] == ["ok"] * 3
    names = {path.name for path in (folder / "figures").iterdir()}
    assert {"digits.png", "history-numpy-batch-10.svg"} <= names
    assert "not MNIST" in (folder / "summary.md").read_text()
    with np.load(folder / "weights" / "numpy-batch-10-0.npz") as weights:
        shapes = {name: weights[name].shape for name in weights}
    assert shapes == {
        "kernel_1": (784, 30),
        "bias_1": (30,),
        "kernel_2": (30, 10),
        "bias_2": (10,),
    }
    assert not list(folder.rglob("*.part"))


def test_textbook_and_fit_train_the_same_net(finished):
    _, record, _ = finished
    [pair] = record["agreement"]
    assert pair["rows"] == ["numpy-batch-1", "numpy-per-sample"]
    assert pair["max_weight_difference"] < 1e-5
    runs = {run["contender"]: run for run in record["runs"]}
    textbook, fit = runs["numpy-per-sample"], runs["numpy-batch-1"]
    for ours, theirs in zip(fit["epochs"], textbook["epochs"], strict=True):
        for name in ("loss", "accuracy", "val_loss", "val_f1_score"):
            assert ours[name] == pytest.approx(theirs[name], rel=1e-4)
    [gate] = record["gate"]
    assert gate["failed"] == []
    assert gate["updates"] == 20
    assert gate["difference"] < 1e-4


def test_every_row_says_what_it_did(finished):
    _, record, _ = finished
    for run in record["runs"]:
        settings = record["settings"][run["contender"]]
        steps = -(-1197 // settings["batch_size"]) * settings["epochs"]
        assert run["updates"] == steps
        assert run["samples"] == 1197 * settings["epochs"]
        assert len(run["epochs"]) == settings["epochs"]
        training = run["phases"]["training"]["wall"]
        assert sum(epoch["wall"] for epoch in run["epochs"]) == pytest.approx(
            training - run["off_clock"], rel=0.1, abs=0.05
        )
        assert run["wall_seconds"] > training
        assert run["verified"]["dtype"] == "float32"
        assert set(run["verified"]["blas_threads"].values()) == {1}
        if hasattr(os, "sched_setaffinity"):
            assert run["verified"]["cores"] == 1
        assert run["noise"]["sentinel_before"] > 0
        predictions = run["test"]["predictions"]
        assert len(predictions) == record["data"]["test_images"] == 360
        assert run["test"]["accuracy"] > 0.3  # chance: 0.1


def test_report_draws_the_same_again(finished, tmp_path):
    folder, _, _ = finished
    before = (folder / "results.json").read_bytes()
    (folder / "summary.md").unlink()
    (folder / "figures" / "history-numpy-batch-1.svg").unlink()
    done = bench("report", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "summary.md").is_file()
    assert (folder / "figures" / "history-numpy-batch-1.svg").is_file()
    assert (folder / "results.json").read_bytes() == before


@pytest.mark.keras
def test_keras_and_xgboost_run_in_processes_of_their_own(tmp_path):
    names = "numpy-batch-10,keras-batch-10,xgboost"
    folder = tmp_path / "out"
    done = bench("--data", "digits", "--only", names, "--out", folder)
    assert done.returncode == 0, done.stderr
    record = json.loads((folder / "results.json").read_text())
    runs = {run["contender"]: run for run in record["runs"]}
    ours, theirs, xgboost = (runs[name] for name in names.split(","))
    assert [r["status"] for r in record["runs"]] == ["ok"] * 3
    assert record["gate"][0]["failed"] == []
    assert theirs["verified"]["device"].startswith("CPU")
    assert theirs["verified"]["jit_compile"] is False
    assert theirs["updates"] == ours["updates"]
    assert xgboost["phases"]["matrix"]["wall"] > 0
    assert record["agreement"][0]["max_weight_difference"] < 1e-5
    assert ours["test"]["predictions"] == theirs["test"]["predictions"]
    assert sorted(ours["epochs"][0]) == sorted(theirs["epochs"][0])
    assert (
        theirs["phases"]["first step"]["wall"]
        > (theirs["phases"]["second step"]["wall"])
    ), "the first step traces"
    f1 = theirs["test"]
    assert 0 <= f1["per_batch_f1"] < f1["per_batch_f1_best"] < 0.8
    assert xgboost["test"]["accuracy"] > 0.9
    assert xgboost["updates"] is None


def test_mnist_refuses_the_fallback(tmp_path):
    done = bench(
        *("--data", "mnist", "--out", tmp_path / "out"),
        HOME=str(tmp_path),
        http_proxy="http://127.0.0.1:9",
        https_proxy="http://127.0.0.1:9",
    )
    if (ROOT / "data").exists() and done.returncode != 2:
        pytest.skip("MNIST is in data/: nothing to refuse")
    assert done.returncode == 2
    assert "MNIST_DIR" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def worker(monkeypatch, tmp_path, code, **options):
    """Let a run of one contender start this code as its worker."""
    script = tmp_path / "worker.py"
    script.write_text(code)
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
    shim.chmod(0o755)
    monkeypatch.setattr(runner.sys, "executable", str(shim))
    folder = tmp_path / "out"
    (folder / "figures").mkdir(parents=True)
    options = runner.Options(
        TIERS["quick"], select(["xgboost"]), [], "digits", timeout=5, **options
    )
    display = make_display([1.0, 1.0])
    data = runner.find_data(options, folder, display)
    return runner.run(options, data, folder, display)


FAKE = """
import json, os, signal, sys
spec = json.load(sys.stdin)
if spec["task"] == "data":
    print(json.dumps({"result": {"status": "ok", "choice": "digits",
        "name": "n", "source": "s", "sha256": {}, "train_images": 1,
        "test_images": 1}}))
elif spec["task"] == "train":
    ACTION
"""


@pytest.mark.skipif(os.name == "nt", reason="the fake worker is a shell file")
@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL: was there too lit"),
        ("os.kill(os.getpid(), signal.SIGILL)", "SIGILL: this processor lac"),
        (
            "print('{\"epoch\": {', end='', flush=True); "
            "os.kill(os.getpid(), signal.SIGKILL)",
            "SIGKILL: was there too lit",
        ),
        ("sys.exit(3)", "exit code 3; see run.log"),
        ("import time; time.sleep(60)", "no end after 5 s: stopped"),
    ],
)
def test_a_worker_that_dies_becomes_a_row_that_says_so(
    action, message, monkeypatch, tmp_path, capsys
):
    record = worker(monkeypatch, tmp_path, FAKE.replace("ACTION", action))
    [run] = record["runs"]
    assert run["status"] in ("failed", "timed out")
    assert message in run["message"]
    assert record["finished_utc"]
    assert "the figures could not be drawn" in capsys.readouterr().out


STUDY = """
import json, sys
spec = json.load(sys.stdin)
def say(kind, value):
    print(json.dumps({kind: value}), flush=True)
if spec["task"] == "study":
    for key in ("a", "b", "c"):
        if key not in spec["done"]:
            say("variant", {"key": key, "status": "ok", "settings": {}})
            if key == "b" and not spec["done"]:
                sys.exit(3)
    say("result", {"status": "ok"})
elif spec["task"] == "data":
    say("result", {"status": "ok", "choice": "digits", "name": "n",
        "source": "s", "sha256": {}, "train_images": 1, "test_images": 1})
else:
    say("result", {"status": "failed", "message": "m"})
"""


@pytest.mark.skipif(os.name == "nt", reason="the fake worker is a shell file")
def test_a_study_cut_short_keeps_its_nets_and_goes_on(monkeypatch, tmp_path):
    """Each net is written down when it is trained, and trained once."""
    record = worker(monkeypatch, tmp_path, STUDY, extras=("study",))
    assert record["study"]["status"] == "failed"
    assert "exit code 3" in record["study"]["message"]
    assert [v["key"] for v in record["study"]["variants"]] == ["a", "b"]
    folder = tmp_path / "out"
    assert results.read(folder) == record
    assert [e["task"] for e in runner.extras(record)] == ["study"]
    again = runner.go_on(record, None, folder, make_display([1.0]))
    assert again["study"]["status"] == "ok"
    assert [v["key"] for v in again["study"]["variants"]] == ["a", "b", "c"]
    assert runner.extras(again) == []


def test_a_library_that_is_not_installed_is_named(monkeypatch, tmp_path):
    """Without TensorFlow the Keras rows say so, and the rest runs."""
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(
        "raise ModuleNotFoundError('No module', name='tensorflow')"
    )
    done = bench(
        *("--data", "digits", "--only", "keras-batch-10,numpy-batch-10"),
        *("--out", tmp_path / "out"),
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert "the Python package tensorflow is not installed" in done.stdout
    record = json.loads((tmp_path / "out" / "results.json").read_text())
    status = {r["contender"]: r["status"] for r in record["runs"]}
    assert status == {
        "numpy-batch-10": "ok",
        "keras-batch-10": "not installed",
    }


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_finished_rows_and_leaves_no_process(sign, tmp_path):
    folder = tmp_path / "out"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "benchmarks", "--data", "digits"),
            *("--only", "numpy-batch-10,xgboost", "--out", str(folder)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        for line in process.stdout:
            if line.startswith(("XGBoost", "NumPy")) and "test" in line:
                break  # one row is finished
        process.send_signal(sign)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.startswith("stopped; the finished rows are kept")
    record = json.loads((folder / "results.json").read_text())
    assert len(record["runs"]) == 1
    assert record["finished_utc"] is None
    kept = record["runs"][0]
    done = bench("--resume", folder)
    assert done.returncode == 0, done.stderr
    assert "1 of 2 runs are left" in done.stdout
    record = json.loads((folder / "results.json").read_text())
    assert record["runs"][0] == kept, "a finished run is not done again"
    assert len(record["runs"]) == 2
    assert record["finished_utc"]
    again = bench("--resume", folder)
    assert "0 of 2 runs are left" in again.stdout


def test_a_failed_row_makes_the_exit_code_1(monkeypatch, tmp_path, capsys):
    """The rows are kept; the caller is told."""
    failed = {
        **{"task": "train", "contender": "xgboost", "round": 0, "order": 0},
        **{"status": "failed", "message": "m", "wall_seconds": 1.0},
    }

    def run(options, data, folder, display):
        record = runner._new_record(options, folder, data)
        return record | {"runs": [failed]}

    monkeypatch.setattr(runner, "run", run)
    data = {
        **{"name": "n", "source": "s", "choice": "digits", "sha256": {}},
        **{"train_images": 1, "test_images": 1},
    }
    monkeypatch.setattr(runner, "find_data", lambda *arguments: data)
    arguments = ["--only", "xgboost", "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    assert "failed" in capsys.readouterr().out
    assert (tmp_path / "out" / "summary.md").is_file()


def test_workers_get_threads_and_a_hidden_gpu_before_any_import():
    environment = pin.environment(3, "cpu")
    for name in ("OMP", "OPENBLAS", "MKL"):
        assert environment[f"{name}_NUM_THREADS"] == "3"
    for name in ("INTRAOP", "INTEROP"):
        assert environment[f"TF_NUM_{name}_THREADS"] == "3"
    assert environment["CUDA_VISIBLE_DEVICES"] == "-1"


def test_the_seed_reaches_weights_and_orders(rng):
    data = samples(rng)

    def weights(seed):
        return numpy_nets.fit(job("assignment_net", data, seed)).weights[0]

    assert np.array_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1), weights(2))
    options = runner.Options(TIERS["quick"], select(["xgboost"]), [], seed=7)
    entry = {"task": "train", "contender": "xgboost", "round": 2}
    data = {"choice": "digits"}
    record = runner._new_record(options, Path("folder"), data)
    assert runner._of_entry(record, entry)["seed"] == 9


def job(net, data, seed=0, **more):
    contender = Contender("n", "t", "a", net, 10, 2)
    return common.Job(contender, data, seed, say=lambda entry: None, **more)


def test_every_round_holds_every_row_in_another_order():
    rows = [("train", name) for name in "abcdefgh"]
    plan = schedule.plan(rows, 3, seed=1)
    assert plan == schedule.plan(rows, 3, seed=1)
    rounds = [
        [e["contender"] for e in plan if e["round"] == n] for n in range(3)
    ]
    assert all(sorted(r) == list("abcdefgh") for r in rounds)
    assert rounds[0] != rounds[1] != rounds[2]
    assert [e["round"] for e in plan] == [0] * 8 + [1] * 8 + [2] * 8


def test_every_model_is_judged_alike():
    """Three images of two classes: accuracy 2/3, F1 worked by hand."""
    labels = np.array([0, 0, 1])
    outputs = np.eye(10)[[0, 1, 1]]
    test = judging.judge(labels, outputs)
    assert test["accuracy"] == pytest.approx(2 / 3)
    assert test["f1_weighted"] == pytest.approx(2 / 3)
    assert test["f1_macro"] == pytest.approx(2 / 3)
    assert test["predictions"] == "011"
    of_labels = judging.judge(labels, outputs.argmax(axis=1))
    assert of_labels == {k: test[k] for k in of_labels}
    third = judging.judge(np.array([0, 0, 0, 1]), np.eye(10)[[0, 0, 1, 1]])
    assert third["f1_weighted"] == pytest.approx((3 * 0.8 + 2 / 3) / 4)
    assert third["f1_macro"] == pytest.approx((0.8 + 2 / 3) / 2)


@pytest.mark.parametrize("batch_size", [1, 7, 10])
@pytest.mark.keras
def test_the_f1_by_batches_is_that_of_the_assignment(batch_size, rng):
    """In NumPy here and in Keras's words there; a short last batch, too."""
    from keras_net.metrics import per_batch_f1

    y = np.eye(10)[rng.integers(0, 10, 43)]
    outputs = np.clip(0.6 * y + rng.uniform(0, 0.7, y.shape), 0, 1)
    starts = range(0, 43, batch_size)
    theirs = [
        float(per_batch_f1(y[i : i + batch_size], outputs[i : i + batch_size]))
        for i in starts
    ]
    ours = judging.per_batch_f1(y, outputs, batch_size)
    assert ours == pytest.approx(np.mean(theirs), rel=1e-6)
    assert 0.05 < ours < 0.95


def test_the_ceiling_is_what_perfect_outputs_score(rng):
    """On random batches; by the formula 0.651 at 10 and 0.1 at 1."""
    y = np.eye(10)[rng.integers(0, 10, 20_000)]
    for size, value in ((1, 0.1), (10, 0.6513), (50, 0.9948)):
        assert judging.ceiling([0.1] * 10, size) == pytest.approx(
            value, abs=1e-4
        )
        scored = judging.per_batch_f1(y, y, size)
        assert scored == pytest.approx(value, abs=0.01)


def test_agreement_compares_every_array_of_the_right_rows(tmp_path):
    names = ("numpy-per-sample", "numpy-batch-1")
    for name, last in zip(names, (1.0, 1.5), strict=True):
        arrays = [np.ones((2, 2)), np.zeros(2), np.ones(2), np.full(2, last)]
        spec = {"contender": name, "round": 0}
        tasks.save_weights(tmp_path, spec, arrays)
    runs = [
        {"contender": name, "round": 0, "status": "ok", "epochs": [{}]}
        for name in names
    ]
    record = {"runs": runs, "contenders": list(names)}
    [pair] = tasks._agreement(tmp_path, record)
    assert pair == {"rows": list(names[::-1]), "max_weight_difference": 0.5}


def samples(rng, n=40):
    y = np.eye(10, dtype="float32")[rng.integers(0, 10, n)]
    x = rng.uniform(0, 1, (n, 28, 28)).astype("float32")
    return common.Samples(x, y, x[:10], y[:10])


@pytest.mark.parametrize(
    ("adapter", "net", "pixel"),
    [
        (numpy_nets.per_sample, "assignment_net", np.nan),
        (numpy_nets.fit, "custom_net", 1e38),
        pytest.param(
            keras_nets.fit, "custom_net", 1e38, marks=pytest.mark.keras
        ),
    ],
)
def test_a_net_that_diverges_stops_with_epoch_and_hint(
    adapter, net, pixel, rng
):
    data = samples(rng)
    data.x[12] = pixel
    # Keras's loss stays finite on some processors; its weights do not.
    message = r"(loss|weight) became .*(nan|inf) in epoch 1.*: .*learning_rate"
    with pytest.raises(FloatingPointError, match=message):
        adapter(job(net, data, warm=False))


def test_the_validation_part_is_the_last_sixth(rng):
    labels = rng.integers(0, 10, 60).astype("uint8")
    images = np.repeat(np.arange(60, dtype="uint8"), 784).reshape(60, 28, 28)
    data = Dataset("d", "s", {}, 1, images, labels, images, labels)
    x, y, x_val, y_val = split(data)
    assert x[:, 0, 0].tolist() == list(range(50))
    assert x_val[:, 0, 0].tolist() == list(range(50, 60))
    assert np.array_equal(y.argmax(axis=1), labels[:50])
    assert np.array_equal(y_val.argmax(axis=1), labels[50:])


@pytest.mark.keras
def test_keras_is_handed_the_orders_that_numpy_net_draws(rng):
    """Every epoch another order, all samples, the last batch a short one."""
    data = samples(rng, 23)
    contender = Contender("n", "t", "a", "assignment_net", 10, 3)
    orders = common.Job(contender, data, 5).orders()
    batches = list(keras_nets.batches(data, orders, 10))
    assert [len(x) for x, _ in batches] == [10, 10, 3] * 3
    got = np.concatenate([x for x, _ in batches])
    assert np.array_equal(got, data.x[orders.ravel()])
    assert not np.array_equal(orders[0], orders[1])
    utils.set_random_seed(5)
    assert np.array_equal(orders[0], utils.generator().permutation(23))
