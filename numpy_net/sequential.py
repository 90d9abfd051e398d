"""Training: one step, the loop over batches, the loop over epochs."""

import numpy as np

from numpy_net import checks, fused, utils
from numpy_net.callbacks import History
from numpy_net.network import Network


class Sequential(Network):
    """A net of layers in a row that can be trained.

        model = Sequential([Input((28, 28)), Flatten(), Dense(10)])

    x is (N, *input_shape), finite; y is (N, O), one-hot rows as a rule.
    Arrays of other dtypes are converted to that of the weights.

    Raises ValueError if the first entry is no Input, if a layer does not
    fit the one before it, or for arrays and numbers that make no sense;
    RuntimeError before compile.
    Keras: keras.Sequential. One difference: the Input must be given.
    """

    def __getstate__(self):
        """What pickle takes: all but the update, which is made anew."""
        return {k: v for k, v in vars(self).items() if k != "_update"}

    def fit(
        self,
        x,
        y,
        batch_size: int | None = None,
        epochs: int = 1,
        *,
        callbacks=None,
        validation_split: float = 0.0,
        validation_data=None,
        shuffle: bool = True,
    ) -> History:
        """Train for some epochs: one update follows each batch.

        batch_size is 32 unless given; a short last batch is used, too.
        validation_split is taken from the end, before any shuffling;
        validation_data=(x, y) replaces it. Each epoch draws a new order.

        Raises FloatingPointError when loss or weights become inf or nan.
        """
        batch_size, epochs = _sizes(batch_size, epochs)
        x, y = self._checked(x, y)
        if validation_data is not None:
            validation_data = self._checked(*checks.pair(validation_data))
        elif checks.real_number("validation_split", validation_split, 1.0):
            at = checks.split_at(len(x), validation_split)
            x, y, validation_data = x[:at], y[:at], (x[at:], y[at:])
        history = History()
        callbacks = [history, *checks.callbacks(callbacks)]
        for epoch in range(epochs):
            _tell(callbacks, "on_epoch_begin", epoch)
            order = _order(len(x), shuffle)
            logs = self._train_epoch(x, y, batch_size, order, epoch)
            if validation_data is not None:
                _tell(callbacks, "on_test_begin")
                x_val, y_val = validation_data
                results = self._test(x_val, y_val, batch_size)
                logs |= {f"val_{k}": v for k, v in results.items()}
                _tell(callbacks, "on_test_end")
            _tell(callbacks, "on_epoch_end", epoch, logs)
        return history

    @np.errstate(over="ignore", invalid="ignore")  # checks.finite tells more
    def train_on_batch(self, x, y, *, return_dict: bool = False):
        """Make one update; return loss and metrics from before it."""
        x, y = self._checked(x, y)
        self.reset_metrics()
        self._choose_update(len(x))
        loss, y_pred = self._train_step(x, y)
        checks.finite("the loss", loss)
        self._loss_tracker.update_state(loss, len(x))
        self._update_metrics(y, y_pred)
        return self._results(return_dict)

    def evaluate(
        self, x, y, batch_size: int | None = None, *, return_dict=False
    ):
        """Return [loss, *metrics], or the loss alone, or a dict."""
        batch_size, _ = _sizes(batch_size)
        self._test(*self._checked(x, y), batch_size)
        return self._results(return_dict)

    @np.errstate(over="ignore", invalid="ignore")  # checks.finite tells more
    def predict(self, x, batch_size: int | None = None) -> np.ndarray:
        """Return the outputs a for x, (N, O)."""
        batch_size, _ = _sizes(batch_size)
        x = checks.inputs(x, self.input_shape, self.dtype)
        batches = _batches(len(x), batch_size)
        outputs = np.concatenate([self(x[rows]) for rows in batches])
        checks.finite("an output", outputs)
        return outputs

    def reset_metrics(self) -> None:
        """Forget the batches seen so far."""
        for metric in (self._loss_tracker, *self._metrics):
            metric.reset_state()

    def _train_epoch(self, x, y, batch_size, order, epoch):
        """One pass over x in the given order; return the epoch's logs."""
        self.reset_metrics()
        # Copy about a thousand samples in the new order; the batches are
        # then slices of them, which NumPy takes without copying.
        size = batch_size * max(1, 1024 // batch_size)
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            batch = start // batch_size
            self._train_block(x[rows], y[rows], batch_size, epoch, batch)
        for weight in self.weights:  # the last loss is from before an update
            checks.finite(f"a weight of epoch {epoch + 1}", weight)
        return self._results(return_dict=True)

    @np.errstate(over="ignore", invalid="ignore")  # checks.loss tells more
    def _train_block(self, x, y, batch_size, epoch, batch):
        y_pred = np.empty_like(y)
        self._choose_update(batch_size)
        for rows in _batches(len(x), batch_size):
            loss, y_pred[rows] = self._train_step(x[rows], y[rows])
            checks.loss(loss, epoch, batch, self.optimizer.learning_rate)
            self._loss_tracker.update_state(loss, rows.stop - rows.start)
            batch += 1
        # Counts may be added in any portion: once here, not at every step.
        self._update_metrics(y, y_pred)

    def _train_step(self, x, y):
        """One update; return the loss and the outputs from before it."""
        y_pred = self(x)  # [1] [2]
        loss = self._loss_value(y)  # [7] or [9]
        self._backward(y)  # [3] [6]
        self._update()  # [4] [5] [12]
        return loss, y_pred

    def _choose_update(self, batch_size):
        """Decide, once for many steps, what changes the weights in each."""
        if fused.fits(self, batch_size):
            self._update = fused.update_of(self, batch_size)
        else:
            self._update = self._apply_gradients

    def _apply_gradients(self):
        gradients = self._gradients()  # [4] [5]
        self.optimizer.apply(gradients, self.weights)  # [12]

    @np.errstate(over="ignore", invalid="ignore")  # checks.finite tells more
    def _test(self, x, y, batch_size):
        """Loss and metrics of (x, y) with the weights as they are."""
        self.reset_metrics()
        for rows in _batches(len(x), batch_size):
            y_pred = self(x[rows])
            loss = self._loss_value(y[rows])
            checks.finite("the loss", loss)
            self._loss_tracker.update_state(loss, len(y_pred))
            self._update_metrics(y[rows], y_pred)
        return self._results(return_dict=True)

    def _update_metrics(self, y, y_pred):
        for metric in self._metrics:
            metric.update_state(y, y_pred)

    def _results(self, return_dict):
        trackers = (self._loss_tracker, *self._metrics)
        results = {t.name: t.result() for t in trackers}
        if return_dict:
            return results
        values = list(results.values())
        return values if self._metrics else values[0]


def _sizes(batch_size, epochs=1):
    size = 32 if batch_size is None else batch_size
    size = checks.whole_number("batch_size", size)
    return size, checks.whole_number("epochs", epochs)


def _batches(samples, batch_size):
    """Slices of batch_size rows; the last may be shorter."""
    for start in range(0, samples, batch_size):
        yield slice(start, min(start + batch_size, samples))


def _order(samples, shuffle):
    if shuffle:
        return utils.generator().permutation(samples)
    return np.arange(samples)


def _tell(callbacks, moment, *arguments):
    for callback in callbacks:
        getattr(callback, moment)(*arguments)
