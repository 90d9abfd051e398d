"""What fit calls on its way.   Keras: keras.callbacks.

Keras's own callbacks work here, too.
"""

import warnings
from math import inf
from typing import Any

import numpy as np

from numpy_net import checks


class Callback:
    """Override what you need; logs hold loss and metrics so far.

    fit calls on_train_begin, for each epoch on_epoch_begin, on_test_begin
    and on_test_end around the validation, on_epoch_end, and on_train_end. To
    end the training with an epoch, set self.model.stop_training = True.

    Keras: keras.callbacks.Callback. One difference: a callback with a hook
    of single batches is refused: a step is too short to be told of.
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
    def on_test_begin(self, logs=None): ...
    def on_test_end(self, logs=None): ...
    def on_predict_begin(self, logs=None): ...
    def on_predict_end(self, logs=None): ...
    def on_batch_begin(self, batch, logs=None): ...

    vars()["on_batch_begin"]._is_default = True  # Keras's mark of what idles
    on_batch_end = on_train_batch_begin = on_train_batch_end = on_batch_begin
    on_test_batch_begin = on_test_batch_end = on_batch_begin
    on_predict_batch_begin = on_predict_batch_end = on_batch_begin


HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


class CallbackList:
    """Calls each of the user's callbacks, then the History."""

    def __init__(self, callbacks, model, bar):
        chosen = checks.several("callbacks", callbacks, "[History()]")
        for callback in chosen:
            _check(callback)
        given = [c for c in chosen if isinstance(c, History)] or [History()]
        self.history = given[0]
        self.callbacks = [c for c in chosen if c is not self.history]
        self.callbacks.append(self.history)
        for callback in self.callbacks:
            callback.set_params(bar.params)
            callback.set_model(model)

    def __getattr__(self, hook):
        def call_each(*epoch, logs=None):
            for callback in self.callbacks:
                getattr(callback, hook)(*epoch, logs or {})

        return call_each


def _check(callback):
    whole = all(hasattr(callback, hook) for hook in HOOKS)
    if isinstance(callback, type) or not whole:
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
            checks.real_number("baseline", baseline, -inf)
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
        self._sign = 1 if self._rises() else -1

    def on_epoch_end(self, epoch, logs=None):
        value = (logs or {}).get(self.monitor)
        if value is None:
            there = f"{self.monitor!r} among {', '.join(logs or {})}"
            warnings.warn(f"EarlyStopping: no {there}", stacklevel=2)
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
        if self.best_weights is None:
            return
        self.model.set_weights(self.best_weights)
        if self.verbose:
            best = f"the end of the best epoch: {self.best_epoch + 1}"
            print(f"Restoring model weights from {best}.")

    def _better(self, value, than):
        if than is None:
            return True
        return self._sign * value - self.min_delta > self._sign * than

    def _rises(self):
        name = self.monitor.removeprefix("val_")
        if self.mode != "auto" or name == "loss":
            return self.mode == "max"
        for metric in self.model.metrics[-1].metrics:
            if metric.name == name and hasattr(metric, "_direction"):
                return True
        raise ValueError(
            f"EarlyStopping: expected mode='min' or 'max' for "
            f"{self.monitor!r}, of which it is not known which is better"
        )
