"""What people expect by habit: reprs that tell, help, type hints."""

import runpy
import sys
from pathlib import Path

import pytest

import numpy_net
from benchmarks.cli import COMMANDS
from numpy_net import Input, layers, losses, metrics, optimizers
from numpy_net.architectures import assignment_net
from numpy_net.callbacks import History
from numpy_net.initializers import GlorotUniform, Zeros
from numpy_net.regularizers import L2

ROOT = Path(__file__).parents[1]

REPRS = {
    "Input((28, 28))": Input((28, 28)),
    "Flatten(name='flatten')": layers.Flatten(),
    "Dense(units=30, activation='relu', use_bias=False, name='hidden')": (
        layers.Dense(30, "relu", use_bias=False, name="hidden")
    ),
    "Dense(units=3, activation='linear', kernel_regularizer=L2(l2=0.1), "
    "trainable=False, name='dense')": layers.Dense(
        3, kernel_regularizer=L2(0.1), trainable=False
    ),
    "SGD(learning_rate=0.25, momentum=0.9)": optimizers.SGD(0.25, 0.9),
    "L2()": L2(),
    "MeanSquaredError()": losses.MeanSquaredError(),
    "CategoricalCrossentropy(from_logits=True)": (
        losses.CategoricalCrossentropy(from_logits=True)
    ),
    "CategoricalAccuracy(name='hits')": metrics.CategoricalAccuracy("hits"),
    "F1Score(average='macro')": metrics.F1Score(average="macro"),
    "GlorotUniform(seed=3)": GlorotUniform(3),
    "Zeros()": Zeros(),
}


@pytest.mark.parametrize("text", REPRS)
def test_a_repr_is_what_one_would_write(text):
    assert repr(REPRS[text]) == text
    modules = (numpy_net, layers, losses, metrics, optimizers)
    names = {k: v for module in modules for k, v in vars(module).items()}
    more = {"L2": L2, "GlorotUniform": GlorotUniform, "Zeros": Zeros}
    assert repr(eval(text, names | more)) == text


def test_a_model_shows_its_layers():
    assert repr(assignment_net()) == (
        "Sequential(layers=[Flatten(name='flatten'), "
        "Dense(units=30, activation='sigmoid', name='dense'), "
        "Dense(units=10, activation='sigmoid', name='dense_1')], "
        "name='sequential')"
    )


def test_a_history_shows_its_last_epoch(digits):
    history = assignment_net().fit(*digits, epochs=2)
    last = history.history["loss"][-1]
    assert repr(history).startswith("<History epochs=2, accuracy=0.")
    assert repr(history).endswith(f", loss={last:.4g}>")
    assert repr(History()) == "<History epochs=0>"


HELP = [
    ["-m", "benchmarks"],
    *(["-m", "benchmarks", command] for command in COMMANDS),
    ["-m", "numpy_net.gradient_check"],
    ["-m", "tests.mistakes"],
    ["assignment.py"],
]  # fmt: skip


@pytest.mark.parametrize("command", HELP, ids=" ".join)
def test_every_help_has_an_example_that_names_itself(
    command, monkeypatch, capsys
):
    monkeypatch.setattr(
        sys, "argv", [*command, "--help"][command[0] == "-m" :]
    )
    monkeypatch.chdir(ROOT)
    monkeypatch.delitem(sys.modules, f"{command[-1]}.__main__", False)
    start = runpy.run_module if command[0] == "-m" else runpy.run_path
    with pytest.raises(SystemExit, match="0"):
        start(sys.argv[0], run_name="__main__")
    shown = capsys.readouterr().out
    line = " ".join(["python", *command])
    assert line in shown.partition("example")[2]
    assert shown.startswith(f"usage: {line}")


@pytest.mark.parametrize("package", ["numpy_net", "keras_net", "classical"])
def test_editors_are_told_of_the_type_hints(package):
    assert (ROOT / package / "py.typed").is_file()


def test_all_that_is_public_has_a_docstring():
    """help() reads it; what a method overrides has one already."""
    silent = []
    for name in numpy_net.__all__:
        thing = getattr(numpy_net, name)
        members = [thing]
        if not isinstance(thing, type):
            members += [
                member
                for key, member in vars(thing).items()
                if key[0] != "_"
                and getattr(member, "__module__", "") == thing.__name__
            ]
        silent += [member for member in members if not member.__doc__]
    assert not silent
