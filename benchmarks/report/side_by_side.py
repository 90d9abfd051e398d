"""The code of both sides beside each other, for the page of a run.

Nothing is typed twice: code is cut from the files that run, equations from
the list in numpy_net/__init__.py.
"""

import ast
import re
from dataclasses import dataclass
from html import escape

from benchmarks.report.excerpts import ROOT, STYLE, Excerpt, cut

OURS, THEIRS = "numpy_net/", "keras_net/"
NET = "architectures.py:assignment_net"
TRAIN = "assignment.py:train:model"
EQUATION = re.compile(r"^ *\[(\d+)\] +(.+?) {2,}(\w+\.py.*)$", re.MULTILINE)
GRID = """
.side-by-side .step { display: grid; gap: 0 1.2rem;
  grid-template-columns: minmax(0, 1fr); }
@media (min-width: 900px) { .side-by-side .step {
  grid-template-columns: minmax(0, 6fr) minmax(0, 5fr) minmax(0, 3fr); } }
.side-by-side h4 { margin: 0.6rem 0 0.3rem; }
.side-by-side p, .side-by-side ul { margin: 0 0 0.6rem; }
.side-by-side ul { list-style: none; padding: 0; }
.side-by-side li { margin-bottom: 0.4rem; }
"""


@dataclass(frozen=True)
class Step:
    """A row; the note says what Keras does without being told."""

    name: str
    about: str
    numpy: list[Excerpt]
    keras: list[Excerpt]
    note: str
    equations: tuple[int, ...] = ()


def steps() -> list[Step]:
    """Return the rows, in the order in which things happen."""
    return [
        Step(
            "build",
            "Kernels W (I, O) and biases b (O,) get their first values.",
            cut(OURS + NET, OURS + "layers.py:Dense.build"),
            cut(THEIRS + NET, "assignment.py::keras_model.set_weights()"),
            "The same lines after another import. `keras.layers.Dense.build` "
            "makes the same shapes, so one call hands all weights over.",
        ),
        Step(
            "forward",
            "From the pixels to the outputs, layer after layer.",
            cut(
                OURS + "sequential.py:Sequential._forward",
                OURS + "layers.py:Dense.forward",
                OURS + "activations.py:sigmoid",
            ),
            [],
            "Nothing to write: `keras.Sequential` calls one layer after the "
            "other, `keras.layers.Dense.call` computes both equations.",
            (1, 2),
        ),
        Step(
            "loss",
            "How wrong the outputs are: one number for a batch.",
            cut(
                OURS + "losses.py:MeanSquaredError.__call__",
                OURS + "losses.py:CategoricalCrossentropy.__call__",
                OURS + "regularizers.py:L2",
            ),
            cut(THEIRS + NET + ":model.compile(loss)"),
            "A name is enough: `keras.Model.compute_loss` calls "
            "`keras.losses.MeanSquaredError` and adds the regularizers.",
            (7, 9, 11),
        ),
        Step(
            "backward",
            "How the loss feels every weight, from the last layer back.",
            cut(
                OURS + "losses.py:MeanSquaredError.gradient",
                OURS + "losses.py:CategoricalCrossentropy.gradient",
                OURS + "activations.py:sigmoid_vjp",
                OURS + "sequential.py:Sequential._backward",
                OURS + "layers.py:Dense.backward",
                OURS + "layers.py:Dense.input_gradient",
                OURS + "layers.py:Dense.gradients",
            ),
            [],
            "Automatic differentiation: nothing to write. A `tf.GradientTape` "
            "in `keras.Model.train_step` records the forward pass, and "
            "returns every gradient.",
            (8, 10, 3, 6, 4, 5),
        ),
        Step(
            "update",
            "Every weight goes a small step down the slope.",
            cut(OURS + "optimizers.py:SGD.apply", OURS + "updates.py:fused"),
            cut(THEIRS + NET + ":model.compile(optimizer)"),
            "To choose is enough: `keras.Model.train_step` hands the "
            "gradients to `keras.optimizers.SGD.update_step`.",
            (12,),
        ),
        Step(
            "one epoch",
            "All of the above, once for each batch.",
            cut(
                OURS + "sequential.py:Sequential._pass",
                OURS + "sequential.py:Sequential._train_step",
            ),
            cut(
                THEIRS + "compiled_epoch.py:_program",
                THEIRS + "compiled_epoch.py:_loop",
            ),
            "Nothing to write: for each batch `keras.Model.fit` calls "
            "`keras.Model.train_step` as a graph. The loop as one graph, too:",
        ),
        Step(
            "fit",
            "Epoch after epoch, with a look at the validation images.",
            cut(TRAIN + ".fit()", OURS + "sequential.py:Sequential.fit"),
            cut(TRAIN + ".fit()"),
            "The same line. `keras.Model.fit` holds back the validation "
            "images, shuffles, and keeps the history.",
        ),
        Step(
            "evaluate",
            "The forward pass and the loss, without an update.",
            cut(
                TRAIN + ".evaluate()",
                OURS + "sequential.py:Sequential._test_step",
            ),
            cut(TRAIN + ".evaluate()"),
            "The same line, which calls `keras.Model.test_step`.",
        ),
        Step(
            "predict",
            "The forward pass alone.",
            cut(
                TRAIN + ".predict()", OURS + "sequential.py:Sequential.predict"
            ),
            cut(TRAIN + ".predict()"),
            "The same line, which calls `keras.Model.predict_step`.",
        ),
    ]


def equations() -> dict[int, tuple[str, str]]:
    """Return what numpy_net lists: number to equation and where it is."""
    return {
        int(number): (" ".join(equation.split()), re.sub(" {2,}", ", ", where))
        for number, equation, where in EQUATION.findall(_listed())
    }


def style() -> str:
    """Return the CSS of section(), for light and dark screens."""
    return GRID + STYLE


def section() -> str:
    """Return the rows as HTML, with headings from h3 down."""
    *_, letters, _ = _listed().split("\n\n")
    rows = map(_row, range(1, 1 + len(steps())), steps())
    return (
        '<div class="side-by-side">\n<p>The code is cut from the files, '
        "without its docstrings; a number in brackets is that of an "
        f"equation. {escape(letters)}</p>\n{''.join(rows)}</div>\n"
    )


def _row(number: int, step: Step) -> str:
    known = equations()
    listed = "".join(
        f'<li id="equation-{n}"><code>[{n}] {escape(known[n][0])}</code><br>'
        f"<small>{escape(known[n][1])}</small></li>"
        for n in step.equations
    )
    listed = listed or "<li>None of its own.</li>"
    ours = "".join(excerpt.html() for excerpt in step.numpy)
    theirs = "".join(excerpt.html() for excerpt in step.keras)
    return (
        f'<h3 id="step-{step.name.replace(" ", "-")}">{number}. '
        f"{step.name.capitalize()}</h3>\n<p>{_prose(step.about)}</p>\n"
        f'<div class="step">\n<div><h4>NumPy</h4>{ours}</div>\n'
        f"<div><h4>Keras</h4><p>{_prose(step.note)}</p>{theirs}</div>\n"
        f"<div><h4>Equations</h4><ul>{listed}</ul></div>\n</div>\n"
    )


def _prose(text: str) -> str:
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _listed() -> str:
    """The docstring of numpy_net, which is read, not imported."""
    path = ROOT / "numpy_net" / "__init__.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return ast.get_docstring(tree) or ""
