"""A callback for the fit of either library: times epochs, reports them."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from numpy_net import checks

Say = Callable[[dict[str, Any]], None]


class Clock:
    """Seconds of training and of validation, epoch by epoch.

    ``say`` is given each epoch's number, loss and metrics. A loss that is
    no number stops the training with FloatingPointError.
    """

    def __init__(self, epochs: int, learning_rate: float, say: Say) -> None:
        self.total, self.learning_rate, self.say = epochs, learning_rate, say
        self.training: list[float] = []
        self.validation: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch, self.started = epoch, perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # Called by Keras only; our fit looks at each batch by itself.
        checks.loss(logs["loss"], self.epoch, batch, self.learning_rate)

    def on_test_begin(self, logs: Any = None) -> None:
        now = perf_counter()
        self.training.append(now - self.started)
        self.started = now

    def on_test_end(self, logs: Any = None) -> None:
        self.validation.append(perf_counter() - self.started)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        entry = {"epoch": epoch + 1, "epochs": self.total}
        self.say(entry | {k: float(v) for k, v in (logs or {}).items()})
