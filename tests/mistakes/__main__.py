"""python -m tests.mistakes NAME: plant a mistake, and see what catches it."""

import argparse
import sys

from numpy_net import config, utils
from numpy_net.gradient_check import check, complex_step, loss_of
from numpy_net.gradient_check.__main__ import Parser, samples
from tests.mistakes import MISTAKES, planted
from tests.mistakes.diagnosis import diagnose
from tests.mistakes.planting import small_nets

EXAMPLES = """\
examples:
  python -m tests.mistakes --list
  python -m tests.mistakes softmax_diagonal
"""


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: it is shown; 2: there is no such mistake."""
    parser = Parser(
        prog="python -m tests.mistakes",
        description="Plant a mistake of the gallery; see what catches it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("name", metavar="NAME", nargs="?")
    choice.add_argument("--list", action="store_true", help="the gallery")
    options = parser.parse_args(arguments)
    if options.list:
        return _list()
    if options.name not in MISTAKES:
        known = ", ".join(sorted(MISTAKES))
        print(
            f"error: unknown mistake {options.name!r}; known: {known}",
            file=sys.stderr,
        )
        return 2
    config.set_floatx("float64")
    utils.set_random_seed(0)
    return _break(MISTAKES[options.name])


def _list():
    kind = None
    for entry in MISTAKES.values():
        if entry.kind != kind:
            kind = entry.kind
            print(f"{kind}:")
        print(f"  {entry.title:39}{entry.slip}")
    return 0


def _break(entry):
    print(f"{entry.title}: {entry.slip}")
    print(f"  seen in  {entry.seen}")
    print(f"  effect   {entry.effect}\n")
    caught = False
    for model in small_nets():
        x, y = samples(model)
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
            f"{output.activation.__name__}, {model.loss}"
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
