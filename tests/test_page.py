"""The page: one file, whole, without requests, true to its record."""

import base64
import copy
import hashlib
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

from benchmarks.__main__ import main
from benchmarks.measure import pictures
from benchmarks.record import results
from benchmarks.record.errors import InputError
from benchmarks.report import answers, looks, page, verdict
from benchmarks.report.question import NOT_RUN
from benchmarks.rows.contenders import EVERY, select

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "docs" / "sample"
REFERENCE = ROOT / "docs" / "reference"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser",
                                    "google-chrome"))), None
)  # fmt: skip
VOID = {"meta", "link", "img", "br", "hr", "input"}


@pytest.fixture(scope="module")
def record():
    return results.read(SAMPLE)


@pytest.fixture(scope="module")
def html(record):
    return page.page(record)


class Reader(HTMLParser):
    """What a browser would stumble over."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.requests = [], [], [], []
        self.faults, self.headings, self.tags = [], [], set()
        self.feed(text)

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
    assert not found.open
    assert not found.requests
    assert "script" not in found.tags
    assert not re.search(r"https?:", html), "a host is named"
    assert "@import" not in html
    assert not re.findall(r"url\((?!#)", html)
    assert '<html lang="en">' in html
    assert len(html) < 1_500_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme):
    """A contrast of 4.5 at least, as WCAG 2 asks for text."""
    css = (ROOT / "benchmarks" / "report" / "page.css").read_text(
        encoding="utf-8"
    )
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    assert len(blocks) == 2, "one for light, one for dark"
    block = blocks[scheme == "dark"]
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))

    def luminance(name):
        parts = [int(colors[name][i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ink, ground in (
        ("ink", "paper"), ("ink", "soft"), ("quiet", "paper"),
        ("link", "paper"), ("warn-ink", "warn"),
    ):  # fmt: skip
        low, high = sorted((luminance(ink), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"{ink} on {ground}"


def test_ids_are_unique_and_every_anchor_resolves(html):
    found = Reader(html)
    double = {name for name in found.ids if found.ids.count(name) > 1}
    assert not double
    assert not set(found.links) - set(found.ids)
    inner = re.findall(r"url\(#([^)]+)\)", html)
    assert not set(inner) - set(found.ids)


def test_headings_are_in_order(html):
    levels = Reader(html).headings
    assert levels[0] == 1
    assert levels.count(1) == 1
    for before, after in pairwise(levels):
        assert after <= before + 1, "a level is skipped"


def test_every_figure_has_its_sentence_its_words_and_its_numbers(html):
    figures = re.findall(r"<figure id=.*?</figure>", html, re.DOTALL)
    assert len(figures) >= 12
    for text in figures:
        name = re.search(r'id="([\w-]+)"', text).group(1)
        assert "What you see:" in text, name
        assert re.search(r'aria-label="[^"]{30,}"', text), name
        assert re.search(r"<details>.*<table>", text, re.DOTALL), name


@pytest.mark.parametrize("name", [name for name, _, _ in page.SECTIONS])
def test_no_section_of_the_sample_is_empty(name, html):
    section = html.partition(f'<section id="{name}">')[2]
    assert page.NOTHING not in section.partition("</section>")[0]


@pytest.mark.parametrize("folder", [SAMPLE, REFERENCE], ids=lambda f: f.name)
def test_the_committed_pages_are_what_their_results_give(folder):
    """But for the code, which is cut from the sources as they now are.

    Pictures are compared pixel by pixel: other processors pack them
    otherwise. Another matplotlib draws otherwise, so there the words alone.
    """
    html = page.page(results.read(folder))
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    same = f"matplotlib=={matplotlib.__version__}" in lock

    def pixels(match):
        file = io.BytesIO(base64.b64decode(match.group(1)))
        return hashlib.sha256(plt.imread(file).tobytes()).hexdigest()

    def comparable(text):
        parts = [r'<section id="code">.*?</section>', "<style>.*?</style>"]
        parts += [] if same else ["<svg.*?</svg>", "<img.*?>"]
        text = re.sub("|".join(parts), "", text, flags=re.DOTALL)
        return re.sub(r'src="data:image/png;base64,([^"]*)"', pixels, text)

    committed = (folder / "index.html").read_text(encoding="utf-8")
    assert comparable(html) == comparable(committed), (
        f"python -m benchmarks report docs/{folder.name} draws it anew"
    )
    assert len(html) < 1_500_000


def test_the_sample_says_that_it_is_not_mnist(html):
    top = html.partition("<main")[0]
    assert "scikit-learn digits, not MNIST" in top


def test_no_committed_file_holds_images_of_mnist():
    record = results.read(REFERENCE)
    assert record["data"]["choice"] == "mnist"
    assert not record.get("pictures")
    assert results.read(SAMPLE)["data"]["choice"] == "digits"


def test_published_results_hold_no_images_of_mnist(record):
    held = {**record, "data": {**record["data"], "choice": "mnist"}}
    assert held["pictures"]
    assert results.published(held)["pictures"] is None
    assert results.published(record) == record


def test_published_results_name_no_folder_of_the_machine(record):
    words = "python -m benchmarks --data mnist --out '/a b/c' --data-dir=/d"
    found = results.published({**record, "command": words})
    assert found["command"] == "python -m benchmarks --data mnist"
    for folder in (SAMPLE, REFERENCE):
        command = results.read(folder)["command"]
        assert not re.search(r"(^|[ =])[/~]|\.\.", command), command


def test_every_question_of_the_assignment_is_answered(record):
    found = {a.number: a for a in answers.answers(record)}
    assert list(found) == [
        "2.4.1", "2.4.2", "2.4.3", "3.3.1", "3.3.2", "3.3.3", "3.3.4", "5",
    ]  # fmt: skip
    for answer in found.values():
        assert answer.said != [NOT_RUN], answer.number
        assert re.search(r"\d", " ".join(answer.said)), answer.number


def test_answers_change_when_the_figures_change(record):
    """Every epoch of Keras twice as long, every loss of validation 0.5."""
    other = copy.deepcopy(record)
    for run in other["runs"]:
        if run["contender"] == "keras-batch-10":
            for epoch in run.get("epochs", []):
                epoch["wall"] *= 2
    for variant in other["study"]["variants"]:
        for number, epoch in enumerate(variant.get("epochs", [])):
            epoch["val_loss"] = 0.1 + 0.1 * abs(number - 2)
            epoch["val_f1_macro"] = 0.123
            epoch["val_accuracy"] /= 2
        variant.get("test", {})["accuracy"] = 0.25
    other["code_lines"] = {k: 2 * n for k, n in record["code_lines"].items()}
    for run in other["runs"]:
        run.get("test", {})["accuracy"] = 0.375
    before, after = answers.answers(record), answers.answers(other)
    for old, new in zip(before, after, strict=True):
        assert old.said != new.said, old.number
    assert "after epoch 3 of" in after[4].said[0]
    assert "within a tenth of that from epoch 3 on" in after[4].said[0]
    assert "overfits." in after[4].said[1]
    assert verdict.sentences(record) != verdict.sentences(other)


def test_a_failed_gate_leaves_no_ratio_in_the_verdict(record):
    other = copy.deepcopy(record)
    for entry in other["gate"]:
        entry["failed"] = ["the first weights are not equal"]
    assert "no ratio" in verdict.sentences(other)[0]


CUTS = {
    "a run cut short": lambda r: r.update(
        runs=r["runs"][:3], finished_utc=None, gate=[], agreement=[]
    ),
    "no run at all": lambda r: r.update(runs=[], gate=[], agreement=[]),
    "one contender": lambda r: r.update(
        runs=[run for run in r["runs"] if run["contender"] == "xgboost"]
    ),
    "a failed contender": lambda r: r["runs"].__setitem__(
        0, r["runs"][0] | {"status": "failed", "message": "<b>no</b>"}
    ),
    "no study": lambda r: r.pop("study"),
    "a study cut short": lambda r: r["study"].update(
        status="running", variants=r["study"]["variants"][:5]
    ),
    "no pictures": lambda r: r.update(pictures=None, kernels=None),
    "version 2": lambda r: [
        r.pop(name)
        for name in ("study", "closeness", "pictures", "kernels", "code_lines")
    ],
    "without Keras": lambda r: r.update(
        runs=[run for run in r["runs"] if "keras" not in run["contender"]]
    ),
}


@pytest.mark.parametrize("cut", CUTS)
def test_what_is_missing_is_left_out(cut, record, tmp_path):
    """The page is drawn with what there is, as a reader would read it."""
    other = copy.deepcopy(record)
    CUTS[cut](other)
    results.write(tmp_path, other)
    html = page.page(results.read(tmp_path))
    found = Reader(html)
    assert not found.faults
    assert not set(found.links) - set(found.ids)
    if cut == "without Keras":
        assert "Keras's takes" not in html, "no ratio without the row"
    if cut == "a run cut short":
        assert "This run was stopped: 3 of" in html
    if cut == "a failed contender":
        assert "&lt;b&gt;no&lt;/b&gt;" in html


def test_what_others_wrote_stays_text(record):
    """Names, messages and notes of a file are never markup."""
    evil = '"><script>alert(1)</script>'
    other = copy.deepcopy(record)
    other["note"] = other["id"] = other["command"] = evil
    other["machine"]["processor"] = evil
    other["data"]["name"] = other["data"]["source"] = evil
    other["runs"][0] |= {"status": "failed", "message": evil}
    html = page.page(other)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not Reader(html).faults


def test_pictures_of_a_wrong_size_are_refused(record, tmp_path):
    """In one line, not by a page with half a picture."""
    with pytest.raises(InputError, match="28 x 28"):
        pictures.decode("AAAA")


def test_report_of_a_damaged_picture_is_one_line(record, tmp_path, capsys):
    other = copy.deepcopy(record)
    other["pictures"]["digits"]["images"] = "AAAA"
    results.write(tmp_path, other)
    assert main(["report", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "could not be drawn" in out
    assert "28 x 28" in out


def test_every_row_and_rung_has_a_look_of_its_family():
    families = {}
    for c in EVERY:
        families.setdefault(looks.look(c.name), set()).add(
            c.adapter.partition(".")[0]
        )
    assert all(len(found) == 1 for found in families.values())
    assert looks.look("keras-batch-10") == looks.KERAS
    assert looks.look("numpy-batch-10") == looks.NUMPY
    assert {select([n])[0].name for n in pictures.JUDGES} == set(
        pictures.JUDGES
    )


def test_kernels_and_pictures_survive_the_way_through_text(rng):
    images = rng.integers(0, 256, (7, 28, 28)).astype("uint8")
    assert (pictures.decode(pictures.encode(images)) == images).all()


def test_publish_writes_a_page_of_its_own(record, tmp_path, capsys):
    target = tmp_path / "new"
    arguments = ["report", str(SAMPLE), "--publish", str(target)]
    assert main(arguments) == 0
    assert (target / "index.html").is_file()
    assert json.loads((target / "results.json").read_text()) == record
    assert capsys.readouterr().out.splitlines()[-1] == str(
        target / "index.html"
    )


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [1300, 390])
def test_a_browser_shows_it_without_a_word(width, tmp_path):
    """No message on its console, no request; and no sideways scrolling."""
    log = tmp_path / "net.json"
    probe = tmp_path / "page.html"
    text = (SAMPLE / "index.html").read_text(encoding="utf-8")
    # Our own line at the end, to ask the browser how wide the page became.
    probe.write_text(
        text.replace(
            "</body>",
            "<script>document.title = 'wide ' + "
            "(document.documentElement.scrollWidth - innerWidth)"
            "</script></body>",
        ),
        encoding="utf-8",
    )
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
        "clients",
        "update.",
        "accounts.",
        "www.google.com",
        "optimizationguide",
        "redirector.gvt1",
        "edgedl",
    )
    assert not [u for u in hosts if not any(w in u for w in browsers_own)]
    assert all(url.startswith("file:") for url in ours)
