"""Download MNIST, in bounded time and size whatever a server does."""

import io
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import InputError
from benchmarks.data import mnist

# Each is the address of an npz file, or of a folder with the four IDX files.
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
STALL_SECONDS = 10.0  # without a single byte, connecting included
FILE_SECONDS = 120.0  # for one file
ALL_SECONDS = 300.0  # for all files of all mirrors
SAY_SECONDS = 5.0  # between two lines that say how far it is
MAX_BYTES = 64 * 2**20  # all of MNIST, not compressed, has 55 million

Say = Callable[[str], object]


def download(folder: Path, say: Say) -> mnist.Arrays:
    """Download MNIST, keep it as ``mnist.npz`` in a folder, and return it.

    Raises InputError when no mirror delivers, OSError when the folder cannot
    be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f".{mnist.NPZ}.*"):  # by a kill; or at work still
        with suppress(OSError):  # cleared by another
            if time.time() - left.stat().st_mtime > 2 * ALL_SECONDS:
                left.unlink()
    partial = folder / f".{mnist.NPZ}.{os.getpid()}"
    try:
        # Opened first: a folder that cannot be written costs no download.
        with partial.open("wb") as file:
            arrays = _from_any_mirror(say)
            np.savez(file, **arrays)  # type: ignore[arg-type]
        partial.replace(folder / mnist.NPZ)
    finally:
        partial.unlink(missing_ok=True)
    return arrays


def _from_any_mirror(say: Say) -> mnist.Arrays:
    deadline = time.monotonic() + ALL_SECONDS
    for mirror in MIRRORS:
        urls = {mnist.NPZ: mirror}
        if not mirror.endswith(".npz"):
            urls = {k: f"{mirror}{v.name}.gz" for k, v in mnist.MNIST.items()}
        arrays: mnist.Arrays = {}
        try:
            for key, url in urls.items():
                arrays |= mnist.read(fetch(url, say, deadline), key)
            return arrays
        except InputError as error:
            say(f"{url}: {error}")
    raise InputError("no mirror delivered MNIST")


def fetch(url: str, say: Say, deadline: float) -> io.BytesIO:
    """Return what a URL holds; deadline is a monotonic time.

    requests, and so pooch, bounds the wait for the next byte alone: a server
    that sends one now and then, be it in its headers, holds it for ever. So
    it works in a thread, and nobody waits for that longer than allowed.
    """
    deadline = min(deadline, time.monotonic() + FILE_SECONDS)
    late = f"limits: {FILE_SECONDS:g} s a file, {ALL_SECONDS:g} s in all"
    content = io.BytesIO()
    failures: list[BaseException | None] = [TimeoutError(late)]
    thread = threading.Thread(
        target=_receive, args=(url, content, failures), daemon=True
    )
    thread.start()
    while thread.is_alive() and (left := deadline - time.monotonic()) > 0:
        thread.join(min(left, SAY_SECONDS))
        say(f"{url}: {content.tell() / 1e6:.1f} MB")
    if failure := failures[0]:
        content.close()  # ends the thread when the next byte comes
        while failure.__context__:  # requests wraps what happened
            failure = failure.__context__
        raise InputError(f"not received ({failure})")
    content.seek(0)
    return content


def _receive(
    url: str, content: io.BytesIO, failures: list[BaseException | None]
) -> None:
    """Write what a URL holds to content; failures gets what prevents it."""
    try:
        import requests

        hooks = {"response": _refuse_all_but_ok}
        with requests.get(
            url, timeout=STALL_SECONDS, stream=True, hooks=hooks
        ) as response:
            while chunk := response.raw.read1(2**16):  # unpacks nothing
                content.write(chunk)
                if content.tell() > MAX_BYTES:
                    raise ValueError(f"more than {MAX_BYTES:,} bytes")
        failures[0] = None
    except Exception as error:  # of a server, a proxy, a bad address: any
        failures[0] = error


def _refuse_all_but_ok(response: Any, **options: Any) -> None:
    """Else the body of a redirection would be read, whatever its size."""
    if response.status_code != 200:
        response.close()
        raise ValueError(f"{response.status_code} {response.reason}")
