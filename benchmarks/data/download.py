"""Download MNIST, in bounded time and size whatever a server does."""

import io
import math
import os
import queue
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from benchmarks.data import mnist
from benchmarks.record.errors import InputError

# Each is the address of an npz file, or of a folder with the four IDX files.
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
STALL_SECONDS = 10.0  # without a single byte, connecting included
FILE_SECONDS = 120.0  # for one file
ALL_SECONDS = 300.0  # for all files of all mirrors
MAX_BYTES = 64 * 2**20  # all of MNIST, not compressed, has 55 million

Say = Callable[[str], object]


def download(folder: Path, say: Say) -> mnist.Arrays:
    """Download MNIST, keep it as ``mnist.npz`` in a folder, and return it.

    Raises InputError when no mirror delivers, OSError when the folder cannot
    be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f".{mnist.NPZ}.*"):  # by a kill; or at work still
        with suppress(OSError):
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
        try:
            return _from_mirror(mirror, say, deadline)
        except InputError as error:
            say(str(error))
    raise InputError("no mirror delivered MNIST")


def _from_mirror(mirror: str, say: Say, deadline: float) -> mnist.Arrays:
    if mirror.endswith(".npz"):
        return mnist.read_npz(fetch(mirror, say, deadline), mirror)
    arrays = {}
    for key in mnist.MNIST:
        url = f"{mirror}{mnist.idx_names(key)[0]}.gz"
        arrays[key] = mnist.read_idx(fetch(url, say, deadline), key, url)
    return arrays


def fetch(url: str, say: Say, deadline: float = math.inf) -> io.BytesIO:
    """Return what a URL holds; say how far it is in steps of 10 percent.

    deadline is a monotonic time.
    """
    transfer = _Transfer(url)
    transfer.start()
    deadline = min(deadline, time.monotonic() + FILE_SECONDS)
    content, told = io.BytesIO(), 0
    try:
        while chunk := transfer.next_chunk(deadline):
            content.write(chunk)
            if content.tell() > MAX_BYTES:
                raise InputError(f"{url}: more than {MAX_BYTES:,} bytes")
            size = transfer.size  # None where the server does not tell
            tenths = 10 * content.tell() // size if size else 0
            if tenths > told:
                say(f"{url}: {10 * tenths} %")
                told = tenths
    finally:
        transfer.abandoned.set()
    content.seek(0)
    return content


class _Transfer(threading.Thread):
    """Reads a URL in the background.

    A socket's time-out starts anew with every byte and does not cover the
    look-up of the host: only from outside can a download be given up on time.
    """

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.size: int | None = None
        self.chunks: queue.SimpleQueue[bytes | InputError] = (
            queue.SimpleQueue()
        )
        self.abandoned = threading.Event()

    def run(self) -> None:
        try:
            with urllib.request.urlopen(
                self.url, timeout=STALL_SECONDS, context=_tls_context()
            ) as response:
                self.size = response.length
                while chunk := response.read1(2**16):
                    if self.abandoned.is_set():
                        return
                    self.chunks.put(chunk)
            self.chunks.put(b"")
        # A server, a proxy or a bad address may raise nearly anything; left
        # alone it would be printed by the thread, and be waited for in vain.
        except Exception as error:
            self.chunks.put(InputError(f"{self.url}: {error}"))

    def next_chunk(self, deadline: float) -> bytes:
        """Return some bytes, none at the end; deadline is a monotonic time."""
        patience = min(STALL_SECONDS, deadline - time.monotonic())
        try:
            chunk = self.chunks.get(timeout=max(patience, 0))
        except queue.Empty:
            raise InputError(
                f"{self.url}: silent for {STALL_SECONDS:g} seconds or not "
                f"complete after {FILE_SECONDS:g} (all together: "
                f"{ALL_SECONDS:g})"
            ) from None
        if isinstance(chunk, InputError):
            raise chunk
        return chunk


def _tls_context() -> ssl.SSLContext:
    """Trust certifi's authorities besides the system's: macOS has none."""
    context = ssl.create_default_context()
    try:
        import certifi
    except ImportError:
        return context
    context.load_verify_locations(certifi.where())
    return context
