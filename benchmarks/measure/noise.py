"""How quiet the machine was while a process ran.

Raw counters are kept with every run; whether they are too high is decided
when a report is made (flags), so that the limits can be judged by readers.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

STEAL_LIMIT = 0.02  # of all CPU time, taken by other virtual machines
DRIFT_LIMIT = 0.05  # of the sentinel's time, between before and after


def sentinel() -> float:
    """Seconds of a fixed piece of work: it changes when the machine does."""

    def once() -> float:
        start = perf_counter()
        sum(i * i for i in range(100_000))
        return perf_counter() - start

    return median(once() for _ in range(15))


class Watch:
    """Counters of the system from the making of this object to report()."""

    def __init__(self) -> None:
        self.sentinel = sentinel()
        self.before = dict(_counters())

    def report(self) -> dict[str, Any]:
        """What has happened since; a counter that cannot be read is absent.

        steal            share of all CPU time that the host took away
        throttled        times that a container's quota stopped us
        switched_away    times that another process took our core
        page_faults      reads from disk, because memory was short
        load             processes that wanted to run, last minute's mean
        sentinel_before, sentinel_after   seconds of the fixed work
        """
        after = dict(_counters())
        found: dict[str, Any] = {
            name: after[name] - value
            for name, value in self.before.items()
            if name in after and name not in ("ticks", "stolen")
        }
        ticks = after.get("ticks", 0) - self.before.get("ticks", 0)
        if ticks > 0:
            stolen = after["stolen"] - self.before["stolen"]
            found["steal"] = stolen / ticks
        with suppress(OSError, AttributeError):
            found["load"] = os.getloadavg()[0]
        found["sentinel_before"] = self.sentinel
        found["sentinel_after"] = sentinel()
        return found


def _counters() -> Iterator[tuple[str, float]]:
    with suppress(ImportError):
        import resource  # not on Windows

        usage = resource.getrusage(resource.RUSAGE_SELF)
        yield "switched_away", usage.ru_nivcsw
        yield "page_faults", usage.ru_majflt
    with suppress(OSError, ValueError, IndexError):
        with Path("/proc/stat").open(encoding="ascii") as file:
            fields = [int(field) for field in file.readline().split()[1:9]]
        yield "ticks", sum(fields)
        yield "stolen", fields[7]
    with suppress(OSError):
        text = Path("/sys/fs/cgroup/cpu.stat").read_text(encoding="ascii")
        for line in text.splitlines():
            name, _, value = line.partition(" ")
            if name == "nr_throttled":
                yield "throttled", int(value)


def flags(noise: dict[str, Any]) -> list[str]:
    """Say in words what makes a run's seconds doubtful."""
    found: list[str] = []
    if not noise:  # the run ended before it could say
        return found
    if noise.get("steal", 0) > STEAL_LIMIT:
        found.append(f"the host took {noise['steal']:.0%} of the CPU time")
    if noise.get("throttled", 0) > 0:
        found.append("a CPU quota stopped it")
    before, after = noise["sentinel_before"], noise["sentinel_after"]
    if abs(after / before - 1) > DRIFT_LIMIT:
        change = after / before - 1
        found.append(f"the machine's speed changed by {change:+.0%}")
    return found
