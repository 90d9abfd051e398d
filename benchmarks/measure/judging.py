"""The one judge of every model: what are its answers worth?"""

from typing import Any

import numpy as np

Array = np.ndarray


def judge(labels: Array, outputs: Array) -> dict[str, Any]:
    """Accuracy, F1, confusion and predictions on the test images.

    labels (N,); outputs (N, 10) scores or (N,) labels, from any library.
    Of scores also the F1 by batches of 10 that the assignment watched, and
    the best that it can be on these batches. Accuracy, F1 and confusion are
    scikit-learn's.
    """
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
    if outputs.ndim == 2:
        y = np.eye(10)[labels]
        test["per_batch_f1"] = per_batch_f1(y, outputs)
        test["per_batch_f1_best"] = per_batch_f1(y, y)
    return test


def per_batch_f1(y: Array, outputs: Array, batch_size: int = 10) -> float:
    """Mean over the batches of the F1 of keras_net/metrics.py.

    y, outputs (N, O). In NumPy, so that it can be had without TensorFlow; a
    test holds the two to each other.
    """
    starts = range(0, len(y), batch_size)
    batches = [slice(i, i + batch_size) for i in starts]
    scores = [_f1(y[rows], np.round(outputs[rows])) for rows in batches]
    return float(np.mean(scores))


def _f1(y: Array, predicted: Array) -> float:
    hits = (y * predicted).sum(axis=0)
    precision = _ratio(hits, predicted.sum(axis=0))
    recall = _ratio(hits, y.sum(axis=0))
    return float(_ratio(2 * precision * recall, precision + recall).mean())


def _ratio(a: Array, b: Array) -> Array:
    """a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(b), where=b > 0)


def ceiling(shares: list[float], batch_size: int) -> float:
    """What a net without a fault scores by per_batch_f1, on average.

    shares: how often each class occurs. Of a random batch of B, class c is
    absent with probability (1 - p_c)^B, and scores 0 there.
    """
    return sum(1 - (1 - p) ** batch_size for p in shares) / len(shares)
