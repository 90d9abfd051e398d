"""Keras's fit with each epoch as one XLA program.

For nets as small as these, fit takes longer to hand a batch from Python to
TensorFlow than to compute with it. Here the loop over the batches is compiled
together with what it repeats: the model's own train_step, and test_step for
validation, and so the loss, optimizer and metrics that it was compiled with.
"""

import functools
import math
from time import perf_counter

import keras
import numpy as np
import tensorflow as tf


def fit_compiled(
    model,
    x,
    y,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: str | int = 0,
    callbacks=None,
    validation_split: float = 0.0,
    validation_data=None,
    shuffle: bool = True,
    *,
    orders=None,
):
    """Train a compiled Keras model as fit does, an epoch a program.

    x (N, ...), y (N, ...): arrays; validation_data is such a pair (x, y).
    orders (epochs, N): the sample numbers in the order of each epoch.
    Without it, shuffle draws a new order an epoch from Keras's seed
    (keras.utils.set_random_seed).

    Returns fit's History, with compile_seconds: what it took to trace and
    to compile, before the first epoch. It is the time of one call on zero
    batches. For a model, batch size and shapes that were compiled before it
    is about 0.001, until model.compile() is called again.

    Memory: x and y once more, on the device; a step gathers its own batch.

    Raises ValueError for a model that is not compiled, that runs eagerly or
    that XLA cannot compile, another backend than TensorFlow, and for arrays,
    numbers or orders that make no sense.
    Keras: keras.Model.fit. Two differences. Nothing is told of single
    batches: verbose shows an epoch when it is over, TerminateOnNaN stops
    after the epoch, and any other callback with a hook of batches is refused,
    but for one with save_freq="epoch". And XLA draws other random numbers
    from a seed, so the masks of Dropout are those of a model that was
    compiled with jit_compile=True, not those of another.
    """
    _check_model(model)
    _check_callbacks(callbacks)
    size = _whole_number("batch_size", batch_size, 32)
    x, y = _tensors("x and y", x, y)
    if validation_split and validation_data is None:
        x, y, validation_data = _split(x, y, validation_split)
    orders = _orders(orders, _whole_number("epochs", epochs), len(x), shuffle)
    start = perf_counter()
    train, test = _programs(model)
    train = _compiled(train, size, x, y)
    test = validation_data and _compiled(
        test, size, *_tensors("validation_data", *validation_data)
    )
    seconds = perf_counter() - start
    callbacks = keras.callbacks.CallbackList(
        callbacks,
        add_history=True,
        add_progbar=verbose != 0,
        verbose=verbose,
        epochs=epochs,
        steps=math.ceil(len(x) / size),
        model=model,
    )
    _train(model, train, test, orders, callbacks)
    model.history.compile_seconds = seconds
    return model.history


def _train(model, train, test, orders, callbacks):
    """The loop over epochs: what fit calls, in the same order."""
    model.stop_training = False
    callbacks.on_train_begin()
    for epoch, order in enumerate(orders):
        callbacks.on_epoch_begin(epoch)
        logs = _results(model, train, order)
        for callback in callbacks.callbacks:
            if isinstance(callback, keras.callbacks.TerminateOnNaN):
                callback.on_batch_end(callbacks.params["steps"] - 1, logs)
        if test:
            callbacks.on_test_begin()
            results = _results(model, test)
            callbacks.on_test_end(results)
            logs |= {f"val_{name}": value for name, value in results.items()}
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    callbacks.on_train_end(logs)


def _results(model, run, *order):
    """Loss and metrics of one pass over the data."""
    model.reset_metrics()
    run(*order)
    return dict(model.get_metrics_result())


def _programs(model):
    """The model's programs, one to train and one to test.

    They are kept on the function that fit compiles for itself, and go when
    it goes: model.compile() makes fit, too, compile anew.
    """
    model.make_train_function()
    fit_function = model.train_function
    if not hasattr(fit_function, "programs"):
        steps = (model.train_step, model.test_step)
        fit_function.programs = tuple(map(_program, steps))
    return fit_function.programs


def _program(step):
    """A pass over x and y in batches; the rest of less than a batch last."""

    @tf.function(jit_compile=True, autograph=False)
    def program(size, x, y, order, times):
        def run(rows):
            step((tf.gather(x, rows), tf.gather(y, rows)))

        full, rest = divmod(order.shape[0], size)
        if full:
            _loop(
                full * times,
                lambda i: run(tf.slice(order, [i * size], [size])),
            )
        if rest:
            _loop(times, lambda _: run(order[-rest:]))

    return program


def _loop(times, body):
    """body(0), ..., body(times - 1), for the effect; times is a tensor."""

    def step(i):
        body(i)
        return i + 1

    tf.while_loop(lambda i: i < times, step, [tf.constant(0)])


def _compiled(program, size, x, y):
    """What runs the program in a given order, without one from first to last.

    A program is compiled when it is first called. That is here, with 0 times
    all batches, so that it takes no part of the first epoch.
    """
    run = functools.partial(program, size, x, y)
    in_order = tf.range(len(x))
    try:
        run(in_order, tf.constant(0))
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as e:
        raise ValueError(
            "XLA cannot compile this model: expected layers, loss and metrics "
            f"without Python or string operations, got {_reason(e)}; "
            "train it with model.fit"
        ) from e
    return lambda order=in_order: run(order, tf.constant(1))


def _reason(error):
    """The first line of what TensorFlow has to say."""
    return error.message.partition("\n")[0]


def _check_model(model):
    if keras.config.backend() != "tensorflow":
        raise ValueError(
            "fit_compiled: expected Keras's backend to be tensorflow, got "
            f"{keras.config.backend()}; set KERAS_BACKEND before the import"
        )
    if not model.compiled:
        raise ValueError("the model is not compiled; call compile() first")
    if model.run_eagerly:
        raise ValueError(
            "expected a model to be compiled, got run_eagerly=True; set "
            "model.run_eagerly = False or train it with model.fit"
        )


def _check_callbacks(callbacks):
    """Refuse what would wait in vain to be told of each batch."""
    idle = keras.callbacks.Callback
    for callback in keras.tree.flatten(callbacks or []):
        told_late = isinstance(callback, keras.callbacks.TerminateOnNaN)
        if told_late or getattr(callback, "save_freq", None) == "epoch":
            continue
        for hook in filter(lambda name: "_batch_" in name, dir(idle)):
            own = getattr(getattr(callback, hook), "__func__", None)
            if own is not getattr(idle, hook):
                raise ValueError(
                    f"callbacks: {type(callback).__name__} has {hook}, and "
                    "an epoch is one program that tells of no batch; use "
                    "on_epoch_end, or train with model.fit"
                )


def _whole_number(name, value, default=None):
    value = default if value is None else value
    if not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(
            f"{name}: expected a whole number of at least 1, got {value!r}"
        )
    return int(value)


def _tensors(name, x, y):
    """Both on the device; floats of any size as those of Keras, as in fit."""
    x, y = map(np.asarray, (x, y))
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        raise ValueError(
            f"{name}: expected equally many samples, at least 1, got shapes "
            f"{x.shape} and {y.shape}"
        )
    floatx = keras.config.floatx()
    return [
        tf.constant(a, floatx if a.dtype.kind == "f" else None) for a in (x, y)
    ]


def _split(x, y, share):
    """The first samples, and as a pair the last: that share of them."""
    at = math.floor(len(x) * (1.0 - share)) if 0 < share < 1 else 0
    if not 0 < at < len(x):
        raise ValueError(
            "validation_split: expected a share in (0, 1) that leaves samples "
            f"to train and to test, got {share} of {len(x)} samples"
        )
    return x[:at], y[:at], (x[at:], y[at:])


def _orders(orders, epochs, samples, shuffle):
    """The order of each epoch; a new one is drawn when it is needed."""
    numbers = np.arange(samples, dtype="int32")
    if orders is None:
        draw = keras.random.shuffle if shuffle else tf.constant
        return (draw(numbers) for _ in range(epochs))
    orders = np.asarray(orders)
    shape = (epochs, samples)
    if orders.shape != shape or (np.sort(orders) != numbers).any():
        raise ValueError(
            f"orders: expected shape {shape}, each row a permutation of "
            f"0 to {samples - 1}, got shape {orders.shape}"
        )
    return map(tf.constant, orders.astype("int32"))
