"""What a run has shown, as Markdown: summary.md, and the block of README."""

from pathlib import Path

from benchmarks import InputError
from benchmarks.analysis.analysis import Analysis
from benchmarks.record.folder import write_text
from benchmarks.record.record import Record
from benchmarks.report.tables import table, tables
from benchmarks.report.templating import render, say

BEGIN = "<!-- results: made by `python -m benchmarks report` -->"
END = "<!-- end of results -->"


def summary(analysis: Analysis, whole: bool = True) -> str:
    """The results and the sentences; if whole, all other tables as well."""
    text = render(
        "summary.md",
        results=table("results", analysis),
        sentences=say("verdict.txt", "sentences", analysis),
        tables=tables(analysis) if whole else [],
    )
    return text.strip() + "\n"


def write_into(path: Path, record: Record) -> None:
    """Replace what stands between the two markers of a Markdown file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read ({error}): give a Markdown file with "
            f"the two markers"
        ) from error
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{path}: expected the lines {BEGIN} and {END}")
    made = summary(Analysis(record), whole=False)
    write_text(path, f"{before}{BEGIN}\n{made}{END}{after}")
