"""The nets that the assignment's questions ask for: one change at a time.

A variant is a net and how it is trained. Each question has a group of them,
in which neighbours, or every one and the base, differ in a single thing.
This file only says what is to be trained; measure/study.py trains it.
"""

from itertools import pairwise
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from benchmarks.rows.row import Count

Activation = Literal["sigmoid", "tanh", "relu", "softmax", "linear"]


class Variant(Struct, frozen=True, forbid_unknown_fields=True):
    """One net, one way to train it.

    units          of the hidden layers, from the pixels on
    l2             of every kernel
    """

    units: tuple[Count, ...]
    activation: Activation
    output: Activation
    learning_rate: float
    batch_size: Count = 10
    epochs: Count = 5
    l2: float = 0.0
    seed: Annotated[int, Meta(ge=0)] = 0

    @property
    def key(self) -> str:
        """All of it in one line: equal keys are equal trainings."""
        layers = "-".join(map(str, (784, *self.units, 10)))
        return (
            f"{layers} {self.activation} {self.output} "
            f"rate {self.learning_rate:g} batch {self.batch_size} "
            f"epochs {self.epochs} l2 {self.l2:g} seed {self.seed}"
        )


class Group(Struct, frozen=True):
    """The variants of one question, each with what is different in it."""

    name: str
    title: str
    variants: tuple[tuple[str, Variant], ...]


ASSIGNMENT = Variant((30,), "sigmoid", "sigmoid", 0.25)
CUSTOM = Variant((200, 50, 20), "relu", "softmax", 0.1, epochs=15)
SHORT = replace(CUSTOM, epochs=5)  # the base of the sweeps

BATCH = Group(
    "batch",
    "One update a sample, or one every ten",
    (
        ("batch 10, rate 0.25", ASSIGNMENT),
        (
            "batch 1, equal rate: 0.25",
            replace(ASSIGNMENT, batch_size=1),
        ),
        (
            "batch 1, equal rate per sample: 0.025",
            replace(ASSIGNMENT, batch_size=1, learning_rate=0.025),
        ),
        (
            "batch 10, equal rate per sample: 2.5",
            replace(ASSIGNMENT, learning_rate=2.5),
        ),
    ),
)


def _path() -> Group:
    """From the assignment's net to the custom one, one change a step."""
    changes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("15 epochs, not 5", {"epochs": 15}),
        ("softmax at the output", {"output": "softmax"}),
        ("relu, not sigmoid", {"activation": "relu"}),
        ("learning rate 0.1, not 0.25", {"learning_rate": 0.1}),
        ("200 units, not 30", {"units": (200,)}),
        ("50 and 20 more: the custom net", {"units": (200, 50, 20)}),
    )
    found, variant = [("the assignment's net", ASSIGNMENT)], ASSIGNMENT
    for title, change in changes:
        variant = replace(variant, **change)
        found.append((title, variant))
    return Group("path", "From one net to the other", tuple(found))


PATH = _path()


def overfit(epochs: int, seeds: int) -> Group:
    """The custom net for longer than the assignment trains it."""
    long = replace(CUSTOM, epochs=epochs)
    return Group(
        "overfit",
        "Trained for longer",
        tuple(
            (f"seed {seed}", replace(long, seed=seed)) for seed in range(seeds)
        ),
    )


def _sweep(name: str, title: str, changes: dict[str, dict[str, Any]]) -> Group:
    return Group(
        name,
        title,
        tuple(
            (label, replace(SHORT, **change))
            for label, change in changes.items()
        ),
    )


DEPTH = _sweep(
    "depth",
    "hidden layers",
    {
        "0": {"units": ()},
        "1": {"units": (200,)},
        "2": {"units": (200, 50)},
        "3": {},
        "4": {"units": (200, 50, 50, 20)},
    },
)
WIDTH = _sweep(
    "width",
    "units of the first layer",
    {
        str(units): {"units": (units, 50, 20)}
        for units in (10, 30, 100, 200, 400)
    },
)
ACTIVATION = _sweep(
    "activation",
    "activation",
    {name: {"activation": name} for name in ("sigmoid", "tanh", "relu")},
)
RATE = _sweep(
    "learning_rate",
    "learning rate",
    {
        f"{rate:g}": {"learning_rate": rate}
        for rate in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    },
)
L2 = _sweep(
    "l2",
    "L2 factor",
    {f"{l2:g}": {"l2": l2} for l2 in (0.0, 1e-5, 1e-4, 1e-3, 1e-2)},
)
SWEEPS = (DEPTH, WIDTH, ACTIVATION, RATE, L2)


def groups(tier: str) -> list[Group]:
    """What a tier trains: quick looks for overfitting but briefly."""
    longest = overfit(20, 1) if tier == "quick" else overfit(30, 3)
    return [BATCH, PATH, longest, *SWEEPS]


def variants(tier: str) -> list[Variant]:
    """Every variant once, the longest first: they are trained in parallel."""
    by_key = {v.key: v for g in groups(tier) for _, v in g.variants}
    return sorted(by_key.values(), key=_work, reverse=True)


def _work(variant: Variant) -> float:
    """About proportional to how long it takes: steps, and what one costs."""
    widths = (784, *variant.units, 10)
    weights = sum(a * b for a, b in pairwise(widths))
    step = 25 * len(widths) + weights * variant.batch_size / 4_000
    return variant.epochs / variant.batch_size * step
