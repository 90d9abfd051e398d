"""The page: one file, whole, without requests, true to its record."""

import base64
import hashlib
import io
import re
import shlex
import shutil
import subprocess
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from benchmarks import ROOT
from benchmarks.analysis.analysis import Analysis
from benchmarks.record.record import (
    Comparison,
    Digits,
    Disagreements,
    Kernel,
    Record,
)
from benchmarks.report import source_code, write
from benchmarks.report.templating import names, say
from benchmarks.rows.table import KERAS_10, NUMPY_10, NUMPY_CUSTOM, XGBOOST
from tests.benchmarks.records import a_record, a_run, rounds

REFERENCE = ROOT / "docs" / "reference"
CSS = ROOT / "benchmarks" / "report" / "templates" / "page.css"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser",
                                    "google-chrome"))), None
)  # fmt: skip
VOID = {"meta", "link", "img", "br", "hr", "input"}
EVIL = '"><script>alert(1)</script>'
EMPTY = "This run has nothing of it."


def images(count, seed=0):
    """Random digits, as a record keeps them."""
    shades = np.random.default_rng(seed).integers(0, 256, (count, 28, 28))
    return base64.b64encode(shades.astype(np.uint8).tobytes()).decode()


def pictured(record, kernels=(NUMPY_10, KERAS_10)):
    """The record with pictures, as one that is not passed on has them."""
    compared = replace(
        record.comparison or Comparison(),
        digits=Digits(images=images(4), labels=[5, 0, 4, 1]),
        disagreements=Disagreements(
            images=images(2, 1),
            labels=[3, 8],
            count=7,
            answers={NUMPY_CUSTOM.name: [3, 9], XGBOOST.name: [5, 8]},
        ),
        kernels={
            row.name: Kernel(scale=0.5, images=images(13, n))
            for n, row in enumerate(kernels)
        },
    )
    return replace(record, comparison=compared)


def drawn(record):
    analysis = Analysis(record)
    return write.page(analysis, write.draw(analysis))


@pytest.fixture(scope="module")
def record():
    return Record.load(REFERENCE)


@pytest.fixture(scope="module")
def html(record):
    return drawn(pictured(record))


class Reader(HTMLParser):
    """What a browser would stumble over."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.requests = [], [], [], []
        self.faults, self.headings, self.tags = [], [], set()
        self.feed(text)
        self.faults += [f"<{tag}> stays open" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        named = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in named:
            self.ids.append(named["id"])
        for name in ("src", "href", "data", "action", "srcset"):
            value = named.get(name) or ""
            if value.startswith("#"):
                self.links.append(value[1:])
            elif value and not value.startswith("data:"):
                self.requests.append(value)
        if tag == "img" and not named.get("alt"):
            self.faults.append("an image without alt text")
        if named.get("role") == "img" and not named.get("aria-label"):
            self.faults.append("a picture without a label")
        if any(name.startswith("on") for name in named):
            self.faults.append(f"a handler in {tag}")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


def test_the_page_is_whole_and_asks_nobody(html):
    found = Reader(html)
    assert not found.faults
    assert not found.requests
    assert "script" not in found.tags
    assert not re.search(r"https?:|@import|url\((?!#)", html)
    assert '<html lang="en">' in html
    assert len(html) < 1_500_000
    assert len(found.ids) == len(set(found.ids))
    inner = re.findall(r"url\(#([^)]+)\)", html)
    assert set(found.links) | set(inner) <= set(found.ids)
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    for before, after in zip(found.headings, found.headings[1:], strict=False):
        assert after <= before + 1, "a level is skipped"


def test_every_figure_has_its_sentence_its_words_and_its_numbers(html):
    figures = re.findall(r"<figure id=.*?</figure>", html, re.DOTALL)
    assert len(figures) == 17
    for text in figures:
        name = re.search(r'id="([\w-]+)"', text).group(1)
        assert "What you see:" in text, name
        assert re.search(r'aria-label="[^"]{30,}"', text), name
        assert re.search(r"<details>.*<table>", text, re.DOTALL), name


def test_no_section_is_empty_and_each_is_named_at_the_top(html):
    sections = re.findall(r'<section id="(\w+)">', html)
    assert " ".join(sections) == (
        "verdict times why code learning agreement seen questions machine"
    )
    assert set(sections) <= set(Reader(html.partition("<main")[0]).links)
    assert EMPTY not in html


def luminance(color):
    """Relative luminance of an sRGB colour, "#rrggbb" (WCAG 2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in parts
    ]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


GROUNDS = {
    ":root": "ink paper, ink soft, quiet paper, link paper, warn-ink warn",
    ".excerpt": ", ".join(f"code-{name} code-back" for name in (
        "text", "name", "keyword", "string", "number", "comment")),
}  # fmt: skip


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("rule", GROUNDS)
def test_text_stands_out_from_its_ground(rule, dark):
    """A contrast of 4.5 at least, as WCAG 2 asks for text."""
    css = CSS.read_text(encoding="utf-8")
    blocks = re.findall(rf"{rule} \{{([^}}]*--.*?)\}}", css, re.DOTALL)
    assert len(blocks) == 2, "one for light, one for dark"
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[dark]))
    for pair in GROUNDS[rule].split(", "):
        low, high = sorted(luminance(colors[name]) for name in pair.split())
        assert (high + 0.05) / (low + 0.05) >= 4.5, pair


def comparable(text):
    """A page but for the code, which is cut from the sources as they are.

    Pictures are compared pixel by pixel: other processors pack them
    otherwise. Another matplotlib draws otherwise, so there the words alone.
    """

    def pixels(match):
        picture = Image.open(io.BytesIO(base64.b64decode(match.group(1))))
        return hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()

    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    same = f"matplotlib=={matplotlib.__version__}" in lock
    parts = [r'<section id="code">.*?</section>', "<style>.*?</style>"]
    parts += [r"<caption>Lines of code.*?</table>", "<p>The two nets take.*"]
    parts += [] if same else ["<svg.*?</svg>", "<img.*?>"]
    text = re.sub("|".join(parts), "", text, flags=re.DOTALL)
    return re.sub(r'src="data:image/png;base64,([^"]*)"', pixels, text)


def test_the_committed_page_is_what_its_results_give(record):
    committed = (REFERENCE / "index.html").read_text(encoding="utf-8")
    assert comparable(drawn(record)) == comparable(committed), (
        "python -m benchmarks report docs/reference draws it anew"
    )


def test_no_committed_file_holds_images_of_mnist(record):
    assert record.is_mnist
    assert record.comparison.digits is None
    assert record.comparison.disagreements is None
    assert not re.search(r"(^|[ =])[/~]|\.\.", record.command)


def test_the_page_of_other_data_says_so_at_the_top(record):
    other = replace(record.data, choice="digits", name="digits, not MNIST")
    request = replace(record.request, tier="quick")
    top = drawn(
        replace(record, data=other, request=request, runs=[])
    ).partition("<main")[0]
    assert "digits, not MNIST: accuracies are not those of MNIST." in top
    assert "Quick tier: a part of the data" in top


# The questions


def answers(record, counts):
    """Number, question, what the students said, and what the record says."""
    analysis = Analysis(record)
    return [
        say("answers.txt", name, analysis, counts=counts)
        for name in names("answers.txt")
    ]


def test_every_question_is_answered_by_the_figures(record):
    """Every epoch of Keras twice as long, every loss of validation 0.1."""
    other = Record.load(REFERENCE)
    for run in other.runs:
        if run.row == KERAS_10.name:
            for epoch in run.training.epochs:
                epoch.wall *= 2
        if run.training:
            run.training.test.accuracy = 0.375
        for net in run.study:
            for number, epoch in enumerate(net.epochs):
                epoch.val_loss = 0.1 + 0.1 * abs(number - 2)
                epoch.val_f1_macro = 0.123
                epoch.val_accuracy /= 2
            if net.test:
                net.test.accuracy = 0.25
    counts = source_code.count()
    before = answers(record, counts)
    numbers = "2.4.1 2.4.2 2.4.3 3.3.1 3.3.2 3.3.3 3.3.4 5"
    assert " ".join(number for number, *_ in before) == numbers
    after = answers(other, dict.fromkeys(counts, 1))
    for old, new in zip(before, after, strict=True):
        assert re.search(r"\d", " ".join(old[3:])), old[0]
        assert old[:3] == new[:3]
        assert old[3:] != new[3:], old[0]
    said = " ".join(after[4])
    assert "after epoch 3 of" in said
    assert "within a tenth of that from epoch 3 on" in said
    assert "overfits." in after[4][4]
    told = [
        say("verdict.txt", "verdict", Analysis(r)) for r in (record, other)
    ]
    assert told[0] != told[1]


# What is missing, and what others wrote


def without(record, *tasks):
    names = {row.name for row in record.rows if row.task in tasks}
    return replace(
        record, runs=[run for run in record.runs if run.row not in names]
    )


def failed(record):
    first = record.runs[0]
    ended = replace(first, status="failed", message="<b>no</b>", training=None)
    return replace(record, runs=[ended, *record.runs[1:]])


BOTH = "an epoch takes NumPy"
STOPPED = "This run was stopped: 3 of 101"
# What is left of the record, and what the page then says: no ratio without
# both rows, nothing of a section of which nothing is there.
CUTS = {
    "a run cut short": (
        lambda r: replace(r, runs=r.runs[:3], finished_utc=None,
                          comparison=None),
        {STOPPED, EMPTY},
    ),
    "no run at all": (
        lambda r: replace(r, runs=[], comparison=None), {EMPTY}
    ),
    "one row": (lambda r: replace(r, runs=r.trained(XGBOOST)), {EMPTY}),
    "a failed row": (failed, {BOTH, "&lt;b&gt;no&lt;/b&gt;"}),
    "one kernel, no study, no drift, no sweep": (
        lambda r: without(pictured(r, [NUMPY_10]), "study", "drift", "step"),
        {BOTH},
    ),
    "a study cut short": (
        lambda r: replace(without(r, "train", "step"), runs=[
            replace(run, status="running", study=run.study[:5])
            for run in r.runs if run.study
        ]),
        {"Nets that differ in one thing: running.", EMPTY},
    ),
    "without Keras": (
        lambda r: replace(r, runs=[n for n in r.runs if "keras" not in n.row]),
        set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
def test_what_is_missing_is_left_out(cut, record, tmp_path):
    """The page is drawn with what there is, as a reader would read it."""
    leave, said = CUTS[cut]
    leave(record).save(tmp_path)
    html = drawn(Record.load(tmp_path))
    found = Reader(html)
    assert not found.faults
    assert set(found.links) <= set(found.ids)
    everything = set.union(*(words for _, words in CUTS.values()))
    assert {words for words in everything if words in html} == said


def test_what_others_wrote_stays_text():
    """Names, messages and titles of a file are never markup."""
    row = replace(NUMPY_10, title=EVIL)
    record = a_record(
        *rounds(NUMPY_10, [1.0, 2.0]),
        a_run(KERAS_10, status="failed", message=EVIL, training=None),
        rows=[row, replace(KERAS_10, title=EVIL)],
    )
    record.id = record.machine.processor = EVIL
    record.command = shlex.quote(EVIL)
    record.machine.packages = {EVIL: EVIL}
    record.data.name = record.data.source = EVIL
    html = drawn(pictured(record))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 20
    assert not Reader(html).faults


# Files


def test_drawings_are_files_too_and_repeat_byte_for_byte(
    record, html, tmp_path
):
    write.write(tmp_path, pictured(record))
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == html
    assert (tmp_path / "summary.md").is_file()
    files = sorted((tmp_path / "figures").iterdir())
    assert len(files) == 15, "all but two, which are no drawings"
    for path in files:
        text = path.read_text(encoding="utf-8").strip()
        assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
        assert text.partition(" ")[2].partition(" ")[2] in html
    assert {"ladder.svg", "step-cost.svg"} <= {path.name for path in files}


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [1300, 390])
def test_a_browser_shows_it_without_a_word(width, tmp_path):
    """No message on its console, no request; and no sideways scrolling."""
    log, probe = tmp_path / "net.json", tmp_path / "page.html"
    text = (REFERENCE / "index.html").read_text(encoding="utf-8")
    # Our own line at the end, to ask the browser how wide the page became.
    ask = (
        "<script>document.title = 'wide ' + (document.documentElement"
        ".scrollWidth - innerWidth)</script></body>"
    )
    probe.write_text(text.replace("</body>", ask), encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
            "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},900", f"--log-net-log={log}",
            "--dump-dom", probe.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    title = re.search(r"<title>wide (-?\d+)</title>", done.stdout)
    assert title, done.stderr[-500:]
    assert int(title.group(1)) <= 0, "the page scrolls sideways"
    asked = re.findall(r'"url":"([^"]+)"', log.read_text(encoding="utf-8"))
    ours = [url for url in asked if str(tmp_path) in url]
    hosts = [url for url in asked if url.startswith("http")]
    # What the browser asks for itself, at home, with or without a page.
    browsers_own = (
        *("clients", "update.", "accounts.", "www.google.com"),
        *("optimizationguide", "redirector.gvt1", "edgedl"),
    )
    assert not [u for u in hosts if not any(w in u for w in browsers_own)]
    assert all(url.startswith("file:") for url in ours)
