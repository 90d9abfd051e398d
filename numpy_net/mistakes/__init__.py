"""A gallery of famous mistakes: each can be planted, and is caught.

A mistake replaces one function or method of numpy_net by a wrong one, for
as long as a with statement lasts:

    with planted(MISTAKES["relu_mask"]):
        model.gradients(x, y)

The wrong code stands below its slip, where it was seen and what it does to
training. Repositories are named where the mistake is known from; "common"
are those that students make afresh. docs/mistakes.md shows which tests
catch which mistake.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from numpy_net import fused


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


MISTAKES: dict[str, Mistake] = {}


def mistake(owner, name, *, slip: str, seen: str, effect: str):
    """Enter the decorated function into the gallery, under its own name."""

    def enter(wrong):
        kind = wrong.__module__.rpartition(".")[2]
        title = wrong.__name__
        MISTAKES[title] = Mistake(
            kind, title, owner, name, wrong, slip, seen, effect
        )
        return wrong

    return enter


@contextmanager
def planted(entry: Mistake) -> Iterator[None]:
    """Put the mistake in place; put the right code back afterwards.

    Meanwhile all training goes by way of the gradients: see fused.py.
    """
    enabled, fused.ENABLED = fused.ENABLED, False
    if isinstance(entry.owner, dict):
        right = entry.owner[entry.name]
        entry.owner[entry.name] = entry.wrong
    else:
        right = vars(entry.owner)[entry.name]
        setattr(entry.owner, entry.name, entry.wrong)
    try:
        yield
    finally:
        fused.ENABLED = enabled
        if isinstance(entry.owner, dict):
            entry.owner[entry.name] = right
        else:
            setattr(entry.owner, entry.name, right)


# The rooms of the gallery enter their mistakes above.
from numpy_net.mistakes import (  # noqa: E402
    gradients,
    loops,
    metrics,
    updates,
    values,
)

__all__ = [
    "MISTAKES",
    "Mistake",
    "gradients",
    "loops",
    "metrics",
    "mistake",
    "planted",
    "updates",
    "values",
]
