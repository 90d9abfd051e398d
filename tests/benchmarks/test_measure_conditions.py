"""Clocks, counters, and processes that must not outlive their parent."""

import os
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest

from benchmarks.measure import clock, conditions
from benchmarks.measure.job import silent
from benchmarks.record.run import Noise, Verified
from tests.benchmarks.processes import ROOT


def test_phases_take_wall_cpu_and_memory(monkeypatch):
    seconds = iter((1.0, 1.25, 2.0, 2.0, 3.0, 3.0))  # of all threads
    monkeypatch.setattr(clock, "process_time", lambda: next(seconds))
    phases = clock.Phases()
    with phases("sleep"):
        time.sleep(0.1)
    with phases("work"):
        big = np.ones(20_000_000)
    del big
    with phases("small"):
        pass
    sleep, work, small = phases.record.values()
    assert 0.1 <= sleep.wall < 5
    assert (sleep.cpu, work.cpu) == (0.25, 0.0)
    if work.peak_mib is not None:
        assert work.peak_mib > sleep.peak_mib + 100
        assert small.peak_mib < work.peak_mib + 1
    phases.split("sleep", "first", 0.04)
    assert phases.record["first"].wall == 0.04
    assert sleep.wall >= 0.06


def test_the_clock_leaves_out_what_it_does_itself():
    def slow_weights():
        time.sleep(0.1)
        return []

    timer = clock.Clock(2, silent, slow_weights)
    for epoch in range(2):
        timer.on_epoch_begin(epoch)
        timer.on_epoch_end(epoch, {"loss": 1.0})
    assert all(epoch.wall < 0.05 for epoch in timer.epochs)
    assert timer.off >= 0.2


def test_the_watch_counts_from_its_making_on(monkeypatch):
    before = {"ticks": 100.0, "stolen": 5.0, "throttled": 2.0}
    after = {"ticks": 300.0, "stolen": 55.0, "throttled": 5.0}
    counts = iter((before, after))
    monkeypatch.setattr(conditions, "_counters", lambda: next(counts))
    noise = conditions.Watch().noise()
    assert (noise.steal, noise.throttled) == (0.25, 3)
    assert 0 < noise.sentinel_before < 1
    assert 0 < noise.sentinel_after < 1


def test_what_this_system_counts_is_valid():
    noise = conditions.Watch().noise()
    text = msgspec.json.encode(noise)
    assert msgspec.json.decode(text, type=Noise) == noise
    if sys.platform == "linux":
        assert noise.steal is not None


def test_a_process_says_its_own_cores_and_pools():
    verified = Verified("float32", "cpu")
    conditions.add_threads(verified)
    assert verified.blas_threads
    if hasattr(os, "sched_getaffinity"):
        with conditions.cores(1):
            conditions.add_threads(verified)
        assert verified.cores == 1
        conditions.add_threads(verified)
        assert verified.cores == len(os.sched_getaffinity(0))


PARENT = """
import os, subprocess, sys, time
code = ("import os, time; from benchmarks.measure.conditions import end_with; "
        f"end_with({os.getpid()}); print('here', flush=True); time.sleep(99)")
child = subprocess.Popen([sys.executable, "-c", code])
time.sleep(99)
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_worker_ends_with_the_parent_that_was_killed():
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=ROOT
    )
    with process:
        assert process.stdout.readline() == b"here\n"
        process.kill()
        # The child has it, too: it ends when both have.
        assert process.stdout.read() == b""
