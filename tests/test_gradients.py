"""[1] to [11] together: the gradient of whole nets, weight by weight.

Every entry of every kernel and bias is compared with the complex step,
Im L(w + i h) / h with h = 1e-30: no difference is taken, so nothing
cancels, and the two agree to rounding. A failure names the equation, the
entry, both values and the likeliest slip.
"""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from numpy_net import Input, Sequential, config, layers, regularizers
from numpy_net.architectures import assignment_net, custom_net
from numpy_net.gradient_check import (
    check,
    compare,
    complex_step,
    directional,
    loss_of,
)
from numpy_net.gradient_check.report import names_of
from tests.mistakes.diagnosis import diagnose

PAIRS = [
    ("sigmoid", "mean_squared_error"),
    ("softmax", "mean_squared_error"),
    ("softmax", "categorical_crossentropy"),
    ("sigmoid", "categorical_crossentropy"),
    ("linear", "mean_squared_error"),
]
HIDDEN = ["sigmoid", "relu", "tanh", "softmax"]
EQUATIONS = {"kernel": "[4] dW = x^T delta", "bias": "[5] db = sum_B delta"}


def make(hidden, output, loss, l2=None):
    """12-7-7-4; 7 x 7, where a missing transpose would go unnoticed."""
    regularizer = regularizers.L2(l2) if l2 else None
    model = Sequential(
        [
            Input((4, 3)),
            layers.Flatten(),
            layers.Dense(7, hidden, kernel_regularizer=regularizer),
            layers.Dense(7, hidden),
            layers.Dense(4, output, kernel_regularizer=regularizer),
        ]
    )
    model.compile("sgd", loss)
    randomize(model)
    return model


def randomize(model, seed=0):
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])


def assert_right(model, x, y):
    """Compare every weight's gradient with the complex step."""
    analytic = model.gradients(x, y)
    numeric = complex_step(loss_of(model, x, y), model.get_weights())
    for found in compare(analytic, numeric, names_of(model)):
        if not found.ok:
            equation = EQUATIONS[found.name.partition("/")[2]]
            slip = diagnose(model, x, y, analytic, numeric)
            pytest.fail(f"{equation}: {found}; {slip}", pytrace=False)


@pytest.mark.parametrize("samples", [1, 2, 5])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_weight_of_a_deep_net(hidden, output, loss, samples, rng):
    model = make(hidden, output, loss, l2=0.03)
    x = rng.normal(size=(samples, 4, 3))
    y = np.eye(4)[rng.integers(0, 4, samples)]
    assert_right(model, x, y)


@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    phases=[Phase.generate],  # small as they are, and no time to shrink
)
@given(
    widths=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    hidden=st.sampled_from(HIDDEN),
    pair=st.sampled_from(PAIRS),
    samples=st.integers(1, 6),
    seed=st.integers(0, 2**16),
)
def test_random_nets_along_random_directions(
    widths, hidden, pair, samples, seed
):
    """Any depth and width: all weights at once, v . dL/dw."""
    config.set_floatx("float64")
    inputs, *units, outputs = widths
    dense = [layers.Dense(n, hidden) for n in units]
    model = Sequential(
        [Input((inputs,)), *dense, layers.Dense(outputs, pair[0])]
    )
    model.compile("sgd", pair[1])
    randomize(model, seed)
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(samples, inputs)), np.eye(outputs)
    y = y[rng.integers(0, outputs, samples)]
    v = [rng.normal(size=w.shape) for w in model.weights]
    gradients = model.gradients(x, y)
    slope = directional(loss_of(model, x, y), model.get_weights(), v)
    parts = [np.sum(a * b) for a, b in zip(v, gradients, strict=True)]
    scale = max(1e-3, *map(abs, parts))
    assert sum(parts) == pytest.approx(slope, abs=1e-11 * scale)


@pytest.mark.parametrize("net", [assignment_net, custom_net])
@pytest.mark.parametrize("steps", [0, 200])
def test_the_real_nets_before_and_after_some_training(net, steps, rng):
    model = net()
    x = rng.uniform(size=(200, 28, 28))
    y = np.eye(10)[rng.integers(0, 10, 200)]
    if steps:
        model.fit(x, y, batch_size=1, epochs=steps // 200)
    report = check(model, x[:5], y[:5], entries=20)
    assert report.ok, f"\n{report}"


def test_a_blank_image_teaches_no_relu_unit(rng):
    """Biases are 0 at first, so every z is exactly 0, where the slope is 0."""
    model = make("relu", "softmax", "mean_squared_error")
    for bias in model.weights[1::2]:
        bias[...] = 0
    gradients = model.gradients(np.zeros((2, 4, 3)), np.eye(4)[[0, 1]])
    assert [bool(g.any()) for g in gradients] == [*[False] * 5, True]


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_saturated_net_stays_finite_without_a_warning(
    hidden, output, loss, rng
):
    model = make(hidden, output, loss)
    for weights in model.weights:
        weights *= 1e3
    x = rng.normal(size=(5, 4, 3))
    y = np.eye(4)[[0, 1, 2, 3, 0]]
    assert np.isfinite(model.evaluate(x, y))
    assert all(np.isfinite(g).all() for g in model.gradients(x, y))


def test_gradients_change_nothing_and_repeat_bit_for_bit(rng):
    model = make("relu", "softmax", "mean_squared_error")
    x, y = rng.normal(size=(5, 4, 3)), np.eye(4)[[0, 1, 2, 3, 0]]
    before, x0, y0 = model.get_weights(), x.copy(), y.copy()
    first = model.gradients(x, y)
    model(rng.normal(size=(2, 4, 3)))  # another batch in between
    second = model.gradients(x, y)
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a, b)
    for a, b in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(x, x0)
    assert np.array_equal(y, y0)


def test_the_gradient_of_a_batch_is_the_mean_of_its_samples(rng):
    model = make("tanh", "softmax", "categorical_crossentropy")
    x, y = rng.normal(size=(5, 4, 3)), np.eye(4)[[0, 1, 2, 3, 0]]
    singles = [model.gradients(x[i : i + 1], y[i : i + 1]) for i in range(5)]
    for got, parts in zip(
        model.gradients(x, y), zip(*singles, strict=True), strict=True
    ):
        np.testing.assert_allclose(got, np.mean(parts, axis=0), atol=1e-15)
