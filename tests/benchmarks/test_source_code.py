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
from benchmarks.report.source_code import count, cut, lines_of_code
from benchmarks.report.templating import render
from tests.benchmarks.test_page import Reader

STEPS = {step.name: step for step in source_code.steps()}
PLACES = [p for step in STEPS.values() for p in (*step.numpy, *step.keras)]


def section():
    return render("code.html", code=source_code)


def shown(html):
    """The code of every box of a page."""
    boxes = re.findall(r'<pre tabindex="0">(.*?)</pre>', html, re.DOTALL)
    return [unescape(re.sub("<[^>]*>", "", box)) for box in boxes]


def test_no_step_is_missing():
    steps = "build, forward, loss, backward, update, one epoch, fit, evaluate"
    assert ", ".join(STEPS) == f"{steps}, predict"


@pytest.mark.parametrize("name", STEPS)
def test_each_side_says_what_it_does(name):
    """NumPy by its code; Keras by code, or by what need not be written."""
    step = STEPS[name]
    assert step.about.endswith(".")
    assert step.numpy, f"{name}: no code of NumPy"
    assert all(place.startswith(("numpy", "assign")) for place in step.numpy)
    assert not any(place.startswith("numpy") for place in step.keras)
    assert "`keras." in step.note, f"{name}: what does Keras do?"
    assert step.keras or "othing to write" in step.note


def test_every_equation_stands_in_one_row():
    """And none is cited that numpy_net/__init__.py does not list."""
    listed = source_code.equations()
    cited = [n for step in STEPS.values() for n in step.equations]
    assert sorted(cited) == list(listed) == list(range(1, 13))
    text = " ".join((ROOT / "numpy_net/__init__.py").read_text().split())
    for number, (equation, where) in listed.items():
        assert f"[{number}] {equation} {where.split(', ')[0]}" in text
        assert (ROOT / "numpy_net" / re.match(r"\w+\.py", where)[0]).exists()


@pytest.mark.parametrize("name", STEPS)
def test_the_code_of_a_row_bears_the_numbers_of_its_equations(name):
    """In a comment, or in the docstring that is left out."""
    text = ""
    for found in map(cut, STEPS[name].numpy):
        lines = (ROOT / found.path).read_text("utf-8").splitlines()
        text += "\n".join(lines[min(found.lines) - 1 : max(found.lines)])
    for number in STEPS[name].equations:
        assert f"[{number}]" in text, f"{name}: no code names [{number}]"


def docstrings(source):
    """Numbers of lines, found in another way than the code under test."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case (
                ast.FunctionDef(body=[first, *_])
                | ast.ClassDef(body=[first, *_])
            ):
                match first:
                    case ast.Expr(value=ast.Constant(value=str())):
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
        ("a.py:C.f", ["@d", "def f(self):", "    return g(1)"]),
        ("a.py:C.f:g()", ["return_ = g(1)"]),
        ("a.py::h.i()", ["x = h.i(", "    j=1,", "    k=2,", ")"]),
        ("a.py::h.i(k)", ["k=2,"]),
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

                return g(1)

        x = h.i(
            j=1,
            k=2,
        )
    '''
    if "g()" in place:
        source = source.replace("return g", "return_ = g")
    (tmp_path / "a.py").write_text(textwrap.dedent(source))
    monkeypatch.setattr(source_code, "ROOT", tmp_path)
    assert list(cut(place).lines.values()) == code


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("numpy_net/layers.py", "expected file.py:name"),
        ("numpy_net/layers.py:Dense.sideward", "one definition Dense.sidewa"),
        ("assignment.py:train:model.fly()", "expected one, got 0"),
        ("assignment.py:train:print()", "expected one, got 2"),
        ("assignment.py:train:model.fit(z)", "expected one, got 0"),
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
    code = ["\n".join(cut(place).lines.values()) for place in PLACES]
    assert shown(html) == code
    assert html.count('<pre tabindex="0">') == html.count("<pre")
    assert "<code>keras.Model.train_step</code>" in html


def test_markup_in_a_source_is_shown_not_obeyed(tmp_path, monkeypatch):
    code = 'def f():\n    return "<script>alert(1)</script>" & b\'"\''
    (tmp_path / "a.py").write_text(code)
    monkeypatch.setattr(source_code, "steps", lambda: [
        source_code.Step("s", "<i>", ["a.py:f"], [], "`<b>`")
    ])  # fmt: skip
    cut_here = cut("numpy_net/__init__.py:").lines  # before ROOT moves
    assert cut_here
    equations, letters = source_code.equations(), source_code.letters()
    monkeypatch.setattr(source_code, "equations", lambda: equations)
    monkeypatch.setattr(source_code, "letters", lambda: letters)
    monkeypatch.setattr(source_code, "ROOT", tmp_path)
    html = section()
    assert shown(html) == [code]
    assert not {"script", "i", "b"} & Reader(html).tags


@pytest.mark.keras
@pytest.mark.parametrize("name", STEPS)
def test_what_the_notes_name_exists_in_keras(name):
    for known in re.findall(r"`([\w.]+)`", STEPS[name].note):
        package, *path = known.split(".")
        found = importlib.import_module(
            {"tf": "tensorflow"}.get(package, package)
        )
        for part in path:
            assert hasattr(found, part), f"{name}: there is no {known}"
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

    and the blank line is part of it: 7 and 8
    """  # 9
    return x, text  # 10


class C:  # 11
    """Another."""

    x = 1; y = 2  # 12
    "a string that is no docstring"  # 13
'''


@pytest.mark.parametrize(("name", "lines"), [("", 13), ("f", 9), ("C", 3)])
def test_a_source_of_known_count(name, lines):
    assert lines_of_code(SOURCE, name) == lines


@pytest.mark.parametrize("source", ["", "\n", "# only\n", '"""Only."""\n'])
def test_a_source_without_code(source):
    assert lines_of_code(source) == 0
    with pytest.raises(LookupError, match="expected one definition D"):
        lines_of_code(source, "D")


def test_what_is_counted():
    """Behind the nets are the files that training takes, and no others."""
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
    assert all(lines > 0 for lines in found.values())
    page, ours, theirs, behind, building, same, _ = found.values()
    assert ours == theirs > building == same, "one import apart"
    assert behind > 10 * page
    files = set((ROOT / "numpy_net").glob("*.py"))
    files -= {
        ROOT / "numpy_net" / f"{name}.py"
        for name in ("per_sample", "architectures", "models", "notebook",
                     "wrappers")
    }  # fmt: skip
    assert behind == sum(lines_of_code(p.read_text("utf-8")) for p in files)
