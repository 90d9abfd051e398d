"""How lines of code are counted, on sources whose count is known."""

import json

import pytest

from benchmarks.report.code_lines import RULE, count, lines_of_code
from tests.test_architectures import ROOT

SOURCE = '''\
"""A docstring.

of four lines
"""

# a comment alone
import os  # 1, with a comment behind it


@os.fspath  # 2
def f(  # 3
    x,  # 4
    # a comment among the arguments

):  # 5
    """One line."""
    text = """no docstring: 6

    and the blank line is part of it: 7 and 8
    """  # 9
    return x, text  # 10


class C:  # 11
    """Another."""

    x = 1; y = 2  # 12
    "a string that is no docstring"  # 13
'''


def test_a_source_of_known_count():
    assert lines_of_code(SOURCE) == 13, RULE


@pytest.mark.parametrize(
    ("name", "lines"), [("f", 9), ("C", 3), ("D", LookupError)]
)
def test_a_definition_of_known_count(name, lines):
    if lines is LookupError:
        with pytest.raises(LookupError, match="expected one definition D"):
            lines_of_code(SOURCE, name)
    else:
        assert lines_of_code(SOURCE, name) == lines, RULE


@pytest.mark.parametrize("source", ["", "\n", "# only\n", '"""Only."""\n'])
def test_a_source_without_code(source):
    assert lines_of_code(source) == 0


def test_what_is_counted():
    found = count()
    assert list(found) == [
        "numpy, the textbook page",
        "numpy, the two nets",
        "keras, the two nets",
        "numpy, what stands behind them",
        "numpy, building and compiling the assignment net",
        "keras, building and compiling the assignment net",
        "tests",
    ]
    assert list(json.loads(json.dumps(found)).items()) == list(found.items())
    assert all(lines > 0 for lines in found.values())
    ours, theirs = (
        found[f"{side}, building and compiling the assignment net"]
        for side in ("numpy", "keras")
    )
    assert ours == theirs, "the same lines, one import apart"
    assert found["numpy, the two nets"] == found["keras, the two nets"]
    assert theirs < found["keras, the two nets"]
    assert theirs < found["numpy, what stands behind them"]


def test_behind_the_nets_are_the_files_that_training_takes():
    """Neither its subpackages, nor what can be done with a net besides."""
    files = set((ROOT / "numpy_net").glob("*.py"))
    files -= {
        ROOT / "numpy_net" / f"{name}.py"
        for name in ("per_sample", "architectures", "models", "wrappers")
    }
    lines = (lines_of_code(path.read_text("utf-8")) for path in files)
    assert count()["numpy, what stands behind them"] == sum(lines)
