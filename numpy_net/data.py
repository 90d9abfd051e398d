"""x and y on their way into a net: arrays, validation, order, batches."""

import math

import numpy as np

from numpy_net import checks, utils

BLOCK = 1024  # samples that are put in order at a time


def array(name: str, values, shape: tuple, dtype) -> np.ndarray:
    """Return values as finite numbers of shape (N, *shape), N at least 1."""
    found = checks.real(name, values, dtype)
    if found.ndim == 0 or found.shape[1:] != shape or len(found) == 0:
        sizes = ", ".join(map(str, ("N", *shape)))
        raise ValueError(
            f"{name}: expected shape ({sizes}) with N at least 1, got "
            f"{found.shape}{_hint(name, found, shape)}"
        )
    if not np.isfinite(found.min()) or not np.isfinite(found.max()):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
        raise ValueError(
            f"{name}: expected finite numbers, got {found[where]} at index "
            f"{where}"
        )
    return found


def _hint(name, found, shape):
    if name != "y":
        return ""
    if shape == (1,):
        return "; a single output takes a column: y.reshape(-1, 1)"
    return "; make labels one-hot with utils.to_categorical"


def inputs(model, x) -> np.ndarray:
    """Return x (N, *input_shape) in the dtype of the model's weights."""
    if not model.weights:
        raise RuntimeError(
            "the model has no weights yet: give it an Input(shape) and a "
            "Dense layer first"
        )
    return array("x", x, model.input_shape[1:], model.dtype)


def pair(model, x, y) -> tuple[np.ndarray, np.ndarray]:
    """Return x (N, *input_shape) and y (N, O) for a compiled model."""
    if not model.compiled:
        raise RuntimeError(
            "the model has no loss and optimizer yet: call "
            "compile(optimizer=..., loss=...) first"
        )
    x = inputs(model, x)
    y = array("y", y, model.output_shape[1:], model.dtype)
    if len(x) != len(y):
        raise ValueError(
            f"x and y: expected equally many samples, got {len(x)} and "
            f"{len(y)}"
        )
    return x, y


def validation(model, x, y, share, given):
    """Return x and y to train on, and (x, y) to validate on, or None."""
    x, y = pair(model, x, y)
    share = checks.real_number("validation_split", share, below=1.0)
    if given is not None:
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise ValueError("validation_data: expected (x, y)")
        return x, y, pair(model, *given)
    if not share:
        return x, y, None
    at = split_at(len(x), share)
    return x[:at], y[:at], (x[at:], y[at:])


def split_at(samples: int, share: float) -> int:
    """Return how many samples remain for training, rounded as in Keras."""
    at = math.floor(samples * (1.0 - share))
    if at in (0, samples):
        raise ValueError(
            f"validation_split {share:g} of {samples} samples leaves "
            f"{at} for training and {samples - at} for validation; give "
            f"more samples or another validation_split"
        )
    return at


def size_of_batch(batch_size) -> int:
    """32 unless given, as in Keras."""
    size = 32 if batch_size is None else batch_size
    return checks.whole_number("batch_size", size)


def order(samples: int, shuffle: bool) -> np.ndarray:
    """A new order of the samples, or the one that they have."""
    if shuffle:
        return utils.generator().permutation(samples)
    return np.arange(samples)


def blocks(x, y, order, size: int):
    """Yield x and y in that order, so many samples at a time.

    A block is copied; its batches are slices, which NumPy does not copy.
    """
    for start in range(0, len(x), size):
        rows = order[start : start + size]
        yield x[rows], y[rows]


def batches(samples: int, size: int):
    """Slices of so many samples; the last may be shorter."""
    for start in range(0, samples, size):
        yield slice(start, min(start + size, samples))
