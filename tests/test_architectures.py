"""numpy_net and keras_net: the same lines, one import apart."""

import difflib
import inspect
import re
from pathlib import Path

import pytest

import numpy_net
from benchmarks.rows.table import KERAS_1, ROWS
from numpy_net import architectures

ROOT = Path(__file__).parents[1]


def test_the_two_files_differ_in_the_import_alone():
    ours, theirs = (
        (ROOT / package / "architectures.py").read_text().splitlines()
        for package in ("numpy_net", "keras_net")
    )
    changed = [
        line
        for line in difflib.unified_diff(ours, theirs, lineterm="", n=0)
        if line[0] in "+-" and not line.startswith(("+++", "---"))
    ]
    names = "import Input, Sequential, layers, metrics, optimizers"
    assert changed == [f"-from numpy_net {names}", f"+from keras {names}"]


def test_the_benchmark_uses_the_settings_that_stand_there():
    """Rows that are not the assignment's may be shorter: one epoch."""
    for row in ROWS:
        if row.net in (None, "log_loss_net"):
            continue
        settings = {
            "assignment_net": architectures.ASSIGNMENT_FIT,
            "custom_net": architectures.CUSTOM_FIT,
        }[row.net]
        if row is not KERAS_1:
            assert row.epochs == settings["epochs"]
        if row.batch_size != 1:
            assert row.batch_size == settings["batch_size"]


def public_names():
    """Pairs (path, ours) of what numpy_net takes over from Keras."""
    for module in ("initializers", "regularizers", "layers"):
        yield from _functions_and_classes(module)
    for module in ("losses", "optimizers", "metrics"):
        yield from _functions_and_classes(module)
    for method in ("compile", "fit", "train_on_batch", "evaluate"):
        yield f"Model.{method}", getattr(numpy_net.Sequential, method)
    for method in ("save", "save_weights", "load_weights"):
        yield f"Model.{method}", getattr(numpy_net.Sequential, method)
    for name in ("save_model", "load_model", "save_weights", "load_weights"):
        yield f"saving.{name}", getattr(numpy_net.saving, name)
    for method in ("predict", "summary", "set_weights", "get_weights"):
        yield f"Sequential.{method}", getattr(numpy_net.Sequential, method)
    yield "Sequential.__init__", numpy_net.Sequential.__init__
    yield "models.clone_model", numpy_net.models.clone_model
    yield "utils.to_categorical", numpy_net.utils.to_categorical
    yield "utils.set_random_seed", numpy_net.utils.set_random_seed
    yield "config.set_floatx", numpy_net.config.set_floatx
    yield "config.floatx", numpy_net.config.floatx


def _functions_and_classes(module):
    for name, thing in vars(getattr(numpy_net, module)).items():
        ours = getattr(thing, "__module__", "") == f"numpy_net.{module}"
        if name == "per_batch_f1":  # the students' own, in keras_net
            continue
        if ours and not name.startswith("_") and not name.endswith("_vjp"):
            yield f"{module}.{name}", thing


PAIRS = [pytest.param(*pair, id=pair[0]) for pair in public_names()]


@pytest.mark.parametrize(("path", "ours"), PAIRS)
def test_names_parameters_and_defaults_are_keras_s(path, ours, keras):
    """Ours is a subset, in Keras's order, with Keras's defaults.

    What may be given by position stands at the same position there: else
    compile("sgd", "mse", ["accuracy"]) would mean loss_weights in Keras.
    """
    theirs = keras
    for name in path.split("."):
        theirs = getattr(theirs, name)
    known = dict(inspect.signature(theirs).parameters)
    if "kwargs" in known:  # of a layer: handed on to keras.layers.Layer
        known |= inspect.signature(keras.layers.Layer.__init__).parameters
    own = dict(inspect.signature(ours).parameters)
    for parameters in (known, own):
        parameters.pop("self", None)
    assert list(own) == [name for name in known if name in own]
    for name, parameter in own.items():
        if parameter.default is not inspect.Parameter.empty:
            assert parameter.default == known[name].default, name
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            assert list(own).index(name) == list(known).index(name), name


@pytest.mark.parametrize("name", ["linear", "relu", "sigmoid", "tanh"])
def test_activations_are_keras_s(name, keras):
    """The parameter is x there and z here, the letter of the equations."""
    ours = getattr(numpy_net.activations, name)
    assert numpy_net.activations.get(name) is ours
    assert keras.activations.get(name) is getattr(keras.activations, name)


def test_the_course_names_every_test_file():
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "tests").glob("test_*.py"):
        assert f"`{path.name}`" in text


def test_the_readme_example_runs(keras, digits, capsys):
    """And what it ends with, the transfer of the weights, is exact."""
    from keras_net import architectures as keras_architectures

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code, _ = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {
        "x": digits[0],
        "y": digits[1],
        "keras_model": keras_architectures.assignment_net(),
    }
    exec(code, names)
    assert "Total params: 23,860" in capsys.readouterr().out
    assert len(names["history"].history["val_f1_score"]) == 5
    ours = names["model"].predict(digits[0])
    theirs = names["keras_model"].predict(digits[0], verbose=0)
    assert abs(ours - theirs).max() < 1e-14
