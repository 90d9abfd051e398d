"""A name means what it means in Keras: every public name is enumerated.

What can be read off our objects, called on them and passed to them is held
to Keras's object of that name: equal in meaning and type, or not there. The
strings are taken from Keras's own tables. `pytest -s` prints the counts.
"""

import inspect
from collections import Counter

import numpy as np
import pytest

import numpy_net
from tests.pairs import both

pytestmark = pytest.mark.keras

# What the lesson needs and Keras has under no name: a step by hand.
OURS_ALONE = {
    **{
        "Sequential": "batch_loss gradients join kernel_regularizer",
        "Flatten": "forward backward input_gradient join kernel_regularizer",
        "Dense": "forward backward input_gradient gradients join",
        "SGD": "room",
        "MeanSquaredError": "gradient",
        "CategoricalCrossentropy": "gradient",
        "L2": "gradient",
    }
}
# Keras has them from layers, compile or fit on; here they say "none" before.
SOONER_HERE = {"history", "stop_training", "optimizer"}
SOONER_HERE |= {"input_shape", "output_shape"}
# Known differences, each said in a docstring.
DIFFERENT = {
    ("GlorotUniform", "seed"): "an object without a seed draws one in Keras",
    ("SGD", "iterations"): "a number here, a variable there",
    ("SGD", "learning_rate"): "a number here, a variable there",
}
# Positional arguments that the equations name otherwise.
CALLED = {"x": "inputs", "z": "x", "values": "values"}


@pytest.fixture(scope="module")
def counts():
    """compared, equal, left out: printed at the end of the file."""
    found = Counter()
    yield found
    print("\nnames of Keras's objects:", dict(sorted(found.items())))


def net(library):
    model = library.Sequential(
        [
            library.Input((4, 3)),
            library.layers.Flatten(),
            library.layers.Dense(
                7, "tanh", kernel_regularizer=library.regularizers.L2(1 / 16)
            ),
            library.layers.Dense(3, "softmax", use_bias=False, name="out"),
        ]
    )
    sgd = library.optimizers.SGD(0.5, momentum=0.5)
    model.compile(sgd, "mse", metrics=["accuracy"])
    return model


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(23, 4, 3))
    return x, np.eye(3)[rng.integers(0, 3, 23)]


def things(library, model, history):
    """One object of each kind, with something in it."""
    x, y = data()
    scores = [
        library.metrics.F1Score("macro"),
        library.metrics.CategoricalAccuracy(),
        library.metrics.MeanMetricWrapper(lambda a, b: (a * b).sum(axis=1)),
    ]
    for score in scores:
        score.update_state(y, np.abs(x[:, 0]))
    mean = library.metrics.Mean()
    mean.update_state([1.0, 2.5], [1.0, 2.0])
    made = [
        *(model, *model.layers[:2], model.optimizer, history, mean, *scores),
        library.losses.MeanSquaredError(),
        library.losses.CategoricalCrossentropy(),
        library.regularizers.L2(),
        library.initializers.GlorotUniform(),
        library.initializers.Zeros(),
        library.callbacks.EarlyStopping(),
        library.callbacks.Callback(),
    ]
    return {type(thing).__name__: thing for thing in made} | {
        "Input": library.Input((4, 3))
    }


@pytest.fixture(scope="module")
def pairs():
    """{name: (ours, Keras's)}, after two epochs of one training."""
    import keras

    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    numpy_net.config.set_floatx("float64")
    keras.backend.clear_session()  # it counts names anew
    models = both(net)
    models[1].run_eagerly = True
    x, y = data()
    made = []
    for library, model in zip((numpy_net, keras), models, strict=True):
        fitted = model.fit(x, y, 10, epochs=2, shuffle=False, verbose=0)
        made.append(things(library, model, fitted))
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)
    ours, theirs = made
    return {name: (ours[name], theirs[name]) for name in ours}


NAMES = [
    *("Sequential", "Flatten", "Dense", "SGD", "History", "Mean", "F1Score"),
    *("CategoricalAccuracy", "MeanMetricWrapper", "MeanSquaredError"),
    *("CategoricalCrossentropy", "L2", "GlorotUniform", "Zeros"),
    *("EarlyStopping", "Callback", "Input"),
]


def test_every_kind_of_object_is_among_them(pairs):
    assert sorted(pairs) == sorted(NAMES)
    classes = {
        name
        for module in (
            numpy_net,
            *(vars(numpy_net)[name] for name in numpy_net.__all__
              if inspect.ismodule(vars(numpy_net)[name])
              and name != "saving"),
        )
        for name, value in vars(module).items()
        if inspect.isclass(value) and name[0] != "_"
        and value.__module__.startswith("numpy_net.")
    }  # fmt: skip
    ours = {"CallbackList", "CompileMetrics", "Progress", "Setting"}
    ours |= {"Strict", "Layer"}
    assert classes - ours == set(NAMES)


def public(thing):
    return [name for name in dir(thing) if name[0] != "_"]


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_keras_own(name, pairs, counts):
    """Attributes: equal value and type. Methods: the same arguments."""
    ours, theirs = pairs[name]
    wrong, alone = [], OURS_ALONE.get(name, "").split()
    for attribute in public(ours):
        if not hasattr(theirs, attribute):
            if attribute not in alone:
                wrong.append(f"{attribute}: Keras has no such name")
            continue
        assert attribute not in alone, f"{attribute}: Keras has it"
        counts["names compared"] += 1
        mine, its = getattr(ours, attribute), getattr(theirs, attribute)
        if inspect.isroutine(mine) and attribute != "activation":
            wrong += other_arguments(attribute, mine, its, counts)
        elif (name, attribute) in DIFFERENT:
            counts["names that differ, as documented"] += 1
        elif not alike(mine, its):
            wrong.append(f"{attribute}: {mine!r}, in Keras {its!r}")
    left_out = set(public(theirs)) - set(public(ours))
    counts["names of Keras left out"] += len(left_out)
    assert not wrong, "\n".join(wrong)
    for attribute in sorted(left_out - {"call"}):
        with pytest.raises(AttributeError):
            getattr(ours, attribute)
        if name not in ("EarlyStopping", "Callback", "History"):
            with pytest.raises(AttributeError):
                setattr(ours, attribute, None)


def alike(mine, its):
    """Whether both are of one type and value; arrays are variables there."""
    if hasattr(its, "numpy"):
        its = np.asarray(its.numpy())
        mine = np.asarray(mine)
        close = np.allclose(mine, its, rtol=1e-12, atol=1e-12)
        return mine.dtype == its.dtype and mine.shape == its.shape and close
    if type(mine) in (list, tuple):
        same = type(mine) is type(its) or type(its).__name__ == "TrackedList"
        return same and len(mine) == len(its) and all(map(alike, mine, its))
    if isinstance(mine, dict):
        return list(mine) == list(its) and all(
            alike(value, its[key]) for key, value in mine.items()
        )
    if mine is None or isinstance(mine, bool | str):
        return type(mine) is type(its) and mine == its
    if isinstance(mine, int | float):
        number = isinstance(its, int | float) and not isinstance(its, bool)
        return number and np.isclose(mine, its, rtol=1e-12, atol=0)
    if inspect.isfunction(mine):
        return mine.__name__ == its.__name__
    same = type(mine).__name__ == type(its).__name__
    return same and getattr(mine, "name", its) in (
        its,
        getattr(its, "name", 0),
    )


def parameters(function):
    kinds = inspect.Parameter
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL)
    }


def other_arguments(what, mine, its, counts):
    """Arguments that Keras has not, elsewhere, or with another default."""
    ours, theirs = parameters(mine), parameters(its)
    places = {name: i for i, name in enumerate(theirs)}
    kinds, wrong = inspect.Parameter, []
    for i, (name, argument) in enumerate(ours.items()):
        there = name if name in theirs else CALLED.get(name)
        counts["arguments compared"] += 1
        if there not in theirs:
            wrong.append(f"{what}({name}): Keras has no such argument")
            continue
        by_place = argument.kind is not kinds.KEYWORD_ONLY
        if by_place and places[there] != i:
            wrong.append(f"{what}({name}): in Keras not argument {i + 1}")
        default = theirs[there].default
        if argument.default not in (default, kinds.empty):
            usual = what == "update_state" and argument.default == 1
            if not usual:  # a weight of 1 is none
                wrong.append(f"{what}({name}={argument.default}): {default}")
    counts["arguments of Keras left out"] += len(theirs) - len(ours)
    return wrong


CONSTRUCTORS = [name for name in NAMES if name != "Sequential"]


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_every_constructor_takes_keras_arguments(name, counts, keras, pairs):
    ours, theirs = (type(thing) for thing in pairs[name])
    if name == "Input":
        theirs = keras.Input
    accepted = {"trainable", "name"}  # of any layer, by **kwargs in Keras
    wrong = [
        line
        for line in other_arguments(name, ours, theirs, counts)
        if not any(f"({one})" in line for one in accepted)
    ]
    assert not wrong, "\n".join(wrong)


def test_sequential_takes_keras_arguments(keras, counts):
    theirs = keras.Sequential.__init__
    assert not other_arguments(
        "Sequential", numpy_net.Sequential.__init__, theirs, counts
    )


FUNCTIONS = [
    *[("activations", n) for n in ("linear", "relu", "sigmoid")],
    *[("activations", n) for n in ("softmax", "tanh")],
    *[("config", name) for name in ("floatx", "set_floatx")],
    *[("utils", name) for name in ("set_random_seed", "to_categorical")],
    ("models", "clone_model"),
    *[(module, "get") for module in ("activations", "initializers", "losses",
      "metrics", "optimizers", "regularizers")],
]  # fmt: skip


def test_every_public_function_is_among_them(keras):
    """Of our modules, but for those of the lesson and saving's own."""
    alone = {
        *("sigmoid_vjp", "tanh_vjp", "relu_vjp", "softmax_vjp", "linear_vjp"),
        *("using", "generator", "drawing_from", "per_batch_f1"),
    }
    found = set()
    for module in numpy_net.__all__:
        value = vars(numpy_net)[module]
        if not inspect.ismodule(value) or module == "saving":
            continue
        for name, function in vars(value).items():
            own = getattr(function, "__module__", "") == value.__name__
            if inspect.isfunction(function) and own and name[0] != "_":
                found.add((module, name))
                assert hasattr(getattr(keras, module), name) != (name in alone)
    assert {pair for pair in found if pair[1] not in alone} == set(FUNCTIONS)


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_every_function_takes_keras_arguments(module, name, keras, counts):
    ours = getattr(vars(numpy_net)[module], name)
    theirs = getattr(getattr(keras, module), name)
    counts["names compared"] += 1
    assert not other_arguments(name, ours, theirs, counts)


@pytest.mark.parametrize("when", ["empty", "new", "compiled"])
def test_a_model_before_fit_reads_as_in_keras(when, keras):
    keras.backend.clear_session()
    ours, theirs = (
        library.Sequential() if when == "empty" else alone(library)
        for library in (numpy_net, keras)
    )
    if when == "compiled":
        for model in (ours, theirs):
            model.compile("sgd", "mse", metrics=["accuracy"])
    elif when == "new":
        theirs.set_weights(ours.get_weights())
    wrong = []
    for name in set(public(ours)) - set(OURS_ALONE["Sequential"].split()):
        mine = getattr(ours, name)
        if inspect.isroutine(mine) or "weights" in name:
            continue
        if hasattr(theirs, name):
            its = getattr(theirs, name)
            if not alike(mine, its):
                wrong.append(f"{name}: {mine!r}, in Keras {its!r}")
        elif name not in SOONER_HERE:
            wrong.append(f"{name}: Keras has no such name yet")
    assert not wrong, "\n".join(wrong)


# What is returned


def test_what_is_returned_is_of_keras_types(pairs, keras):
    x, y = data()
    ours, theirs = pairs["Sequential"]
    quiet = {"verbose": 0}
    for ask in (
        lambda m: m.evaluate(x, y, **quiet),
        lambda m: m.evaluate(x, y, **quiet, return_dict=True),
        lambda m: m.predict(x, **quiet),
        lambda m: m.get_weights(),
        lambda m: m.count_params(),
        lambda m: m.get_layer("out").name,
        lambda m: m.get_layer(index=-1).name,
        lambda m: m.summary(print_fn=lambda text, **_: None),
        lambda m: m.set_weights(m.get_weights()),
        lambda m: m.reset_metrics(),
        lambda m: m.layers[1].get_weights(),
        lambda m: m.layers[1].compute_output_shape((None, 5)),
        lambda m: m(x),
    ):
        assert alike(ask(ours), ask(theirs)), inspect.getsource(ask)


def test_a_batch_reports_as_in_keras(keras):
    ours, theirs = both(net)
    theirs.run_eagerly = True
    x, y = data()
    for more in ({}, {"return_dict": True}):
        mine, its = (m.train_on_batch(x, y, **more) for m in (ours, theirs))
        assert alike(mine, its)
    for loss in ("mse", "categorical_crossentropy"):
        ours, theirs = both(alone)
        for model in (ours, theirs):
            model.compile("sgd", loss)
        theirs.run_eagerly = True
        mine, its = (m.train_on_batch(x, y) for m in (ours, theirs))
        assert isinstance(mine, float)
        assert np.isclose(mine, its, rtol=1e-12)
        mine, its = (m.evaluate(x, y, verbose=0) for m in (ours, theirs))
        assert alike(mine, its)


def alone(library):
    layers = [library.layers.Flatten(), library.layers.Dense(3, "softmax")]
    return library.Sequential([library.Input((4, 3)), *layers])


def test_results_of_metrics_losses_and_regularizers(pairs):
    rng = np.random.default_rng(1)
    y, p = np.eye(3)[rng.integers(0, 3, 9)], rng.uniform(0.1, 1, (9, 3))
    for name, (ours, theirs) in pairs.items():
        if hasattr(ours, "update_state"):
            gate = 2e-6 if name == "F1Score" else 1e-12
            assert np.isclose(ours.result(), float(theirs.result()), atol=gate)
            for metric in (ours, theirs):
                metric.reset_state()
                metric.update_state(y[:, 0], p[:, 0]) if name == "Mean" else (
                    metric.update_state(y, p)
                )
            assert np.isclose(ours.result(), float(theirs.result()), atol=gate)
    for name in ("MeanSquaredError", "CategoricalCrossentropy"):
        mine, its = (float(loss(y, p)) for loss in pairs[name])
        assert mine == pytest.approx(its, rel=1e-12)
    mine, its = (float(l2(p)) for l2 in pairs["L2"])
    assert mine == pytest.approx(its, rel=1e-7)  # 0.01 in float32 there
    for shape in ((3, 5), (7,)):
        ours, theirs = pairs["Zeros"]
        assert alike(ours(shape), theirs(shape, "float64"))


def test_the_dtype_of_an_answer_is_that_of_the_model(keras):
    """x is float64 as a rule; Keras takes it for what the layers are."""
    x, _ = data()
    numpy_net.config.set_floatx("float32")
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    ours, theirs = both(alone)
    for ask in (
        lambda m: m(x),
        lambda m: m.predict(x, verbose=0),
        lambda m: m.layers[1](x[:, :, 0].repeat(3, 1)),
    ):
        mine, its = np.asarray(ask(ours)), np.asarray(ask(theirs))
        assert mine.dtype == its.dtype == "float32"
        np.testing.assert_allclose(mine, its, rtol=1e-5)


def test_names_are_counted_as_in_keras(keras):
    found = []
    for library in (numpy_net, keras):
        keras.backend.clear_session()
        layers = library.layers
        model = library.Sequential(
            [
                library.Input((2, 2)),
                *(layers.Flatten(), layers.Flatten(), layers.Dense(3)),
                *(layers.Dense(2, name="mine"), layers.Dense(2)),
                layers.Dense(4),
            ]
        )
        found.append([layer.name for layer in model.layers] + [model.name])
    assert found[0] == found[1]


def test_get_layer_finds_and_refuses_as_keras_does(pairs):
    for what in (
        {"name": "out"}, {"name": "flatten"}, {"index": 0}, {"index": -2},
    ):  # fmt: skip
        mine, its = (m.get_layer(**what) for m in pairs["Sequential"])
        assert mine.name == its.name
    for what in (
        *({}, {"name": "nobody"}, {"index": 3}),
        {"name": "out", "index": 1},
    ):
        for model in pairs["Sequential"]:
            with pytest.raises(ValueError, match=r".") as caught:
                model.get_layer(**what)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a/b", "/", 3, ()])
def test_bad_names_are_refused_by_both(name, keras):
    for library in (numpy_net, keras):
        for kind in (library.layers.Dense, library.Sequential):
            arguments = (3,) if kind is library.layers.Dense else ()
            with pytest.raises(ValueError, match="name"):
                kind(*arguments, name=name)


def test_a_model_in_a_model_is_refused():
    inner = numpy_net.Sequential([numpy_net.Input((4,))])
    with pytest.raises(ValueError, match="expected a layer, got Sequential"):
        numpy_net.Sequential([numpy_net.Input((4,)), inner])


def test_without_a_seed_keras_initializer_repeats_itself(keras):
    """The documented difference, and what is alike: a seed repeats."""
    ours, theirs = (
        library.initializers.GlorotUniform() for library in (numpy_net, keras)
    )
    assert not np.array_equal(ours((3, 4)), ours((3, 4)))
    assert np.array_equal(theirs((3, 4)), theirs((3, 4)))
    for library in (numpy_net, keras):
        draw = library.initializers.GlorotUniform(7)
        assert draw.seed == 7
        assert np.array_equal(draw((3, 4)), draw((3, 4)))


# Strings, from Keras's own tables

OURS = {
    "activations": {"linear", "relu", "sigmoid", "softmax", "tanh"},
    "losses": {"MeanSquaredError", "CategoricalCrossentropy"},
    "metrics": {"CategoricalAccuracy", "F1Score"},
    "optimizers": {"SGD"},
    "initializers": {"GlorotUniform", "Zeros"},
    "regularizers": {"L2"},
}
# What a function of Keras is called as a class.
CLASSES = {
    "mean_squared_error": "MeanSquaredError",
    "categorical_crossentropy": "CategoricalCrossentropy",
}


def spellings(keras, module):
    """Keras's table of names, and what each stands for."""
    import importlib

    table = importlib.import_module(f"keras.src.{module}").ALL_OBJECTS_DICT
    for name, thing in table.items():
        words = {name}
        if module == "optimizers":  # "case-insensitive", its source says
            words |= {name.upper(), name.capitalize(), thing.__name__}
        for word in sorted(words):
            yield word, CLASSES.get(thing.__name__, thing.__name__)


@pytest.mark.parametrize("module", OURS)
def test_every_spelling_of_keras_is_known_or_refused(module, keras, counts):
    ours = vars(numpy_net)[module]
    found = set()
    for word, kind in spellings(keras, module):
        counts["strings of Keras"] += 1
        if kind not in OURS[module]:
            counts["strings left out"] += 1
            with pytest.raises(ValueError, match="unknown") as caught:
                ours.get(word)
            assert "\n" not in str(caught.value)
            continue
        counts["strings equal"] += 1
        mine, its = ours.get(word), getattr(keras, module).get(word)
        found.add(kind)
        name = getattr(mine, "__name__", type(mine).__name__)
        theirs = getattr(its, "__name__", type(its).__name__)
        assert name == CLASSES.get(theirs, theirs) == kind, word
        if module == "metrics":
            assert mine.name == its.name
    assert found == OURS[module]
    for wrong in ("", "nonsense", "Mse", "Zero", "RELU", "L_2", 3, [], b"mse"):
        with pytest.raises(ValueError, match="unknown"):
            ours.get(wrong)
        with pytest.raises((ValueError, TypeError)):
            getattr(keras, module).get(wrong)


def test_every_spelling_of_a_loss_trains_alike(keras):
    """What compile accepts is what get accepts."""
    x, y = data()
    words = [w for w, k in spellings(keras, "losses") if k in OURS["losses"]]
    assert len(words) == 6
    for word in words:
        ours, theirs = both(alone)
        for model in (ours, theirs):
            model.compile("SGD", word)
        theirs.run_eagerly = True
        assert ours.loss == theirs.loss == word
        mine, its = (m.train_on_batch(x, y) for m in (ours, theirs))
        assert mine == pytest.approx(its, rel=1e-12)


def myF1(y_true, y_pred):  # noqa: N802 - a name that Keras changes
    return (y_true - y_pred)[0, 0]


class CallableScore:
    def __call__(self, y_true, y_pred):
        return (y_true - y_pred)[0, 0]


METRICS = [
    *("accuracy", "acc", "Accuracy", "ACC", "CategoricalAccuracy"),
    *("categorical_accuracy", "F1Score", "f1_score"),
    lambda library: library.metrics.F1Score,
    lambda library: library.metrics.CategoricalAccuracy,
    lambda library: library.metrics.CategoricalAccuracy("hits"),
    lambda library: library.metrics.MeanMetricWrapper(myF1),
    lambda library: library.metrics.MeanMetricWrapper(myF1, "mine"),
    lambda library: myF1,
    lambda library: CallableScore(),
    lambda library: lambda y_true, y_pred: (y_true - y_pred)[0, 0],
]


@pytest.mark.parametrize(
    "metric", METRICS, ids=lambda m: m if isinstance(m, str) else "an object"
)
def test_a_metric_is_called_in_the_history_as_keras_calls_it(metric, keras):
    """And its value is Keras's, over batches of 10, 10 and 3."""
    ours, theirs = both(alone)
    for library, model in ((numpy_net, ours), (keras, theirs)):
        asked = metric if isinstance(metric, str) else metric(library)
        model.compile("sgd", "mse", metrics=[asked])
    theirs.run_eagerly = True
    x, y = data()
    mine, its = (
        m.evaluate(x, y, 10, verbose=0, return_dict=True)
        for m in (ours, theirs)
    )
    assert list(mine) == list(its)
    for name, value in mine.items():
        gate = 2e-6 if "1" in name else 1e-12
        np.testing.assert_allclose(value, its[name], rtol=0, atol=gate)


def test_summary_has_keras_cells(pairs):
    """Layer, shape, count; the lines drawn around them are not compared."""
    import io
    import re

    cells = []
    for model in pairs["Sequential"]:
        said = io.StringIO()
        model.summary(
            print_fn=lambda text, file=said, **_: file.write(f"{text}\n")
        )
        lines = said.getvalue().splitlines()
        rows = [re.split(r"\s*[│┃]\s*|\s{2,}", line.strip()) for line in lines]
        rows = [[cell for cell in row if cell] for row in rows]
        cells.append([row for row in rows if len(row) == 3])
        assert lines[0] == 'Model: "sequential"'
    assert cells[0] == cells[1]
    assert len(cells[0]) == 4
