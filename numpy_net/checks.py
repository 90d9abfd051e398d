"""What the nets refuse, each in one line: found, expected, what to do."""

import math
import numbers
import operator

import numpy as np


def shown(value) -> str:
    """What a value looks like, in one line and not for pages."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python does not write out integers of 5,000 digits
        return f"a very large {type(value).__name__}"
    return text if len(text) <= 100 else f"{text[:97]}..."


def known(kind: str, name, table: dict):
    """Return table[name], or a ValueError that lists the known names."""
    if isinstance(name, str) and name in table:
        return table[name]
    names = ", ".join(sorted(table))
    raise ValueError(f"unknown {kind} {shown(name)}; known: {names}")


def several(name: str, values, example: str) -> list:
    """Return a list or tuple as a list; None stands for an empty one."""
    if not isinstance(values, list | tuple | None):
        raise ValueError(
            f"{name}: expected a list like {example}, got {shown(values)}"
        )
    return list(values or [])


def whole_number(name: str, value, least: int = 1) -> int:
    """Return value as an int of at least ``least``."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise ValueError(
            f"{name}: expected a whole number of at least {least}, "
            f"got {shown(value)}"
        )
    return number


def real_number(name: str, value, below: float = math.inf) -> float:
    """Return value as a finite float in [0, below)."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    try:
        number = float(value) if real else math.nan
    except OverflowError:  # an int or a fraction that no float can hold
        number = math.inf
    if not 0 <= number < below:
        raise ValueError(
            f"{name}: expected a number in [0, {below}), got {shown(value)}"
        )
    return number


def inputs(x, shape: tuple, dtype) -> np.ndarray:
    """Return x as finite numbers of shape (N, *shape), N at least 1."""
    return _numbers("x", x, shape, dtype)


def targets(y, shape: tuple, dtype, samples: int) -> np.ndarray:
    """Return y as finite numbers of shape (samples, *shape)."""
    try:
        y = _numbers("y", y, shape, dtype)
    except ValueError as error:
        hint = "; make labels one-hot with utils.to_categorical"
        raise ValueError(f"{error}{hint}") from None
    if len(y) != samples:
        raise ValueError(
            f"x and y: expected equally many samples, got {samples} "
            f"and {len(y)}"
        )
    return y


def _real(array, dtype):
    """Return array in dtype; what is too large for it becomes inf."""
    array = np.asarray(array)
    if array.dtype.kind in "cmM":  # complex, durations, dates
        raise ValueError(f"{array.dtype} is no real number")
    with np.errstate(over="ignore"):
        return array.astype(dtype, copy=False)


def _numbers(name, array, shape, dtype):
    try:
        array = _real(array, dtype)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{name}: expected numbers in one array, got something that "
            f"NumPy cannot make into {dtype}"
        ) from None
    if array.shape[1:] != shape or array.ndim == 0 or len(array) == 0:
        sizes = ", ".join(map(str, ("N", *shape)))
        raise ValueError(
            f"{name}: expected shape ({sizes}) with N at least 1, "
            f"got {array.shape}"
        )
    if not np.isfinite(array.min()) or not np.isfinite(array.max()):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name}: expected finite numbers, got {array[where]} at index "
            f"{where}"
        )
    return array


def weights(new, own) -> list[np.ndarray]:
    """Return new as arrays that fit a model's weights, each finite."""
    expected = [array.shape for array in own]
    try:
        arrays = [_real(array, own[0].dtype if own else None) for array in new]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"weights: expected numeric arrays of shapes {expected}"
        ) from None
    shapes = [array.shape for array in arrays]
    if shapes != expected:
        raise ValueError(
            f"weights: expected arrays of shapes {expected}, got {shapes}"
        )
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("weights: expected finite numbers, got nan or inf")
    return arrays


def metrics(chosen, output_shape) -> None:
    """Refuse two metrics of one name, and accuracy of a single output."""
    names = [metric.name for metric in chosen]
    if len(set(names)) < len(names):
        raise ValueError(
            f"metrics: expected different names, got {names}; give "
            f"name=... to one of them"
        )
    if output_shape == (1,) and any("accuracy" in name for name in names):
        raise ValueError(
            "metrics: accuracy needs at least two outputs, got one"
        )


def split_at(samples: int, validation_split) -> int:
    """Return how many samples remain for training, rounded as in Keras."""
    share = real_number("validation_split", validation_split, below=1.0)
    at = math.floor(samples * (1.0 - share))
    if at in (0, samples):
        raise ValueError(
            f"validation_split {share:g} of {samples} samples leaves "
            f"{at} for training and {samples - at} for validation; give "
            f"more samples or another validation_split"
        )
    return at


def pair(validation_data):
    """Return validation_data as x, y."""
    if (
        not isinstance(validation_data, tuple | list)
        or len(validation_data) != 2
    ):
        raise ValueError("validation_data: expected (x, y)")
    return validation_data


def callbacks(values) -> list:
    """Return what fit is to call: objects with the methods of a Callback."""
    chosen = several("callbacks", values, "[History()]")
    for callback in chosen:
        if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
            raise ValueError(
                f"callbacks: expected objects like History(), got "
                f"{shown(callback)}"
            )
    return chosen


def last_is_dense(layers) -> None:
    """Refuse to compile a model that does not end in a Dense layer."""
    if not layers or not hasattr(layers[-1], "kernel"):
        raise ValueError(
            "compile: expected a Dense layer at the end of the model"
        )


def has_weights(trainable) -> None:
    """Refuse to work with a model that has nothing to work with."""
    if not trainable:
        raise RuntimeError(
            "the model has no weights yet: give it an Input(shape) and a "
            "Dense layer first"
        )


def compiled(loss) -> None:
    """Refuse to train or evaluate before compile has chosen how."""
    if loss is None:
        raise RuntimeError(
            "the model has no loss and optimizer yet: call "
            "compile(optimizer=..., loss=...) first"
        )


def loss(value: float, epoch: int, batch: int, learning_rate: float) -> None:
    """Stop a training whose loss is no longer a number."""
    if not math.isfinite(value):
        raise FloatingPointError(
            f"the loss became {value} in epoch {epoch + 1}, batch "
            f"{batch + 1}: the steps are too long, or x or y too large; try "
            f"a learning_rate below {learning_rate:g}, or x from 0 to 1"
        )


def finite(name: str, array) -> None:
    """Stop where the numbers have become too large to be numbers."""
    if not np.isfinite(array).all():
        raise FloatingPointError(
            f"{name} became inf or nan: the steps are too long, or x or y "
            f"too large; try a smaller learning_rate, or x from 0 to 1"
        )
