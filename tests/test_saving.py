"""Weights that travel: bit for bit to Keras and back, and nothing else.

First what must open, in both directions, for both nets and both dtypes;
then what must not, and that a refusal is one line and changes nothing.
Damage: whatever byte is changed in a .npz, a .keras or a .weights.h5 of
ours, the arrays are those that were saved or there is an error.
"""

import io
import json
import os
import re
import subprocess
import sys
import tracemalloc
import zipfile
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy_net
from numpy_net import (
    Input,
    Sequential,
    architectures,
    config,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    saving,
    utils,
)
from numpy_net.saving import containers, files
from tests.test_architectures import ROOT
from tests.tolerances import assert_within

h5py = pytest.importorskip("h5py")

L2 = 1 / 32  # exact in float32, to which Keras rounds it
NETS = ["assignment_net", "custom_net"]
DTYPES = ["float32", "float64"]
ENDINGS = [".npz", ".weights.h5", ".keras"]
# Keras copies its arrays in a way that NumPy 2 warns of.
keras_s = pytest.mark.filterwarnings("ignore:__array__ implementation")


def small(momentum=0.5, loss="mse"):
    """A net of every kind of part that a file can name."""
    model = Sequential(
        [
            Input((3, 2)),
            layers.Flatten(),
            layers.Dense(4, "relu", kernel_regularizer=regularizers.L2(L2)),
            layers.Dense(5, "tanh"),
            layers.Dense(3, "softmax"),
        ],
        name="small",
    )
    model.compile(
        optimizers.SGD(0.1, momentum),
        loss,
        metrics=["accuracy", metrics.F1Score("weighted", name="f1")],
    )
    return model


def batch(shape, classes, samples=9, seed=1):
    rng = np.random.default_rng(seed)
    y = np.eye(classes)[rng.integers(0, classes, samples)]
    return rng.uniform(size=(samples, *shape)), y


def trained(model):
    """Three updates; so the biases are not 0 and there are velocities."""
    for seed in range(3):
        model.train_on_batch(*batch(*sizes(model), seed=seed))
    return model


def sizes(model):
    return tuple(model.input_shape)[-2:], model.output_shape[-1]


def save(model, path):
    """Write path by what its name says."""
    how = model.save if path.suffix == ".keras" else model.save_weights
    how(path)
    return path


def everything(model):
    """All that a file may change in a model, copied."""
    sgd = model.optimizer
    return [
        *model.get_weights(),
        *[velocity.copy() for velocity in sgd.momentums],
        np.array([sgd.iterations, sgd.learning_rate]),
    ]


def assert_equal(got, expected):
    """Bit for bit, and in the same dtype."""
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()


def assert_refused(path, message, model=None, load=None):
    """One line, that begins with the file's name; nothing is changed."""
    model = model or trained(small())
    before = everything(model)
    with pytest.raises(ValueError, match=message) as caught:
        (load or model.load_weights)(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) <= 1000
    assert_equal(everything(model), before)


def assert_same_step(ours, theirs, dtype):
    """The outputs, and the weights after one more update on both sides."""
    x, y = batch(*sizes(ours), seed=7)
    outputs = theirs.predict(x, verbose=0)
    x, y = x.astype(dtype), y.astype(dtype)
    assert_within("activations", ours.predict(x), outputs, dtype=dtype)
    before = ours.get_weights()
    ours.train_on_batch(x, y)
    theirs.train_on_batch(x, y)
    moved = 0.0
    for a, b, old in zip(
        ours.get_weights(), theirs.get_weights(), before, strict=True
    ):
        row = "weights, one step from equal weights"
        assert_within(row, a, b, dtype=dtype)
        moved = max(moved, float(np.abs(a - old).max()))
    assert moved > 1e-4, "without a step all would agree"


@pytest.fixture(params=DTYPES)
def dtype(request, keras):
    """Both libraries set to one dtype; the fixtures restore it."""
    config.set_floatx(request.param)
    keras.config.set_floatx(request.param)
    keras.config.set_dtype_policy(request.param)
    return request.param


def editions(net):
    """The functions that make a net here and in Keras."""
    from keras_net import architectures as keras_architectures

    return getattr(architectures, net), getattr(keras_architectures, net)


@keras_s
@pytest.mark.parametrize("net", NETS)
def test_what_keras_wrote_opens_here(net, dtype, tmp_path):
    """The net, its compilation, its weights; training goes on alike."""
    make, make_theirs = editions(net)
    theirs = trained(make_theirs())
    theirs.save(tmp_path / "net.keras")
    theirs.save_weights(tmp_path / "net.weights.h5")
    for name in ("net.keras", "net.weights.h5"):
        ours = make()
        ours.load_weights(tmp_path / name)
        assert_equal(ours.get_weights(), theirs.get_weights())
    config.set_floatx("float64" if dtype == "float32" else "float32")
    opened = saving.load_model(tmp_path / "net.keras")
    assert opened.dtype == dtype
    for model in (ours, opened):
        assert_equal(model.get_weights(), theirs.get_weights())
        assert model.optimizer.iterations == 3
    assert shape_of(opened) == shape_of(make())
    assert_same_step(opened, theirs, dtype)


def chosen(model):
    """The metrics that compile was given."""
    return [metric for group in model.metrics[1:] for metric in group.metrics]


def shape_of(model):
    """What makes a net and its training, apart from numbers."""
    return [
        (type(layer).__name__, layer.units, layer.activation.__name__)
        for layer in model.layers
        if layer.weights
    ] + [
        model.input_shape,
        type(model.optimizer).__name__,
        np.float32(model.optimizer.learning_rate),
        losses.get(model.loss).name,
        [(metric.name, type(metric).__name__) for metric in chosen(model)],
        chosen(model)[-1].average,
    ]


@keras_s
@pytest.mark.parametrize("net", NETS)
def test_what_we_wrote_opens_in_keras(net, dtype, keras, tmp_path):
    """As the architecture of keras_net/architectures.py; alike from there."""
    make, make_theirs = editions(net)
    ours = trained(make())
    for ending in ENDINGS:
        save(ours, tmp_path / f"net{ending}")
        again = make()
        again.load_weights(tmp_path / f"net{ending}")
        assert_equal(everything(again), everything(ours))
    theirs = make_theirs()
    written = theirs.get_config(), theirs.get_compile_config()
    for name in ("net.weights.h5", "net.keras"):
        theirs.set_weights([0 * weight for weight in theirs.get_weights()])
        theirs.load_weights(tmp_path / name)
        assert_equal(theirs.get_weights(), ours.get_weights())
    opened = keras.saving.load_model(tmp_path / "net.keras")
    assert_equal(opened.get_weights(), ours.get_weights())
    assert int(opened.optimizer.iterations.numpy()) == 3
    read = opened.get_config(), opened.get_compile_config()
    assert plainly(read) == plainly(written)
    assert_same_step(ours, opened, dtype)


def plainly(described):
    """A description without names, and a string for what Keras names."""
    text = json.dumps(described)
    text = re.sub(r'"(name|shared_object_id)": ("[^"]*"|\d+),? ?', "", text)
    short = {
        r'\{[^{]*"MeanSquaredError", [^{]*\{[^}]*\}[^}]*\}': (
            '"mean_squared_error"'
        ),
        r'\{[^{]*"CategoricalAccuracy", [^{]*\{[^}]*\}[^}]*\}': '"accuracy"',
    }
    for pattern, name in short.items():
        text = re.sub(pattern, name, text)
    return re.sub(r", *}", "}", text)


@keras_s
@pytest.mark.parametrize("loss", ["mse", "categorical_crossentropy"])
def test_momentum_and_l2_travel_both_ways(loss, keras, tmp_path):
    """Velocities, too: the next step is the one that was not interrupted."""
    ours = trained(small(loss=loss))
    ours.save(tmp_path / "1.keras")
    theirs = keras.saving.load_model(tmp_path / "1.keras")
    velocities = [v.numpy() for v in theirs.optimizer.variables[2:]]
    assert_equal(velocities, ours.optimizer.momentums)
    assert max(np.abs(v).max() for v in velocities) > 1e-3
    assert_same_step(ours, theirs, "float64")
    theirs.save(tmp_path / "2.keras")
    theirs.save_weights(tmp_path / "2.weights.h5")
    for name in ("2.keras", "2.weights.h5"):
        back = small(loss=loss)
        if name == "2.keras":
            back = saving.load_model(tmp_path / name)
        else:
            back.load_weights(tmp_path / name)
        assert_equal(back.get_weights(), theirs.get_weights())
        assert back.optimizer.iterations == 4
        assert_equal(
            back.optimizer.momentums,
            [v.numpy() for v in theirs.optimizer.variables[2:]],
        )
    assert back.layers[1].kernel_regularizer.l2 == L2
    assert_same_step(back, theirs, "float64")


@keras_s
def test_an_untrained_net_opens_in_keras_without_a_warning(keras, tmp_path):
    """With momentum Keras expects velocities, be they 0."""
    small().save(tmp_path / "net.keras")
    opened = keras.saving.load_model(tmp_path / "net.keras")
    assert len(opened.optimizer.variables) == 2 + 6


@keras_s
def test_arrays_stand_where_keras_puts_them(keras, tmp_path):
    _, make_theirs = editions("custom_net")
    trained(architectures.custom_net()).save_weights(
        tmp_path / "ours.weights.h5"
    )
    trained(make_theirs()).save_weights(tmp_path / "theirs.weights.h5")
    found = []
    for name in ("ours", "theirs"):
        with h5py.File(tmp_path / f"{name}.weights.h5") as file:
            arrays = []
            file.visititems(
                lambda path, thing, arrays=arrays: (
                    arrays.append((path, thing.shape, thing.dtype))
                    if isinstance(thing, h5py.Dataset)
                    else None
                )
            )
        found.append(arrays)
    assert found[0] == found[1]
    assert len(found[0]) == 10


@keras_s
def test_keras_is_told_of_a_changed_weight_in_our_file(keras, tmp_path):
    """Of one in its own file neither of us can know."""
    path = tmp_path / "net.weights.h5"
    ours = trained(architectures.assignment_net())
    ours.save_weights(path)
    data = path.read_bytes()
    at = data.index(ours.get_weights()[0][100].tobytes())
    path.write_bytes(data[:at] + b"\1" + data[at + 1 :])
    _, make_theirs = editions("assignment_net")
    with pytest.raises(ValueError, match="could not be loaded"):
        make_theirs().load_weights(path)
    assert_refused(path, "damaged", trained(architectures.assignment_net()))


@keras_s
@pytest.mark.parametrize("pair", [DTYPES, DTYPES[::-1]])
def test_another_dtype_is_cast_as_keras_casts(pair, keras, tmp_path):
    """float32 into float64 is exact, float64 into float32 is rounded."""
    path, (wide, own) = tmp_path / "net.weights.h5", pair
    make, make_theirs = editions("assignment_net")
    config.set_floatx(wide)
    ours = trained(make())
    ours.save_weights(path)
    config.set_floatx(own)
    keras.config.set_floatx(own)
    keras.config.set_dtype_policy(own)
    here, there = make(), make_theirs()
    here.load_weights(path)
    there.load_weights(path)
    expected = [weight.astype(own) for weight in ours.get_weights()]
    assert_equal(here.get_weights(), expected)
    assert_equal(there.get_weights(), expected)


# What Keras can save and numpy_net does not have: made by Keras, in a file.
def strangers(keras):
    k = keras.layers
    yield "dropout: expected Dense or Fl.*'Dropout'", [k.Dropout(0.5)]
    yield "layer 0.*'Conv2D'|conv2d.*'Conv2D'", [k.Conv2D(2, 2), k.Flatten()]
    yield "use_bias' is False", [k.Flatten(), k.Dense(2, use_bias=False)]
    yield "dense.*softplus.*known: ", [k.Flatten(), k.Dense(2, "softplus")]
    yield "L1", [k.Flatten(), k.Dense(2, kernel_regularizer="l1")]
    yield "bias_regularizer", [k.Flatten(), k.Dense(2, bias_regularizer="l2")]
    yield (
        "kernel_constraint",
        [
            k.Flatten(),
            k.Dense(2, kernel_constraint="max_norm"),
        ],
    )
    yield "trainable' is False", [k.Flatten(), k.Dense(2, trainable=False)]
    yield "dtype", [k.Flatten(), k.Dense(2, dtype="float32")]
    yield "channels_first", [k.Flatten("channels_first"), k.Dense(2)]
    yield "Flatten before it", [k.Dense(2)]
    yield (
        "'Sequential'",
        [
            k.Flatten(),
            keras.Sequential([keras.Input((784,)), k.Dense(2)]),
        ],
    )


@keras_s
def test_layers_that_numpy_net_does_not_have(keras, tmp_path):
    path = tmp_path / "net.keras"
    for message, entries in strangers(keras):
        shape = (28, 28, 1) if "Conv2D" in message else (28, 28)
        keras.Sequential([keras.Input(shape), *entries]).save(path)
        assert_refused(path, message, load=saving.load_model)
    entry = keras.Input((4,))
    keras.Model(entry, keras.layers.Dense(2)(entry)).save(path)
    assert_refused(path, "'Functional'.*not have", load=saving.load_model)


@keras_s
def test_code_in_a_file_is_not_run(keras, tmp_path):
    """A lambda, a custom layer and a custom activation are names to us."""

    @keras.saving.register_keras_serializable()
    class Dense(keras.layers.Dense):
        pass

    @keras.saving.register_keras_serializable()
    def relu(z):
        return z

    path = tmp_path / "net.keras"
    keras.Sequential(
        [keras.Input((4,)), keras.layers.Lambda(lambda x: 2 * x)]
    ).save(path)
    assert_refused(path, "'Lambda'", load=saving.load_model)
    for entry in (Dense(2), keras.layers.Dense(2, relu)):
        keras.Sequential([keras.Input((4,)), entry]).save(path)
        assert_refused(path, "dense.*(Dense|function)", load=saving.load_model)


@keras_s
def test_training_that_numpy_net_does_not_have(keras, tmp_path):
    """Refused by its name; to predict, the net opens all the same."""
    sgd, path = keras.optimizers.SGD, tmp_path / "net.keras"
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    theirs = keras.losses
    for message, arguments in [
        ("'Adam'", ("adam", "mse")),
        ("nesterov", (sgd(0.1, 0.9, nesterov=True), "mse")),
        ("clipnorm' is 1.0", (sgd(clipnorm=1.0), "mse")),
        ("weight_decay", (sgd(weight_decay=0.1), "mse")),
        ("use_ema", (sgd(use_ema=True), "mse")),
        ("learning_rate.*ExponentialDecay", (sgd(schedule), "mse")),
        ("unknown loss 'hinge'", ("sgd", "hinge")),
        ("'Huber'", ("sgd", theirs.Huber())),
        ("reduction", ("sgd", theirs.MeanSquaredError(reduction="sum"))),
        ("smoothing", ("sgd", theirs.CategoricalCrossentropy(False, 0.1))),
        ("axis", ("sgd", theirs.CategoricalCrossentropy(axis=0))),
        ("unknown metric 'mae'", ("sgd", "mse", None, ["mae"])),
        ("'Recall'", ("sgd", "mse", None, [keras.metrics.Recall()])),
        ("F1Score.*0.5", ("sgd", "mse", None, [f1_of(keras)(None, 0.5)])),
        ("metrics: expected a list", ("sgd", "mse", None, {"a": ["mae"]})),
        ("loss_weights", ("sgd", "mse", [2.0])),
        ("weighted_metrics", ("sgd", "mse", None, None, ["accuracy"])),
    ]:
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(3, name="a")]
        )
        model.compile(*arguments)
        model.save(path)
        assert_refused(path, message, load=saving.load_model)
        assert_refused(path, "compile=False", load=saving.load_model)
        opened = saving.load_model(path, compile=False)
        assert_equal(opened.get_weights(), model.get_weights())
        assert opened.loss is None


def f1_of(keras):
    return keras.metrics.F1Score


@keras_s
def test_every_way_to_say_the_same_training(keras, tmp_path):
    """By name, as an object and as a function; none is as good as any."""
    path, theirs = tmp_path / "net.keras", keras.losses
    for loss, expected in [
        ("mse", losses.MeanSquaredError),
        ("MSE", losses.MeanSquaredError),
        (theirs.mean_squared_error, losses.MeanSquaredError),
        (theirs.MeanSquaredError(), losses.MeanSquaredError),
        ("categorical_crossentropy", losses.CategoricalCrossentropy),
        (theirs.CategoricalCrossentropy(), losses.CategoricalCrossentropy),
        (theirs.CategoricalCrossentropy(True), losses.CategoricalCrossentropy),
    ]:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        model.compile(
            "sgd",
            loss,
            metrics=[
                "acc",
                "f1_score",
                keras.metrics.CategoricalAccuracy(name="share"),
            ],
        )
        model.save(path)
        opened = saving.load_model(path)
        assert type(opened.loss) is expected
        assert "from_logits=True" not in str(loss)
        logits = getattr(loss, "_fn_kwargs", {}).get("from_logits", False)
        assert getattr(opened.loss, "from_logits", False) == logits
        names = [metric.name for metric in chosen(opened)]
        assert names == ["acc", "f1_score", "share"]
        x, y = batch((4,), 3)
        got = opened.evaluate(x, y, return_dict=True)
        assert set(got) == {"loss", *names}
    model.compile("sgd", "mse")
    model.save(path)
    assert chosen(saving.load_model(path)) == []
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save(path)
    assert saving.load_model(path).loss is None


@keras_s
def test_the_readme_example_runs(keras, tmp_path, monkeypatch):
    """The second one: to NumPy and back, and the same weights again."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    _, code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    _, make_theirs = editions("assignment_net")
    before = trained(make_theirs())
    x, _ = batch((28, 28), 10)
    monkeypatch.chdir(tmp_path)
    names = {"x": x, "keras_model": before}
    exec(code, names)
    assert names["keras_model"] is not before
    assert_equal(names["keras_model"].get_weights(), before.get_weights())
    assert names["same"] < 1e-14


# From here on Keras is not needed.


def test_a_file_is_always_the_same_bytes(tmp_path):
    model = trained(small())
    for ending in ENDINGS:
        first, second = (tmp_path / f"{i}{ending}" for i in "ab")
        save(model, first)
        save(model, second)
        assert first.read_bytes() == second.read_bytes()


def test_a_net_of_ours_opens_as_it_was(tmp_path):
    """Also one whose loss takes logits, and one without any training."""
    for loss in ("mse", "categorical_crossentropy"):
        model = trained(small(loss=loss))
        model.save(tmp_path / "net.keras")
        opened = saving.load_model(tmp_path / "net.keras")
        assert_equal(everything(opened), everything(model))
        assert opened.name == "small"
        assert shape_of(opened) == shape_of(model)
        assert opened.layers[1].kernel_regularizer.l2 == L2
    plain = Sequential([Input((4,)), layers.Dense(3)])
    plain.save(tmp_path / "net.keras")
    opened = saving.load_model(tmp_path / "net.keras")
    assert_equal(opened.get_weights(), plain.get_weights())
    assert opened.loss is None
    plain.compile("sgd", losses.CategoricalCrossentropy(from_logits=True))
    plain.save(tmp_path / "net.keras")
    assert saving.load_model(tmp_path / "net.keras").loss.from_logits


def test_opening_changes_neither_floatx_nor_the_random_numbers(tmp_path):
    path = save(trained(small()), tmp_path / "net.keras")
    config.set_floatx("float32")
    utils.set_random_seed(3)
    expected = utils.generator().uniform()
    utils.set_random_seed(3)
    assert saving.load_model(path).dtype == "float64"
    assert utils.generator().uniform() == expected
    assert config.floatx() == "float32"


@pytest.mark.parametrize("ending", ENDINGS)
def test_velocities_only_where_the_model_has_some(ending, tmp_path):
    """Else the optimizer stays as it was compiled; the weights come."""
    path = save(trained(small()), tmp_path / f"net{ending}")
    plain = small(momentum=0.0)
    plain.load_weights(path)
    assert_equal(plain.get_weights(), saved_weights(path))
    assert plain.optimizer.iterations == 0
    assert plain.optimizer.momentums == []
    model = small()
    model._take(None, None, [])  # not compiled
    model.load_weights(path)
    assert_equal(model.get_weights(), saved_weights(path))


def saved_weights(path):
    model = small()
    model.load_weights(path)
    return model.get_weights()


def test_a_rate_keeps_its_digits(tmp_path):
    """The file holds it in float32; that is no other rate."""
    config.set_floatx("float32")
    path = save(trained(small()), tmp_path / "net.npz")
    model = small()
    model.load_weights(path)
    assert model.optimizer.learning_rate == 0.1
    model.optimizer.learning_rate = 0.3
    model.load_weights(path)
    assert model.optimizer.learning_rate == float(np.float32(0.1))


def arrays_of(model):
    return saving.state.of(model)


BAD_ARRAYS = [
    ({"layers/dense/vars/1": None}, "layers/dense/vars/1': missing"),
    ({"layers/dense_3/vars/0": np.ones(3)}, "dense_3/vars/0': one too many"),
    ({"layers/dense/vars/2": np.ones(3)}, "dense/vars/2': one too many"),
    ({"layers/dense/vars/0": np.ones((4, 6))}, r"shape \(6, 4\).*\(4, 6\)"),
    ({"layers/dense/vars/1": np.ones((4, 1))}, r"shape \(4,\).*\(4, 1\)"),
    ({"layers/dense/vars/1": np.array(1.0)}, r"shape \(4,\), got \(\)"),
    ({"layers/dense/vars/1": np.array([1, 2, np.nan, 4])}, "finite numbers"),
    ({"layers/dense/vars/1": np.array([1, 2, -np.inf, 4])}, "finite numbers"),
    ({"layers/dense/vars/1": np.arange(4)}, "float32 or float64, got int64"),
    ({"layers/dense/vars/1": np.ones(4, "f2")}, "float32 or float64.*float16"),
    ({"layers/dense/vars/1": np.ones(4, ">f4")}, "float32 or float64"),
    ({"layers/dense/vars/1": np.ones(4, "c16")}, "plain numbers"),
    ({"layers/dense/vars/1": np.array([b"a"] * 4)}, "plain numbers"),
    ({"optimizer/vars/0": np.array(-1)}, "expected steps made, got -1"),
    ({"optimizer/vars/0": np.array(1.5)}, "whole numbers, got float64"),
    ({"optimizer/vars/0": np.array([1])}, r"shape \(\), got \(1,\)"),
    ({"optimizer/vars/1": np.array(np.nan)}, "vars/1: expected a number"),
    ({"optimizer/vars/1": np.array(-0.1)}, "vars/1: expected a number"),
    ({"optimizer/vars/2": np.ones((4, 6))}, r"shape \(6, 4\), got \(4, 6\)"),
    ({"optimizer/vars/3": np.full(4, np.inf)}, "finite numbers"),
    (
        {"optimizer/vars/2": None, "optimizer/vars/a": np.ones(4)},
        "optimizer/vars/2: missing",
    ),
]


@pytest.mark.parametrize("ending", [".npz", ".weights.h5"])
@pytest.mark.parametrize(("change", "message"), BAD_ARRAYS)
def test_arrays_that_do_not_fit(ending, change, message, tmp_path):
    changed = arrays_of(trained(small())) | change
    changed = {k: v for k, v in changed.items() if v is not None}
    path = tmp_path / f"net{ending}"
    path.write_bytes(containers.write(ending, changed))
    assert_refused(path, message)


def test_a_number_too_large_for_float32(tmp_path):
    arrays = arrays_of(small()) | {"layers/dense/vars/1": np.full(4, 1e300)}
    path = tmp_path / "net.npz"
    path.write_bytes(containers.write(".npz", arrays))
    config.set_floatx("float32")
    assert_refused(path, "finite numbers, got nan or inf")


def test_a_pickle_is_not_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("the pickle was loaded",)

    arrays = arrays_of(small())
    arrays["layers/dense/vars/1"] = np.array([Trap()] * 4)
    np.savez(tmp_path / "net.npz", **arrays)
    assert_refused(tmp_path / "net.npz", "plain numbers.*object")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"text\n" * 99, b"\x89HDF\r\n\x1a\n", b"PK\5\6" + bytes(18)],
)
def test_a_foreign_file(ending, content, tmp_path):
    path = tmp_path / f"net{ending}"
    path.write_bytes(content)
    assert_refused(path, "expected|missing")
    if ending == ".keras":
        assert_refused(path, "expected", load=saving.load_model)


@pytest.mark.parametrize("ending", ENDINGS)
def test_one_kind_of_file_under_the_name_of_another(ending, tmp_path):
    for other in {*ENDINGS} - {ending}:
        path = tmp_path / f"net{ending}"
        save(trained(small()), tmp_path / f"a{other}").replace(path)
        assert_refused(path, "found a damaged or another file")


def edited(tmp_path, edit):
    """A .keras of ours with config.json changed by edit."""
    path = save(trained(small()), tmp_path / "net.keras")
    text, weights = files.members(path.read_bytes())
    found = edit(json.loads(text))
    text = found if isinstance(found, bytes) else json.dumps(found).encode()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", text)
        file.writestr("model.weights.h5", weights)
    return path


def setting(value, *keys):
    """An edit: put value where the keys lead."""

    def edit(config):
        place = config
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        return config

    return edit


DENSE = ("config", "layers", 2, "config")
COMPILE = "compile_config"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda _: b"[" * 200_000, "JSON"),
        (lambda _: b'{"a": ' * 100_000, "JSON"),
        (lambda _: b"{" + b" " * 2**20 + b"}", "at most 1,048,576 bytes"),
        (lambda _: b"\xff\xfe", "JSON"),
        (lambda _: [], "model: expected Sequential"),
        (lambda _: None, "model: expected Sequential"),
        (lambda _: {}, "model: expected Sequential"),
        (setting(9, "config"), "model: expected Sequential"),
        (setting([], "config", "layers"), "first layer.*InputLayer"),
        (setting("x", "config", "layers"), "layers: expected a list"),
        (setting("x", "config", "layers", 0), "first layer.*InputLayer"),
        (setting(None, "config", "name"), "name: expected a str"),
        (setting([None], *DENSE[:2], 0, "config", "batch_shape"), "shape"),
        (setting([], *DENSE[:2], 0, "config", "batch_shape"), "shape"),
        (setting([None, 0], *DENSE[:2], 0, "config", "batch_shape"), "Input"),
        (setting([None, None], *DENSE[:2], 0, "config", "batch_shape"), "In"),
        (setting([None, "3"], *DENSE[:2], 0, "config", "batch_shape"), "Inp"),
        (setting("int8", *DENSE[:2], 0, "config", "dtype"), "dtype of input"),
        (setting("float32", *DENSE, "dtype"), "dense: its dtype"),
        (setting("bfloat16", *DENSE, "dtype"), "dtype of dense 'bfloat16'"),
        (setting(10**9, *DENSE, "units"), r"shape \(6, 1000000000\)"),
        (setting(10**400, *DENSE, "units"), "shape"),
        (setting(0, *DENSE, "units"), "dense: units: expected a whole"),
        (setting(4.0, *DENSE, "units"), "dense: units: expected a whole"),
        (setting(None, *DENSE, "units"), "dense: units: expected a whole"),
        (setting([4], *DENSE, "units"), "dense: units: expected a whole"),
        (setting(["x"], *DENSE, "activation"), "activation of dense"),
        (setting("x" * 10**5, *DENSE, "activation"), "activation of dense"),
        (setting("a\nb", *DENSE[:3], "class_name"), r"dense: .*'a\\nb'"),
        (setting(7, *DENSE, "surprise"), "'surprise' is 7"),
        (setting({"l": 1}, *DENSE, "lora_rank"), "'lora_rank' is"),
        (setting("keras.src", *DENSE[:3], "module"), "dense: expected Den"),
        (setting("Mine>Dense", *DENSE[:3], "registered_name"), "dense: exp"),
        (setting(-1, *DENSE, "kernel_regularizer", "config", "l2"), "l2"),
        (setting({}, *DENSE, "kernel_regularizer", "config"), "l2"),
        (setting({}, *DENSE, "kernel_regularizer"), "regularizer"),
        (setting("mse", COMPILE), "compile_config: expected a dict"),
        (setting({"optimizer": 1}, COMPILE), "optimizer: expected SGD"),
        (setting(None, COMPILE, "loss"), "loss: expected"),
        (setting([None], COMPILE, "metrics"), "metric: expected"),
        (setting(["accuracy"] * 2, COMPILE, "metrics"), "different names"),
        (
            setting("a", COMPILE, "optimizer", "config", "learning_rate"),
            "learning_rate: expected a number",
        ),
        (
            setting(1, COMPILE, "optimizer", "config", "momentum"),
            "momentum: expected a number",
        ),
        (
            setting([], COMPILE, "metrics", 1, "config", "average"),
            r"unknown average \[\]",
        ),
    ],
)
def test_a_config_that_makes_no_sense(edit, message, tmp_path):
    path = edited(tmp_path, edit)
    assert_refused(path, message, load=saving.load_model)


def test_a_setting_that_is_off_may_have_any_name(tmp_path):
    """So that the next Keras, which has one more, is not refused."""
    off = {"next": None, "one": False, "more": 0}

    def edit(config):
        config["config"]["layers"][2]["config"].update(off)
        config["config"].update(off)
        config["compile_config"].update(off)
        return config

    model = saving.load_model(edited(tmp_path, edit))
    assert_equal(everything(model), everything(trained_twin(tmp_path)))


def trained_twin(tmp_path):
    model = small()
    model.load_weights(tmp_path / "net.keras")
    return model


def peak_of(function):
    """The most memory that Python and NumPy held at a time, in bytes."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_units_are_believed_when_the_weights_are_there(tmp_path):
    """A kernel of 3 GB is not made to find out that it is not there."""
    for units in (10**8, 10**12):
        path = edited(tmp_path, setting(units, *DENSE, "units"))
        model = small()
        used = peak_of(
            lambda path=path, model=model: assert_refused(
                path, "shape", model, saving.load_model
            )
        )
        assert used < 2**20


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_a_member_that_unpacks_to_too_much(name, tmp_path, monkeypatch):
    """Declared honestly or not, no more than the limit is unpacked."""
    monkeypatch.setattr(files, "LARGEST", 2**20)
    path = save(trained(small()), tmp_path / "net.keras")
    content = dict(
        zip(
            ("config.json", "model.weights.h5"),
            files.members(path.read_bytes()),
            strict=True,
        )
    ) | {name: bytes(2**25)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for key, data in content.items():
            file.writestr(key, data)
    data, honest = path.read_bytes(), (2**25).to_bytes(4, "little")
    for declared in (2**25, 1000):
        path.write_bytes(data.replace(honest, declared.to_bytes(4, "little")))
        model = small()
        used = peak_of(
            lambda model=model: assert_refused(
                path, "at most|damaged|cut", model, saving.load_model
            )
        )
        assert used < 2**23


def test_an_npz_that_unpacks_to_too_much(tmp_path):
    arrays = arrays_of(small()) | {"layers/dense/vars/1": np.zeros(2**22)}
    path = tmp_path / "net.npz"
    np.savez_compressed(path, **arrays)
    model = small()
    used = peak_of(lambda: assert_refused(path, r"shape \(4,\)", model))
    assert used < 2**20
    header = (
        b"\x93NUMPY\1\0\x76\0"
        + b"%-117s\n"
        % repr(
            {"descr": "<f8", "fortran_order": False, "shape": (4,)}
        ).encode()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for key, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            right = key != "layers/dense/vars/1"
            data = buffer.getvalue() if right else header + bytes(2**25)
            file.writestr(f"{key}.npy", data)
    used = peak_of(lambda: assert_refused(path, "at most 160 bytes", model))
    assert used < 2**20


def test_other_compressions_are_not_unpacked(tmp_path):
    for ending in (".npz", ".keras"):
        path = save(trained(small()), tmp_path / f"net{ending}")
        with zipfile.ZipFile(path) as file:
            content = {name: file.read(name) for name in file.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as file:
            for name, data in content.items():
                file.writestr(name, data)
        assert_refused(path, "stored or deflated")


def test_a_compressed_npz_is_read(tmp_path):
    model = trained(small())
    np.savez_compressed(tmp_path / "net.npz", **arrays_of(model))
    again = small()
    again.load_weights(tmp_path / "net.npz")
    assert_equal(everything(again), everything(model))


def test_columns_first_are_refused(tmp_path):
    arrays = arrays_of(small())
    arrays["layers/dense/vars/0"] = np.ones((6, 4), order="F")
    np.savez(tmp_path / "net.npz", **arrays)
    assert_refused(tmp_path / "net.npz", "in rows")


def put_external_link(file, path, folder):
    other = folder / "other.h5"
    with h5py.File(other, "w") as there:
        there["x"] = np.ones(4)
    file[path] = h5py.ExternalLink(str(other), "x")


def put_external_data(file, path, folder):
    np.ones(4).tofile(folder / "raw")
    external = [(str(folder / "raw"), 0, 32)]
    file.create_dataset(path, (4,), "<f8", external=external)


def put_virtual(file, path, folder):
    with h5py.File(folder / "other.h5", "w") as there:
        there["x"] = np.ones(4)
    layout = h5py.VirtualLayout((4,), "<f8")
    layout[:] = h5py.VirtualSource(folder / "other.h5", "x", (4,))
    file.create_virtual_dataset(path, layout)


def put_soft_link(file, path, folder):
    file[path] = h5py.SoftLink("/layers/dense_2/vars/1")


def put_group(file, path, folder):
    file.create_group(path)


def put_type(file, path, folder):
    file[path] = np.dtype("f8")


def put_compressed(file, path, folder):
    file.create_dataset(path, data=np.ones(4), chunks=(4,), compression=9)


def put_large_chunk(file, path, folder):
    size = (2**20,)
    file.create_dataset(path, (4,), "<f8", chunks=size, maxshape=(None,))
    file[path][:] = 1


def put_nothing(file, path, folder):
    file.create_dataset(path, (4,), "<f8")


def put_no_space(file, path, folder):
    file[path] = h5py.Empty("<f8")


@pytest.mark.parametrize(
    ("put", "message"),
    [
        (put_external_link, "not followed"),
        (put_soft_link, "not followed"),
        (put_external_data, "in another file"),
        (put_virtual, "in another file"),
        (put_group, "expected a Dataset"),
        (put_type, "expected a Dataset"),
        (put_compressed, "uncompressed"),
        (put_large_chunk, "does not go with"),
        (put_nothing, "does not go with the 0 bytes"),
        (put_no_space, "plain numbers"),
    ],
)
def test_hdf5_that_leads_elsewhere_or_holds_nothing(put, message, tmp_path):
    """Even where the array there is of the right shape."""
    path, name = tmp_path / "net.weights.h5", "layers/dense/vars/1"
    save(trained(small()), path)
    with h5py.File(path, "r+") as file:
        del file[name]
        put(file, name, tmp_path)
    assert_refused(path, message)


def test_hdf5_groups_that_lead_elsewhere(tmp_path):
    path = tmp_path / "net.weights.h5"
    for name in ("layers", "layers/dense", "layers/dense/vars", "optimizer"):
        save(trained(small()), path)
        with h5py.File(path, "r+") as file:
            file.move(name, "away")
            file[name] = h5py.SoftLink("/away")
        assert_refused(path, "not followed")


def test_hdf5_that_shares_one_array_among_many_names(tmp_path):
    path = tmp_path / "net.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.ones((6, 4))
        for i in range(1000):
            file[f"layers/dense/vars/{i + 1}"] = file["layers/dense/vars/0"]
    assert_refused(path, "more than it holds")


@pytest.mark.parametrize("name", ["net", "net.h5", "net.pkl", "net.weights"])
def test_an_unknown_ending(name, tmp_path):
    model, path = small(), tmp_path / name
    assert_refused(path, "ends in .weights.h5 or .npz or .keras", model)
    assert_refused(path, "ends in .keras", model, saving.load_model)
    assert_refused(path, "ends in .keras", model, model.save)
    assert_refused(path, "ends in .weights.h5 or", model, model.save_weights)
    path = path.with_name("net.keras")
    assert_refused(path, "ends in .weights.h5 or", model, model.save_weights)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_paths_that_cannot_be(ending, tmp_path):
    folder = tmp_path / f"folder{ending}"
    folder.mkdir()
    model = small()
    write = model.save if ending == ".keras" else model.save_weights
    assert_refused(folder, "found a folder", model, write)
    assert_refused(folder, "expected a file", model)
    missing = tmp_path / "nowhere" / f"net{ending}"
    assert_refused(missing, "its folder does not exist", model, write)
    assert_refused(missing, "expected a file, found none", model)
    assert list(tmp_path.iterdir()) == [folder]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / f"pipe{ending}")  # open would wait for ever
        assert_refused(tmp_path / f"pipe{ending}", "expected a file", model)


def test_a_file_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 1000)
    assert_refused(save(small(), tmp_path / "net.npz"), "at most 1,000 bytes")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("moment", ["open", "replace", "nan"])
def test_a_failure_leaves_the_old_file(ending, moment, tmp_path):
    model = trained(small())
    path = save(model, tmp_path / f"net{ending}")
    before = path.read_bytes()
    model.layers[1].kernel[:] += 1
    full = OSError(28, "No space left on device")
    if moment == "nan":
        model.optimizer.momentums[2][1, 1] = np.nan
        with pytest.raises(ValueError, match=r"vars/4: .*finite"):
            save(model, path)
    elif moment == "replace":
        with (
            mock.patch("os.replace", side_effect=full),
            pytest.raises(OSError, match="No space"),
        ):
            save(model, path)
    else:
        file = mock.mock_open()
        file.return_value.write.side_effect = full
        with (
            mock.patch("builtins.open", file),
            pytest.raises(OSError, match="No space"),
        ):
            save(model, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


class MyDense(layers.Dense):
    pass


class MySGD(optimizers.SGD):
    pass


class MyLoss(losses.MeanSquaredError):
    pass


class MyF1(metrics.F1Score):
    pass


@pytest.mark.parametrize(
    "arguments",
    [
        {"layer": MyDense(3)},
        {"optimizer": MySGD()},
        {"loss": MyLoss()},
        {"metrics": [MyF1()]},
    ],
)
def test_what_keras_would_not_know_is_not_saved(arguments, tmp_path):
    layer = arguments.pop("layer", layers.Dense(3))
    model = Sequential([Input((4,)), layer])
    model.compile(**{"optimizer": "sgd", "loss": "mse"} | arguments)
    path = tmp_path / "net.keras"
    assert_refused(path, "which Keras does not have", model, model.save)
    assert not path.exists()


def test_a_net_without_weights(tmp_path):
    for model in (Sequential(), Sequential([Input((2, 2)), layers.Flatten()])):
        for ending in ENDINGS:
            with pytest.raises(ValueError, match="add a Dense layer"):
                save(model, tmp_path / f"net{ending}")
        save(small(), tmp_path / "other.npz")
        with pytest.raises(ValueError, match="add a Dense layer"):
            model.load_weights(tmp_path / "other.npz")


def test_without_h5py(tmp_path, monkeypatch):
    """One line that says what to install; .npz goes on."""
    model = trained(small())
    paths = [save(model, tmp_path / f"net{ending}") for ending in ENDINGS]
    monkeypatch.setitem(sys.modules, "h5py", None)
    for path in paths[1:]:
        for call in (model.load_weights, lambda path: save(model, path)):
            with pytest.raises(ModuleNotFoundError, match="pip install h5py"):
                call(path)
    model.load_weights(save(model, tmp_path / "again.npz"))


def test_numpy_net_is_imported_without_h5py():
    code = "import sys, numpy_net.saving; sys.exit('h5py' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def saved(ending):
    """The bytes of a file, and everything that it holds."""
    config.set_floatx("float32")
    model, buffer = trained(small()), {}
    with mock.patch.object(
        files, "write", lambda path, data: buffer.update(data=data)
    ):
        save(model, files.Path(f"net{ending}"))
    config.set_floatx("float64")
    return buffer["data"], everything(model)


SAVED = {ending: saved(ending) for ending in ENDINGS}


@st.composite
def damaged(draw, ending):
    """A file with a bit flipped, a piece cut out, put in, or replaced."""
    data = SAVED[ending][0]
    at = draw(st.integers(0, len(data) - 1))
    how = draw(st.sampled_from(["flip", "cut", "end", "insert", "replace"]))
    if how == "flip":
        bit = 1 << draw(st.integers(0, 7))
        return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
    if how == "end":
        return data[:at]
    piece = draw(st.binary(min_size=1, max_size=8))
    cut = {"cut": len(piece), "insert": 0, "replace": len(piece)}[how]
    return data[:at] + (piece if how != "cut" else b"") + data[at + cut :]


@pytest.mark.parametrize("ending", ENDINGS)
def test_damage_is_refused_or_without_effect(ending, tmp_path):
    path, expected = tmp_path / f"net{ending}", SAVED[ending][1]

    def as_saved_or_not(how, model):
        """As it was saved, or not at all."""
        before = everything(model)
        try:
            model = how(path) or model
        except ValueError as error:
            message = str(error)
        else:
            assert_equal(everything(model), expected)
            return
        assert "\n" not in message
        assert_equal(everything(model), before)

    @settings(database=None, deadline=None, max_examples=150)
    @given(damaged(ending))
    def check(data):
        path.write_bytes(data)
        config.set_floatx("float32")
        model = small()
        as_saved_or_not(model.load_weights, model)
        if ending == ".keras":
            as_saved_or_not(saving.load_model, model)

    check()


def test_no_byte_of_our_hdf5_can_change_unseen(tmp_path):
    """Every seventh byte, and each of the two single numbers."""
    path, (data, saved_as) = tmp_path / "net.weights.h5", SAVED[".weights.h5"]
    numbers = saved_as[-1]
    places = [
        data.index(numbers[0].astype("<i8").tobytes() + b"\0"),
        data.index(numbers[1].astype("<f4").tobytes()),
        *range(0, len(data), 7),
    ]
    config.set_floatx("float32")
    model = small()
    for at in places:
        flipped = bytes([data[at] ^ (1 << at % 8)])
        path.write_bytes(data[:at] + flipped + data[at + 1 :])
        with pytest.raises(ValueError, match=r"expected|missing|damaged"):
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
    assert_refused(path, "damaged|missing")


def test_the_undamaged_files_hold_what_was_saved(tmp_path):
    config.set_floatx("float32")
    for ending, (data, expected) in SAVED.items():
        (tmp_path / f"net{ending}").write_bytes(data)
        model = small()
        model.load_weights(tmp_path / f"net{ending}")
        assert_equal(everything(model), expected)


def test_the_methods_are_the_functions(tmp_path):
    model = trained(small())
    saving.save_model(model, str(tmp_path / "a.keras"))
    saving.save_weights(model, str(tmp_path / "a.npz"))
    saving.load_weights(small(), str(tmp_path / "a.npz"))
    model.save(str(tmp_path / "b.keras"))
    first, second = tmp_path / "a.keras", tmp_path / "b.keras"
    assert first.read_bytes() == second.read_bytes()
    assert numpy_net.saving is saving
