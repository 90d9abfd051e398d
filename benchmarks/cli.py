"""The command line: each command's options and action stand together.

What an action needs is imported within it, so that --help is there at once.
"""

import argparse
import os
import signal
import sys
import webbrowser
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from msgspec.structs import replace

from benchmarks import InputError, printable
from benchmarks.record import folder as folders
from benchmarks.record.machine import describe, usable_cores
from benchmarks.record.record import Record
from benchmarks.record.request import TIERS, Request
from benchmarks.rows import table
from benchmarks.rows.row import Row

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.run.parent import Parent
    from benchmarks.run.progress import Display

EXAMPLES = """\
examples:
  python -m benchmarks                  a quick look, on a part of MNIST
  python -m benchmarks --tier full      the assignment's own settings
  python -m benchmarks --only numpy-batch-10,keras-batch-10 --rounds 5
  python -m benchmarks --only ladder    one change at a time: see --list
  python -m benchmarks --data digits    without MNIST, without a network
  python -m benchmarks --only xgboost --add sklearn.naive_bayes:GaussianNB

other commands (each has its own --help):
  report DIR     draw a run's page, figures and tables anew
  check DIR      what makes a run's seconds doubtful
  compare A B    has a row become slower? two runs on one machine
"""


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code.

    0  all went well (rows whose library is not installed are named)
    1  a row failed or diverged, the others are done; or what was asked of
       check or compare is not so
    2  bad input, said in one line
    """
    _open_streams()
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(options.action(options))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "stopped; the finished rows are kept (--resume DIR goes on)",
            file=sys.stderr,
        )
        return 130
    except BrokenPipeError:  # `| head`: nobody reads on, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a full disk, a folder that was taken away
        print(
            f"error: {error.filename or 'writing'}: {error.strerror}; what "
            f"was written before is kept: make room, or give a folder that "
            f"can be written (--resume DIR goes on with a run)",
            file=sys.stderr,
        )
        return 2


# The main job


def _bench_options(parser: "Parser") -> None:
    """What the main job can be told."""
    add = parser.add_argument
    # fmt: off
    add("--tier", choices=list(TIERS), default="quick",
        help="how much data, and how often")
    add("--only", action="append", default=[], metavar="NAME[,NAME]",
        help="these rows or groups alone (see --list)")
    add("--list", action="store_true", help="list rows and groups, and stop")
    add("--rounds", type=whole(1, 1000), metavar="N",
        help="train every row so often, with a seed each time (the tier's)")
    add("--seed", type=whole(0, 2**32 - 1001), default=0, metavar="N",
        help="of weights and order (0)")
    add("--threads", type=_threads, default=usable_cores(), metavar="N|all",
        help="threads of every library, and cores (all that there are)")
    add("--device", choices=["cpu", "gpu"], default="cpu",
        help="gpu: the rows that can use one; cpu: hide it from all")
    add("--data", default="auto", choices=["auto", "mnist", "digits"],
        help="mnist: refuse anything else; digits: the small set that "
        "scikit-learn carries; auto: that one if MNIST cannot be had")
    add("--data-dir", metavar="DIR",
        help="folder with MNIST's four files or mnist.npz")
    add("--add", action="append", default=[], metavar="MODULE:FACTORY",
        help="a row for a scikit-learn classifier of yours")
    add("--out", metavar="DIR", help="a new folder (results/TIME-HOST-TIER)")
    add("--resume", metavar="DIR", help="go on with a run that was stopped")
    add("--timeout", type=_above_0("seconds"), default=7200.0,
        metavar="SECONDS", help="stop a row that takes longer, and go on")
    # fmt: on
    _add_open(parser)
    parser.set_defaults(action=bench)


def bench(options: Namespace) -> int:
    """The main job: train, judge, compare."""
    if options.list:
        return _list()
    if options.resume:
        return _resume(Path(options.resume), options)
    from benchmarks.run.parent import Parent

    request = _request(options)
    new = options.out is None or not os.path.exists(options.out)
    folder = folders.new_folder(options.out, request.tier)
    display = _announce(request)
    parent = Parent(request, folder, display)
    try:
        with folders.claimed(folder), display:
            record = _run(parent)
    except (InputError, KeyboardInterrupt) as error:
        if (folder / "results.json").exists():
            raise
        if new:  # it holds nothing but our own
            folders.discard(folder)
        if isinstance(error, InputError):
            raise
        print("stopped before anything had begun", file=sys.stderr)
        return 130
    return _conclude(folder, record, display, options.open)


def _run(parent: "Parent") -> Record:
    """Refuse what cannot be done before all else; then do it."""
    if parent.request.device == "gpu":
        parent.require_gpu()
    if any(row.added for row in parent.request.rows):
        parent.require_added()
    return parent.go_on(parent.begin(parent.find_data()))


def _request(options: Namespace) -> Request:
    """What the words of the command line ask for."""
    words = [word for text in options.only for word in text.split(",")]
    rows = table.choose(words) if words else list(table.MAIN)
    if options.tier == "quick" and not words:
        rows = [row for row in rows if row.quick]
    rows += [table.added(name) for name in sorted(set(options.add))]
    if options.device == "gpu":
        rows = [row for row in rows if row.gpu]
    if not rows:
        raise InputError(f"none of the chosen rows can use a {options.device}")
    # Seeds are what time to accuracy is about.
    least = 3 if any(row.until for row in rows) else 1
    return Request(
        tier=options.tier,
        rows=rows,
        rounds=options.rounds or max(TIERS[options.tier].rounds, least),
        seed=options.seed,
        threads=options.threads,
        device=options.device,
        data=options.data,
        data_dir=options.data_dir,
        timeout=options.timeout,
    )


def _announce(request: Request) -> "Display":
    """Say what will be done, before it starts."""
    from benchmarks.run.progress import Display, standard_output

    display = Display(standard_output(), len(request.plan()))
    rounds, threads = request.rounds, request.threads
    display.say(
        f"{request.tier} tier ({request.limits.note}), {rounds} "
        f"round{'s' * (rounds > 1)}, {threads} thread{'s' * (threads > 1)}: "
        f"{', '.join(row.name for row in request.rows)}"
    )
    everything = {row.name for row in table.MAIN if row.quick}
    if request.quick and everything <= {row.name for row in request.rows}:
        left = [row.name for row in table.MAIN if not row.quick]
        display.say(f"left out: {', '.join(left)} (--tier full has them)")
    return display


def _resume(folder: Path, options: Namespace) -> int:
    """Do what a run that was stopped still lacks, and only that."""
    from benchmarks.run.parent import Parent
    from benchmarks.run.progress import Display, standard_output

    Record.load(folder)  # it is a run, before anything is written there
    with folders.claimed(folder):
        folders.tidy(folder)
        record = Record.load(folder)
        _refuse_other_machine(record, folder)
        _refuse_code_of_others(record, options.add, folder)
        left = record.missing()
        display = Display(standard_output(), len(left))
        display.say(
            f"{len(left)} of {len(record.request.plan())} runs are left"
        )
        request = replace(record.request, data_dir=options.data_dir)
        parent = Parent(request, folder, display)
        with display:
            data = parent.find_data(record.data.sha256)
            if data.sha256 != record.data.sha256:
                raise InputError(
                    f"{folder} was begun with other data ({data.name} is "
                    f"not the same here): start a new run"
                )
            record = parent.go_on(record)
    return _conclude(folder, record, display, options.open)


def _refuse_other_machine(record: Record, folder: Path) -> None:
    here, there = describe().id, record.machine.id
    if there != here:
        raise InputError(
            f"{folder} was begun on another machine or with other versions "
            f"({there}, here {here}): its seconds and those of here do not "
            f"mix; start a new run"
        )
    if record.request.threads > usable_cores():
        raise InputError(
            f"{folder}: expected at most {usable_cores()} threads, got "
            f"{record.request.threads}: the file is damaged; run again"
        )


def _refuse_code_of_others(
    record: Record, add: list[str], folder: Path
) -> None:
    """A results file may come from anywhere: it cannot say what is run."""
    for row in record.rows:
        if row.added and row.name not in add:
            raise InputError(
                f"{folder} has a row {row.name}, code that is not of this "
                f"project: if you trust it, say --add {row.name} again"
            )


def _conclude(
    folder: Path, record: Record, display: "Display", open_it: bool
) -> int:
    """Show the tables and the page; return the exit code."""
    from benchmarks.report import terminal

    terminal.show(display.console, record)
    _point_to(folder, display.console, open_it)
    fine = ("ok", "not installed")
    failed = any(run.status not in fine for run in record.runs)
    return int(failed or record.comparison is None)


def _point_to(folder: Path, console: "Console", open_it: bool) -> None:
    """Name the page, last of all; show it if that was asked for."""
    page = folder / "index.html"
    if not page.is_file():  # it could not be drawn, and that was said
        page = folder / "results.json"
    elif open_it:
        webbrowser.open(page.resolve().as_uri())
    console.print(printable(str(page)), markup=False, soft_wrap=True)


def _list() -> int:
    """Print name, title and settings of every row, group by group."""
    for group, rows in table.GROUPS.items():
        print(f"{group}:")
        for row in rows:
            print(f"  {row.name:29}{row.title:43}{_settings(row)}".rstrip())
    return 0


def _settings(row: Row) -> str:
    if row.net is None or row.task != "train":
        return ""
    return f"batch {row.batch_size}, epochs {row.epochs}"


# What is done with finished runs


def _report_options(parser: "Parser") -> None:
    # fmt: off
    parser.add_argument("folder", metavar="DIR", help="the folder of a run")
    parser.add_argument("--readme", metavar="FILE",
                        help="put the table into this file, too")
    parser.add_argument("--publish", metavar="DIR",
                        help="write all of it to this folder, without images "
                        "of the data")
    # fmt: on
    _add_open(parser)


def report(options: Namespace) -> int:
    """Draw a run's page, figures and tables from its results.json."""
    from benchmarks.report import readme, terminal, write
    from benchmarks.run.progress import standard_output

    folder = Path(options.folder)
    record = Record.load(folder)
    if options.publish:
        folder, record = Path(options.publish), record.published()
    if options.readme:  # first of all: it may have to be refused
        readme.write_into(Path(options.readme), record)
    if options.publish:
        record.save(folder)
    write.write(folder, record)
    console = standard_output()
    terminal.show(console, record)
    _point_to(folder, console, options.open)
    return 0


def _check_options(parser: "Parser") -> None:
    parser.add_argument("folder", metavar="DIR", help="the folder of a run")


def check(options: Namespace) -> int:
    """Say what makes a run's seconds doubtful; 1 if anything does."""
    from benchmarks.analysis.analysis import Analysis
    from benchmarks.report import tables, templating, terminal
    from benchmarks.run.progress import standard_output

    analysis = Analysis(Record.load(Path(options.folder)))
    console = standard_output()
    terminal.show_table(console, tables.table("fairness", analysis))
    doubts = templating.say("verdict.txt", "doubts", analysis)
    for line in doubts:
        console.print(line, markup=False, soft_wrap=True)
    failed = any(f.outcome == "FAILED" for f in analysis.findings)
    return int(failed or bool(doubts))


def _compare_options(parser: "Parser") -> None:
    # fmt: off
    parser.add_argument("old", metavar="OLD", help="folder of a run")
    parser.add_argument("new", metavar="NEW", help="folder of a run")
    parser.add_argument("--fail-over", type=_above_0("percent"), default=10.0,
                        metavar="PERCENT",
                        help="how much slower a row may be (10)")
    # fmt: on


def compare(options: Namespace) -> int:
    """Two runs side by side; 1 if a row became clearly slower."""
    from benchmarks.analysis.compare import changes
    from benchmarks.report import tables, terminal
    from benchmarks.run.progress import standard_output

    old, new = (
        Record.load(path.parent if path.name == "results.json" else path)
        for path in map(Path, (options.old, options.new))
    )
    compared = changes(old, new)
    console = standard_output()
    shown = tables.table("changes", None, changes=compared)
    terminal.show_table(console, shown)
    over = options.fail_over
    limit = 1 + over / 100
    slower = [c.row.title for c in compared if c.clear and c.ratio > limit]
    if slower:
        line = f"slower by more than {over:g} %: {', '.join(slower)}"
        console.print(line, markup=False)
    return int(bool(slower))


COMMANDS = {
    "report": (
        _report_options,
        report,
        "Draw a run's page, figures and tables anew.",
        "results/NAME",
    ),
    "check": (
        _check_options,
        check,
        "Judge a run: noise, missing rounds, threads, equal updates. Exit "
        "code 1 if its seconds are doubtful.",
        "results/NAME",
    ),
    "compare": (
        _compare_options,
        compare,
        "Hold the seconds of two runs on the same machine to each other. "
        "Exit code 1 if a row became clearly slower.",
        "results/A results/B --fail-over 10",
    ),
}


# Reading the words


class Parser(argparse.ArgumentParser):
    """Says what was wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def _parse(words: list[str]) -> Namespace:
    """Return the options, with what to do in ``action``."""
    parser = Parser(
        prog="python -m benchmarks",
        description="Train the assignment's nets in NumPy and in Keras, and "
        "XGBoost, on the same images; compare accuracy, F1 and time.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        usage="%(prog)s [COMMAND] [options]",
    )
    _bench_options(parser)
    commands = parser.add_subparsers(
        dest="command",
        metavar="COMMAND",
        prog="python -m benchmarks",
        help=argparse.SUPPRESS,
    )
    for name, (add_options, action, about, words_after) in COMMANDS.items():
        command = commands.add_parser(
            name,
            description=about,
            epilog=f"example: python -m benchmarks {name} {words_after}",
            allow_abbrev=False,
        )
        add_options(command)
        command.set_defaults(action=action)
    options = parser.parse_args(words)
    if options.command not in (None, *words[:1]):
        # Its own defaults would silently replace what was said before it.
        parser.error(f"put {options.command} first, its options after it")
    return options


def _add_open(parser: Parser) -> None:
    parser.add_argument(
        "--open", action="store_true", help="show the page in a browser"
    )


def _is_number(text: str) -> bool:
    """Whether it is a whole number in plain digits, and not for pages."""
    return text.isascii() and text.isdecimal() and len(text) < 20


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number in a range for argparse."""

    def read(text: str) -> int:
        if not _is_number(text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {least} to {most}, got {text!r}"
            )
        return int(text)

    return read


def _threads(text: str) -> int:
    cores = usable_cores()
    if text == "all":
        return cores
    if not _is_number(text) or not 1 <= int(text) <= cores:
        raise argparse.ArgumentTypeError(
            f"expected 1 to {cores} (the cores that can be used here) or "
            f"all, got {text!r}"
        )
    return int(text)


def _above_0(unit: str) -> Callable[[str], float]:
    """Return what reads a number above 0 for argparse."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value < 1e9:
            raise argparse.ArgumentTypeError(
                f"expected a number of {unit} above 0, got {text!r}"
            )
        return value

    return read


def _open_streams() -> None:
    """Give a closed stream somewhere to write to: nobody wants to read it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8"))


def _interrupt(*_: object) -> NoReturn:
    """A plain kill ends like Ctrl-C: no process is left behind."""
    raise KeyboardInterrupt
