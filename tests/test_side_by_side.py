"""The code of both sides beside each other: whole, true to the files, safe."""

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
from html import unescape
from html.parser import HTMLParser

import pytest

from benchmarks.report import excerpts, side_by_side
from benchmarks.report.excerpts import cut
from tests.test_architectures import ROOT

NAMES = [
    *("build", "forward", "loss", "backward", "update"),
    *("one epoch", "fit", "evaluate", "predict"),
]


@pytest.fixture(scope="module")
def steps():
    return {step.name: step for step in side_by_side.steps()}


@pytest.fixture(scope="module")
def cuts(steps):
    """All excerpts, in the order of the page."""
    return [
        excerpt
        for step in steps.values()
        for excerpt in (*step.numpy, *step.keras)
    ]


class Page(HTMLParser):
    """What an HTML fragment holds; every tag that opens must close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.code = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], "these tags are never closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag == "pre":
            self.code.append("")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another tag"

    def handle_data(self, data):
        if "pre" in self.open:
            self.code[-1] += data


def test_no_step_is_missing(steps):
    assert list(steps) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_side_says_what_it_does(name, steps):
    """NumPy by its code; Keras by code, or by what need not be written."""
    step = steps[name]
    assert step.about.endswith(".")
    assert step.numpy, f"{name}: no code of NumPy"
    assert all(e.path.startswith(("numpy", "assign")) for e in step.numpy)
    assert not any(e.path.startswith("numpy") for e in step.keras)
    assert "`keras." in step.note, f"{name}: what does Keras do?"
    if not step.keras:
        assert "othing to write" in step.note


def test_every_equation_stands_in_one_row(steps):
    """And none is cited that numpy_net/__init__.py does not list."""
    listed = side_by_side.equations()
    assert list(listed) == list(range(1, 13))
    cited = sorted(n for s in steps.values() for n in s.equations)
    missing = sorted(set(listed) - set(cited))
    unknown = sorted(set(cited) - set(listed))
    assert not missing, f"equations {missing} stand in no row"
    assert not unknown, f"equations {unknown} are cited, but not listed"
    assert len(cited) == len(set(cited)), f"cited twice: {cited}"


def test_an_unknown_equation_is_no_page(steps, monkeypatch):
    wrong = dataclasses.replace(steps["update"], equations=(13,))
    monkeypatch.setattr(side_by_side, "steps", lambda: [wrong])
    with pytest.raises(KeyError, match="13"):
        side_by_side.section()


@pytest.mark.parametrize("name", NAMES)
def test_the_code_of_a_row_bears_the_numbers_of_its_equations(name, steps):
    """In a comment, or in the docstring that is left out."""
    text = ""
    for found in steps[name].numpy:
        lines = (ROOT / found.path).read_text("utf-8").splitlines()
        text += "\n".join(lines[min(found.lines) - 1 : max(found.lines)])
    for number in steps[name].equations:
        assert f"[{number}]" in text, f"{name}: no code names [{number}]"


def test_equations_are_taken_from_the_list():
    text = " ".join((ROOT / "numpy_net/__init__.py").read_text().split())
    for number, (equation, where) in side_by_side.equations().items():
        assert f"[{number}] {equation} {where.split(', ')[0]}" in text
        assert (ROOT / "numpy_net" / re.match(r"\w+\.py", where)[0]).exists()


def test_excerpts_are_what_stands_in_the_files(cuts):
    for found in cuts:
        lines = (ROOT / found.path).read_text("utf-8").splitlines()
        numbers = list(found.lines)
        assert numbers == sorted(numbers)
        code = "\n".join(lines[number - 1] for number in numbers)
        assert list(found.lines.values()) == textwrap.dedent(code).split("\n")
        assert found.lines[numbers[0]][:1].strip(), "begins at the margin"


def test_what_is_left_out_of_excerpts_is_docstrings(cuts):
    for found in cuts:
        source = (ROOT / found.path).read_text("utf-8")
        documented = set(docstrings(source))
        assert not documented & set(found.lines), "a docstring is shown"
        for number in range(min(found.lines), max(found.lines)):
            if number not in {*found.lines, *documented}:
                line = source.splitlines()[number - 1]
                assert not line.strip(), f"{found.path}: {line} is left out"


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
    monkeypatch.setattr(excerpts, "ROOT", tmp_path)
    [found] = cut(place)
    assert list(found.lines.values()) == code


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("numpy_net/layers.py", "expected file.py:name"),
        ("numpy_net/layers.py:Dense.sideward", "one definition Dense.sidewa"),
        ("assignment.py:train:model.fly()", "expected one, found 0"),
        ("assignment.py:train:print()", "expected one, found 2"),
        ("assignment.py:train:model.fit(z)", "expected one, found 0"),
    ],
)
def test_what_cannot_be_cut_is_named(place, message):
    with pytest.raises((LookupError, ValueError), match=re.escape(message)):
        cut(place)


def test_the_page_is_well_formed_and_needs_no_network():
    section, style = side_by_side.section(), side_by_side.style()
    page = Page(section)
    assert len(page.ids) == len(set(page.ids)), "ids must be unique"
    ids = {f"step-{name.replace(' ', '-')}" for name in NAMES}
    assert ids | {f"equation-{n}" for n in range(1, 13)} == set(page.ids)
    tags = [tag for tag, _ in page.tags]
    assert not {"html", "body", "script", "link", "h1", "h2"} & set(tags)
    for text in (section, style):
        assert "://" not in text
        assert "@import" not in text
        assert "url(" not in text
    assert "<" not in style, "it would close its <style>"


def test_code_scrolls_in_itself_and_can_be_reached_by_key(cuts):
    tags = Page(side_by_side.section()).tags
    blocks = [attributes for tag, attributes in tags if tag == "pre"]
    assert blocks == [{"tabindex": "0"}] * len(cuts)
    assert re.search(r"\.excerpt pre \{[^}]*overflow-x: auto", excerpts.STYLE)


def test_the_page_shows_the_excerpts_whole(cuts):
    code = ["\n".join(found.lines.values()) for found in cuts]
    assert Page(side_by_side.section()).code == code


def test_markup_in_a_source_is_shown_not_obeyed(tmp_path, monkeypatch):
    code = 'def f():\n    return "<script>alert(1)</script>" & b\'"\''
    (tmp_path / "a.py").write_text(code)
    monkeypatch.setattr(excerpts, "ROOT", tmp_path)
    [found] = cut("a.py:f")
    page = Page(found.html())
    assert "script" not in dict(page.tags)
    assert page.code == [code]
    assert "<script" not in found.html()
    assert "<script>alert(1)</script>" in unescape(found.html())


def test_colours_can_be_read():
    """4.5 to 1 is what WCAG asks of text."""
    light, dark = excerpts.STYLE.split("@media (prefers-color-scheme: dark)")
    for scheme in (light, dark):
        colours = dict(re.findall(r"--code-(\w+):\s*#(\w{6})", scheme))
        assert len(colours) == 7
        back = colours.pop("back")
        for name, colour in colours.items():
            assert contrast(colour, back) >= 4.5, f"{name}: #{colour}"


def contrast(one, other):
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    """Relative luminance of an sRGB colour, "rrggbb" (WCAG 2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in parts
    ]
    return sum(
        w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


@pytest.mark.keras
@pytest.mark.parametrize("name", NAMES)
def test_what_the_notes_name_exists_in_keras(name, steps):
    for known in re.findall(r"`([\w.]+)`", steps[name].note):
        package, *path = known.split(".")
        thing = importlib.import_module(
            {"tf": "tensorflow"}.get(package, package)
        )
        for part in path:
            assert hasattr(thing, part), f"{name}: there is no {known}"
            thing = getattr(thing, part)


def test_train_step_does_what_the_notes_say(keras):
    source = inspect.getsource(keras.Model.train_step)
    for word in ("GradientTape", "compute_loss", "optimizer.apply"):
        assert word in source, f"keras.Model.train_step has no {word}"
