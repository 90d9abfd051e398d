"""Do two rows compute the same? Updates, trained weights, drift, gradients.

The gate before any ratio: each row trains K updates from the weights that
belong to the seed, on the same samples in the same order, by the very
function that is timed. The weights' change is then compared, not the
weights: after few updates even a wrong learning rate leaves them nearly
where they were.
"""

from collections.abc import Iterable
from itertools import count
from math import isclose, isfinite
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.data.dataset import Samples
from benchmarks.data.npz import read_arrays
from benchmarks.measure.job import Array, Job, Trained
from benchmarks.measure.trainers import train
from benchmarks.record.folder import replacing, weights_file
from benchmarks.record.record import Gate, Record, WeightDifference
from benchmarks.record.run import Drift, GateSide, Gradient
from benchmarks.rows.table import RATIOS
from numpy_net import architectures, config, gradient_check, utils

UPDATES = 20
# Of the largest change in the array. Rounding gives some 1e-6 and 1e-14
# here; the smallest real mistake, one of 20 updates left out, some 1e-2.
TOLERANCE = {"float32": 1e-3, "float64": 1e-9}
UNLIKE = 1e300  # nan or other shapes: JSON has no inf
LARGEST = 64 * 2**20  # bytes; the custom net's weights take one hundredth

# Drift: after so many updates of so many samples.
MOMENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
BATCH_SIZE = 10


class Side(NamedTuple):
    """What a row made of the updates: start_0, end_0, ... are its weights."""

    gate: GateSide
    arrays: dict[str, Array]


def side_of(trained: Trained) -> Side:
    """What the gate compares of a row that was trained for one epoch."""
    assert trained.clock
    assert trained.start
    assert trained.weights
    arrays: dict[str, Array] = {}
    pairs = zip(trained.start, trained.weights, strict=True)
    for n, (start, end) in enumerate(pairs):
        arrays |= {f"start_{n}": start, f"end_{n}": end}
    gate = GateSide(
        updates=trained.updates or 0,
        loss=trained.clock.epochs[0].logs["loss"],
        learning_rate=trained.verified.learning_rate or 0.0,
        dtype=trained.verified.dtype,
    )
    return Side(gate, arrays)


def train_side(folder: Path, job: Job) -> GateSide:
    """Train the updates that are compared; keep gate/<row>.npz."""
    samples = job.samples.first(UPDATES * job.batch_size)
    side = side_of(train(job.part(samples, epochs=1)))
    _write(_gate_file(folder, job.row.name), side.arrays)
    return side.gate


def save_weights(
    folder: Path, row: str, number: int, weights: list[Array]
) -> None:
    """Write kernel_1, bias_1, ... to weights/<row>-<round>.npz."""
    names = (f"{part}_{n}" for n in count(1) for part in ("kernel", "bias"))
    arrays = dict(zip(names, weights, strict=False))
    _write(weights_file(folder, row, number), arrays)


def _gate_file(folder: Path, row: str) -> Path:
    return folder / "gate" / f"{row}.npz"


def _write(path: Path, arrays: dict[str, Any]) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def gates(folder: Path, record: Record) -> list[Gate]:
    """Compare every two rows that must make the same updates, and ran."""
    sides = {}
    for run in record.runs:
        if run.training and (gate := run.training.gate):
            arrays = read_arrays(_gate_file(folder, run.row), LARGEST)
            sides[run.row] = Side(gate, arrays)
    wanted = [(row.name, str(row.equal_to)) for row in record.rows]
    wanted += [(r.slower.name, r.faster.name) for r in RATIOS if r.gated]
    pairs = {frozenset(p): p for p in wanted if sides.keys() >= set(p)}
    return [compare(a, b, sides[a], sides[b]) for a, b in pairs.values()]


def compare(name_a: str, name_b: str, a: Side, b: Side) -> Gate:
    """Hold two rows to each other, rule by rule."""
    one, two = a.gate, b.gate
    tolerance = TOLERANCE[min(one.dtype, two.dtype)]  # of the coarser
    starts, change = _differences(a.arrays, b.arrays)
    loss = abs(one.loss - two.loss) / abs(one.loss or 1.0)
    rates = (one.learning_rate, two.learning_rate)
    rules = {
        "the first weights are not equal": starts < 1e-6,
        f"{one.updates} updates here, {two.updates} there": (
            one.updates == two.updates
        ),
        f"learning_rate {rates[0]:g} here, {rates[1]:g} there": (
            isclose(*rates, rel_tol=1e-6)
        ),
        f"the loss is {one.loss:.6g} here, {two.loss:.6g} there": (
            loss < tolerance
        ),
        f"the weights' change differs by {change:.1e} of itself": (
            change < tolerance
        ),
    }
    failed = [words for words, holds in rules.items() if not holds]
    pair = [name_a, name_b]
    return Gate(pair, one.updates, change, loss, tolerance, failed)


def _differences(
    a: dict[str, Array], b: dict[str, Array]
) -> tuple[float, float]:
    """How far apart the two begin, and, of the way they went, end."""
    if [v.shape for v in a.values()] != [v.shape for v in b.values()]:
        return UNLIKE, UNLIKE
    starts = changes = 0.0
    for n in range(len(a) // 2):
        start, end = f"start_{n}", f"end_{n}"
        starts = max(starts, _apart([a[start]], [b[start]]))
        moved = _apart([a[start]], [a[end]])
        apart = _apart([a[end]], [b[end]])
        changes = max(changes, apart / moved if moved else float(apart > 0))
    return starts, changes


def _apart(a: Iterable[Array], b: Iterable[Array]) -> float:
    """The largest difference of two lists of arrays; UNLIKE if it is nan."""
    pairs = zip(a, b, strict=True)
    worst = float(np.max([np.abs(u - v).max() for u, v in pairs]))
    return worst if isfinite(worst) else UNLIKE


def weight_differences(folder: Path, record: Record) -> list[WeightDifference]:
    """The largest differences of trained weights that should be equal.

    Of equally long trainings with the same first weights and batches; of
    several rounds the largest.
    """
    differences = []
    for row in record.rows:
        pair = [row.name, str(row.equal_to)]
        epochs, others = (
            {r.round: len(r.measured.epochs) for r in record.trained(name)}
            for name in pair
        )
        worst = [
            _apart(*(_weights(folder, name, number) for name in pair))
            for number in epochs
            if epochs[number] == others.get(number)
        ]
        if worst:
            differences.append(WeightDifference(pair, max(worst)))
    return differences


def _weights(folder: Path, row: str, number: int) -> list[Array]:
    path = weights_file(folder, row, number)
    return [*read_arrays(path, LARGEST).values()]


def drift(
    samples: Samples, net: str, dtype: Any, keras: Any, seed: int
) -> Drift:
    """The largest weight differences from ours, update by update.

    keras  the module, or None where it is not installed

    Both editions of a net start from the same weights and see the same
    batches. Beside them runs a second NumPy net whose first weights are one
    ulp away, the smallest step that the dtype has: what the two NumPy nets
    differ by is what rounding does to any two right programs.
    """
    models = _same_nets(net, dtype, keras, seed)
    x, y = (a.astype(dtype) for a in samples[:2])
    steps, differences = [], []
    for step in range(1, len(x) // BATCH_SIZE + 1):
        batch = slice((step - 1) * BATCH_SIZE, step * BATCH_SIZE)
        for model in models:
            model.train_on_batch(x[batch], y[batch])
        if step in MOMENTS:
            ours, *others = (model.get_weights() for model in models)
            steps.append(step)
            differences.append([_apart(ours, other) for other in others])
    of_others = map(list, zip(*differences, strict=True))
    return Drift(net, dtype, steps, *of_others)


def _same_nets(net: str, dtype: str, keras: Any, seed: int) -> list[Any]:
    """Ours, its twin one ulp away, and Keras's if it is there."""
    config.set_floatx(dtype)
    utils.set_random_seed(seed)
    ours, twin = (getattr(architectures, net)() for _ in range(2))
    first = ours.get_weights()
    twin.set_weights([np.nextafter(w, np.inf) for w in first])
    if keras is None:
        return [ours, twin]
    from keras_net import architectures as of_keras

    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    theirs = getattr(of_keras, net)()
    theirs.set_weights(first)
    return [ours, twin, theirs]


def gradients(net: str, seed: int) -> list[Gradient]:
    """numpy_net.gradient_check of a net: the worst error of every array.

    On dense random samples: where a pixel is 0 in all of them, no mistake
    in its weights could be seen. Of a large net 200 entries of each array.
    """
    config.set_floatx("float64")
    utils.set_random_seed(seed)
    model = getattr(architectures, net)()
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 1, (5, 28, 28)), np.eye(10)[[0, 1, 2, 3, 4]]
    entries = None if model.count_params() < 50_000 else 200
    report = gradient_check.check(model, x, y, entries)
    return [
        Gradient(net, array.name, method, array.error, bool(array.ok))
        for method, arrays in report.methods.items()
        for array in arrays
    ]
