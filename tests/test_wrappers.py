"""A net where scikit-learn expects a classifier: its checks, and its tools.

What scikit-learn's own suite of checks holds is not repeated here: pickles,
names and number of columns, one feature, read-only arrays, and so on.
"""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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


@pytest.mark.parametrize("floatx", ["float32", "float64"])
def test_scikit_learns_own_checks(floatx, monkeypatch):
    """All of them, none skipped, and no warning; one asks for a setting."""
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    config.set_floatx(floatx)
    found = estimators.check(numpy_classifier(), warnings_are="error")
    assert found["run"] == found["passed"] > 50, found


def test_the_page_of_the_checks_says_what_is_so():
    record = json.loads(estimators.FILE.read_text(encoding="utf-8"))
    page = estimators.PAGE.read_text(encoding="utf-8")
    assert page == estimators.page(record)
    assert record["numpy"]["run"] == record["numpy"]["passed"]
    xgboost = pytest.importorskip("xgboost")
    if record["versions"]["xgboost"] != xgboost.__version__:
        # Newer than the pinned one: the page says nothing of it.
        pytest.skip(f"the page is not of XGBoost {xgboost.__version__}")
    found = estimators.check(estimators.xgboost_classifier())
    assert set(found["failed"]) == set(record["xgboost"]["failed"])


def fitted(**settings):
    settings = {"fit_kwargs": {"epochs": 3}, "random_state": 4, **settings}
    return SKLearnClassifier(numpy_model, **settings).fit(X, NAMES)


def outputs(net):
    return net.decision_function(X)


def assert_same_weights(*models):
    for arrays in zip(*(m.get_weights() for m in models), strict=True):
        np.testing.assert_array_equal(*arrays)


def test_it_is_the_same_training_as_the_models_own():
    """Sorted labels, one-hot, in the order of the seed: nothing else."""
    net = fitted()
    classes, labels = np.unique(NAMES, return_inverse=True)
    seeds = np.random.RandomState(4)
    with utils.drawing_from(seeds.randint(np.iinfo(np.int32).max)):
        model = numpy_model(X, np.eye(3))
        history = model.fit(X, np.eye(3)[labels], epochs=3)
    a = model.predict(X)
    assert net.history_.history == history.history
    assert np.array_equal(outputs(net), a)
    assert np.array_equal(net.predict(X), classes[a.argmax(axis=1)])
    assert np.array_equal(net.predict_proba(X), a)


def test_classes_are_sorted_and_two_have_one_column_of_decisions():
    net = fitted(
        fit_kwargs={"epochs": 60}, model_kwargs={"learning_rate": 0.1}
    )
    assert net.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert net.score(X, NAMES) > 0.9
    net.fit(X[LABELS < 2], NAMES[LABELS < 2])
    a = net.predict_proba(X)
    assert a.shape == (150, 2)
    assert np.array_equal(outputs(net), a[:, 1] - a[:, 0])


def test_the_assignments_net_takes_flat_rows_and_is_never_changed(digits):
    """It begins with Flatten; scikit-learn knows rows alone."""
    x, y = digits
    flat, labels = x.reshape(len(x), 784), y.argmax(axis=1)
    model = assignment_net()
    before = clone(model, safe=False)
    net = SKLearnClassifier(model, fit_kwargs={"epochs": 2}).fit(flat, labels)
    net.set_params(warm_start=True).fit(flat, labels)
    assert_same_weights(before, model)
    assert net.decision_function(flat).shape == (53, 10)


def test_probabilities_are_those_of_a_softmax_that_was_trained():
    """A function may make another net than the one before."""
    sigmoids = SKLearnClassifier(assignment_net())
    assert not hasattr(sigmoids, "predict_proba")  # they are no shares of 1
    assert hasattr(SKLearnClassifier(custom_net()), "predict_proba")
    net = fitted()
    net.model = assignment_net()
    assert hasattr(net, "predict_proba"), "model_ is still the softmax"


def test_warm_start_goes_on_from_the_fit_before():
    first = fitted(fit_kwargs={"epochs": 1, "shuffle": False})
    longer = fitted(fit_kwargs={"epochs": 2, "shuffle": False})
    first.set_params(warm_start=True).fit(X, NAMES)
    assert_same_weights(first.model_, longer.model_)
    for names in (NAMES[LABELS < 2], np.char.upper(NAMES)):
        with pytest.raises(ValueError, match="the classes of the fit before"):
            first.fit(X[: len(names)], names)


def test_warm_start_begins_with_the_weights_that_were_given():
    model = numpy_model(X, np.eye(3))
    model.compile(optimizer=SGD(0), loss="mean_squared_error")
    still = SKLearnClassifier(model, warm_start=True).fit(X, NAMES)
    assert_same_weights(model, still.model_)


def test_a_seed_repeats_the_fit_and_touches_no_other_draw():
    """Nor that of another thread: joblib's share a process."""
    utils.set_random_seed(3)
    undisturbed = utils.generator().random(4)
    utils.set_random_seed(3)

    def of(seed):
        return outputs(fitted(random_state=seed))

    alone = [of(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(of, range(4)))
    assert np.array_equal(utils.generator().random(4), undisturbed)
    assert np.array_equal(alone, at_once)
    assert not np.array_equal(alone[0], alone[1])


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


def test_a_clone_keeps_every_argument_and_those_of_fit_win():
    """Keras 3.15's wrapper loses fit_kwargs here."""
    settings = {"units": 3}, {"epochs": 3}, 7
    net = SKLearnClassifier(assignment_net(), True, *settings)
    twin = clone(net)
    assert_same_weights(net.model, twin.model)
    mine, theirs = net.get_params(), twin.get_params()
    assert mine | {"model": 0} == theirs | {"model": 0}
    other = fitted().fit(X, NAMES, epochs=2)
    assert len(other.history_.epoch) == 2
    assert other.fit_kwargs == {"epochs": 3}


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


def uncompiled(X, y):
    return Sequential([Input((4,)), layers.Dense(3)])


@pytest.mark.parametrize(
    ("model", "y", "error", "message"),
    [
        (7, NAMES, ValueError, "model: expected a Sequential of numpy_net"),
        (lambda X, y: None, NAMES, ValueError, "model: expected a S.*None"),
        (uncompiled, NAMES, RuntimeError, "no loss and.*yet: call compile"),
        (numpy_model, ["a"] * 150, ValueError, "2 classes, got 1 class: 'a'"),
        (lambda X, y: numpy_model(X, np.eye(4)), NAMES, ValueError,
         r"one output for each of 3 classes, got outputs of shape \(4,\)"),
        (lambda X, y: numpy_model(X[:, :2], y), NAMES, ValueError,
         r"x: expected shape \(N, 2\).*got \(150, 4\)"),
        (lambda X, y: numpy_model(X, y, learning_rate=1e307), NAMES,
         FloatingPointError, "try a smaller learning_rate"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_fit(model, y, error, message):
    with pytest.raises(error, match=message):
        SKLearnClassifier(model).fit(X * 1e3, y)


def odd_model():
    """No setting at its default, so that a clone can lose none unseen."""
    hidden = layers.Dense(
        5,
        "relu",
        kernel_initializer=GlorotUniform(3),
        bias_initializer=lambda shape, dtype: np.full(shape, 0.5),
        kernel_regularizer=L2(0.25),
        name="hidden",
    )
    out = layers.Dense(4, "softmax", use_bias=False, trainable=False)
    model = Sequential(
        [Input((2, 3)), layers.Flatten(), hidden, out], name="o"
    )
    f1 = metrics.F1Score(average="weighted", name="f1")
    loss = "categorical_crossentropy"
    model.compile(SGD(0.125, momentum=0.5), loss, metrics=["accuracy", f1])
    return model


def test_a_cloned_model_has_new_weights_and_the_rest_as_it_was(rng):
    x, y = rng.uniform(size=(6, 2, 3)), np.eye(4)[[0, 1, 2, 3, 0, 1]]
    model = odd_model()
    model.fit(x, y)
    twin = clone_model(model)
    [mine], [theirs] = twin.metrics[1:], model.metrics[1:]
    for part in ("optimizer", "loss", "layers", "name"):
        assert repr(getattr(twin, part)) == repr(getattr(model, part))
    assert repr(mine) == repr(theirs)
    assert mine.metrics[0].result() == 0
    assert twin.optimizer.iterations == 0
    assert twin.optimizer.momentums == []
    assert not np.array_equal(twin.weights[2], model.weights[2])
    assert np.array_equal(twin.weights[1], np.full(5, 0.5))
    twin.set_weights(model.get_weights())
    assert twin.evaluate(x, y) == model.evaluate(x, y)
    kept = [metric.result() for metric in theirs.metrics]
    twin.evaluate(x[:1], y[:1])
    assert kept == [metric.result() for metric in theirs.metrics]


def test_a_clone_keeps_the_models_dtype(digits):
    """Not floatx: a process of joblib's has one of its own."""
    model = assignment_net()
    config.set_floatx("float32")
    assert clone_model(model).dtype == "float64"
    x, y = digits
    net = SKLearnClassifier(model).fit(x.reshape(53, 784), y.argmax(axis=1))
    assert net.model_.dtype == "float64"
    assert config.floatx() == "float32"


@pytest.mark.parametrize("what", ["layer", "optimizer", "model"])
def test_what_is_not_ours_is_not_cloned(what):
    """Nobody knows how to copy it."""
    model = numpy_model(X, np.eye(3))
    if what == "optimizer":
        model.compile(type("Mine", (SGD,), {})(0.1), "mse")
    else:
        thing = model if what == "model" else model.layers[1]
        thing.__class__ = type("Mine", (type(thing),), {})
    with pytest.raises(ValueError, match=f"clone_model: expected an? {what}"):
        SKLearnClassifier(model).fit(X, NAMES)


def test_keras_in_its_own_wrapper_decides_the_same(keras):
    """From equal weights, the outputs of both after the same training."""
    from keras.wrappers import SKLearnClassifier as KerasClassifier

    ours = numpy_model(X, np.eye(3))
    theirs = estimators.keras_model(X, np.eye(3))
    theirs.set_weights(ours.get_weights())
    how = {"epochs": 3, "shuffle": False, "batch_size": 7, "verbose": 0}
    a = SKLearnClassifier(ours, warm_start=True, fit_kwargs=how)
    b = KerasClassifier(lambda X, y: theirs, fit_kwargs=how)
    a, b = (outputs(net.fit(X, NAMES)) for net in (a, b))
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
