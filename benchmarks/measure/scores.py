"""What the answers of any model on the test images are worth.

All follows from the confusion matrix. F1 = 2 hits / (images + answers) of a
digit; macro F1 is the mean over the digits that occur in either, weighted F1
counts each by its images. So does scikit-learn, whose import takes seconds.
"""

import numpy as np

from benchmarks.record.run import Test

Array = np.ndarray


def score(labels: Array, outputs: Array) -> Test:
    """Accuracy, F1, confusion and answers on the test images.

    labels (N,); outputs (N, 10) scores or (N,) digits, from any library.
    Of scores also the F1 by batches of 10 that the assignment watched, and
    the best that it can be on these batches.
    """
    digits = outputs.argmax(axis=1) if outputs.ndim == 2 else outputs
    digits = digits.astype(int)
    confusion = np.zeros((10, 10))  # digits, and what they pass for
    np.add.at(confusion, (labels, digits), 1)
    images, answers = confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = _ratio(2 * confusion.diagonal(), images + answers)
    test = Test(
        accuracy=float(confusion.trace() / len(labels)),
        f1_weighted=float(f1 @ images / len(labels)),
        f1_macro=float(f1[(images + answers) > 0].mean()),
        confusion=confusion.astype(int).tolist(),
        predictions="".join(map(str, digits)),
    )
    if outputs.ndim == 2:
        y = np.eye(10)[labels]
        test.per_batch_f1 = per_batch_f1(y, outputs)
        test.per_batch_f1_best = per_batch_f1(y, y)
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
