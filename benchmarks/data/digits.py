"""The digits that scikit-learn carries, in MNIST's shape."""

import numpy as np

from benchmarks.data.mnist import Arrays
from benchmarks.record.errors import InputError

NAME = "scikit-learn digits, not MNIST"
SCALE = 16  # the largest pixel value


def read() -> Arrays:
    """Return 1,437 training and 360 test images.

    Images are (N, 28, 28), labels (N,), both uint8. Every fifth image,
    beginning with the first, is a test image.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise InputError(
            f"the digits come with scikit-learn, which does not load "
            f"({error}); install it, or use MNIST"
        ) from error
    found = load_digits()
    large = np.kron(found.images.astype(np.uint8), np.ones((3, 3), np.uint8))
    x = np.pad(large, ((0, 0), (2, 2), (2, 2)))
    y = found.target.astype(np.uint8)
    test = np.arange(len(y)) % 5 == 0
    return {
        "x_train": x[~test],
        "y_train": y[~test],
        "x_test": x[test],
        "y_test": y[test],
    }
