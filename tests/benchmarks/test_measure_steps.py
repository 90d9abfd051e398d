"""The sweep: what a step costs, by the very function that trains."""

import time

import pytest

from benchmarks.measure import steps
from benchmarks.measure.job import Trained
from benchmarks.measure.trainers import TRAINERS
from benchmarks.record.run import Verified
from benchmarks.rows import table
from tests.benchmarks.jobs import a_job


def test_blocks_take_what_a_fake_trainer_sleeps(monkeypatch, rng):
    """alpha + beta * batch_size a step, at every point of the row."""
    alpha, beta, seen = 2e-3, 2e-5, []

    def sleeper(job):
        seen.append((job.row.units, job.warm))
        clock = job.clock(list)
        for epoch in range(job.epochs):
            clock.on_epoch_begin(epoch)
            time.sleep(job.steps * (alpha + beta * job.batch_size))
            clock.on_epoch_end(epoch, {"loss": 0.0})
        return Trained(len, Verified("float64", "cpu"), clock)

    monkeypatch.setitem(TRAINERS, "NumPy fit", sleeper)
    job, told = a_job(rng, batch_size=10, steps=20), []
    job.tell = told.append
    sweep, _ = steps.sweep(job, quick=True)
    points = table.points(job.row, quick=True)
    assert len(sweep.blocks) == 3 * len(points)
    for block in sweep.blocks:
        step = alpha + beta * block.batch_size
        assert block.seconds / block.steps == pytest.approx(step, rel=0.2)
    assert [(p.done, p.total) for p in told] == [(1, 4), (2, 4), (3, 4)]
    assert [size.samples for size in sweep.sizes] == [53]
    assert (sweep.epoch.steps, sweep.calls, sweep.memory) == (6, [], [])
    assert set(seen) == {(None, False)}, "30 units are the net's own"


def test_a_sweep_tells_growth_memory_and_calls(monkeypatch, rng):
    """The parts of a NumPy sweep besides its blocks, really measured."""
    monkeypatch.setattr(steps, "points", lambda row, quick: [(7, 10)])
    job = a_job(rng, 4000, batch_size=10, dtype="float32", steps=20)
    sweep, verified = steps.sweep(job, quick=False)
    assert verified.dtype == "float32"
    assert {(b.units, b.batch_size) for b in sweep.blocks} == {(7, 10)}
    assert [size.samples for size in sweep.sizes] == [1000, 3000, 4000]
    assert sweep.epoch.seconds == sweep.sizes[-1].seconds
    assert sweep.epoch.steps == 400
    assert "training" in job.phases.record
    calls = {c.call: c.seconds for c in sweep.calls if c.batch_size == 1}
    whole = calls.pop("the whole step")
    assert 0.4 * whole < sum(calls.values()) < 1.3 * whole
    small, large = sweep.memory
    more = large.bytes - small.bytes
    assert more < 20 * (large.samples - small.samples) + 5_000
