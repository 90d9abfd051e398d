"""XGBoost as the assignment set it up: three settings, else the defaults."""

import numpy as np
from benchmarks.rows.contenders import TREES, select
from xgboost import XGBClassifier

from benchmarks.measure import job as common
from benchmarks.measure import trees
from classical.xgboost_model import (
    accurate_model,
    assignment_model,
    fast_model,
)


def test_the_assignments_settings_and_nothing_else():
    default = XGBClassifier().get_params()
    given = assignment_model().get_params()
    changed = {
        name: value
        for name, value in given.items()
        if name not in ("missing", "random_state")  # nan; draws nothing
        and value != default.get(name)
    }
    assert changed == {
        "objective": "multi:softmax",
        "eval_metric": "merror",
        "num_class": 10,
    }


def test_seed_and_threads_are_passed_on():
    parameters = assignment_model(seed=3, threads=2).get_params()
    assert parameters["random_state"] == 3
    assert parameters["n_jobs"] == 2


def test_the_fast_model_differs_in_one_setting():
    default, fast = assignment_model().get_params(), fast_model().get_params()
    changed = {k: v for k, v in fast.items() if v is not default[k]}
    changed.pop("missing", None)
    assert changed == {"max_bin": 16}


def test_each_tree_row_changes_one_thing():
    """The time of one change is its own only if there is no other."""
    given = [c.options for c in TREES]
    assert all(o["model"] == "assignment_model" for o in given)
    assert all(len(set(o) - {"model"}) == 1 for o in given)
    for options in given:
        assignment_model(**options.get("settings", {}))


def test_pixels_that_never_change_do_not_change_the_trees(rng):
    """They can split nothing: the same answers without them."""
    y = np.eye(10, dtype="float32")[rng.integers(0, 10, 200)]
    x = rng.integers(0, 4, (200, 28, 28)).astype("float32") / 3
    x[:, :20] = 0
    data = common.Samples(x[:150], y[:150], x[150:], y[150:])
    row, part = (
        trees.fit(common.Job(select([name])[0], data, say=lambda entry: None))
        for name in ("xgboost", "trees-no-constant-pixels")
    )
    assert row.verified["settings"]["pixels"] == 784
    assert part.verified["settings"]["pixels"] == 8 * 28
    np.testing.assert_array_equal(row.predict(x), part.predict(x))


def test_the_tuned_models_take_seed_threads_and_callbacks():
    for make in (fast_model, accurate_model):
        parameters = make(seed=5, threads=1, callbacks=[]).get_params()
        assert parameters["random_state"] == 5
        assert parameters["n_jobs"] == 1
        assert parameters["callbacks"] == []
