"""Wrong loops: over batches and epochs, and what they report."""

import math

import numpy as np

from numpy_net import checks, sequential, utils
from numpy_net.metrics import Mean
from numpy_net.mistakes import mistake
from numpy_net.sequential import Sequential

_train_epoch = Sequential._train_epoch


@mistake(
    sequential,
    "_batches",
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
def mean_of_batch_means(self, value, sample_weight):
    self.total += float(value)
    self.count += 1


@mistake(
    sequential,
    "_order",
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
    sequential,
    "_order",
    slip="samples are drawn with replacement",
    seen="common: a random batch per step instead of a permutation",
    effect="a third of the images is missing from each epoch",
)
def drawn_with_replacement(samples, shuffle):
    if shuffle:
        return utils.generator().integers(0, samples, samples)
    return np.arange(samples)


@mistake(
    Sequential,
    "_train_epoch",
    slip="images and labels are shuffled by different orders",
    seen="common: two calls of shuffle",
    effect="nothing is learned but how often each digit occurs",
)
def labels_shuffled_apart(self, x, y, batch_size, order, epoch):
    other = np.roll(order, 1)
    return _train_epoch(self, x[order], y[other], batch_size, order, epoch)


@mistake(
    checks,
    "split_at",
    slip="the validation part is rounded, not the training part",
    seen="common: int(n * validation_split)",
    effect="one sample more or less than in Keras",
)
def split_rounded_the_other_way(samples, validation_split):
    return samples - int(samples * validation_split)


@mistake(
    Sequential,
    "_train_step",
    slip="the loss is taken after the update",
    seen="common: a fresh forward pass for the report",
    effect="none on training; the printed loss is not Keras's",
)
def loss_after_the_update(self, x, y):
    self(x)
    self._backward(y)
    self.optimizer.apply(self._gradients(), self.weights)
    y_pred = self(x)
    return self._loss_value(y), y_pred


@mistake(
    Sequential,
    "_train_step",
    slip="the regularizer is in the gradient but not in the printed loss",
    seen="common; Keras prints it",
    effect="none on training",
)
def printed_loss_without_regularizer(self, x, y):
    y_pred = self(x)
    output = self.layers[-1]
    loss = self.loss(y, output.z if self._on_logits else output.a)
    self._backward(y)
    self.optimizer.apply(self._gradients(), self.weights)
    return loss, y_pred


@mistake(
    checks,
    "loss",
    slip="nobody looks whether the loss is still a number",
    seen="common; Keras by default",
    effect="hours of nan",
)
def nan_goes_unnoticed(value, epoch, batch, learning_rate):
    return math.isfinite(value)
