"""The update without dW (updates.py) is the one by gradients and apply."""

import pickle
import tracemalloc
from unittest import mock

import numpy as np
import pytest

from numpy_net import Input, Sequential, layers, regularizers, updates
from numpy_net.activations import VJP, sigmoid
from numpy_net.optimizers import SGD
from tests.mistakes import MISTAKES, planted


def net(output="sigmoid", hidden="tanh", loss="mse", sgd=None, l2=None):
    model = Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            layers.Dense(9, hidden),
            layers.Dense(6, hidden, kernel_regularizer=l2),
            layers.Dense(10, output),
        ]
    )
    model.compile(sgd or SGD(0.3), loss)
    for layer in model.layers[1:]:  # biases of 0 would hide some mistakes
        layer.bias[:] += np.linspace(-0.5, 0.5, layer.units)
    return model


def train(make, digits, batch_size, way):
    """Weights and losses after two epochs, of which some took a way."""
    ways = {"fused": updates.fits, "plain": lambda *_: False}
    model = make()
    model.set_weights(
        [
            w + 0.1 * np.cos(np.arange(w.size)).reshape(w.shape)
            for w in map(np.zeros_like, model.get_weights())
        ]
    )
    with (
        mock.patch.object(updates, "fits", ways[way]),
        mock.patch.object(updates, "fused", wraps=updates.fused) as made,
    ):
        history = model.fit(
            *digits, batch_size=batch_size, epochs=2, shuffle=False
        )
    return model.get_weights(), history.history["loss"], made.call_count


LOSSES = [
    *[("mse", output) for output in VJP],
    *[("categorical_crossentropy", f) for f in ("softmax", "sigmoid")],
]


@pytest.mark.parametrize("batch_size", [1, 10, 16])
@pytest.mark.parametrize("hidden", VJP)
@pytest.mark.parametrize(("loss", "output"), LOSSES)
def test_both_ways_lead_to_equal_weights(
    loss, output, hidden, batch_size, digits
):
    def make():
        return net(output, hidden, loss, SGD(0.02))

    weights, losses, blocks = train(make, digits, batch_size, "fused")
    others, expected, none = train(make, digits, batch_size, "plain")
    assert blocks == 2, "once an epoch"
    assert none == 0
    for mine, its in zip(weights, others, strict=True):
        bound = 1e-13 * np.abs(its).max()
        np.testing.assert_allclose(mine, its, rtol=0, atol=bound)
    np.testing.assert_allclose(losses, expected, rtol=1e-13)


def is_fused(model, batch_size):
    layers = list(enumerate(model.layers))[1:]
    return updates.fits(layers, model.optimizer, batch_size)


def thin(digits):
    return [array[:10] for array in digits]


def test_a_batch_that_is_not_thin_goes_by_the_gradients(digits):
    """Of 17 samples and more the product is the larger part."""
    *_, blocks = train(net, digits, 17, "fused")
    assert blocks == 0


@pytest.mark.parametrize("largest", [1, 100, 2000])
def test_a_product_in_pieces_is_the_whole_product(largest, digits):
    """Pieces of one row, of some, of the whole of a small layer."""
    whole, _, _ = train(net, digits, 10, "fused")
    with mock.patch.object(updates, "ONE_THREAD", largest):
        pieces, _, _ = train(net, digits, 10, "fused")
    for a, b in zip(pieces, whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-13)


def test_one_step_subtracts_learning_rate_times_gradients(digits):
    """So that what gradient_check says of gradients() holds for fit."""
    model, (x, y) = net(), thin(digits)
    before, gradients = model.get_weights(), model.gradients(x, y)
    assert is_fused(model, len(x))
    model.train_on_batch(x, y)
    for w, g, now in zip(before, gradients, model.get_weights(), strict=True):
        np.testing.assert_allclose(now - w, -0.3 * g, rtol=0, atol=1e-15)
        assert np.abs(g).max() > 1e-4


class TwiceAsFast(SGD):
    """An optimizer of the reader's own."""

    def apply(self, grads, trainable_variables):
        super().apply([2 * g for g in grads], trainable_variables)


@pytest.mark.parametrize(
    "make",
    [
        lambda: net(sgd=SGD(0.3, momentum=0.5)),
        lambda: net(sgd=TwiceAsFast(0.3)),
        lambda: net(l2=regularizers.L2(0.1)),
    ],
    ids=["momentum", "optimizer", "regularizer"],
)
def test_what_needs_the_gradients_gets_them(make, digits):
    model = make()
    before, (x, y) = model.get_weights(), thin(digits)
    assert not is_fused(model, len(x))
    gradients = model.gradients(x, y)
    model.train_on_batch(x, y)
    factor = 2 if isinstance(model.optimizer, TwiceAsFast) else 1
    for w, g, now in zip(before, gradients, model.get_weights(), strict=True):
        step, rounding = -0.3 * factor * g, 4 * np.finfo(w.dtype).eps
        np.testing.assert_allclose(now - w, step, rtol=0, atol=rounding)


def test_a_planted_mistake_is_trained_with(digits):
    model, wrong, (x, y) = net(), net(), thin(digits)
    wrong.set_weights(model.get_weights())
    model.train_on_batch(x, y)
    with planted(MISTAKES["bias_sign"]):
        assert not is_fused(wrong, len(x))
        wrong.train_on_batch(x, y)
    assert is_fused(wrong, len(x))
    np.testing.assert_allclose(
        model.layers[1].kernel, wrong.layers[1].kernel, rtol=1e-13
    )
    assert not np.allclose(model.layers[1].bias, wrong.layers[1].bias)


def odd(shape, dtype):
    """Columns first, another dtype, and not to be written."""
    values = np.asfortranarray(np.full(shape, 0.01, "float32"))
    values.flags.writeable = False
    return values


def test_the_layers_own_arrays_are_as_blas_wants_them(digits):
    """It would update a copy of an array of another order."""
    model = Sequential([Input((784,)), layers.Dense(10, None, True, odd, odd)])
    model.compile(SGD(0.3), "mse")
    for w in model.weights:
        assert w.flags.carray
        assert w.dtype == "float64"
    before, (x, y) = model.get_weights(), thin(digits)
    model.train_on_batch(x.reshape(10, 784), y)
    for w, now in zip(before, model.get_weights(), strict=True):
        assert np.abs(now - w).max() > 1e-4


def test_a_trained_net_can_be_pickled(digits):
    model = net()
    model.fit(*digits, batch_size=10)
    copy = pickle.loads(pickle.dumps(model))
    for way in (model, copy):
        way.fit(*digits, batch_size=10, shuffle=False)
    for a, b in zip(model.get_weights(), copy.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_step_makes_no_array_of_the_size_of_a_kernel(digits):
    model = net()
    x, y = digits[0][:1], digits[1][:1]
    step = model._step(1)
    step(x, y)
    tracemalloc.start()
    step(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < model.layers[1].kernel.nbytes / 8


def test_the_sigmoid_that_is_checked_is_the_one_that_trains():
    """Complex numbers take the formula, real ones expit."""
    z = np.linspace(-80, 700, 7801)
    assert sigmoid(z).dtype == "float64"
    np.testing.assert_allclose(sigmoid(z), sigmoid(z + 0j).real, rtol=1e-14)
    assert sigmoid(z.astype("float32")).dtype == "float32"
