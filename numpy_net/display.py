"""What is printed: the table of ``summary``, and how far ``fit`` has come."""

import sys
from time import perf_counter

import numpy as np

from numpy_net.checks import expected

HEADER = ("Layer (type)", "Output Shape", "Param #")


def table(model) -> str:
    """Return the model's layers, output shapes and parameter counts.

    Keras's table, cell for cell; after training Keras adds the optimizer's
    own parameters to the total.
    """
    rows, shape = [HEADER], model.input_shape
    for layer in model.layers:
        shape = layer.compute_output_shape(shape)
        kind, count = type(layer).__name__, f"{layer.count_params():,}"
        rows.append((f"{layer.name} ({kind})", str(shape), count))
    a, b, c = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [f"{x:<{a}}  {y:<{b}}  {z:>{c}}" for x, y, z in rows]
    rule = "-" * len(lines[0])
    kinds = {
        "Total": model.weights,
        "Trainable": model.trainable_weights,
        "Non-trainable": model.non_trainable_weights,
    }
    totals = [f" {kind} params: {_size(own)}" for kind, own in kinds.items()]
    name = f'Model: "{model.name}"'
    return "\n".join([name, rule, lines[0], rule, *lines[1:], rule, *totals])


def _size(weights):
    """Numbers, and bytes in the largest unit below them: 1 KB = 1024 B."""
    size, units = float(sum(w.nbytes for w in weights)), ["B", "KB", "MB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{sum(w.size for w in weights):,} ({size:.2f} {units[0]})"


class Progress:
    """Keras's bar for each epoch (verbose "auto" and 1), or a line (2).

    The bar moves where there is a terminal or a notebook to see it.
    """

    def __init__(self, verbose, samples: int, size: int, epochs: int = 1):
        if verbose not in ("auto", 0, 1, 2) or isinstance(verbose, bool):
            raise expected("verbose", '"auto", 0, 1 or 2', verbose)
        steps = -(-samples // size)
        self.params = {"verbose": verbose, "epochs": epochs, "steps": steps}
        self.verbose, self.epochs, self.steps = verbose, epochs, steps
        self.begin()

    def begin(self, epoch: int | None = None):
        if self.verbose and self.epochs > 1 and epoch is not None:
            print(f"Epoch {epoch + 1}/{self.epochs}")
        self.start = self.shown = perf_counter()
        terminal = getattr(sys.stdout, "isatty", bool)()
        seen = terminal or "ipykernel" in sys.modules
        self.moves = seen and self.verbose in ("auto", 1)

    def moves_to(self, step, trackers):
        """Show the state after so many steps, twenty times a second."""
        if self.moves and perf_counter() - self.shown > 0.05:
            self.shown = perf_counter()
            logs = {metric.name: metric.result() for metric in trackers}
            print("\r" + self._line(step, logs), end="", flush=True)

    def end(self, logs):
        if self.verbose:
            print("\r" * self.moves + self._line(self.steps, logs))

    def _line(self, step, logs):
        seconds, steps = perf_counter() - self.start, self.steps
        count = f"{step:{len(str(steps))}}/{steps}"
        said = f" {_duration(seconds / step)}/step"
        for name, value in logs.items():
            mean = float(np.mean(value))
            said += f" - {name}: {mean:{'.4f' if abs(mean) > 1e-3 else '.4e'}}"
        if self.verbose == 2:
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
