"""Threads, cores and devices of a worker, set before it imports anything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.record.results import ROOT


def environment(threads: int, device: str) -> dict[str, str]:
    """The worker's environment variables."""
    count = str(threads)
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    found = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "VECLIB_MAXIMUM_THREADS": count,
        "NUMBA_NUM_THREADS": count,
        "TF_NUM_INTRAOP_THREADS": count,
        "TF_NUM_INTEROP_THREADS": count,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "MPLBACKEND": "Agg",
    }
    if device == "cpu":  # NumPy has no GPU: none for anyone
        found["CUDA_VISIBLE_DEVICES"] = "-1"
    return found


@contextmanager
def cores(threads: int) -> Iterator[list[int] | None]:
    """Let this thread, and what it starts meanwhile, use so many cores.

    Gives the cores, the last of those allowed: the system's own work is
    mostly done on the first. None where cores cannot be chosen (macOS,
    Windows): then the libraries' own settings must do.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield None
        return
    allowed = os.sched_getaffinity(0)
    chosen = sorted(allowed)[-threads:]
    os.sched_setaffinity(0, chosen)
    try:
        yield chosen
    finally:
        os.sched_setaffinity(0, allowed)
