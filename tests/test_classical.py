"""XGBoost as the assignment set it up: three settings, else the defaults."""

from xgboost import XGBClassifier

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


def test_the_tuned_models_take_seed_threads_and_callbacks():
    for make in (fast_model, accurate_model):
        parameters = make(seed=5, threads=1, callbacks=[]).get_params()
        assert parameters["random_state"] == 5
        assert parameters["n_jobs"] == 1
        assert parameters["callbacks"] == []
