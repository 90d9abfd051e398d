"""The peers: scikit-learn's net, and the step as one compiled loop."""

from contextlib import suppress
from typing import Any

from benchmarks.measure.clock import Enough
from benchmarks.measure.job import LOG_LOSS_RATE, Job, Trained, rows
from numpy_net.per_sample import LEARNING_RATE, predict


def scikit_learn(job: Job) -> Trained:
    """MLPClassifier: a dense net in NumPy, written by others.

    Its only loss for ten classes is the log loss of a softmax, so that it
    has a NumPy row of its own to stand beside.
    """
    with job.phases("import"):
        from sklearn.neural_network import MLPClassifier

    with job.phases("build"):
        weights = job.new_net().get_weights()
        model = MLPClassifier(
            weights[0].shape[1:],
            activation="logistic",
            solver="sgd",
            alpha=0.0,
            batch_size=job.batch_size,
            learning_rate_init=LOG_LOSS_RATE,
            momentum=0.0,
            shuffle=False,
        )
    x, labels = rows(job.samples.x), job.samples.y.argmax(axis=1)
    one = slice(job.batch_size)
    with job.phases("first step"):  # it makes its arrays here
        model.partial_fit(x[one], labels[one], classes=range(10))
    # Its optimizer holds these very arrays, so they are changed in place.
    own = [
        a
        for pair in zip(model.coefs_, model.intercepts_, strict=True)
        for a in pair
    ]
    for array, weight in zip(own, weights, strict=True):
        array[...] = weight
    start = [array.copy() for array in own]
    clock = job.clock(lambda: [array.copy() for array in own])
    before = model.t_
    with job.phases("training"), suppress(Enough):
        for epoch, order in enumerate(job.orders()):
            clock.on_epoch_begin(epoch)
            model.partial_fit(x[order], labels[order])
            clock.on_epoch_end(epoch, {"loss": model.loss_})
    return Trained(
        predict=lambda x: model.predict_proba(rows(x)),
        clock=clock,
        updates=int(model.t_ - before) // len(x) * job.steps,  # t_: samples
        weights=own,
        start=start,
        verified={
            "dtype": str(own[0].dtype),
            "device": "cpu",
            "learning_rate": model.learning_rate_init,
        },
    )


def floor(job: Job) -> Trained:
    """floor.py: the textbook's arithmetic, compiled."""
    with job.phases("import"):
        from benchmarks.measure import floor as compiled

        train_epoch: Any = compiled.train_epoch
    with job.phases("build"):
        weights = job.new_net().get_weights()
    x, y = rows(job.samples.x), job.samples.y
    with job.phases("compile"):
        train_epoch(x[:1], y[:1], *(w.copy() for w in weights), LEARNING_RATE)
    clock = job.clock(lambda: [w.copy() for w in weights])
    start = [w.copy() for w in weights]
    updates = 0
    with job.phases("training"), suppress(Enough):
        for epoch, order in enumerate(job.orders()):
            clock.on_epoch_begin(epoch)
            loss, accuracy, made = train_epoch(
                x[order], y[order], *weights, LEARNING_RATE
            )
            updates += made
            clock.on_epoch_end(epoch, {"loss": loss, "accuracy": accuracy})
    return Trained(
        predict=lambda x: predict(rows(x), weights),
        clock=clock,
        updates=updates,
        weights=weights,
        start=start,
        verified={
            "dtype": str(weights[0].dtype),
            "device": "cpu",
            "learning_rate": LEARNING_RATE,
        },
    )
