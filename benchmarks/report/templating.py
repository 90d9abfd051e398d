"""The templates, which hold what is said; Python gives them the facts."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks import printable
from benchmarks.analysis import intervals, step_cost
from benchmarks.analysis.analysis import Analysis
from benchmarks.analysis.intervals import Estimate
from benchmarks.report import facts
from benchmarks.rows import table

TEMPLATES = Path(__file__).parent / "templates"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=lambda name: str(name).endswith(".html"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.do"],
)


def render(template: str, block: str = "", **facts: Any) -> str:
    """A template, or one block of it, with these facts."""
    found = ENVIRONMENT.get_template(template)
    if not block:
        return found.render(facts)
    return "".join(found.blocks[block](found.new_context(facts)))


def names(template: str) -> list[str]:
    """Of the blocks of a template, in its order."""
    return list(ENVIRONMENT.get_template(template).blocks)


def say(
    template: str, block: str, analysis: Analysis | None, **facts: Any
) -> list[str]:
    """What a block says, paragraph by paragraph, each in one line."""
    if analysis:
        facts |= {"analysis": analysis, "record": analysis.record}
        facts |= {"asked": analysis.record.request}
    text = render(template, block, **facts)
    lines = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    return [line for line in lines if line]


# How numbers and the texts of others are written


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
ENVIRONMENT.globals |= {"facts": facts, "rows": table, "step_cost": step_cost}
ENVIRONMENT.globals |= {"names": names, "say": say}
ENVIRONMENT.filters |= {
    **FORMS,
    "as": written,
    "counted": counted,
    "estimate": intervals.estimate,
    "markdown": in_markdown,
    "median": median,
    "middle": facts.middle,
    "pick": lambda values, keys: [values.get(key) for key in keys],
    "spread": intervals.spread,
    "verdict": intervals.verdict,
}
