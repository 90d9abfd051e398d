"""Parts of source files: found by name, cut out, shown in colour.

A place is a file and a definition, ``numpy_net/layers.py:Dense.forward``;
or a statement in it by what it calls, ``assignment.py:train:model.fit()``; or
one argument of that call, ``...py:assignment_net:model.compile(loss)``.
"""

import ast
import re
import textwrap
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLACE = re.compile(r"([\w/]+\.py):([\w.]*)(?::([\w.]+)\((\w*)\))?")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Each colour is read against the first one: at least 4.5 to 1, says a test.
STYLE = """
.excerpt { --code-back: #f5f5f2; --code-text: #1d1d1b; --code-name: #0a4c99;
  --code-keyword: #8a1c6a; --code-string: #0c5c38; --code-number: #8a4700;
  --code-comment: #5a626b; margin: 0 0 0.75rem; }
@media (prefers-color-scheme: dark) {
.excerpt { --code-back: #1d2026; --code-text: #e6e6e3; --code-name: #8cbcff;
  --code-keyword: #f09ad2; --code-string: #8fd6a8; --code-number: #efb566;
  --code-comment: #a5afba; }
}
.excerpt figcaption { font-size: 0.8rem; overflow-wrap: anywhere; }
.excerpt pre { background: var(--code-back); color: var(--code-text);
  font-size: 0.75rem; line-height: 1.45; margin: 0.2rem 0 0; padding: 0.5rem;
  overflow-x: auto; border-radius: 4px; }
.excerpt pre:focus-visible { outline: 2px solid var(--code-name); }
.excerpt [data-line]::before { content: attr(data-line); color:
  var(--code-comment); display: inline-block; width: 1.6rem; text-align: right;
  margin-right: 0.8rem; user-select: none; }
.excerpt [class^="k"], .excerpt .ow { color: var(--code-keyword); }
.excerpt [class^="s"] { color: var(--code-string); }
.excerpt [class^="m"] { color: var(--code-number); }
.excerpt [class^="c"] { color: var(--code-comment); }
.excerpt .nf, .excerpt .fm, .excerpt .nc, .excerpt .nd {
  color: var(--code-name); }
@media print { .excerpt pre { white-space: pre-wrap; } }
"""


@dataclass(frozen=True)
class Excerpt:
    """Lines of a file by their numbers: dedented, and without docstrings."""

    path: str
    name: str
    lines: dict[int, str]

    def html(self) -> str:
        """Return a figure: where the lines stand, and the lines."""
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer

        # Pygments closes and opens its marks at every end of a line.
        marked = highlight(
            "\n".join(self.lines.values()),
            PythonLexer(stripnl=False),
            HtmlFormatter(nowrap=True),
        ).removesuffix("\n")
        code = "\n".join(
            f'<span data-line="{number}">{line}</span>'
            for number, line in zip(
                self.lines, marked.split("\n"), strict=True
            )
        )
        first, last = min(self.lines), max(self.lines)
        where = f"lines {first} to {last}" if first < last else f"line {first}"
        name = f", <code>{escape(self.name)}</code>" if self.name else ""
        return (
            f'<figure class="excerpt"><figcaption><code>{escape(self.path)}'
            f"</code>, {where}{name}</figcaption>"
            f'<pre tabindex="0">{code}</pre></figure>'
        )


def cut(*places: str) -> list[Excerpt]:
    """Cut out each of the places, written as the module says."""
    return [_cut(place) for place in places]


def _cut(place: str) -> Excerpt:
    match = PLACE.fullmatch(place)
    if not match:
        raise ValueError(f"expected file.py:name or more, got {place!r}")
    path, name, call, keyword = match.groups()
    source = (ROOT / path).read_text(encoding="utf-8")
    node = definition(source, name)
    if call:
        node = _call(node, call, keyword, place)
    lines, hidden = source.split("\n"), docstring_lines(node)
    hidden |= {end + 1 for end in hidden if not lines[end].strip()}
    numbers = [number for number in span(node) if number not in hidden]
    code = textwrap.dedent("\n".join(lines[n - 1] for n in numbers))
    return Excerpt(
        path, name, dict(zip(numbers, code.split("\n"), strict=True))
    )


def _call(scope: Any, call: str, keyword: str, place: str) -> Any:
    """Return the one statement that makes the call, or its argument."""
    found: list[Any] = []
    for statement in ast.walk(scope):
        if not isinstance(statement, (ast.Assign, ast.Expr)):
            continue
        for part in ast.walk(statement):
            if isinstance(part, ast.Call) and ast.unparse(part.func) == call:
                named = [k for k in part.keywords if k.arg == keyword]
                found += named if keyword else [statement]
    if len(found) != 1:
        raise LookupError(f"{place}: expected one, found {len(found)}")
    return found[0]


def definition(source: str, name: str) -> Any:
    """Return the node of a class or function, "Dense.forward"; "": all."""
    node: Any = ast.parse(source)
    for part in name.split(".") if name else ():
        found = [n for n in node.body if getattr(n, "name", None) == part]
        if len(found) != 1:
            raise LookupError(f"expected one definition {name}, got {found}")
        [node] = found
    return node


def span(node: Any) -> range:
    """Return the numbers of the lines that a node takes, with decorators."""
    parts = [node, *getattr(node, "decorator_list", ())]
    if isinstance(node, ast.Module):
        parts = node.body or [ast.Pass(lineno=1, end_lineno=0)]
    return range(
        min(part.lineno for part in parts),
        max(part.end_lineno for part in parts) + 1,
    )


def docstring_lines(node: Any) -> set[int]:
    """Return the numbers of the lines that docstrings take in a node."""
    return {
        number
        for inner in ast.walk(node)
        if isinstance(inner, DOCUMENTED)
        and ast.get_docstring(inner) is not None
        for number in span(inner.body[0])
    }
