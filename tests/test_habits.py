"""What people expect by habit: reprs that tell, tables in notebooks, help."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import numpy_net
from benchmarks import cli as command_line
from numpy_net import (
    Input,
    Sequential,
    layers,
    losses,
    metrics,
    notebook,
    optimizers,
)
from numpy_net.architectures import assignment_net, custom_net
from numpy_net.callbacks import History
from numpy_net.gradient_check import check
from numpy_net.initializers import GlorotUniform, Zeros
from numpy_net.mistakes import MISTAKES, planted
from numpy_net.regularizers import L2

ROOT = Path(__file__).parents[1]

REPRS = {
    "Input((28, 28))": Input((28, 28)),
    "Flatten()": layers.Flatten(),
    "Dense(30, 'relu')": layers.Dense(30, "relu"),
    "Dense(3, 'linear', kernel_regularizer=L2(0.1))": layers.Dense(
        3, kernel_regularizer=L2(0.1)
    ),
    "SGD(learning_rate=0.25, momentum=0.9)": optimizers.SGD(0.25, 0.9),
    "L2(0.01)": L2(),
    "MeanSquaredError()": losses.MeanSquaredError(),
    "CategoricalCrossentropy(from_logits=True)": (
        losses.CategoricalCrossentropy(from_logits=True)
    ),
    "CategoricalAccuracy('hits')": metrics.CategoricalAccuracy("hits"),
    "F1Score(average='macro')": metrics.F1Score(average="macro"),
    "GlorotUniform(seed=3)": GlorotUniform(3),
    "Zeros()": Zeros(),
}


@pytest.mark.parametrize("text", REPRS)
def test_a_repr_is_what_one_would_write(text):
    thing = REPRS[text]
    assert repr(thing) == text
    names = {
        name: vars(module)[name]
        for module in (numpy_net, layers, losses, metrics, optimizers)
        for name in dir(module)
    } | {"L2": L2, "GlorotUniform": GlorotUniform, "Zeros": Zeros}
    again = eval(text, names)
    assert repr(again) == text


def test_a_model_shows_its_layers():
    assert repr(assignment_net()) == (
        "<Sequential sequential: (28, 28) -> Flatten(), "
        "Dense(30, 'sigmoid'), Dense(10, 'sigmoid')>"
    )


def test_a_history_shows_its_last_epoch(digits):
    history = assignment_net().fit(*digits, epochs=2)
    last = history.history["loss"][-1]
    assert repr(history).startswith(f"<History epochs=2, loss={last:.4g}, ")
    assert repr(History()) == "<History epochs=0>"


class Cells(HTMLParser):
    """The text of each cell; a tag that is not a table's is an error."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.open = [], []
        self.feed(html)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        assert tag in {"table", "caption", "thead", "tbody", "tr", "th",
                       "td", "p", "br"}  # fmt: skip
        assert not attrs
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_a_notebook_shows_the_summary_as_a_table():
    html = custom_net()._repr_html_()
    header, *rows = Cells(html).rows
    assert header == ["Layer (type)", "Output Shape", "Param #"]
    assert rows[1] == ["dense (Dense)", "(None, 200)", "157,000"]
    assert "Total params: 168,280" in html


def test_a_notebook_shows_the_epochs_of_a_history(digits):
    model = assignment_net()
    model.compile(
        "sgd", "mse", metrics=["accuracy", metrics.F1Score(name="each")]
    )
    history = model.fit(*digits, epochs=3)
    header, *rows = Cells(history._repr_html_()).rows
    assert header == ["epoch", "loss", "accuracy", "each"]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert rows[1][1] == f"{history.history['loss'][1]:.4g}"
    assert len(rows[2][3].split()) == 10, "one F1 for each class"


def test_of_a_long_history_the_middle_is_left_out():
    history = History()
    for epoch in range(200):
        history.on_epoch_end(epoch, {"loss": 1.0})
    html = history._repr_html_()
    _, *rows = Cells(html).rows
    assert "200 epochs" in html
    assert [row[0] for row in rows][18:23] == ["19", "20", "...", "181", "182"]


def test_a_notebook_shows_the_errors_of_a_gradient_report(rng):
    model = Sequential([Input((4,)), layers.Dense(3, "sigmoid")])
    model.compile("sgd", "mse")
    x, y = rng.uniform(size=(5, 4)), np.eye(3)[[0, 1, 2, 0, 1]]
    html = check(model, x, y)._repr_html_()
    header, *rows = Cells(html).rows
    assert header[1:] == list(check(model, x, y).methods)
    assert [row[0] for row in rows] == [
        "dense/kernel", "dense/bias", "may be up to"
    ]  # fmt: skip
    assert "gradients: right" in html
    assert "!" not in html
    with planted(MISTAKES["mse_without_2"]):
        wrong = check(model, x[:1], y[:1])._repr_html_()
    assert "gradients: wrong" in wrong
    assert " !" in Cells(wrong).rows[1][1]
    assert "caution: one sample" in wrong


def test_names_from_outside_stay_text():
    model = Sequential([Input((4,))], name="<script>alert(1)</script>")
    model.add(layers.Dense(2))
    html = model._repr_html_()
    assert "&lt;script&gt;" in html
    Cells(html)
    history = History()
    history.on_epoch_end(0, {"<b>": 1.0})
    assert "<th>&lt;b&gt;</th>" in history._repr_html_()
    assert "<td>&lt;i&gt;</td>" in notebook._table("", [""], [["<i>"]])


HELP = [
    ["-m", "benchmarks"],
    *(
        ["-m", "benchmarks", command]
        for command in (*command_line.JOBS, "report", "check", "compare",
                        "beside", "export", "doctor", "search")
        if command != "bench"
    ),
    ["-m", "numpy_net.gradient_check"],
    ["assignment.py"],
]  # fmt: skip


@pytest.mark.parametrize("command", HELP, ids=" ".join)
def test_every_help_has_an_example_that_names_itself(command):
    done = subprocess.run(
        [sys.executable, *command, "--help"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    _, _, examples = done.stdout.partition("example")
    line = " ".join(["python", *command])
    assert line in examples, done.stdout
    assert done.stdout.startswith(f"usage: {line.replace(' bench ', ' ')}")


@pytest.mark.parametrize("package", ["numpy_net", "keras_net", "classical"])
def test_editors_are_told_of_the_type_hints(package):
    assert (ROOT / package / "py.typed").is_file()


def test_all_that_is_public_has_a_docstring():
    """help() reads it; a method that overrides needs none of its own."""
    silent = []
    for name in numpy_net.__all__:
        thing = getattr(numpy_net, name)
        members = vars(thing).values() if isinstance(thing, type) else [
            member for key, member in vars(thing).items()
            if not key.startswith("_")
            and getattr(member, "__module__", None) == thing.__name__
        ]  # fmt: skip
        for member in [thing, *members]:
            public = isinstance(member, type) or not isinstance(thing, type)
            if public and not getattr(member, "__doc__", None):
                silent.append(f"{name}: {member!r}")
    assert not silent
