"""The gate before any ratio: would it be fooled? And drift, by rounding."""

import dataclasses
from contextlib import contextmanager

import numpy as np
import pytest
from msgspec.structs import replace

from benchmarks import InputError
from benchmarks.measure import agreement
from benchmarks.measure.job import Job
from benchmarks.measure.trainers import train
from benchmarks.rows import table
from tests.benchmarks.jobs import a_job, some_samples
from tests.benchmarks.records import TWIN, a_record, a_run
from tests.mistakes import MISTAKES, planted


def compared(right, wrong):
    return agreement.compare("numpy-batch-10", "floor", right, wrong).failed


@contextmanager
def wrong_rate():
    """As a program would be that takes another rate for the same."""
    right = Job.new_net

    def new_net(self):
        net = right(self)
        net.optimizer.learning_rate *= 1.1
        return net

    Job.new_net = new_net
    yield
    Job.new_net = right


@pytest.mark.parametrize(
    ("slip", "rule"),
    [
        (wrong_rate, "learning_rate 0.25 here, 0.275 there"),
        ("hidden_bias_frozen", "the weights' change differs by"),
        ("mse_without_mean_over_outputs", "the weights' change differs by"),
        ("mse_value_summed_over_outputs", "the loss is "),
        ("weights_start_at_zero", "the first weights are not equal"),
        ("last_batch_dropped", "11 updates here, 10 there"),
    ],
)
def test_the_gate_fails_and_says_which_rule(slip, rule, rng):
    job = a_job(rng, warm=False)
    right, again = (agreement.side_of(train(job)) for _ in range(2))
    assert compared(right, again) == []
    with slip() if callable(slip) else planted(MISTAKES[slip]):
        wrong = agreement.side_of(train(job))
    assert rule in "; ".join(compared(right, wrong))


def test_a_weight_that_is_no_number_and_other_shapes_fail_the_gate(rng):
    right, wrong, other = (
        agreement.side_of(train(a_job(rng, warm=False, units=units)))
        for units in (None, None, 7)
    )
    wrong.arrays["start_0"] = wrong.arrays["start_0"] * np.nan
    for side in (wrong, other):
        assert "the first weights are not equal" in compared(right, side)


def test_arrays_that_stood_still_are_equal_only_to_the_same(rng):
    side = agreement.side_of(train(a_job(rng, warm=False)))
    still = side.arrays | {"end_1": side.arrays["start_1"]}
    moved = still | {"end_1": still["end_1"] + 1e-12}
    still, moved = (side._replace(arrays=a) for a in (still, moved))
    assert compared(still, still) == []
    assert compared(still, moved) != []


def kept(tmp_path, job, row, shift=0.0):
    """A run of a row whose gate and weights lie in the folder."""
    job = dataclasses.replace(job, row=replace(job.row, name=row.name))
    run = a_run(row)
    run.training.gate = agreement.train_side(tmp_path, job)
    weights = [w + shift for w in train(job).weights]
    agreement.save_weights(tmp_path, row.name, 0, weights)
    return run


def test_rows_are_compared_that_must_be_equal_and_ran(rng, tmp_path):
    """By equal_to and by the ratios; after equally many epochs."""
    rows = (table.NUMPY_10, TWIN, table.KERAS_10, table.TEXTBOOK)
    job = a_job(rng, 150)
    record = a_record(
        *(kept(tmp_path, job, r, n / 8) for n, r in enumerate(rows))
    )
    record.runs[-1].training.epochs.pop()
    short = record.runs[-1].row
    gates = agreement.gates(tmp_path, record)
    assert [gate.rows for gate in gates] == [
        [TWIN.name, "numpy-batch-10"], ["keras-batch-10", "numpy-batch-10"],
    ]  # fmt: skip
    assert all(not gate.failed and gate.updates == 20 for gate in gates)
    differences = {
        tuple(found.rows): found.difference
        for found in agreement.weight_differences(tmp_path, record)
    }
    expected = {(TWIN.name, rows[0].name): 1 / 8,
                ("keras-batch-10", rows[0].name): 2 / 8}  # fmt: skip
    assert differences == {
        pair: pytest.approx(value)
        for pair, value in expected.items()
        if short not in pair
    }


def test_weights_keep_the_names_of_their_layers(rng, tmp_path):
    job = a_job(rng, net="custom_net")
    weights = job.new_net().get_weights()
    agreement.save_weights(tmp_path, "a", 3, weights)
    with np.load(tmp_path / "weights" / "a-3.npz") as arrays:
        names = [f"{k}_{n}" for n in (1, 2, 3, 4) for k in ("kernel", "bias")]
        assert list(arrays) == names
        np.testing.assert_array_equal(arrays["bias_4"], weights[-1])


def test_a_damaged_file_of_weights_is_one_line(tmp_path):
    run = a_run(table.NUMPY_10)
    run.training.gate = agreement.GateSide(20, 0.1, 0.25, "float32")
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "numpy-batch-10.npz").write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"gate/numpy-batch-10\.npz"):
        agreement.gates(tmp_path, a_record(run))


def test_twins_drift_by_rounding_and_no_more(rng):
    """Without Keras too; in float64 they end a billionth of float32 apart."""
    samples = some_samples(rng, 60)
    twins = {}
    for dtype in ("float64", "float32"):
        drift = agreement.drift(samples, "assignment_net", dtype, None, 0)
        assert drift.steps == [1, 2, 5]
        assert drift.keras is None
        twins[dtype] = drift.twin
    assert 0 < max(twins["float64"]) < 1e-14
    assert 1e-9 < max(twins["float32"]) < 1e-5


def test_keras_drifts_no_further_than_rounding(rng, keras):
    samples = some_samples(rng, 60)
    drift = agreement.drift(samples, "custom_net", "float64", keras, 0)
    assert len(drift.keras) == len(drift.steps)
    assert max(drift.keras) < 1e-14


def test_gradients_are_checked_array_by_array():
    found = agreement.gradients("assignment_net", 0)
    assert all(gradient.ok for gradient in found)
    assert len(found) == 4 * len({gradient.method for gradient in found})
    with planted(MISTAKES["hidden_bias_frozen"]):
        wrong = agreement.gradients("assignment_net", 0)
    assert [g.array for g in wrong if not g.ok]
