"""One of the assignment's questions, and what a run says to it."""

from dataclasses import dataclass, field

from benchmarks.report.markup import Chart
from benchmarks.report.table import Table

NOT_RUN = "This run has not all that would answer it."


@dataclass(frozen=True)
class Answer:
    """One question: what was asked, what they said, what this run says."""

    number: str
    question: str
    students: str
    said: list[str]
    charts: list[Chart] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
