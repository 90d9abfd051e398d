"""The Keras rows: fit, with one step a call or more; single steps; compiled.

Keras and TensorFlow are imported here, within the phase "import".
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from benchmarks.data.dataset import Samples
from benchmarks.measure.clock import Clock, Enough
from benchmarks.measure.job import Array, Job, Trained, make_net
from benchmarks.record.run import Verified
from benchmarks.rows.row import Trainer


def _fit(
    model: Any, size: int, samples: Samples, orders: Array, callbacks: Any
) -> None:
    model.fit(
        batches(samples, orders, size),
        epochs=len(orders),
        steps_per_epoch=-(-len(samples.x) // size),
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )


def batches(samples: Samples, orders: Array, batch_size: int) -> Any:
    """The pipeline that Keras's fit builds of arrays, with our orders."""
    import tensorflow as tf

    x, y = tf.constant(samples.x), tf.constant(samples.y)
    slices = tf.data.Dataset.from_tensor_slices
    indices = slices(orders).flat_map(
        lambda order: slices(order).batch(batch_size)
    )
    return indices.map(
        lambda batch: (tf.gather(x, batch), tf.gather(y, batch)),
        num_parallel_calls=tf.data.AUTOTUNE,
    ).prefetch(tf.data.AUTOTUNE)


def _fit_compiled(
    model: Any, size: int, samples: Samples, orders: Array, callbacks: Any
) -> None:
    """An epoch is one XLA program."""
    from keras_net.compiled_epoch import fit_compiled

    settings = {"callbacks": callbacks, "orders": orders}
    x, y, *_ = samples
    fit_compiled(model, x, y, size, len(orders), **settings)


def _single_steps(
    model: Any, size: int, samples: Samples, orders: Array, callbacks: Any
) -> None:
    """Keras's step without fit's machinery; eager, if the model is."""
    for epoch, order in enumerate(orders):
        for callback in callbacks:
            callback.on_epoch_begin(epoch)
        x, y = samples.x[order], samples.y[order]
        loss = 0.0
        for at in range(0, len(x), size):
            batch = slice(at, at + size)
            batch_loss, *_ = model.train_on_batch(x[batch], y[batch])
            loss += float(batch_loss) * len(x[batch]) / len(x)
        for callback in callbacks:
            callback.on_epoch_end(epoch, {"loss": loss})


# How a model is trained with samples in the order of each epoch.
Train = Callable[[Any, int, Samples, Array, list[Any]], None]
HOW: dict[Trainer | None, Train] = {
    "Keras fit": _fit,
    "Keras train_on_batch": _single_steps,
    "Keras eager": _single_steps,
    "Keras compiled epoch": _fit_compiled,
}


def _new_model(job: Job) -> Any:
    """Keras's edition of the net, with the weights that it starts from."""
    with job.phases("import"):
        import keras

        from keras_net import architectures, compiled_epoch  # noqa: F401
    with job.phases("build"):
        # Whatever ~/.keras/keras.json says.
        keras.config.set_floatx(job.row.dtype)
        model = make_net(job.row, keras, architectures)
        model.set_weights(job.new_net().get_weights())
        model.run_eagerly = job.row.trainer == "Keras eager"
        if job.row.trainer == "Keras fit":
            steps = min(job.row.steps_per_execution, job.steps)
            model.steps_per_execution = steps
            model.jit_compile = False  # said, not left to what Keras finds
    return model


def train(job: Job) -> Trained:
    """Train the epochs, after two steps apart: they trace the graph.

    A program for a whole epoch has no first step: what comes before its
    first epoch is the compiler.
    """
    model, how = _new_model(job), HOW[job.row.trainer]
    start = model.get_weights()
    if job.warm and not job.row.compiled:
        _warm(job, model, how)
    clock = job.clock(model.get_weights)
    hooks = [_callback(clock)]
    with job.phases("training"), suppress(Enough):
        how(model, job.batch_size, job.samples, job.orders(), hooks)
    if job.row.compiled:
        job.phases.split("training", "compile", clock.set_up)
    return Trained(
        predict=lambda x: model.predict(x, batch_size=1000, verbose=0),
        verified=_verified(model, job.row.compiled),
        clock=clock,
        updates=int(model.optimizer.iterations),
        weights=model.get_weights(),
        start=start,
    )


def _callback(clock: Clock) -> Any:
    from keras.callbacks import LambdaCallback

    return LambdaCallback(clock.on_epoch_begin, clock.on_epoch_end)


def _warm(job: Job, model: Any, how: Train) -> None:
    """Make two steps, and take back what they have changed.

    The first is what a user waits for, too. The second tells whether another
    call traces again; it is a phase by itself, and in no sum. The optimizers
    here are plain SGD, which keeps a count and no velocity.
    """
    start, one = model.get_weights(), job.samples.first(job.batch_size)
    for phase in ("first step", "second step"):
        with job.phases(phase):
            order = np.arange(job.batch_size)[np.newaxis]
            how(model, job.batch_size, one, order, [])
        model.set_weights(start)
        model.optimizer.iterations.assign(0)
        model.reset_metrics()


def _verified(model: Any, compiles: bool) -> Verified:
    return Verified(
        dtype=str(model.weights[0].dtype),
        device=model.weights[0].value.device.split("/device:")[-1],
        learning_rate=float(model.optimizer.learning_rate),
        jit_compile=compiles or bool(model.jit_compile),
        steps_per_execution=model.steps_per_execution,
        eager=bool(model.run_eagerly),
    )
