"""A worker's conditions: set, seen by itself, and how quiet it was meanwhile.

The parent sets threads, cores and devices before a worker imports anything.
The worker says what it was given, because a request is no fact. Raw counters
are kept; what is too much is decided when they are analysed.
"""

import os
import sys
import threading
import time
import timeit
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from statistics import median

import psutil

from benchmarks import ROOT
from benchmarks.record.run import Noise, Verified

PARENT_SECONDS = 0.5  # between two looks; a look takes some microseconds
THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
)


def environment(threads: int, device: str) -> dict[str, str]:
    """The worker's environment variables."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    variables = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONHASHSEED": "0",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "MPLBACKEND": "Agg",
    }
    if device == "cpu":  # NumPy has no GPU: none for anyone
        variables["CUDA_VISIBLE_DEVICES"] = "-1"
    return variables | dict.fromkeys(THREADS, str(threads))


@contextmanager
def cores(threads: int) -> Iterator[None]:
    """Let this thread, and what it starts meanwhile, use so many cores.

    They are the last of those allowed: the system's own work is mostly done
    on the first. Where cores cannot be chosen (macOS, Windows) the
    libraries' own settings must do.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[-threads:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def add_threads(verified: Verified) -> None:
    """Enter the cores and pools of threads that this process has now."""
    from threadpoolctl import threadpool_info

    verified.blas_threads = {
        f"{pool['internal_api']} {pool['version']}": pool["num_threads"]
        for pool in threadpool_info()
    }
    if hasattr(os, "sched_getaffinity"):
        verified.cores = len(os.sched_getaffinity(0))
    if "tensorflow" in sys.modules:
        own = sys.modules["tensorflow"].config.threading
        verified.tensorflow = [
            own.get_intra_op_parallelism_threads(),
            own.get_inter_op_parallelism_threads(),
        ]


@cache  # one thread will do
def end_with(parent: int) -> None:
    """End this process soon after its parent, however that one ended.

    Who is killed can stop nobody, and what goes on unseen would slow down
    whatever is timed next. Windows gives no orphan another parent: there
    a worker goes on to its end.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os._exit(1)

    if os.name == "posix":
        threading.Thread(target=watch, daemon=True).start()


def sentinel() -> float:
    """Seconds of a fixed piece of work: it changes when the machine does."""
    work = "sum(i * i for i in range(100_000))"
    return median(timeit.repeat(work, number=1, repeat=15))


class Watch:
    """The system's counters from the making of this object to noise()."""

    def __init__(self) -> None:
        self.sentinel, self.before = sentinel(), _counters()

    def noise(self) -> Noise:
        """What has been counted since."""
        noise, after = Noise(self.sentinel, sentinel()), _counters()
        since = {k: after[k] - v for k, v in self.before.items() if k in after}
        if since.get("ticks"):
            noise.steal = max(0.0, since["stolen"] / since["ticks"])
        if "throttled" in since:
            noise.throttled = int(since["throttled"])
        with suppress(OSError):
            noise.load = psutil.getloadavg()[0]
        return noise


def _counters() -> dict[str, float]:
    """CPU time of all, what the host took of it, stops by a CPU quota."""
    counters: dict[str, float] = {}
    with suppress(OSError, AttributeError):  # Linux alone counts what it took
        times = psutil.cpu_times()  # the last fields are in others already
        counters |= {"stolen": times.steal, "ticks": sum(times[:8])}
    with suppress(OSError, ValueError, KeyError):
        text = Path("/sys/fs/cgroup/cpu.stat").read_text(encoding="ascii")
        fields = dict(line.split() for line in text.splitlines())
        counters["throttled"] = int(fields["nr_throttled"])
    return counters
