"""Five seconds of looking: what is this machine, and is it quiet enough?"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from benchmarks.measure import noise
from benchmarks.record import machine
from benchmarks.report.table import Table

SECONDS = 5.0
UNSTEADY = 0.10  # between the 10th and the 90th percentile of the sentinel
LOADED = 0.5  # other processes that want to run, per core


def examine() -> tuple[Table, list[str]]:
    """What was seen, and what speaks against timing here and now."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    watch = noise.Watch()
    times, end = [], monotonic() + SECONDS
    while monotonic() < end:
        times.append(noise.sentinel())
    counters = watch.report()
    times.sort()
    tenth = len(times) // 10
    unsteady = times[-1 - tenth] / times[tenth] - 1
    found = machine.describe()
    cores = found["cores"]
    seen = [
        ["processor", found["processor"]],
        ["usable cores", str(cores)],
        ["cores that share one core's units", _siblings()],
        ["memory, GiB", str(found["memory_gib"])],
        ["system", found["system"]],
        ["Python", found["python"]],
        *([name, version] for name, version in found["packages"].items()),
        ["load", "not known" if load is None else f"{load:.2f}"],
        ["stolen by the host", f"{counters.get('steal', 0):.1%}"],
        ["sentinel", f"{median(times) * 1e3:.2f} ms"],
        ["its spread", f"{unsteady:.1%}"],
    ]
    return Table("This machine", ("what", "seen"), seen), list(
        _complaints(counters, unsteady, load, cores)
    )


def _complaints(
    counters: dict[str, Any],
    unsteady: float,
    load: float | None,
    cores: int,
) -> Iterator[str]:
    yield from noise.flags(counters)
    if unsteady > UNSTEADY:
        yield f"equal work took times that differ by {unsteady:.0%}"
    if load is not None and load / cores > LOADED:
        yield f"{load:.1f} other processes want to run"


def _siblings() -> str:
    """Which logical cores are one physical core: "none" or "0-1 2-3"."""
    found = set()
    with suppress(OSError):
        for cpu in Path("/sys/devices/system/cpu").glob("cpu[0-9]*"):
            path = cpu / "topology" / "thread_siblings_list"
            text = path.read_text(encoding="ascii").strip()
            if not text.isdigit():
                found.add(text)
        return " ".join(sorted(found)) or "none"
    return "not known"
