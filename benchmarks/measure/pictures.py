"""Pictures for the page: digits, and what the first layers look for.

They are kept in results.json as bytes in base64, so that the page can be
drawn from that file alone. Images of the data are apart from the rest
("pictures"), because a file to be passed on may not hold MNIST's.
"""

import base64
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.analysis import derived
from benchmarks.record import arrays
from benchmarks.record.errors import InputError
from benchmarks.record.results import Record

SIDE = 28
SHOWN = 20  # digits on which the models disagree
# Models that differ enough to disagree, and for kernels a pair that does not.
JUDGES = ("numpy-batch-10", "numpy-custom", "xgboost")
KERNELS = ("numpy-batch-10", "keras-batch-10")


def encode(images: np.ndarray) -> str:
    """(n, 28, 28) of uint8 as text."""
    return base64.b64encode(images.astype(np.uint8).tobytes()).decode()


def decode(text: str) -> np.ndarray:
    """The images again: (n, 28, 28) of uint8."""
    flat = np.frombuffer(base64.b64decode(text), np.uint8)
    if not flat.size or flat.size % SIDE**2:
        raise InputError(
            f"pictures: expected bytes of {SIDE} x {SIDE} images, got "
            f"{flat.size}: the file is damaged; run again"
        )
    return flat.reshape(-1, SIDE, SIDE)


def chosen(record: Record, dataset: Any) -> dict[str, Any]:
    """Random training digits, and test digits on which models disagree."""
    rng = np.random.default_rng(record["seed"])
    some = rng.choice(len(dataset.x_train), 4, replace=False)
    found: dict[str, Any] = {
        "digits": {
            "images": encode(dataset.x_train[some]),
            "labels": dataset.y_train[some].tolist(),
        }
    }
    answers = _answers(record)
    if len(answers) > 1:
        table = np.array([list(map(int, text)) for text in answers.values()])
        differ = np.flatnonzero((table != table[0]).any(axis=0))
        where = differ[:: max(1, len(differ) // SHOWN)][:SHOWN]
        if not len(differ):
            return found
        found["disagreements"] = {
            "count": len(differ),
            "images": encode(dataset.x_test[where]),
            "labels": dataset.y_test[where].tolist(),
            "answers": {
                name: row[where].tolist()
                for name, row in zip(answers, table, strict=True)
            },
        }
    return found


def _answers(record: Record) -> dict[str, str]:
    runs = {name: derived.trained(record, name) for name in JUDGES}
    return {
        name: found[0]["test"]["predictions"]
        for name, found in runs.items()
        if found
    }


def kernels(folder: Path, record: Record) -> dict[str, Any]:
    """The first kernels of the first round: {row: {scale, images}}.

    A unit's 784 weights as an image: 0 is grey (128), the largest weight of
    the whole kernel, which ``scale`` gives, is white or black.
    """
    found = {}
    for name in KERNELS:
        path = folder / f"{name}-0.npz"
        if not derived.trained(record, name) or not path.is_file():
            continue
        W = arrays.read(path)["kernel_1"]
        scale = float(np.abs(W).max())
        grey = np.round(128 + 127 * W.T / (scale or 1.0))
        found[name] = {"scale": scale, "images": encode(grey)}
    return found
