"""It holds: long runs keep nothing but their history."""

import gc
import tracemalloc

from numpy_net import Input, Sequential, layers, utils


def test_two_hundred_epochs_hold_no_more_than_twenty(digits):
    """Nothing that an epoch makes is kept but its line of the history."""
    utils.set_random_seed(0)
    model = Sequential(
        [Input((28, 28)), layers.Flatten(), layers.Dense(6, "relu"),
         layers.Dense(10, "softmax")]
    )  # fmt: skip
    model.compile("sgd", "mse", metrics=["accuracy"])
    model.fit(*digits, batch_size=10, epochs=20)
    held = []
    tracemalloc.start()
    for epochs in (20, 200):
        model.fit(*digits, batch_size=10, epochs=epochs)
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 20_000, f"bytes held: {held}"
