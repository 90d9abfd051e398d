"""The peers: scikit-learn's net, and the step as one compiled loop."""

from typing import Any

from benchmarks.measure import numpy_rows
from benchmarks.measure.job import LOG_LOSS_RATE, Array, Job, Trained, flat
from benchmarks.record.run import Verified
from numpy_net.per_sample import LEARNING_RATE

# Its only loss for ten classes is the log loss of a softmax, so that it has a
# NumPy row of its own to stand beside.
SETTINGS: dict[str, Any] = {
    "activation": "logistic",
    "solver": "sgd",
    "learning_rate_init": LOG_LOSS_RATE,
    "momentum": 0.0,
    "alpha": 0.0,
    "shuffle": False,
}


def scikit_learn(job: Job) -> Trained:
    """MLPClassifier: a dense net in NumPy, written by others."""
    with job.phases("import"):
        from sklearn.neural_network import MLPClassifier
    with job.phases("build"):
        start, size = job.new_net().get_weights(), job.batch_size
        model = MLPClassifier(start[0].shape[1:], batch_size=size, **SETTINGS)
    x, labels = flat(job.samples.x), job.samples.y.argmax(axis=1)
    with job.phases("first step"):  # it makes its arrays here
        model.partial_fit(x[:size], labels[:size], classes=range(10))
    weights, before = _set_weights(model, start), model.t_

    def train_epoch(order: Array) -> dict[str, float]:
        model.partial_fit(x[order], labels[order])
        return {"loss": model.loss_}

    clock = job.train(train_epoch, weights)
    updates = int(model.t_ - before) // len(x) * job.steps  # t_: samples
    return Trained(
        lambda x: model.predict_proba(flat(x)),
        Verified(str(weights[0].dtype), "cpu", LOG_LOSS_RATE),
        *(clock, updates, weights, start),
    )


def _set_weights(model: Any, start: list[Array]) -> list[Array]:
    """Set and return the arrays that its optimizer changes in place."""
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    weights = [array for pair in pairs for array in pair]
    for array, first in zip(weights, start, strict=True):
        array[...] = first
    return weights


def compiled_loop(job: Job) -> Trained:
    """compiled_loop.py: the textbook's arithmetic, compiled."""
    with job.phases("import"):
        from benchmarks.measure import compiled_loop

        loop: Any = compiled_loop.train_epoch
    return numpy_rows.train(
        job, lambda x, y, w: loop(x, y, *w, LEARNING_RATE), first="compile"
    )
