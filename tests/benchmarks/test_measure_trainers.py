"""All trainers of one net make the same updates, in the same order."""

import dataclasses
import math
from typing import get_args

import numpy as np
import pytest
from msgspec.structs import replace

from benchmarks.measure import keras_rows
from benchmarks.measure.trainers import TRAINERS, train
from benchmarks.rows import table
from benchmarks.rows.row import Trainer
from numpy_net import per_sample, utils
from tests.benchmarks.jobs import a_job, some_samples

KERAS = ("Keras fit", "Keras train_on_batch", "Keras eager",
         "Keras compiled epoch")  # fmt: skip
SAME = [
    ("NumPy per sample", 1),
    ("NumPy looped", 5),
    ("NumPy vectorised", 5),
    ("compiled loop", 1),
    *(pytest.param(name, 5, marks=pytest.mark.keras) for name in KERAS),
]


def test_every_trainer_that_a_row_may_name_is_there():
    assert set(TRAINERS) == set(get_args(Trainer))


@pytest.mark.parametrize(("trainer", "batch_size"), SAME)
@pytest.mark.parametrize("warm", [True, False])
def test_every_trainer_makes_the_updates_of_fit(
    trainer, batch_size, warm, rng, request
):
    """53 samples: the last batch is short. A first step is taken back."""
    if trainer in KERAS:
        request.getfixturevalue("keras")
    job = a_job(rng, batch_size=batch_size, warm=warm)
    row = replace(job.row, trainer=trainer)
    ours, theirs = train(job), train(dataclasses.replace(job, row=row))
    assert ours.updates == theirs.updates == math.ceil(53 / batch_size)
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    for a, b in zip(job.new_net().get_weights(), theirs.start, strict=True):
        np.testing.assert_array_equal(a, b, "told what it started from")
    loss = [t.clock.epochs[0].logs["loss"] for t in (ours, theirs)]
    assert loss[0] == pytest.approx(loss[1], rel=3e-7)
    x = job.samples.x
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x), atol=1e-12)


def test_scikit_learn_makes_the_updates_of_its_numpy_row(rng):
    job = a_job(rng, row=table.NUMPY_LOG_LOSS, batch_size=4)
    row = replace(job.row, trainer="scikit-learn MLP")
    ours, theirs = train(job), train(dataclasses.replace(job, row=row))
    assert ours.updates == theirs.updates == 14
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


def test_the_compiled_loop_holds_for_other_widths(rng):
    """Beside the steps of the textbook, written for any number of outputs."""
    from benchmarks.measure import compiled_loop

    x, y = rng.uniform(0, 1, (60, 17)), np.eye(4)[rng.integers(0, 4, 60)]
    first = [rng.normal(size=s) for s in ((17, 6), 6, (6, 4), 4)]
    ours, theirs = ([w.copy() for w in first] for _ in range(2))
    _, accuracy = compiled_loop.train_epoch(x, y, *ours, 0.1)
    W1, b1, W2, b2 = theirs
    for n in range(60):
        a1 = per_sample.sigmoid(x[n] @ W1 + b1)
        a2 = per_sample.sigmoid(a1 @ W2 + b2)
        delta2 = 2 / 4 * (a2 - y[n]) * a2 * (1 - a2)
        delta1 = delta2 @ W2.T * a1 * (1 - a1)
        steps = (np.outer(x[n], delta1), delta1, np.outer(a1, delta2), delta2)
        for w, step in zip(theirs, steps, strict=True):
            w -= 0.1 * step
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    assert 0 <= accuracy <= 1


@pytest.mark.keras
def test_keras_is_handed_the_orders_that_numpy_net_draws(rng):
    """Every epoch another order, all samples, the last batch a short one."""
    job = a_job(rng, 23, epochs=3)
    orders, x = job.orders(), job.samples.x
    batches = list(keras_rows.batches(job.samples, orders, 10))
    assert [len(x) for x, _ in batches] == [10, 10, 3] * 3
    fed = np.concatenate([x for x, _ in batches])
    assert np.array_equal(fed, x[orders.ravel()])
    assert not np.array_equal(orders[0], orders[1])
    utils.set_random_seed(job.seed)
    assert np.array_equal(orders[0], utils.generator().permutation(23))


def with_seed(job, seed):
    return train(dataclasses.replace(job, seed=seed)).weights[0]


def test_the_seed_decides_weights_and_orders(rng):
    job = a_job(rng, epochs=2)
    assert np.array_equal(with_seed(job, 1), with_seed(job, 1))
    assert not np.array_equal(with_seed(job, 1), with_seed(job, 2))


@pytest.mark.keras
@pytest.mark.parametrize("row", [table.KERAS_10, table.COMPILED_10])
@pytest.mark.parametrize("net", ["assignment_net", "custom_net"])
def test_keras_repeats_a_seed_bit_for_bit_as_well(row, net, rng):
    """TensorFlow promises it with enable_op_determinism; steps so small run
    on one thread, and keep it without."""
    job = a_job(rng, row=row, net=net, epochs=2, dtype="float32")
    once, again = train(job), train(job)
    for a, b in zip(once.weights, again.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(once.clock.epochs, again.clock.epochs, strict=True):
        assert a.logs == b.logs


@pytest.mark.parametrize("draws", [{}, {"subsample": 0.5}])
def test_xgboost_repeats_a_seed(draws, rng):
    """Also where it draws samples for each tree."""
    pytest.importorskip("xgboost")
    settings = {"n_estimators": 20} | draws
    job = a_job(rng, row=table.XGBOOST, settings=settings)
    others, told = some_samples(rng, 300).x, []
    job.tell = told.append
    once, again, other = (
        train(dataclasses.replace(job, seed=seed)).predict(others)
        for seed in (5, 5, 6)
    )
    assert np.array_equal(once, again)
    assert np.array_equal(once, other) is not bool(draws)
    assert [(p.done, p.total) for p in told[:20]] == [
        (n, 20) for n in range(1, 21)
    ]
    names = ["import", "build", "training", "matrix", "first step"]
    assert list(job.phases.record) == names
    assert min(phase.wall for phase in job.phases.record.values()) > 0


def test_xgboost_leaves_constant_pixels_out_if_asked(rng):
    pytest.importorskip("xgboost")
    row = table.TREE_SETTINGS[-1]
    job = a_job(rng, row=row)
    job.samples.x[:, :, 5:] = 0.5
    trained = train(job)
    assert trained.verified.settings["pixels"] == str(28 * 5)
    same = job.samples.x.copy()
    same[:, :, 5:] = 0.9
    assert np.array_equal(
        trained.predict(job.samples.x), trained.predict(same)
    )


@pytest.mark.parametrize(
    ("row", "net", "pixel"),
    [
        (table.TEXTBOOK, "assignment_net", np.nan),
        (table.NUMPY_10, "custom_net", 1e38),
        pytest.param(
            table.KERAS_10, "custom_net", 1e38, marks=pytest.mark.keras
        ),
    ],
)
def test_a_net_that_diverges_stops_with_epoch_and_hint(row, net, pixel, rng):
    """Keras's loss stays finite on some processors; its weights do not."""
    job = a_job(rng, row=row, net=net, batch_size=row.batch_size,
                dtype="float32", warm=False)  # fmt: skip
    job.samples.x[12] = pixel
    message = r"(loss|weight) .*(nan|inf).* epoch 1.*: .*learning_rate"
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match=message),
    ):
        train(job)


@pytest.mark.parametrize(("goal", "epochs"), [(0.0, 1), (1.1, 5)])
@pytest.mark.parametrize("row", [table.TEXTBOOK, table.NUMPY_10])
def test_training_stops_at_the_accuracy_that_was_asked_for(
    goal, epochs, row, rng
):
    job = a_job(rng, row=row, batch_size=row.batch_size, epochs=5, until=goal)
    assert len(train(job).clock.epochs) == epochs
    part = job.part(some_samples(rng, 20), epochs=3)
    assert len(train(part).clock.epochs) == 3, "the gate trains to its end"
