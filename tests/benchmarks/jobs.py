"""Jobs on dense random images, small enough to be trained in no time."""

import numpy as np
from msgspec.structs import replace

from benchmarks.data.dataset import Samples
from benchmarks.measure.job import Job
from benchmarks.rows import table


def some_samples(rng, count=53, dtype="float64"):
    """53 leave a short last batch; every digit occurs."""
    x = rng.uniform(0, 1, (count, 28, 28)).astype(dtype)
    y = np.eye(10, dtype=dtype)[rng.permutation(count) % 10]
    return Samples(x, y, x[-20:], y[-20:])


def a_job(rng, count=53, warm=True, row=table.NUMPY_10, **settings):
    """One epoch of a row in float64, but for ``settings``."""
    settings = {"dtype": "float64", "batch_size": 5, "epochs": 1} | settings
    row = replace(row, **settings)
    return Job(row, some_samples(rng, count, row.dtype), warm=warm)
