"""python -m numpy_net.gradient_check: the check as a table, and the gallery.

Both nets, five dense random samples, float64.
"""

import argparse
import sys

import numpy as np

from numpy_net import config, utils
from numpy_net.architectures import assignment_net, custom_net
from numpy_net.gradient_check import check, complex_step, diagnose, loss_of
from numpy_net.layers import Dense, Flatten, Input
from numpy_net.mistakes import MISTAKES, planted
from numpy_net.sequential import Sequential

EXAMPLES = """\
examples:
  python -m numpy_net.gradient_check
  python -m numpy_net.gradient_check --break softmax_diagonal
  python -m numpy_net.gradient_check --list
"""


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: as it should be; 1: a gradient is wrong; 2: bad input."""
    options = _parser().parse_args(arguments)
    config.set_floatx("float64")
    utils.set_random_seed(0)
    if options.list:
        return _list()
    if options.mistake is None:
        return _check_both()
    if options.mistake not in MISTAKES:
        known = ", ".join(sorted(MISTAKES))
        print(
            f"error: unknown mistake {options.mistake!r}; known: {known}",
            file=sys.stderr,
        )
        return 2
    return _break(MISTAKES[options.mistake])


class _Parser(argparse.ArgumentParser):
    """Says what was wrong in one line, without the usage before it."""

    def error(self, message):
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def _parser():
    parser = _Parser(
        prog="python -m numpy_net.gradient_check",
        description="Check the gradients of both nets, entry by entry.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--break",
        dest="mistake",
        metavar="NAME",
        help="plant a mistake of the gallery, and see what catches it",
    )
    choice.add_argument(
        "--list", action="store_true", help="list the gallery's mistakes"
    )
    return parser


def _list():
    for kind in ("gradients", "values", "updates", "loops", "metrics"):
        print(f"{kind}:")
        for entry in MISTAKES.values():
            if entry.kind == kind:
                print(f"  {entry.title:39}{entry.slip}")
    return 0


def _samples(model, count=5):
    """Dense random inputs: no pixel is 0, as MNIST's edges are."""
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (count, *model.input_shape))
    classes = model.output_shape[0]
    return x, np.eye(classes)[np.arange(count) % classes]


def _check_both():
    right = True
    for make in (assignment_net, custom_net):
        model = make()
        entries = None if make is assignment_net else 200
        x, y = _samples(model)
        report = check(model, x, y, entries)
        taken = "every weight" if entries is None else "200 of each"
        print(
            f"{make.__name__}: {model.loss.name}, {model.count_params():,} "
            f"weights, 5 samples, float64"
        )
        print(report)
        print(
            f"(complex step and central difference: {taken}; "
            f"directions: all)\n"
        )
        right = right and report.ok
    print(
        "Every gradient is that of the loss, to rounding."
        if right
        else "A gradient is wrong: see the lines marked with !."
    )
    return 0 if right else 1


def small_nets() -> list[Sequential]:
    """Small nets that show every mistake: all activations, both losses.

    The two hidden layers are equally wide, else a missing transpose would
    be an error in itself.
    """
    nets = []
    for hidden, output, loss, regularizer in (
        ("sigmoid", "sigmoid", "mean_squared_error", None),
        ("relu", "softmax", "mean_squared_error", None),
        ("tanh", "softmax", "categorical_crossentropy", "l2"),
    ):
        net = Sequential(
            [
                Input((3, 2)),
                Flatten(),
                Dense(7, hidden, kernel_regularizer=regularizer),
                Dense(7, hidden),
                Dense(4, output),
            ]
        )
        net.compile("sgd", loss)
        rng = np.random.default_rng(3)
        net.set_weights([rng.normal(size=w.shape) for w in net.weights])
        nets.append(net)
    return nets


def _break(entry):
    print(f"{entry.title}: {entry.slip}")
    print(f"  seen in  {entry.seen}")
    print(f"  effect   {entry.effect}\n")
    caught = False
    for model in small_nets():
        x, y = _samples(model)
        right = complex_step(loss_of(model, x, y), model.get_weights())
        with planted(entry):
            report = check(model, x, y)
            wrong = model.gradients(x, y)
        if report.ok:
            continue
        caught = True
        hidden, output = model.layers[1], model.layers[-1]
        print(
            f"{hidden.activation.__name__} and "
            f"{output.activation.__name__}, {model.loss.name}"
        )
        print(report)
        missed = [m for m in report.methods if m not in report.caught_by]
        print(f"caught by: {', '.join(report.caught_by)}")
        if missed:
            print(f"not by:    {', '.join(missed)}")
        print(f"worst:     {report.worst}")
        print(f"diagnosis: {diagnose(model, x, y, wrong, right)}\n")
    if not caught:
        print(
            f"No gradient check sees it: the gradient is that of the loss. "
            f"See docs/mistakes.md, or run the tests with it:\n"
            f"    python -m pytest --plant {entry.title}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
