"""The page of a run: one file that opens from disk, for ever.

Everything in it comes from the run's record, but for the code side by side,
which is cut from the sources as they are. No script, no request.
"""

from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import pictures
from benchmarks.record.results import Record, replacing
from benchmarks.report import (
    answers,
    charts_agreement,
    charts_learning,
    charts_pictures,
    charts_time,
    looks,
    report,
    side_by_side,
    summary,
    verdict,
)
from benchmarks.report.markup import figure, image, paragraphs, table, text

TITLE = "NumPy and Keras, side by side"
NOTHING = '<p class="quiet">This run has nothing of it.</p>\n'


def write(folder: Path, record: Record) -> Path:
    """Write index.html; return its path."""
    path = folder / "index.html"
    made = page(record)
    with replacing(path) as temporary:
        temporary.write_text(made, encoding="utf-8")
    return path


def page(record: Record) -> str:
    """The whole document."""
    css = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    parts = [
        f'<section id="{name}">\n<h2>{text(heading)}</h2>\n'
        f"{make(record) or NOTHING}</section>\n"
        for name, heading, make in SECTIONS
    ]
    contents = "".join(
        f'<li><a href="#{name}">{text(heading)}</a></li>\n'
        for name, heading, _ in SECTIONS
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, '
        f'initial-scale=1">\n<title>{TITLE}: {text(record["id"])}</title>\n'
        f'<link rel="icon" href="data:,">\n'
        f"<style>\n{css}\n{side_by_side.style()}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">Skip to the verdict</a>\n'
        f"<header>\n<h1>{TITLE}</h1>\n{_badges(record)}{_caveats(record)}"
        f'<nav aria-label="Contents"><ul>\n{contents}</ul></nav>\n'
        f'</header>\n<main id="main">\n{"".join(parts)}</main>\n</body>\n'
        f"</html>\n"
    )


def _badges(record: Record) -> str:
    data = record["data"]
    gate = record["gate"] or []
    failed = sum(bool(entry["failed"]) for entry in gate)
    agreement = (
        f"equal updates: {len(gate) - failed} of {len(gate)} pairs"
        if gate
        else "equal updates: not checked"
    )
    threads = record["threads"]
    words = [
        data["name"]
        if data["choice"] != "mnist" or record["tier"] == "full"
        else f"first {data['train_images']:,} images of MNIST",
        f"{record['tier']} tier",
        agreement,
        f"{threads} thread{'s' * (threads > 1)}, {record['device']}",
        f"{record['rounds']} round{'s' * (record['rounds'] > 1)}",
        record["started_utc"],
    ]
    items = "".join(f"<li>{text(word)}</li>\n" for word in words)
    return f'<ul class="badges">\n{items}</ul>\n'


def _caveats(record: Record) -> str:
    lines = verdict.caveats(record)
    return (
        f'<div class="caveats" role="note">\n{paragraphs(lines)}</div>\n'
        if lines
        else ""
    )


def _verdict(record: Record) -> str:
    made = paragraphs(verdict.sentences(record))
    if summary.rows(record):
        made += table(summary.table(record))
    return made


def _times(record: Record) -> str:
    made = "".join(map(figure, charts_time.times(record)))
    for found in (report.ratios(record), report.bars(record)):
        if found.rows:
            made += table(found)
    return made


def _why(record: Record) -> str:
    made = "".join(map(figure, charts_time.reasons(record)))
    for found in report.reasons(record):
        made += table(found)
    return made


def _code(record: Record) -> str:
    return side_by_side.section()


def _learning(record: Record) -> str:
    made = "".join(map(figure, charts_learning.charts(record)))
    found = report.to_accuracy(record)
    return made + (table(found) if found.rows else "")


def _agreement(record: Record) -> str:
    made = ""
    chart = charts_agreement.drift(record)
    if chart is not None:
        made += figure(chart)
    for found in (charts_agreement.gradients(record), report.equal(record)):
        if found is not None and found.rows:
            made += table(found)
    return made


def _seen(record: Record) -> str:
    digits = (record.get("pictures") or {}).get("digits")
    made = _digits(digits, record) if digits else ""
    return made + "".join(map(figure, charts_pictures.charts(record)))


def _digits(found: Record, record: Record) -> str:
    """Four training digits, as the assignment begins."""
    shown = "".join(
        "<li>"
        + image(
            looks.png(255 - digit, cmap="gray", vmin=0, vmax=255),
            f"a digit labelled {label}",
            2 * pictures.SIDE,
            2 * pictures.SIDE,
        )
        + f"<div>label {label}</div></li>\n"
        for digit, label in zip(
            pictures.decode(found["images"]), found["labels"], strict=True
        )
    )
    return (
        f"<h3>Four random training digits of {text(record['data']['name'])}"
        f'</h3>\n<ul class="cards">\n{shown}</ul>\n'
    )


def _questions(record: Record) -> str:
    made = (
        "<p>The nets of these answers are trained for them, in other orders "
        "than the rows above: an equal net differs from its row by what "
        "another seed changes.</p>\n"
        if record.get("study")
        else ""
    )
    for answer in answers.answers(record):
        made += (
            f"<h3>{text(f'{answer.number}  {answer.question}')}</h3>\n"
            f"<blockquote>The students: {text(answer.students)}"
            f"</blockquote>\n{paragraphs(answer.said)}"
        )
        made += "".join(map(figure, answer.charts))
        made += "".join(map(table, answer.tables))
    return made


def _machine(record: Record) -> str:
    made = table(report.conditions(record)) + table(report.fairly(record))
    return made


SECTIONS: tuple[tuple[str, str, Callable[[Record], str]], ...] = (
    ("verdict", "The verdict", _verdict),
    ("times", "How long?", _times),
    ("why", "Why?", _why),
    ("code", "The code, side by side", _code),
    ("learning", "How they learn", _learning),
    ("agreement", "Do they compute the same?", _agreement),
    ("seen", "What the nets see", _seen),
    ("questions", "The assignment's questions", _questions),
    ("machine", "The machine, and was it fair?", _machine),
)
