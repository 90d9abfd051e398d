"""What fit calls on its way, and the record that it returns.

Keras: keras.callbacks, whose own callbacks work here, too.
"""

import sys
import warnings
from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from numpy_net import checks


class Callback:
    """Override what you need; logs hold loss and metrics so far.

    fit calls on_train_begin, for each epoch on_epoch_begin, on_test_begin
    and on_test_end around the validation, on_epoch_end, and on_train_end. To
    end the training with an epoch, set self.model.stop_training = True.

    Keras: keras.callbacks.Callback. One difference: fit refuses a callback
    with a hook of single batches, which a step is too short to be told of.
    """

    model: Any = None
    params: Any = None

    def set_params(self, params):
        self.params = params

    def set_model(self, model):
        self.model = model

    def on_train_begin(self, logs=None): ...
    def on_train_end(self, logs=None): ...
    def on_epoch_begin(self, epoch, logs=None): ...
    def on_epoch_end(self, epoch, logs=None): ...
    def on_batch_begin(self, batch, logs=None): ...
    def on_batch_end(self, batch, logs=None): ...
    def on_test_begin(self, logs=None): ...
    def on_test_end(self, logs=None): ...
    def on_test_batch_begin(self, batch, logs=None): ...
    def on_test_batch_end(self, batch, logs=None): ...
    def on_predict_begin(self, logs=None): ...
    def on_predict_end(self, logs=None): ...
    def on_predict_batch_begin(self, batch, logs=None): ...
    def on_predict_batch_end(self, batch, logs=None): ...

    def on_train_batch_begin(self, batch, logs=None):
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch, logs=None):
        self.on_batch_end(batch, logs=logs)


HOOKS = [name for name in vars(Callback) if name.startswith("on_")]
for _hook in HOOKS:  # Keras marks in the same way what does nothing
    getattr(Callback, _hook)._is_default = True


class CallbackList:
    """Calls each: the user's, then the History, then the progress bar."""

    def __init__(self, callbacks, model, verbose, epochs, samples, size):
        chosen = checks.several("callbacks", callbacks, "[History()]")
        for callback in chosen:
            _check(callback)
        if verbose not in ("auto", 0, 1, 2) or isinstance(verbose, bool):
            raise checks.expected("verbose", '"auto", 0, 1 or 2', verbose)
        given = [c for c in chosen if isinstance(c, History)] or [History()]
        self.history, self.bar = given[0], ProgbarLogger() if verbose else None
        self.callbacks = [c for c in chosen if c is not self.history]
        self.callbacks += [self.history, *[self.bar] * bool(verbose)]
        steps = -(-samples // size)
        params = {"verbose": verbose, "epochs": epochs, "steps": steps}
        for callback in self.callbacks:
            callback.set_params(params)
            callback.set_model(model)

    def __getattr__(self, hook):
        def call_each(*epoch, logs=None):
            logs = dict(sorted((logs or {}).items()))  # as in Keras
            for callback in self.callbacks:
                getattr(callback, hook)(*epoch, logs)

        return call_each


def _check(callback):
    if isinstance(callback, type) or not all(
        hasattr(callback, hook) for hook in HOOKS
    ):
        raise checks.expected("callbacks", "a Callback", callback)
    for hook in HOOKS:
        idle = getattr(getattr(callback, hook), "_is_default", False)
        if "batch" in hook and not idle:
            raise ValueError(
                f"callbacks: {type(callback).__name__} has {hook}, and single "
                f"batches are not told of here: they are too short; use "
                f"on_epoch_end, or a loop of train_on_batch"
            )


class History(Callback):
    """One list per metric in ``history``, one entry per epoch.

    "loss" and the metrics are running means over the epoch's batches, each
    taken before its own update: the first batches are judged by younger
    weights than the last. "val_loss" and the other validation entries are
    taken after the epoch. So training may look worse than validation.

    Keras: keras.callbacks.History, without difference.
    """

    def __init__(self):
        self.epoch: list[int] = []
        self.history: dict[str, list] = {}

    def __repr__(self):
        last = [f"epochs={len(self.epoch)}"]
        for name, values in self.history.items():
            figures = (f"{v:.4g}" for v in np.atleast_1d(values[-1]))
            last.append(f"{name}={' '.join(figures)}")
        return f"<History {', '.join(last)}>"

    def on_train_begin(self, logs=None):
        self.epoch = []

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class EarlyStopping(Callback):
    """End a training that no longer gets better, as ``monitor`` tells.

    patience   so many epochs without a better value are waited for
    min_delta  by less than this no value is better
    mode       "min", "max", or "auto": by the name
    baseline   only values better than this end the waiting
    restore_best_weights  at the end, take those of the best epoch
    start_from_epoch      the epochs before do not count

    Keras: keras.callbacks.EarlyStopping, without difference.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        self.monitor = checks.text("monitor", monitor)
        self.min_delta = abs(checks.real_number("min_delta", min_delta, -inf))
        self.patience = checks.whole_number("patience", patience, least=0)
        self.mode = checks.known("mode", mode, ("auto", "min", "max"))
        self.verbose = checks.whole_number("verbose", verbose, least=0)
        if baseline is not None:
            baseline = checks.real_number("baseline", baseline, -inf)
        self.baseline = baseline
        self.restore_best_weights = checks.flag(
            "restore_best_weights", restore_best_weights
        )
        self.start_from_epoch = checks.whole_number(
            "start_from_epoch", start_from_epoch, least=0
        )

    def on_train_begin(self, logs=None):
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None
        self._falls = self._mode() == "min"

    def on_epoch_end(self, epoch, logs=None):
        value = (logs or {}).get(self.monitor)
        if value is None:
            there = ", ".join(logs or {})
            warnings.warn(
                f"EarlyStopping: no {self.monitor!r} among {there}",
                stacklevel=2,
            )
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self._better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}."
                )
            self.model.set_weights(self.best_weights)

    def _better(self, value, than):
        if than is None:
            return True
        if self._falls:
            return value + self.min_delta < than
        return value - self.min_delta > than

    def _mode(self):
        name = self.monitor.removeprefix("val_")
        if self.mode != "auto" or name == "loss":
            return self.mode.replace("auto", "min")
        for metric in self.model.metrics[-1].metrics:
            if metric.name == name and hasattr(metric, "_direction"):
                return "max"
        raise ValueError(
            f"EarlyStopping: expected mode='min' or 'max' for "
            f"{self.monitor!r}, of which it is not known which is better"
        )


class ProgbarLogger(Callback):
    """Prints what Keras prints: a bar (verbose 1), or a line an epoch (2).

    The bar moves where there is a terminal or a notebook to see it.
    Keras: keras.callbacks.ProgbarLogger.
    """

    fitting = False  # then the validation has no bar of its own

    def on_train_begin(self, logs=None):
        self.fitting = True

    def on_epoch_begin(self, epoch, logs=None):
        if self.params["epochs"] > 1:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self.on_predict_begin()

    def on_test_begin(self, logs=None):
        if not self.fitting:
            self.on_predict_begin()

    def on_test_end(self, logs=None):
        if not self.fitting:
            self.on_predict_end(logs)

    def on_predict_begin(self, logs=None):
        self.start = self.shown = perf_counter()
        terminal = getattr(sys.stdout, "isatty", bool)()
        seen = terminal or "ipykernel" in sys.modules
        self.moves = seen and self.params["verbose"] != 2

    def on_predict_end(self, logs=None):
        print("\r" * self.moves + self._line(self.params["steps"], logs))

    def on_epoch_end(self, epoch, logs=None):
        self.on_predict_end(logs)

    def moves_to(self, step, trackers):
        """Show the state after so many steps, twenty times a second."""
        if self.moves and perf_counter() - self.shown > 0.05:
            self.shown = perf_counter()
            logs = {metric.name: metric.result() for metric in trackers}
            logs = dict(sorted(logs.items()))
            print("\r" + self._line(step, logs), end="", flush=True)

    def _line(self, step, logs):
        steps, seconds = self.params["steps"], perf_counter() - self.start
        count = f"{step:{len(str(steps))}}/{steps}"
        said = f" {_duration(seconds / step)}/step"
        for name, value in (logs or {}).items():
            mean = float(np.mean(value))
            said += f" - {name}: {mean:{'.4f' if abs(mean) > 1e-3 else '.4e'}}"
        if self.params["verbose"] == 2:
            return f"{count} - {seconds:.0f}s -{said}"
        done, left = 20 * step // steps, seconds / step * (steps - step)
        bar = f"\x1b[32m{'━' * done}\x1b[0m" * bool(done)
        return (
            f"\x1b[1m{count}\x1b[0m {bar}\x1b[37m{'━' * (20 - done)}\x1b[0m "
            f"\x1b[1m{left or seconds:.0f}s\x1b[0m{said}"
        )


def _duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds * 1e6:.0f}us"
