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
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import IO, Any

from benchmarks.measure import pin
from benchmarks.record import machine, results
from benchmarks.record.errors import InputError
from benchmarks.record.results import Record
from benchmarks.report import code_lines
from benchmarks.rows.contenders import Contender, Tier, is_added, select
from benchmarks.run import schedule
from benchmarks.run.display import Display

TIMEOUT = 7200.0  # seconds; the longest row takes some minutes


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    train, step  the rows to train, and those to sweep for the cost of a
                 step
    epochs       in place of each row's own
    until        stop a training at this validation accuracy, by net
    extras       what is done besides the rows: names of contenders.EXTRAS
    """

    tier: Tier
    train: list[Contender]
    step: list[Contender]
    data: str = "auto"
    data_dir: str | None = None
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    rounds: int = 1
    epochs: int | None = None
    until: dict[str, float] | None = None
    extras: tuple[str, ...] = ()
    points: tuple[tuple[int, int], ...] = ()
    blocks: int = 3
    timeout: float = TIMEOUT


def find_data(
    options: Options,
    folder: Path,
    display: Display,
    sums: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Find the data and draw four digits; InputError if there are none.

    sums  draw no digits of data with other sums
    """
    spec = {"task": "data", "sums": sums} | _spec(options, folder)
    with _log(folder) as log:
        data = _worker(spec, log, display)
    if data["status"] != "ok":
        raise InputError(data["message"])
    display.say(
        f"data: {data['name']} (from {data['source']}); four of them are "
        f"in {folder / 'figures' / 'digits.png'}"
    )
    return data


def require_gpu(options: Options, folder: Path, display: Display) -> None:
    """Refuse --device gpu in one line where nothing could use one."""
    with _log(folder) as log:
        found = _worker({"task": "gpu"} | _spec(options, folder), log, display)
    if not (found.get("tensorflow") and found.get("xgboost")):
        missing = []
        if not found.get("tensorflow"):
            missing.append("TensorFlow sees none")
        if not found.get("xgboost"):
            missing.append("XGBoost was built without CUDA")
        raise InputError(
            f"--device gpu: there is no usable GPU here "
            f"({', '.join(missing)}): take --device cpu, or install the GPU "
            f"builds of both"
        )
    display.say(f"GPU: {', '.join(found['tensorflow'])}; NumPy can use none")


def require_added(options: Options, folder: Path, display: Display) -> None:
    """Refuse --add in one line if a name makes no classifier."""
    names = [c.name for c in options.train if is_added(c.name)]
    spec = {"task": "added", "names": names} | _spec(options, folder)
    with _log(folder) as log:
        found = _worker(spec, log, display)
    if found["status"] != "ok":
        said = found["message"]
        if not said.startswith("--add"):  # it ended the process, say
            said = f"--add {', '.join(names)}: {said.partition(';')[0]}"
        raise InputError(said)


def run(
    options: Options, data: dict[str, Any], folder: Path, display: Display
) -> Record:
    """Do the plan from its start; return the record of results.json."""
    record = _new_record(options, folder, data)
    results.write(folder, record)
    return go_on(record, options.data_dir, folder, display)


def missing(record: Record) -> list[dict[str, Any]]:
    """What the plan of a record still lacks."""
    keys = ("task", "contender", "round")
    done = {tuple(run[key] for key in keys) for run in record["runs"]}
    return [
        entry | {"order": order}
        for order, entry in enumerate(record["plan"])
        if tuple(entry[key] for key in keys) not in done
    ]


def extras(record: Record) -> list[dict[str, Any]]:
    """What it lacks besides the rows."""
    return [
        {"task": name, "contender": "", "round": 0}
        for name in record["asked"].get("extras", [])
        if record.get(name, {}).get("status") != "ok"
    ]


def go_on(
    record: Record, data_dir: str | None, folder: Path, display: Display
) -> Record:
    """Do what the plan of a record still lacks; compare; draw."""
    common = {
        **record["asked"],
        **{name: record[name] for name in ("seed", "threads", "device")},
        "folder": str(folder.resolve()),
        # What was found serves every row: nobody looks, or downloads, again.
        "data": record["data"]["choice"],
        "data_dir": data_dir,
    }
    with _log(folder) as log:
        for entry in missing(record):
            display.start(entry)
            start = perf_counter()
            found = _worker(
                common | entry | _of_entry(record, entry), log, display
            )
            found["wall_seconds"] = perf_counter() - start
            record["runs"].append(entry | found)
            results.write(folder, record)
            display.finish(record["runs"][-1])
        for entry in extras(record):
            display.start(entry)
            _extra(record, entry["task"], common, folder, log, display)
            display.finish(entry | record[entry["task"]])
        compared = _worker(common | {"task": "compare"}, log, display)
    if compared["status"] != "ok":
        display.say(f"weights were not compared: {compared['message']}")
    for name in ("gate", "agreement", "kernels", "pictures"):
        record[name] = compared.get(name)
    record["finished_utc"] = results.now()
    results.write(folder, record)
    draw(folder, display)
    return record


def _extra(
    record: Record,
    name: str,
    common: dict[str, Any],
    folder: Path,
    log: IO[str],
    display: Display,
) -> None:
    """Do what belongs to no row; of a study every net is kept at once."""
    start = perf_counter()
    kept = record.get(name, {}).get("variants", [])

    def keep(variant: dict[str, Any]) -> None:
        kept.append(variant)
        record[name] = {"status": "running", "variants": kept}
        results.write(folder, record)

    spec = common | {"task": name, "tier": record["tier"]}
    spec["done"] = [variant["key"] for variant in kept]
    found = _worker(spec, log, display, keep)
    found["wall_seconds"] = perf_counter() - start
    record[name] = found | ({"variants": kept} if kept else {})
    results.write(folder, record)


def draw(folder: Path, display: Display) -> bool:
    """Draw the figures of a run from its results.json, without training."""
    spec = {"task": "draw", "folder": str(folder.resolve())}
    with _log(folder) as log:
        done = _worker(spec | {"threads": 1, "device": "cpu"}, log, display)
    if done["status"] != "ok":
        display.say(f"the figures could not be drawn: {done['message']}")
    return bool(done["status"] == "ok")


def _log(folder: Path) -> IO[str]:
    """What libraries print goes to run.log."""
    return (folder / "run.log").open("a", encoding="utf-8")


def _spec(options: Options, folder: Path) -> dict[str, Any]:
    """What every worker of this run is told."""
    return {
        **_asked(options),
        "folder": str(folder.resolve()),
        "data": options.data,
        "data_dir": options.data_dir,
        "seed": options.seed,
        "threads": options.threads,
        "device": options.device,
    }


def _asked(options: Options) -> dict[str, Any]:
    """What a worker is told and a record keeps, to go on from there."""
    return {
        "n_train": options.tier.n_train,
        "n_test": options.tier.n_test,
        "epochs": options.epochs,
        "points": [list(point) for point in options.points],
        "blocks": options.blocks,
        "extras": list(options.extras),
        "detailed": options.tier.name != "quick",
        "timeout": options.timeout,
    }


def _of_entry(record: Record, entry: dict[str, Any]) -> dict[str, Any]:
    """What one worker is told besides: each round has a seed of its own."""
    [contender] = select([entry["contender"]])
    single = contender.adapter in ("numpy_nets.per_sample", "peers.floor")
    points = record["asked"]["points"]
    return {
        "seed": record["seed"] + entry["round"],
        "gate": entry["round"] == 0,
        "until": (record["until"] or {}).get(str(contender.net)),
        "points": [p for p in points if not single or p[1] == 1],
    }


def _new_record(
    options: Options, folder: Path, data: dict[str, Any]
) -> Record:
    both = {c.name: c for c in (*options.train, *options.step)}
    plan = schedule.plan(
        [("train", c.name) for c in options.train]
        + [("step", c.name) for c in options.step],
        options.rounds,
        options.seed,
    )
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
        "device": options.device,
        "rounds": options.rounds,
        "until": options.until,
        "asked": _asked(options),
        "machine": machine.describe(),
        "data": {k: v for k, v in data.items() if k != "status"},
        "contenders": list(both),
        "settings": {name: asdict(c) for name, c in both.items()},
        "plan": plan,
        "runs": [],
        "code_lines": code_lines.count(),
        "gate": [],
        "agreement": [],
    }


def _worker(
    spec: dict[str, Any],
    log: IO[str],
    display: Display,
    keep: Callable[[Any], None] | None = None,
) -> dict[str, Any]:
    """Run one worker to its end; return its result, or what became of it.

    keep  is called with each part of the result that is ready before
    """
    spec = spec | {"spawned": perf_counter(), "parent": os.getpid()}
    with pin.cores(spec["threads"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.measure.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            env=pin.environment(spec["threads"], spec["device"]),
        )
    limit = spec.get("timeout", TIMEOUT)
    hung = threading.Event()

    def stop() -> None:
        hung.set()
        process.kill()

    timer = threading.Timer(limit, stop)
    timer.start()
    with process:
        try:
            result = _talk(process, spec, display, keep)
        except BaseException:  # Ctrl-C, say: leave no process behind
            process.kill()
            raise
        finally:
            timer.cancel()
    if hung.is_set():
        return {
            "status": "timed out",
            "message": f"no end after {limit:g} s: stopped (--timeout)",
        }
    return result or {
        "status": "failed",
        "message": f"{_ending(process.returncode)}; see run.log",
    }


def _talk(
    process: subprocess.Popen[str],
    spec: dict[str, Any],
    display: Display,
    keep: Callable[[Any], None] | None,
) -> dict[str, Any] | None:
    """Give the worker its task, show its progress, return its result."""
    assert process.stdin is not None
    assert process.stdout is not None
    on_the_way: dict[str, Callable[[Any], None]] = {
        "say": display.say,
        "epoch": display.epoch,
        "variant": keep or (lambda variant: None),
    }
    result = None
    with suppress(BrokenPipeError), process.stdin as stdin:
        json.dump(spec, stdin)
    for line in process.stdout:
        if not line.endswith("\n"):
            break  # it was killed in the middle of a line
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
