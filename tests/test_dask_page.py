"""docs/dask.md does what it says: equal scores, with a worker killed too."""

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

distributed = pytest.importorskip(
    "distributed", reason="Dask is not installed: pip install distributed"
)
PAGE = Path(__file__).parents[1] / "docs" / "dask.md"


@pytest.fixture(scope="module")
def page():
    """The names that the code of the page defines."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(code.splitlines()) <= 50
    names = {}
    exec(compile(code, PAGE, "exec"), names)
    return names


def scores(search):
    results = search.cv_results_
    return [results[f"split{fold}_test_score"].tolist() for fold in range(5)]


def kill_one(cluster, killed):
    """End one worker process when fits have begun to come back."""
    time.sleep(1.0)
    pid = next(iter(cluster.workers.values())).pid
    os.kill(pid, signal.SIGKILL)
    killed.append(pid)


@pytest.mark.filterwarnings("ignore")  # of Dask's: a worker went away
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_search_on_two_workers_is_the_serial_one_with_one_killed_too(page):
    X, y = load_digits(return_X_y=True)
    X, y = (X[:600] / 16).astype("float32"), y[:600]
    folds = list(StratifiedKFold(5).split(X, y))
    serial = scores(page["grid"](folds).fit(X, y))
    killed = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        killer = threading.Thread(target=kill_one, args=(cluster, killed))
        killer.start()
        there = scores(page["search"](cluster.scheduler_address, X, y))
        assert killed, "the search was over before a worker was killed"
    assert there == serial
