"""Second opinions, for when Keras and we might be wrong together.

scikit-learn's MLP is another dense net in NumPy, written by others. What it
can express is trained in lockstep. XGBoost has no net, but the same softmax
and cross-entropy at the end: its trees are fitted to p - y, equation [10].
"""

import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier, MLPRegressor

import numpy_net
from numpy_net import activations, layers, regularizers
from numpy_net.losses import CategoricalCrossentropy
from tests.pairs import largest_moves, parameters
from tests.tolerances import assert_within


@pytest.fixture(scope="module")
def small_digits():
    """500 images of 8 x 8 in [0, 1], with labels."""
    images, labels = load_digits(return_X_y=True)
    return images[:500] / 16, labels[:500]


def assert_lockstep(ours, theirs, x, y, labels, epochs=5, classes=None):
    """Train both from our weights, in batches of 10, and compare."""
    more = {} if classes is None else {"classes": classes}
    theirs.partial_fit(x[:10], labels[:10], **more)  # makes its arrays
    before = ours.get_weights()
    theirs.coefs_ = [kernel.copy() for kernel in before[::2]]
    theirs.intercepts_ = [bias.copy() for bias in before[1::2]]
    for velocity in theirs._optimizer.velocities:
        velocity[...] = 0
    for _ in range(epochs):
        ours.fit(x, y, batch_size=10, shuffle=False)
        theirs.partial_fit(x, labels)
    got = ours.get_weights()
    expected = sum(zip(theirs.coefs_, theirs.intercepts_, strict=True), ())
    for name, a, b in zip(parameters(ours), got, expected, strict=True):
        assert_within("weights vs scikit-learn", a, b, parameter=name)
    assert min(largest_moves(before, got)) > 0.01


@pytest.mark.parametrize(
    ("hidden", "theirs"), [("relu", "relu"), ("sigmoid", "logistic")]
)
@pytest.mark.parametrize(
    ("rate", "momentum", "l2"),
    [(0.1, 0.0, 0.0), (0.01, 0.9, 0.0), (0.1, 0.0, 0.001)],
)
def test_scikit_learn_classifier(
    hidden, theirs, rate, momentum, l2, small_digits
):
    """Softmax and cross-entropy, 64-20-12-10, 250 steps.

    scikit-learn divides half its penalty by the batch: alpha is 2 B l2.
    """
    x, labels = small_digits
    model = numpy_net.Sequential(
        [
            numpy_net.Input((64,)),
            *[
                layers.Dense(
                    units, name, kernel_regularizer=regularizers.L2(l2)
                )
                for units, name in [
                    (20, hidden),
                    (12, hidden),
                    (10, "softmax"),
                ]
            ],
        ]
    )
    sgd = numpy_net.optimizers.SGD(rate, momentum)
    model.compile(sgd, "categorical_crossentropy")
    mlp = MLPClassifier(
        hidden_layer_sizes=(20, 12),
        activation=theirs,
        solver="sgd",
        alpha=2 * 10 * l2,
        batch_size=10,
        learning_rate_init=rate,
        momentum=momentum,
        nesterovs_momentum=False,
        shuffle=False,
    )
    y = np.eye(10)[labels]
    assert_lockstep(model, mlp, x, y, labels, classes=range(10))
    accuracy = np.mean(model.predict(x).argmax(axis=1) == labels)
    assert accuracy > 0.2, "a guess is 0.1"


def test_scikit_learn_regressor(small_digits):
    """One linear output and squared error, of which scikit-learn takes half.

    So its rate is twice ours. With more outputs its gradient would be a sum
    over them, ours is a mean.
    """
    x, labels = small_digits
    model = numpy_net.Sequential(
        [numpy_net.Input((64,)), layers.Dense(12, "tanh"), layers.Dense(1)]
    )
    model.compile(numpy_net.optimizers.SGD(0.01), "mean_squared_error")
    mlp = MLPRegressor(
        hidden_layer_sizes=(12,),
        activation="tanh",
        solver="sgd",
        alpha=0,
        batch_size=10,
        learning_rate_init=0.02,
        momentum=0,
        shuffle=False,
    )
    assert_lockstep(model, mlp, x, labels[:, None] / 9, labels / 9)


def xgboost_margins(data, objective, custom=None):
    """The summed trees, (N, 10), after five rounds."""
    settings = {
        "objective": objective,
        "num_class": 10,
        "base_score": 0.5,
        "max_depth": 3,
        "nthread": 1,
        "disable_default_eval_metric": True,
    }
    booster = xgboost.train(settings, data, 5, obj=custom)
    return booster.predict(data, output_margin=True)


def test_xgboost_descends_our_crossentropy(small_digits):
    """Its softmax objective is [10], with 2 p (1 - p) for the curvature."""
    x, labels = small_digits
    y = np.eye(10)[labels]
    data = xgboost.DMatrix(x, labels)
    loss = CategoricalCrossentropy(from_logits=True)

    def objective(margins, data):
        p = activations.softmax(margins.astype(float))
        gradient = loss.gradient(y, margins.astype(float)) * len(y)
        return gradient, 2 * p * (1 - p)

    ours = xgboost_margins(data, "multi:softprob", objective)
    theirs = xgboost_margins(data, "multi:softprob")
    assert_within(
        "probabilities vs XGBoost",
        activations.softmax(ours),
        activations.softmax(theirs),
        equation="[10]",
        dtype="float32",
    )
    assert np.ptp(theirs, axis=0).min() > 0.5
    assert np.mean(theirs.argmax(axis=1) == labels) > 0.9


def test_xgboost_probabilities_are_our_softmax_of_its_trees(small_digits):
    """[2]: what its trees sum to is the z of a softmax."""
    x, labels = small_digits
    data = xgboost.DMatrix(x, labels)
    settings = {"objective": "multi:softprob", "num_class": 10, "nthread": 1}
    booster = xgboost.train(settings, data, 3)
    assert_within(
        "probabilities vs XGBoost",
        activations.softmax(booster.predict(data, output_margin=True)),
        booster.predict(data),
        equation="[2]",
        dtype="float32",
    )
