"""The rows of the benchmark: what each trains, and how.

Nothing is imported here that a contender needs: the parent process reads
this table, and the contender's own process does the rest (adapters.py).
"""

from dataclasses import dataclass

from benchmarks.errors import InputError


@dataclass(frozen=True)
class Reported:
    """What the students' report says of a model (Google Colab)."""

    seconds: float
    accuracy: float | None = None
    f1: float | None = None


@dataclass(frozen=True)
class Contender:
    """One row.

    adapter  the function of adapters.py that trains it
    net      the function of architectures.py that makes it, if it is a net
    same_as  the row whose weights it must end with, but for rounding: the
             same net, batches, order and first weights
    """

    name: str
    title: str
    adapter: str
    net: str | None = None
    batch_size: int | None = None
    epochs: int | None = None
    same_as: str | None = None
    reported: Reported | None = None


CONTENDERS = (
    Contender(
        "numpy-per-sample",
        "NumPy, textbook",
        "train_per_sample",
        "assignment_net",
        batch_size=1,
        epochs=5,
        reported=Reported(255.0),
    ),
    Contender(
        "numpy-batch-1",
        "NumPy, batch 1",
        "train_numpy",
        "assignment_net",
        batch_size=1,
        epochs=5,
        same_as="numpy-per-sample",
    ),
    Contender(
        "numpy-batch-10",
        "NumPy, batch 10",
        "train_numpy",
        "assignment_net",
        batch_size=10,
        epochs=5,
    ),
    Contender(
        "keras-batch-10",
        "Keras, batch 10",
        "train_keras",
        "assignment_net",
        batch_size=10,
        epochs=5,
        same_as="numpy-batch-10",
        reported=Reported(46.2, 0.9136, 0.9131),
    ),
    Contender(
        "numpy-custom",
        "NumPy, custom net",
        "train_numpy",
        "custom_net",
        batch_size=10,
        epochs=15,
    ),
    Contender(
        "keras-custom",
        "Keras, custom net",
        "train_keras",
        "custom_net",
        batch_size=10,
        epochs=15,
        same_as="numpy-custom",
        reported=Reported(191.5, 0.9730, 0.9730),
    ),
    Contender(
        "xgboost",
        "XGBoost, defaults",
        "train_xgboost",
        reported=Reported(103.1, 0.9795, 0.9795),
    ),
)


@dataclass(frozen=True)
class Tier:
    """How much of the data a run takes; None is all of it."""

    name: str
    n_train: int | None
    n_test: int | None
    note: str


TIERS = {
    "quick": Tier(
        "quick", 4_800, 2_000, "a part of the data: a smoke test, no evidence"
    ),
    "full": Tier("full", None, None, "the assignment's settings, all data"),
}


def select(names: list[str]) -> list[Contender]:
    """Return the rows of these names in the table's order; all if none."""
    known = [contender.name for contender in CONTENDERS]
    for name in names:
        if name not in known:
            raise InputError(
                f"unknown contender {name!r}; choose from {', '.join(known)}"
            )
    return [c for c in CONTENDERS if c.name in names or not names]
