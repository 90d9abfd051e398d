"""A Record: what a whole run leaves in results.json."""

import json
import shlex
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from benchmarks import InputError, printable
from benchmarks.record.folder import replacing
from benchmarks.record.machine import Machine
from benchmarks.record.request import Entry, Request
from benchmarks.record.run import Run, Seconds, Strict, Whole
from benchmarks.rows.row import Count, Name, Row, Text

SCHEMA: Final = 4
LARGEST_NUMBER = 1e100
LARGEST = 200 * 2**20  # bytes; a full run's file is far below one hundredth
SIDE = 28  # pixels
FOLDERS = ("--out", "--data-dir", "--resume")  # options that name one
# Images as text: SIDE * SIDE bytes each, in base64.
Images = Annotated[str, Meta(pattern="^[A-Za-z0-9+/]{4,}={0,2}$")]
Pair = Annotated[list[Name], Meta(min_length=2, max_length=2)]
Distance = Annotated[float, Meta(ge=0)]
Digit = Annotated[int, Meta(ge=0, le=9)]


class Data(Strict):
    """Which data was trained on."""

    choice: Literal["mnist", "digits"]
    name: Text
    source: Text
    sha256: dict[Text, Text]
    train_images: Count
    test_images: Count
    digits: list[Digit] = []


class Gate(Strict):
    """Whether two rows make the same updates, and which rules failed.

    difference  of the weights' change, relative to it
    """

    rows: Pair
    updates: Whole
    difference: Distance
    loss_difference: Distance
    tolerance: Seconds
    failed: list[Text] = []


class WeightDifference(Strict):
    """The largest difference of the trained weights of two rows."""

    rows: Pair
    difference: Distance


def _count(images: str) -> int:
    count, rest = divmod(len(b64decode(images)), SIDE * SIDE)
    if rest:
        raise ValueError(f"expected images of {SIDE} x {SIDE} bytes")
    return count


class Kernel(Strict):
    """First kernels as images; scale is the weight that is white."""

    scale: Seconds
    images: Images

    def __post_init__(self) -> None:
        _count(self.images)


class Digits(Strict):
    """Images of the data under their labels."""

    images: Images
    labels: list[Digit]

    def __post_init__(self) -> None:
        if _count(self.images) != len(self.labels):
            raise ValueError("expected one label for each image")


class Disagreements(Digits):
    """Test images on which models disagree: count in all, some as images."""

    count: Count
    answers: dict[Name, list[Digit]]

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(len(a) != len(self.labels) for a in self.answers.values()):
            raise ValueError("expected one answer for each image")


class Comparison(Strict):
    """What is known once all rows have run.

    digits, disagreements  images of the data: not to be passed on if it is
                           MNIST
    """

    gate: list[Gate] = []
    weights: list[WeightDifference] = []
    kernels: dict[Name, Kernel] = {}
    digits: Digits | None = None
    disagreements: Disagreements | None = None


class Record(Strict):
    """A run: what was asked for, where, and every Run of it.

    comparison  None until all rows have run
    """

    schema: Literal[4]
    id: Text
    command: Text
    started_utc: Text
    request: Request
    machine: Machine
    data: Data
    finished_utc: Text | None = None
    runs: Annotated[list[Run], Meta(max_length=100_000)] = []
    comparison: Comparison | None = None

    def __post_init__(self) -> None:
        shlex.split(self.command)  # ValueError where a quote is not closed
        named = {row.name: row for row in self.request.rows}
        for run in self.runs:
            if run.row not in named:
                raise ValueError(f"{run.row} is not among the rows")
            missing = _lacking(named[run.row], run) if run.ok else None
            if missing:
                raise ValueError(f"{run.row} has no {missing}")

    @classmethod
    def load(cls, folder: Path) -> "Record":
        """Read results.json; refuse what is not one of this version."""
        path = folder / "results.json"
        content = _read(path)
        version = content.get("schema") if isinstance(content, dict) else None
        if version != SCHEMA:
            raise InputError(
                f"{path}: expected schema {SCHEMA}, got {version!r:.80}: it "
                f"was written by another version of this program, or is "
                f"damaged; run again"
            )
        try:
            return msgspec.convert(content, cls)
        except (msgspec.ValidationError, RecursionError) as error:
            raise InputError(
                f"{path}: {str(error)[:300]}: the file is damaged; run again"
            ) from error

    def save(self, folder: Path) -> None:
        """Write results.json."""
        with replacing(folder / "results.json") as path:
            content = msgspec.to_builtins(self)
            text = json.dumps(content, indent=1, allow_nan=False)
            path.write_text(text + "\n", encoding="utf-8")

    def published(self) -> "Record":
        """The record as it may be passed on.

        Without MNIST's images, which are not ours; and without the folders
        of the machine in its command, which mean nothing elsewhere.
        """
        words, command = iter(shlex.split(self.command)), []
        for word in words:
            if word in FOLDERS:
                next(words, None)
            elif not word.startswith(tuple(f"{name}=" for name in FOLDERS)):
                command.append(word)
        compared = self.comparison
        if compared and self.is_mnist:
            compared = replace(compared, digits=None, disagreements=None)
        return replace(self, command=shlex.join(command), comparison=compared)

    @property
    def is_mnist(self) -> bool:
        return self.data.choice == "mnist"

    @property
    def rows(self) -> list[Row]:
        return self.request.rows

    def title(self, name: str) -> str:
        """The title of a row; its name, if the record has no such row."""
        titles = {row.name: row.title for row in self.rows}
        return titles.get(name, name)

    def missing(self) -> list[Entry]:
        """What the plan still lacks."""
        done = {(r.row, r.round) for r in self.runs if r.status != "running"}
        return [e for e in self.request.plan() if (e.row, e.round) not in done]

    def trained(self, row: Row | str) -> list[Run]:
        """The good training runs of a row, in the order of their rounds."""
        return self._good(row, "training")

    def swept(self, row: Row | str) -> list[Run]:
        """The good sweeps of a row."""
        return self._good(row, "sweep")

    def _good(self, row: Row | str, part: str) -> list[Run]:
        name = row if isinstance(row, str) else row.name
        good = [r for r in self.runs if r.row == name and r.ok]
        good = [run for run in good if getattr(run, part) is not None]
        return sorted(good, key=lambda run: run.round)

    def the(self, task: str) -> Run | None:
        """The run of a task that no more than one row has."""
        names = {row.name for row in self.rows if row.task == task}
        return next((run for run in self.runs if run.row in names), None)

    def paired(
        self, first: Row | str, second: Row | str
    ) -> list[tuple[float, float]]:
        """Steady epochs of two rows, round by round; only complete rounds."""
        a, b = (
            {run.round: run.epoch_seconds for run in self.trained(row)}
            for row in (first, second)
        )
        return [(a[n], b[n]) for n in sorted(a) if n in b]

    def twins(self) -> list[tuple[float, float]]:
        """Steady epochs of every row and its twin, which should be equal."""
        rows = [row for row in self.rows if row.twin_of]
        pairs = [self.paired(row, row.twin_of or "") for row in rows]
        return [pair for of_row in pairs for pair in of_row]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


PARTS_OF_TASK = {
    "train": "training",
    "step": "sweep",
    "drift": "closeness",
    "study": "study",
}


def _lacking(row: Row, run: Run) -> str | None:
    """What a good run of this row must have and has not."""
    wanted = {PARTS_OF_TASK[row.task]: getattr(run, PARTS_OF_TASK[row.task])}
    if row.task in ("train", "step"):
        wanted |= {"verified": run.verified, "noise": run.noise}
    if row.net and run.training:
        wanted |= {"updates": run.training.updates_per_epoch}
        wanted |= {"val_accuracy": run.logged("val_accuracy")}
    return next((name for name, part in wanted.items() if not part), None)


def _read(path: Path) -> Any:
    """The JSON of a file that anybody may have written, texts printable."""
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(
                f"{path} is larger than {LARGEST:,} bytes: no run of this "
                f"program wrote that"
            )
        text = path.read_text(encoding="utf-8")
        return _printable(DECODER.decode(text))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}): give the folder of "
            f"a run, such as one in results/"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is no JSON ({error}): the file is damaged; run again"
        ) from error


def _printable(value: Any) -> Any:
    """The same with all of its texts printable, each in one line."""
    if isinstance(value, dict):
        return {printable(k): _printable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_printable(v) for v in value]
    return printable(value) if isinstance(value, str) else value


def _sensible(text: str) -> float:
    """Refuses NaN, Infinity, and what would become it in a square or sum."""
    value = float(text)
    if not abs(value) <= LARGEST_NUMBER:
        raise ValueError(f"{text:.20} is no number")
    return value


def _whole(text: str) -> int:
    _sensible(text)
    return int(text)


DECODER = json.JSONDecoder(
    parse_int=_whole, parse_float=_sensible, parse_constant=_sensible
)
