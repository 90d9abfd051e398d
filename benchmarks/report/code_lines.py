"""How much code each side needs, counted by one rule."""

import io
import tokenize
from collections.abc import Iterable
from pathlib import Path

from benchmarks.report.excerpts import ROOT, definition, docstring_lines, span

RULE = (
    "A line of code is a line of the file that holds code: blank lines, "
    "lines of comment alone and docstrings do not count."
)

# Checks of the gradients, files, scikit-learn: beside the nets.
APART = (
    "gradient_check",
    "saving",
    "models.py",
    "wrappers.py",
)


def count() -> dict[str, int]:
    """Return the lines of code by what they are for.

    What stands behind the nets in NumPy is all that training and testing
    them takes: not the nets themselves, which are the same lines in Keras,
    the textbook page, nor what can be done with a net besides (APART).
    """
    ours, theirs = ROOT / "numpy_net", ROOT / "keras_net"
    file = "architectures.py"
    apart = {*APART, "per_sample.py", file}
    nets = [
        path
        for path in ours.rglob("*.py")
        if path.relative_to(ours).parts[0] not in apart
    ]
    build, net = "building and compiling the assignment net", "assignment_net"
    return {
        "numpy, the textbook page": _total([ours / "per_sample.py"]),
        "numpy, the two nets": _total([ours / file]),
        "keras, the two nets": _total([theirs / file]),
        "numpy, what stands behind them": _total(nets),
        f"numpy, {build}": lines_of_code(_read(ours / file), net),
        f"keras, {build}": lines_of_code(_read(theirs / file), net),
        "tests": _total((ROOT / "tests").rglob("*.py")),
    }


def lines_of_code(source: str, name: str = "") -> int:
    """Count the lines of a source text, or of one definition in it."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        # Line ends and indents have no text but white space.
        if token.type != tokenize.COMMENT and token.string.strip():
            lines.update(range(token.start[0], token.end[0] + 1))
    part = definition(source, name)
    return len(lines.intersection(span(part)) - docstring_lines(part))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _total(paths: Iterable[Path]) -> int:
    return sum(lines_of_code(_read(path)) for path in paths)
