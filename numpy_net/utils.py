"""The random generator, and labels as one-hot rows.   Keras: keras.utils."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from numpy_net.checks import expected, whole_number

_GENERATOR = np.random.default_rng()
_FOR_NOW: ContextVar = ContextVar("_FOR_NOW", default=None)


def generator() -> np.random.Generator:
    """Return what unseeded initializers and shuffling draw from."""
    return _FOR_NOW.get() or _GENERATOR


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Draw from a generator of its own within a ``with`` block.

    What is drawn outside, and in other threads, stays as it is.
    Raises ValueError if seed is not a whole number from 0 up.
    """
    seed = whole_number("seed", seed, least=0)
    before = _FOR_NOW.set(np.random.default_rng(seed))
    try:
        yield
    finally:
        _FOR_NOW.reset(before)


def set_random_seed(seed: int) -> None:
    """Make all later draws repeatable.

    Keras: keras.utils.set_random_seed. The draws themselves are others, so
    equal seeds do not mean equal weights: copy the weights. And a seeded
    Keras shuffles every epoch alike, where this draws anew.

    Raises ValueError if seed is not a whole number from 0 up.
    """
    global _GENERATOR  # noqa: PLW0603 - one generator, as Keras has it
    _GENERATOR = np.random.default_rng(whole_number("seed", seed, least=0))


def to_categorical(x, num_classes: int | None = None) -> np.ndarray:
    """Labels 0..C-1 as one-hot rows; C is the largest + 1 unless given.

    x (N,) or (N, 1), whole numbers  ->  (N, C), zeros with a single 1.

    Raises ValueError if a label is not one of 0..num_classes-1.
    Keras: keras.utils.to_categorical; it takes other shapes, too, and cuts
    fractions off.
    """
    what = "whole numbers of shape (N,)"
    try:
        labels = np.asarray(x)
    except ValueError:  # rows of unequal lengths
        raise expected("labels", what, x) from None
    labels = labels[:, 0] if labels.shape[1:] == (1,) else labels
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not labels.size:
        raise expected("labels", what, x)
    least, most = int(labels.min()), int(labels.max())
    number = max(most, 0) + 1 if num_classes is None else num_classes
    classes = whole_number("num_classes", number)
    if least < 0 or most >= classes:
        raise ValueError(
            f"labels: expected 0 to {classes - 1}, got {least} to {most}"
        )
    return np.eye(classes)[labels]
