"""What fit calls on its way, and the record that it returns.

Keras: keras.callbacks, whose own callbacks work here, too.
"""

import sys
import warnings
from time import perf_counter

import numpy as np

from numpy_net import checks


class Callback:
    """Override what you need; logs hold loss and metrics so far.

    fit calls on_train_begin; for each epoch on_epoch_begin, for each batch
    on_train_batch_begin and _end (also called on_batch_...), the same of
    the validation as on_test_..., on_epoch_end; at last on_train_end. To end
    the training with an epoch, set self.model.stop_training = True. Where
    nobody hears of single batches, metrics are counted by the thousand.
    """

    model = params = None

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


BLOCK = 1024  # samples that fit takes in a row, if nobody looks
HOOKS = [name for name in vars(Callback) if name.startswith("on_")]
for _hook in HOOKS:  # Keras marks in the same way what does nothing
    getattr(Callback, _hook)._is_default = True


class CallbackList:
    """Calls each: the user's, then the History, then the progress bar."""

    def __init__(self, callbacks, model, verbose, epochs, samples, size):
        chosen = checks.several("callbacks", callbacks, "[History()]")
        for callback in chosen:
            if isinstance(callback, type) or not all(
                hasattr(callback, hook) for hook in (*HOOKS, "set_model")
            ):
                raise checks.expected("callbacks", "a Callback", callback)
        if verbose not in ("auto", 0, 1, 2) or isinstance(verbose, bool):
            raise checks.expected("verbose", '"auto", 0, 1 or 2', verbose)
        self._heard = {
            hook
            for callback in chosen
            for hook in HOOKS
            if not getattr(getattr(callback, hook), "_is_default", False)
        }
        given = [c for c in chosen if isinstance(c, History)]
        self.history = (given or [History()])[0]
        self.callbacks = chosen if given else [*chosen, self.history]
        if verbose:
            self.callbacks = [*self.callbacks, ProgbarLogger()]
        steps = -(-samples // size)
        params = {"verbose": verbose, "epochs": epochs, "steps": steps}
        for callback in self.callbacks:
            callback.set_params(params)
            callback.set_model(model)

    def of_batches(self, kind: str, size: int):
        """Return what to call before and after a portion, and how large.

        It is a batch where somebody has a hook of single batches.
        """
        hooks = [f"on_{kind}_batch_begin", f"on_{kind}_batch_end"]
        more = ["on_batch_begin", "on_batch_end"] if kind == "train" else []
        if not self._heard.isdisjoint(hooks + more):
            return getattr(self, hooks[0]), getattr(self, hooks[1]), size
        bar = kind == "train" and self.callbacks[-1]
        end = (
            bar.on_train_batch_end if isinstance(bar, ProgbarLogger) else None
        )
        return None, end, max(1, BLOCK // size) * size

    def __getattr__(self, hook):
        def call_each(*arguments):
            for callback in self.callbacks:
                getattr(callback, hook)(*arguments)

        return call_each


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
        self.min_delta = checks.real_number("min_delta", abs(min_delta))
        self.patience = checks.whole_number("patience", patience, least=0)
        self.mode = checks.known("mode", mode, ("auto", "min", "max"))
        self.verbose, self.baseline = verbose, baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch

    def on_train_begin(self, logs=None):
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

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
        if self._mode() == "min":
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

    quiet = False  # a validation within fit shows no bar of its own

    def on_train_begin(self, logs=None):
        self.quiet = True

    def on_epoch_begin(self, epoch, logs=None):
        if self.params["epochs"] > 1:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self.on_predict_begin()

    def on_train_batch_end(self, batch, logs=None):
        now = perf_counter()
        if self.moves and now - self.shown > 0.05:
            self.shown = now
            print(f"\r{self._line(batch + 1, logs)}", end="", flush=True)

    def on_epoch_end(self, epoch, logs=None):
        self.on_predict_end(logs)

    def on_test_begin(self, logs=None):
        if not self.quiet:
            self.on_predict_begin()

    def on_test_end(self, logs=None):
        if not self.quiet:
            self.on_predict_end(logs)

    def on_predict_begin(self, logs=None):
        self.start = self.shown = perf_counter()
        seen = (
            sys.stdout and sys.stdout.isatty()
        ) or "ipykernel" in sys.modules
        self.moves = seen and self.params["verbose"] != 2

    def on_predict_end(self, logs=None):
        print("\r" * self.moves + self._line(self.params["steps"], logs))

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
