"""What a run has shown, on the terminal."""

from rich import box
from rich.console import Console
from rich.table import Table as Grid

from benchmarks import printable
from benchmarks.analysis.analysis import Analysis
from benchmarks.record.record import Record
from benchmarks.report import templating
from benchmarks.report.tables import Table, table, tables


def show(console: Console, record: Record) -> None:
    """Print the tables and the sentences; no more than a glance takes in."""
    analysis = Analysis(record)
    results = table("results", analysis)
    if results.rows:
        show_table(console, results)
        for line in templating.say("verdict.txt", "sentences", analysis):
            _say(console, line)
    for found in tables(analysis):
        if not found.detail:
            _say(console, "")
            show_table(console, found)
    for line in templating.say("verdict.txt", "noisy", analysis):
        _say(console, line)


def _say(console: Console, line: str) -> None:
    """Print a line; what would steer the terminal becomes ?."""
    console.print(printable(line), markup=False, soft_wrap=True)


def show_table(console: Console, found: Table) -> None:
    """Print a table and its note."""
    grid = Grid(
        title=printable(found.heading),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        padding=(0, 1, 0, 0),
    )
    for name, figures in zip(found.header, found.figures, strict=True):
        words = printable(name).split()
        grid.add_column(
            ("\n" if len(found.header) > 4 else " ").join(words),
            justify="right" if figures else "left",
            min_width=max(map(len, words), default=0),
        )
    for row in found.rows:
        grid.add_row(*map(printable, row))
    console.print(grid, markup=False)
    if found.note:
        _say(console, found.note)
