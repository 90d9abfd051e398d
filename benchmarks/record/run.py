"""A Run: what one process of one round has measured, and what follows.

Raw times and counts alone, in seconds unless a name says otherwise. What a
file of results holds is checked against these types when it is read.
"""

from statistics import median
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from benchmarks.rows.row import Count, Name, Text
from benchmarks.rows.study import Variant

Whole = Annotated[int, Meta(ge=0, le=10**15)]
Positive = Annotated[float, Meta(ge=1e-9, le=1e12)]
Seconds = Annotated[float, Meta(ge=0, le=1e12)]
Share = Annotated[float, Meta(ge=0, le=1)]
Counts = Annotated[list[Whole], Meta(min_length=10, max_length=10)]
Status = Literal[
    "ok",
    "running",
    "failed",
    "diverged",
    "timed out",
    "not installed",
    "bad input",
]
WHOLE_STEP = "the whole step"
# The phases from the start of a process to the end of its training.
COLD = (
    "interpreter",
    "import NumPy",
    "import harness",
    "data",
    "import",
    "build",
)
TRAINING = ("matrix", "compile", "first step", "training")
# Where the seconds of a process go until it is trained: what, which phases.
PARTS = {
    "start and imports": (
        "interpreter",
        "import NumPy",
        "import harness",
        "import",
    ),
    "data and building": ("data", "build"),
    "matrix": ("matrix",),
    "compiling, first step": ("compile", "first step"),
    "epochs": ("training",),
}


class Strict(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A part of a record: fields that it does not know are refused."""


class Phase(Strict):
    """Wall time, CPU time of all threads, most memory held meanwhile."""

    wall: Seconds
    cpu: Seconds | None = None
    peak_mib: Seconds | None = None


class Noise(Strict):
    """What the system counted while a process ran; None: not to be had.

    steal      share of all CPU time that the host took away
    throttled  times that a CPU quota stopped the process
    load       processes that wanted to run, last minute's mean
    sentinel_before, sentinel_after   seconds of a fixed piece of work
    """

    sentinel_before: Positive
    sentinel_after: Positive
    steal: Share | None = None
    throttled: Whole | None = None
    load: Seconds | None = None


class Verified(Strict):
    """What a process found itself to have been given.

    cores         on which it may run
    blas_threads  the size of every pool that NumPy and SciPy use
    tensorflow    its own two settings, 0 where it chose for itself
    settings      what the library says of the model
    """

    dtype: Text
    device: Text
    learning_rate: float | None = None
    jit_compile: bool | None = None
    steps_per_execution: Whole | None = None
    eager: bool | None = None
    threads: Whole | None = None
    cores: Whole | None = None
    blas_threads: dict[Text, Whole] = {}
    tensorflow: list[Whole] | None = None
    settings: dict[Text, Text] = {}


class Test(Strict):
    """What the answers on the test images are worth.

    per_batch_f1  the F1 that the assignment watched, by batches of ten;
                  per_batch_f1_best is what right answers would score
    """

    accuracy: Share
    f1_weighted: Share
    f1_macro: Share
    confusion: Annotated[list[Counts], Meta(min_length=10, max_length=10)]
    predictions: Annotated[str, Meta(pattern="^[0-9]{1,100000}$")]
    per_batch_f1: Share | None = None
    per_batch_f1_best: Share | None = None

    def __post_init__(self) -> None:
        if sum(map(sum, self.confusion)) != len(self.predictions):
            raise ValueError("confusion and predictions are of other tests")


class Epoch(Strict):
    """Seconds of an epoch; what was logged in it and judged after it."""

    wall: Positive
    cpu: Seconds
    logs: dict[Text, float] = {}


class GateSide(Strict):
    """What a row made of the updates that the gate compares."""

    updates: Whole
    loss: float
    learning_rate: float
    dtype: Text


class Training(Strict):
    """A trained model.

    off_clock    seconds between epochs that belong to none of them
    updates      counted by the library, if it counts
    predict_one  seconds of the answer for a single image
    """

    samples: Whole
    predict_one: Seconds
    test: Test
    epochs: Annotated[list[Epoch], Meta(max_length=100_000)] = []
    off_clock: Seconds = 0.0
    updates: Whole | None = None
    size_bytes: Whole | None = None
    gate: GateSide | None = None

    @property
    def updates_per_epoch(self) -> int:
        return (self.updates or 0) // max(1, len(self.epochs))


class Block(Strict):
    """Timed updates at one width and batch size."""

    units: Count
    batch_size: Count
    steps: Count
    seconds: Positive


class Size(Strict):
    """An epoch of so many samples."""

    samples: Count
    seconds: Positive


class WholeEpoch(Strict):
    """An epoch as people train it, to which the step cost is held."""

    batch_size: Count
    steps: Count
    seconds: Positive


class Call(Strict):
    """One call of a NumPy step, timed alone; or WHOLE_STEP."""

    batch_size: Count
    call: Text
    seconds: Seconds


class Memory(Strict):
    """The most that an epoch of so many samples allocates."""

    samples: Count
    bytes: Whole


class Sweep(Strict):
    """What a step costs, by width and batch size."""

    blocks: Annotated[list[Block], Meta(min_length=1, max_length=100_000)]
    sizes: list[Size]
    epoch: WholeEpoch
    calls: list[Call] = []
    memory: Annotated[list[Memory], Meta(max_length=2)] = []

    def __post_init__(self) -> None:
        whole = {c.batch_size for c in self.calls if c.call == WHOLE_STEP}
        if not {c.batch_size for c in self.calls} <= whole:
            raise ValueError("calls without the whole step that they are of")
        if len(self.memory) == 1:
            raise ValueError("memory of one epoch, not of two")


class Drift(Strict):
    """Largest weight differences from the NumPy net after so many updates.

    twin   of a NumPy net whose first weights are one rounding step away
    keras  of Keras's; None where it is not installed
    """

    net: Text
    dtype: Literal["float32", "float64"]
    steps: Annotated[list[Count], Meta(min_length=1)]
    twin: list[Seconds]
    keras: list[Seconds] | None = None

    def __post_init__(self) -> None:
        for values in (self.twin, self.keras):
            if values is not None and len(values) != len(self.steps):
                raise ValueError("a drift has not one difference per step")


class Gradient(Strict):
    """The worst error of one array of gradients, by one method."""

    net: Text
    array: Text
    method: Text
    error: Seconds
    ok: bool


class Closeness(Strict):
    """How far NumPy and Keras drift apart; whether gradients are right."""

    drift: list[Drift]
    gradients: list[Gradient]


class StudyTest(Strict):
    accuracy: Share
    f1_weighted: Share
    f1_macro: Share


class StudyEpoch(Strict):
    """Scores on training and validation images after an epoch."""

    train_loss: Seconds
    train_accuracy: Share
    train_f1_macro: Share
    train_per_batch_f1: Share
    val_loss: Seconds
    val_accuracy: Share
    val_f1_macro: Share
    val_per_batch_f1: Share


class Studied(Strict):
    """What became of one net of the study."""

    settings: Variant
    status: Literal["ok", "diverged"]
    message: Text = ""
    parameters: Whole = 0
    epochs: list[StudyEpoch] = []
    test: StudyTest | None = None

    def __post_init__(self) -> None:
        if self.status == "ok" and not (self.epochs and self.test):
            raise ValueError("a trained net of the study has no scores")

    @property
    def key(self) -> str:
        return self.settings.key


class Run(Strict):
    """One row in one round: how it ended, and what it measured.

    round, order  which round, and its place in the whole run
    training, sweep, closeness, study   what the row's task gives
    """

    row: Name
    round: Whole = 0
    order: Whole = 0
    status: Status = "ok"
    message: Text = ""
    wall_seconds: Seconds = 0.0
    phases: dict[Text, Phase] = {}
    noise: Noise | None = None
    verified: Verified | None = None
    training: Training | None = None
    sweep: Sweep | None = None
    closeness: Closeness | None = None
    study: Annotated[list[Studied], Meta(max_length=10_000)] = []

    def __post_init__(self) -> None:
        if self.training and self.part_seconds("epochs") <= 0:
            raise ValueError(f"{self.row}: it trained for no time")

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    def wall(self, *names: str) -> float:
        """Seconds of these phases together; an absent one took none."""
        return sum(
            self.phases[name].wall for name in names if name in self.phases
        )

    def part_seconds(self, part: str) -> float:
        """Seconds of one of PARTS; what was off the clock is no epoch's."""
        off = self.measured.off_clock if part == "epochs" else 0.0
        return self.wall(*PARTS[part]) - off

    @property
    def measured(self) -> Training:
        """Its training; a run that failed has none to be asked for."""
        assert self.training is not None, f"{self.row} was not trained"
        return self.training

    @property
    def given(self) -> Verified:
        """What its process was given; one that failed may not have said."""
        assert self.verified is not None, f"{self.row} has not said"
        return self.verified

    @property
    def training_seconds(self) -> float:
        """First step (tracing, compiling, matrix) and all epochs.

        Without imports, data, validation and test.
        """
        return self.wall(*TRAINING) - self.measured.off_clock

    @property
    def cold_seconds(self) -> float:
        """From the start of the process to the end of training."""
        return self.wall(*COLD) + self.training_seconds

    @property
    def epoch_seconds(self) -> float:
        """A steady epoch: the median without the first, if there are more.

        Of trees, which have no epochs, it is the whole training.
        """
        epochs = [epoch.wall for epoch in self.measured.epochs]
        if not epochs:
            return self.training_seconds
        return median(epochs[1:] or epochs)

    def logged(self, name: str) -> list[Any]:
        """What was logged under a name, epoch by epoch; [] if it was not."""
        values = [epoch.logs.get(name) for epoch in self.measured.epochs]
        return [] if None in values else values
