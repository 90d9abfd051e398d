"""Which machine and which versions a run was made with."""

import hashlib
import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

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


def describe() -> dict[str, Any]:
    """Return what a reader needs to judge the seconds."""
    found: dict[str, Any] = {
        "processor": _processor(),
        "cores": usable_cores(),
        "memory_gib": _memory_gib(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": _versions(),
    }
    # Equal only where seconds may be compared: processor, system, versions.
    text = json.dumps(found, sort_keys=True) + platform.node()
    return found | {"id": hashlib.sha256(text.encode()).hexdigest()[:12]}


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


def _memory_gib() -> float | None:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
    return round(size / 2**30, 1)


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
