"""The assignment's questions, answered by what a run has measured.

An answer is a sentence or two made from figures; with other figures it says
something else. Beside it stands what the students answered (from their
report, measured on Google Colab).
"""

from collections.abc import Callable

from benchmarks.record.results import Record
from benchmarks.report import answers_nets, answers_times
from benchmarks.report.question import Answer

QUESTIONS: tuple[Callable[[Record], Answer], ...] = (
    answers_times.how_long,
    answers_times.what_differs,
    answers_times.how_much_code,
    answers_nets.better_net,
    answers_nets.overfitting,
    answers_nets.accuracy_and_f1,
    answers_nets.settings,
    answers_times.all_models,
)


def answers(record: Record) -> list[Answer]:
    """All of them, in the assignment's order."""
    return [answer(record) for answer in QUESTIONS]
