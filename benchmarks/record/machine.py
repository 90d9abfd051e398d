"""Which machine and which versions a run was made with."""

import hashlib
import os
import platform
from importlib import metadata
from pathlib import Path

import msgspec
import psutil

from benchmarks import printable
from benchmarks.record.run import Strict
from benchmarks.rows.row import Count, Text

PACKAGES = (
    "numpy",
    "scipy",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "xgboost",
    "xgboost-cpu",
    "scikit-learn",
    "numba",
)


class Machine(Strict):
    """What a reader needs to judge the seconds.

    id  equal only where seconds may be compared: processor, system, versions
    """

    processor: Text
    cores: Count
    memory_gib: float | None
    system: Text
    python: Text
    packages: dict[Text, Text]
    id: Text = ""


def describe() -> Machine:
    """This machine."""
    machine = Machine(
        processor=printable(_processor()),
        cores=usable_cores(),
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        system=printable(platform.platform()),
        python=platform.python_version(),
        packages=dict(_versions()),
    )
    text = msgspec.json.encode(machine, order="sorted") + os.fsencode(
        platform.node()
    )
    machine.id = hashlib.sha256(text).hexdigest()[:12]
    return machine


def usable_cores() -> int:
    """The cores that this process may use, not all that there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    for line in text.splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _versions() -> list[tuple[str, str]]:
    versions = []
    for package in PACKAGES:
        try:
            versions.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return versions
