"""First values of kernels and biases.   Keras: keras.initializers."""

import numpy as np

from numpy_net import checks, config, utils
from numpy_net.checks import Strict, expected, whole_number


def _seed(name, value):
    return None if value is None else whole_number(name, value, least=0)


class GlorotUniform(Strict, seed=_seed):
    """W ~ U(-L, L),  L = sqrt(6 / (I + O)).      (I, O)

    The variance 2 / (I + O) lets neither the activations nor their
    gradients grow or fade from layer to layer (Glorot & Bengio 2010). With
    a seed it draws the same numbers at every call, as in Keras.

    Keras: keras.initializers.GlorotUniform; equal seeds draw others there,
    and without a seed an object chooses one, which it repeats.
    """

    def __init__(self, seed: int | None = None):
        self.seed = seed

    def __call__(self, shape, dtype=None) -> np.ndarray:
        generator = utils.generator()
        if self.seed is not None:
            generator = np.random.default_rng(self.seed)
        fans = shape * 2 if len(shape) == 1 else shape  # of a bias: O and O
        if len(fans) != 2:
            raise expected("shape", "(I, O) or (O,)", shape)
        limit = np.sqrt(6 / sum(fans))
        values = generator.uniform(-limit, limit, shape)
        return values.astype(dtype or config.floatx())


class Zeros(Strict):
    """b = 0.   Keras: keras.initializers.Zeros."""

    def __call__(self, shape, dtype=None) -> np.ndarray:
        return np.zeros(shape, dtype or config.floatx())


def get(identifier):
    """Return the initializer of that name; a function is returned."""
    if callable(identifier) and not isinstance(identifier, type):
        return identifier
    names = {
        GlorotUniform: "glorot_uniform GlorotUniform",
        Zeros: "zeros Zeros zero",
    }
    return checks.made("initializer", identifier, names)
