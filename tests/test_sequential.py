"""Sequential: layers, weights, and what fit does, step by step."""

import gc
import math
import tracemalloc
from functools import partial

import numpy as np
import pytest

import numpy_net
from numpy_net import (
    Input,
    Sequential,
    callbacks,
    config,
    data,
    layers,
    metrics,
    utils,
)
from numpy_net.architectures import assignment_net, custom_net
from numpy_net.optimizers import SGD
from numpy_net.utils import set_random_seed, to_categorical
from tests.pairs import assert_orders_are_new, in_given_order, orders_seen


def small_net(**settings):
    model = Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            layers.Dense(6, "tanh"),
            layers.Dense(10, "sigmoid"),
        ]
    )
    model.compile(
        **{"optimizer": SGD(0.3), "loss": "mean_squared_error"} | settings
    )
    return model


def twin(model, **settings):
    other = small_net(**settings)
    other.set_weights(model.get_weights())
    return other


def assert_same_weights(a, b):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (assignment_net, [(784, 30), (30,), (30, 10), (10,)]),
        (
            custom_net,
            # kernel and bias of each layer
            [
                *[(784, 200), (200,), (200, 50), (50,)],
                *[(50, 20), (20,), (20, 10), (10,)],
            ],
        ),
    ],
)
def test_the_two_nets_have_the_assignments_shapes(make, shapes):
    model = make()
    assert [w.shape for w in model.get_weights()] == shapes
    assert model.count_params() == sum(map(math.prod, shapes))


def test_float32_unless_asked_otherwise(digits):
    config.set_floatx("float32")
    model = small_net()
    model.fit(*digits, batch_size=10)
    assert model.predict(digits[0]).dtype == "float32"
    assert {w.dtype for w in model.get_weights()} == {np.dtype("float32")}
    assert {g.dtype for g in model.gradients(*digits)} == {np.dtype("float32")}


def test_fit_is_a_loop_of_train_on_batch(digits):
    """Batches of 10 in the given order, the last of 3, three epochs."""
    x, y = digits
    model = small_net()
    by_hand = twin(model)
    model.fit(x, y, batch_size=10, epochs=3, shuffle=False)
    for _ in range(3):
        for i in range(0, 53, 10):
            by_hand.train_on_batch(x[i : i + 10], y[i : i + 10])
    assert_same_weights(model, by_hand)


def test_a_large_batch_count_is_gathered_without_loss(rng):
    """More samples than one gathering of about a thousand takes."""
    x, y = rng.uniform(size=(2053, 28, 28)), np.eye(10)[np.arange(2053) % 10]
    model = small_net()
    by_hand = twin(model)
    model.fit(x, y, batch_size=7, shuffle=False)
    for i in range(0, 2053, 7):
        by_hand.train_on_batch(x[i : i + 7], y[i : i + 7])
    assert_same_weights(model, by_hand)


def test_history_holds_running_means_from_before_each_update(digits):
    """The loss of a batch counts as it was before its own update."""
    x, y = digits
    model = small_net(metrics=["accuracy"])
    by_hand = twin(model)
    history = model.fit(x, y, batch_size=10, epochs=2, shuffle=False)
    losses, right = [], 0
    for i in range(0, 53, 10):
        rows = slice(i, i + 10)
        a = by_hand(x[rows])
        losses.append(np.mean((a - y[rows]) ** 2) * len(a))
        right += np.sum(a.argmax(1) == y[rows].argmax(1))
        by_hand.train_on_batch(x[rows], y[rows])
    assert history.epoch == [0, 1]
    assert list(history.history) == ["accuracy", "loss"]
    assert history.history["loss"][0] == pytest.approx(
        sum(losses) / 53, rel=1e-14
    )
    assert history.history["accuracy"][0] == right / 53


def test_validation_comes_from_the_end_and_after_the_epoch(digits):
    x, y = digits
    model = small_net(metrics=["accuracy", metrics.F1Score("macro")])
    history = model.fit(x, y, batch_size=10, validation_split=0.25)
    loss, accuracy, f1 = model.evaluate(x[39:], y[39:])  # floor(39.75) = 39
    assert history.history["val_loss"] == [pytest.approx(loss, rel=1e-14)]
    assert history.history["val_accuracy"] == [accuracy]
    assert history.history["val_f1_score"] == [pytest.approx(f1, rel=1e-14)]


def test_validation_data_equals_validation_split(digits):
    x, y = digits
    model = small_net()
    other = twin(model)
    split = model.fit(x, y, shuffle=False, validation_split=0.25)
    data = other.fit(
        x[:39], y[:39], shuffle=False, validation_data=(x[39:], y[39:])
    )
    assert split.history == data.history
    assert_same_weights(model, other)


def test_shuffling_draws_a_new_order_each_epoch_and_repeats_by_seed():
    """Shuffled once for all epochs, the orders would be one."""

    def seen(seed, **more):
        set_random_seed(seed)
        return orders_seen(numpy_net, partial(Sequential.fit, **more))

    ones = {"batch_size": 1, "verbose": 0}
    first = seen(5, **ones)
    assert_orders_are_new(first)
    assert seen(5, **ones) == first
    assert seen(6, **ones) != first
    assert seen(5, shuffle=False, **ones) == [in_given_order()] * 3


def test_every_fit_draws_orders_of_its_own():
    def train(model, x, y, epochs, callbacks):
        for _ in range(epochs):
            model.fit(x, y, 1, callbacks=callbacks, verbose=0)

    assert_orders_are_new(orders_seen(numpy_net, train))


def test_shuffling_moves_whole_samples_and_leaves_the_callers_arrays(digits):
    x, y = digits[0].copy(), digits[1].copy()
    model = small_net(optimizer=SGD(0.0))
    history = model.fit(x, y, batch_size=10)
    loss = model.evaluate(*digits)
    assert history.history["loss"] == [pytest.approx(loss, rel=1e-13)]
    assert np.array_equal(x, digits[0])
    assert np.array_equal(y, digits[1])


def test_shuffling_mixes_samples_not_whole_batches(digits):
    """Two neighbours of a batch meet in one batch again only by chance."""
    order = data.order(1000, shuffle=True)
    assert sorted(order) == list(range(1000))
    together = np.abs(np.diff(order)) == 1
    assert together.mean() < 0.05


def test_any_sample_may_come_anywhere():
    """Through all blocks of an epoch: no part keeps its place or its order."""
    x = np.arange(5000.0)
    seen = np.concatenate([part for part, _ in data.blocks(x, x, 10, True)])
    assert sorted(seen) == list(x)
    assert abs(np.corrcoef(seen, x)[0, 1]) < 0.06
    assert np.mean(np.diff(seen) > 0) == pytest.approx(0.5, abs=0.03)
    for part in np.split(seen, 5):
        assert part.mean() == pytest.approx(2500, abs=200)


@pytest.mark.parametrize(
    ("samples", "share", "left"),
    [(60_000, 1 / 6, 50_000), (100, 0.9, 9), (53, 0.25, 39), (7, 0.5, 3)],
)
def test_validation_split_is_rounded_as_in_keras(samples, share, left):
    """floor(n (1 - share)) in floating point: 100 (1 - 0.9) is below 10."""
    assert data.split_at(samples, share) == left


def test_train_on_batch_reports_its_own_batch_from_before_the_update(digits):
    x, y = digits
    model = small_net(metrics=["accuracy"])
    for rows in (slice(20), slice(20, 53)):
        before = model.evaluate(x[rows], y[rows], batch_size=53)
        assert model.train_on_batch(x[rows], y[rows]) == before


def test_gradients_are_copies(digits):
    model = small_net()
    first = model.gradients(*digits)
    kept = [g.copy() for g in first]
    model.gradients(digits[0][:3], digits[1][:3])
    for a, b in zip(first, kept, strict=True):
        assert np.array_equal(a, b)


def test_a_layer_more_must_be_compiled_anew(digits):
    model = small_net()
    model.add(layers.Dense(10))
    with pytest.raises(RuntimeError, match=r"call compile\("):
        model.evaluate(*digits)


def test_the_default_batch_size_is_32(digits):
    model = small_net()
    other = twin(model)
    model.fit(*digits, shuffle=False)
    other.fit(*digits, batch_size=32, shuffle=False)
    assert_same_weights(model, other)


def test_a_bias_initializer_is_used():
    dense = layers.Dense(3, bias_initializer=lambda shape, dtype: np.ones(3))
    Sequential([Input((2,)), dense])
    assert dense.bias.tolist() == [1, 1, 1]


def test_evaluate_is_the_same_at_any_batch_size(digits):
    model = small_net(metrics=["accuracy"])
    whole = model.evaluate(*digits, batch_size=53)
    parts = model.evaluate(*digits, batch_size=7, return_dict=True)
    named = {"accuracy": whole[1], "loss": whole[0]}
    assert parts == pytest.approx(named, rel=1e-13)
    assert list(parts) == list(named)


def test_predict_gives_rows_in_order(digits):
    model = small_net()
    expected = model(digits[0])
    assert np.allclose(model.predict(digits[0], batch_size=7), expected)


def test_l2_is_part_of_the_loss_that_is_reported(digits):
    model = small_net()
    plain = model.evaluate(*digits)
    dense = layers.Dense(6, "tanh", kernel_regularizer="l2")
    model.layers[1].kernel_regularizer = dense.kernel_regularizer
    penalty = 0.01 * np.sum(model.get_weights()[0] ** 2)
    assert model.evaluate(*digits) == pytest.approx(plain + penalty)
    printed = model.fit(*digits, batch_size=53).history["loss"]
    assert printed == [pytest.approx(plain + penalty)]


def test_callbacks_are_told_in_order(digits):
    told = []

    class Told(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            told.append(f"epoch {epoch}")

        def on_test_begin(self, logs=None):
            told.append("test")

        def on_test_end(self, logs=None):
            told.append("tested")

        def on_epoch_end(self, epoch, logs=None):
            told.append(sorted(logs))

    small_net().fit(
        *digits, epochs=2, validation_split=0.1, callbacks=[Told()]
    )
    one = ["test", "tested", ["loss", "val_loss"]]
    assert told == ["epoch 0", *one, "epoch 1", *one]


def test_set_weights_copies_and_refuses_wrong_shapes(digits):
    model = small_net()
    weights = model.get_weights()
    weights[0][:] = 0.5
    assert not (model.get_weights()[0] == 0.5).all()
    model.set_weights(weights)
    weights[0][:] = 0.7
    assert (model.get_weights()[0] == 0.5).all()
    bad = np.full_like(weights[1], np.nan)
    for wrong in (bad, ["a"] * 6):
        with pytest.raises(ValueError, match="weights: expected "):
            model.set_weights([0 * weights[0], wrong, *weights[2:]])
    for wrong in (weights[:-1], [w.T for w in weights], []):
        with pytest.raises(ValueError, match="weights: expected arrays of"):
            model.set_weights(wrong)
    assert (model.get_weights()[0] == 0.5).all()


def test_a_diverging_training_stops_with_epoch_batch_and_a_hint(digits):
    model = Sequential([Input((28, 28)), layers.Flatten(), layers.Dense(10)])
    model.compile(SGD(1e300), "mean_squared_error")
    with pytest.raises(
        FloatingPointError, match=r"epoch 1, batch 2.*smaller learning_rate"
    ):
        model.fit(*digits, batch_size=10)


@pytest.mark.parametrize(("sample", "batch"), [(0, 1), (1055, 11), (2052, 21)])
def test_batches_are_counted_through_the_whole_epoch(sample, batch, rng):
    """A lost loss is reported with its batch, past 1,024 samples too."""
    x, y = rng.uniform(size=(2053, 28, 28)), np.eye(10)[np.arange(2053) % 10]
    y[sample] = 1e300
    with pytest.raises(FloatingPointError, match=f"epoch 1, batch {batch}:"):
        small_net().fit(x, y, batch_size=100, shuffle=False)


def test_training_learns_real_digits(mnist):
    """One epoch of 5,000 samples: far above chance, and every unit alive."""
    config.set_floatx("float32")
    x = mnist.scaled(mnist.x_train[:5000])
    y = to_categorical(mnist.y_train[:5000], 10)
    model = assignment_net()
    before = model.get_weights()
    history = model.fit(x, y, batch_size=1, epochs=2, validation_split=0.2)
    assert history.history["loss"][1] < 0.6 * history.history["loss"][0]
    assert history.history["val_accuracy"][1] > 0.8
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.abs(new - old).max() > 0.1
    hidden = model.layers[1](x.reshape(len(x), -1))
    assert (hidden.max(axis=0) - hidden.min(axis=0) > 0.1).all()


def test_two_hundred_epochs_hold_no_more_than_twenty(digits):
    """Nothing that an epoch makes is kept but its line of the history."""
    utils.set_random_seed(0)
    model = Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            layers.Dense(6, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile("sgd", "mse", metrics=["accuracy"])
    model.fit(*digits, batch_size=10, epochs=20, verbose=0)
    held = []
    tracemalloc.start()
    for epochs in (20, 200):
        model.fit(*digits, batch_size=10, epochs=epochs, verbose=0)
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 20_000, f"bytes held: {held}"
