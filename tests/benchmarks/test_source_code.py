"""The code side by side: whole, true to the files, safe; and counted."""

import ast
import importlib
import inspect
import re
import textwrap
from html import unescape

import pytest

from benchmarks import ROOT
from benchmarks.report import source_code
from benchmarks.report.source_code import EQUATIONS, count, cut, lines_of_code
from benchmarks.report.templating import render
from tests.benchmarks.test_page import Reader

STEPS = {step.name: step for step in source_code.STEPS}
PLACES = [p for step in STEPS.values() for p in (*step.numpy, *step.keras)]


def section():
    return render("code.html", code=source_code)


def shown(html):
    """The code of every box of a page."""
    boxes = re.findall(r'<pre tabindex="0">(.*?)</pre>', html, re.DOTALL)
    return [unescape(re.sub("<[^>]*>", "", box)) for box in boxes]


def test_no_step_is_missing_and_every_equation_stands_in_one():
    """And none is cited that numpy_net/__init__.py does not list."""
    steps = "build, forward, loss, backward, update, one epoch, fit, evaluate"
    assert ", ".join(STEPS) == f"{steps}, predict"
    cited = [n for step in STEPS.values() for n in step.equations]
    assert sorted(cited) == list(EQUATIONS) == list(range(1, 13))
    text = " ".join((ROOT / "numpy_net/__init__.py").read_text().split())
    for number, (equation, where) in EQUATIONS.items():
        assert f"[{number}] {equation} {where.split(', ')[0]}" in text
        assert (ROOT / "numpy_net" / re.match(r"\w+\.py", where)[0]).exists()


@pytest.mark.parametrize("name", STEPS)
def test_each_side_says_what_it_does(name):
    """NumPy by its code; Keras by code, or by what need not be written.

    The code bears the numbers of its equations: in a comment, or in the
    docstring that is left out.
    """
    step = STEPS[name]
    assert step.about.endswith(".")
    assert step.numpy, "no code of NumPy"
    assert all(place.startswith(("numpy", "assign")) for place in step.numpy)
    assert not any(place.startswith("numpy") for place in step.keras)
    assert "`keras." in step.note, "what does Keras do?"
    assert step.keras or "othing to write" in step.note
    text = ""
    for found in map(cut, step.numpy):
        lines = (ROOT / found.path).read_text("utf-8").splitlines()
        text += "\n".join(lines[min(found.lines) - 1 : max(found.lines)])
    for number in step.equations:
        assert f"[{number}]" in text, f"no code names [{number}]"


def docstrings(source):
    """Numbers of lines, found in another way than the code under test."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            match node.body[0]:
                case ast.Expr(value=ast.Constant(value=str())) as first:
                    yield from range(first.lineno, first.end_lineno + 1)


@pytest.mark.parametrize("place", dict.fromkeys(PLACES))
def test_excerpts_are_what_stands_in_the_files_but_for_docstrings(place):
    found = cut(place)
    source = (ROOT / found.path).read_text("utf-8")
    lines, numbers = source.splitlines(), list(found.lines)
    assert numbers == sorted(numbers)
    code = textwrap.dedent("\n".join(lines[n - 1] for n in numbers))
    assert list(found.lines.values()) == code.split("\n")
    assert code[:1].strip(), "begins at the margin"
    documented = set(docstrings(source))
    assert not documented & set(numbers), "a docstring is shown"
    for number in set(range(numbers[0], numbers[-1])) - set(numbers):
        assert number in documented or not lines[number - 1].strip()


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("a.py:C.f", "@d|def f(self):|    a = 1|    return a"),
        ("a.py:C.f:a =", "a = 1"),
        ("a.py::x = h", "x = h.i(|    j=1,|    k=2,|)"),
        ("a.py::k=", "k=2"),
    ],
)
def test_cutting(place, code, tmp_path, monkeypatch):
    source = '''
        class C:
            """Doc."""

            @d
            def f(self):
                """Doc
                string."""

                a = 1
                return a

        x = h.i(
            j=1,
            k=2,
        )
    '''
    (tmp_path / "a.py").write_text(textwrap.dedent(source))
    monkeypatch.setattr(source_code, "ROOT", tmp_path)
    lines = cut(place).lines.values()
    assert "|".join(lines).rstrip(",") == code


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("numpy_net/layers.py", "expected file.py:name"),
        ("numpy_net/layers.py:Dense.sideward", "one Dense.sideward, got 0"),
        ("assignment.py:train:model.fly", "expected one 'model.fly', got 0"),
        ("assignment.py:train:print", "expected one 'print', got 2"),
    ],
)
def test_what_cannot_be_cut_is_named(place, message):
    with pytest.raises((LookupError, ValueError), match=re.escape(message)):
        cut(place)


def test_the_section_is_whole_and_shows_the_excerpts_whole():
    html = section()
    found = Reader(html)
    assert not found.faults
    ids = {f"step-{name.replace(' ', '-')}" for name in STEPS}
    assert found.ids == list(dict.fromkeys(found.ids))
    assert ids | {f"equation-{n}" for n in range(1, 13)} == set(found.ids)
    assert not {"html", "body", "script", "link", "h1", "h2"} & found.tags
    assert "://" not in html
    assert shown(html) == ["\n".join(cut(p).lines.values()) for p in PLACES]
    assert html.count('<pre tabindex="0">') == html.count("<pre")
    assert "<code>keras.Model.train_step</code>" in html


def test_markup_in_a_source_is_shown_not_obeyed(tmp_path, monkeypatch):
    code = 'def f():\n    return "<script>alert(1)</script>" & b\'"\''
    (tmp_path / "a.py").write_text(code)
    step = source_code.Step("s", "<i>", ["a.py:f"], [], "`<b>`")
    monkeypatch.setattr(source_code, "STEPS", [step])
    monkeypatch.setattr(source_code, "ROOT", tmp_path)
    html = section()
    assert shown(html) == [code]
    assert not {"script", "i", "b"} & Reader(html).tags


@pytest.mark.keras
@pytest.mark.parametrize("name", STEPS)
def test_what_the_notes_name_exists_in_keras(name):
    for known in re.findall(r"`([\w.]+)`", STEPS[name].note):
        package, *path = known.split(".")
        names = {"tf": "tensorflow"}
        found = importlib.import_module(names.get(package, package))
        for part in path:
            assert hasattr(found, part), f"there is no {known}"
            found = getattr(found, part)


def test_train_step_does_what_the_notes_say(keras):
    source = inspect.getsource(keras.Model.train_step)
    for word in ("GradientTape", "compute_loss", "optimizer.apply"):
        assert word in source, f"keras.Model.train_step has no {word}"


# Lines of code

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

    # and the two lines before this are part of it: 7 and 8
    """  # 9
    return x, text  # 10


class C:  # 11
    """Another."""

    x = 1; y = 2  # 12
    "a string that is no docstring"  # 13
'''


@pytest.mark.parametrize(
    ("source", "name", "lines"),
    [
        *((SOURCE, "", 13), (SOURCE, "f", 9), (SOURCE, "C", 3)),
        *((text, "", 0) for text in ("", "\n", "# only\n", '"""Only."""\n')),
    ],
)
def test_a_source_of_known_count(source, name, lines):
    assert lines_of_code(source, name) == lines
    with pytest.raises(LookupError, match="expected one D, got 0"):
        lines_of_code(source, "D")


def test_what_is_counted():
    """Behind the nets are the files that training takes, and no others."""
    page, ours, theirs, behind, building, same, tests = count().values()
    assert ours == theirs > building == same > 0, "one import apart"
    assert tests > behind > 10 * page > 0
    apart = {"per_sample", "architectures", "models", "wrappers"}
    files = (ROOT / "numpy_net").glob("*.py")
    sources = [p.read_text("utf-8") for p in files if p.stem not in apart]
    assert behind == sum(map(lines_of_code, sources))
