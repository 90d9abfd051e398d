"""Find MNIST, or fall back on the digits that scikit-learn carries."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import ROOT, InputError
from benchmarks.data import mnist
from benchmarks.data.download import Say, download

Folder = str | os.PathLike[str] | None
CHOICES = ("auto", "mnist", "digits")
CHECKOUT = ROOT / "data"
KERAS = "~/.keras/datasets"
REMEDY = (
    "put the four IDX files or mnist.npz of MNIST into data/ or into a "
    "folder that --data-dir or MNIST_DIR names"
)
FALLBACK = (
    "using scikit-learn's digits, which are not MNIST: "
    f"accuracies are not comparable; for MNIST, {REMEDY}"
)


class Samples(NamedTuple):
    """Pixels (N, 28, 28) in [0, 1] and one-hot labels (N, 10), float32."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    x_val: NDArray[np.float32]
    y_val: NDArray[np.float32]

    def first(self, count: int) -> "Samples":
        """The same with so many training samples."""
        return self._replace(x=self.x[:count], y=self.y[:count])


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (N, 28, 28) with values 0..scale and labels (N,), all uint8.

    sha256 holds the sums of the whole arrays, also after ``first``.
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
        """The first images of each part; None means all of them."""
        return replace(
            self,
            x_train=self.x_train[:n_train],
            y_train=self.y_train[:n_train],
            x_test=self.x_test[:n_test],
            y_test=self.y_test[:n_test],
        )

    def scaled(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Images of this data set with values 0..1."""
        return np.divide(images, self.scale, dtype=np.float32)

    def split(self) -> Samples:
        """The samples to train on, and the last sixth to validate."""
        x, y = self.scaled(self.x_train), one_hot(self.y_train)
        at = int(len(x) * (1.0 - 1 / 6))  # as Keras rounds validation_split
        return Samples(x[:at], y[:at], x[at:], y[at:])


def one_hot(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 10): a 1 in the column of the label, 0 elsewhere."""
    return np.eye(10, dtype=np.float32)[labels]


def load(
    choice: str = "auto", data_dir: Folder = None, say: Say = print
) -> Dataset:
    """MNIST or, where ``choice`` allows it, scikit-learn's digits.

    Looks into data_dir or MNIST_DIR alone if one is given; else into data/
    and Keras's cache, then downloads. ``say`` takes a line on what happens.
    """
    if choice not in CHOICES:
        raise InputError(f"unknown data {choice!r}, choose from {CHOICES}")
    if choice == "digits":
        return _digits()
    given = {"--data-dir": data_dir, "MNIST_DIR": os.environ.get("MNIST_DIR")}
    try:
        for source, folder in given.items():
            if folder:
                path = Path(os.path.expanduser(folder))  # needs no home
                return _dataset(source, mnist.read_folder(path))
        return _from_usual_places(say)
    except InputError as error:
        if choice == "mnist" or any(given.values()):
            raise InputError(f"{error}; {REMEDY}") from error
        say(f"{error}: {FALLBACK}")
        return _digits()


def _from_usual_places(say: Say) -> Dataset:
    keras = Path(os.path.expanduser(KERAS))
    for source, path in (("data/", CHECKOUT), (KERAS, keras)):
        try:
            if mnist.find(path):
                return _dataset(source, mnist.read_folder(path))
        except InputError as error:
            say(f"{error}; not used, looking further")
    say(f"no MNIST in data/ or {KERAS}: downloading it to data/")
    try:
        return _dataset("downloaded to data/", download(CHECKOUT, say))
    except OSError as error:
        raise InputError(f"data/ cannot be written ({error})") from error


def _digits() -> Dataset:
    """1,437 images to train and every fifth, the first too, to test."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise InputError(
            f"the digits come with scikit-learn, which does not load "
            f"({error}); install it, or use MNIST"
        ) from error
    digits = load_digits()
    x = np.kron(digits.images.astype("u1"), np.ones((3, 3), np.uint8))
    x, y = np.pad(x, ((0, 0), (2, 2), (2, 2))), digits.target.astype("u1")
    test = np.arange(len(y)) % 5 == 0
    arrays = {"x_train": x[~test], "y_train": y[~test]}
    arrays |= {"x_test": x[test], "y_test": y[test]}
    name = "scikit-learn digits, not MNIST"
    return _dataset("scikit-learn", arrays, name, scale=16)


def _dataset(
    source: str, arrays: mnist.Arrays, name: str = "MNIST", scale: int = 255
) -> Dataset:
    # The source is no path of the user's: results are shown around.
    sums = {k: hashlib.sha256(v.data).hexdigest() for k, v in arrays.items()}
    return Dataset(name, source, sums, scale, **arrays)
