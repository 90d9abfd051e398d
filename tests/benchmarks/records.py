"""Made-up Runs and Records, so that a test knows the right answer.

The figures are round and chosen by the test; all else is what an ordinary
run on one core would hold.
"""

import random
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from benchmarks.record.machine import Machine
from benchmarks.record.record import Comparison, Data, Gate, Record
from benchmarks.record.request import Request
from benchmarks.record.run import (
    Block,
    Epoch,
    Noise,
    Phase,
    Run,
    Sweep,
    Test,
    Training,
    Verified,
    WholeEpoch,
)
from benchmarks.rows.row import Row
from benchmarks.rows.table import EVERY, NUMPY_10, added

TWIN = EVERY[f"{NUMPY_10.name}-twin"]
QUIET = Noise(sentinel_before=0.01, sentinel_after=0.01, steal=0.0)
IMAGES = 100  # that a made-up row trains on


def a_row(name: str) -> Row:
    """The row of this name, be it one of --add."""
    return EVERY.get(name) or added(name)


def timed(
    middle: float, share: float = 0.02, count: int = 7, seed: int = 0
) -> list[float]:
    """Seconds of so many rounds, with this share of noise."""
    draw = random.Random(seed)
    return [middle * draw.gauss(1, share) for _ in range(count)]


def a_test() -> Test:
    """One image of each digit; the nine was taken for an eight."""
    answers = [*range(9), 8]
    return Test(
        accuracy=0.9,
        f1_weighted=13 / 15,
        f1_macro=13 / 15,
        confusion=[[int(n == a) for n in range(10)] for a in answers],
        predictions="".join(map(str, answers)),
    )


def a_training(row: Row, seconds: float) -> Training:
    """Two epochs, the first twice as long; trees have none."""
    steps = -(-IMAGES // (row.batch_size or IMAGES))
    epochs = [
        Epoch(wall=s, cpu=s, logs={"loss": 0.1, "val_accuracy": a})
        for s, a in ((2 * seconds, 0.5), (seconds, 0.92))
    ]
    return Training(
        samples=2 * IMAGES if row.net else IMAGES,
        predict_one=1e-5,
        test=a_test(),
        epochs=epochs if row.net else [],
        updates=2 * steps if row.net else None,
    )


def a_run(
    row: Row | str, seconds: float = 1.0, number: int = 0, **more: Any
) -> Run:
    """A good training run of round ``number``; its steady epoch took so long.

    ``more`` are fields of the Run, and replace what is made here.
    """
    row = a_row(row) if isinstance(row, str) else row
    parts: dict[str, Any] = {
        "phases": {
            "interpreter": Phase(wall=0.02),
            "data": Phase(wall=0.1, cpu=0.1, peak_mib=90.0),
            "training": Phase(
                wall=3 * seconds, cpu=3 * seconds, peak_mib=100.0
            ),
            "predict": Phase(wall=0.01, cpu=0.01, peak_mib=90.0),
        },
        "noise": replace(QUIET),
        "verified": Verified(
            dtype=row.dtype,
            device="cpu",
            learning_rate=0.25 if row.net else None,
            cores=1,
            blas_threads={"openblas 0.3": 1},
        ),
        "training": a_training(row, seconds),
        "wall_seconds": 4 * seconds,
    }
    return Run(row=row.name, round=number, **parts | more)


def rounds(row: Row | str, seconds: Iterable[float]) -> list[Run]:
    """A good training run for each round, whose steady epochs took these."""
    return [a_run(row, value, n) for n, value in enumerate(seconds)]


def a_sweep(
    row: Row | str,
    time_of: Callable[[int], float],
    sizes: Iterable[int] = (1, 10, 100, 1000),
    units: Iterable[int] = (30,),
    epoch_off: float = 1.0,
    **more: Any,
) -> Run:
    """A good sweep: a step of each batch size took time_of(it) seconds.

    row        a row of the group step
    epoch_off  the whole epoch, in what its 100 steps of ten would take
    """
    blocks = [
        Block(units=width, batch_size=b, steps=10, seconds=10 * time_of(b))
        for width in units
        for b in sizes
        for _ in range(2)
    ]
    seconds = 100 * time_of(10) * epoch_off
    epoch = WholeEpoch(batch_size=10, steps=100, seconds=seconds)
    sweep = Sweep(blocks=blocks, sizes=[], epoch=epoch)
    run = a_run(row, **more)
    run.training, run.sweep = None, sweep
    return run


def equal(first: Row, second: Row, failed: Iterable[str] = ()) -> Gate:
    """What the gate found of two rows; that they are equal if none failed."""
    return Gate(
        rows=[first.name, second.name],
        updates=20,
        difference=1e-6,
        loss_difference=0.0,
        tolerance=1e-3,
        failed=list(failed),
    )


def a_machine() -> Machine:
    return Machine(
        processor="A processor",
        cores=2,
        memory_gib=8.0,
        system="A system",
        python="3.13.0",
        packages={"numpy": "2.4.0", "keras": "3.15.0"},
        id="0123456789ab",
    )


def a_record(
    *runs: Run,
    gate: Iterable[Gate] = (),
    comparison: Comparison | None = None,
    **request: Any,
) -> Record:
    """A finished record of these runs.

    request  fields of the Request, where its rows are more than those of
             the runs, for example
    """
    asked: dict[str, Any] = {
        "tier": "full",
        "rows": [a_row(name) for name in dict.fromkeys(r.row for r in runs)],
        "rounds": max((run.round for run in runs), default=0) + 1,
        "data": "mnist",
    }
    record = Record(
        schema=4,
        id="a-run",
        command="python -m benchmarks",
        started_utc="2026-01-01T00:00:00+00:00",
        request=Request(**asked | request),
        machine=a_machine(),
        data=Data(
            choice="mnist",
            name="MNIST",
            source="a folder",
            sha256={"x_train": "0" * 64},
            train_images=120,
            test_images=10,
        ),
        finished_utc="2026-01-01T01:00:00+00:00",
        runs=list(runs),
        comparison=comparison or Comparison(gate=list(gate)),
    )
    in_order(record)
    return record


def in_order(record: Record) -> None:
    """Give each run its place in the plan, as if all had run like that."""
    places = {(e.row, e.round): e.order for e in record.request.plan()}
    for run in record.runs:
        run.order = places[run.row, run.round]
    record.runs.sort(key=lambda run: run.order)
