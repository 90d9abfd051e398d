"""What is going on: live on a terminal, a line or two a row elsewhere."""

import os
import sys
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from benchmarks import printable
from benchmarks.measure import messages
from benchmarks.record.run import Run
from benchmarks.rows.row import Row


class Terminal(Console):
    """Standard output; a reader who leaves (`| head`) ends no run."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def standard_output() -> Terminal:
    """Standard output, where what its encoding lacks is shown as ?."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    return Terminal(highlight=False)


class Display:
    """Shows the rows of a run, and about how long the others will take.

    The time left is rich's own estimate: rows to come count as much as the
    rows that are done did on average.
    """

    def __init__(self, console: Console, total: int = 0) -> None:
        self.console = console
        self.live = (
            console.is_terminal
            and "NO_COLOR" not in os.environ
            and os.environ.get("TERM") != "dumb"
        )
        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(20),
            TextColumn("{task.fields[left]}", markup=False),
            console=console,
            transient=True,
            disable=not self.live,
            speed_estimate_period=86_400,
        )
        self.task: TaskID = self.bar.add_task(
            "looking for the data", total=max(1, total), left=""
        )
        self.done, self.title, self.started = 0, "", monotonic()

    def __enter__(self) -> "Display":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def say(self, text: str) -> None:
        """Print a line, whoever wrote it."""
        self.console.print(printable(text), markup=False, soft_wrap=True)

    def expect(self, rows: int) -> None:
        """So many rows are to come."""
        self.bar.update(self.task, total=max(1, rows))

    def start(self, row: Row, number: int) -> None:
        """A row begins, in the round of this number."""
        self.title = row.title + ", step cost" * (row.task == "step")
        self.title += f", round {number + 1}" * (number > 0)
        self.started = monotonic()
        self._show(f"{self.title}: starting", self.done)
        if not self.live:
            self.say(f"{self.title} ...")

    def progress(self, part: messages.Progress) -> None:
        """A part of the row is done: an epoch, a tree, a net."""
        unit = "epoch" if "loss" in part.logs else "part"
        figures = "".join(
            f", {name} {part.logs[name]:.4f}"
            for name in ("loss", "accuracy")
            if name in part.logs
        )
        self._show(
            f"{self.title}: {unit} {part.done}/{part.total}{figures}",
            self.done + part.done / part.total,
        )

    def finish(self, run: Run) -> None:
        """A row has ended, one way or another."""
        self.done += 1
        self._show(self.title, self.done)
        self.say(f"{self.title}: {_outcome(run)}{self._left(', ')}")

    def _show(self, text: str, completed: float) -> None:
        self.bar.update(
            self.task,
            description=printable(text),
            completed=completed,
            left=self._left(""),
        )

    def _left(self, before: str) -> str:
        """ "about 3 min left", as far as it can be known."""
        seconds = self.bar.tasks[self.task].time_remaining
        if not seconds:
            return ""
        return f"{before}about {in_words(seconds)} left"


def _outcome(run: Run) -> str:
    if not run.ok:
        return f"{run.status}: {run.message}"
    if run.training:
        return (
            f"test accuracy {run.training.test.accuracy:.4f}, training "
            f"{run.training_seconds:.3g} s"
        )
    if run.sweep:
        return f"{len(run.sweep.blocks)} blocks timed"
    return f"done in {in_words(run.wall_seconds)}"


def in_words(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
