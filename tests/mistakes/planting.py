"""A mistake: a wrong function in the place of a right one, for a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np

from numpy_net import updates
from numpy_net.layers import Dense, Flatten, Input
from numpy_net.sequential import Sequential


@dataclass(frozen=True)
class Mistake:
    """owner.name (or owner[name], if owner is a dict) becomes wrong.

    kind  gradients, values, updates, loops or metrics
    """

    kind: str
    title: str
    owner: Any
    name: Any
    wrong: Callable
    slip: str
    seen: str
    effect: str


def mistake(owner, name, *, slip: str, seen: str, effect: str):
    """Make a Mistake of the decorated function, under its own name."""

    def enter(wrong):
        kind = wrong.__module__.rpartition(".")[2]
        title = wrong.__name__
        return Mistake(kind, title, owner, name, wrong, slip, seen, effect)

    return enter


@contextmanager
def planted(entry: Mistake) -> Iterator[None]:
    """Put the mistake in place; put the right code back afterwards.

    Meanwhile all training goes by way of the gradients: see updates.py.
    """
    if isinstance(entry.owner, dict):
        place = mock.patch.dict(entry.owner, {entry.name: entry.wrong})
    else:
        place = mock.patch.object(entry.owner, entry.name, entry.wrong)
    with place, mock.patch.object(updates, "fits", return_value=False):
        yield


def small_nets() -> list[Sequential]:
    """Small nets that show every mistake: all activations, both losses.

    The two hidden layers are equally wide, else a missing transpose would
    be an error in itself.
    """
    nets = []
    for hidden, output, loss, regularizer in (
        ("sigmoid", "sigmoid", "mean_squared_error", None),
        ("relu", "softmax", "mean_squared_error", None),
        ("tanh", "softmax", "categorical_crossentropy", "l2"),
    ):
        net = Sequential(
            [
                Input((3, 2)),
                Flatten(),
                Dense(7, hidden, kernel_regularizer=regularizer),
                Dense(7, hidden),
                Dense(4, output),
            ]
        )
        net.compile("sgd", loss)
        rng = np.random.default_rng(3)
        net.set_weights([rng.normal(size=w.shape) for w in net.weights])
        nets.append(net)
    return nets
