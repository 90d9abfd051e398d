"""Progress on the terminal: live on a terminal, plain lines elsewhere."""

import os
import sys
from time import monotonic
from types import TracebackType
from typing import Any

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table as Grid
from rich.text import Text

from benchmarks.analysis import derived
from benchmarks.record.errors import printable
from benchmarks.record.results import Record
from benchmarks.report.table import Table, three_digits
from benchmarks.rows.contenders import EXTRAS, title
from benchmarks.run.estimate import Remaining, in_words


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """`| head`: nobody reads on, and the run goes on in silence."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def make_display(expected: list[float]) -> "Display":
    """Return the display that suits standard output."""
    # A name that the terminal's encoding lacks is shown as ?, not fatal.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    console = _Console(highlight=False)
    plain = not console.is_terminal or "NO_COLOR" in os.environ
    if plain or os.environ.get("TERM") == "dumb":
        return Display(console, expected)
    return LiveDisplay(console, expected)


class Display:
    """Plain lines: one for each epoch."""

    def __init__(self, console: Console, expected: list[float]) -> None:
        self.console = console
        self.remaining = Remaining(expected)
        self.started = monotonic()
        self.title, self.entry = "", {}  # type: tuple[str, dict[str, Any]]

    def __enter__(self) -> "Display":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def say(self, line: str) -> None:
        self.console.print(printable(line), markup=False, soft_wrap=True)

    def start(self, entry: dict[str, Any]) -> None:
        self.title, self.entry = _title(entry), {}
        if entry["task"] == "step":
            self.title += ", step cost"
        if entry["round"]:
            self.title += f", round {entry['round'] + 1}"
        self.started = monotonic()

    def epoch(self, entry: dict[str, Any]) -> None:
        self.entry = entry
        if _is_landmark(entry):
            self.say(self.line())

    def finish(self, run: Record) -> None:
        self.remaining.finished(monotonic() - self.started)
        if run["status"] != "ok":
            self.say(f"{self.title}: {run['status']}: {run['message']}")
            return
        if run["task"] == "step":
            self.say(f"{self.title}: {len(run['blocks'])} blocks timed")
            return
        if run["task"] in EXTRAS:
            took = in_words(run["wall_seconds"])
            self.say(f"{self.title}: done in {took}")
            return
        self.say(
            f"{self.title}: test accuracy {run['test']['accuracy']:.4f}, "
            f"training {three_digits(derived.training_seconds(run))} s"
        )

    def line(self) -> str:
        """What is going on, in one line that fits 80 columns."""
        if not self.title:
            return "looking for the data"
        entry, running = self.entry, monotonic() - self.started
        share = entry["epoch"] / entry["epochs"] if entry else 0.0
        left = in_words(self.remaining.seconds(running, share))
        done, figures = "starting", ""
        if entry:
            unit = "epoch" if "loss" in entry else "part"
            done = f"{unit} {entry['epoch']}/{entry['epochs']}"
            figures = "".join(
                f", {name} {entry[name]:.4f}"
                for name in ("loss", "accuracy")
                if name in entry
            )
        return f"{self.title}: {done}, about {left} left in all{figures}"

    def table(self, table: Table) -> None:
        """Print a table; as lists where it is too wide for the terminal."""
        grid = Grid(
            title=printable(table.heading),
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            collapse_padding=True,
            padding=(0, 1, 0, 0),
        )
        for number, name in enumerate(map(printable, table.header)):
            grid.add_column(
                name.replace(" ", "\n") if len(table.header) > 4 else name,
                justify="right" if table.is_figure(number) else "left",
                min_width=max(map(len, name.split())),
            )
        for row in table.rows:
            grid.add_row(*map(printable, row))
        self.console.print(grid, markup=False)
        if table.note:
            self.say(table.note)


class LiveDisplay(Display):
    """One line at the bottom that keeps up with the clock."""

    def __enter__(self) -> "Display":
        self.live = Live(
            console=self.console,
            get_renderable=lambda: Text(
                self.line(), no_wrap=True, overflow="ellipsis"
            ),
            refresh_per_second=4,
            transient=True,
        )
        self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.live.stop()

    def epoch(self, entry: dict[str, Any]) -> None:
        self.entry = entry


def _title(entry: dict[str, Any]) -> str:
    return EXTRAS.get(entry["task"]) or title(entry["contender"])


def _is_landmark(entry: dict[str, Any]) -> bool:
    """Every epoch of a net, every tenth round of boosting."""
    return "loss" in entry or entry["epoch"] % 10 == 0
