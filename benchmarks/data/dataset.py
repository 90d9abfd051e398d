"""Find MNIST, or fall back on the digits that scikit-learn carries."""

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from benchmarks.data import digits, mnist
from benchmarks.data.download import Say, download
from benchmarks.record.errors import InputError

VALIDATION_SPLIT = 1 / 6  # the assignment's: 10,000 of 60,000
CHOICES = ("auto", "mnist", "digits")
CHECKOUT = Path(__file__).resolve().parents[2] / "data"
KERAS = "~/.keras/datasets"
REMEDY = (
    "put the four IDX files or mnist.npz of MNIST into data/, "
    "or set MNIST_DIR to a folder that holds them"
)
FALLBACK = (
    "using scikit-learn's digits, which are not MNIST: "
    f"accuracies are not comparable; for MNIST, {REMEDY}"
)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (N, 28, 28) with values 0..scale and labels (N,), all uint8.

    sha256 holds the sums of the four arrays as they were found, before
    ``first`` took a part of them.
    """

    name: str
    source: str
    sha256: dict[str, str]
    scale: int
    x_train: NDArray[np.uint8]
    y_train: NDArray[np.uint8]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.uint8]

    @property
    def is_mnist(self) -> bool:
        """Whether accuracies may be compared with those of MNIST."""
        return self.name == "MNIST"

    def first(self, n_train: int | None, n_test: int | None) -> "Dataset":
        """Return the first images of each part; None means all of them."""
        return replace(
            self,
            x_train=self.x_train[:n_train],
            y_train=self.y_train[:n_train],
            x_test=self.x_test[:n_test],
            y_test=self.y_test[:n_test],
        )

    def scaled(
        self, images: NDArray[np.uint8], dtype: DTypeLike = np.float32
    ) -> NDArray[Any]:
        """Return images of this data set with values 0..1."""
        return np.divide(images, self.scale, dtype=np.dtype(dtype))


def split(dataset: Dataset) -> tuple[np.ndarray, ...]:
    """Training samples, then validation samples: the last sixth."""
    x = dataset.scaled(dataset.x_train)
    y = one_hot(dataset.y_train)
    at = math.floor(len(x) * (1.0 - VALIDATION_SPLIT))
    return x[:at], y[:at], x[at:], y[at:]


def one_hot(
    labels: NDArray[np.uint8], dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Return (N, 10): a 1 in the column of the label, 0 elsewhere."""
    return np.eye(10, dtype=dtype)[labels]


def load(
    choice: str = "auto",
    data_dir: str | os.PathLike[str] | None = None,
    say: Say = print,
) -> Dataset:
    """Return MNIST or, where ``choice`` allows it, scikit-learn's digits.

    Looks into data_dir or the folder that MNIST_DIR names, and nowhere else
    if one of them is given; else into data/ and Keras's cache, then
    downloads. ``say`` takes one line about what happens.
    """
    if choice not in CHOICES:
        raise InputError(f"unknown data {choice!r}, choose from {CHOICES}")
    if choice == "digits":
        return _digits()
    named = {"--data-dir": data_dir, "MNIST_DIR": os.environ.get("MNIST_DIR")}
    for source, folder in named.items():
        if folder:
            return _from_given_folder(source, os.fspath(folder))
    try:
        return _from_usual_places(say)
    except InputError as error:
        if choice == "mnist":
            raise InputError(f"{error}; {REMEDY}") from error
        say(f"{error}: {FALLBACK}")
        return _digits()


def _from_given_folder(source: str, given: str) -> Dataset:
    try:
        # Unlike Path.expanduser this does not fail where there is no home.
        arrays = mnist.read_folder(Path(os.path.expanduser(given)))
    except InputError as error:
        raise InputError(
            f"{error}; give a folder that holds the four IDX files or "
            f"mnist.npz of MNIST, or leave out --data-dir and MNIST_DIR "
            f"to have it downloaded"
        ) from error
    return _mnist(source, arrays)  # not the path: results are shown around


def _from_usual_places(say: Say) -> Dataset:
    keras = Path(os.path.expanduser(KERAS))
    for source, folder in (("data/", CHECKOUT), (KERAS, keras)):
        if mnist.is_present(folder):
            try:
                return _mnist(source, mnist.read_folder(folder))
            except InputError as error:
                say(f"{error}; not used, looking further")
    say(f"no MNIST in data/ or {KERAS}: downloading it to data/")
    try:
        return _mnist("downloaded to data/", download(CHECKOUT, say))
    except OSError as error:
        raise InputError(f"data/ cannot be written ({error})") from error


def _mnist(source: str, arrays: mnist.Arrays) -> Dataset:
    sums = {key: expected.sha256 for key, expected in mnist.MNIST.items()}
    return Dataset("MNIST", source, sums, 255, **arrays)


def _digits() -> Dataset:
    arrays = digits.read()
    sums = {key: mnist.sha256(array) for key, array in arrays.items()}
    return Dataset(digits.NAME, "scikit-learn", sums, digits.SCALE, **arrays)
