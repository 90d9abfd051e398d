"""[1] to [11] together: the gradient of whole nets, numerically.

Every entry of every kernel and bias is compared with the complex step,
Im L(w + i h) / h with h = 1e-30: no difference is taken, so nothing
cancels, and the two agree to rounding.
"""

import numpy as np
import pytest

from numpy_net import Input, Sequential, layers, regularizers

PAIRS = [
    ("sigmoid", "mean_squared_error"),
    ("softmax", "mean_squared_error"),
    ("softmax", "categorical_crossentropy"),
    ("sigmoid", "categorical_crossentropy"),
    ("linear", "mean_squared_error"),
]


def make(hidden, output, loss, l2=None):
    regularizer = regularizers.L2(l2) if l2 else None
    model = Sequential(
        [
            Input((4, 3)),
            layers.Flatten(),
            layers.Dense(7, hidden, kernel_regularizer=regularizer),
            layers.Dense(7, hidden),  # 7 x 7: a missing transpose shows here
            layers.Dense(4, output, kernel_regularizer=regularizer),
        ]
    )
    model.compile("sgd", loss)
    for weights in model.weights:
        weights[...] = np.random.default_rng(weights.size).normal(
            size=weights.shape
        )
    return model


def numeric(model, x, y):
    """Im L / h for every weight in turn."""
    found = []
    for layer in model.layers:
        for name in ("kernel", "bias")[: len(layer.weights)]:
            real = getattr(layer, name)
            gradient = np.empty_like(real)
            for index in np.ndindex(real.shape):
                moved = real.astype(complex)
                moved[index] += 1e-30j
                setattr(layer, name, moved)
                model(x)
                gradient[index] = model._loss_value(y).imag / 1e-30
            setattr(layer, name, real)
            found.append(gradient)
    return found


@pytest.mark.parametrize("samples", [1, 2, 5])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("hidden", ["sigmoid", "relu", "tanh", "softmax"])
def test_every_weight_of_a_deep_net(hidden, output, loss, samples, rng):
    model = make(hidden, output, loss, l2=0.03)
    x = rng.normal(size=(samples, 4, 3))
    y = np.eye(4)[rng.integers(0, 4, samples)]
    names = ("kernel", "bias") * 3
    for i, (got, expected) in enumerate(
        zip(model.gradients(x, y), numeric(model, x, y), strict=True)
    ):
        scale = max(np.max(np.abs(expected)), 1e-3)
        np.testing.assert_allclose(
            got,
            expected,
            rtol=0,
            atol=1e-12 * scale,
            err_msg=f"{names[i]} of dense layer {i // 2 + 1}",
        )


def test_a_blank_image_teaches_no_relu_unit(rng):
    """Biases are 0 at first, so every z is exactly 0, where the slope is 0."""
    model = make("relu", "softmax", "mean_squared_error")
    for bias in model.weights[1::2]:
        bias[...] = 0
    gradients = model.gradients(np.zeros((2, 4, 3)), np.eye(4)[[0, 1]])
    assert [bool(g.any()) for g in gradients] == [*[False] * 5, True]


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("hidden", ["sigmoid", "relu", "tanh", "softmax"])
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
