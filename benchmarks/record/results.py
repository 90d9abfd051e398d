"""What a run leaves: its folder, results.json, the final table."""

import json
import math
import os
import platform
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from benchmarks.record.errors import InputError, printable

SCHEMA = 3
READABLE = (2, 3)  # of version 2 what came later is absent
# What a run leaves that was killed before it had begun to train.
BEGUN = {"figures", "run.log", "figures/digits.svg", "figures/digits.png"}
PARTS = ".*.part"  # the temporary files of replacing()
SHARED = "joblib_memmapping_folder_*"  # images that processes share
FOLDERS = ("--out", "--data-dir", "--resume")  # options that name one
LARGEST = 200 * 2**20  # bytes; a full run's file is far below one hundredth
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
Record = dict[str, Any]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it when all went well.

    So a kill at any moment leaves the old file or the new one, whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_folder(out: str | None, tier: str) -> Path:
    """Make the folder of a new run; never one that holds another run."""
    folder = ROOT / "results" if out is None else Path(out)
    try:
        if out is None:
            folder = _unused(tier)
        if folder.is_dir() and not _is_begun(folder):
            raise InputError(
                f"{folder} is not empty, and a run never writes over "
                f"another: give --out a new or an empty folder"
            )
        (folder / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the output folder {folder} cannot be made "
            f"({error.strerror}): give --out a folder that can be written"
        ) from error
    return folder


def _unused(tier: str) -> Path:
    """results/TIME-HOST-TIER; with a number if another run has that name."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    host = re.sub(r"[^A-Za-z0-9-]+", "-", platform.node()) or "host"
    first = folder = ROOT / "results" / f"{stamp}-{host}-{tier}"
    number = 1
    while True:
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
        number += 1
        folder = first.with_name(f"{first.name}-{number}")


def _is_begun(folder: Path) -> bool:
    """Whether a folder holds nothing but what a new run begins with."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.match(PARTS)
    } <= BEGUN


def discard(folder: Path) -> None:
    """Remove the folder of a run that found no data, if we alone wrote it."""
    if _is_begun(folder):
        shutil.rmtree(folder, ignore_errors=True)


def tidy(folder: Path) -> None:
    """Remove the temporary files that a kill has left behind."""
    for path in folder.rglob(PARTS):
        path.unlink(missing_ok=True)
    for path in folder.glob(SHARED):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep every other run out of a folder, until the end or a kill."""
    with (folder / "run.log").open("a", encoding="utf-8") as file:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError) as error:
            raise InputError(
                f"another run is writing to {folder}: wait for it, or give "
                f"--out a folder of its own"
            ) from error
        except OSError:
            pass  # a file system without locks: nobody can be kept out
        yield


def _lock(file: IO[str]) -> None:
    """Lock an open file until it is closed; OSError if another has it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(2**30)  # there the lock bars nobody from writing
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def write(folder: Path, record: Record) -> None:
    """Write results.json."""
    with replacing(folder / "results.json") as path:
        text = json.dumps(record, indent=1, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> Record:
    """Read results.json; refuse what is not one of this version."""
    path = folder / "results.json"
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(
                f"{path} is larger than {LARGEST:,} bytes: no run of this "
                f"program wrote that"
            )
        text = path.read_text(encoding="utf-8")
        record = json.loads(
            text, parse_constant=_no_number, parse_float=_finite
        )
        record = _printable(record)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}): give the folder of "
            f"a run, such as one in results/"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is no JSON ({error}): the file is damaged; run again"
        ) from error
    validate(record, path)
    return record


def published(record: Record) -> Record:
    """The record as it may be passed on.

    Without MNIST's images, which are not ours; and without the folders of
    the machine in its command, which mean nothing elsewhere.
    """
    words, command = iter(shlex.split(record["command"])), []
    for word in words:
        if word in FOLDERS:
            next(words, None)
        elif not word.startswith(tuple(f"{name}=" for name in FOLDERS)):
            command.append(word)
    found = record | {"command": shlex.join(command)}
    if record["data"]["choice"] == "mnist":
        found["pictures"] = None
    return found


def validate(record: Any, path: Path) -> None:
    """Hold a record to schema.json, and its runs to its own plan."""
    if not isinstance(record, dict):
        raise InputError(
            f"{path}: expected the record of a run, got a "
            f"{type(record).__name__}: the file is damaged; run again"
        )
    schema = record.get("schema")
    if schema not in READABLE:
        raise InputError(
            f"{path}: expected schema {SCHEMA}, got {schema!r}: it was "
            f"written by another version of this program; open it with that"
        )
    import jsonschema  # only who reads a file waits for it

    rules = json.loads((HERE / "schema.json").read_text(encoding="utf-8"))
    check = jsonschema.Draft202012Validator(rules)
    error = jsonschema.exceptions.best_match(check.iter_errors(record))
    if error is not None:
        what = error.message
        raise InputError(
            f"{path}: {error.json_path}: "
            f"{what if len(what) < 200 else what[:200] + '...'}: the file "
            f"is damaged; run again"
        )
    named = {run["contender"] for run in (*record["plan"], *record["runs"])}
    unknown = named - set(record["contenders"])
    if unknown:
        raise InputError(
            f"{path}: {', '.join(sorted(unknown))} not among its contenders: "
            f"the file is damaged; run again"
        )


def _printable(value: Any) -> Any:
    """The same with all of its texts printable, each in one line."""
    if isinstance(value, dict):
        return {_printable(k): _printable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_printable(v) for v in value]
    if isinstance(value, str):
        return printable(value.replace("\n", " "))
    return value


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):  # 1e999
        _no_number(text)
    return value
