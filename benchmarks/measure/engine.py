"""Where joblib does its work: here, by processes, or on a Dask cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.record.errors import InputError

PROBE = "import benchmarks.run.search"  # whether a worker has the project


@contextmanager
def here(processes: int, folder: str | None = None) -> Iterator[None]:
    """joblib's own processes, or this one; each fit on one thread.

    What they share lies in ``folder`` meanwhile: in the system's own, which
    may be memory, a kill would leave it for ever.
    """
    from joblib import parallel_config
    from threadpoolctl import threadpool_limits

    with (
        threadpool_limits(1),  # one process of joblib's is this one
        parallel_config(
            "loky",
            n_jobs=processes,
            inner_max_num_threads=1,
            temp_folder=folder,
        ),
    ):
        yield


@contextmanager
def on_dask(address: str, *shared: np.ndarray) -> Iterator[Any]:
    """The workers of a Dask scheduler, through joblib's own backend.

    shared  goes to every worker at once, and stays there. Of what joblib
            sends by itself one worker has the only copy, and Dask drops all
            other copies but one in time: if that worker dies they are lost,
            and the search with them (dask/distributed#3149).
    """
    from joblib import parallel_config

    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            f"--scheduler needs dask and distributed ({error}): install "
            f"them, as in pip install distributed"
        ) from error
    try:
        client = Client(address, timeout="10s", set_as_default=True)
    except Exception as error:  # whatever an answer that is not Dask's makes
        raise InputError(
            f"--scheduler {address}: no Dask scheduler answers there "
            f"({str(error)[:200]}); start one with: dask scheduler"
        ) from error
    with client:
        _require_workers(client, address)
        dropping = client.amm.running()
        client.amm.stop()
        try:
            with parallel_config("dask", scatter=list(shared)):
                yield client
        finally:
            if dropping:
                client.amm.start()


def _require_workers(client: Any, address: str) -> None:
    """Refuse a cluster on which the search would hang or be another."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    start = f"dask worker {address} --nthreads 1"
    if not workers:
        raise InputError(
            f"--scheduler {address}: it has no workers; start one with: "
            f"{start}"
        )
    if any(worker["nthreads"] > 1 for worker in workers.values()):
        raise InputError(
            f"--scheduler {address}: a worker has more than one thread, and "
            f"Keras has one seed for all of them; start it with: {start}"
        )
    try:  # else joblib would wait for ever
        client.run_on_scheduler(exec, PROBE)
        client.run(exec, PROBE)
    except ImportError as error:
        raise InputError(
            f"--scheduler {address}: scheduler or worker cannot import this "
            f"project ({error}); put its folder on the PYTHONPATH of both"
        ) from error
