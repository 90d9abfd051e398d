"""python -m numpy_net.gradient_check: the gradients of both nets, as a table.

Five dense random samples, float64. Exit code 0: right; 1: a gradient is
wrong; 2: bad input.
"""

import argparse
import sys

import numpy as np

from numpy_net import config, utils
from numpy_net.architectures import assignment_net, custom_net
from numpy_net.gradient_check import check

PROG = "python -m numpy_net.gradient_check"


class Parser(argparse.ArgumentParser):
    """Says what was wrong in one line, without the usage before it."""

    def error(self, message):
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def main(arguments: list[str] | None = None) -> int:
    Parser(
        prog=PROG,
        description="Check the gradients of both nets, entry by entry.",
        epilog=f"example: {PROG}",
    ).parse_args(arguments)
    config.set_floatx("float64")
    utils.set_random_seed(0)
    right = all([_check(assignment_net, None), _check(custom_net, 200)])
    print(
        "Every gradient is that of the loss, to rounding."
        if right
        else "A gradient is wrong: see the lines marked with !."
    )
    return 0 if right else 1


def samples(model, count: int = 5):
    """Dense random inputs: no pixel is 0, as MNIST's edges are."""
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (count, *model.input_shape[1:]))
    classes = model.output_shape[1]
    return x, np.eye(classes)[np.arange(count) % classes]


def _check(make, entries):
    model = make()
    x, y = samples(model)
    report = check(model, x, y, entries)
    taken = "every weight" if entries is None else f"{entries} of each"
    print(
        f"{make.__name__}: {model.loss}, {model.count_params():,} weights, "
        f"5 samples, float64\n{report}\n(complex step and central "
        f"difference: {taken}; directions: all)\n"
    )
    return report.ok


if __name__ == "__main__":
    sys.exit(main())
