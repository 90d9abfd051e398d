"""What can be said on the command line, and the help for it."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from benchmarks.rows.contenders import TIERS
from benchmarks.run.runner import TIMEOUT

EXAMPLES = """\
examples:
  python -m benchmarks                  a quick look, on a part of MNIST
  python -m benchmarks --tier full      the assignment's own settings
  python -m benchmarks --only numpy-batch-10,keras-batch-10 --rounds 5
  python -m benchmarks --data digits    without MNIST, without a network
  python -m benchmarks --only xgboost --add sklearn.naive_bayes:GaussianNB

other commands (each has its own --help):
  step           what one update costs, by batch size and width
  ladder         from the textbook program to a compiled epoch
  tta            time to accuracy, over seeds
  trees          what the time of boosted trees depends on
  report DIR     draw a run's figures and tables anew
  check DIR      what makes a run's seconds doubtful
  compare A B    has a row become slower? two runs on one machine
  beside A B ... runs side by side, without a ratio (1 thread and 2, say)
  search         many settings at once, here or on a Dask cluster
  export DIR     the raw times as CSV
  doctor         what this machine is, and whether it is quiet enough
"""
JOBS = {
    "bench": ("Train the assignment's nets in NumPy and in Keras, and "
              "XGBoost, on the same images; compare accuracy, F1 and time.",
              EXAMPLES),
    "step": ("Time one update at many batch sizes and widths; fit "
             "t = alpha + beta * batch_size; say where the answer turns.",
             "example:\n  python -m benchmarks step --tier full --threads 1"),
    "ladder": ("Walk from the textbook NumPy program to a compiled Keras "
               "epoch, one change a rung.",
               "example:\n  python -m benchmarks ladder --threads 1"),
    "trees": ("What the time of boosted trees depends on: XGBoost's defaults "
              "with one thing changed at a time.",
              "example:\n  python -m benchmarks trees --tier full"),
    "tta": ("Train each net, over several seeds, until a validation "
            "accuracy that was fixed beforehand.",
            "example:\n  python -m benchmarks tta --tier full"),
}  # fmt: skip


class Parser(argparse.ArgumentParser):
    """Says what was wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options, with the command's name in ``command``."""
    parser = _job("bench", "python -m benchmarks")
    parser.set_defaults(command="bench")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", parser_class=Parser,
        prog="python -m benchmarks",
        help=argparse.SUPPRESS,
    )  # fmt: skip
    for name in ("step", "ladder", "tta", "trees"):
        _add_options(_command(commands, name, *JOBS[name]))
    again = _command(
        commands, "report", "Draw a run's figures and tables anew.",
        "example:\n  python -m benchmarks report results/NAME",
    )  # fmt: skip
    _add_folder(again)
    again.add_argument(
        "--readme", metavar="FILE", help="put the table into this file, too"
    )
    again.add_argument(
        "--publish", metavar="DIR",
        help="write all of it to this folder, without images of the data",
    )  # fmt: skip
    _add_open(again)
    _add_folder(_command(
        commands, "check",
        "Judge a run: noise, missing rounds, threads, the gate. Exit code "
        "1 if its seconds are doubtful.",
        "example:\n  python -m benchmarks check results/NAME",
    ))  # fmt: skip
    both = _command(
        commands, "compare",
        "Hold the seconds of two runs on the same machine to each other. "
        "Exit code 1 if a row became clearly slower.",
        "example:\n  python -m benchmarks compare results/A results/B "
        "--fail-over 10",
    )  # fmt: skip
    for name in ("old", "new"):
        both.add_argument(name, metavar=name.upper(), help="folder of a run")
    both.add_argument(
        "--fail-over", type=_percent, default=10.0, metavar="PERCENT",
        help="how much slower a row may be (10)",
    )  # fmt: skip
    _command(
        commands, "beside",
        "Seconds per epoch of several runs side by side, without a ratio: "
        "they may differ in threads, tier, data or machine.",
        "example:\n  python -m benchmarks beside results/ONE results/TWO",
    ).add_argument(
        "folders", metavar="DIR", nargs="+", help="folders of runs"
    )  # fmt: skip
    _add_folder(_command(
        commands, "export", "Write a run's raw times as CSV files beside it.",
        "example:\n  python -m benchmarks export results/NAME",
    ))  # fmt: skip
    _command(
        commands, "doctor",
        "Five seconds: what this machine is, and whether it is quiet enough "
        "for timing (else exit code 1).",
        "example:\n  python -m benchmarks doctor",
    )  # fmt: skip
    _add_search(_command(
        commands, "search",
        "Try many settings: the sweeps of question 3.3.4 and GridSearchCV "
        "over both nets and XGBoost, by joblib; on a Dask cluster too.",
        "examples:\n  python -m benchmarks search\n"
        "  python -m benchmarks search --scheduler tcp://HOST:8786",
    ))  # fmt: skip
    words = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(words)
    if options.command not in (None, *words[:1]):
        # Its own defaults would silently replace what was said before it.
        parser.error(f"put {options.command} first, its options after it")
    options.command = options.command or "bench"
    return options


def _job(name: str, program: str) -> Parser:
    description, epilog = JOBS[name]
    parser = Parser(
        prog=program,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        usage="%(prog)s [COMMAND] [options]",
    )
    _add_options(parser)
    parser.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="MODULE:FACTORY",
        help="a row for a scikit-learn classifier of yours",
    )
    return parser


def _command(
    commands: "argparse._SubParsersAction[Parser]",
    name: str,
    description: str,
    epilog: str,
) -> Parser:
    return commands.add_parser(
        name,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_folder(parser: Parser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the folder of a run")


def _add_open(parser: Parser) -> None:
    parser.add_argument(
        "--open", action="store_true", help="show the page in a browser"
    )


def _add_options(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "--tier",
        choices=list(TIERS),
        default="quick",
        help="how much data, and how often",
    )
    add(
        "--only",
        action="append",
        default=[],
        metavar="NAME[,NAME]",
        help="these rows alone (see --list)",
    )
    add("--list", action="store_true", help="list the rows and stop")
    add(
        "--rounds",
        type=whole(1, 1000),
        metavar="N",
        help="train every row so often, each time with another seed "
        "(the tier's)",
    )
    seed = whole(0, 2**32 - 1001)
    add("--seed", type=seed, default=0, help="of weights and order (0)")
    add(
        "--threads",
        default="all",
        metavar="N|all",
        help="threads of every library, and cores (all that there are)",
    )
    add(
        "--device",
        choices=["cpu", "gpu"],
        default="cpu",
        help="gpu: the rows that can use one; cpu: hide it from all",
    )
    _add_data(parser)
    add("--out", metavar="DIR", help="a new folder (results/TIME-HOST-TIER)")
    _add_open(parser)
    add("--resume", metavar="DIR", help="go on with a run that was stopped")
    add(
        "--timeout",
        type=_seconds,
        default=TIMEOUT,
        metavar="SECONDS",
        help="stop a row that takes longer, and go on",
    )


def _add_data(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "--data",
        default="auto",
        choices=["auto", "mnist", "digits"],
        help="mnist: refuse anything else; digits: the small set that "
        "scikit-learn carries; auto: that one if MNIST cannot be had",
    )
    add("--data-dir", help="folder with MNIST's four files or mnist.npz")


def _add_search(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster, as in tcp://HOST:8786",
    )
    add(
        "--processes",
        type=whole(1, 1000),
        metavar="N",
        help="without a scheduler: so many at a time (as there are cores)",
    )
    add(
        "--images",
        type=whole(100, 60_000),
        default=3_000,
        metavar="N",
        help="training images, 100 to 60,000 (3000)",
    )
    add(
        "--only",
        metavar="NAME[,NAME]",
        help="some of sweep, numpy, keras and xgboost (all)",
    )
    _add_data(parser)


def is_number(text: str) -> bool:
    """Whether it is a whole number in plain digits, and not for pages."""
    return text.isascii() and text.isdecimal() and len(text) < 20


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number in a range for argparse."""

    def read(text: str) -> int:
        if not is_number(text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {least} to {most}, got {text!r}"
            )
        return int(text)

    return read


def _seconds(text: str) -> float:
    return _positive(text, "seconds")


def _percent(text: str) -> float:
    return _positive(text, "percent")


def _positive(text: str, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(
            f"expected a number of {unit} above 0, got {text!r}"
        )
    return value
