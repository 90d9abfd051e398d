"""The templates, which hold what is said; Python gives them the facts."""

import re
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.analysis import intervals, step_cost
from benchmarks.analysis.analysis import Analysis
from benchmarks.report import facts, formats
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
ENVIRONMENT.filters |= {
    **formats.FORMS,
    "as": formats.written,
    "counted": formats.counted,
    "estimate": intervals.estimate,
    "markdown": formats.in_markdown,
    "median": median,
    "middle": facts.middle,
    "pick": lambda values, keys: [values.get(key) for key in keys],
    "spread": intervals.spread,
    "verdict": intervals.verdict,
}


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


ENVIRONMENT.globals |= {"facts": facts, "rows": table, "step_cost": step_cost}
ENVIRONMENT.globals |= {"names": names, "say": say}
