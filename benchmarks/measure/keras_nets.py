"""The Keras rows: fit, fit with more steps a call, single steps, compiled.

Keras and TensorFlow are imported here, within the phase "import".
"""

import importlib
from contextlib import suppress
from typing import Any

import numpy as np

from benchmarks.measure.clock import Clock, Enough
from benchmarks.measure.job import Array, Job, Samples, Trained, make_net


def fit(job: Job) -> Trained:
    """Keras's fit, without its progress bar."""
    model, start = _new_model(job)
    spe = job.contender.options.get("steps_per_execution", 1)
    model.steps_per_execution = min(spe, job.steps)
    model.jit_compile = False  # said, not left to what Keras finds here

    def train(samples: Samples, orders: Array, callbacks: list[Any]) -> None:
        model.fit(
            batches(samples, orders, job.batch_size),
            epochs=len(orders),
            steps_per_epoch=-(-len(samples.x) // job.batch_size),
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )

    return _train(job, model, start, train)


def compiled(job: Job) -> Trained:
    """keras_net's fit_compiled: an epoch is one XLA program."""
    model, start = _new_model(job)
    fit_compiled = importlib.import_module(
        "keras_net.compiled_epoch"
    ).fit_compiled

    def train(samples: Samples, orders: Array, callbacks: list[Any]) -> None:
        fit_compiled(
            model,
            samples.x,
            samples.y,
            batch_size=job.batch_size,
            epochs=len(orders),
            callbacks=callbacks,
            orders=orders,
        )

    return _train(job, model, start, train, compiles=True)


def train_on_batch(job: Job) -> Trained:
    """Keras's train_on_batch in a loop: its step without fit's machinery."""
    return _single_steps(job)


def eager(job: Job) -> Trained:
    """The same step without a graph: every operation called by Python."""
    return _single_steps(job, run_eagerly=True)


def batches(samples: Samples, orders: Array, batch_size: int) -> Any:
    """The pipeline that Keras's fit builds of arrays, with our orders."""
    import tensorflow as tf

    x, y = tf.constant(samples.x), tf.constant(samples.y)
    found = tf.data.Dataset.from_tensor_slices(orders).flat_map(
        lambda order: tf.data.Dataset.from_tensor_slices(order).batch(
            batch_size
        )
    )
    return found.map(
        lambda batch: (tf.gather(x, batch), tf.gather(y, batch)),
        num_parallel_calls=tf.data.AUTOTUNE,
    ).prefetch(tf.data.AUTOTUNE)


def _single_steps(job: Job, run_eagerly: bool = False) -> Trained:
    model, start = _new_model(job)
    model.run_eagerly = run_eagerly

    def train(samples: Samples, orders: Array, callbacks: list[Any]) -> None:
        for epoch, order in enumerate(orders):
            for callback in callbacks:
                callback.on_epoch_begin(epoch)
            x, y = samples.x[order], samples.y[order]
            loss = 0.0
            for at in range(0, len(x), job.batch_size):
                batch = slice(at, at + job.batch_size)
                batch_loss, *_ = model.train_on_batch(x[batch], y[batch])
                loss += float(batch_loss) * len(x[batch]) / len(x)
            for callback in callbacks:
                callback.on_epoch_end(epoch, {"loss": loss})

    return _train(job, model, start, train)


def _new_model(job: Job) -> tuple[Any, list[Array]]:
    """Keras's edition of the net, and the weights that it starts from."""
    with job.phases("import"):
        import keras

        nets = importlib.import_module("keras_net.architectures")
        importlib.import_module("keras_net.compiled_epoch")  # TensorFlow
    with job.phases("build"):
        # Whatever ~/.keras/keras.json says.
        keras.config.set_floatx(job.contender.dtype)
        model = make_net(job.contender, keras, nets)
        start = job.new_net().get_weights()
        model.set_weights(start)
    return model, start


def _train(
    job: Job,
    model: Any,
    start: list[Array],
    train: Any,
    compiles: bool = False,
) -> Trained:
    """Two steps apart, because they trace the graph; then the epochs.

    The first is what a user waits for, too. The second tells whether another
    call traces again; it is a phase by itself, and in no sum.

    A program for a whole epoch has no first step: what comes before its
    first epoch is the compiler.
    """
    import keras

    class KerasClock(Clock, keras.callbacks.Callback):
        def __init__(self, *arguments: Any) -> None:
            keras.callbacks.Callback.__init__(self)
            Clock.__init__(self, *arguments)

    if job.warm and not compiles:
        for phase in ("first step", "second step"):
            with job.phases(phase):
                train(
                    job.samples.first(job.batch_size),
                    np.arange(job.batch_size)[np.newaxis],
                    [],
                )
            _restore(model, start)
    start = model.get_weights()
    clock = job.clock(model.get_weights, KerasClock)
    with job.phases("training"), suppress(Enough):
        train(job.samples, job.orders(), [clock])
    if compiles:
        job.phases.split("training", "compile", clock.set_up)
    return Trained(
        predict=lambda x: model.predict(x, batch_size=1000, verbose=0),
        clock=clock,
        updates=int(model.optimizer.iterations),
        weights=model.get_weights(),
        start=start,
        verified={
            "dtype": str(model.weights[0].dtype),
            "device": model.weights[0].value.device.split("/device:")[-1],
            "jit_compile": compiles or bool(model.jit_compile),
            "steps_per_execution": model.steps_per_execution,
            "eager": bool(model.run_eagerly),
            "learning_rate": float(model.optimizer.learning_rate),
        },
    )


def _restore(model: Any, start: list[Array]) -> None:
    """Take back what a step has changed, in the model and its optimizer.

    The optimizers here are plain SGD, which keeps a count and no velocity.
    """
    model.set_weights(start)
    model.optimizer.iterations.assign(0)
    model.reset_metrics()
