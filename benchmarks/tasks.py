"""What a worker can be asked to do; each returns one JSON object."""

import math
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import data, results
from benchmarks.contenders import Contender, select

Spec = dict[str, Any]
Answer = Callable[[str, Any], None]
VALIDATION_SPLIT = 1 / 6  # the assignment's: 10,000 of 60,000


def look_for_data(spec: Spec, answer: Answer) -> dict[str, Any]:
    """Find the data, draw four random digits, say what they are."""
    from benchmarks import figures

    dataset = _load(spec, lambda line: answer("say", line))
    chosen = np.random.default_rng(spec["seed"]).choice(
        len(dataset.x_train), 4, replace=False
    )
    figures.digits(
        Path(spec["folder"]) / "figures",
        dataset.x_train[chosen],
        dataset.y_train[chosen],
        dataset.name,
    )
    return {
        "status": "ok",
        "choice": "mnist" if dataset.is_mnist else "digits",
        "name": dataset.name,
        "source": dataset.source,
        "sha256": dataset.sha256,
        "train_images": len(dataset.x_train),
        "test_images": len(dataset.x_test),
        "digits": dataset.y_train[chosen].tolist(),
    }


def train(spec: Spec, answer: Answer) -> dict[str, Any]:
    """Train one contender and judge it on the test images."""
    start = perf_counter()
    from benchmarks import adapters

    [contender] = select([spec["contender"]])
    imported = perf_counter()
    dataset = _load(spec, lambda line: None)
    samples = adapters.Samples(*_split(dataset))
    loaded = perf_counter()
    trained = getattr(adapters, contender.adapter)(
        contender,
        samples,
        spec["seed"],
        spec["threads"],
        lambda entry: answer("epoch", entry),
    )
    ended = perf_counter()
    outputs = trained.predict(dataset.scaled(dataset.x_test))
    predicted = perf_counter()
    _save_weights(Path(spec["folder"]), contender, trained.weights)
    seconds = {
        **trained.seconds,
        "data": loaded - imported,
        "predict": predicted - ended,
    }
    seconds["import"] = seconds.get("import", 0.0) + imported - start
    return {
        "status": "ok",
        "seconds": seconds,
        "epoch_seconds": trained.epochs,
        "updates": trained.updates,
        "history": trained.history,
        "test": _judge(dataset.y_test, outputs, contender),
    }


def compare(spec: Spec, answer: Answer) -> dict[str, Any]:
    """Compare the weights of the rows that must agree."""
    folder = Path(spec["folder"])
    return {
        "status": "ok",
        "agreement": _agreement(folder, results.read(folder)),
    }


def draw(spec: Spec, answer: Answer) -> dict[str, Any]:
    """Draw the figures that results.json alone can give."""
    from benchmarks import figures

    folder = Path(spec["folder"])
    figures.histories(folder / "figures", results.read(folder))
    return {"status": "ok"}


TASKS = {
    "data": look_for_data,
    "train": train,
    "compare": compare,
    "draw": draw,
}


def _load(spec: Spec, say: Callable[[str], object]) -> data.Dataset:
    dataset = data.load(spec["data"], spec["data_dir"], say)
    return dataset.first(spec["n_train"], spec["n_test"])


def _split(dataset: data.Dataset) -> tuple[np.ndarray, ...]:
    """Training samples, then validation samples: the last sixth."""
    x = dataset.scaled(dataset.x_train)
    y = data.one_hot(dataset.y_train)
    at = math.floor(len(x) * (1.0 - VALIDATION_SPLIT))
    return x[:at], y[:at], x[at:], y[at:]


def _save_weights(
    folder: Path, contender: Contender, weights: list[np.ndarray] | None
) -> None:
    """Write kernel_1, bias_1, kernel_2, ... to weights/<name>.npz."""
    if weights is None:
        return
    names = [
        f"{kind}_{layer + 1}"
        for layer in range(len(weights) // 2)
        for kind in ("kernel", "bias")
    ]
    arrays: dict[str, Any] = dict(zip(names, weights, strict=True))
    with (
        results.replacing(_weights_file(folder, contender.name)) as path,
        path.open("wb") as file,
    ):
        np.savez(file, **arrays)


def _weights_file(folder: Path, name: str) -> Path:
    return folder / "weights" / f"{name}.npz"


def _judge(
    labels: np.ndarray, outputs: np.ndarray, contender: Contender
) -> dict[str, Any]:
    """The same judge for every row: scikit-learn's, on the test images."""
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    digits = outputs.argmax(axis=1) if outputs.ndim == 2 else outputs
    test = {
        "accuracy": float(accuracy_score(labels, digits)),
        "f1_weighted": float(f1_score(labels, digits, average="weighted")),
        "f1_macro": float(f1_score(labels, digits, average="macro")),
        "confusion": confusion_matrix(
            labels, digits, labels=range(10)
        ).tolist(),
        "predictions": "".join(str(int(digit)) for digit in digits),
    }
    if contender.adapter == "train_keras":
        test |= _per_batch_f1(labels, outputs)
    return test


def _per_batch_f1(labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    """The F1 of the assignment's report, by batches of 10: ours, the best.

    The best is what a net without a fault would score on these batches.
    """
    from keras_net.metrics import per_batch_f1

    y = data.one_hot(labels)
    starts = range(0, len(y), 10)

    def mean(a: np.ndarray) -> float:
        scores = [per_batch_f1(y[i : i + 10], a[i : i + 10]) for i in starts]
        return float(np.mean(scores))

    return {"per_batch_f1": mean(outputs), "per_batch_f1_best": mean(y)}


def _agreement(folder: Path, record: dict[str, Any]) -> list[dict[str, Any]]:
    """Largest weight difference between rows that must end equal."""
    found = []
    for contender in select([]):
        pair = (contender.name, contender.same_as or contender.name)
        done = {r["contender"] for r in record["runs"] if r["status"] == "ok"}
        if contender.same_as is None or not done.issuperset(pair):
            continue
        with (
            np.load(_weights_file(folder, pair[0])) as a,
            np.load(_weights_file(folder, pair[1])) as b,
        ):
            worst = max(float(np.max(np.abs(a[k] - b[k]))) for k in a)
        found.append({"rows": list(pair), "max_weight_difference": worst})
    return found
