"""The tables of a report: templates/tables.txt and numbers.txt fill them."""

from typing import Any, NamedTuple

from benchmarks.analysis.analysis import Analysis
from benchmarks.report.templating import names, say, written


class Table(NamedTuple):
    """A heading, columns, rows of text, and what to know about them.

    detail  for those who look closer: in summary.md, not on the terminal
    """

    heading: str
    header: list[str]
    rows: list[list[str]]
    note: str
    detail: bool

    @property
    def figures(self) -> list[bool]:
        """Which columns hold figures: they stand to the right."""
        columns = zip(*self.rows, strict=True) if self.rows else self.header
        return [
            number > 0 and all(c[:1].isdigit() or len(c) < 9 for c in cells)
            for number, cells in enumerate(columns)
        ]


def table(name: str, analysis: Analysis | None, **facts: Any) -> Table:
    """What a block of the templates makes of the analysis.

    facts  what the block needs besides; ``columns`` are those that come
           after the template's, named by others
    """
    added: list[tuple[Any, ...]] = []
    facts |= {"add": lambda *cells: added.append(cells)}
    file = "tables.txt" if name in names("tables.txt") else "numbers.txt"
    heading, header, *notes = say(file, name, analysis, **facts)
    heading, _, detail = heading.partition(" {")
    heads = [head.partition(" {") for head in header.split(" | ")]
    heads += [(column, "", "") for column in facts.get("columns", ())]
    forms = [form.rstrip("}") for _, _, form in heads]
    rows = [list(map(written, cells, forms)) for cells in added]
    columns = [column for column, _, _ in heads]
    return Table(heading, columns, rows, " ".join(notes), bool(detail))


def tables(analysis: Analysis) -> list[Table]:
    """Those of summary.md and of the terminal, if they have rows."""
    made = [table(name, analysis) for name in names("tables.txt")]
    return [found for found in made if found.rows]
