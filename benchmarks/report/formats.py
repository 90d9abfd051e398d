"""How numbers and the texts of others are written."""

import math
from collections.abc import Callable
from typing import Any

from benchmarks import printable
from benchmarks.analysis.intervals import Estimate


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


def counted(number: int, noun: str, more: str = "s") -> str:
    """ "1 round" or "2 rounds"."""
    return f"{number} {noun}{more if number != 1 else ''}"


def in_markdown(text: str) -> str:
    """Text of others on a line of Markdown: no tag, link or new column."""
    text = printable(text)
    for seen, shown in (("<", "&lt;"), ("](", "]\\("), ("|", "\\|")):
        text = text.replace(seen, shown)
    return text


def written(value: Any, form: str) -> str:
    """A value in a form, with its interval if it has one; text as it is.

    form  one of FORMS, or what stands behind the colon in an f-string; what
          follows " or " is written for None
    """
    form, _, none = form.partition(" or ")
    if value is None or isinstance(value, str):
        return none if value is None else value
    show = FORMS.get(form, lambda number: format(number, form))
    if not isinstance(value, Estimate):
        return show(value)
    interval = f" [{show(value.low)}, {show(value.high)}]"
    return show(value.value) + interval * (value.n > 1)


FORMS: dict[str, Callable[[float], str]] = {
    "three_digits": three_digits,
    "micro": micro,
    "micro_2": lambda seconds: f"{seconds * 1e6:.2f}",
}
