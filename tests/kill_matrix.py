"""Which test catches which mistake: python -m tests.kill_matrix

Runs the tests of the nets once for each mistake of tests.mistakes with
that mistake planted, and once without. Writes docs/kill_matrix.json and,
from it, docs/mistakes.md; tests/test_planted_mistakes.py holds both.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mistakes import MISTAKES, Mistake

ROOT = Path(__file__).parents[1]
MATRIX = ROOT / "docs" / "kill_matrix.json"
PAGE = ROOT / "docs" / "mistakes.md"
FILES = (
    "worked_example",
    "activations",
    "losses",
    "gradients",
    "optimizers",
    "initializers",
    "sequential",
    "per_sample",
    "metrics",
)
KINDS = {
    "gradients": "Wrong gradients",
    "values": "Wrong values",
    "updates": "Wrong updates",
    "loops": "Wrong loops",
    "metrics": "Wrong metrics",
}


class Failures:
    """A pytest plugin: the tests that failed, parameters left off."""

    def __init__(self):
        self.tests = set()

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.tests.add(report.nodeid.partition("[")[0])


def failing(mistake: str | None, tests: list[str], *options: str) -> list[str]:
    """Run these tests with the mistake planted; return what failed."""
    failures = Failures()
    # The slow test of the large nets adds nothing to the small ones here.
    arguments = ["-q", "--no-header", "--tb=no", "-k", "not real_nets"]
    arguments += options
    if mistake:
        arguments += ["--plant", mistake]
    paths = [str(ROOT / test) for test in tests]
    pytest.main([*arguments, *paths], plugins=[failures])
    return sorted(failures.tests)


def measure() -> dict[str, list[str]]:
    """Run all tests for all mistakes; return the failing tests of each."""
    tests = [f"tests/test_{name}.py" for name in FILES]
    flagged = failing(None, tests)
    if flagged:
        raise SystemExit(f"right code is flagged by {', '.join(flagged)}")
    return {name: failing(name, tests) for name in MISTAKES}


def unkilled(matrix: dict[str, list[str]]) -> list[str]:
    """Return the mistakes that their first recorded test lets pass."""
    return [
        name
        for name in MISTAKES
        if not failing(name, [first_killer(matrix[name])], "-x")
    ]


def first_killer(tests: list[str]) -> str:
    """A test that needs neither Keras nor luck, if there is one."""
    return min(tests, key=lambda t: ("keras" in t, "random" in t, t))


def page(matrix: dict[str, list[str]]) -> str:
    """docs/mistakes.md."""
    hardest = sorted(MISTAKES, key=lambda name: len(matrix[name]))[:3]
    lines = [
        "# A gallery of famous mistakes",
        "",
        "Each of these mistakes can be planted into `numpy_net`, and each "
        "is caught. See one:",
        "",
        "    python -m tests.mistakes softmax_diagonal",
        "    python -m pytest --plant softmax_diagonal",
        "",
        f"{len(MISTAKES)} mistakes, {sum(map(bool, matrix.values()))} "
        f"caught. The hardest to catch: "
        + ", ".join(f"`{n}` ({_count(matrix[n])})" for n in hardest)
        + ". Right code is flagged by no test. This page is made by "
        "`python -m tests.kill_matrix`.",
    ]
    for kind, heading in KINDS.items():
        lines += ["", f"## {heading}", "", *_gallery(kind, matrix)]
    return "\n".join([*lines, "", *_table(matrix), ""])


def _count(tests):
    return "1 test" if len(tests) == 1 else f"{len(tests)} tests"


def _gallery(kind, matrix):
    yield "| mistake | what is wrong | seen in | what it does | caught by |"
    yield "|---|---|---|---|---|"
    for entry in MISTAKES.values():
        if entry.kind == kind:
            yield _row(entry, matrix[entry.title])


def _row(entry: Mistake, tests: list[str]) -> str:
    first = first_killer(tests)
    name = first.rpartition("::")[2]
    path = first.partition("::")[0]
    others = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    return (
        f"| `{entry.title}` | {entry.slip} | {entry.seen} | {entry.effect} "
        f"| [`{name}`](../{path}){others} |"
    )


def _table(matrix):
    """How many tests of each file catch each mistake."""
    yield "## The matrix"
    yield ""
    yield "How many tests of each file turn red. A dot: none."
    yield ""
    yield f"| mistake | {' | '.join(FILES)} |"
    yield "|---|" + "---:|" * len(FILES)
    for name, tests in matrix.items():
        counts = Counter(
            re.fullmatch(r"tests/test_(\w+)\.py::.*", test).group(1)
            for test in tests
        )
        cells = (str(counts[file] or "·") for file in FILES)
        yield f"| `{name}` | {' | '.join(cells)} |"


def main() -> int:
    if sys.argv[1:] == ["--verify"]:
        found = unkilled(json.loads(MATRIX.read_text(encoding="utf-8")))
        print("not caught: " + ", ".join(found) if found else "all caught")
        return bool(found)
    matrix = measure()
    MATRIX.write_text(json.dumps(matrix, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(matrix), encoding="utf-8")
    print(f"{MATRIX.name} and {PAGE.name} written")
    return 0


def verify() -> subprocess.CompletedProcess:
    """Run --verify in a process of its own: pytest inside pytest."""
    return subprocess.run(
        [sys.executable, "-m", "tests.kill_matrix", "--verify"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
