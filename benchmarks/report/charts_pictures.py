"""What the nets see: first kernels, digits in dispute, what is confused."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.analysis import derived
from benchmarks.measure import pictures
from benchmarks.record.results import Record
from benchmarks.report import looks, markup
from benchmarks.report.markup import Chart
from benchmarks.report.table import Table
from benchmarks.rows.contenders import title

ACROSS = 10  # kernels in a row
GAP = 2  # pixels between two


def charts(record: Record) -> Iterator[Chart]:
    """Those for which the record has the pictures."""
    if record.get("kernels"):
        yield kernels(record)
    if (record.get("pictures") or {}).get("disagreements"):
        yield disagreements(record)
    if _judges(record):
        yield confusion(record)


def kernels(record: Record) -> Chart:
    """The first kernel of each edition, a small image for every unit."""
    parts, rows = [], []
    for name, entry in record["kernels"].items():
        images = pictures.decode(entry["images"])
        grid = _grid(images)
        picture = markup.image(
            looks.png(grid, cmap="gray", vmin=0, vmax=255),
            f"{len(images)} kernels of {title(name)}",
            2 * grid.shape[1],
            2 * grid.shape[0],
        )
        parts.append(f"<p><b>{markup.text(title(name))}</b></p>\n{picture}\n")
        rows.append([title(name), str(len(images)), f"{entry['scale']:.3f}"])
    apart = ""
    if len(record["kernels"]) == 2:
        a, b = (
            pictures.decode(entry["images"]).astype(int)
            for entry in record["kernels"].values()
        )
        if a.shape == b.shape:
            same = np.mean(a == b)
            apart = f" {same:.1%} of the pixels have the same shade in both"
            apart += (
                ": equal first weights, equal updates."
                if same > 0.99
                else ", though they should: the updates were not equal."
            )
    return Chart(
        "kernels",
        "What the first layer looks for",
        "".join(parts),
        "a picture for each of the hidden units: white pixels speak for it, "
        "black ones against it, grey ones do not matter; the edges, where "
        "there is never ink, keep their first random values." + apart,
        "Grids of 28 by 28 pixel images, one for each hidden unit. "
        + "; ".join(f"{row[0]}: {row[1]} units" for row in rows)
        + "."
        + apart,
        Table(
            "First kernels",
            ("model", "units", "largest weight (white or black)"),
            rows,
        ),
    )


def _grid(images: np.ndarray) -> np.ndarray:
    down = -(-len(images) // ACROSS)
    side = pictures.SIDE + GAP
    grid = np.full((down * side - GAP, ACROSS * side - GAP), 255, np.uint8)
    for n, image in enumerate(images):
        y, x = side * (n // ACROSS), side * (n % ACROSS)
        grid[y : y + pictures.SIDE, x : x + pictures.SIDE] = image
    return grid


def disagreements(record: Record) -> Chart:
    """Test digits on which the models do not agree."""
    found = record["pictures"]["disagreements"]
    names = list(found["answers"])
    cards, rows = [], []
    images = pictures.decode(found["images"])
    for n, (image, label) in enumerate(
        zip(images, found["labels"], strict=True)
    ):
        said = {name: found["answers"][name][n] for name in names}
        picture = markup.image(
            looks.png(255 - image, cmap="gray", vmin=0, vmax=255),
            f"a digit labelled {label}",
            2 * pictures.SIDE,
            2 * pictures.SIDE,
        )
        lines = "".join(
            f"<li>{markup.text(title(name))}: <b>{answer}</b>"
            f"{' ✓' if answer == label else ' ✗'}</li>"
            for name, answer in said.items()
        )
        cards.append(
            f"<li>{picture}<div>label {label}<ul>{lines}</ul></div></li>\n"
        )
        rows.append([str(label), *map(str, said.values())])
    right = {
        title(name): sum(
            a == b
            for a, b in zip(
                found["answers"][name], found["labels"], strict=True
            )
        )
        for name in names
    }
    return Chart(
        "disagreements",
        "Digits on which the models disagree",
        f'<ul class="cards">\n{"".join(cards)}</ul>',
        f"{len(rows)} of the {found['count']} test digits to which these "
        f"models give different answers.",
        "Digits, their labels and the answers. Right of these: "
        + "; ".join(f"{name} {n} of {len(rows)}" for name, n in right.items())
        + ".",
        Table(
            "Answers in dispute",
            ("label", *(title(name) for name in names)),
            rows,
        ),
    )


def _judges(record: Record) -> dict[str, np.ndarray]:
    runs = {n: derived.trained(record, n) for n in pictures.JUDGES}
    return {
        name: np.array(found[0]["test"]["confusion"])
        for name, found in runs.items()
        if found
    }


def confusion(record: Record) -> Chart:
    """Which digit is taken for which: mistakes alone, in counts."""
    tables = _judges(record)
    with looks.settings(**{"axes.grid": False}):
        figure, axes = plt.subplots(
            1, len(tables), figsize=(3.6 * len(tables), 3.8),
            layout="constrained", squeeze=False,
        )  # fmt: skip
        for axis, (name, counts) in zip(axes[0], tables.items(), strict=True):
            wrong = counts - np.diag(np.diag(counts))
            axis.imshow(wrong, cmap="Greys", vmin=0, vmax=max(1, wrong.max()))
            for y, x in np.argwhere(wrong > 0):
                dark = wrong[y, x] > 0.5 * wrong.max()
                axis.text(
                    x, y, str(wrong[y, x]), ha="center", va="center",
                    fontsize=7, color="white" if dark else "black",
                )  # fmt: skip
            axis.set_xticks(range(10))
            axis.set_yticks(range(10))
            axis.set(title=title(name), xlabel="answer", ylabel="digit")
        picture = looks.svg(figure, "confusion")
    rows = [
        [title(name), f"{y} taken for {x}", str(counts[y, x])]
        for name, counts in tables.items()
        for y, x in _worst(counts)
    ]
    return Chart(
        "confusion",
        "What is taken for what",
        picture,
        "the mistakes alone: row the digit, column the answer, the number how "
        "often; darker is more often, by each panel's own scale.",
        "Mistakes on the test images. "
        + "; ".join(
            f"{title(name)}: {counts.sum() - np.trace(counts)} of "
            f"{counts.sum()}"
            for name, counts in tables.items()
        )
        + ".",
        Table("The five most frequent mistakes of each",
              ("model", "mistake", "times"), rows),
    )  # fmt: skip


def _worst(counts: np.ndarray) -> list[tuple[int, int]]:
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:5]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [(int(y), int(x)) for y, x in pairs if wrong[y, x] > 0]
