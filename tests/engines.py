"""One search on four engines: are the results equal, and what is gained?

    python -m tests.engines

Runs the grid search over the NumPy net and the sweeps of question 3.3.4
serially, by joblib's processes, and on a local Dask cluster of two workers,
once more with one of them killed on the way; a single net in the same
places; and XGBoost with and without xgboost.dask. Writes docs/engines.json
and, from it, the tables of docs/ecosystem.md; tests/test_search.py holds
both. Needs MNIST_DIR, and a machine on which nothing else runs.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import data, machine, search
from benchmarks.adapters.common import Samples
from benchmarks.table import three_digits

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "engines.json"
PAGE = ROOT / "docs" / "ecosystem.md"
MARKS = ("<!-- engines -->\n", "<!-- /engines -->\n")
IMAGES, TIMES = 6_000, 5
ENGINES = {
    "serial": "this process",
    "processes": "two processes",
    "dask": "two Dask workers",
    "killed": "two Dask workers, one killed on the way",
}


@contextmanager
def cluster() -> Iterator[Any]:
    """Two workers on this machine, each a process with one thread."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
    ) as local:
        yield local


@contextmanager
def engine(name: str) -> Iterator[Any]:
    """joblib set to one of ENGINES; gives Dask's client, if there is one."""
    if name == "serial":
        with search.here(1):
            yield None
    elif name == "processes":
        with search.here(2):
            yield None
    else:
        with cluster() as local, search.on_dask(
            local.scheduler_address
        ) as client:
            yield client


@contextmanager
def one_worker_killed(client: Any, after: float) -> Iterator[dict[str, int]]:
    """SIGKILL one worker so many seconds after the start."""
    done: dict[str, int] = {}

    def kill() -> None:
        pids = client.run(os.getpid)
        done["pid"] = next(iter(pids.values()))
        os.kill(done["pid"], signal.SIGKILL)

    timer = threading.Timer(after, kill)
    timer.start()
    try:
        yield done
    finally:
        timer.cancel()
        timer.join()


def grid_scores(X: Any, y: Any) -> list[float]:
    found = search.searched("numpy", X, y).cv_results_
    return [float(score) for score in found["mean_test_score"]]


def one_net(X: Any, y: Any) -> float:
    """A single fit, sent where joblib is set to; its accuracy."""
    from joblib import Parallel, delayed

    [score] = Parallel()([delayed(fit_one)(X, y)])
    return float(score)


def fit_one(X: Any, y: Any) -> float:
    from numpy_net.wrappers import SKLearnClassifier

    net = SKLearnClassifier(
        search.numpy_net,
        model_kwargs={"units": 30, "learning_rate": 0.3},
        fit_kwargs={"epochs": 5, "batch_size": 10},
        random_state=0,
    )
    return float(net.fit(X, y).score(X, y))


def xgboost_both(X: Any, y: Any, X_test: Any) -> dict[str, Any]:
    """The same trees here and over the workers: how far do they agree?"""
    import dask.array as da
    from xgboost import XGBClassifier
    from xgboost.dask import DaskXGBClassifier

    settings = {"n_estimators": 20, "max_bin": 16, "random_state": 0}
    start = time.perf_counter()
    here = XGBClassifier(n_jobs=1, **settings).fit(X, y)
    alone = time.perf_counter() - start
    with cluster() as local, search.on_dask(
        local.scheduler_address
    ) as client:
        half = -(-len(X) // 2)
        start = time.perf_counter()
        there = DaskXGBClassifier(n_jobs=1, **settings)
        there.client = client
        there.fit(
            da.from_array(X, chunks=(half, X.shape[1])),
            da.from_array(y, chunks=half),
        )
        shared = time.perf_counter() - start
        model = there.get_booster()
    from xgboost import DMatrix

    ours = here.predict_proba(X_test)
    theirs = model.predict(DMatrix(X_test))
    return {
        "seconds": [alone, shared],
        "largest_difference": float(np.abs(ours - theirs).max()),
        "equal_answers": float(
            np.mean(ours.argmax(axis=1) == theirs.argmax(axis=1))
        ),
        "probabilities": [ours, theirs],
    }


def measure() -> dict[str, Any]:
    dataset = data.load("mnist").first(IMAGES, 2_000)
    images = dataset.scaled(dataset.x_train)
    X, y = images.reshape(len(images), -1), dataset.y_train
    samples = Samples(*data.split(dataset))
    test = (dataset.scaled(dataset.x_test), dataset.y_test)
    found: dict[str, Any] = {
        "images": IMAGES,
        "machine": machine.describe(),
        "engines": {},
    }
    for name in ENGINES:
        print(f"{name} ...", flush=True)
        with engine(name) as client:
            grid_scores(X[:200], y[:200])  # every worker has its imports
            killing = (
                one_worker_killed(client, 2.0)
                if name == "killed"
                else contextlib.nullcontext({})
            )
            start = time.perf_counter()
            with killing as killed:
                grid = grid_scores(X, y)
            entry = {
                "grid_seconds": time.perf_counter() - start,
                "grid": grid,
                "killed": bool(killed),
            }
            start = time.perf_counter()
            entry["sweep"] = search.sweeps(samples, test, lambda line: None)
            entry["sweep_seconds"] = time.perf_counter() - start
            seconds = []
            for _ in range(TIMES):
                start = time.perf_counter()
                entry["one"] = one_net(X, y)
                seconds.append(time.perf_counter() - start)
            entry["one_seconds"] = median(seconds)
        found["engines"][name] = entry
    print("xgboost ...", flush=True)
    both = xgboost_both(X, y, test[0].reshape(len(test[0]), -1))
    both.pop("probabilities")
    found["xgboost"] = both
    return found


def equal(record: dict[str, Any], name: str) -> bool:
    """Whether an engine gave every score that the serial search gave."""
    one, other = record["engines"]["serial"], record["engines"][name]
    return all(one[key] == other[key] for key in ("grid", "sweep", "one"))


def table(record: dict[str, Any]) -> str:
    """What stands between MARKS in docs/ecosystem.md."""
    serial = record["engines"]["serial"]
    lines = [
        "| where | one net, s | 18 fits of a grid, s | "
        f"{len(serial['sweep'])} nets of question 3.3.4, s | "
        "scores equal the serial ones |",
        "|---|---:|---:|---:|---|",
    ]
    for name, title in ENGINES.items():
        entry = record["engines"][name]
        seconds = (
            three_digits(entry[f"{key}_seconds"])
            for key in ("one", "grid", "sweep")
        )
        verdict = "yes, to the last bit" if equal(record, name) else "NO"
        lines.append(f"| {title} | {' | '.join(seconds)} | {verdict} |")
    trees = record["xgboost"]
    alone, shared = map(three_digits, trees["seconds"])
    packages = record["machine"]["packages"]
    lines += [
        "",
        f"{record['images']:,} images of MNIST on "
        f"{record['machine']['cpu']}, {record['machine']['cores']} cores; "
        f"one net is the median of {TIMES}, the others were timed once, with "
        f"the workers already started. XGBoost, {alone} s in this process, "
        f"takes {shared} s over the two workers by `xgboost.dask`; its "
        f"probabilities differ by at most "
        f"{trees['largest_difference']:.1e}, and "
        f"{trees['equal_answers']:.1%} of the answers are equal: the "
        f"workers sum gradients in another order and cut the pixels into "
        f"shades by a merged sketch. Made by `python -m tests.engines` with "
        f"joblib {packages['joblib']}.",
        "",
    ]
    return "\n".join(lines)


def written(page: str, record: dict[str, Any]) -> str:
    """The page with the tables of this record in it."""
    before, _, rest = page.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return before + MARKS[0] + "\n" + table(record) + "\n" + MARKS[1] + after


def main() -> int:
    record = measure()
    FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(written(page, record), encoding="utf-8")
    print(table(record))
    return int(not all(equal(record, name) for name in ENGINES))


if __name__ == "__main__":
    sys.exit(main())
