"""The folder of a run: made, claimed, tidied; files written all or not."""

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from benchmarks import ROOT, InputError

# What a run leaves that was killed before it had begun to train.
BEGUN = {"figures", "run.log", "figures/digits.png"}
PARTIAL = ".*.part"  # the temporary files of replacing()
SHARED = "joblib_memmapping_folder_*"  # images that processes share


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


def write_text(path: Path, text: str) -> None:
    """Write a text file, all of it or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


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
    first.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
        number += 1
        folder = first.with_name(f"{first.name}-{number}")


def _is_begun(folder: Path) -> bool:
    """Whether a folder holds nothing but what a new run begins with."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.match(PARTIAL)
    } <= BEGUN


def discard(folder: Path) -> None:
    """Remove the folder of a run that never began, if we alone wrote it."""
    if _is_begun(folder):
        shutil.rmtree(folder, ignore_errors=True)


def tidy(folder: Path) -> None:
    """Remove the temporary files that a kill has left behind."""
    for path in folder.rglob(PARTIAL):
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


def weights_file(folder: Path, row: str, number: int) -> Path:
    """Where the trained weights of a row in one round lie."""
    return folder / "weights" / f"{row}-{number}.npz"
