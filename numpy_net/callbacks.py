"""What ``fit`` calls on its way, and the record that it returns.

Keras: keras.callbacks; there a callback may also be told of each batch.
"""

from numpy_net import notebook


class Callback:
    """Override what you need; logs are the epoch's entries of a History."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Before the first batch of an epoch; the first epoch is 0."""

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Before the validation that follows an epoch."""

    def on_test_end(self, logs: dict | None = None) -> None:
        """After the validation."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """After the epoch and its validation."""


class History(Callback):
    """One list per metric in ``history``, one entry per epoch.

    "loss" and the metrics are running means over the epoch's batches, each
    taken before its own update: the first batches are judged by younger
    weights than the last. "val_loss" and the other validation entries are
    taken after the epoch. So training may look worse than validation.

    Keras: keras.callbacks.History; it sorts the entries by name.
    """

    def __init__(self):
        self.epoch: list[int] = []
        self.history: dict[str, list] = {}

    def __repr__(self):
        last = [
            f"{name}={notebook.number(values[-1])}"
            for name, values in self.history.items()
        ]
        return f"<History {', '.join([f'epochs={len(self.epoch)}', *last])}>"

    def _repr_html_(self):
        return notebook.history(self)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
