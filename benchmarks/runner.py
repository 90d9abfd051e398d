"""The parent process: one worker after another, results.json after each.

It imports neither NumPy nor Keras, so that nothing of the one contender
can be there before the other.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import IO, Any

from benchmarks import machine, results
from benchmarks.contenders import Contender, Tier
from benchmarks.display import Display
from benchmarks.errors import InputError
from benchmarks.results import ROOT, Record


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    tier: Tier
    contenders: list[Contender]
    data: str
    data_dir: str | None
    seed: int
    threads: int


def find_data(
    options: Options, folder: Path, display: Display
) -> dict[str, Any]:
    """Find the data and draw four digits; InputError if there are none."""
    with _log(folder) as log:
        data = _worker(
            {"task": "data"} | _spec(options, folder), log, display
        )
    if data["status"] != "ok":
        if data["status"] == "bad input":  # nothing but our empty folder
            results.discard(folder)
        raise InputError(data["message"])
    display.say(
        f"data: {data['name']} (from {data['source']}); four of them are "
        f"in {folder / 'figures' / 'digits.png'}"
    )
    return data


def run(
    options: Options, data: dict[str, Any], folder: Path, display: Display
) -> Record:
    """Train every contender; return the record that results.json holds."""
    record = _new_record(options, folder, data)
    results.write(folder, record)
    # What was found serves every row: nobody looks, or downloads, again.
    spec = _spec(options, folder) | {"data": data["choice"]}
    with _log(folder) as log:
        for contender in options.contenders:
            display.start(contender)
            task = {"task": "train", "contender": contender.name}
            start = perf_counter()
            done = _worker(task | spec, log, display)
            done["wall_seconds"] = perf_counter() - start
            record["runs"].append({"contender": contender.name} | done)
            results.write(folder, record)
            display.finish(done)
        compared = _worker({"task": "compare"} | spec, log, display)
    if compared["status"] != "ok":
        display.say(f"weights were not compared: {compared['message']}")
    record["agreement"] = compared.get("agreement")
    record["finished_utc"] = results.now()
    results.write(folder, record)
    draw(folder, display)
    return record


def draw(folder: Path, display: Display) -> bool:
    """Draw the figures of a run from its results.json, without training."""
    spec = {"task": "draw", "folder": str(folder.resolve()), "threads": 1}
    with _log(folder) as log:
        done = _worker(spec, log, display)
    if done["status"] != "ok":
        display.say(f"the figures could not be drawn: {done['message']}")
    return bool(done["status"] == "ok")


def _log(folder: Path) -> IO[str]:
    """What libraries print goes to run.log."""
    return (folder / "run.log").open("a", encoding="utf-8")


def _spec(options: Options, folder: Path) -> dict[str, Any]:
    """What every worker of this run is told."""
    return {
        "folder": str(folder.resolve()),
        "data": options.data,
        "data_dir": options.data_dir,
        "n_train": options.tier.n_train,
        "n_test": options.tier.n_test,
        "seed": options.seed,
        "threads": options.threads,
    }


def _new_record(
    options: Options, folder: Path, data: dict[str, Any]
) -> Record:
    return {
        "schema": results.SCHEMA,
        "id": folder.resolve().name,
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "started_utc": results.now(),
        "finished_utc": None,
        "tier": options.tier.name,
        "note": options.tier.note,
        "seed": options.seed,
        "threads": options.threads,
        "machine": machine.describe(),
        "data": {k: v for k, v in data.items() if k != "status"},
        "contenders": [c.name for c in options.contenders],
        "settings": {c.name: asdict(c) for c in options.contenders},
        "runs": [],
        "agreement": [],
    }


def _worker(
    spec: dict[str, Any], log: IO[str], display: Display
) -> dict[str, Any]:
    """Run one worker to its end; return its result, or what became of it."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        encoding="utf-8",
        env=_environment(spec["threads"]),
    ) as process:
        try:
            result = _talk(process, spec, display)
        except BaseException:  # Ctrl-C, say: leave no process behind
            process.kill()
            raise
    return result or {
        "status": "failed",
        "message": f"{_ending(process.returncode)}; see run.log",
    }


def _talk(
    process: subprocess.Popen[str], spec: dict[str, Any], display: Display
) -> dict[str, Any] | None:
    """Give the worker its task, show its progress, return its result."""
    assert process.stdin is not None
    assert process.stdout is not None
    on_the_way: dict[str, Callable[[Any], None]] = {
        "say": display.say,
        "epoch": display.epoch,
    }
    result = None
    with suppress(BrokenPipeError), process.stdin as stdin:
        json.dump(spec, stdin)
    for line in process.stdout:
        [(kind, value)] = json.loads(line).items()
        if kind == "result":
            result = value
        else:
            on_the_way[kind](value)
    return result


def _ending(code: int) -> str:
    """Say how a process ended that gave no result."""
    if code >= 0:
        return f"its process ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hints = {
        "SIGKILL": ": was there too little memory?",
        "SIGILL": ": this processor lacks an instruction (AVX) that it uses",
    }
    return f"its process was ended by {name}{hints.get(name, '')}"


def _environment(threads: int) -> dict[str, str]:
    """The worker's environment: set before it imports anything."""
    count = str(threads)
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "VECLIB_MAXIMUM_THREADS": count,
        "TF_NUM_INTRAOP_THREADS": count,
        "TF_NUM_INTEROP_THREADS": count,
        "CUDA_VISIBLE_DEVICES": "-1",  # NumPy has no GPU: none for anyone
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "MPLBACKEND": "Agg",
    }
