"""A table as data, and how numbers are written in one."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.analysis.statistics import Estimate
from benchmarks.record.errors import printable
from benchmarks.record.results import Record


@dataclass(frozen=True)
class Table:
    """A heading, columns, rows of text, and what to know about them.

    detail  for those who look closer: in summary.md, not on the terminal
    """

    heading: str
    header: tuple[str, ...]
    rows: list[list[str]]
    note: str = ""
    detail: bool = False

    def is_figure(self, number: int) -> bool:
        """Whether a column holds figures: they stand to the right."""
        cells = [row[number] for row in self.rows]
        return number > 0 and all(
            cell[:1].isdigit() or len(cell) < 9 for cell in cells
        )

    def markdown(self) -> str:
        rule = ["---"] + ["---:"] * (len(self.header) - 1)
        lines = [self.header, rule, *self.rows]
        return "\n".join(
            f"| {' | '.join(map(in_markdown, cells))} |" for cells in lines
        )


def in_markdown(text: str) -> str:
    """Text of others on a line of Markdown: no tag, link or new column."""
    text = printable(" ".join(text.split()))
    for found, shown in (("<", "&lt;"), ("](", "]\\("), ("|", "\\|")):
        text = text.replace(found, shown)
    return text


def three_digits(value: float) -> str:
    """Three significant digits, without an exponent; 0 as 0.000."""
    if 0 < value < 1:
        return f"{value:.{min(9, 2 - math.floor(math.log10(value)))}f}"
    if value < 1:
        return f"{value:.3f}"
    return f"{value:.{max(0, 3 - len(str(int(value))))}f}"


def micro(seconds: float) -> str:
    """Microseconds in three significant digits."""
    value = seconds * 1e6
    return f"{value:.1f}" if value < 100 else f"{round(value):,}"


def between(
    value: Estimate, show: Callable[[float], str] = three_digits
) -> str:
    """A value with its interval."""
    if value.n == 1:
        return show(value.value)
    return f"{show(value.value)} [{show(value.low)}, {show(value.high)}]"


def threads(record: Record) -> str:
    """ "1 thread" or "2 threads"."""
    return f"{record['threads']} thread{'s' * (record['threads'] > 1)}"
