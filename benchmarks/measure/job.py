"""What all adapters share: the job, its nets, its orders, its judge.

All nets of one architecture start from the same weights and see the same
samples in the same order, a new one every epoch: those that the fit of
numpy_net draws from the seed. Keras cannot draw them: unseeded its orders
are not known, and seeded it repeats one order in all epochs, which makes
the custom net worse. So every other library is handed the orders.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

import numpy_net
import numpy_net.utils
from benchmarks.measure.clock import Clock, Say
from benchmarks.measure.phases import Phases
from benchmarks.rows.contenders import Contender
from numpy_net import architectures, config

Array = np.ndarray
LOG_LOSS_RATE = 0.01


class Samples(NamedTuple):
    """Pixels (N, 28, 28) in [0, 1] and one-hot labels (N, 10)."""

    x: Array
    y: Array
    x_val: Array
    y_val: Array

    def first(self, count: int) -> "Samples":
        """The same with so many training samples."""
        return self._replace(x=self.x[:count], y=self.y[:count])


@dataclass
class Job:
    """What an adapter is to do.

    phases  takes the times of: import, build, matrix, first step, training
    warm    make one step first, apart from the epochs, and take it back
    until   stop after the epoch that reaches this validation accuracy
    """

    contender: Contender
    samples: Samples
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    say: Say = print
    phases: Phases = field(default_factory=Phases)
    warm: bool = True
    until: float | None = None

    @property
    def batch_size(self) -> int:
        return self.contender.batch_size or 32

    @property
    def epochs(self) -> int:
        return self.contender.epochs or 1

    @property
    def steps(self) -> int:
        """Updates per epoch; the last batch may be a short one."""
        return -(-len(self.samples.x) // self.batch_size)

    def orders(self) -> Array:
        """The order of the samples in each epoch, (epochs, count)."""
        numpy_net.utils.set_random_seed(self.seed)
        draw = numpy_net.utils.generator().permutation
        count = len(self.samples.x)
        return np.stack([draw(count) for _ in range(self.epochs)])

    def new_net(self) -> numpy_net.Sequential:
        """numpy_net's edition, with the weights that belong to the seed."""
        config.set_floatx(self.contender.dtype)
        numpy_net.utils.set_random_seed(self.seed)
        return make_net(self.contender, numpy_net, architectures)

    def clock(
        self, weights: Callable[[], list[Array]], kind: type[Clock] = Clock
    ) -> Clock:
        """A callback that times this job's epochs."""
        reached = None
        if self.until is not None:
            judge, goal = Judge(self), self.until

            def reached(weights: list[Array]) -> bool:
                return judge(weights)["val_accuracy"] >= goal

        return kind(self.epochs, self.say, weights, reached)


@dataclass
class Trained:
    """A trained model: what it answers, and how it came about.

    predict   x (N, 28, 28)  ->  scores (N, 10), or labels (N,)
    clock     its epochs; None where there are none
    updates   how often the weights changed, counted by the library if it
              counts; None where there are no weights
    weights   kernel, bias, kernel, ...
    start     the same before the first update
    size      bytes of a model that has no such weights
    verified  what the library says of itself after the training
    """

    predict: Callable[[Array], Array]
    clock: Clock | None = None
    updates: int | None = None
    weights: list[Array] | None = None
    start: list[Array] | None = None
    size: int | None = None
    verified: dict[str, Any] = field(default_factory=dict)


class Judge:
    """The one evaluator of all nets, off every clock: numpy_net's.

    Judge(job)(weights) gives val_loss and the other validation metrics.
    """

    def __init__(self, job: Job) -> None:
        self.net, self.samples = job.new_net(), job.samples

    def __call__(self, weights: list[Array]) -> dict[str, float]:
        self.net.set_weights(weights)
        found = self.net.evaluate(
            self.samples.x_val,
            self.samples.y_val,
            batch_size=1000,
            verbose=0,
            return_dict=True,
        )
        return {f"val_{name}": float(value) for name, value in found.items()}


def make_net(contender: Contender, library: Any, architectures: Any) -> Any:
    """The contender's net, of either library: both have the same names."""
    if contender.net == "log_loss_net":
        # The one loss that scikit-learn has, with a softmax before it.
        return _one_hidden_layer(
            library,
            contender.units or 30,
            "softmax",
            "categorical_crossentropy",
            LOG_LOSS_RATE,
        )
    if contender.units is None:
        return getattr(architectures, str(contender.net))()
    return _one_hidden_layer(
        library, contender.units, "sigmoid", "mean_squared_error", 0.25
    )


def _one_hidden_layer(
    library: Any, units: int, output: str, loss: str, learning_rate: float
) -> Any:
    """784-units-10; otherwise as the assignment's net."""
    model = library.Sequential(
        [
            library.Input((28, 28)),
            library.layers.Flatten(),
            library.layers.Dense(units, activation="sigmoid"),
            library.layers.Dense(10, activation=output),
        ]
    )
    model.compile(
        optimizer=library.optimizers.SGD(learning_rate=learning_rate),
        loss=loss,
        metrics=["accuracy", library.metrics.F1Score(average="macro")],
    )
    return model


def rows(images: Array) -> Array:
    """(N, 28, 28) -> (N, 784), without copying."""
    return images.reshape(len(images), -1)
