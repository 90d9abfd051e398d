"""The nets of the questions: one change at a time, trained as they say."""

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.measure import closeness, engine, study_runs
from benchmarks.measure.job import Samples
from benchmarks.rows import study
from numpy_net import architectures, utils


@pytest.fixture
def small(rng):
    """60 dense random images to train on, 20 to validate and 20 to test."""
    y = np.eye(10, dtype="float32")[rng.integers(0, 10, 100)]
    x = rng.uniform(0, 1, (100, 28, 28)).astype("float32")
    samples = Samples(x[:60], y[:60], x[60:80], y[60:80])
    return samples, (x[80:], y[80:].argmax(axis=1))


def differences(a, b):
    return [n for n, v in a.settings().items() if v != b.settings()[n]]


def test_on_the_path_each_step_changes_one_thing():
    variants = [v for _, v in study.PATH.variants]
    assert variants[0] == study.ASSIGNMENT
    assert variants[-1] == study.CUSTOM
    for before, after in pairwise(variants):
        assert len(differences(before, after)) == 1, (before, after)


@pytest.mark.parametrize("group", study.SWEEPS, ids=lambda g: g.name)
def test_a_sweep_changes_one_setting_of_the_custom_net(group):
    changed = set()
    for _, variant in group.variants:
        changed.update(differences(study.SHORT, variant))
    assert len(changed) == 1
    assert len({v.key for _, v in group.variants}) == len(group.variants)
    assert study.SHORT in [v for _, v in group.variants]


@pytest.mark.parametrize(
    ("variant", "make"),
    [
        (study.ASSIGNMENT, architectures.assignment_net),
        (study.CUSTOM, architectures.custom_net),
    ],
)
def test_the_two_ends_are_the_assignments_nets(variant, make):
    """Same layers, loss and rate, and from one seed the same weights."""
    utils.set_random_seed(3)
    ours = study_runs.make_net(variant)
    utils.set_random_seed(3)
    theirs = make()
    assert len(ours.layers) == len(theirs.layers)
    for a, b in zip(ours.layers[1:], theirs.layers[1:], strict=True):
        assert a.name == b.name
        assert a.activation is b.activation
        np.testing.assert_array_equal(a.kernel, b.kernel)
    assert ours.optimizer.learning_rate == theirs.optimizer.learning_rate
    assert ours.loss == theirs.loss


def test_l2_is_on_every_kernel_and_not_in_the_judged_loss(small):
    samples, _ = small
    variant = study.Variant((5,), "relu", "softmax", 0.1, l2=0.5)
    model = study_runs.make_net(variant)
    assert all(d.kernel_regularizer.l2 == 0.5 for d in model.layers[1:])
    judge = study_runs._Judge(model, samples)
    judge.on_epoch_end(0)
    error = np.mean((model.predict(samples.x_val) - samples.y_val) ** 2)
    assert judge.epochs[0]["val_loss"] == pytest.approx(error, rel=1e-6)
    with_l2 = model.evaluate(samples.x_val, samples.y_val)[0]
    assert with_l2 > judge.epochs[0]["val_loss"] + 0.1


def test_a_variant_trains_as_fit_does(small):
    samples, test = small
    variant = study.Variant((7,), "tanh", "softmax", 0.3, epochs=2, seed=4)
    found = study_runs.train(variant, samples, *test)
    utils.set_random_seed(4)
    model = study_runs.make_net(variant)
    model.fit(samples.x, samples.y, 10, 2)
    loss, accuracy, f1 = model.evaluate(samples.x_val, samples.y_val)
    assert found["status"] == "ok"
    assert len(found["epochs"]) == 2
    last = found["epochs"][-1]
    assert last["val_loss"] == pytest.approx(loss, rel=1e-5)
    assert last["val_accuracy"] == pytest.approx(accuracy)
    assert last["val_f1_macro"] == pytest.approx(f1)
    assert found["parameters"] == 784 * 7 + 7 + 70 + 10
    right = model.predict(test[0]).argmax(axis=1) == test[1]
    assert found["test"]["accuracy"] == pytest.approx(right.mean())


def test_one_that_diverges_says_so_and_the_others_finish(small):
    samples, test = small
    wild = study.Variant((7,), "linear", "linear", 1e6)
    tame = study.Variant((7,), "relu", "softmax", 0.1, epochs=1)
    with engine.here(2):
        found = {
            entry["key"]: entry
            for entry in study_runs.train_all([wild, tame], samples, test)
        }
    assert found[wild.key]["status"] == "diverged"
    assert "learning_rate" in found[wild.key]["message"]
    assert found[tame.key]["status"] == "ok"
    alone = study_runs.train(tame, samples, *test)
    assert found[tame.key] == alone, "in a process of its own as here"


def test_the_longest_are_trained_first():
    """So that at the end no process waits long for another."""
    work = [study._work(v) for v in study.variants("full")]
    assert work == sorted(work, reverse=True)


def test_twins_drift_by_rounding_and_no_more(small):
    """Without Keras too; in float64 they end a billionth of float32 apart."""
    samples, _ = small
    apart = {
        dtype: closeness.drift(samples, "assignment_net", dtype, None, 0)
        for dtype in closeness.DTYPES
    }
    for found in apart.values():
        assert found["steps"] == [1, 2, 5]
        assert "keras" not in found
    assert 0 < max(apart["float64"]["twin"]) < 1e-14
    assert 1e-9 < max(apart["float32"]["twin"]) < 1e-5


def test_keras_drifts_no_further_than_rounding(small, keras):
    samples, _ = small
    found = closeness.drift(samples, "custom_net", "float64", keras, 0)
    assert len(found["keras"]) == len(found["steps"])
    assert max(found["keras"]) < 1e-14
