"""The assignment's questions; templates/answers.txt has what a run says.

With other figures it says something else.
"""

from typing import NamedTuple

from benchmarks.analysis.analysis import Analysis
from benchmarks.report.templating import say

NOT_RUN = "This run has not all that would answer it."
# In the assignment's order; named like the chart or table that shows it.
QUESTIONS = (
    *("how_long", "batches", "lines_of_code", "path", "overfitting"),
    *("scores", "sweeps", "all_models"),
)


class Answer(NamedTuple):
    """One question: what was asked, what they said, what this run says."""

    name: str
    number: str
    question: str
    students: str
    said: list[str]


def answers(analysis: Analysis, counts: dict[str, int]) -> list[Answer]:
    """All of them; counts are of lines of code."""
    facts = {"counts": counts, "why": say("verdict.txt", "why", analysis)[:2]}
    found = []
    for name in QUESTIONS:
        number, asked, told, *said = say(
            "answers.txt", name, analysis, **facts
        )
        found.append(Answer(name, number, asked, told, said or [NOT_RUN]))
    return found
