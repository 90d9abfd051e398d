"""The command line: train, time and compare, then show where it stands."""

import os
import signal
import sys
import webbrowser
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from benchmarks import cli as command_line
from benchmarks.analysis import compare, fairness
from benchmarks.record import machine, results
from benchmarks.record.errors import InputError
from benchmarks.record.results import Record
from benchmarks.report import beside, export, report, summary
from benchmarks.rows.contenders import (
    CONTENDERS,
    EVERY,
    EXTRAS,
    TIERS,
    is_added,
)
from benchmarks.run import doctor, estimate, jobs, runner, schedule
from benchmarks.run.display import Display, make_display


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code.

    0  all went well (rows whose library is not installed are named)
    1  a contender failed or diverged, the others are done; or what was
       asked of check, compare or doctor is not so
    2  bad input, said in one line
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed: nobody wants to read it
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8"))
    options = command_line.parse(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    command = COMMANDS[options.command]
    try:
        return (
            _read(command, options) if command in READING else command(options)
        )
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


def bench(options: Namespace) -> int:
    """The main job: train, judge, compare."""
    if options.list:
        return _list()
    if options.resume:
        return _resume(options)
    asked = jobs.asked(options)
    new = options.out is None or not os.path.exists(options.out)
    folder = results.new_folder(options.out, asked.tier.name)
    display = _announce(asked)
    try:
        with results.claimed(folder), display:
            if asked.device == "gpu":
                runner.require_gpu(asked, folder, display)
            if options.add:
                runner.require_added(asked, folder, display)
            data = runner.find_data(asked, folder, display)
            record = runner.run(asked, data, folder, display)
    except (InputError, KeyboardInterrupt) as error:
        if (folder / "results.json").exists():
            raise
        if new:  # it holds nothing but our own
            results.discard(folder)
        if isinstance(error, InputError):
            raise
        print("stopped before anything had begun", file=sys.stderr)
        return 130
    return _conclude(folder, record, display, options.open)


def _read(command: Callable[[Namespace], int], options: Namespace) -> int:
    """Do what is done with files: they may hold what no run ever wrote.

    Their form was checked; that their figures make sense was not.
    """
    try:
        return command(options)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise InputError(
            f"the figures of this file make no sense "
            f"({type(error).__name__}: {error}): it is damaged; run again"
        ) from error


def _resume(options: Namespace) -> int:
    """Do what a run that was stopped still lacks, and only that."""
    folder = Path(options.resume)
    results.read(folder)  # it is a run, before anything is written there
    with results.claimed(folder):
        results.tidy(folder)
        return _go_on(options, folder, results.read(folder))


def _go_on(options: Namespace, folder: Path, record: Record) -> int:
    if "asked" not in record or record["tier"] not in TIERS:
        raise InputError(f"{folder} cannot be gone on with: start a new run")
    here = machine.describe()["id"]
    if record["machine"]["id"] != here:
        raise InputError(
            f"{folder} was begun on another machine or with other versions "
            f"({record['machine']['id']}, here {here}): its seconds and "
            f"those of here do not mix; start a new run"
        )
    _refuse_code_of_others(record, options.add, folder)
    if record["threads"] > machine.usable_cores():
        raise InputError(
            f"{folder}: expected at most {machine.usable_cores()} threads, "
            f"got {record['threads']}: the file is damaged; run again"
        )
    left = runner.missing(record) + runner.extras(record)
    count = len(record["plan"]) + len(record["asked"].get("extras", []))
    asked = runner.Options(
        tier=TIERS[record["tier"]],
        train=[],
        step=[],
        data=record["data"]["choice"],
        data_dir=options.data_dir,
        seed=record["seed"],
    )
    points = len(record["asked"]["points"])
    images = record["data"]["train_images"]
    expected = estimate.seconds(left, images, points)
    display = make_display(expected)
    display.say(
        f"{len(left)} of {count} runs are left; about "
        f"{estimate.in_words(sum(expected))}"
    )
    with display:
        sums = record["data"]["sha256"]
        data = runner.find_data(asked, folder, display, sums=sums)
        if data["sha256"] != sums:
            raise InputError(
                f"{folder} was begun with other data ({data['name']} is "
                f"not the same here): start a new run"
            )
        record = runner.go_on(record, options.data_dir, folder, display)
    return _conclude(folder, record, display, options.open)


def _refuse_code_of_others(
    record: Record, add: list[str], folder: Path
) -> None:
    """A results file may come from anywhere: it cannot say what is run."""
    for name in record["contenders"]:
        if is_added(name) and name not in add:
            raise InputError(
                f"{folder} has a row {name}, code that is not of this "
                f"project: if you trust it, say --add {name} again"
            )


def _announce(asked: runner.Options) -> Display:
    """Say what will be done and how long it will take, before it starts."""
    plan = schedule.plan(
        [("train", c.name) for c in asked.train]
        + [("step", c.name) for c in asked.step],
        asked.rounds,
        asked.seed,
    )
    plan += [{"task": n, "contender": "", "round": 0} for n in asked.extras]
    images = asked.tier.n_train or 60_000
    expected = estimate.seconds(plan, images, len(asked.points))
    display = make_display(expected)
    names = dict.fromkeys(c.name for c in (*asked.train, *asked.step))
    display.say(
        f"{asked.tier.name} tier ({asked.tier.note}), {asked.rounds} "
        f"round{'s' * (asked.rounds > 1)}, {asked.threads} "
        f"thread{'s' * (asked.threads > 1)}: {', '.join(names)}; about "
        f"{estimate.in_words(sum(expected))}"
    )
    if asked.tier.name == "quick" and asked.step and asked.train:
        left = [c.name for c in CONTENDERS if c.name not in names]
        display.say(f"left out: {', '.join(left)} (--tier full has them)")
    return display


def _conclude(
    folder: Path, record: Record, display: Display, open_it: bool
) -> int:
    """Show the tables, write summary.md, return the exit code."""
    _show(record, display)
    summary.write(folder, record)
    _point_to(folder, display, open_it)
    fine = ("ok", "not installed")
    parts = [record[n] for n in EXTRAS if n in record]
    failed = any(
        part["status"] not in fine for part in (*record["runs"], *parts)
    )
    return int(failed or record["agreement"] is None)


def _point_to(folder: Path, display: Display, open_it: bool) -> None:
    """Name the page, last of all; show it if that was asked for."""
    page = folder / "index.html"
    if not page.is_file():  # it could not be drawn, and that was said
        page = folder / "summary.md"
    elif open_it:
        webbrowser.open(page.resolve().as_uri())
    display.say(str(page))


def _show(record: Record, display: Display) -> None:
    if summary.rows(record):
        display.table(summary.table(record))
        for line in summary.sentences(record):
            display.say(line)
    for table in report.tables(record):
        if not table.detail:
            display.say("")
            display.table(table)
    loud = report.noisy(record)
    if loud:
        display.say(
            f"The machine was not quiet, so these seconds are no evidence: "
            f"{loud[0]}{f', and {len(loud) - 1} more' * (len(loud) > 1)} "
            f"(python -m benchmarks check lists them)."
        )


def redraw(options: Namespace) -> int:
    """Draw a run's page, figures and tables anew from its results.json."""
    folder = Path(options.folder)
    record = results.read(folder)
    if options.publish:
        folder = Path(options.publish)
        record = results.published(record)
    if options.readme:  # first of all: it may have to be refused
        summary.write_into(Path(options.readme), record)
    if options.publish:
        results.write(folder, record)
    display = make_display([])
    drawn = runner.draw(folder, display)
    summary.write(folder, record)
    _show(record, display)
    _point_to(folder, display, options.open)
    return int(not drawn)


def compare_two(options: Namespace) -> int:
    """Two runs side by side; 1 if a row became clearly slower."""
    old, new = (
        results.read(path.parent if path.name == "results.json" else path)
        for path in map(Path, (options.old, options.new))
    )
    found = compare.changes(old, new)
    display = make_display([])
    display.table(compare.table(found))
    slower = [
        change.name
        for change in found
        if change.clear and change.ratio > 1 + options.fail_over / 100
    ]
    if slower:
        display.say(
            f"slower by more than {options.fail_over:g} %: {', '.join(slower)}"
        )
    return int(bool(slower))


def side_by_side(options: Namespace) -> int:
    """Several runs in one table, without a ratio."""
    records = [results.read(Path(folder)) for folder in options.folders]
    make_display([]).table(beside.table(records))
    return 0


def check(options: Namespace) -> int:
    """Say what makes a run's seconds doubtful; 1 if anything does."""
    record = results.read(Path(options.folder))
    display = make_display([])
    display.table(report.fairly(record))
    complaints = report.noisy(record)
    for line in complaints:
        display.say(line)
    failed = [
        finding
        for finding in fairness.findings(record)
        if finding.outcome == fairness.FAILED
    ]
    return int(bool(failed or complaints))


def diagnose(options: Namespace) -> int:
    """Five seconds: what this machine is, and whether it is quiet enough."""
    display = make_display([])
    table, complaints = doctor.examine()
    display.table(table)
    for line in complaints:
        display.say(f"not quiet enough for timing: {line}")
    if not complaints:
        display.say("quiet enough for timing")
    return int(bool(complaints))


def to_csv(options: Namespace) -> int:
    """Write a run's raw times as CSV beside its results.json."""
    folder = Path(options.folder)
    for path in export.write(folder, results.read(folder)):
        print(path)
    return 0


def find_settings(options: Namespace) -> int:
    """Try many settings, here or on a cluster."""
    from benchmarks.run import search  # NumPy comes in here

    return search.main(options, make_display([]))


COMMANDS = {
    "bench": bench,
    "step": bench,
    "ladder": bench,
    "tta": bench,
    "report": redraw,
    "compare": compare_two,
    "check": check,
    "trees": bench,
    "beside": side_by_side,
    "doctor": diagnose,
    "export": to_csv,
    "search": find_settings,
}


# Commands that are given the file of a run, which may be damaged.
READING = (redraw, compare_two, side_by_side, check, to_csv)


def _list() -> int:
    """Print name, title and settings of every row."""
    for c in EVERY:
        settings = f"batch {c.batch_size}, epochs {c.epochs}" * bool(c.net)
        print(f"{c.name:23}{c.title:41}{settings}".rstrip())
    return 0


def _terminate(*_: object) -> NoReturn:
    """A plain kill ends like Ctrl-C: no process is left behind."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
