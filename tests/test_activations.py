"""[2] and [3]: values, limits, and slopes against the complex step."""

import numpy as np
import pytest

from numpy_net import activations

NAMES = ["linear", "relu", "sigmoid", "softmax", "tanh"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_inputs_give_finite_outputs_without_a_warning(name, dtype):
    f = activations.get(name)
    z = np.array([[0, 1e4, -1e4], [90, -90, 1e30], [-800, 3, 800]], dtype)
    a = f(z)
    da = np.ones_like(a)
    assert a.dtype == dtype
    assert np.isfinite(a).all()
    assert np.isfinite(activations.VJP[f](a, da)).all()


@pytest.mark.parametrize("name", NAMES)
def test_vjp_is_da_times_the_jacobian_of_f(name, rng):
    """The Jacobian by complex step, Im f(z + i h) / h, exact to rounding."""
    f = activations.get(name)
    z, da = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    expected = np.empty_like(z)
    for j in range(5):
        step = np.zeros(5, complex)
        step[j] = 1e-30j
        slope = f(z + step).imag / 1e-30  # da_k/dz_j for every k
        expected[:, j] = np.sum(da * slope, axis=1)
    got = activations.VJP[f](f(z), da)
    np.testing.assert_allclose(
        got, expected, rtol=0, atol=1e-15, err_msg=f"[3] of {name}"
    )


@pytest.mark.parametrize("name", NAMES)
def test_vjp_leaves_its_arguments_alone(name, rng):
    f = activations.get(name)
    a, da = f(rng.normal(size=(4, 5))), rng.normal(size=(4, 5))
    before = a.copy(), da.copy()
    activations.VJP[f](a, da)
    assert np.array_equal(a, before[0])
    assert np.array_equal(da, before[1])


def test_relu_has_slope_0_at_0():
    z = np.array([[-1.0, 0.0, 1.0]])
    slope = activations.relu_vjp(activations.relu(z), np.ones_like(z))
    assert slope.tolist() == [[0.0, 0.0, 1.0]]


def test_softmax_rows_sum_to_1_and_ignore_a_common_shift(rng):
    z = rng.normal(size=(6, 10))
    p = activations.softmax(z)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_allclose(activations.softmax(z + 300), p, rtol=1e-12)


def test_sigmoid_is_the_book_formula(rng):
    z = rng.uniform(-30, 30, 1000)
    np.testing.assert_allclose(
        activations.sigmoid(z), 1 / (1 + np.exp(-z)), rtol=1e-15
    )


def test_get_lists_the_known_names():
    assert activations.get(None) is activations.linear
    assert activations.get(activations.tanh) is activations.tanh
    with pytest.raises(ValueError, match="'swish'; known: linear, relu, "):
        activations.get("swish")
