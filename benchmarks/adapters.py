"""How each kind of contender is trained: in its own process only.

Every function takes (contender, samples, seed, threads, say) and returns
a Trained; ``say`` takes a dict about the epoch that has just ended.

All nets of one architecture start from the same weights and see the same
samples in the same order, a new one every epoch: those that the fit of
numpy_net draws from the seed. Keras cannot draw them: unseeded its orders
are not known, and seeded it repeats one order in all epochs, which makes
the custom net worse. So Keras is handed the orders.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import numpy_net.utils
from benchmarks.clock import Clock, Say
from benchmarks.contenders import Contender
from numpy_net import architectures, checks, per_sample
from numpy_net.callbacks import History

Array = np.ndarray


class Samples(NamedTuple):
    """Pixels (N, 28, 28) in [0, 1] and one-hot labels (N, 10), float32."""

    x: Array
    y: Array
    x_val: Array
    y_val: Array


@dataclass
class Trained:
    """A trained model: what it answers, and what its training took.

    predict  x (N, 28, 28)  ->  scores (N, 10), or labels (N,)
    seconds  wall-clock seconds by phase; "training" is the fit without
             its validation
    epochs   the same for each epoch
    updates  how often the weights changed; None where there are no weights
    history  loss and metrics by epoch, as in Keras's History
    """

    predict: Callable[[Array], Array]
    seconds: dict[str, float]
    epochs: list[float] = field(default_factory=list)
    updates: int | None = None
    history: dict[str, list[float]] = field(default_factory=dict)
    weights: list[Array] | None = None


def train_per_sample(
    contender: Contender, samples: Samples, seed: int, threads: int, say: Say
) -> Trained:
    """The textbook program: per_sample.py, one epoch after another."""
    epochs = contender.epochs or 1
    start = perf_counter()
    weights = _new_net(contender, seed).get_weights()
    build = perf_counter() - start
    x, x_val = _rows(samples.x), _rows(samples.x_val)
    orders = _orders(len(x), epochs, seed)
    clock = Clock(epochs, per_sample.LEARNING_RATE, say)
    history = History()
    for epoch in range(epochs):
        clock.on_epoch_begin(epoch)
        order = orders[epoch]
        loss, accuracy = per_sample.train_epoch(
            x[order], samples.y[order], weights
        )
        clock.on_test_begin()
        a = per_sample.predict(x_val, weights)
        hits = a.argmax(axis=1) == samples.y_val.argmax(axis=1)
        logs = {
            "loss": loss,
            "accuracy": accuracy,
            "val_loss": float(np.mean((a - samples.y_val) ** 2)),
            "val_accuracy": float(np.mean(hits)),
        }
        clock.on_test_end()
        checks.loss(loss, epoch, len(x) - 1, per_sample.LEARNING_RATE)
        for callback in (clock, history):
            callback.on_epoch_end(epoch, logs)
    return Trained(
        predict=lambda x: per_sample.predict(_rows(x), weights),
        seconds={
            "build": build,
            "training": sum(clock.training),
            "validation": sum(clock.validation),
        },
        epochs=clock.training,
        updates=_steps(samples, contender) * epochs,
        history=history.history,
        weights=weights,
    )


def train_numpy(
    contender: Contender, samples: Samples, seed: int, threads: int, say: Say
) -> Trained:
    """numpy_net's fit."""
    start = perf_counter()
    model = _new_net(contender, seed)
    build = perf_counter() - start
    numpy_net.utils.set_random_seed(seed)  # fit draws what _orders draws
    trained = _fit(
        model,
        Clock,
        samples,
        contender,
        say,
        x=samples.x,
        y=samples.y,
        batch_size=contender.batch_size,
    )
    trained.seconds["build"] = build
    return trained


def train_keras(
    contender: Contender, samples: Samples, seed: int, threads: int, say: Say
) -> Trained:
    """Keras's fit, without its progress bar."""
    start = perf_counter()
    import keras

    nets = importlib.import_module("keras_net.architectures")
    imported = perf_counter()
    keras.config.set_floatx("float32")  # whatever ~/.keras/keras.json says
    model = getattr(nets, str(contender.net))()
    model.set_weights(_new_net(contender, seed).get_weights())
    built = perf_counter()

    class KerasClock(Clock, keras.callbacks.Callback):
        def __init__(self, *arguments: Any) -> None:
            keras.callbacks.Callback.__init__(self)
            Clock.__init__(self, *arguments)

    orders = _orders(len(samples.x), contender.epochs or 1, seed)
    trained = _fit(
        model,
        KerasClock,
        samples,
        contender,
        say,
        x=_keras_batches(samples, orders, contender.batch_size or 32),
        steps_per_epoch=_steps(samples, contender),
        validation_batch_size=contender.batch_size,
        shuffle=False,
        verbose=0,
    )
    trained.predict = lambda x: model.predict(x, batch_size=1000, verbose=0)
    trained.seconds |= {"import": imported - start, "build": built - imported}
    return trained


def _keras_batches(
    samples: Samples, orders: Array, batch_size: int
) -> Any:
    """The pipeline that Keras's fit builds of arrays, with our orders."""
    import tensorflow as tf

    x, y = tf.constant(samples.x), tf.constant(samples.y)
    rows = tf.data.Dataset.from_tensor_slices(orders).flat_map(
        lambda order: tf.data.Dataset.from_tensor_slices(order).batch(
            batch_size
        )
    )
    return rows.map(
        lambda batch: (tf.gather(x, batch), tf.gather(y, batch)),
        num_parallel_calls=tf.data.AUTOTUNE,
    ).prefetch(tf.data.AUTOTUNE)


def train_xgboost(
    contender: Contender, samples: Samples, seed: int, threads: int, say: Say
) -> Trained:
    """Boosted trees on the training and the validation images together."""
    start = perf_counter()
    import xgboost

    from classical.xgboost_model import assignment_model

    imported = perf_counter()

    class Rounds(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, log: Any) -> bool:
            say({"epoch": epoch + 1, "epochs": rounds})
            return False

    model = assignment_model(seed, threads, callbacks=[Rounds()])
    rounds = model.get_num_boosting_rounds()
    x = _rows(np.concatenate([samples.x, samples.x_val]))
    labels = np.concatenate([samples.y, samples.y_val]).argmax(axis=1)
    built = perf_counter()
    model.fit(x, labels)
    return Trained(
        predict=lambda x: model.predict(_rows(x)),
        seconds={
            "import": imported - start,
            "build": built - imported,
            "training": perf_counter() - built,
        },
    )


def _new_net(contender: Contender, seed: int) -> numpy_net.Sequential:
    """The contender's net with the first weights that belong to the seed."""
    numpy_net.utils.set_random_seed(seed)
    return getattr(architectures, str(contender.net))()


def _orders(count: int, epochs: int, seed: int) -> Array:
    """The order of the samples in each epoch, (epochs, count)."""
    numpy_net.utils.set_random_seed(seed)
    generator = numpy_net.utils.generator()
    return np.stack([generator.permutation(count) for _ in range(epochs)])


def _steps(samples: Samples, contender: Contender) -> int:
    """Updates per epoch; the last batch may be a short one."""
    return -(-len(samples.x) // (contender.batch_size or 32))


def _rows(images: Array) -> Array:
    return images.reshape(len(images), -1)


def _fit(
    model: Any,
    clock_class: type[Clock],
    samples: Samples,
    contender: Contender,
    say: Say,
    **training: Any,
) -> Trained:
    """Call fit, the same for either library but for where batches come from.

    ``training`` says that: arrays and a batch size, or a pipeline.
    """
    epochs = contender.epochs or 1
    clock = clock_class(epochs, float(model.optimizer.learning_rate), say)
    start = perf_counter()
    history = model.fit(
        epochs=epochs,
        callbacks=[clock],
        validation_data=(samples.x_val, samples.y_val),
        **training,
    )
    seconds = perf_counter() - start
    validation = sum(clock.validation)
    return Trained(
        predict=model.predict,
        seconds={"training": seconds - validation, "validation": validation},
        epochs=clock.training,
        updates=_steps(samples, contender) * epochs,
        history=history.history,
        weights=model.get_weights(),
    )
