"""The random generator, and labels as one-hot rows.   Keras: keras.utils."""

import numpy as np

from numpy_net.checks import expected, whole_number
from numpy_net.config import Setting

_GENERATOR = Setting(np.random.default_rng())


def generator() -> np.random.Generator:
    """Return what unseeded initializers and shuffling draw from."""
    return _GENERATOR.get()


def drawing_from(seed: int):
    """Draw from a generator of its own within a ``with`` block and thread."""
    return _GENERATOR.using(_seeded(seed))


def set_random_seed(seed: int) -> None:
    """Make all later draws repeatable.

    Raises ValueError if seed is not a whole number from 0 up.
    Keras: keras.utils.set_random_seed. The draws themselves are others, so
    equal seeds do not mean equal weights: copy the weights. And a seeded
    Keras shuffles every epoch alike, where this draws anew.
    """
    _GENERATOR.value = _seeded(seed)


def _seeded(seed):
    return np.random.default_rng(whole_number("seed", seed, least=0))


def to_categorical(x, num_classes: int | None = None) -> np.ndarray:
    """Labels 0..C-1 as one-hot rows; C is the largest + 1 unless given.

    x (N,) or (N, 1), whole numbers  ->  (N, C), zeros with a single 1.

    Raises ValueError if a label is not one of 0..num_classes-1.
    Keras: keras.utils.to_categorical; it takes other shapes, too, and cuts
    fractions off.
    """
    try:
        labels = np.asarray(x)
    except ValueError:  # rows of unequal lengths
        labels = np.empty(0)
    labels = labels[:, 0] if labels.shape[1:] == (1,) else labels
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not labels.size:
        raise expected("labels", "whole numbers of shape (N,)", x)
    least, most = int(labels.min()), int(labels.max())
    number = max(most, 0) + 1 if num_classes is None else num_classes
    classes = whole_number("num_classes", number)
    if least < 0 or most >= classes:
        raise ValueError(
            f"labels: expected 0 to {classes - 1}, got {least} to {most}"
        )
    return np.eye(classes)[labels]
