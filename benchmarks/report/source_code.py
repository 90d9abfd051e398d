"""The code of both sides beside each other, and how many lines each needs.

Nothing is typed twice: code is cut from the files that run, equations from
the list in numpy_net/__init__.py; templates/steps.toml says which.
"""

import ast
import re
import textwrap
import tomllib
from typing import Any

from markupsafe import Markup
from msgspec import Struct, convert
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from benchmarks import ROOT
from benchmarks.report.templating import TEMPLATES

TOLD = tomllib.loads((TEMPLATES / "steps.toml").read_text("utf-8"))
# A file and a definition, ``numpy_net/layers.py:Dense.forward``; or in it
# the statement or argument that begins so, ``assignment.py:train:outputs =``.
PLACE = re.compile(r"([\w/]+\.py):([\w.]*)(?::(.+))?")
# What numpy_net lists, which is read, not imported: number to equation and
# where it is; and what the letters stand for.
LISTED = (ROOT / "numpy_net/__init__.py").read_text("utf-8").split('"""')[1]
EQUATION = re.compile(r"^ *\[(\d+)\] +(.+?) {2,}(\w+\.py.*)$", re.MULTILINE)
EQUATIONS = {
    int(number): (" ".join(equation.split()), re.sub(" {2,}", ", ", where))
    for number, equation, where in EQUATION.findall(LISTED)
}
LETTERS = LISTED.split("\n\n")[-2]
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef
# Beside the nets, not behind them: themselves, and what one may do with one.
APART = ("per_sample", "architectures", "models", "wrappers")


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """Places in the code of both sides; what Keras does without being told."""

    name: str
    about: str
    numpy: list[str]
    keras: list[str]
    note: str
    equations: tuple[int, ...] = ()


class Excerpt(Struct, frozen=True):
    """Lines of a file by their numbers: dedented, and without docstrings."""

    path: str
    name: str
    lines: dict[int, str]

    def marked(self) -> dict[int, Markup]:
        """The lines in colour, as HTML."""
        code = "\n".join(self.lines.values())
        lexer, form = PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)
        text = highlight(code, lexer, form).removesuffix("\n")
        # Pygments closes and opens its marks at every end of a line.
        lines = map(Markup, text.split("\n"))
        return dict(zip(self.lines, lines, strict=True))


STEPS = convert(TOLD["step"], list[Step])


def cut(place: str) -> Excerpt:
    """Cut out a place, written as PLACE says."""
    match = PLACE.fullmatch(place)
    if not match:
        raise ValueError(f"expected file.py:name or more, got {place!r}")
    path, name, words = match.groups()
    source = (ROOT / path).read_text("utf-8")
    node, lines = _definition(source, name), source.split("\n")
    if words:
        node = _statement(lines, node, words)
    hidden = _docstrings(node)
    hidden |= {end + 1 for end in hidden if not lines[end].strip()}
    numbers = [number for number in _span(node) if number not in hidden]
    code = textwrap.dedent("\n".join(lines[n - 1] for n in numbers))
    numbered = dict(zip(numbers, code.split("\n"), strict=True))
    return Excerpt(path, name, numbered)


def _statement(lines: list[str], scope: Any, words: str) -> Any:
    """The one statement, or argument of a call, that begins so."""
    matching = [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.stmt | ast.keyword)
        and lines[node.lineno - 1][node.col_offset :].startswith(words)
    ]
    if len(matching) != 1:
        raise LookupError(f"expected one {words!r}, got {len(matching)}")
    return matching[0]


def _definition(source: str, name: str) -> Any:
    """The node of a class or function, "Dense.forward"; "": all."""
    node: Any = ast.parse(source)
    for part in filter(None, name.split(".")):
        matching = [n for n in node.body if getattr(n, "name", None) == part]
        if len(matching) != 1:
            raise LookupError(f"expected one {name}, got {len(matching)}")
        [node] = matching
    return node


def _span(node: Any) -> range:
    """The numbers of the lines that a node takes, with decorators."""
    first = min(n.lineno for n in (node, *getattr(node, "decorator_list", ())))
    return range(first, node.end_lineno + 1)


def _docstrings(node: Any) -> set[int]:
    """The numbers of the lines that docstrings take in a node."""
    return {
        number
        for inner in ast.walk(node)
        if isinstance(inner, DOCUMENTED) and ast.get_docstring(inner, False)
        for number in _span(inner.body[0])
    }


def count() -> dict[str, int]:
    """The lines of code by what they are for."""
    matching = {}
    for what, place in TOLD["count"].items():
        files, _, name = place.partition(":")
        paths = list(ROOT.glob(files))
        paths = [p for p in paths if p.stem not in APART] or paths
        sources = [path.read_text("utf-8") for path in paths]
        matching[what] = sum(lines_of_code(source, name) for source in sources)
    return matching


def lines_of_code(source: str, name: str = "") -> int:
    """The lines of a source text, or of one definition in it, with code.

    Blank lines, lines of comment alone and docstrings have none.
    """
    part, lines = _definition(source, name), source.split("\n")
    span = _span(part) if name else range(1, len(lines) + 1)
    code = {n for n in span if lines[n - 1].strip()[:1] not in ("", "#")}
    # Within a string, what looks blank or like a comment is code as well.
    for node in ast.walk(part):
        if isinstance(node, ast.Constant | ast.JoinedStr):
            code.update(range(node.lineno, node.end_lineno or 0))
    return len(code - _docstrings(part))
