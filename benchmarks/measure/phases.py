"""Wall time, CPU time and peak memory, phase by phase."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter, process_time

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


class Phases:
    """What each phase of one process took.

    record[name] = {"wall": seconds, "cpu": seconds of all threads,
    "peak_mib": the most memory held during the phase, None off Linux}
    """

    def __init__(self) -> None:
        self.record: dict[str, dict[str, float | None]] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        _forget_peak()
        wall, cpu = perf_counter(), process_time()
        try:
            yield
        finally:
            self.add(name, perf_counter() - wall, process_time() - cpu)

    def add(self, name: str, wall: float, cpu: float | None = None) -> None:
        """Enter a phase that was timed elsewhere."""
        self.record[name] = {
            "wall": wall,
            "cpu": cpu,
            "peak_mib": peak_mib(),
        }

    def split(self, name: str, part: str, wall: float) -> None:
        """Enter the first seconds of a phase as a phase of their own."""
        self.add(part, wall)
        self.record[name]["wall"] = (self.record[name]["wall"] or 0.0) - wall


def peak_mib() -> float | None:
    """The most memory that this process held since the last forgetting."""
    # getrusage would do on other systems, but its figure cannot be reset
    # and may be that of the parent.
    with suppress(OSError):
        for line in STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None


def _forget_peak() -> None:
    with suppress(OSError):  # refused in some containers: the peak so far
        CLEAR.write_text("5", encoding="ascii")
