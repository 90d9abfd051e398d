"""The rows of the benchmark: what each trains, how, and what differs.

Nothing is imported here that a contender needs: the parent process reads
these tables, and the contender's own process does the rest (adapters/).
"""

import re
from dataclasses import dataclass, field
from typing import Any

from benchmarks.record.errors import InputError


@dataclass(frozen=True)
class Reported:
    """What the students' report says of a model (Google Colab)."""

    seconds: float
    accuracy: float | None = None
    f1: float | None = None


@dataclass(frozen=True)
class Contender:
    """One row.

    adapter  module.function of adapters/ that trains it
    net      the function of architectures.py that makes it, if it is a net
    units    width of the hidden layer, where it is not the net's own
    options  what the adapter is told besides
    same_as  the row whose updates it must repeat, but for rounding: the
             same net, batches, order and first weights
    twin_of  the row that it repeats in every respect: what the two differ
             by is the noise
    gpu      whether it can be trained on a GPU
    quick    whether the quick tier has it
    steps    updates in one timed block of the step-cost sweep; 0: not in it
    """

    name: str
    title: str
    adapter: str
    net: str | None = None
    batch_size: int | None = None
    epochs: int | None = None
    dtype: str = "float32"
    units: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    same_as: str | None = None
    twin_of: str | None = None
    gpu: bool = False
    quick: bool = True
    steps: int = 0
    reported: Reported | None = None

    @property
    def label(self) -> str:
        """The title, saying so where a row trains for less than the others."""
        return self.title + ", 1 epoch" * (self.epochs == 1)


CONTENDERS = (
    Contender(
        "numpy-per-sample",
        "NumPy, textbook",
        "numpy_nets.per_sample",
        "assignment_net",
        batch_size=1,
        epochs=5,
        steps=3000,
        reported=Reported(255.0),
    ),
    Contender(
        "numpy-batch-1",
        "NumPy, batch 1",
        "numpy_nets.fit",
        "assignment_net",
        batch_size=1,
        epochs=5,
        same_as="numpy-per-sample",
    ),
    Contender(
        "numpy-batch-10",
        "NumPy, batch 10",
        "numpy_nets.fit",
        "assignment_net",
        batch_size=10,
        epochs=5,
        steps=6000,
    ),
    Contender(
        "numpy-batch-10-twin",
        "NumPy, batch 10, twin",
        "numpy_nets.fit",
        "assignment_net",
        batch_size=10,
        epochs=5,
        same_as="numpy-batch-10",
        twin_of="numpy-batch-10",
    ),
    Contender(
        "keras-batch-1",
        "Keras, batch 1",
        "keras_nets.fit",
        "assignment_net",
        batch_size=1,
        epochs=1,
        same_as="numpy-batch-1",
        gpu=True,
        quick=False,
    ),
    Contender(
        "keras-batch-10",
        "Keras, batch 10",
        "keras_nets.fit",
        "assignment_net",
        batch_size=10,
        epochs=5,
        same_as="numpy-batch-10",
        gpu=True,
        steps=600,
        reported=Reported(46.2, 0.9136, 0.9131),
    ),
    Contender(
        "keras-batch-10-twin",
        "Keras, batch 10, twin",
        "keras_nets.fit",
        "assignment_net",
        batch_size=10,
        epochs=5,
        same_as="numpy-batch-10",
        twin_of="keras-batch-10",
        gpu=True,
        quick=False,
    ),
    Contender(
        "keras-50-steps-a-call",
        "Keras, 50 steps a call",
        "keras_nets.fit",
        "assignment_net",
        batch_size=10,
        epochs=5,
        options={"steps_per_execution": 50},
        same_as="numpy-batch-10",
        gpu=True,
        quick=False,
        steps=1000,
    ),
    Contender(
        "keras-compiled-1",
        "Keras, compiled epoch, batch 1",
        "keras_nets.compiled",
        "assignment_net",
        batch_size=1,
        epochs=5,
        same_as="numpy-batch-1",
        gpu=True,
        quick=False,
    ),
    Contender(
        "keras-compiled-10",
        "Keras, compiled epoch, batch 10",
        "keras_nets.compiled",
        "assignment_net",
        batch_size=10,
        epochs=5,
        same_as="numpy-batch-10",
        gpu=True,
        steps=6000,
    ),
    Contender(
        "numpy-custom",
        "NumPy, custom net",
        "numpy_nets.fit",
        "custom_net",
        batch_size=10,
        epochs=15,
    ),
    Contender(
        "keras-custom",
        "Keras, custom net",
        "keras_nets.fit",
        "custom_net",
        batch_size=10,
        epochs=15,
        same_as="numpy-custom",
        gpu=True,
        reported=Reported(191.5, 0.9730, 0.9730),
    ),
    Contender(
        "keras-compiled-custom",
        "Keras, compiled epoch, custom net",
        "keras_nets.compiled",
        "custom_net",
        batch_size=10,
        epochs=15,
        same_as="numpy-custom",
        gpu=True,
        quick=False,
    ),
    Contender(
        "xgboost",
        "XGBoost, defaults",
        "trees.fit",
        options={"model": "assignment_model"},
        gpu=True,
        reported=Reported(103.1, 0.9795, 0.9795),
    ),
    Contender(
        "xgboost-fast",
        "XGBoost, 16 shades",
        "trees.fit",
        options={"model": "fast_model"},
        gpu=True,
        quick=False,
    ),
    Contender(
        "xgboost-accurate",
        "XGBoost, tuned for accuracy",
        "trees.fit",
        options={"model": "accurate_model"},
        gpu=True,
        quick=False,
    ),
    Contender(
        "sklearn-batch-1",
        "scikit-learn MLP, batch 1, log loss",
        "peers.scikit_learn",
        "log_loss_net",
        batch_size=1,
        epochs=1,
        same_as="numpy-log-loss",
        steps=500,
        quick=False,
    ),
    Contender(
        "numpy-log-loss",
        "NumPy, batch 1, log loss",
        "numpy_nets.fit",
        "log_loss_net",
        batch_size=1,
        epochs=1,
        quick=False,
    ),
    Contender(
        "floor",
        "compiled loop (floor), batch 1",
        "peers.floor",
        "assignment_net",
        batch_size=1,
        epochs=5,
        same_as="numpy-per-sample",
        steps=25_000,
        quick=False,
    ),
)


def _rung(name: str, title: str, adapter: str, **more: Any) -> Contender:
    """Two epochs: the first may still trace, the second is steady.

    Rungs of batch 10 are held to the updates of one of them.
    """
    settings: dict[str, Any] = {"net": "assignment_net", "batch_size": 10}
    settings |= {"epochs": 2} | more
    if settings["batch_size"] == 10 and name != "rung-in-place":
        settings["same_as"] = "rung-in-place"
    return Contender(name, title, adapter, **settings)


# From the textbook program to the fastest Keras form, one change a rung.
LADDER = (
    _rung(
        "rung-textbook",
        "textbook, one sample at a time, float64",
        "numpy_nets.per_sample",
        batch_size=1,
        dtype="float64",
    ),
    _rung(
        "rung-batch-10",
        "an update every 10 samples",
        "numpy_nets.looped",
        dtype="float64",
    ),
    _rung(
        "rung-vectorised",
        "10 samples in one product",
        "numpy_nets.vectorised",
        dtype="float64",
    ),
    _rung("rung-float32", "float32", "numpy_nets.vectorised"),
    _rung("rung-in-place", "in place: numpy_net's fit", "numpy_nets.fit"),
    _rung("rung-keras-eager", "Keras, eager", "keras_nets.eager", gpu=True),
    _rung(
        "rung-keras-graph",
        "Keras, train_on_batch",
        "keras_nets.train_on_batch",
        gpu=True,
    ),
    _rung("rung-keras-fit", "Keras, fit", "keras_nets.fit", gpu=True),
    _rung(
        "rung-keras-50-steps",
        "Keras, fit, 50 steps a call",
        "keras_nets.fit",
        options={"steps_per_execution": 50},
        gpu=True,
        quick=False,
    ),
    _rung(
        "rung-keras-compiled",
        "Keras, compiled epoch",
        "keras_nets.compiled",
        gpu=True,
    ),
    _rung(
        "rung-keras-batch-100",
        "an update every 100 samples",
        "keras_nets.compiled",
        batch_size=100,
        gpu=True,
        quick=False,
    ),
)
# Rungs that change the mathematics: other batches are other updates.
CHANGES_UPDATES = ("rung-batch-10", "rung-keras-batch-100")


def _trees(name: str, title: str, **options: Any) -> Contender:
    """XGBoost with the assignment's settings but for one."""
    options = {"model": "assignment_model"} | options
    return Contender(f"trees-{name}", title, "trees.fit", options=options)


# What the time of boosted trees depends on; each differs from "xgboost".
TREES = (
    _trees("16-shades", "16 shades a pixel", settings={"max_bin": 16}),
    _trees(
        "half-the-pixels",
        "half of the pixels, drawn for each tree",
        settings={"colsample_bytree": 0.5},
    ),
    _trees(
        "leaf-by-leaf",
        "grown leaf by leaf, 64 at most",
        settings={
            "grow_policy": "lossguide",
            "max_leaves": 64,
            "max_depth": 0,
        },
    ),
    _trees(
        "no-constant-pixels",
        "without the pixels that are always equal",
        varying=True,
    ),
)


EVERY = (*CONTENDERS, *LADDER, *TREES)

# What belongs to no row: the worker's task, and what it is called.
EXTRAS = {
    "closeness": "NumPy beside Keras, update by update",
    "study": "Nets that differ in one thing",
}


def row_of(rung: Contender) -> str | None:
    """The row that trains as this rung does, if one does."""
    for row in CONTENDERS:
        if not row.twin_of and all(
            getattr(row, name) == getattr(rung, name)
            for name in ("adapter", "net", "batch_size", "dtype", "options")
        ):
            return row.name
    return None


@dataclass(frozen=True)
class Bar:
    """What a ratio has to be, and on how many threads that holds."""

    limit: float
    at_least: bool = True
    threads: int = 1

    def __str__(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.limit:g}"


@dataclass(frozen=True)
class Ratio:
    """Two rows whose seconds per epoch may be put in one ratio.

    differs  the one thing that is not the same in both
    gated    whether both make the same updates, which is then checked
    bar      what the ratio was asked to be, before it was measured
    """

    slower: str
    faster: str
    differs: str
    gated: bool = True
    bar: Bar | None = None


RATIOS = (
    Ratio(
        "keras-batch-1",
        "numpy-batch-1",
        "the library, at batch 1",
        bar=Bar(35),
    ),
    Ratio(
        "keras-batch-10",
        "numpy-batch-10",
        "the library, at batch 10",
        bar=Bar(15),
    ),
    Ratio(
        "keras-batch-10",
        "keras-50-steps-a-call",
        "steps_per_execution, 1 or 50",
    ),
    Ratio(
        "keras-batch-1",
        "keras-compiled-1",
        "the compiler, at batch 1",
        bar=Bar(100),
    ),
    Ratio(
        "keras-batch-10",
        "keras-compiled-10",
        "the compiler, at batch 10",
        bar=Bar(25),
    ),
    Ratio(
        "numpy-batch-10",
        "keras-compiled-10",
        "NumPy's calls, or one compiled program",
        bar=Bar(1, at_least=False),
    ),
    Ratio("numpy-per-sample", "numpy-batch-1", "spelling of the same step"),
    Ratio(
        "numpy-batch-1", "numpy-batch-10", "batch size, so the updates", False
    ),
    Ratio(
        "numpy-batch-1",
        "floor",
        "NumPy's calls, or one compiled loop",
        bar=Bar(8, at_least=False),
    ),
    Ratio(
        "sklearn-batch-1",
        "numpy-log-loss",
        "the library, at log loss",
        bar=Bar(6),
    ),
    Ratio(
        "keras-custom",
        "numpy-custom",
        "the library, custom net",
        bar=Bar(5),
    ),
    Ratio(
        "keras-custom",
        "keras-compiled-custom",
        "the compiler, custom net",
        bar=Bar(5),
    ),
    Ratio(
        "xgboost",
        "xgboost-fast",
        "shades per pixel, 256 or 16",
        False,
        bar=Bar(2, threads=2),
    ),
)


@dataclass(frozen=True)
class Tier:
    """How much of the data a run takes, and how often; None is all of it."""

    name: str
    n_train: int | None
    n_test: int | None
    rounds: int
    note: str


TIERS = {
    "quick": Tier(
        "quick",
        2_400,
        2_000,
        1,
        "a part of the data, once: a smoke test, no evidence",
    ),
    "standard": Tier(
        "standard", 12_000, None, 5, "a fifth of the data, five rounds"
    ),
    "full": Tier("full", None, None, 1, "the assignment's settings, all data"),
}


ADDED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_added(name: str) -> bool:
    """Whether it is a row of --add: MODULE:FACTORY."""
    return len(name) <= 200 and ADDED.fullmatch(name) is not None


def _added(name: str) -> Contender:
    """A row for a scikit-learn classifier that is not of this project."""
    module, _, factory = name.partition(":")
    title = f"{module.rpartition('.')[2]}.{factory}, added"
    options = {"factory": name}
    return Contender(name, title, "added.fit", options=options)


def select(names: list[str]) -> list[Contender]:
    """Return the rows of these names in the table's order; all if none.

    Rows of --add stand at the end, in the order of their names.
    """
    known = [contender.name for contender in EVERY]
    for name in names:
        if name not in known and not is_added(name):
            raise InputError(
                f"unknown contender {name!r}; choose from {', '.join(known)}"
            )
    if not names:
        return list(CONTENDERS)
    added = [_added(name) for name in sorted(set(names)) if is_added(name)]
    return [c for c in EVERY if c.name in names] + added


def rows_of(record: dict[str, Any]) -> list[Contender]:
    """The rows that a report of a run may have: all of ours, those added."""
    added = {name for name in record["contenders"] if is_added(name)}
    return [*CONTENDERS, *map(_added, sorted(added))]


def title(name: str) -> str:
    """The title of a row."""
    return select([name])[0].title


def kind(name: str) -> str:
    """The title without the batch size, where that is not the row's own."""
    return title(name).partition(", batch")[0]
