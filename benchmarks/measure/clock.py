"""The clocks of a worker: one for its phases, one for training epochs.

NumPy is not imported here, because to import it is one of the phases.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks.measure.messages import Progress
from benchmarks.record.run import Epoch, Phase

PROCESS = Path("/proc/self")  # Linux


class Phases:
    """Wall time, CPU time and peak memory of this process, by phase."""

    def __init__(self) -> None:
        self.record: dict[str, Phase] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        with suppress(OSError):  # some containers refuse: the peak so far
            (PROCESS / "clear_refs").write_text("5", encoding="ascii")
        wall, cpu = perf_counter(), process_time()
        try:
            yield
        finally:
            self.add(name, perf_counter() - wall, process_time() - cpu)

    def add(self, name: str, wall: float, cpu: float | None = None) -> None:
        """Enter a phase that was timed elsewhere."""
        self.record[name] = Phase(wall, cpu, _peak_mib())

    def split(self, name: str, part: str, wall: float) -> None:
        """Enter the first seconds of a phase as a phase of their own."""
        self.add(part, wall)
        self.record[name].wall = max(0.0, self.record[name].wall - wall)


def _peak_mib() -> float | None:
    """The most memory held since the start of the phase, where known."""
    # getrusage's figure cannot be reset, and may be that of the parent.
    with suppress(OSError):
        text = (PROCESS / "status").read_text(encoding="ascii")
        for line in text.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None


class Enough(Exception):  # noqa: N818  (no error: the goal is reached)
    """Ends a fit whose validation accuracy is high enough."""


class Clock:
    """A callback for the fit of any library.

    epochs     their seconds, and what the library logged
    snapshots  copies of the weights after each epoch; they are judged later,
               so that no evaluation is on anybody's clock
    off        seconds spent here on copying and reporting
    set_up     seconds from the making of this object to the first epoch

    A loss or a weight that is no number stops the training with
    FloatingPointError. The loss alone would not do: TensorFlow's relu, fused
    with the product before it, turns nan into 0 on some processors, and the
    loss of a ruined net looks like any other.
    """

    def __init__(
        self,
        total: int,
        tell: Callable[[Progress], None],
        weights: Callable[[], list[Any]],
        reached: Callable[[list[Any]], bool] = lambda weights: False,
    ) -> None:
        self.total, self.tell = total, tell
        self.weights, self.reached = weights, reached
        self.epochs: list[Epoch] = []
        self.snapshots: list[list[Any]] = []
        self.off, self.set_up, self.made = 0.0, 0.0, perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 0:
            self.set_up = perf_counter() - self.made
        self.wall, self.cpu = perf_counter(), process_time()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        now, cpu = perf_counter(), process_time()
        logs = {name: float(value) for name, value in (logs or {}).items()}
        weights = self.weights()
        largest = [float(abs(array).max()) for array in weights]
        if not all(map(math.isfinite, (logs.get("loss", 0.0), *largest))):
            raise FloatingPointError(
                f"the loss or a weight became inf or nan in epoch "
                f"{epoch + 1}: choose a smaller learning_rate"
            )
        self.epochs.append(Epoch(now - self.wall, cpu - self.cpu, logs))
        self.snapshots.append(weights)
        self.tell(Progress(epoch + 1, self.total, logs))
        enough = self.reached(weights)
        self.off += perf_counter() - now
        if enough:
            raise Enough
