"""Download MNIST, in bounded time and size whatever a server does."""

import io
import os
import threading
import time
from collections.abc import Callable
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

    InputError where no mirror delivers, OSError if it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):  # before anything is downloaded
        raise PermissionError("no permission")
    arrays = _from_any_mirror(say)
    partial = folder / f".{mnist.NPZ}.{os.getpid()}"
    try:
        with partial.open("wb") as file:
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
    """What a URL holds; deadline is a monotonic time."""
    deadline = min(deadline, time.monotonic() + FILE_SECONDS)
    transfer = Transfer(url)
    transfer.start()
    while transfer.is_alive() and (left := deadline - time.monotonic()) > 0:
        transfer.join(min(left, SAY_SECONDS))
        say(f"{url}: {transfer.content.tell() / 1e6:.1f} MB")
    if failure := transfer.failure:
        transfer.content.close()  # ends it when the next byte comes
        while failure.__context__:  # requests wraps what happened
            failure = failure.__context__
        raise InputError(f"not received ({failure})")
    transfer.content.seek(0)
    return transfer.content


class Transfer(threading.Thread):
    """Receives what a URL holds; nobody has to wait for its end.

    requests bounds the wait for the next byte alone: a server that sends
    one now and then, be it in its headers, holds it for ever.
    """

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url, self.content = url, io.BytesIO()
        late = f"limits: {FILE_SECONDS:g} s a file, {ALL_SECONDS:g} s in all"
        self.failure: BaseException | None = TimeoutError(late)

    def run(self) -> None:
        try:
            import requests

            hooks = {"response": _refuse_all_but_ok}
            with requests.get(
                self.url, timeout=STALL_SECONDS, stream=True, hooks=hooks
            ) as response:
                while chunk := response.raw.read1(2**16):  # unpacks nothing
                    self.content.write(chunk)
                    if self.content.tell() > MAX_BYTES:
                        raise ValueError(f"more than {MAX_BYTES:,} bytes")
            self.failure = None
        except Exception as error:  # of a server, a proxy, a bad address: any
            self.failure = error


def _refuse_all_but_ok(response: Any, **options: Any) -> None:
    """Else the body of a redirection would be read, whatever its size."""
    if response.status_code != 200:
        response.close()
        raise ValueError(f"{response.status_code} {response.reason}")
