"""Layers in a row, and their training: step, batches, epochs."""

import copy
import warnings
from math import isfinite
from typing import Any

import numpy as np

from numpy_net import checks, compile_utils, data, optimizers, updates
from numpy_net.callbacks import CallbackList, History
from numpy_net.display import Progress, table
from numpy_net.layers import Input, Layer
from numpy_net.metrics import Mean, MeanMetricWrapper


class Sequential(Layer, stop_training=checks.flag):
    """A net of layers in a row: Sequential([Input((4,)), Dense(3)]).

    x is (N, *shape of the Input), finite; y is (N, O), one-hot as a rule;
    both become arrays of the weights' dtype. An answer leaves nothing behind:
    callbacks and other threads may predict and evaluate during fit.
    Raises ValueError for layers that do not fit one another, and for arrays
    and numbers that make no sense; RuntimeError before compile.
    Keras: keras.Sequential. Differences: the Input must be given, and names
    are counted in each model: its first Dense is "dense".
    """

    def __init__(self, layers=None, trainable=True, name: str | None = None):
        self._layers: list[Any] = []
        super().__init__(trainable=trainable, name=name)
        vars(self).update(input_shape=None, output_shape=None)
        self.stop_training = False
        self._take(None, None, [])
        for layer in checks.several("layers", layers, "[Input((784,))]"):
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Put a layer at the end and make its weights."""
        first, shape = self.input_shape is None, self.output_shape
        kind: Any = Input if first else Layer
        if not isinstance(layer, kind) or isinstance(layer, Sequential):
            wanted = "Input(shape) as the first entry" if first else "a layer"
            raise checks.expected("Sequential", wanted, layer)
        if first:
            shape = vars(self)["input_shape"] = self._takes = layer.shape
        else:
            shape = layer.join(self._layers, shape)
        vars(self).update(output_shape=shape, built=not first)
        self._take(None, None, [])  # another output: compile anew

    def compile(self, optimizer, loss, *, metrics=None) -> None:
        """Choose how to train.

        optimizer  "sgd", or SGD(learning_rate=...)
        loss       "mean_squared_error" or "categorical_crossentropy"
        metrics    a list of "accuracy", F1Score(average=...) and functions
                   of y_true and y_pred, which are averaged over the batches
        """
        objective = compile_utils.objective(loss, self._layers)
        more = compile_utils.counted(metrics, self.output_shape[-1])
        self._take(optimizers.get(optimizer), loss, [Mean("loss"), *more])
        self._objective, self._on_logits = objective

    def _take(self, optimizer, loss, trackers):
        vars(self).update(optimizer=optimizer, loss=loss)
        vars(self).update(_trackers=trackers, compiled=bool(trackers))

    @property
    def layers(self) -> list[Any]:
        return [*self._layers]

    def get_layer(self, name: str | None = None, index: int | None = None):
        """Return the layer of that name, or the one at that place."""
        if (name is None) == (index is None):
            raise ValueError("get_layer: expected a name or an index")
        table = {layer.name: layer for layer in self._layers}
        if name is None:
            places = range(-len(self._layers), len(self._layers))
            table = {str(i): self._layers[i] for i in places}
        return checks.known("layer", name or str(index), table)

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss, and as one what compile was given."""
        more = compile_utils.CompileMetrics(self._trackers[1:])
        return [*self._trackers[:1], more][: len(self._trackers)]

    @property
    def metrics_names(self) -> list[str]:
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Forget the batches seen so far."""
        for metric in self._trackers:
            metric.reset_state()

    def call(self, x):
        for layer in self._layers:
            x = layer.call(x)
        return x

    def batch_loss(self, x, y):
        """Return the loss of the batch (x, y)."""
        return self._test_step(*data.pair(self, x, y))[0]

    def gradients(self, x, y) -> list[np.ndarray]:
        """Return dL/dW, dL/db, ... in the order of trainable_weights.

        L is the loss of the batch (x, y) with the regularizers' terms. No
        weight is changed. Keras: tf.GradientTape in place of a method.
        """
        x, y = data.pair(self, x, y)
        kept = self._forward(x)
        deltas = self._backward(y, kept, 0)
        found = [l.gradients(kept[i], deltas[i]) for i, l in self._learning()]
        return [gradient for pair in found for gradient in pair]

    def fit(
        self,
        x,
        y,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks=None,
        validation_split: float = 0.0,
        validation_data=None,
        shuffle: bool = True,
    ) -> History:
        """Train for some epochs: one update follows each batch.

        batch_size is 32 unless given; a short last batch is used, too.
        validation_split is taken from the end, before any shuffling;
        validation_data=(x, y) replaces it. Each epoch draws a new order.
        verbose: a bar for each epoch ("auto" and 1), a line (2), nothing (0).

        Raises FloatingPointError when loss or weights become inf or nan.
        """
        size = data.size_of_batch(batch_size)
        epochs = checks.whole_number("epochs", epochs)
        checks.flag("shuffle", shuffle)
        x, y, held_out = data.validation(
            self, x, y, validation_split, validation_data
        )
        bar = Progress(verbose, len(x), size, epochs)
        told = CallbackList(callbacks, self, bar)
        vars(self).update(history=told.history, stop_training=False)
        told.on_train_begin()
        for epoch in range(epochs):
            told.on_epoch_begin(epoch)
            bar.begin(epoch)
            blocks = data.blocks(x, y, size, shuffle)
            where = f" in epoch {epoch + 1}"
            logs = self._pass(self._step(size), blocks, size, where, bar)
            for weight in self.weights:  # the loss is from before the update
                checks.finite("a weight", weight, where)
            if held_out:
                told.on_test_begin()
                results = self._pass(self._test_step, [held_out], size)
                told.on_test_end(logs=results)
                logs |= {f"val_{k}": v for k, v in results.items()}
            told.on_epoch_end(epoch, logs=logs)
            bar.end(logs)
            if self.stop_training:
                break
        told.on_train_end(logs=logs)
        return told.history

    def train_on_batch(self, x, y, *, return_dict: bool = False):
        """Make one update; return loss and metrics from before it."""
        x, y = data.pair(self, x, y)
        logs = self._pass(self._step(len(x)), [(x, y)], len(x))
        return logs if return_dict else self._listed(logs)

    def evaluate(
        self, x, y, batch_size=None, verbose="auto", *, return_dict=False
    ):
        """Return [loss, *metrics], or the loss alone, or a dict."""
        size, (x, y) = data.size_of_batch(batch_size), data.pair(self, x, y)
        bar = Progress(verbose, len(x), size)
        logs = self._pass(self._test_step, [(x, y)], size, "", bar)
        bar.end(logs)
        return logs if return_dict else self._listed(logs)

    @np.errstate(over="ignore", invalid="ignore")  # checks.finite tells more
    def predict(self, x, batch_size=None, verbose="auto") -> np.ndarray:
        """Return the outputs a for x, (N, O)."""
        size, x = data.size_of_batch(batch_size), data.inputs(self, x)
        bar = Progress(verbose, len(x), size)
        batches = data.batches(len(x), size)
        outputs = np.concatenate([self.call(x[rows]) for rows in batches])
        bar.end({})
        checks.finite("an output", outputs)
        return outputs

    def summary(self, *, print_fn=None) -> None:
        """Print layers, output shapes and parameter counts."""
        (print_fn or print)(table(self))

    def save(self, filepath) -> None:
        """Write a .keras file, that Keras opens: saving.save_model."""
        _saving().save_model(self, filepath)

    def save_weights(self, filepath) -> None:
        """Write .weights.h5 or .npz: saving.save_weights."""
        _saving().save_weights(self, filepath)

    def load_weights(self, filepath) -> None:
        """Read .weights.h5, .npz or .keras: saving.load_weights."""
        _saving().load_weights(self, filepath)

    def _listed(self, logs):
        loss, *others = (logs[metric.name] for metric in self._trackers)
        return [loss, *others] if others else loss

    @np.errstate(over="ignore", invalid="ignore")  # checks.finite tells more
    def _pass(self, step, blocks, size, where="", bar=None):
        """Take the batches of all blocks (x, y) through step; return logs."""
        own = [copy.copy(metric) for metric in self._trackers]  # others run
        for metric in own:
            metric.reset_state()
        batch = 0
        for x, y in blocks:
            y_pred, values = np.empty_like(y), []
            batches = [*data.batches(len(x), size)]
            for rows in batches:
                loss, y_pred[rows] = step(x[rows], y[rows])
                values.append(loss)
                batch += 1
                if not isfinite(loss):
                    checks.finite("the loss", loss, f"{where}, batch {batch}")
            own[0].update_state(values, [len(y[rows]) for rows in batches])
            for metric in own[1:]:
                single = isinstance(metric, MeanMetricWrapper)
                for rows in batches if single else [slice(None)]:
                    metric.update_state(y[rows], y_pred[rows])
            if bar:
                bar.moves_to(batch, own)
        for metric, its in zip(self._trackers, own, strict=True):
            vars(metric).update(vars(its))
        return dict(sorted((metric.name, metric.result()) for metric in own))

    def _learning(self):
        """The layers that are trained, each with its place."""
        layers = enumerate(self._layers) if self.trainable else ()
        return [(i, layer) for i, layer in layers if layer.trainable_weights]

    def _step(self, size):
        """Return the training step for batches of at most that size."""
        learning, weights = self._learning(), self.trainable_weights
        if not weights:
            warnings.warn("every weight is frozen", stacklevel=3)
        update = updates.of(learning, self.optimizer, weights, size)
        lowest = learning[0][0] if learning else len(self._layers)
        return lambda x, y: self._train_step(x, y, update, lowest)

    def _train_step(self, x, y, update, lowest):
        """One update; return the loss and the outputs from before it."""
        kept = self._forward(x)  # [1] [2]
        loss = self._loss_value(y, kept)  # [7] or [9]
        update(kept, self._backward(y, kept, lowest))  # [3] [6] [4] [5] [12]
        return loss, kept[-1][-1]

    def _test_step(self, x, y):
        kept = self._forward(x)
        return self._loss_value(y, kept), kept[-1][-1]

    def _forward(self, x):
        """Return what each layer keeps for the way back: x, z and a."""
        kept = []
        for layer in self._layers:
            kept.append(layer.forward(x))
            x = kept[-1][-1]
        return kept

    def _loss_value(self, y, kept):
        _, z, a = kept[-1]
        value = self._objective(y, z if self._on_logits else a)
        for layer in self._layers:
            if layer.kernel_regularizer and layer.trainable:
                value += layer.kernel_regularizer(layer.kernel)  # [11]
        return value

    def _backward(self, y, kept, lowest):
        """Return delta = dL/dz of each layer, from the last to the lowest."""
        layers, (_, z, a) = self._layers, kept[-1]
        deltas = [None] * len(kept)
        if self._on_logits:
            delta = self._objective.gradient(y, z)  # [10]
        else:
            da = self._objective.gradient(y, a)  # [8]
            delta = layers[-1].backward(kept[-1], da)  # [3]
        deltas[-1] = delta
        for i in range(len(kept) - 2, lowest - 1, -1):
            da = layers[i + 1].input_gradient(kept[i + 1], delta)  # [6]
            deltas[i] = delta = layers[i].backward(kept[i], da)  # [3]
        return deltas


def _saving():
    from numpy_net import saving  # which makes models in its turn

    return saving
