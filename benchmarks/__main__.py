"""The command line: train, time and compare, then show where it stands."""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from benchmarks import estimate, machine, results, runner, summary
from benchmarks.contenders import CONTENDERS, TIERS, select
from benchmarks.display import make_display
from benchmarks.errors import InputError

EXAMPLES = """\
examples:
  python -m benchmarks                  a quick look, on a part of MNIST
  python -m benchmarks --tier full      the assignment's own settings
  python -m benchmarks --only numpy-batch-10,keras-batch-10
  python -m benchmarks --data digits    without MNIST, without a network
  python -m benchmarks report results/NAME    draw a run's figures anew
"""


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code.

    0  all went well (rows whose library is not installed are named)
    1  a contender failed or diverged; the others are done
    2  bad input, said in one line
    """
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        if options.command == "report":
            return report(options)
        return list_contenders() if options.list else bench(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the finished rows are kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `| head`: nobody reads on, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def bench(options: argparse.Namespace) -> int:
    """The main job: train, judge, compare."""
    tier = TIERS[options.tier]
    contenders = select([n for o in options.only for n in o.split(",")])
    names = [contender.name for contender in contenders]
    threads = _threads(options.threads)
    folder = results.new_folder(options.out, tier.name)
    expected = estimate.seconds(contenders, tier.n_train or 60_000)
    display = make_display(expected)
    display.say(
        f"{tier.name} tier ({tier.note}): {', '.join(names)}; "
        f"about {estimate.in_words(sum(expected))}"
    )
    asked = runner.Options(
        tier,
        contenders,
        options.data,
        options.data_dir,
        options.seed,
        threads,
    )
    with display:
        data = runner.find_data(asked, folder, display)
        record = runner.run(asked, data, folder, display)
    display.table(record)
    for line in summary.sentences(record):
        display.say(line)
    display.say(str(summary.write(folder, record)))
    fine = ("ok", "not installed")
    failed = any(run["status"] not in fine for run in record["runs"])
    return int(failed or record["agreement"] is None)


def report(options: argparse.Namespace) -> int:
    """Draw a run's figures and table anew from its results.json."""
    folder = Path(options.folder)
    record = results.read(folder)
    try:
        summary.markdown(record)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{folder / 'results.json'} is damaged ({error!r}): run again"
        ) from error
    display = make_display([])
    drawn = runner.draw(folder, display)
    summary.write(folder, record)
    if options.readme:
        summary.write_into(Path(options.readme), record)
    display.table(record)
    return int(not drawn)


def list_contenders() -> int:
    """Print name, title and settings of every row."""
    for c in CONTENDERS:
        settings = f"batch {c.batch_size}, {c.epochs} epochs" * bool(c.net)
        print(f"{c.name:18}{c.title:20}{settings}".rstrip())
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what was wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see python -m benchmarks --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m benchmarks",
        description="Train the assignment's nets in NumPy and in Keras, and "
        "XGBoost, on the same images; compare accuracy, F1 and time.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        usage="%(prog)s [options] | report DIR",
    )
    add = parser.add_argument
    add("--tier", choices=list(TIERS), default="quick", help="how much data")
    add(
        "--only",
        action="append",
        default=[],
        metavar="NAME[,NAME]",
        help="these contenders alone (see --list)",
    )
    add("--list", action="store_true", help="list the contenders and stop")
    add("--seed", type=_seed, default=0, help="of weights and order (0)")
    add(
        "--threads",
        default="all",
        metavar="N|all",
        help="threads of every library (all that this machine has)",
    )
    add(
        "--data",
        default="auto",
        choices=["auto", "mnist", "digits"],
        help="mnist: refuse anything else; digits: the small set that "
        "scikit-learn carries; auto: that one if MNIST cannot be had",
    )
    add("--data-dir", help="folder with MNIST's four files or mnist.npz")
    add("--out", metavar="DIR", help="a new folder (results/TIME-HOST-TIER)")
    commands = parser.add_subparsers(dest="command", metavar="report DIR")
    again = commands.add_parser("report", help="draw a run's figures anew")
    again.add_argument("folder", metavar="DIR", help="the folder of a run")
    again.add_argument(
        "--readme", metavar="FILE", help="put the table into this file, too"
    )
    return parser


def _seed(text: str) -> int:
    if not _is_number(text) or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 0 to {2**32 - 1}, got {text!r}"
        )
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _threads(text: str) -> int:
    cores = machine.usable_cores()
    if text == "all":
        return cores
    if not _is_number(text) or not 1 <= int(text) <= cores:
        raise InputError(
            f"--threads: expected 1 to {cores} (the cores that can be used "
            f"here) or all, got {text!r}"
        )
    return int(text)


def _terminate(*_: object) -> NoReturn:
    """A plain kill ends like Ctrl-C: no process is left behind."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
