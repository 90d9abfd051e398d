"""Pictures: digits of the data, and what the first layers look for.

results.json keeps them as bytes in base64, so that the page can be drawn
from that file alone.
"""

import base64
from pathlib import Path

import numpy as np

from benchmarks.data.dataset import Dataset
from benchmarks.data.npz import read_arrays
from benchmarks.measure.agreement import LARGEST
from benchmarks.record.folder import replacing, weights_file
from benchmarks.record.record import Digits, Disagreements, Kernel, Record
from benchmarks.rows.table import KERAS_10, NUMPY_10, NUMPY_CUSTOM, XGBOOST

Array = np.ndarray
SHOWN = 20  # digits on which the models disagree
# Models that differ enough to disagree, and for kernels a pair that does not.
JUDGES = (NUMPY_10, NUMPY_CUSTOM, XGBOOST)
KERNELS = (NUMPY_10, KERAS_10)


def chosen(dataset: Dataset, seed: int) -> Array:
    """The numbers of four random training images."""
    rng = np.random.default_rng(seed)
    return rng.choice(len(dataset.x_train), 4, replace=False)


def draw_digits(path: Path, dataset: Dataset, numbers: Array) -> None:
    """Write a PNG file of training images in a row, over their labels."""
    from PIL import Image, ImageDraw, ImageFont

    ink = np.hstack(list(255 * dataset.scaled(dataset.x_train[numbers])))
    row = Image.fromarray((255 - ink).astype(np.uint8))
    width, height = (5 * side for side in row.size)
    sheet = Image.new("L", (width, height + 30), "white")
    sheet.paste(row.resize((width, height), Image.Resampling.NEAREST))
    labels = ", ".join(map(str, dataset.y_train[numbers]))
    text, font = f"{labels}: {dataset.name}", ImageFont.load_default()
    ImageDraw.Draw(sheet).text((10, height + 8), text, "black", font)
    with replacing(path) as temporary:
        sheet.save(temporary, "PNG")


def encode(images: Array) -> str:
    """(n, 28, 28) of uint8 as text."""
    return base64.b64encode(images.astype(np.uint8).tobytes()).decode()


def digits(record: Record, dataset: Dataset) -> Digits:
    """Those that were drawn when the run began."""
    some = chosen(dataset, record.request.seed)
    labels = dataset.y_train[some].tolist()
    return Digits(encode(dataset.x_train[some]), labels)


def disagreements(record: Record, dataset: Dataset) -> Disagreements | None:
    """Test images that models take for different digits."""
    answers = {
        row.name: np.array([*map(int, runs[0].measured.test.predictions)])
        for row in JUDGES
        if (runs := record.trained(row))
    }
    table = np.array([*answers.values()])
    differ = np.flatnonzero((table != table[:1]).any(axis=0))
    if not len(differ):  # nor if there is but one model
        return None
    some = differ[:: max(1, len(differ) // SHOWN)][:SHOWN]
    return Disagreements(
        count=len(differ),
        images=encode(dataset.x_test[some]),
        labels=dataset.y_test[some].tolist(),
        answers={name: a[some].tolist() for name, a in answers.items()},
    )


def kernels(folder: Path, record: Record) -> dict[str, Kernel]:
    """The first kernels of the first round, by row.

    A unit's 784 weights as an image: 0 is grey (128), the largest weight of
    the whole kernel, which ``scale`` gives, is white or black.
    """
    images = {}
    for row in KERNELS:
        path = weights_file(folder, row.name, 0)
        if record.trained(row) and path.is_file():
            W = read_arrays(path, LARGEST)["kernel_1"]
            scale = float(np.abs(W).max())
            grey = np.round(128 + 127 * W.T / (scale or 1.0))
            images[row.name] = Kernel(scale, encode(grey))
    return images
