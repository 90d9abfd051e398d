"""--add: any scikit-learn classifier, trained as XGBoost is."""

import sys
import types

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks import InputError
from benchmarks.measure import added
from benchmarks.measure.job import Job
from benchmarks.rows import table
from tests.benchmarks.jobs import some_samples


@pytest.fixture
def theirs(monkeypatch):
    """A module of somebody else's, my_models."""
    module = types.ModuleType("my_models")
    monkeypatch.setitem(sys.modules, "my_models", module)
    return module


def a_job(rng):
    samples = some_samples(rng, 8)._replace(
        x_val=rng.uniform(size=(2, 28, 28)), y_val=np.eye(10)[8:]
    )
    return Job(table.added("my_models:net"), samples, seed=5, threads=2)


def test_it_trains_on_all_images_as_xgboost_does(rng, theirs):
    """And gets the seed and threads that it leaves open, in every part."""
    seen = []

    class Net(RandomForestClassifier):
        def __init__(self, n_estimators=3, random_state=None, n_jobs=None):
            super().__init__(n_estimators)
            self.random_state, self.n_jobs = random_state, n_jobs

        def fit(self, x, y):
            seen.append((x.shape, sorted(y), self.random_state, self.n_jobs))
            return super().fit(x, y)

    theirs.net = lambda: make_pipeline(StandardScaler(), Net(random_state=8))
    job = a_job(rng)
    trained = added.fit(job)
    assert seen == [((10, 784), list(range(10)), 8, 2)]
    assert trained.predict(job.samples.x).dtype == int
    assert (trained.verified.threads, trained.weights) == (2, None)
    assert "n_jobs=2" in trained.verified.settings["estimator"]


class Words(DummyClassifier):
    def predict(self, x):
        return ["seven"] * len(x)


def test_an_answer_that_is_no_digit_is_refused(rng, theirs):
    theirs.net = Words
    job = a_job(rng)
    trained = added.fit(job)
    with pytest.raises(InputError, match="predict is to return 8 digits"):
        trained.predict(job.samples.x)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nowhere:Model", "got ModuleNotFoundError: No module named 'nowhe"),
        ("os:Model", "AttributeError: module 'os' has no attribute 'Model'"),
        ("sys:exit", "or on PYTHONPATH; got SystemExit"),
        ("sklearn.linear_model:LinearRegression", "got LinearRegression"),
        ("os:getcwd", "expected a scikit-learn classifier, got str"),
        ("sklearn.ensemble:VotingClassifier", "without arguments, in a modu"),
    ],
)
def test_what_makes_no_classifier_is_told_in_one_line(name, line):
    with pytest.raises(InputError) as raised:
        added.classifier(name)
    assert str(raised.value).startswith(f"--add {name}: expected ")
    assert line in str(raised.value)
