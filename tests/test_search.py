"""A search on many machines gives what it gives on one, kills included."""

import json
import re
import socketserver
import threading

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmarks.__main__ import main
from benchmarks.measure import engine, study_runs
from benchmarks.measure.job import Samples
from benchmarks.run import search
from numpy_net import config
from tests import engines

distributed = pytest.importorskip("distributed", reason="no Dask here")
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*worker stopped while some jobs:UserWarning"  # loky
)


@pytest.fixture(scope="module")
def small():
    """Rows of scikit-learn's digits: the grid's fits take a moment each."""
    X, y = load_digits(return_X_y=True)
    X, y = (X[:600] / 16).astype("float32"), y[:600]
    return X, y, search.folds(X, y)


def shared(X, y, cv):
    return [X, y, *(rows for fold in cv for rows in fold)]


@pytest.fixture(scope="module")
def client():
    with engines.engine("dask") as client:
        yield client


@pytest.fixture(scope="module")
def serial(small):
    """In float32, as on the workers: the setting is a process's own."""
    config.set_floatx("float32")
    try:
        with engine.here(1):
            return engines.grid_scores(*small)
    finally:
        config.set_floatx("float64")


@pytest.fixture(autouse=True)
def _float32(_float64):
    config.set_floatx("float32")


def test_processes_give_the_scores_of_one(small, serial):
    with engine.here(2):
        assert engines.grid_scores(*small) == serial


def test_two_dask_workers_give_the_scores_of_one(small, serial, client):
    assert len(client.scheduler_info()["workers"]) == 2
    assert engines.grid_scores(*small) == serial


def test_the_sweep_of_question_3_3_4_on_dask_is_the_serial_one(rng, client):
    """Every number of every net, not the accuracy alone."""
    y = np.eye(10, dtype="float32")[rng.integers(0, 10, 60)]
    x = rng.uniform(0, 1, (60, 28, 28)).astype("float32")
    samples = Samples(x[:40], y[:40], x[40:50], y[40:50])
    test = (x[50:], y[50:].argmax(axis=1))
    nets = [v for sweep in search.study.SWEEPS for _, v in sweep.variants]
    nets = list({v.key: v for v in nets}.values())
    there = {
        found["key"]: found
        for found in study_runs.train_all(nets, samples, test)
    }
    with engine.here(1):
        here = {
            found["key"]: found
            for found in study_runs.train_all(nets, samples, test)
        }
    assert here == there


def test_a_worker_killed_on_the_way_changes_nothing(small, serial):
    with engines.engine("dask", *shared(*small)) as client:
        pids = set(client.run(engines.os.getpid).values())
        with engines.one_worker_killed(client, 0.2) as killed:
            scores = engines.grid_scores(*small)
        client.wait_for_workers(2, timeout=60)
        after = set(client.run(engines.os.getpid).values())
    assert killed["pid"] in pids - after, "nobody was killed"
    assert scores == serial


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # xgboost's own
def test_xgboost_on_two_workers_is_equal_within_its_promise(small):
    """With a shade for every value: equal, but for the order of sums."""
    X, y, _ = small
    found = engines.xgboost_both(X, y, X)
    assert found["largest_difference"] < 1e-5
    assert found["equal_answers"] == 1


@pytest.mark.keras
def test_keras_searches_on_dask_as_here(small, client):
    X, y = small[0][:200], small[1][:200]
    cv = search.folds(X, y)[:1]
    there = search.searched("keras", X, y, cv).cv_results_
    with engine.here(1):
        here = search.searched("keras", X, y, cv).cv_results_
    name = "mean_test_score"
    assert here[name].tolist() == there[name].tolist()


def test_the_command_searches_on_a_cluster(client, capsys):
    address = client.scheduler.address
    arguments = ["--data", "digits", "--images", "300", "--only", "numpy"]
    assert main(["search", "--scheduler", address, *arguments]) == 0
    there = capsys.readouterr().out
    assert address in there
    assert main(["search", "--processes", "1", *arguments]) == 0
    here = capsys.readouterr().out
    rows = re.compile(r"units \d+, learning_rate \S+ +\d\.\d{4}")
    assert rows.findall(there) == rows.findall(here)
    assert len(rows.findall(here)) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "numpy,trees"], "--only: expected some of sweep, numpy,"),
        (["--images", "99"], "--images: expected a whole number from 100"),
        (["--processes", "0"], "--processes: expected a whole number from 1"),
        (["--scheduler", "nowhere"], "no Dask scheduler answers there (mis"),
        (["--data", "mnist", "--data-dir", "/no"], "/no"),
    ],
)
def test_bad_input_is_one_line(arguments, message, capsys):
    try:
        code = main(["search", "--data", "digits", *arguments])
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.count("\n") == 1


def test_a_server_that_is_not_dask_is_one_line(capsys):
    with socketserver.TCPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = "tcp://127.0.0.1:{1}".format(*server.server_address)
        arguments = ["--scheduler", address]
        assert main(["search", "--data", "digits", *arguments]) == 2
        server.shutdown()
    error = capsys.readouterr().err
    assert "no Dask scheduler answers there" in error


class Web(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("where", ["==", "!="], ids=["scheduler", "worker"])
def test_who_lacks_the_project_is_told_in_one_line(where, monkeypatch, capsys):
    """joblib would wait for ever. The scheduler is in this process."""
    me = engines.os.getpid()
    monkeypatch.setattr(
        engine,
        "PROBE",
        f"import os\nif os.getpid() {where} {me}: import no_such_project",
    )
    with engines.cluster() as local:
        arguments = ["--scheduler", local.scheduler_address]
        assert main(["search", "--data", "digits", *arguments]) == 2
    error = capsys.readouterr().err
    assert "worker cannot import this project" in error
    assert "no_such_project" in error


def test_workers_of_several_threads_are_refused(capsys):
    """Two fits in one process would draw from one seed of Keras's."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, dashboard_address=":0"
    ) as local:
        arguments = ["--scheduler", local.scheduler_address]
        assert main(["search", "--data", "digits", *arguments]) == 2
    assert "more than one thread" in capsys.readouterr().err


def test_a_search_whose_fits_fail_is_one_line(monkeypatch, capsys):
    def broken(X, y, **settings):
        raise ValueError("broken on purpose")

    monkeypatch.setattr(search, "numpy_net", broken)
    arguments = ["--data", "digits", "--only", "numpy", "--processes", "1"]
    assert main(["search", *arguments]) == 2
    error = capsys.readouterr().err
    assert "the fits of numpy failed" in error
    assert "broken on purpose" in error
    assert error.count("\n") == 1


def test_a_cluster_without_workers_is_one_line(capsys):
    with distributed.LocalCluster(
        n_workers=0, dashboard_address=":0"
    ) as empty:
        arguments = ["--scheduler", empty.scheduler_address]
        assert main(["search", "--data", "digits", *arguments]) == 2
    assert "it has no workers; start one with" in capsys.readouterr().err


def test_the_docs_show_what_was_measured():
    record = json.loads(engines.FILE.read_text(encoding="utf-8"))
    page = engines.PAGE.read_text(encoding="utf-8")
    assert engines.written(page, record) == page
    assert all(engines.equal(record, name) for name in engines.ENGINES)
    assert record["engines"]["killed"]["killed"]


def test_one_net_was_not_faster_on_more_machines():
    """The docs say so; the figures that were measured must bear it out."""
    record = json.loads(engines.FILE.read_text(encoding="utf-8"))["engines"]
    one = record["serial"]["one_seconds"]
    for name in ("processes", "dask"):
        assert record[name]["one_seconds"] > 0.9 * one
        assert record[name]["grid_seconds"] < record["serial"]["grid_seconds"]


def test_the_example_of_the_docs_is_a_search_that_runs(small):
    text = engines.PAGE.read_text(encoding="utf-8")
    [code, *_] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict = {"X": small[0], "y": small[1]}
    exec(code, names)
    assert names["search"].best_score_ > 0.8
