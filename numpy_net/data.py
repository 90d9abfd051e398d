"""x and y on their way into a net: arrays, validation, order, batches."""

import math

import numpy as np

from numpy_net import checks, utils

BLOCK = 1024  # samples that are put in order at a time
HINTS = {  # (what has another shape, whether a single column is expected)
    ("y", True): "; a single output takes a column: y.reshape(-1, 1)",
    ("y", False): "; make labels one-hot with utils.to_categorical",
}


def array(name: str, values, shape: tuple, dtype) -> np.ndarray:
    """Return values as finite numbers of that shape, N >= 1 for a None."""
    try:
        found = np.asarray(values)
        # complex, durations, dates
        if found.dtype.kind in "cmM" or values is None:
            raise TypeError
        with np.errstate(over="ignore"):  # what is too large becomes inf
            found = found.astype(dtype, copy=False)
    except (TypeError, ValueError, OverflowError):
        what = f"numbers in one array, that NumPy can make into {dtype}"
        raise checks.expected(name, what, values) from None
    first = found.shape[:1] if shape[:1] == (None,) else shape[:1]
    if found.shape != first + shape[1:] or not found.size:
        sizes = str(shape).replace("None", "N")
        hint = HINTS.get((name, shape == (None, 1)), "")
        raise ValueError(
            f"{name}: expected shape {sizes} with N at least 1, got "
            f"{found.shape}{hint}"
        )
    if not np.isfinite(found.min()) or not np.isfinite(found.max()):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
        raise ValueError(
            f"{name}: expected finite numbers, got {found[where]} at index "
            f"{where}"
        )
    return found


def like(own, new) -> list[np.ndarray]:
    """Return new as arrays that fit these weights, which can be written."""
    shapes = [weight.shape for weight in own]
    try:
        given = [np.shape(array) for array in new]
    except (TypeError, ValueError):
        given = new
    if given != shapes:
        raise checks.expected("weights", f"arrays of shapes {shapes}", given)
    pairs = zip(new, writeable(own), strict=True)
    return [array("weights", n, w.shape, w.dtype) for n, w in pairs]


def writeable(weights) -> list[np.ndarray]:
    """Return the weights, but refuse those that a file holds."""
    if not all(array.flags.writeable for array in weights):
        raise ValueError(
            "the weights are read-only, as joblib hands out large arrays: "
            "train a copy, copy.deepcopy(model) or models.clone_model(model)"
        )
    return weights


def inputs(model, x) -> np.ndarray:
    """Return x (N, *input_shape) in the dtype of the model's weights."""
    if not model.weights:
        raise RuntimeError(
            "the model has no weights yet: give it an Input(shape) and a "
            "Dense layer first"
        )
    return array("x", x, model.input_shape, model.dtype)


def pair(model, x, y) -> tuple[np.ndarray, np.ndarray]:
    """Return x (N, *input_shape) and y (N, O) for a compiled model."""
    if not model.compiled:
        raise RuntimeError(
            "the model has no loss and optimizer yet: call "
            "compile(optimizer=..., loss=...) first"
        )
    x = inputs(model, x)
    y = array("y", y, model.output_shape, model.dtype)
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
            raise checks.expected("validation_data", "(x, y)", given)
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


def blocks(x, y, size: int, shuffle: bool):
    """Yield x and y in a new order, some batches at a time.

    A block is copied; its batches are slices, which NumPy does not copy.
    """
    rows, step = order(len(x), shuffle), max(1, BLOCK // size) * size
    for i in range(0, len(x), step):
        yield x[rows[i : i + step]], y[rows[i : i + step]]


def batches(samples: int, size: int):
    """Slices of so many samples; the last may be shorter."""
    for start in range(0, samples, size):
        yield slice(start, min(start + size, samples))
