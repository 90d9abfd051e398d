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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.data import dataset as data
from benchmarks.measure import engine as places
from benchmarks.record import machine
from benchmarks.report.table import three_digits
from benchmarks.run import search

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
        dashboard_address=":0",
    ) as local:
        yield local


@contextmanager
def engine(name: str, *shared: Any) -> Iterator[Any]:
    """joblib set to one of ENGINES; gives Dask's client, if there is one."""
    if name == "serial":
        with places.here(1):
            yield None
    elif name == "processes":
        with places.here(2):
            yield None
    else:
        with (
            cluster() as local,
            places.on_dask(local.scheduler_address, *shared) as client,
        ):
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


def grid_scores(X: Any, y: Any, cv: Any) -> list[float]:
    found = search.searched("numpy", X, y, cv).cv_results_
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


def xgboost_both(
    X: Any, y: Any, X_test: Any, max_bin: int = 256
) -> dict[str, Any]:
    """The same trees here and over the workers: how far do they agree?"""
    import dask.array as da
    from xgboost import XGBClassifier
    from xgboost.dask import DaskXGBClassifier

    settings = {"n_estimators": 20, "max_bin": max_bin, "random_state": 0}
    start = time.perf_counter()
    here = XGBClassifier(n_jobs=1, **settings).fit(X, y)
    alone = time.perf_counter() - start
    with engine("dask") as client:
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
    }


def measure() -> dict[str, Any]:
    material = search.Material.of(data.load("mnist").first(IMAGES, 2_000))
    X, y, cv = material.X, material.labels, material.folds
    found: dict[str, Any] = {
        "images": IMAGES,
        "machine": machine.describe(),
        "joblib": metadata.version("joblib"),
        "engines": {},
    }
    for name in ENGINES:
        print(f"{name} ...", flush=True)
        with engine(name, *material.arrays()) as client:
            one_net(X, y)  # the imports of a worker are on no clock
            killing = (
                one_worker_killed(client, 2.0)
                if name == "killed"
                else contextlib.nullcontext({})
            )
            entry: dict[str, Any] = {}
            with killing as killed:
                _timed(entry, "grid", lambda: grid_scores(X, y, cv))
            entry["killed"] = bool(killed)
            _timed(
                entry,
                "sweep",
                lambda: search.sweeps(
                    material.samples, material.test, lambda line: None
                ),
            )
            seconds = []
            for _ in range(TIMES):
                _timed(entry, "one", lambda: one_net(X, y))
                seconds.append(entry["one_seconds"])
            entry["one_seconds"] = median(seconds)
        found["engines"][name] = entry
    print("xgboost ...", flush=True)
    images = material.test[0]
    rows = images.reshape(len(images), -1)
    found["xgboost"] = {
        str(shades): xgboost_both(X, y, rows, shades) for shades in (256, 16)
    }
    return found


def _timed(entry: dict[str, Any], name: str, what: Callable[[], Any]) -> None:
    start = time.perf_counter()
    entry[name] = what()
    entry[f"{name}_seconds"] = time.perf_counter() - start


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
    here, trees = record["machine"], record["xgboost"]
    alone, shared = map(three_digits, trees["256"]["seconds"])
    lines += [
        "",
        f"{record['images']:,} images of MNIST on {here['processor']}, "
        f"{here['cores']} cores; one net is the median of {TIMES}, the "
        f"others were timed once, with the workers already started.",
        "",
        f"XGBoost by `xgboost.dask`: {alone} s in this process, {shared} s "
        f"over the two workers, which must agree on every split; "
        f"{_agreement(trees['256'])}. Its default of 256 shades gives every "
        f"value of a pixel a shade of its own. With 16, the cuts that each "
        f"worker finds in its own images are merged and are others than "
        f"those of all images: {_agreement(trees['16'])}.",
        "",
        f"Made by `python -m tests.engines` with joblib {record['joblib']}.",
        "",
    ]
    return "\n".join(lines)


def _agreement(trees: dict[str, Any]) -> str:
    largest = trees["largest_difference"]
    if largest == 0:
        return "the probabilities are equal to the last bit"
    return (
        f"the probabilities differ by up to {largest:.2g}, and "
        f"{trees['equal_answers']:.1%} of the answers are equal"
    )


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
