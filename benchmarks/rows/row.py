"""A row of the benchmark: what it trains, how, and how it is drawn.

All that is known of a row before it runs stands on it, so that a new row is
one entry in table.py. A row imports no library that it trains with: the
process of its own does that (measure/).
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

# What trains it: measure/trainers.py has a function for each.
Trainer = Literal[
    "NumPy per sample",
    "NumPy looped",
    "NumPy vectorised",
    "NumPy fit",
    "Keras fit",
    "Keras train_on_batch",
    "Keras eager",
    "Keras compiled epoch",
    "XGBoost",
    "scikit-learn MLP",
    "compiled loop",
    "added classifier",
]
# One batch size alone: they know no other.
ONE_SAMPLE: tuple[Trainer, ...] = ("NumPy per sample", "compiled loop")
Net = Literal["assignment_net", "custom_net", "log_loss_net"]
# train and step belong to one net; drift and study train nets of their own.
Task = Literal["train", "step", "drift", "study"]
Dtype = Literal["float32", "float64"]
Count = Annotated[int, Meta(ge=1, le=10**9)]
Text = Annotated[str, Meta(max_length=10_000)]
Name = Annotated[
    str, Meta(pattern=r"^([a-z0-9-]{1,80}|\w[\w.]{0,99}:\w{1,99})$")
]


class Look(Struct, frozen=True, forbid_unknown_fields=True):
    """Colour, marker and line in every figure.

    The colours are Okabe and Ito's, which stay apart for colour-blind
    readers; marker and line tell the same in grey print.
    """

    color: Annotated[str, Meta(pattern="^#[0-9A-F]{6}$")]
    marker: Literal["o", "s", "^", "v", "D", "P", "X", "h", "*"]
    line: Literal["-", "--", "-.", ":"] = "-"


class Reported(Struct, frozen=True, forbid_unknown_fields=True):
    """What the students' report says of a model (Google Colab)."""

    seconds: float
    accuracy: float | None = None
    f1: float | None = None


class Row(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """One row.

    units     width of the hidden layer, where it is not the net's own
    until     stop after the epoch that reaches this validation accuracy
    steps_per_execution   of Keras's compile
    model, settings       the function of classical/, and what it is told
                          besides (or the MODULE:FACTORY of --add)
    equal_to  the row whose updates it must repeat, but for rounding: the
              same net, batches, order and first weights
    twin_of   the row that it repeats in every respect: what the two differ
              by is the noise
    gpu       whether it can be trained on a GPU
    quick     whether the quick tier has it
    steps     updates in one timed block of a sweep of batch sizes
    once      whether one round is all it needs
    """

    name: Name
    title: Text
    look: Look
    task: Task = "train"
    trainer: Trainer | None = None
    net: Net | None = None
    batch_size: Count | None = None
    epochs: Count | None = None
    dtype: Dtype = "float32"
    units: Count | None = None
    until: float | None = None
    steps_per_execution: Count = 1
    model: Text | None = None
    settings: dict[Text, bool | int | float | str | None] = {}
    equal_to: Name | None = None
    twin_of: Name | None = None
    gpu: bool = False
    quick: bool = True
    steps: Annotated[int, Meta(ge=0, le=10**9)] = 0
    once: bool = False
    reported: Reported | None = None

    @property
    def label(self) -> str:
        """The title, saying so where a row trains for less than the others."""
        return self.title + ", 1 epoch" * (self.epochs == 1)

    @property
    def kind(self) -> str:
        """The title without the batch size."""
        return self.title.partition(", batch")[0]

    @property
    def compiled(self) -> bool:
        """Whether Keras is asked for one compiled program."""
        return self.trainer == "Keras compiled epoch"

    @property
    def added(self) -> bool:
        """Whether it runs code that is not of this project (--add)."""
        return self.trainer == "added classifier"


class Bar(Struct, frozen=True):
    """What a ratio has to be, and on how many threads that holds."""

    limit: float
    at_least: bool = True
    threads: int = 1

    def __str__(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.limit:g}"


class Ratio(Struct, frozen=True):
    """Two rows whose seconds per epoch may be put in one ratio.

    differs  the one thing that is not the same in both
    gated    whether both make the same updates, which is then checked
    bar      what the ratio was asked to be, before it was measured
    """

    slower: Row
    faster: Row
    differs: str
    gated: bool = True
    bar: Bar | None = None


class Rung(Struct, frozen=True):
    """A row as a rung of the ladder, by what it changes.

    changes_updates  whether the mathematics change: other batches are other
                     updates
    aside            lies between its neighbours, which differ in one thing
    """

    row: Row
    title: str
    changes_updates: bool = False
    aside: bool = False
