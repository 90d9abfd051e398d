"""The F1 that the assignment's report watched during training."""

from keras import ops


def per_batch_f1(y_true, y_pred):
    """Macro F1 of one batch, from rounded outputs.

    p = TP / (TP + FP),  r = TP / (TP + FN),  F1 = 2 p r / (p + r)

    y_true, y_pred (B, O)  ->  a number: the mean over the O classes, of
    which those without a hit score 0. An output counts as a prediction
    above 0.5, so a sample may be given no class, or several.

    What it measures: Keras averages this over the batches of an epoch, and
    a class that is absent from a batch scores 0 there. A random batch of B
    holds on average only 1 - 0.9^B of ten equally frequent classes, so that
    a net without a fault scores 0.651 at B = 10, and 0.1 at B = 1: there is
    no more to be had but by the luck of the batches. It is not the F1 of
    the epoch: that is keras.metrics.F1Score(average="macro").
    """
    y_pred = ops.round(y_pred)
    hits = ops.sum(y_true * y_pred, axis=0)
    precision = _ratio(hits, ops.sum(y_pred, axis=0))
    recall = _ratio(hits, ops.sum(y_true, axis=0))
    return ops.mean(_ratio(2 * precision * recall, precision + recall))


def _ratio(a, b):
    """a / b, and 0 where b is 0."""
    return ops.where(b > 0, a / ops.where(b > 0, b, 1), 0)
