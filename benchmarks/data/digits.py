"""The digits that scikit-learn carries, in MNIST's shape."""

import numpy as np

from benchmarks import InputError
from benchmarks.data.mnist import Arrays

NAME = "scikit-learn digits, not MNIST"
SCALE = 16  # the largest pixel value


def read() -> Arrays:
    """Return 1,437 images to train and every fifth, the first too, to test."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise InputError(
            f"the digits come with scikit-learn, which does not load "
            f"({error}); install it, or use MNIST"
        ) from error
    images, y = load_digits().images.astype("u1"), load_digits().target
    large = np.kron(images, np.ones((3, 3), np.uint8))
    x, y = np.pad(large, ((0, 0), (2, 2), (2, 2))), y.astype(np.uint8)
    test = np.arange(len(y)) % 5 == 0
    names = ("x_train", "y_train", "x_test", "y_test")
    return dict(
        zip(names, (x[~test], y[~test], x[test], y[test]), strict=True)
    )
