"""A net where scikit-learn expects a classifier: its checks, and its tools."""

import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from numpy_net import Input, Sequential, config, layers, metrics, utils
from numpy_net.architectures import assignment_net, custom_net
from numpy_net.initializers import GlorotUniform
from numpy_net.models import clone_model
from numpy_net.optimizers import SGD
from numpy_net.regularizers import L2
from numpy_net.wrappers import SKLearnClassifier
from tests import estimators
from tests.estimators import numpy_classifier, numpy_model

X, LABELS = load_iris(return_X_y=True)
NAMES = np.array(["virginica", "setosa", "versicolor"])[LABELS]


@parametrize_with_checks([numpy_classifier()])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_no_check_is_skipped_where_all_can_be_applied():
    """In float32, too; one check needs a setting from before the import."""
    code = (
        "import json; from tests import estimators\n"
        "found = estimators.check(estimators.numpy_classifier())\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=estimators.ROOT,
        env=os.environ | {"SCIPY_ARRAY_API": "1"},
    )
    counts = json.loads(done.stdout)
    assert counts["run"] == counts["passed"] > 50, counts


def test_the_page_of_the_checks_is_drawn_from_its_file():
    record = json.loads(estimators.FILE.read_text(encoding="utf-8"))
    assert estimators.PAGE.read_text(encoding="utf-8") == estimators.page(
        record
    )
    assert record["numpy"]["run"] == record["numpy"]["passed"]


def test_the_page_says_of_xgboost_what_is_so():
    xgboost = pytest.importorskip("xgboost")
    record = json.loads(estimators.FILE.read_text(encoding="utf-8"))
    if record["versions"]["xgboost"] != xgboost.__version__:
        # Newer than the pinned one: the page says nothing of it.
        pytest.skip(f"the page is not of XGBoost {xgboost.__version__}")
    found = estimators.check(estimators.xgboost_classifier())
    assert set(found["failed"]) == set(record["xgboost"]["failed"])


def fitted(**settings):
    settings = {"fit_kwargs": {"epochs": 3}, "random_state": 4, **settings}
    return SKLearnClassifier(numpy_model, **settings).fit(X, NAMES)


def test_it_is_the_same_training_as_the_models_own(rng):
    """Sorted labels, one-hot, in the order of the seed: nothing else."""
    net = fitted()
    classes, labels = np.unique(NAMES, return_inverse=True)
    with utils.drawing_from(
        np.random.RandomState(4).randint(np.iinfo(np.int32).max)
    ):
        model = numpy_model(X, np.eye(3))
        history = model.fit(X, np.eye(3)[labels], epochs=3)
    assert net.history_.history == history.history
    assert np.array_equal(net.decision_function(X), model.predict(X))
    assert np.array_equal(
        net.predict(X), classes[model.predict(X).argmax(axis=1)]
    )


def test_classes_are_sorted_and_columns_follow_them():
    net = fitted(
        fit_kwargs={"epochs": 60}, model_kwargs={"learning_rate": 0.1}
    )
    assert net.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert net.score(X, NAMES) > 0.9
    np.testing.assert_array_equal(
        net.classes_[net.predict_proba(X).argmax(axis=1)], net.predict(X)
    )


def test_two_classes_have_one_column_of_decisions():
    two = LABELS < 2
    net = SKLearnClassifier(numpy_model, random_state=0)
    net.fit(X[two], NAMES[two])
    a = net.predict_proba(X)
    assert a.shape == (150, 2)
    assert np.array_equal(net.decision_function(X), a[:, 1] - a[:, 0])


def test_the_assignments_net_takes_flat_rows(digits):
    """It begins with Flatten; scikit-learn knows rows alone."""
    x, y = digits
    flat, labels = x.reshape(len(x), 784), y.argmax(axis=1)
    net = SKLearnClassifier(
        assignment_net(), fit_kwargs={"epochs": 2, "batch_size": 10}
    )
    net.fit(flat, labels)
    assert net.decision_function(flat).shape == (53, 10)
    assert not hasattr(net, "predict_proba")  # sigmoids are no shares of 1
    assert hasattr(SKLearnClassifier(custom_net()), "predict_proba")


def test_the_given_model_is_never_changed(digits):
    x, y = digits
    flat, labels = x.reshape(len(x), 784), y.argmax(axis=1)
    model = assignment_net()
    before = model.get_weights()
    net = SKLearnClassifier(model).fit(flat, labels)
    net.set_params(warm_start=True).fit(flat, labels)
    for mine, theirs in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)
    assert net.model_ is not model


def test_warm_start_goes_on_from_the_fit_before():
    first = fitted(fit_kwargs={"epochs": 1, "shuffle": False})
    longer = fitted(fit_kwargs={"epochs": 2, "shuffle": False})
    first.set_params(warm_start=True).fit(X, NAMES)
    for mine, theirs in zip(
        first.model_.get_weights(), longer.model_.get_weights(), strict=True
    ):
        assert np.array_equal(mine, theirs)


def test_warm_start_begins_with_the_weights_that_were_given():
    model = numpy_model(X, np.eye(3))
    still = SKLearnClassifier(model, warm_start=True).fit
    model.compile(optimizer=SGD(0), loss="mean_squared_error")
    trained = still(X, NAMES).model_
    for mine, theirs in zip(
        model.get_weights(), trained.get_weights(), strict=True
    ):
        assert np.array_equal(mine, theirs)


def test_a_seed_repeats_the_fit_and_touches_no_other_draw():
    utils.set_random_seed(3)
    undisturbed = utils.generator().random(4)
    utils.set_random_seed(3)
    a, b = fitted(), fitted()
    assert np.array_equal(utils.generator().random(4), undisturbed)
    assert np.array_equal(a.decision_function(X), b.decision_function(X))
    other = fitted(random_state=5)
    assert not np.array_equal(
        a.decision_function(X), other.decision_function(X)
    )


def test_threads_do_not_draw_from_each_others_seed():
    """joblib's threads share a process; a fit must not."""
    alone = [fitted(random_state=s).decision_function(X) for s in range(4)]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(
            pool.map(
                lambda s: fitted(random_state=s).decision_function(X),
                range(4),
            )
        )
    for one, other in zip(alone, at_once, strict=True):
        assert np.array_equal(one, other)


def test_pipeline_search_and_cross_validation():
    net = SKLearnClassifier(numpy_model, random_state=0)
    pipe = make_pipeline(StandardScaler(), net)
    name = "sklearnclassifier"
    grid = {
        f"{name}__model_kwargs": [{"units": 1}, {"units": 12}],
        f"{name}__fit_kwargs": [{"epochs": 1}, {"epochs": 20}],
    }
    search = GridSearchCV(pipe, grid, cv=3, scoring="roc_auc_ovr")
    search.fit(X, NAMES)
    assert search.best_params_[f"{name}__fit_kwargs"] == {"epochs": 20}
    assert search.best_score_ > 0.95
    scores = cross_val_score(search.best_estimator_, X, NAMES)
    assert scores.min() > 0.8


def test_a_clone_keeps_every_argument():
    """Keras 3.15's wrapper loses fit_kwargs here."""
    net = SKLearnClassifier(
        assignment_net(), True, {"units": 3}, {"epochs": 2}, 7
    )
    twin = clone(net)
    for name, value in net.get_params().items():
        if name != "model":
            assert twin.get_params()[name] == value
    for mine, theirs in zip(
        net.model.get_weights(), twin.model.get_weights(), strict=True
    ):
        assert np.array_equal(mine, theirs)


def test_a_fitted_net_can_be_pickled():
    net = fitted()
    again = pickle.loads(pickle.dumps(net))
    assert np.array_equal(net.decision_function(X), again.decision_function(X))


def test_names_of_columns_are_remembered():
    frame = pd.DataFrame(X, columns=list("abcd"))
    net = SKLearnClassifier(numpy_model).fit(frame, NAMES)
    assert net.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        net.predict(frame[list("dcba")])


BAD = {
    "sparse": lambda: (csr_array(X), NAMES),
    "nan": lambda: (np.where(X > 5, np.nan, X), NAMES),
    "infinite": lambda: (np.where(X > 5, np.inf, X), NAMES),
    "one dimension": lambda: (X[:, 0], NAMES),
    "no samples": lambda: (X[:0], NAMES[:0]),
    "no features": lambda: (X[:, :0], NAMES),
    "unequal lengths": lambda: (X, NAMES[:-1]),
    "one-hot": lambda: (X, np.eye(3)[LABELS]),
    "a regression": lambda: (X, X[:, 0] + 0.25),
    "strings": lambda: (np.full((150, 4), "a"), NAMES),
    "complex": lambda: (X + 1j, NAMES),
    "no labels": lambda: (X, None),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_as_scikit_learn_tells_it(name):
    """Word for word what its own classifiers say, the dense ones."""
    peer = GaussianNB() if name == "sparse" else LogisticRegression()
    said = []
    for net in (numpy_classifier(), peer):
        with pytest.raises((ValueError, TypeError)) as caught:
            net.fit(*BAD[name]())
        text = str(caught.value).replace(type(net).__name__, "Net")
        said.append((caught.type, text))
    assert said[0] == said[1]


def test_other_columns_in_predict_are_told_as_scikit_learn_tells_it():
    message = r"X has 3 features.*expecting 4 features"
    with pytest.raises(ValueError, match=message):
        fitted().predict(X[:, :3])


def test_one_class_and_one_feature():
    with pytest.raises(ValueError, match="at least 2 classes, got 1 class"):
        numpy_classifier().fit(X[:9], np.full(9, "a"))
    net = SKLearnClassifier(numpy_model).fit(X[:, :1], NAMES)
    assert net.n_features_in_ == 1


def uncompiled(X, y):
    return Sequential([Input((4,)), layers.Dense(3)])


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (7, ValueError, "model: expected a Sequential of numpy_net or a fun"),
        (lambda X, y: None, ValueError, "model: expected a Sequential.*None"),
        (uncompiled, RuntimeError, "no loss and optimizer yet: call compile"),
        (
            lambda X, y: numpy_model(X, np.eye(4)),
            ValueError,
            r"one output for each of 3 classes, got outputs of shape \(4,\)",
        ),
        (
            lambda X, y: numpy_model(X[:, :2], y),
            ValueError,
            r"x: expected shape \(N, 2\).*got \(150, 4\)",
        ),
    ],
)
def test_a_model_that_does_not_fit(model, error, message):
    with pytest.raises(error, match=message):
        SKLearnClassifier(model).fit(X, NAMES)


def test_warm_start_with_other_classes():
    net = fitted(warm_start=True)
    for names in (NAMES[LABELS < 2], np.char.upper(NAMES)):
        with pytest.raises(ValueError, match="the classes of the fit before"):
            net.fit(X[: len(names)], names)


def test_a_diverging_net_says_so():
    net = SKLearnClassifier(numpy_model, model_kwargs={"learning_rate": 1e307})
    with pytest.raises(
        FloatingPointError, match="try a smaller learning_rate"
    ):
        net.fit(X * 1e3, NAMES)


def odd_model():
    """No setting at its default, so that a clone can lose none unseen."""
    model = Sequential(
        [
            Input((2, 3)),
            layers.Flatten(),
            layers.Dense(
                5,
                "relu",
                kernel_initializer=GlorotUniform(3),
                bias_initializer=lambda shape, dtype: np.full(shape, 0.5),
                kernel_regularizer=L2(0.25),
            ),
            layers.Dense(4, "softmax"),
        ],
        name="odd",
    )
    f1 = metrics.F1Score(average="weighted", name="f1")
    model.compile(
        SGD(0.125, momentum=0.5),
        "categorical_crossentropy",
        metrics=["accuracy", f1],
    )
    return model


def test_a_cloned_model_has_new_weights_and_the_rest_as_it_was(rng):
    x, y = rng.uniform(size=(6, 2, 3)), np.eye(4)[[0, 1, 2, 3, 0, 1]]
    model = odd_model()
    model.fit(x, y)
    twin = clone_model(model)
    assert repr(twin) == repr(model)
    assert repr(twin.optimizer) == repr(model.optimizer)
    [mine], [theirs] = twin.metrics[1:], model.metrics[1:]
    assert repr(mine) == repr(theirs)
    assert mine.metrics[0].result() == 0
    assert twin.optimizer.iterations == 0
    assert twin.optimizer.momentums == []
    assert not np.array_equal(twin.weights[2], model.weights[2])
    assert np.array_equal(twin.weights[1], np.full(5, 0.5))
    mine, theirs = (m.layers[1].kernel_initializer for m in (twin, model))
    assert mine is theirs
    twin.set_weights(model.get_weights())
    assert twin.evaluate(x, y) == model.evaluate(x, y)
    twin.evaluate(x[:1], y[:1])
    own = model.metrics[1].metrics
    counts = [metric.result() for metric in own]
    model.evaluate(x, y)
    assert counts == [metric.result() for metric in own]


def test_a_clone_keeps_the_models_dtype(digits):
    """Not floatx: a process of joblib's has one of its own."""
    model = assignment_net()
    config.set_floatx("float32")
    assert clone_model(model).dtype == "float64"
    x, y = digits
    net = SKLearnClassifier(model).fit(x.reshape(53, 784), y.argmax(axis=1))
    assert net.model_.dtype == "float64"
    assert config.floatx() == "float32"


class Half(SGD):
    """Not ours: nobody knows how to copy it."""


@pytest.mark.parametrize("what", ["layer", "optimizer", "model"])
def test_what_is_not_ours_is_not_cloned(what):
    model = numpy_model(X, np.eye(3))
    if what == "layer":
        model.layers[1].__class__ = type("Mine", (layers.Dense,), {})
    elif what == "optimizer":
        model.compile(Half(0.1), "mse")
    else:
        model.__class__ = type("Mine", (Sequential,), {})
    with pytest.raises(ValueError, match=f"clone_model: expected an? {what}"):
        SKLearnClassifier(model).fit(X, NAMES)


def test_arguments_of_fit_win():
    net = fitted(fit_kwargs={"epochs": 3})
    net.fit(X, NAMES, epochs=2)
    assert len(net.history_.epoch) == 2
    assert net.fit_kwargs == {"epochs": 3}


def test_probabilities_are_those_of_the_net_that_was_trained():
    """A function may make another net than the one before."""
    net = fitted()
    assert hasattr(net, "predict_proba")
    net.model = assignment_net()
    assert hasattr(net, "predict_proba"), "model_ is still the softmax"


def test_keras_in_its_own_wrapper_decides_the_same(keras):
    """From equal weights, the outputs of both after the same training."""
    from keras.wrappers import SKLearnClassifier as KerasClassifier

    ours = numpy_model(X, np.eye(3))
    theirs = estimators.keras_model(X, np.eye(3))
    theirs.set_weights(ours.get_weights())
    settings = {"epochs": 3, "shuffle": False, "batch_size": 7}
    a = SKLearnClassifier(ours, warm_start=True, fit_kwargs=settings)
    b = KerasClassifier(
        lambda X, y: theirs, fit_kwargs={**settings, "verbose": 0}
    )
    a.fit(X, NAMES)
    b.fit(X, NAMES)
    np.testing.assert_allclose(
        a.decision_function(X), b.decision_function(X), rtol=0, atol=1e-12
    )
