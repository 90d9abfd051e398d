"""Frozen layers, and attributes: what is set is checked, and then holds."""

import io

import numpy as np
import pytest

import numpy_net
from numpy_net import initializers, layers, losses, metrics, regularizers
from numpy_net.optimizers import SGD
from tests.pairs import assert_same_history, both
from tests.test_sequential import small_net


def net(library, frozen=(), momentum=0.0, l2=None):
    """5-6-7-3; frozen: the numbers of layers, or "model"."""
    penalty = library.regularizers.L2(l2) if l2 else None
    model = library.Sequential(
        [
            library.Input((5,)),
            library.layers.Dense(6, "tanh", kernel_regularizer=penalty),
            library.layers.Dense(7, "sigmoid", use_bias=False),
            library.layers.Dense(3, "softmax", kernel_regularizer=penalty),
        ]
    )
    freeze(model, frozen)
    sgd = library.optimizers.SGD(0.3, momentum=momentum)
    model.compile(sgd, "mean_squared_error", metrics=["accuracy"])
    if library is not numpy_net:
        model.run_eagerly = True
    return model


def freeze(model, frozen):
    for i in frozen:
        model.layers[i].trainable = False


@pytest.fixture
def data(rng):
    return rng.normal(size=(23, 5)), np.eye(3)[rng.integers(0, 3, 23)]


def train(models, data, **more):
    more = {"batch_size": 10, "epochs": 2, "shuffle": False} | more
    return [model.fit(*data, verbose=0, **more).history for model in models]


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("l2", [None, 1 / 16])
@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 1), (0, 2)], ids=str)
def test_frozen_layers_stay_and_the_others_train_as_in_keras(
    frozen, l2, momentum, keras, data
):
    """keras#12419: it moved by 0.0155. A frozen layer's L2 is no loss.

    Momentum and L2 are such that float32, which Keras rounds them to, holds.
    """
    ours, theirs = both(lambda lib: net(lib, frozen, momentum, l2))
    before = [layer.get_weights() for layer in ours.layers]
    assert_same_history(*train((ours, theirs), data))
    assert_same_weights_of(ours, theirs)
    for i, (layer, old) in enumerate(zip(ours.layers, before, strict=True)):
        for was, now in zip(old, layer.get_weights(), strict=True):
            assert np.array_equal(was, now) == (i in frozen)


def assert_same_weights_of(ours, theirs):
    pairs = zip(ours.get_weights(), theirs.get_weights(), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


def test_freezing_between_two_fits(keras, data):
    """In Keras after compile alone; ours holds from the next fit on."""
    ours, theirs = both(net)
    train((ours, theirs), data)
    for model in (ours, theirs):
        model.layers[0].trainable = False
        sgd = library_of(model).optimizers.SGD(0.3)
        model.compile(sgd, "mse", metrics=["accuracy"])
    theirs.run_eagerly = True
    kernel = ours.layers[0].get_weights()
    assert_same_history(*train((ours, theirs), data))
    assert_same_weights_of(ours, theirs)
    for was, now in zip(kernel, ours.layers[0].get_weights(), strict=True):
        assert np.array_equal(was, now)


def library_of(model):
    import keras

    return numpy_net if isinstance(model, numpy_net.Sequential) else keras


def test_a_layer_that_is_unfrozen_needs_a_new_optimizer(keras, data):
    """Both refuse the old one, that was not built with its weights."""
    ours, theirs = both(lambda library: net(library, (0,)))
    train((ours, theirs), data)
    for model in (ours, theirs):
        model.layers[0].trainable = True
    with pytest.raises(ValueError, match="one that was unfrozen, a new SGD"):
        train([ours], data)
    with pytest.raises(ValueError, match="recreate a new optimizer"):
        train([theirs], data)
    for model in (ours, theirs):
        sgd = library_of(model).optimizers.SGD(0.3)
        model.compile(sgd, "mse", metrics=["accuracy"])
    theirs.run_eagerly = True
    assert_same_history(*train((ours, theirs), data))
    assert_same_weights_of(ours, theirs)


def test_a_model_that_is_frozen_trains_nothing_and_says_so(data):
    model = net(numpy_net)
    model.trainable = False
    before = model.get_weights()
    with pytest.warns(UserWarning, match="every weight is frozen"):
        history = model.fit(*data, epochs=2, verbose=0)
    with pytest.warns(UserWarning, match="every weight is frozen"):
        model.train_on_batch(*data)
    first, second = history.history["loss"]
    assert first == pytest.approx(second, rel=1e-14)
    for was, now in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(was, now)


def test_model_trainable_is_a_bool_and_sets_every_layer(keras):
    """Set to what it is, Keras's does nothing on TensorFlow; ours does."""
    for library in (numpy_net, keras):
        model = net(library, (1,))
        assert model.trainable is True
        for value in (False, True):
            model.trainable = value
            assert model.trainable is value
            assert [layer.trainable for layer in model.layers] == [value] * 3
            assert len(model.trainable_weights) == (5 if value else 0)


@pytest.mark.parametrize("frozen", [(), (0,), (1,), (0, 2), (0, 1, 2)])
def test_summary_and_lists_of_weights_count_as_in_keras(frozen, keras):
    found = []
    for library in (numpy_net, keras):
        model = net(library, frozen)
        said = io.StringIO()
        model.summary(print_fn=lambda text, file=said, **_: file.write(text))
        lines = map(str.strip, said.getvalue().splitlines())
        totals = [line for line in lines if "params:" in line]
        sizes = [
            sum(np.prod(w.shape) for w in kind)
            for kind in (
                model.weights,
                model.trainable_weights,
                model.non_trainable_weights,
            )
        ]
        found.append((totals, sizes, model.count_params()))
    assert found[0] == found[1]
    assert len(found[0][0]) == 3


def test_the_constructors_take_trainable(keras, data):
    for library in (numpy_net, keras):
        dense = library.layers.Dense(3, trainable=False)
        model = library.Sequential([library.Input((5,)), dense])
        assert dense.trainable is False
        assert model.trainable is True
        assert len(model.trainable_weights) == 0
        whole = library.Sequential(
            [library.Input((5,)), library.layers.Dense(3)], trainable=False
        )
        assert whole.trainable is False
        assert len(whole.trainable_weights) == 0


def test_gradients_are_those_of_trainable_weights(data):
    model = net(numpy_net, (1,))
    all_of_them = net(numpy_net)
    all_of_them.set_weights(model.get_weights())
    some, every = (m.gradients(*data) for m in (model, all_of_them))
    assert len(some) == len(model.trainable_weights) == 4
    for a, b in zip(some, [every[i] for i in (0, 1, 3, 4)], strict=True):
        assert np.array_equal(a, b)


# Attributes: strict, and checked when set

THINGS = {
    "optimizer": lambda: SGD(0.1),
    "Dense": lambda: layers.Dense(3),
    "Flatten": layers.Flatten,
    "model": small_net,
    "CategoricalAccuracy": metrics.CategoricalAccuracy,
    "F1Score": metrics.F1Score,
    "Mean": metrics.Mean,
    "L2": regularizers.L2,
    "MeanSquaredError": losses.MeanSquaredError,
    "CategoricalCrossentropy": losses.CategoricalCrossentropy,
    "GlorotUniform": initializers.GlorotUniform,
    "Zeros": initializers.Zeros,
    "Input": lambda: numpy_net.Input((3,)),
}


@pytest.mark.parametrize("name", THINGS)
def test_an_attribute_that_does_not_exist_cannot_be_set(name):
    thing = THINGS[name]()
    before = dict(vars(thing))
    with pytest.raises(AttributeError, match="lr cannot be set") as caught:
        thing.lr = 0.1
    assert "\n" not in str(caught.value)
    assert vars(thing) == before


BAD = [
    ("optimizer", "learning_rate", "0.1", "learning_rate: expected a number"),
    ("optimizer", "learning_rate", -1, "learning_rate: expected a number"),
    ("optimizer", "learning_rate", np.nan, "learning_rate: expected a number"),
    ("optimizer", "momentum", 1.0, "momentum: expected a number in [0, 1.0)"),
    ("optimizer", "momentum", None, "momentum: expected a number"),
    ("optimizer", "iterations", -1, "iterations: expected a whole number"),
    ("Dense", "activation", "swish", "unknown activation 'swish'"),
    ("Dense", "activation", np.tanh, "unknown activation <ufunc 'tanh'>"),
    ("Dense", "kernel_initializer", "he", "unknown initializer 'he'"),
    ("Dense", "bias_initializer", 3, "unknown initializer 3"),
    ("Dense", "kernel_regularizer", "l1", "unknown regularizer 'l1'"),
    ("Dense", "kernel_regularizer", 0.1, "unknown regularizer 0.1"),
    ("Dense", "trainable", 1, "trainable: expected True or False, got 1"),
    ("Dense", "trainable", "no", "trainable: expected True or False"),
    ("Dense", "name", "", "name: expected a name, got ''"),
    ("Dense", "name", None, "name: expected a name, got None"),
    ("Flatten", "trainable", None, "trainable: expected True or False"),
    ("model", "trainable", [], "trainable: expected True or False, got []"),
    ("model", "stop_training", "yes", "stop_training: expected True or Fal"),
    ("model", "name", 3, "name: expected a name, got 3"),
    ("F1Score", "average", "mean", "unknown average 'mean'"),
    ("F1Score", "name", 1, "name: expected a name, got 1"),
    ("CategoricalAccuracy", "name", None, "name: expected a name"),
    ("L2", "l2", -0.1, "l2: expected a number in [0, inf), got -0.1"),
    ("L2", "l2", "a", "l2: expected a number in [0, inf), got 'a'"),
    ("CategoricalCrossentropy", "from_logits", 1, "from_logits: expected T"),
    ("GlorotUniform", "seed", -1, "seed: expected a whole number"),
    ("GlorotUniform", "seed", 1.5, "seed: expected a whole number"),
]


@pytest.mark.parametrize(("name", "attribute", "value", "line"), BAD)
def test_a_value_is_checked_when_it_is_set(name, attribute, value, line):
    """As in the constructor; and what was there before stays."""
    thing = THINGS[name]()
    before = getattr(thing, attribute)
    with pytest.raises(ValueError, match=r"expected|unknown") as caught:
        setattr(thing, attribute, value)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert getattr(thing, attribute) is before


FIXED = [
    *[("Dense", name) for name in ("units", "use_bias", "kernel", "bias")],
    *[("Dense", name) for name in ("built", "weights", "dtype")],
    *[("model", name) for name in ("layers", "weights", "metrics", "loss")],
    *[("model", name) for name in ("optimizer", "input_shape", "dtype")],
    *[("model", "metrics_names"), ("optimizer", "momentums")],
]


@pytest.mark.parametrize(("name", "attribute"), FIXED)
def test_what_only_a_constructor_or_compile_sets_cannot_be_set(
    name, attribute
):
    thing = THINGS[name]()
    with pytest.raises(AttributeError) as caught:
        setattr(thing, attribute, 3)
    assert attribute in str(caught.value)
    assert "\n" not in str(caught.value)


GOOD = [
    ("optimizer", "learning_rate", 0.5),
    ("optimizer", "momentum", 0.5),
    ("Dense", "activation", "tanh"),
    ("Dense", "trainable", False),
    ("Dense", "name", "hidden"),
    ("Dense", "kernel_regularizer", "l2"),
    ("F1Score", "average", "macro"),
    ("L2", "l2", 0.5),
    ("model", "name", "mine"),
    ("model", "stop_training", True),
]


@pytest.mark.parametrize(("name", "attribute", "value"), GOOD)
def test_a_good_value_is_taken(name, attribute, value):
    thing = THINGS[name]()
    was = getattr(thing, attribute)
    setattr(thing, attribute, value)
    now = getattr(thing, attribute)
    assert now == value or getattr(now, "__name__", type(now).__name__.lower())
    assert now != was


def test_what_is_set_holds_in_the_next_step(keras, data):
    """Rate, momentum and L2 changed between two fits, as in Keras."""
    ours, theirs = both(lambda library: net(library, (), 0.5, 1 / 16))
    train((ours, theirs), data)
    for model in (ours, theirs):
        model.optimizer.learning_rate = 0.11
    assert_same_history(*train((ours, theirs), data))
    assert_same_weights_of(ours, theirs)


def test_a_subclass_of_the_readers_own_may_have_what_it_needs(data):
    class Mine(SGD):
        def __init__(self):
            super().__init__(0.1)
            self.told = 0

        def apply(self, grads, trainable_variables):
            self.told += 1
            super().apply(grads, trainable_variables)

    model = net(numpy_net)
    model.compile(Mine(), "mse")
    model.fit(*data, batch_size=10, verbose=0)
    assert model.optimizer.told == 3
