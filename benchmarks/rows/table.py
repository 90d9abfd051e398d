"""The rows of the benchmark, their ratios, and the groups of --only.

A new row is one entry here. Rows that a figure or a sentence asks for by
name are constants.
"""

import re
from typing import Any

from msgspec.structs import replace

from benchmarks import InputError
from benchmarks.rows.row import (
    ONE_SAMPLE,
    Bar,
    Look,
    Net,
    Ratio,
    Reported,
    Row,
    Rung,
    Trainer,
)

NUMPY = Look("#0072B2", "o")
PER_SAMPLE = Look("#56B4E9", "s", ":")
KERAS = Look("#D55E00", "^", "--")
KERAS_CALLS = Look("#7F7F7F", "v", "--")
COMPILED = Look("#E69F00", "D", "-.")
TREES = Look("#009E73", "P")
PEER = Look("#CC79A7", "X")
ADDED = Look("#6A3D9A", "h")
LOOP = Look("#000000", "*", ":")
FACTORY = re.compile(r"[^\W\d][\w.]{0,99}:[^\W\d]\w{0,98}")


def _net(
    name: str, title: str, look: Look, trainer: Trainer, **more: Any
) -> Row:
    """A row of the assignment's net at its own settings, but for ``more``."""
    settings: dict[str, Any] = {"net": "assignment_net"}
    settings |= {"batch_size": 10, "epochs": 5} | more
    return Row(name=name, title=title, look=look, trainer=trainer, **settings)


# A table, so an entry takes few lines.
# fmt: off
TEXTBOOK = _net("numpy-per-sample", "NumPy, textbook", PER_SAMPLE,
    "NumPy per sample", batch_size=1, steps=3_000, reported=Reported(255.0))
NUMPY_1 = _net("numpy-batch-1", "NumPy, batch 1", NUMPY, "NumPy fit",
    batch_size=1, equal_to=TEXTBOOK.name)
NUMPY_10 = _net("numpy-batch-10", "NumPy, batch 10", NUMPY, "NumPy fit",
    steps=6_000)
KERAS_1 = _net("keras-batch-1", "Keras, batch 1", KERAS, "Keras fit",
    batch_size=1, epochs=1, equal_to=NUMPY_1.name, gpu=True, quick=False)
KERAS_10 = _net("keras-batch-10", "Keras, batch 10", KERAS, "Keras fit",
    equal_to=NUMPY_10.name, gpu=True, steps=600,
    reported=Reported(46.2, 0.9136, 0.9131))
KERAS_50 = _net("keras-50-steps-a-call", "Keras, 50 steps a call", KERAS_CALLS,
    "Keras fit", steps_per_execution=50, equal_to=NUMPY_10.name, gpu=True,
    quick=False, steps=1_000)
COMPILED_1 = _net("keras-compiled-1", "Keras, compiled epoch, batch 1",
    COMPILED, "Keras compiled epoch", batch_size=1, equal_to=NUMPY_1.name,
    gpu=True, quick=False)
COMPILED_10 = _net("keras-compiled-10", "Keras, compiled epoch, batch 10",
    COMPILED, "Keras compiled epoch", equal_to=NUMPY_10.name, gpu=True,
    steps=6_000)
NUMPY_CUSTOM = _net("numpy-custom", "NumPy, custom net", NUMPY, "NumPy fit",
    net="custom_net", epochs=15)
KERAS_CUSTOM = _net("keras-custom", "Keras, custom net", KERAS, "Keras fit",
    net="custom_net", epochs=15, equal_to=NUMPY_CUSTOM.name, gpu=True,
    reported=Reported(191.5, 0.9730, 0.9730))
COMPILED_CUSTOM = _net("keras-compiled-custom",
    "Keras, compiled epoch, custom net", COMPILED, "Keras compiled epoch",
    net="custom_net", epochs=15, equal_to=NUMPY_CUSTOM.name, gpu=True,
    quick=False)
XGBOOST = Row(name="xgboost", title="XGBoost, defaults", look=TREES,
    trainer="XGBoost", model="assignment_model", gpu=True,
    reported=Reported(103.1, 0.9795, 0.9795))
XGBOOST_FAST = replace(XGBOOST, name="xgboost-fast",
    title="XGBoost, 16 shades", model="fast_model", quick=False, reported=None)
NUMPY_LOG_LOSS = _net("numpy-log-loss", "NumPy, batch 1, log loss", NUMPY,
    "NumPy fit", net="log_loss_net", batch_size=1, epochs=1, quick=False)
SKLEARN = _net("sklearn-batch-1", "scikit-learn MLP, batch 1, log loss", PEER,
    "scikit-learn MLP", net="log_loss_net", batch_size=1, epochs=1,
    equal_to=NUMPY_LOG_LOSS.name, quick=False, steps=500)
COMPILED_LOOP = _net("floor", "compiled loop (floor), batch 1", LOOP,
    "compiled loop", batch_size=1, equal_to=TEXTBOOK.name, quick=False,
    steps=25_000)


def _twin(row: Row, **more: Any) -> Row:
    """The same row once more: what the two differ by is the noise."""
    return replace(
        row,
        name=f"{row.name}-twin",
        title=f"{row.title}, twin",
        equal_to=NUMPY_10.name,
        twin_of=row.name,
        steps=0,
        reported=None,
        **more,
    )


# Of the main job, in the order of every table.
ROWS = (
    TEXTBOOK,
    NUMPY_1,
    NUMPY_10,
    _twin(NUMPY_10),
    KERAS_1,
    KERAS_10,
    _twin(KERAS_10, quick=False),
    KERAS_50,
    COMPILED_1,
    COMPILED_10,
    NUMPY_CUSTOM,
    KERAS_CUSTOM,
    COMPILED_CUSTOM,
    XGBOOST,
    XGBOOST_FAST,
    replace(XGBOOST_FAST, name="xgboost-accurate",
        title="XGBoost, tuned for accuracy", model="accurate_model"),
    SKLEARN,
    NUMPY_LOG_LOSS,
    COMPILED_LOOP,
)
RATIOS = (
    Ratio(KERAS_1, NUMPY_1, "the library, at batch 1", bar=Bar(35)),
    Ratio(KERAS_10, NUMPY_10, "the library, at batch 10", bar=Bar(15)),
    Ratio(KERAS_10, KERAS_50, "steps_per_execution, 1 or 50"),
    Ratio(KERAS_1, COMPILED_1, "the compiler, at batch 1", bar=Bar(100)),
    Ratio(KERAS_10, COMPILED_10, "the compiler, at batch 10", bar=Bar(25)),
    Ratio(NUMPY_10, COMPILED_10, "NumPy's calls, or one compiled program",
        bar=Bar(1, at_least=False)),
    Ratio(TEXTBOOK, NUMPY_1, "spelling of the same step"),
    Ratio(NUMPY_1, NUMPY_10, "batch size, so the updates", gated=False),
    Ratio(NUMPY_1, COMPILED_LOOP, "NumPy's calls, or one compiled loop",
        bar=Bar(8, at_least=False)),
    Ratio(SKLEARN, NUMPY_LOG_LOSS, "the library, at log loss", bar=Bar(6)),
    Ratio(KERAS_CUSTOM, NUMPY_CUSTOM, "the library, custom net", bar=Bar(5)),
    Ratio(KERAS_CUSTOM, COMPILED_CUSTOM, "the compiler, custom net",
        bar=Bar(5)),
    Ratio(XGBOOST, XGBOOST_FAST, "shades per pixel, 256 or 16", gated=False,
        bar=Bar(2, threads=2)),
)


def _rung(
    name: str, title: str, look: Look, trainer: Trainer, **more: Any
) -> Rung:
    """A rung that is no row besides, of two epochs: the first may trace."""
    changes = more.pop("changes_updates", False)
    row = _net(f"rung-{name}", title, look, trainer, epochs=2, **more)
    return Rung(row, title, changes)


# From the textbook program to the fastest Keras form, one change a rung.
LADDER = (
    _rung("textbook", "textbook, one sample at a time, float64", PER_SAMPLE,
        "NumPy per sample", batch_size=1, dtype="float64"),
    _rung("batch-10", "an update every 10 samples", PER_SAMPLE, "NumPy looped",
        dtype="float64", equal_to=NUMPY_10.name, changes_updates=True),
    _rung("vectorised", "10 samples in one product", NUMPY, "NumPy vectorised",
        dtype="float64", equal_to=NUMPY_10.name),
    _rung("float32", "float32", NUMPY, "NumPy vectorised",
        equal_to=NUMPY_10.name),
    Rung(NUMPY_10, "in place: numpy_net's fit"),
    _rung("keras-eager", "Keras, eager", KERAS, "Keras eager",
        equal_to=NUMPY_10.name, gpu=True),
    _rung("keras-graph", "Keras, train_on_batch", KERAS,
        "Keras train_on_batch", equal_to=NUMPY_10.name, gpu=True),
    Rung(KERAS_10, "Keras, fit"),
    Rung(KERAS_50, "Keras, fit, 50 steps a call", aside=True),
    Rung(COMPILED_10, "Keras, compiled epoch"),
    _rung("keras-batch-100", "an update every 100 samples", COMPILED,
        "Keras compiled epoch", batch_size=100, gpu=True, quick=False,
        changes_updates=True),
)


def _trees(name: str, title: str, **settings: Any) -> Row:
    """XGBoost with the assignment's settings but for one."""
    return replace(
        XGBOOST,
        name=f"trees-{name}",
        title=title,
        settings=settings,
        reported=None,
    )


# What the time of boosted trees depends on; each differs from XGBOOST.
TREE_SETTINGS = (
    _trees("16-shades", "16 shades a pixel", max_bin=16),
    _trees("half-the-pixels", "half of the pixels, drawn for each tree",
        colsample_bytree=0.5),
    _trees("leaf-by-leaf", "grown leaf by leaf, 64 at most",
        grow_policy="lossguide", max_leaves=64, max_depth=0),
    _trees("no-constant-pixels", "without the pixels that are always equal",
        constant_pixels=False),
)

# fmt: on

# Validation accuracies to be reached, fixed before anything was timed.
THRESHOLDS: dict[Net | None, tuple[float, float]] = {
    "assignment_net": (0.90, 0.94),
    "custom_net": (0.95, 0.97),
}


def _until(row: Row) -> Row:
    """The same row, trained until the higher threshold of its net.

    Forty epochs are enough for batch 10, which misses 0.94 in five.
    """
    return replace(
        row,
        name=f"tta-{row.name}",
        title=f"{row.title}, to {THRESHOLDS[row.net][-1]:.2f}",
        until=THRESHOLDS[row.net][-1],
        epochs=40,
        equal_to=None,
        steps=0,
        reported=None,
    )


TIME_TO_ACCURACY = tuple(
    _until(row)
    for row in ROWS
    if row.net in THRESHOLDS
    and not row.twin_of
    and row not in (KERAS_1, KERAS_50, COMPILED_LOOP)
)

# The sweep of batch sizes and widths: what a step costs. Widths other than
# 30 are measured at a few batch sizes only.
BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
WIDTHS = (30, 100, 300, 1000)
FEW = (1, 10, 100)


def points(row: Row, quick: bool) -> list[tuple[int, int]]:
    """(units, batch_size) of every point that a sweep measures."""
    found = [(30, size) for size in (FEW if quick else BATCHES)]
    if not quick:
        found += [(units, size) for units in WIDTHS[1:] for size in FEW]
    if row.trainer in ONE_SAMPLE:
        return [(units, size) for units, size in found if size == 1]
    return found


SWEEPS = tuple(
    replace(
        row,
        name=f"step-{row.name}",
        title=row.kind,
        task="step",
        equal_to=None,
        quick=row in (NUMPY_10, KERAS_10),
        reported=None,
    )
    for row in ROWS
    if row.steps
)


def sweep_of(row: Row) -> Row:
    """The row of the group step that times this one's steps."""
    return EVERY[f"step-{row.name}"]


DRIFT = Row(
    name="drift",
    title="NumPy beside Keras, update by update",
    look=NUMPY,
    task="drift",
    once=True,
)
STUDY = Row(
    name="study",
    title="Nets that differ in one thing",
    look=NUMPY,
    task="study",
    once=True,
)

# What --only takes besides single rows.
GROUPS: dict[str, tuple[Row, ...]] = {
    "rows": ROWS,
    "ladder": tuple(rung.row for rung in LADDER),
    "step": SWEEPS,
    "tta": TIME_TO_ACCURACY,
    "trees": (XGBOOST, *TREE_SETTINGS),
    "questions": (DRIFT, STUDY),
}
EVERY = {row.name: row for group in GROUPS.values() for row in group}
# What runs if nothing else is asked for.
MAIN = tuple(
    row
    for row in EVERY.values()
    if row not in (*TIME_TO_ACCURACY, *TREE_SETTINGS)
)


def choose(words: list[str]) -> list[Row]:
    """The rows of these names and groups, in the table's order."""
    known = [*GROUPS, *EVERY]
    for word in words:
        if word not in known:
            raise InputError(
                f"--only: unknown row {word!r}; choose from {', '.join(known)}"
            )
    wanted = {row.name for word in words for row in GROUPS.get(word, ())}
    return [row for row in EVERY.values() if row.name in wanted | {*words}]


def added(factory: str) -> Row:
    """A row for a scikit-learn classifier that is not of this project."""
    if not FACTORY.fullmatch(factory):
        raise InputError(
            f"--add: expected MODULE:FACTORY, as in "
            f"sklearn.naive_bayes:GaussianNB, got {factory!r}"
        )
    module, _, name = factory.partition(":")
    return Row(
        name=factory,
        title=f"{module.rpartition('.')[2]}.{name}, added",
        look=ADDED,
        trainer="added classifier",
    )
