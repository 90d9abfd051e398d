"""The final table and what stands below it: terminal, summary.md, README."""

from pathlib import Path

from benchmarks.contenders import CONTENDERS, Reported
from benchmarks.errors import InputError
from benchmarks.results import Record, replacing

HEADER = (
    "model",
    "test accuracy",
    "test F1",
    "training seconds",
    "reported accuracy",
    "reported F1",
    "reported seconds",
)
BEGIN = "<!-- results: made by `python -m benchmarks report` -->"
END = "<!-- end of results -->"


def rows(record: Record) -> list[list[str]]:
    """A row per contender: title, figures here, the assignment's figures."""
    runs = {run["contender"]: run for run in record["runs"]}
    return [
        [
            contender.title,
            *_measured(runs.get(contender.name)),
            *_reported(contender.reported),
        ]
        for contender in CONTENDERS
        if contender.name in record["contenders"]
    ]


def _measured(run: Record | None) -> list[str]:
    if run is None:
        return ["not run", "", ""]
    if run["status"] != "ok":
        return [run["status"], "", ""]
    test = run["test"]
    return [
        f"{test['accuracy']:.4f}",
        f"{test['f1_weighted']:.4f}",
        three_digits(run["seconds"]["training"]),
    ]


def _reported(reported: Reported | None) -> list[str]:
    if reported is None:
        return ["", "", ""]
    shares = [reported.accuracy, reported.f1]
    return [
        *("" if share is None else f"{share:.4f}" for share in shares),
        f"{reported.seconds:g}",
    ]


def three_digits(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value < 1:
        return f"{value:.3f}"
    return f"{value:.{max(0, 3 - len(str(int(value))))}f}"


def caption(record: Record) -> str:
    """What the table's figures mean, and what they do not."""
    data, threads = record["data"], record["threads"]
    return (
        f"{data['name']}, {record['tier']} tier ({record['note']}): "
        f"{data['train_images']:,} training and validation images, "
        f"{data['test_images']:,} test images. F1 is weighted by class. "
        f"Seconds of training are without validation and test, on "
        f"{threads} thread{'s' * (threads > 1)} of "
        f"{record['machine']['processor']}. Reported: the assignment's own "
        f"figures, from another machine (Google Colab): form no ratio with "
        f"them."
    )


def sentences(record: Record) -> list[str]:
    """What else the run has shown, a sentence each."""
    titles = {contender.name: contender.title for contender in CONTENDERS}
    found = []
    for pair in record["agreement"] or []:
        first, second = (titles[name] for name in pair["rows"])
        found.append(
            f'"{first}" and "{second}" began with the same weights and saw '
            f"the same batches; after training "
            f"{_difference(pair['max_weight_difference'])}."
        )
    for run in record["runs"]:
        test = run.get("test", {})
        if "per_batch_f1" in test:
            found.append(
                f"{titles[run['contender']]}: the F1 that the assignment "
                f"watched in training, averaged over batches of 10, says "
                f"{test['per_batch_f1']:.3f} of the same test outputs whose "
                f"macro F1 is {test['f1_macro']:.3f}; a net without a fault "
                f"would score {test['per_batch_f1_best']:.3f}, because a "
                f"class that is absent from a batch counts as 0."
            )
    return found


def _difference(largest: float) -> str:
    if largest == 0:
        return "their weights are equal, bit for bit"
    said = f"their weights differ by {largest:.1e} at most"
    if largest < 1e-4:
        return f"{said}: rounding in float32"
    return (
        f"{said}: rounding in float32, which grows in this net from update "
        f"to update (in float64 the tests hold both to 1e-12)"
    )


def markdown(record: Record) -> str:
    """The table and the sentences as Markdown."""
    lines = [HEADER, ["---"] + ["---:"] * (len(HEADER) - 1), *rows(record)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    notes = "\n".join(f"- {line}" for line in sentences(record))
    return f"{table}\n\n{caption(record)}\n\n{notes}".rstrip() + "\n"


def write(folder: Path, record: Record) -> Path:
    """Write summary.md; return its path."""
    path = folder / "summary.md"
    with replacing(path) as temporary:
        temporary.write_text(markdown(record), encoding="utf-8")
    return path


def write_into(readme: Path, record: Record) -> None:
    """Replace what stands between the two markers of a Markdown file."""
    try:
        text = readme.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{readme} cannot be read ({error.strerror}): give a Markdown "
            f"file with the two markers"
        ) from error
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{readme}: expected the lines {BEGIN} and {END}")
    new = f"{before}{BEGIN}\n{markdown(record)}{END}{after}"
    with replacing(readme) as temporary:
        temporary.write_text(new, encoding="utf-8")
