"""What all trainers share: the job, its nets, its orders, its epochs.

All nets of one architecture start from the same weights and see the same
samples in the same order, a new one every epoch: those that the fit of
numpy_net draws from the seed. Keras cannot draw them: unseeded its orders
are not known, and seeded it repeats one order in all epochs, which makes
the custom net worse. So every other library is handed the orders.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec.structs import replace

import numpy_net
from benchmarks.data.dataset import Samples
from benchmarks.measure.clock import Clock, Enough, Phases
from benchmarks.measure.messages import Progress
from benchmarks.record.run import Verified
from benchmarks.rows.row import Row
from numpy_net import architectures, callbacks, config, utils

Array = np.ndarray
LOG_LOSS_RATE = 0.01


class NetClock(Clock, callbacks.Callback):
    """A Clock with all the hooks that numpy_net's fit asks for."""


def silent(progress: Progress) -> None:
    """Tell nobody how far it is."""


@dataclass
class Job:
    """What a trainer is to do.

    phases  takes the times of: import, build, matrix, first step, training
    warm    make one step first, apart from the epochs, and take it back
    """

    row: Row
    samples: Samples
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    tell: Callable[[Progress], None] = silent
    phases: Phases = field(default_factory=Phases)
    warm: bool = True

    @property
    def batch_size(self) -> int:
        return self.row.batch_size or 32

    @property
    def epochs(self) -> int:
        return self.row.epochs or 1

    @property
    def steps(self) -> int:
        """Updates per epoch; the last batch may be a short one."""
        return -(-len(self.samples.x) // self.batch_size)

    def part(self, samples: Samples, **settings: Any) -> "Job":
        """A job apart, with other samples and settings of the row."""
        row = replace(self.row, until=None, **settings)
        return Job(row, samples, self.seed, warm=False)

    def orders(self) -> Array:
        """The order of the samples in each epoch, (epochs, count)."""
        utils.set_random_seed(self.seed)
        draw, count = utils.generator().permutation, len(self.samples.x)
        return np.stack([draw(count) for _ in range(self.epochs)])

    def new_net(self) -> numpy_net.Sequential:
        """numpy_net's edition, with the weights that belong to the seed."""
        config.set_floatx(self.row.dtype)
        utils.set_random_seed(self.seed)
        return make_net(self.row, numpy_net, architectures)

    def clock(self, weights: Callable[[], list[Array]]) -> Clock:
        """A callback that times this job's epochs."""
        if (goal := self.row.until) is None:
            return NetClock(self.epochs, self.tell, weights)
        judge = Judge(self)

        def reached(weights: list[Array]) -> bool:
            return judge(weights)["val_accuracy"] >= goal

        return NetClock(self.epochs, self.tell, weights, reached)

    def train(
        self,
        train_epoch: Callable[[Array], dict[str, float]],
        weights: list[Array],
    ) -> Clock:
        """Call train_epoch with the order of each epoch, on the clock.

        For what has no fit of its own; it changes ``weights`` in place.
        """
        clock = self.clock(lambda: [w.copy() for w in weights])
        with self.phases("training"), suppress(Enough):
            for epoch, order in enumerate(self.orders()):
                clock.on_epoch_begin(epoch)
                clock.on_epoch_end(epoch, train_epoch(order))
        return clock


@dataclass
class Trained:
    """A trained model: what it answers, and how it came about.

    predict   x (N, 28, 28)  ->  scores (N, 10), or digits (N,)
    verified  what the library says of itself after the training
    clock     its epochs; this and the following are those of nets alone
    updates   how often the weights changed, counted by the library if it can
    weights   kernel, bias, kernel, ...
    start     the same before the first update
    size      bytes of a model that is no net
    """

    predict: Callable[[Array], Array]
    verified: Verified
    clock: Clock | None = None
    updates: int | None = None
    weights: list[Array] | None = None
    start: list[Array] | None = None
    size: int | None = None


class Judge:
    """The one evaluator of all nets, off every clock: numpy_net's.

    Judge(job)(weights) gives val_loss and the other validation metrics.
    """

    def __init__(self, job: Job) -> None:
        self.net, self.samples = job.new_net(), job.samples

    def __call__(self, weights: list[Array]) -> dict[str, float]:
        self.net.set_weights(weights)
        x, y = self.samples.x_val, self.samples.y_val
        logs = self.net.evaluate(x, y, 1000, verbose=0, return_dict=True)
        return {f"val_{name}": float(value) for name, value in logs.items()}


def make_net(row: Row, library: Any, architectures: Any) -> Any:
    """The row's net, of either library: both have the same names."""
    hidden = (row.units or 30, "sigmoid")
    if row.net == "log_loss_net":
        # The one loss that scikit-learn has, with a softmax before it.
        layers, loss = (hidden, (10, "softmax")), "categorical_crossentropy"
        return dense_net(library, layers, LOG_LOSS_RATE, loss)
    if row.units:
        return dense_net(library, (hidden, (10, "sigmoid")), 0.25)
    return getattr(architectures, str(row.net))()


def dense_net(
    library: Any,
    layers: tuple[tuple[int, str], ...],
    learning_rate: float,
    loss: str = "mean_squared_error",
    l2: float = 0.0,
) -> Any:
    """A net of layers (units, activation) after the pixels, compiled."""
    decay = library.regularizers.L2(l2) if l2 else None
    dense = library.layers.Dense
    model = library.Sequential([library.Input((28, 28))])
    model.add(library.layers.Flatten())
    for units, activation in layers:
        model.add(dense(units, activation, kernel_regularizer=decay))
    metrics = ["accuracy", library.metrics.F1Score(average="macro")]
    model.compile(library.optimizers.SGD(learning_rate), loss, metrics=metrics)
    return model


def flat(images: Array) -> Array:
    """(N, 28, 28) -> (N, 784), without copying."""
    return images.reshape(len(images), -1)
