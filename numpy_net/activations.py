"""Activations, each beside its vector-Jacobian product.

[2]  a     = f(z)            (B, O)
[3]  delta = da J_f          (B, O)      da = dL/da, delta = dL/dz

J_f is the Jacobian da/dz of one sample, (O, O). All but softmax work on
each unit alone, so that their J_f is diagonal and [3] is a product of
numbers. Each slope is written with the output a: z need not be kept.

Keras: keras.activations; its products come from automatic differentiation.
"""

import numpy as np

from numpy_net.checks import known
from numpy_net.scipy_calls import expit


def sigmoid(z):
    """[2]  a = 1 / (1 + exp(-z)),  in (0, 1)."""
    try:
        return expit(z)  # in one pass, and without overflow
    except TypeError:  # complex, from the complex step of gradient_check
        return 1 / (1 + np.exp(-np.maximum(z, -88)))


def sigmoid_vjp(a, da):
    """[3]  delta = da a (1 - a)."""
    return da * a * (1 - a)


def tanh(z):
    """[2]  a = (exp(z) - exp(-z)) / (exp(z) + exp(-z)),  in (-1, 1)."""
    return np.tanh(z)


def tanh_vjp(a, da):
    """[3]  delta = da (1 - a^2)."""
    return da * (1 - a * a)


def relu(z):
    """[2]  a = max(z, 0)."""
    return np.maximum(z, 0)


def relu_vjp(a, da):
    """[3]  delta = da where a > 0, else 0; the slope at z = 0 is 0."""
    return da * (a > 0)


def softmax(z):
    """[2]  a_i = exp(z_i) / sum_j exp(z_j),  rows that sum to 1."""
    # A constant taken from a row cancels; taking the largest keeps exp <= 1.
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_vjp(a, da):
    """[3]  delta_i = a_i (da_i - sum_j a_j da_j).

    This is da J_f with J_f = diag(a) - a^T a, the whole Jacobian, which
    is never built. Its diagonal alone, a (1 - a), is a famous mistake.
    """
    return a * (da - np.sum(a * da, axis=-1, keepdims=True))


def linear(z):
    """[2]  a = z."""
    return z


def linear_vjp(a, da):
    """[3]  delta = da."""
    return da


VJP = {
    linear: linear_vjp,
    relu: relu_vjp,
    sigmoid: sigmoid_vjp,
    softmax: softmax_vjp,
    tanh: tanh_vjp,
}


def get(identifier):
    """Return the activation of that name; None is linear, as in Keras."""
    if identifier is None:
        return linear
    if any(identifier is function for function in VJP):
        return identifier
    names = {function.__name__: function for function in VJP}
    return known("activation", identifier, names)
