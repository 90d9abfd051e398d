"""Gradients from values of the loss alone: complex step and differences.

A loss is a function of a list of arrays that returns a number; loss_of
makes one of a model and a batch.
"""

import copy
from collections.abc import Callable

import numpy as np

from numpy_net import data
from numpy_net.activations import relu

Arrays = list[np.ndarray]
Loss = Callable[[Arrays], complex]


def complex_step(
    loss: Loss, weights: Arrays, h: float = 1e-30, entries: int | None = None
) -> Arrays:
    """Return Im loss(w + i h) / h for every weight w.

    entries=n takes n random weights of each array and leaves nan at the
    others: enough for a large net. Raises ValueError for float32.
    """

    def slope(arrays, array, index):
        array[index] += 1j * h
        value = loss(arrays).imag / h
        array[index] = array[index].real
        return value

    return _slopes(slope, _float64(weights, complex), entries)


def central_difference(
    loss: Loss, weights: Arrays, h: float = 1e-5, entries: int | None = None
) -> Arrays:
    """Return (loss(w + h) - loss(w - h)) / 2 h for every weight w.

    entries as in complex_step. Raises ValueError for float32: its rounding,
    6e-8, divided by 2 h is as large as a gradient.
    """

    def slope(arrays, array, index):
        w = array[index]
        array[index] = w + h
        above = loss(arrays)
        array[index] = w - h
        below = loss(arrays)
        array[index] = w
        return (above - below) / (2 * h)

    return _slopes(slope, _float64(weights, float), entries)


def directional(
    loss: Loss,
    weights: Arrays,
    directions: list[np.ndarray | None],
    h: float = 1e-30,
) -> float:
    """Return Im loss(w + i h v) / h: the slope of the loss along v.

    directions holds a v for each array w, of its shape; None leaves w.
    """
    moved = [
        w if v is None else w + 1j * h * v
        for w, v in zip(_float64(weights, float), directions, strict=True)
    ]
    return loss(moved).imag / h


def loss_of(model, x, y) -> Loss:
    """Return the loss of the batch (x, y) as a function of the weights.

    Raises RuntimeError if the model is not compiled.
    """
    x, y = data.pair(model, x, y)
    model = copy.deepcopy(model)

    def loss(weights):
        _put_in_place(model, weights)
        return model._test_step(x, y)[0]  # checked above, once

    return loss


def kink_margin(model, x) -> float:
    """Return the smallest |z| of a relu unit; infinity without relu.

    A central difference is to be trusted only if no step carries a z
    across 0.
    """
    margins = [np.inf]
    for layer in model.layers:
        _, z, x = layer.forward(x)
        if getattr(layer, "activation", None) is relu:
            margins.append(np.min(np.abs(z)))
    return float(min(margins))


def _slopes(slope, arrays, entries):
    """Call slope(arrays, array, index) for the chosen weights."""
    rng = np.random.default_rng(0)
    found = []
    for array in arrays:
        numeric = np.full(array.size, np.nan)
        chosen = np.arange(array.size)
        if entries is not None and entries < array.size:
            chosen = rng.choice(array.size, entries, replace=False)
        for flat in chosen:
            index = np.unravel_index(flat, array.shape)
            numeric[flat] = slope(arrays, array, index)
        found.append(numeric.reshape(array.shape))
    return found


def _float64(weights, dtype):
    for array in weights:
        if array.dtype != np.float64:
            raise ValueError(
                f"a gradient is checked in float64, got {array.dtype}, whose "
                f"rounding would hide a mistake: build the model after "
                f'config.set_floatx("float64")'
            )
    return [array.astype(dtype) for array in weights]


def _put_in_place(model, weights):
    """Let the layers use these arrays, complex ones too, as their own."""
    rest = iter(weights)
    for layer in model.layers:
        parts = ("kernel", "bias")[: len(layer.weights)]
        vars(layer).update({name: next(rest) for name in parts})
