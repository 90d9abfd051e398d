"""What a run has shown, as text: terminal, summary.md, README."""

from pathlib import Path

from benchmarks.analysis import derived
from benchmarks.analysis.statistics import estimate
from benchmarks.measure import noise
from benchmarks.record.errors import InputError
from benchmarks.record.results import Record, replacing
from benchmarks.report import report, verdict
from benchmarks.report.table import Table, in_markdown, three_digits
from benchmarks.rows.contenders import Reported, rows_of, title

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
    """A row per contender: title, figures here, the assignment's figures.

    Of several rounds the medians.
    """
    return [
        [
            contender.label,
            *_measured(record, contender.name),
            *_reported(contender.reported),
        ]
        for contender in rows_of(record)
        if contender.name in record["contenders"]
        and any(
            entry["contender"] == contender.name and entry["task"] == "train"
            for entry in record["plan"]
        )
    ]


def _measured(record: Record, name: str) -> list[str]:
    runs = derived.trained(record, name)
    if not runs:
        statuses = [
            run["status"]
            for run in record["runs"]
            if run["contender"] == name and run["task"] == "train"
        ]
        return [statuses[0] if statuses else "not run", "", ""]
    tests = [run["test"] for run in runs]
    seconds = estimate([derived.training_seconds(run) for run in runs])
    return [
        f"{estimate([t['accuracy'] for t in tests]).value:.4f}",
        f"{estimate([t['f1_weighted'] for t in tests]).value:.4f}",
        three_digits(seconds.value),
    ]


def _reported(reported: Reported | None) -> list[str]:
    if reported is None:
        return ["", "", ""]
    shares = [reported.accuracy, reported.f1]
    return [
        *("" if share is None else f"{share:.4f}" for share in shares),
        f"{reported.seconds:g}",
    ]


def table(record: Record) -> Table:
    """The final comparison."""
    return Table("Accuracy and time", HEADER, rows(record), caption(record))


def caption(record: Record) -> str:
    """What the table's figures mean, and what they do not."""
    data, threads, rounds = record["data"], record["threads"], record["rounds"]
    return (
        f"{data['name']}, {record['tier']} tier ({record['note']}): "
        f"{data['train_images']:,} training and validation images, "
        f"{data['test_images']:,} test images"
        f"{f'; medians of {rounds} rounds' * (rounds > 1)}. F1 is weighted "
        f"by class. Training seconds are those of the first step (tracing, "
        f"compiling, XGBoost's matrix) and of all epochs, without import, "
        f"validation and test, on {threads} thread{'s' * (threads > 1)} of "
        f"{record['machine']['processor']}. Reported: the assignment's own "
        f"figures, from another machine (Google Colab): form no ratio with "
        f"them.{_noise(record)}"
    )


def _noise(record: Record) -> str:
    """Say so if the machine was not quiet."""
    runs = [run for run in record["runs"] if "noise" in run]
    loud = [run for run in runs if noise.flags(run["noise"])]
    floor = derived.noise_floor(record)
    if not loud:
        return ""
    said = (
        f" The machine was not quiet in {len(loud)} of {len(runs)} "
        f"processes: read the seconds as rough"
    )
    if floor is not None:
        said += f", identical rows differ by up to {floor:.0%}"
    return f"{said}."


def sentences(record: Record) -> list[str]:
    """What else the run has shown, a sentence each: first the verdict."""
    found = verdict.sentences(record)
    pairs = record["agreement"] or []
    if pairs:
        found.append(_equal(pairs))
    for name in ("keras-batch-10", "keras-custom"):
        runs = derived.trained(record, name)
        if not runs:
            continue
        test = runs[0]["test"]
        found.append(
            f"{title(name)}: the F1 that the assignment watched in "
            f"training, averaged over batches of 10, says "
            f"{test['per_batch_f1']:.3f} of the same test outputs whose "
            f"macro F1 is {test['f1_macro']:.3f}. A net without a fault "
            f"would score {test['per_batch_f1_best']:.3f} on these batches, "
            f"because a class that is absent from one counts as 0; and it "
            f"counts only outputs of one half and more."
        )
    return found


def _equal(pairs: list[Record]) -> str:
    """How near the trained weights of rows are that train alike."""
    nets: dict[str, list[float]] = {}
    for pair in pairs:
        net = "custom" if "custom" in pair["rows"][0] else "other"
        nets.setdefault(net, []).append(pair["max_weight_difference"])
    said = (
        f"{len(pairs)} pair{'s' * (len(pairs) > 1)} of rows began with the "
        f"same weights and saw the same batches in the same order. After "
        f"training "
    )
    words = [
        f"the weights of the {'custom' if net == 'custom' else 'small'} net "
        f"differ by {max(found):.0e} at most"
        for net, found in sorted(nets.items(), reverse=True)
    ]
    said += " and ".join(words)
    if max(nets.get("custom", [0.0])) > 1e-4:
        said += ", because there rounding grows from update to update"
    return f"{said}. (In float64 the tests hold both libraries to 1e-12.)"


def markdown(record: Record, whole: bool = True) -> str:
    """The tables and the sentences as Markdown; for README the first."""
    parts = []
    if rows(record):
        main = table(record)
        notes = "\n".join(
            f"- {in_markdown(line)}" for line in sentences(record)
        )
        note = in_markdown(main.note)
        parts.append(f"{main.markdown()}\n\n{note}\n\n{notes}".rstrip())
    if whole:
        for extra in report.tables(record):
            parts.append(
                f"## {in_markdown(extra.heading)}\n\n{extra.markdown()}\n\n"
                f"{in_markdown(extra.note)}"
            )
    return "\n\n".join(parts) + "\n"


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
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{readme} cannot be read ({error}): give a Markdown file with "
            f"the two markers"
        ) from error
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{readme}: expected the lines {BEGIN} and {END}")
    made = markdown(record, whole=False)
    with replacing(readme) as temporary:
        temporary.write_text(
            f"{before}{BEGIN}\n{made}{END}{after}", encoding="utf-8"
        )
