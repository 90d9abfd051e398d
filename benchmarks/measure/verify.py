"""What a worker found itself to have been given: a request is no fact."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any


def machine_side() -> dict[str, Any]:
    """Cores, pools of threads and their sizes, as they are now.

    cores         on which this process may run; None where unknown
    blas_threads  the size of every pool that NumPy and SciPy use
    os_threads    all threads of this process, busy or not
    tensorflow    its own two settings, 0 where it chose for itself
    """
    from threadpoolctl import threadpool_info

    found: dict[str, Any] = {
        "cores": None,
        "blas_threads": {
            f"{pool['internal_api']} {pool['version']}": pool["num_threads"]
            for pool in threadpool_info()
        },
        "gpu_hidden": os.environ.get("CUDA_VISIBLE_DEVICES") == "-1",
    }
    if hasattr(os, "sched_getaffinity"):
        found["cores"] = len(os.sched_getaffinity(0))
    with suppress(OSError):
        found["os_threads"] = len(list(Path("/proc/self/task").iterdir()))
    if "tensorflow" in sys.modules:
        settings = sys.modules["tensorflow"].config.threading
        found["tensorflow"] = [
            settings.get_intra_op_parallelism_threads(),
            settings.get_inter_op_parallelism_threads(),
        ]
    return found
