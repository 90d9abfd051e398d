"""A callback for the fit of any library: times epochs, reports them."""

import math
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np

Say = Callable[[dict[str, Any]], None]


class Enough(Exception):  # noqa: N818  (no error: the goal is reached)
    """Ends a fit whose validation accuracy is high enough."""


class Clock:
    """Seconds of each epoch, and the weights after it.

    epochs     {"wall", "cpu", and what the library logged}, one per epoch
    snapshots  copies of the weights, as many; they are judged later, so
               that no evaluation is on anybody's clock
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
        say: Say,
        weights: Callable[[], list[Any]],
        reached: Callable[[list[Any]], bool] | None = None,
    ) -> None:
        self.total, self.say, self.weights = total, say, weights
        self.reached = reached
        self.epochs: list[dict[str, float]] = []
        self.snapshots: list[list[Any]] = []
        self.off, self.set_up = 0.0, 0.0
        self.made = perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 0:
            self.set_up = perf_counter() - self.made
        self.wall, self.cpu = perf_counter(), process_time()

    def on_test_begin(self, logs: Any = None) -> None:
        """There is no validation within a timed fit."""

    def on_test_end(self, logs: Any = None) -> None:
        """There is no validation within a timed fit."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        now = perf_counter()
        logs = {name: float(value) for name, value in (logs or {}).items()}
        cpu = process_time() - self.cpu
        weights = self.weights()
        _check("the loss", logs.get("loss", 0.0), epoch)
        for array in weights:
            _check("the largest weight", float(np.abs(array).max()), epoch)
        self.epochs.append({"wall": now - self.wall, "cpu": cpu, **logs})
        self.snapshots.append(weights)
        self.say({"epoch": epoch + 1, "epochs": self.total, **logs})
        enough = self.reached and self.reached(self.snapshots[-1])
        self.off += perf_counter() - now
        if enough:
            raise Enough


def _check(name: str, value: float, epoch: int) -> None:
    if not math.isfinite(value):
        raise FloatingPointError(
            f"{name} became {value} in epoch {epoch + 1}: choose a smaller "
            f"learning_rate"
        )
