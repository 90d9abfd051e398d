"""Pieces of a page: escaped text, tables, figures with their numbers."""

import base64
from dataclasses import dataclass
from html import escape

from benchmarks.report.table import Table


@dataclass(frozen=True)
class Chart:
    """A figure, what to see in it, and its numbers.

    picture  an SVG element, or other HTML; made here, never from a file
    see      one sentence, in plain text
    alt      what the picture shows, with its figures, for who cannot see it
    """

    name: str
    title: str
    picture: str
    see: str
    alt: str
    table: Table


def text(value: str) -> str:
    """Plain text as HTML."""
    return escape(value, quote=True)


def paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{text(line)}</p>\n" for line in lines)


def figure(chart: Chart) -> str:
    """A figure with its sentence and, folded, its numbers."""
    name = chart.name
    return (
        f'<figure id="{name}">\n<h3>{text(chart.title)}</h3>\n'
        f'<div class="picture" tabindex="0" role="img" '
        f'aria-label="{text(chart.alt)}">\n'
        f"{chart.picture}\n</div>\n"
        f"<figcaption><b>What you see:</b> {text(chart.see)}</figcaption>\n"
        f"<details><summary>The numbers of this figure</summary>\n"
        f"{table(chart.table)}</details>\n</figure>\n"
    )


def table(found: Table) -> str:
    """A table; figures stand to the right, and wide ones can be scrolled."""
    right = [found.is_figure(n) for n in range(len(found.header))]
    head = "".join(
        f'<th scope="col"{_class(right[n])}>{text(name)}</th>'
        for n, name in enumerate(found.header)
    )
    body = "".join(
        "<tr>"
        + "".join(_cell(n, c, right[n]) for n, c in enumerate(row))
        + "</tr>\n"
        for row in found.rows
    )
    note = f'<p class="note">{text(found.note)}</p>\n' if found.note else ""
    label = text(found.heading)
    return (
        f'<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{label}"><table><caption>{label}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n{note}"
    )


def _class(right: bool) -> str:
    return ' class="number"' if right else ""


def _cell(number: int, value: str, right: bool) -> str:
    tag = 'th scope="row"' if number == 0 else "td"
    end = "th" if number == 0 else "td"
    return f"<{tag}{_class(right)}>{text(value)}</{end}>"


def image(png: bytes, alt: str, width: int, height: int) -> str:
    """A PNG within the page, its pixels kept sharp."""
    data = base64.b64encode(png).decode()
    return (
        f'<img class="pixels" alt="{text(alt)}" width="{width}" '
        f'height="{height}" src="data:image/png;base64,{data}">'
    )
