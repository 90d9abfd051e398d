"""Weights that travel: bit for bit to Keras and back, and nothing else.

First what must open, in both directions, for both nets and both dtypes;
then what must not, and that a refusal is one line and changes nothing.
Damage: whatever byte is changed in a .npz, a .keras or a .weights.h5 of
ours, the arrays are those that were saved or there is an error.
"""

import ast
import io
import json
import os
import re
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numpy_net import Input, Sequential, architectures, config, saving
from numpy_net import losses as our_losses
from numpy_net.layers import Dense, Flatten
from numpy_net.metrics import F1Score
from numpy_net.models import clone_model
from numpy_net.optimizers import SGD
from numpy_net.regularizers import L2
from numpy_net.saving import files, load_model
from numpy_net.utils import generator, set_random_seed
from tests.test_architectures import ROOT
from tests.tolerances import assert_within

h5py = pytest.importorskip("h5py")

DTYPES = ["float32", "float64"]
ENDINGS = [".npz", ".weights.h5", ".keras"]
MEMBERS = ["metadata.json", "config.json", "model.weights.h5"]
OLD = Path(__file__).parent / "files"  # made by TensorFlow 2.15, Keras 3.0
# Keras copies its arrays in a way that NumPy 2 warns of.
keras_s = pytest.mark.filterwarnings("ignore:__array__ implementation")
each_ending = pytest.mark.parametrize("ending", ENDINGS)


def small(momentum=0.5, loss="mse"):
    """A net of every kind of part that a file can name."""
    first = Dense(4, "relu", name="first", kernel_regularizer=L2(1 / 32))
    second, out = Dense(5, "tanh", name="2nd"), Dense(3, "softmax", name="out")
    entries = [Input((3, 2)), Flatten(), first, second, out]
    model = Sequential(entries, name="small")
    f1 = F1Score("weighted", name="f1")
    model.compile(SGD(0.1, momentum), loss, metrics=["accuracy", f1])
    return model


def batch(model, seed=1):
    """Nine samples and their labels, for a net here or in Keras."""
    rng = np.random.default_rng(seed)
    y = np.eye(model.output_shape[-1])[rng.integers(0, 2, 9)]
    return rng.uniform(size=(9, *model.input_shape[1:])), y


def trained(model):
    """Three updates; so the biases are not 0 and there are momentums."""
    for seed in range(3):
        model.train_on_batch(*batch(model, seed))
    return model


def save(model, path):
    """Write path by what its name says."""
    how = model.save if path.suffix == ".keras" else model.save_weights
    how(path)
    return path


def loaded(path, model=None):
    """The weights of path in a model, by default in a new small net."""
    model = small() if model is None else model
    model.load_weights(path)
    return model


def everything(model):
    """All that a file may change in a model, copied."""
    sgd = model.optimizer
    numbers = np.array([sgd.iterations, sgd.learning_rate])
    return [*model.get_weights(), *map(np.copy, sgd.momentums), numbers]


def how_compiled(model):
    """Metrics and loss as texts, with the rate in float32, as Keras has."""
    chosen = [m for group in model.metrics[1:] for m in group.metrics]
    rate = float(np.float32(model.optimizer.learning_rate))
    return [*map(repr, chosen), repr(our_losses.get(model.loss)), rate]


def assert_equal(got, expected):
    """Bit for bit, and in the same dtype."""
    for a, b in zip(got, expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.tobytes() == b.tobytes()


def assert_refused(path, message, how=None, model=None):
    """One line, that begins with the file's name; nothing is changed."""
    model = model or trained(small())
    before = everything(model)
    with pytest.raises(ValueError, match=message) as caught:
        (how or model.load_weights)(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text[:1001] == text
    assert_equal(everything(model), before)


def assert_refused_within(most, path, message, how=None):
    """No more than most bytes are held while the file is refused."""
    model = small()
    tracemalloc.start()
    try:
        assert_refused(path, message, how, model)
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def assert_same_step(ours, theirs, dtype="float64"):
    """The outputs, and the weights after one more update on both sides."""
    x, y = (array.astype(dtype) for array in batch(ours, seed=7))
    outputs, before = theirs.predict(x, verbose=0), ours.get_weights()
    assert_within("activations", ours.predict(x), outputs, dtype=dtype)
    ours.train_on_batch(x, y)
    theirs.train_on_batch(x, y)
    row, after = "weights, one step from equal weights", ours.get_weights()
    for a, b in zip(after, theirs.get_weights(), strict=True):
        assert_within(row, a, b, dtype=dtype)
    moved = [abs(a - b).max() for a, b in zip(after, before, strict=True)]
    assert max(moved) > 1e-4, "without a step all would agree"


def set_dtype(keras, dtype):
    """In both libraries; the fixtures restore it."""
    config.set_floatx(dtype)
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)


@pytest.fixture(params=DTYPES)
def dtype(request, keras):
    keras.utils.clear_session()  # else names are counted on
    set_dtype(keras, request.param)
    return request.param


@pytest.fixture(params=["assignment_net", "custom_net"])
def editions(request):
    """The functions that make a net here and in Keras."""
    from keras_net import architectures as theirs

    return [getattr(k, request.param) for k in (architectures, theirs)]


@keras_s
def test_both_nets_travel_both_ways(editions, dtype, keras, tmp_path):
    """The net, its compilation, its weights; training goes on alike."""
    make, make_theirs = editions
    theirs = trained(make_theirs())
    theirs.save(tmp_path / "net.keras")
    theirs.save_weights(tmp_path / "net.weights.h5")
    read = [loaded(tmp_path / f"net{e}", make()) for e in ENDINGS[1:]]
    config.set_floatx("float64" if dtype == "float32" else "float32")
    read += [load_model(tmp_path / "net.keras")]
    for ours in read:
        assert_equal(ours.get_weights(), theirs.get_weights())
        assert ours.optimizer.iterations == 3
        assert how_compiled(ours) == how_compiled(read[0])
    assert_same_step(ours, theirs, dtype)
    config.set_floatx(dtype)
    for ending in ENDINGS:
        path = save(ours, tmp_path / f"net{ending}")
        assert_equal(everything(loaded(path, make())), everything(ours))
        if ending != ".npz":
            theirs.set_weights([0 * w for w in theirs.get_weights()])
            theirs.load_weights(path)
            assert_equal(theirs.get_weights(), ours.get_weights())
    opened = keras.saving.load_model(path)
    assert int(opened.optimizer.iterations.numpy()) == 4
    assert told(opened) == told(theirs)
    assert_same_step(ours, opened, dtype)


def told(theirs):
    """What Keras says of a net, but for the name of its optimizer."""
    layers = [layer.get_config() for layer in theirs.layers]
    sgd = theirs.optimizer.get_config() | {"name": ""}
    judged = theirs.evaluate(*batch(theirs), verbose=0, return_dict=True)
    return layers, sgd, judged


@keras_s
@pytest.mark.parametrize("loss", ["mse", "categorical_crossentropy"])
def test_all_of_a_net_travels_both_ways(loss, keras, tmp_path):
    """The next step is the one that was not interrupted."""
    load, path = keras.saving.load_model, tmp_path / "net.keras"
    new, ours = small(loss=loss), trained(small(loss=loss))
    untrained = load(save(new, path)).optimizer.variables
    assert len(untrained) == 2 + 6, "with fewer Keras warns"
    theirs = load(save(ours, path))
    assert_equal(momentums(theirs), momentums(ours))
    assert max(np.abs(v).max() for v in momentums(theirs)) > 1e-3
    assert_same_step(ours, theirs)
    theirs.save(path)
    back, arrays = load_model(path), []
    assert_equal(back.get_weights(), theirs.get_weights())
    assert_equal(momentums(back), momentums(theirs))
    assert how_compiled(back) == how_compiled(ours)
    for model in (back, theirs):
        names = [layer.name for layer in (model, *model.layers)]
        assert names == ["small", "flatten", "first", "2nd", "out"]
        assert model.layers[1].kernel_regularizer.l2 == 1 / 32
        path = tmp_path / "net.weights.h5"
        model.save_weights(path)
        found = files.unpacked(".weights.h5", path.read_bytes()).items()
        arrays.append({name: (a.shape, a.dtype) for name, a in found})
        assert_equal(everything(loaded(path, new)), everything(back))
    assert arrays[0] == arrays[1], "they stand where Keras puts them"
    assert_same_step(back, theirs)


def momentums(model):
    """Copies of the arrays here, of the variables in Keras."""
    own = model.optimizer.momentums
    return [v.numpy() if hasattr(v, "numpy") else v.copy() for v in own]


@keras_s
def test_a_frozen_layer_stays_frozen_both_ways(keras, tmp_path):
    """There, here and there again; it has no momentums in the file."""
    model, loads = small(), [keras.saving.load_model, load_model] * 2
    model.layers[1].trainable = False
    frozen = model.get_weights()[:2]
    for step, load in enumerate(loads):
        path = save(trained(model), tmp_path / f"{step}.keras")
        before, model = model, load(path)
        assert_equal(model.get_weights(), before.get_weights())
        assert_equal(model.get_weights()[:2], frozen)
        assert_equal(momentums(model), momentums(before))
        flags = [layer.trainable for layer in model.layers]
        assert flags == [True, False, True, True]
        with h5py.File(io.BytesIO(unzipped(path)[MEMBERS[2]])) as file:
            assert len(file["optimizer/vars"]) == 2 + 4


@keras_s
def test_keras_is_told_of_a_changed_weight_in_our_file(keras, tmp_path):
    """Of one in its own file neither of us can know."""
    ours, path = trained(small()), tmp_path / "net.weights.h5"
    theirs = keras.saving.load_model(save(ours, tmp_path / "net.keras"))
    data = save(ours, path).read_bytes()
    at = data.index(ours.get_weights()[0][1].tobytes())
    path.write_bytes(data[:at] + b"\1" + data[at + 1 :])
    with pytest.raises(ValueError, match="could not be loaded"):
        theirs.load_weights(path)
    assert_refused(path, "no arrays in HDF5: ")


@keras_s
@pytest.mark.parametrize("pair", [DTYPES, DTYPES[::-1]])
def test_another_dtype_is_cast_as_keras_casts(pair, keras, tmp_path):
    """float32 into float64 is exact, float64 into float32 is rounded."""
    set_dtype(keras, pair[0])
    ours = trained(small())
    path = save(ours, tmp_path / "net.weights.h5")
    set_dtype(keras, pair[1])
    there = keras.saving.load_model(save(small(), tmp_path / "net.keras"))
    there.load_weights(path)
    expected = [weight.astype(pair[1]) for weight in ours.get_weights()]
    assert_equal(loaded(path).get_weights(), expected)
    assert_equal(there.get_weights(), expected)


@keras_s
@pytest.mark.parametrize("name", ["keras_2_15", "keras_3_0"])
def test_older_versions_are_read_with_their_optimizer(name, keras):
    """Keras itself opens a compiled net of Keras 2 from its .h5 alone."""
    weights = OLD / f"{name}{'.h5' if '2' in name else '.keras'}"
    theirs = keras.saving.load_model(weights, compile=False)
    ours = load_model(OLD / f"{name}.keras")
    assert_equal(ours.get_weights(), theirs.get_weights())
    (x, y), row = batch(ours), "activations"
    assert_within(row, ours.predict(x), theirs(x).numpy(), dtype="float32")
    names = [layer.name for layer in (ours, *ours.layers)]
    assert names == ["small", "flatten", "hidden", "out"]
    assert how_compiled(ours)[2:] == [ENTROPY, float(np.float32(0.1))]
    assert ours.optimizer.iterations == 2
    assert sum(abs(v).sum() > 0 for v in momentums(ours)) == 4
    judged = ours.evaluate(x, y, return_dict=True)
    assert [*judged] == ["accuracy", "f1", "loss"], "sorted, as in Keras"


SQUARES = repr(our_losses.MeanSquaredError())
ENTROPY = repr(our_losses.CategoricalCrossentropy())
ON_LOGITS = repr(our_losses.CategoricalCrossentropy(from_logits=True))


# What Keras can save and numpy_net does not have: made by Keras, in a file.


def sequence(*entries, shape=(6,)):
    import keras

    return keras.Sequential([keras.Input(shape), *entries])


@keras_s
def test_weights_of_a_net_with_dropout_fit_one_without(keras, tmp_path):
    path, dropout = tmp_path / "net.weights.h5", keras.layers.Dropout(0.5)
    theirs = sequence(keras.layers.Dense(4), dropout, keras.layers.Dense(2))
    theirs.save_weights(path)
    with h5py.File(path, "r+") as file:
        file["metrics/of/the/future"] = [True]
    ours = loaded(path, Sequential([Input((6,)), Dense(4), Dense(2)]))
    assert_equal(ours.get_weights(), theirs.get_weights())


@keras_s
@pytest.mark.filterwarnings("ignore:You are saving a model that has not")
def test_nets_that_numpy_net_does_not_have(keras, tmp_path):
    """And code that is not run: lambdas, classes, functions are names."""
    k, entry, path = keras.layers, keras.Input((6,)), tmp_path / "net.keras"
    register = keras.saving.register_keras_serializable()
    own = type("Dense", (k.Dense,), {})
    registered, mine = register(own), register(relu)
    for message, layer in [
        ("numpy_net has no 'Dropout'", k.Dropout(0.5)),
        ("numpy_net has no 'L1'", k.Dense(2, kernel_regularizer="l1")),
        ("unknown activation 'softplus'", k.Dense(2, "softplus")),
        ("bias_regularizer is {", k.Dense(2, bias_regularizer="l2")),
        ("constraint is {", k.Dense(2, kernel_constraint="max_norm")),
        ("dtype is 'float32'", k.Dense(2, dtype="float32")),
        ("dtype is 'mixed_", k.Dense(2, dtype="mixed_bfloat16")),
        ("channels_first'", k.Flatten("channels_first")),
        ("numpy_net has no 'Sequential'", sequence(k.Dense(2))),
        ("'Lambda'", k.Lambda(lambda x: 2 * x)),
        (r"1\.(module|registered_name) is '", own(2)),
        (r"1\.(module|registered_name) is '", registered(2)),
        ("activation 'function.*relu'", k.Dense(2, mine)),
    ]:
        sequence(layer).save(path)
        assert_refused(path, message, load_model)
    for message, net in [
        ("'keras.src.models.functional", keras.Model(entry, own(2)(entry))),
        ("its first layer is no Input", keras.Sequential([k.Dense(2)])),
        ("put Flatten", sequence(k.Dense(2), shape=(3, 2))),
    ]:
        net.save(path)
        assert_refused(path, message, load_model)


def relu(z):
    return z


@keras_s
def test_training_that_numpy_net_does_not_have(keras, tmp_path):
    """Refused by its name; to predict, the net opens all the same."""
    model, path = sequence(keras.layers.Dense(3)), tmp_path / "net.keras"
    sgd, loss, metrics = keras.optimizers.SGD, keras.losses, keras.metrics
    entropy, slower = loss.CategoricalCrossentropy, keras.optimizers.schedules

    def f1_score(y_true, y_pred):
        return 0.0

    for message, how in {
        "'Adam'": {"optimizer": "adam"},
        "nesterov is True": {"optimizer": sgd(0.1, 0.9, nesterov=True)},
        r"clipnorm is 1\.0": {"optimizer": sgd(clipnorm=1.0)},
        r"decay is 0\.1": {"optimizer": sgd(weight_decay=0.1)},
        "use_ema is True": {"optimizer": sgd(use_ema=True)},
        "'CosineDecay'": {"optimizer": sgd(slower.CosineDecay(0.1, 9))},
        "unknown loss 'hinge'": {"loss": "hinge"},
        "'Huber'": {"loss": loss.Huber()},
        "is 'sum'": {"loss": loss.MeanSquaredError(reduction="sum")},
        "smoothing": {"loss": entropy(label_smoothing=0.1)},
        "axis is 0": {"loss": entropy(axis=0)},
        "unknown metric 'mae'": {"metrics": ["mae"]},
        "'function f1_score'": {"metrics": [f1_score]},
        "'Recall'": {"metrics": [metrics.Recall()]},
        r"threshold is 0\.5": {"metrics": [metrics.F1Score(None, 0.5)]},
        "unknown metric 'a'": {"metrics": {"a": ["accuracy"]}},
        r"loss_weights is \[2\.0\]": {"loss_weights": [2.0]},
        "weighted_metrics is": {"weighted_metrics": ["accuracy"]},
    }.items():
        model.compile(**{"optimizer": "sgd", "loss": "mse"} | how)
        model.save(path)
        assert_refused(path, f"{message}.*compile=False", load_model)
        opened = load_model(path, compile=False)
        assert_equal(opened.get_weights(), model.get_weights())
        assert opened.loss is None


@keras_s
def test_every_way_to_say_the_same_training(keras, tmp_path):
    """By name, as an object and as a function; none is as good as any."""
    path, theirs = tmp_path / "net.keras", keras.losses
    share = keras.metrics.CategoricalAccuracy(name="share")
    model = sequence(keras.layers.Dense(3))
    model.save(path)
    assert load_model(path).loss is None
    model.compile("sgd", "mse")
    model.save(path)
    assert len(how_compiled(load_model(path))) == 2, "no metrics"
    for loss, expected in {
        "mse": SQUARES,
        "MSE": SQUARES,
        theirs.mean_squared_error: SQUARES,
        theirs.MeanSquaredError(): SQUARES,
        "categorical_crossentropy": ENTROPY,
        theirs.CategoricalCrossentropy(): ENTROPY,
        theirs.CategoricalCrossentropy(True): ON_LOGITS,
    }.items():
        model.compile("sgd", loss, metrics=["acc", "f1_score", share])
        model.save(path)
        opened = load_model(path)
        assert how_compiled(opened)[3] == expected
        got = opened.evaluate(*batch(opened), return_dict=True)
        assert [*got] == ["acc", "f1_score", "loss", "share"], "sorted"


@keras_s
def test_a_function_of_the_users_is_saved_by_its_name(keras, tmp_path):
    """As Keras does; who opens the net must say what it is."""

    def half(y_true, y_pred):
        return keras.ops.mean(y_pred * 0) + 0.5

    model, path = small(), tmp_path / "net.keras"
    model.compile("sgd", "mse", metrics=["accuracy", half])
    assert_refused(save(model, path), "'function half'.*=False", load_model)
    assert load_model(path, compile=False).loss is None
    theirs = keras.saving.load_model(path, custom_objects={"half": half})
    judged = theirs.evaluate(*batch(model), verbose=0, return_dict=True)
    assert judged["half"] == 0.5


@keras_s
def test_the_readme_example_runs(editions, keras, tmp_path, monkeypatch):
    """The second one: to NumPy and back, and the same weights again."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    _, code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    before = trained(editions[1]())
    monkeypatch.chdir(tmp_path)
    names = {"x": batch(before)[0], "keras_model": before}
    exec(code, names)
    assert names["keras_model"] is not before
    assert_equal(names["keras_model"].get_weights(), before.get_weights())
    assert names["same"] < 1e-14


# From here on Keras is not needed.


@each_ending
def test_a_file_is_always_the_same_bytes(ending, tmp_path):
    """By the method and by the function, with path and text, and later."""
    model, path = trained(small()), tmp_path / f"net{ending}"
    first, again = save(model, path).read_bytes(), small()
    time.sleep(1.01 - time.time() % 1)  # till the second is another one
    name = "save_model" if ending == ".keras" else "save_weights"
    getattr(saving, name)(model, str(path))
    assert path.read_bytes() == first
    saving.load_weights(again, str(path))
    assert_equal(everything(again), everything(model))


@pytest.mark.parametrize("loss", ["mse", "categorical_crossentropy"])
def test_a_net_of_ours_opens_as_it_was(loss, tmp_path):
    """Without another floatx, and without a draw of random numbers."""
    model = trained(small(loss=loss))
    path = save(model, tmp_path / "net.keras")
    config.set_floatx("float32")
    set_random_seed(3)
    expected = generator().uniform()
    set_random_seed(3)
    opened = load_model(path)
    assert generator().uniform() == expected
    assert (config.floatx(), opened.dtype) == ("float32", "float64")
    assert repr(opened) == repr(model)
    assert_equal(everything(opened), everything(model))
    assert how_compiled(opened) == how_compiled(model)
    assert clone_model(opened).get_weights()[0].std() > 0.1, "a new draw"
    plain = Sequential([Input((4,)), Dense(3)])
    assert load_model(save(plain, path)).loss is None
    plain.compile("sgd", our_losses.CategoricalCrossentropy(from_logits=True))
    assert how_compiled(load_model(save(plain, path)))[0] == ON_LOGITS


@each_ending
def test_what_the_optimizer_takes_over(ending, tmp_path):
    """All of 0.1, and all or nothing; but the weights come."""
    config.set_floatx("float32")  # which would round it
    path, dense = save(trained(small()), tmp_path / f"net{ending}"), (4, 5, 3)
    plain = loaded(path, small(momentum=0.0))
    fresh = Sequential([Input((3, 2)), Flatten(), *map(Dense, dense)])
    for model in plain, loaded(path, fresh):
        assert_equal(model.get_weights(), loaded(path).get_weights())
    assert plain.optimizer.iterations == 0
    assert not plain.optimizer.momentums
    other = small()
    other.optimizer.learning_rate = 0.3
    assert loaded(path, other).optimizer.learning_rate == 0.1


ARRAYS = saving.arrays_of(trained(small()))
KERNEL, BIAS = "layers/dense/vars/0", "layers/dense/vars/1"


@pytest.mark.parametrize("ending", ENDINGS[:2])
@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (BIAS, None, "dense/vars/1' is missing"),
        ("layers/dense_3/vars/0", np.ones(3), "_3/vars/0' is one too many"),
        ("layers/dense/vars/2", np.ones(3), "vars/2' is one too many"),
        (KERNEL, np.ones((4, 6)), r"shape \(6, 4\).*\(4, 6\)"),
        (BIAS, np.ones((4, 1)), r"shape \(4,\).*\(4, 1\)"),
        (BIAS, np.array(1.0), r"shape \(4,\), got float64 of shape \(\)"),
        (BIAS, np.array([1, 2, np.nan, 4]), "finite numbers"),
        (BIAS, np.arange(4), "expected float64 of.*got int64"),
        (BIAS, np.ones(4, ">f4"), "no plain numbers"),
        (BIAS, np.array([b"a"] * 4), "no plain numbers"),
        ("optimizer/vars/0", np.array(-1), "iterations: expected.*-1"),
        ("optimizer/vars/0", np.array(1.5), "expected int64.*got float64"),
        ("optimizer/vars/0", np.array([1]), r"shape \(\), got.*\(1,\)"),
        ("optimizer/vars/1", np.array(np.nan), "vars/1: expected finite"),
        ("optimizer/vars/1", np.array(-0.1), "rate: expected"),
        ("optimizer/vars/2", np.ones((4, 6)), r"shape \(6, 4\).*\(4, 6\)"),
        ("optimizer/vars/3", np.full(4, np.inf), "finite numbers"),
        ("optimizer/vars/2", "optimizer/vars/a", "vars/2: missing"),
    ],
)
def test_arrays_that_do_not_fit(ending, name, array, message, tmp_path):
    path, arrays = tmp_path / f"net{ending}", ARRAYS | {}
    before = arrays.pop(name, None)
    if array is not None:
        renamed = isinstance(array, str)
        arrays |= {array: before} if renamed else {name: array}
    path.write_bytes(files.packed(ending, arrays))
    assert_refused(path, message)


def test_what_else_an_npz_may_hold(tmp_path):
    """Deflated arrays are read, no pickle, no columns, no overflow."""

    class Trap:
        def __reduce__(self):
            return pytest.fail, ("the pickle was loaded",)

    model, path = trained(small()), tmp_path / "net.npz"
    arrays = saving.arrays_of(model)
    np.savez_compressed(path, **arrays)
    assert_equal(everything(loaded(path)), everything(model))
    for message, other in [
        ("no plain numbers", {BIAS: np.array([Trap()] * 4)}),
        ("in rows", {KERNEL: np.ones((6, 4), order="F")}),
        ("finite numbers, got nan or inf", {BIAS: np.full(4, 1e300)}),
    ]:
        np.savez(path, **arrays | other)
        config.set_floatx("float32")
        assert_refused(path, message)


def test_a_larger_net_is_told_from_damage(tmp_path):
    path = tmp_path / "net.npz"
    large = Sequential([Input((9,)), Dense(9999)])
    large.save_weights(path)
    assert_refused(path, "zip: more than the .* bytes of such a net")


@each_ending
def test_a_foreign_file(ending, tmp_path):
    """No file of its kind, or one kind under the name of another."""
    path = tmp_path / f"net{ending}"
    none = [b"", b"PK", b"text\n" * 99, b"\x89HDF\r\n", b"PK\5\6" + bytes(18)]
    others = [SAVED[other][0] for other in {*ENDINGS} - {ending}]
    for data in others + none:
        path.write_bytes(data)
        assert_refused(
            path, "no (zip|arrays? in .*|model.weights.h5): |is missing"
        )
        if ending == ".keras":
            assert_refused(path, "no .*json: ", load_model)


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net.weights.h5"])
def test_hdf5_of_keras_2_is_called_so(name, tmp_path):
    path = tmp_path / name
    path.write_bytes((OLD / "keras_2_15.h5").read_bytes())
    for how in small().load_weights, load_model:
        assert_refused(path, "HDF5 of Keras 2: open it in Keras", how)


def test_a_refusal_names_the_version(tmp_path):
    path = edited(tmp_path, (f"{FIRST}.new", 1), source="keras_2_15")
    message = r"new is 1, and.*\(saved by Keras 2\.15\.0\)"
    assert_refused(path, message, load_model)
    long = b'{"keras_version": "%s"}' % (b"9" * 5000)
    zip_of(path, unzipped(path) | {"metadata.json": long})
    assert_refused(path, "new is 1, and.*saved by Keras 9+$", load_model)


def unzipped(path):
    return files.unzipped(path.read_bytes(), 2**28, *MEMBERS)


def zip_of(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)


def edited(tmp_path, *edits, source="ours"):
    """A .keras with other values in config.json, or other bytes."""
    path = save(trained(small()), tmp_path / "net.keras")
    members = unzipped(path if source == "ours" else OLD / f"{source}.keras")
    for place, value in edits:
        root = found = {"": json.loads(members["config.json"])}
        *keys, last = ["", *filter(None, place.split("."))]
        for key in keys:
            found = found[int(key) if isinstance(found, list) else key]
        found[int(last) if isinstance(found, list) else last] = value
        bare = isinstance(root[""], bytes)
        text = root[""] if bare else json.dumps(root[""]).encode()
        members["config.json"] = text
    zip_of(path, members)
    return path


LAYERS = "config.layers"
INPUT, FIRST = f"{LAYERS}.0.config", f"{LAYERS}.2.config"
DECAY, RATES = f"{FIRST}.kernel_regularizer", "compile_config.optimizer.config"
F1 = "compile_config.metrics.1.config"
NO_NET = r"(Attribute|Key|Type|Index)Error\("
DEEP = json.loads("[" * 900 + "]" * 900)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("", b"[" * 200_000, "JSON"),
        ("", b"{" + b" " * 2**20 + b"}", "more than the 1,048,576 bytes"),
        ("", b"\xff\xfe", "JSON"),
        ("", [], NO_NET),
        ("", None, NO_NET),
        (LAYERS, [], "at least 1"),
        (f"{LAYERS}.0", "x", NO_NET),
        ("class_name", ["x"], r"class_name is \['x'\]"),
        ("config.name", [1], "name: expected|name is"),
        (f"{INPUT}.batch_shape", [None], "put Flatten|shape"),
        (f"{INPUT}.batch_shape", [None, "3"], "Input"),
        (f"{INPUT}.dtype", "int8", "unknown dtype 'int8'"),
        (f"{FIRST}.dtype", "bfloat16", "config.dtype is 'bfloat16'"),
        (f"{FIRST}.dtype", {"class_name": "X"}, "config.dtype is {"),
        (f"{FIRST}.units", 10**9, r"shape \(6, 1000000000\)"),
        (f"{FIRST}.units", 10**400, "exceeded|shape"),
        (f"{FIRST}.units", 0, "units: expected a whole"),
        (f"{FIRST}.activation", ["x"], "unknown activation"),
        (f"{FIRST}.trainable", "yes", "trainable"),
        (f"{FIRST}.use_bias", "yes", "use_bias"),
        (f"{FIRST}.surprise", DEEP, r"surprise is \[\["),
        (f"{LAYERS}.2.class_name", "a\nb", r"has no 'a\\nb'"),
        (f"{LAYERS}.2.module", "keras.src", "module is 'keras.src'"),
        (f"{LAYERS}.2.registered_name", "My>D", "name is 'My>D'"),
        (f"{DECAY}.config.l2", -1, "l2: expected a number"),
        (DECAY, "l1", "unknown regularizer 'l1'"),
        ("compile_config", "mse", NO_NET),
        ("compile_config.loss", None, "unknown loss None"),
        ("compile_config.metrics", ["accuracy"] * 2, "different names"),
        (f"{RATES}.learning_rate", "a", "learning_rate: expected a number"),
        (f"{RATES}.momentum", 1, "momentum: expected a number"),
        (f"{F1}.average", [], r"average|has no \[\]"),
    ],
)
def test_a_config_that_makes_no_sense(place, value, message, tmp_path):
    """Nor is a kernel of 24 GB made to find out that it is not there."""
    path = edited(tmp_path, (place, value))
    assert_refused_within(2**22, path, message, load_model)


def test_a_setting_that_is_off_may_have_any_name(tmp_path):
    """So that the next Keras, which has one more, is not refused."""
    off, places = [None, False, 0], [FIRST, INPUT, RATES, "config"]
    edits = [(f"{p}.new{i}", v) for p in places for i, v in enumerate(off)]
    path = edited(tmp_path, *edits, ("compile_config.new", False))
    assert_equal(everything(load_model(path)), everything(loaded(path)))


@pytest.mark.parametrize("declared", [2**25, 1000])
@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_unpacks_to_too_much(
    name, declared, tmp_path, monkeypatch
):
    """Declared honestly or not, no more than the limit is unpacked."""
    monkeypatch.setattr(files, "LARGEST", 2**20)
    path = save(trained(small()), tmp_path / "net.keras")
    zip_of(path, unzipped(path) | {name: bytes(2**25)})
    honest, size = (n.to_bytes(4, "little") for n in (2**25, declared))
    path.write_bytes(path.read_bytes().replace(honest, size))
    message = "more than the 1,048,576 bytes|no .*: "
    assert_refused_within(2**22, path, message, load_model)


@pytest.mark.parametrize("size", [32, 2**25])
@pytest.mark.parametrize("shape", ["(4,)", "(999999999999,)", "(0, 10)"])
def test_an_npz_that_unpacks_to_too_much(shape, size, tmp_path):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    array = b"\x93NUMPY\1\0\x76\0" + f"{header:<117}\n".encode() + bytes(size)
    members = files.unzipped(SAVED[".npz"][0], 2**20)
    path = tmp_path / "net.npz"
    zip_of(path, members | {"layers/dense/vars/2.npy": array})
    assert_refused_within(2**20, path, "no .*|one too many")


def test_zips_of_very_many_members_and_of_other_compressions(tmp_path):
    path = tmp_path / "net.npz"
    zip_of(path, dict.fromkeys(map(str, range(10_001)), b""))
    assert_refused_within(2**21, path, "more than 10,000")
    members = files.unzipped(SAVED[".npz"][0], 2**20)
    zip_of(path, members, zipfile.ZIP_BZIP2)
    assert_refused(path, "no plain member")


def put_virtual(file, path):
    layout = h5py.VirtualLayout((4,), "<f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset(path, layout)


def put_other_float(file, path):
    """With another meaning of the exponent, which h5py does not see."""
    kind = h5py.h5t.IEEE_F64LE.copy()
    kind.set_fields(63, 52, 10, 0, 52)
    kind.set_ebias(511)
    space = h5py.h5s.create_simple((4,))
    made = h5py.h5d.create(file.id, path.encode(), kind, space)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ones(4), mtype=kind)


def put(data=np.ones(4), **how):  # noqa: B008 - never changed
    return lambda file, path: file.create_dataset(path, data=data, **how)


@pytest.mark.parametrize(
    ("thing", "path"),
    [
        (h5py.ExternalLink("other.h5", "x"), BIAS),
        (h5py.SoftLink("/layers/dense_2/vars/1"), BIAS),
        (h5py.SoftLink("/away"), "layers"),
        (h5py.SoftLink("/away"), "layers/dense/vars"),
        (np.dtype("f8"), BIAS),
        (h5py.Empty("f8"), BIAS),
        (put_virtual, BIAS),
        (put_other_float, BIAS),
        (put(external=[("raw", 0, 32)]), BIAS),
        (put(chunks=(4,), compression=9), BIAS),
        (put(chunks=(4,), compression=0), BIAS),
        (put(chunks=(2**20,), maxshape=(None,)), BIAS),
        (put(None, shape=(4,), dtype="<f8"), BIAS),
        (lambda file, path: file.create_group(path), BIAS),
    ],
)
def test_hdf5_that_leads_elsewhere_or_holds_nothing(
    thing, path, tmp_path, monkeypatch
):
    """Even where the array there is of the right shape."""
    monkeypatch.chdir(tmp_path)
    with h5py.File("other.h5", "w") as file:
        file["x"] = np.ones(4)
    net = save(trained(small()), tmp_path / "net.weights.h5")
    with h5py.File(net, "r+") as file:
        file.move(path, "away")
        if callable(thing):
            thing(file, path)
        else:
            file[path] = thing
    assert_refused(net, "vars/[01]' is missing|vars/1: no plain numbers")


def test_hdf5_that_has_more_arrays_than_bytes(tmp_path):
    """Two at one place: so a small file could claim to be a large net."""
    path, names = tmp_path / "net.weights.h5", (KERNEL, BIAS)
    with h5py.File(path, "w") as file:
        for name in names:
            file[name] = np.ones(2**12)
        first, end = (file[name].id.get_offset() for name in names)
    data = path.read_bytes()
    for old, new in ((end, first), (len(data), end)):
        data = data.replace(*(n.to_bytes(8, "little") for n in (old, new)))
    path.write_bytes(data[:end])
    assert_refused(path, "more arrays than it holds")


@each_ending
def test_paths_that_cannot_be(ending, tmp_path, monkeypatch):
    model, folder = small(), tmp_path / f"folder{ending}"
    folder.mkdir()
    write = model.save if ending == ".keras" else model.save_weights
    for path in (folder, tmp_path / "nowhere" / f"net{ending}"):
        assert_refused(path, "in a folder that exists", write)
        assert_refused(path, "expected a file, found none")
    for name in ("net", "net.h5", "net.pkl", f"net{ending}.bak"):
        for how in (model.save, model.save_weights, load_model, None):
            assert_refused(tmp_path / name, "expected the ending", how)
    other = model.save_weights if ending == ".keras" else model.save
    assert_refused(tmp_path / f"net{ending}", "expected the ending", other)
    assert list(tmp_path.iterdir()) == [folder]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / f"pipe{ending}")  # open would wait for ever
        assert_refused(tmp_path / f"pipe{ending}", "expected a file")
    monkeypatch.setattr(files, "LARGEST", 1000)
    path = save(model, tmp_path / f"net{ending}")
    assert_refused(path, "at most 1,000 bytes")


@each_ending
@pytest.mark.parametrize("moment", ["write_bytes", "replace", "nan"])
def test_a_failure_leaves_the_old_file(ending, moment, tmp_path, monkeypatch):
    model = trained(small())
    path = save(model, tmp_path / f"net{ending}")
    before = path.read_bytes()
    model.layers[1].kernel[...] += 1
    full = mock.Mock(side_effect=OSError(28, "No space left on device"))
    if moment == "nan":
        model.optimizer.momentums[2][1, 1] = np.nan
    else:
        monkeypatch.setattr(Path, moment, full)
    with pytest.raises((OSError, ValueError), match=r"No space|vars/4: .*fin"):
        save(model, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("part", ["layer", "optimizer", "loss", "metrics"])
def test_what_keras_would_not_know_is_not_saved(part, tmp_path):
    kinds = {"layer": Dense, "optimizer": SGD, "metrics": F1Score}
    kind = kinds.get(part, our_losses.MeanSquaredError)
    mine = type("Mine", (kind,), {})(*([3] if part == "layer" else []))
    model = Sequential([Input((4,)), mine if part == "layer" else Dense(3)])
    how = {part: [mine] if part == "metrics" else mine}
    how.pop("layer", None)
    model.compile(**{"optimizer": "sgd", "loss": "mse"} | how)
    path = tmp_path / "net.keras"
    assert_refused(path, "Keras has no Mine", model.save)
    assert not path.exists()


@each_ending
def test_a_net_without_weights(ending, tmp_path):
    path = save(small(), tmp_path / f"net{ending}")
    for model in (Sequential(), Sequential([Input((2, 2)), Flatten()])):
        for how in save, lambda model, path: loaded(path, model):
            with pytest.raises(ValueError, match="add a Dense layer"):
                how(model, path)


def test_without_h5py(tmp_path, monkeypatch):
    """It is not imported before it is needed; .npz goes on without."""
    top = ast.parse(Path(files.__file__).read_text()).body
    names = [ast.unparse(node) for node in top if isinstance(node, ast.Import)]
    assert "import zipfile" in names
    assert "import h5py" not in names
    model = trained(small())
    paths = [save(model, tmp_path / f"net{ending}") for ending in ENDINGS]
    monkeypatch.setitem(sys.modules, "h5py", None)
    loaded(save(model, paths[0]))
    for path in paths[1:]:
        for call in (loaded, lambda path: save(model, path)):
            with pytest.raises(ModuleNotFoundError, match="pip install h5py"):
                call(path)


def saved(ending):
    """The bytes of a file, and everything that it holds."""
    config.set_floatx("float32")
    model, found = trained(small()), []
    with mock.patch.object(files, "write", lambda _, data: found.append(data)):
        save(model, Path(f"net{ending}"))
    config.set_floatx("float64")
    return found[0], everything(model)


SAVED = {ending: saved(ending) for ending in ENDINGS}


@st.composite
def damaged(draw, ending):
    """A file with a bit flipped, a piece cut out, put in, or replaced."""
    data = SAVED[ending][0]
    how = draw(st.sampled_from(["flip", "cut", "put", "end"]))
    at = draw(st.integers(0, len(data) - 1))
    if how == "flip":
        bit = 1 << draw(st.integers(0, 7))
        return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
    piece = draw(st.binary(max_size=8)) if how == "put" else b""
    cut = len(data) if how == "end" else draw(st.integers(how == "cut", 8))
    return data[:at] + piece + data[at + cut :]


@each_ending
def test_damage_is_refused_or_without_effect(ending, tmp_path):
    """As it was saved, or not at all."""
    path, expected = tmp_path / f"net{ending}", SAVED[ending][1]

    def check_one(how, model):
        before, lines = everything(model), []
        try:
            model = how(path) or model
        except ValueError as error:
            lines = str(error).splitlines()
        assert len(lines) < 2
        assert_equal(everything(model), before if lines else expected)

    @settings(database=None, deadline=None, max_examples=150)
    @given(damaged(ending))
    def check(data):
        path.write_bytes(data)
        model = small()
        check_one(model.load_weights, model)
        if ending == ".keras":
            check_one(load_model, model)

    config.set_floatx("float32")
    path.write_bytes(SAVED[ending][0])
    assert_equal(everything(loaded(path)), expected)
    check()


def test_no_byte_of_our_hdf5_can_change_unseen(tmp_path):
    """Every seventh byte, and each of the two single numbers."""
    path, (data, kept) = tmp_path / "net.weights.h5", SAVED[".weights.h5"]
    config.set_floatx("float32")
    model = small()
    numbers = [kept[-1][:1].astype("<i8"), kept[-1][1:]]
    places = [data.rindex(number.tobytes()) for number in numbers]
    for at in [*places, *range(0, len(data), 7)]:
        flipped = bytes([data[at] ^ (1 << at % 8)])
        path.write_bytes(data[:at] + flipped + data[at + 1 :])
        with pytest.raises(ValueError, match=r"no arrays in HDF5: |missing"):
            model.load_weights(path)


@pytest.mark.parametrize("field", [30, 32])
def test_a_zip_whose_list_swallows_its_end(field, tmp_path):
    """A wrong length makes the next members part of a note on this one."""
    path, data = tmp_path / "net.npz", SAVED[".npz"][0]
    places = [m.start() for m in re.finditer(b"PK\1\2", data)]
    at, end = places[5], data.index(b"PK\5\6")  # the last of the layers
    name = int.from_bytes(data[at + 28 : at + 30], "little")
    length = (end - at - 46 - name).to_bytes(2, "little")
    path.write_bytes(data[: at + field] + length + data[at + field + 2 :])
    config.set_floatx("float32")
    assert_refused(path, "no .*|missing")
