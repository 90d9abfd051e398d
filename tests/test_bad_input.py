"""What the nets refuse: one line that says what was wrong, and what to do."""

import numpy as np
import pytest

from numpy_net import (
    Input,
    Sequential,
    config,
    layers,
    optimizers,
    regularizers,
    utils,
)
from numpy_net.architectures import assignment_net

X, Y = np.zeros((6, 28, 28)), np.eye(10)[[0, 1, 2, 3, 4, 5]]


def with_value(value):
    x = X.copy()
    x[4, 2, 3] = value
    return x


FIT = [
    ((X[:, :27], Y), {}, r"x: expected shape \(N, 28, 28\).*\(6, 27, 28\)"),
    ((X.reshape(6, 784), Y), {}, r"x: expected shape \(N, 28, 28\)"),
    ((X[0], Y), {}, r"x: expected shape \(N, 28, 28\) with N at least 1"),
    ((X[:0], Y[:0]), {}, r"with N at least 1, got \(0, 28, 28\)"),
    ((X, Y[:5]), {}, "equally many samples, got 6 and 5"),
    ((X, Y[:, :9]), {}, r"y: expected shape \(N, 10\).*to_categorical"),
    ((X, np.arange(6)), {}, r"y: expected shape \(N, 10\).*to_categorical"),
    ((with_value(np.nan), Y), {}, r"finite.*nan at index \(4, 2, 3\)"),
    ((with_value(np.inf), Y), {}, r"finite.*inf at index \(4, 2, 3\)"),
    ((X, np.full((6, 10), np.nan)), {}, "y: expected finite numbers"),
    (([["a"]], Y), {}, "x: expected numbers in one array"),
    (([[1], [1, 2]], Y), {}, "x: expected numbers in one array"),
    ((X, Y), {"batch_size": 0}, "batch_size: expected a whole number"),
    ((X, Y), {"batch_size": -3}, "batch_size: expected a whole number"),
    ((X, Y), {"batch_size": 2.5}, "batch_size: expected a whole number"),
    ((X, Y), {"batch_size": True}, "batch_size: expected a whole number"),
    ((X, Y), {"epochs": 0}, "epochs: expected a whole number of at least 1"),
    ((X, Y), {"epochs": "5"}, "epochs: expected a whole number.*'5'"),
    ((X, Y), {"validation_split": 1.0}, r"number in \[0, 1.0\), got 1.0"),
    ((X, Y), {"validation_split": -0.1}, r"number in \[0, 1.0\), got -0.1"),
    ((X, Y), {"validation_split": np.nan}, r"number in \[0, 1.0\), got nan"),
    ((X, Y), {"validation_split": 0.9}, "leaves 0 for training and 6 for"),
    ((X, Y), {"validation_data": X}, r"validation_data: expected \(x, y\)"),
    ((X, Y), {"validation_data": (X[:, 0], Y)}, "x: expected shape"),
]


@pytest.mark.parametrize(("arrays", "settings", "message"), FIT)
def test_fit_refuses_and_changes_no_weight(arrays, settings, message):
    model = assignment_net()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(*arrays, **settings)
    assert "\n" not in str(caught.value)
    for a, b in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_a_refused_compile_changes_nothing():
    model = assignment_net()
    before = model.evaluate(X, Y)
    with pytest.raises(ValueError, match="expected different names"):
        model.compile("sgd", "mse", metrics=["accuracy"] * 2)
    assert model.evaluate(X, Y) == before


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch"])
def test_training_before_compile(method):
    model = Sequential([Input((28, 28)), layers.Flatten(), layers.Dense(10)])
    with pytest.raises(RuntimeError, match=r"call compile\(.*\) first"):
        getattr(model, method)(X, Y)


@pytest.mark.parametrize("method", ["evaluate", "train_on_batch"])
def test_evaluate_and_train_on_batch_check_like_fit(method):
    with pytest.raises(ValueError, match="finite"):
        getattr(assignment_net(), method)(with_value(np.nan), Y)


def test_predict_checks_x():
    with pytest.raises(ValueError, match=r"x: expected shape \(N, 28, 28\)"):
        assignment_net().predict(X[:, 0])


def build(*entries):
    return lambda: Sequential(list(entries))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (build(layers.Dense(3)), r"expected Input\(shape\) as the first"),
        (build(Input((4, 4)), layers.Dense(3)), r"put Flatten\(\) before"),
        (build(Input((4,)), Input((4,))), "expected a layer, got Input"),
        (build(Input((4,)), "dense"), "expected a layer, got 'dense'"),
        (lambda: Input(784), r"a shape like \(28, 28\), got 784"),
        (lambda: Input((28, 0)), "Input: expected a whole number"),
        (lambda: layers.Dense(0), "units: expected a whole number"),
        (lambda: layers.Dense(2.0), "units: expected a whole number"),
        (lambda: layers.Dense(3, "swish"), "unknown activation 'swish'; kn"),
        (lambda: layers.Dense(3, abs), "unknown activation <built-in"),
        (
            lambda: layers.Dense(3, kernel_initializer="he"),
            "unknown initializer 'he'; known",
        ),
        (
            lambda: layers.Dense(3, kernel_regularizer="l1"),
            "unknown regularizer 'l1'; known",
        ),
        (lambda: regularizers.L2(-1), "l2: expected a number"),
        (lambda: optimizers.SGD(10**400), "learning_rate: expected a numb"),
        (
            lambda: assignment_net().compile(
                "sgd", "mse", metrics=["accuracy"] * 2
            ),
            "metrics: expected different names",
        ),
        (
            lambda: build(Input((2,)), layers.Dense(1))().compile(
                "sgd", "mse", metrics=["accuracy"]
            ),
            "accuracy needs at least two outputs",
        ),
        (lambda: optimizers.SGD(0.1, momentum=1), "momentum: expected"),
        (lambda: config.set_floatx("float16"), "unknown dtype 'float16'"),
        (lambda: utils.set_random_seed(-1), "seed: expected a whole number"),
        (lambda: utils.to_categorical([0, 10], 10), "expected 0 to 9, got 0"),
        (lambda: utils.to_categorical([0.5], 10), "expected whole numbers"),
        (
            lambda: assignment_net().compile("adam", "mse"),
            "unknown optimizer 'adam'; known: sgd",
        ),
        (
            lambda: assignment_net().compile("sgd", "hinge"),
            "unknown loss 'hinge'; known",
        ),
        (
            lambda: assignment_net().compile("sgd", "mse", metrics=["recall"]),
            "unknown metric 'recall'; known",
        ),
        (
            lambda: build(Input((2, 2)), layers.Flatten())().compile(
                "sgd", "mse"
            ),
            "expected a Dense layer at the end",
        ),
    ],
)
def test_building_refuses(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
