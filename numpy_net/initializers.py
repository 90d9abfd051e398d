"""First values of kernels and biases.   Keras: keras.initializers."""

import numpy as np

from numpy_net import utils
from numpy_net.checks import known, whole_number


class GlorotUniform:
    """W ~ U(-L, L),  L = sqrt(6 / (I + O)).      (I, O)

    The variance 2 / (I + O) lets neither the activations nor their
    gradients grow or fade from layer to layer (Glorot & Bengio 2010).

    Keras: keras.initializers.GlorotUniform. Equal seeds draw other numbers
    there, and a seeded one draws the same numbers at every call.
    """

    def __init__(self, seed: int | None = None):
        self.seed = seed
        self._generator = None
        if seed is not None:
            whole_number("seed", seed, least=0)
            self._generator = np.random.default_rng(seed)

    def __repr__(self):
        return f"GlorotUniform(seed={self.seed})"

    def __call__(self, shape: tuple[int, int], dtype) -> np.ndarray:
        generator = self._generator or utils.generator()
        limit = np.sqrt(6 / sum(shape))
        return generator.uniform(-limit, limit, shape).astype(dtype)


class Zeros:
    """b = 0.   Keras: keras.initializers.Zeros."""

    def __repr__(self):
        return "Zeros()"

    def __call__(self, shape: tuple[int, ...], dtype) -> np.ndarray:
        return np.zeros(shape, dtype)


def get(identifier):
    """Return the initializer of that name; an initializer is returned."""
    if callable(identifier) and not isinstance(identifier, type):
        return identifier
    names = {"glorot_uniform": GlorotUniform, "zeros": Zeros}
    return known("initializer", identifier, names)()
