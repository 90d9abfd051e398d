"""The step-cost sweep of one row, by the very function that trains it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.measure import anatomy
from benchmarks.measure.job import Job, Trained
from benchmarks.measure.phases import Phases
from benchmarks.rows.contenders import Contender

Adapter = Callable[[Job], Trained]
SAMPLES = (1_000, 3_000, 10_000)  # and all: does an epoch grow with them?


def blocks(
    job: Job, adapter: Adapter, units: int, batch_size: int, count: int
) -> list[dict[str, Any]]:
    """Timed blocks at one width and batch size; an earlier one warms up."""
    steps = _steps(job.contender, units, batch_size)
    some = np.resize(np.arange(len(job.samples.x)), steps * batch_size)
    contender = replace(
        job.contender,
        units=None if units == 30 else units,
        batch_size=batch_size,
        epochs=count + 1,
    )
    samples = job.samples._replace(
        x=job.samples.x[some], y=job.samples.y[some]
    )
    trained = adapter(
        replace(job, contender=contender, samples=samples, phases=Phases())
    )
    assert trained.clock is not None
    return [
        {
            "units": units,
            "batch_size": batch_size,
            "steps": steps,
            "seconds": epoch["wall"],
        }
        for epoch in trained.clock.epochs[1:]
    ]


def _steps(contender: Contender, units: int, batch_size: int) -> int:
    """Updates in one timed block: a tenth of a second of work or more."""
    operations = 6 * 794 * units * batch_size
    affordable = int(0.3 * 2e10 / operations)
    return max(20, min(contender.steps, 50_000 // batch_size, affordable))


def epochs(job: Job, adapter: Adapter, detailed: bool) -> dict[str, Any]:
    """Whole epochs as people train them, of some samples and of all.

    sizes {samples, seconds}; epoch, the one of all samples, to which the
    model of the sweep is held; for numpy_net also calls and memory.
    """
    whole = len(job.samples.x)
    smaller = [n for n in SAMPLES if n < whole and detailed]
    found: dict[str, Any] = {"sizes": []}
    for count in (*smaller, whole):
        part = replace(
            job,
            contender=replace(job.contender, epochs=2),
            samples=job.samples.first(count),
            phases=job.phases if count == whole else Phases(),
        )
        trained = adapter(part)
        assert trained.clock is not None
        seconds = trained.clock.epochs[-1]["wall"]
        found["sizes"].append({"samples": count, "seconds": seconds})
    found["epoch"] = {
        "batch_size": part.batch_size,
        "steps": part.steps,
        "seconds": seconds,
    }
    found["verified"] = trained.verified
    if detailed and job.contender.adapter == "numpy_nets.fit":
        one = replace(job, contender=replace(job.contender, batch_size=1))
        found["calls"] = anatomy.calls(job)
        found["memory"] = anatomy.memory(one)
    return found
