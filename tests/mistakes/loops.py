"""Wrong loops: over batches and epochs, and what they report."""

import numpy as np

from numpy_net import data, sequential, utils
from numpy_net.metrics import Mean
from numpy_net.sequential import Sequential
from tests.mistakes.planting import mistake

_blocks = data.blocks


@mistake(
    data,
    "batches",
    slip="the short last batch is dropped",
    seen="common: range(len(x) // batch_size)",
    effect="some samples are never seen, or never evaluated",
)
def last_batch_dropped(samples, batch_size):
    for start in range(0, samples - batch_size + 1, batch_size):
        yield slice(start, start + batch_size)


@mistake(
    Mean,
    "update_state",
    slip="the mean of the batch means: a short batch counts as a full one",
    seen="common",
    effect="none on training; the printed loss depends on the batch size",
)
def mean_of_batch_means(self, values, sample_weight=1):
    self._total += float(np.sum(values))
    self._count += np.size(values)


@mistake(
    data,
    "order",
    slip="whole batches are shuffled, their samples stay together",
    seen="joelgrus/joelnet joelnet/data.py",
    effect="a batch is the same ten images in every epoch",
)
def only_batches_shuffled(samples, shuffle):
    order = np.arange(samples)
    if not shuffle:
        return order
    blocks = np.array_split(order, max(1, samples // 10))
    return np.concatenate(
        [blocks[i] for i in utils.generator().permutation(len(blocks))]
    )


@mistake(
    data,
    "order",
    slip="samples are drawn with replacement",
    seen="common: a random batch per step instead of a permutation",
    effect="a third of the images is missing from each epoch",
)
def drawn_with_replacement(samples, shuffle):
    if shuffle:
        return utils.generator().integers(0, samples, samples)
    return np.arange(samples)


@mistake(
    data,
    "blocks",
    slip="images and labels are shuffled by different orders",
    seen="common: two calls of shuffle",
    effect="nothing is learned but how often each digit occurs",
)
def labels_shuffled_apart(x, y, size, shuffle):
    for x_part, y_part in _blocks(x, y, size, shuffle):
        yield x_part, np.roll(y_part, 1, axis=0)


@mistake(
    data,
    "split_at",
    slip="the validation part is rounded, not the training part",
    seen="common: int(n * validation_split)",
    effect="one sample more or less than in Keras",
)
def split_rounded_the_other_way(samples, share):
    return samples - int(samples * share)


@mistake(
    Sequential,
    "_train_step",
    slip="the loss is taken after the update",
    seen="common: a fresh forward pass for the report",
    effect="none on training; the printed loss is not Keras's",
)
def loss_after_the_update(self, x, y, update, lowest):
    kept = self._forward(x)
    update(kept, self._backward(y, kept, lowest))
    return self._test_step(x, y)


@mistake(
    Sequential,
    "_train_step",
    slip="the regularizer is in the gradient but not in the printed loss",
    seen="common; Keras prints it",
    effect="none on training",
)
def printed_loss_without_regularizer(self, x, y, update, lowest):
    kept = self._forward(x)
    _, z, a = kept[-1]
    update(kept, self._backward(y, kept, lowest))
    return self._objective(y, z if self._on_logits else a), a


@mistake(
    sequential,
    "isfinite",
    slip="nobody looks whether the loss is still a number",
    seen="common; Keras by default",
    effect="hours of nan",
)
def nan_goes_unnoticed(loss):
    return True


GALLERY = (
    *(last_batch_dropped, mean_of_batch_means, only_batches_shuffled),
    *(drawn_with_replacement, labels_shuffled_apart),
    *(split_rounded_the_other_way, loss_after_the_update),
    *(printed_loss_without_regularizer, nan_goes_unnoticed),
)
