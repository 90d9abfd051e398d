"""What the parent and a worker tell each other: JSON lines of these types."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from benchmarks.record.record import Comparison, Data
from benchmarks.record.request import Request
from benchmarks.record.run import Run, Status, Studied
from benchmarks.rows.row import Row


class Task(Struct, kw_only=True):
    """What one worker is to do.

    kind     data: find it, draw four digits; gpu: is there one; added: are
             the rows of --add classifiers; row: train or sweep ``row``;
             compare: weights and answers, once all rows have run
    sums     draw no digits of data with other sums
    studied  nets of the study that an earlier worker has trained
    parent, spawned   whose end ends the worker; when it was started
    """

    kind: Literal["data", "gpu", "added", "row", "compare"]
    request: Request
    folder: str
    row: Row | None = None
    round: int = 0
    sums: dict[str, str] | None = None
    studied: list[str] = []
    parent: int = 0
    spawned: float = 0.0

    @property
    def seed(self) -> int:
        """Each round has first weights and orders of its own."""
        return self.request.seed + self.round


class Say(Struct, tag=True):
    """A line for who watches."""

    text: str


class Progress(Struct, tag=True):
    """So many parts are done, of so many; what was logged in the last."""

    done: int
    total: Annotated[int, Meta(ge=1)]
    logs: dict[str, float] = {}


class Keep(Struct, tag=True):
    """A net of the study that is ready before the others."""

    studied: Studied


class Gpus(Struct):
    """What could use a GPU: TensorFlow's names, XGBoost's build."""

    tensorflow: list[str]
    xgboost: bool


class Done(Struct, tag=True):
    """The last answer: how it ended, and what the kind of task gives."""

    status: Status = "ok"
    message: str = ""
    data: Data | None = None
    gpus: Gpus | None = None
    run: Run | None = None
    comparison: Comparison | None = None


Answer = Say | Progress | Keep | Done
