"""Which function trains a row."""

from collections.abc import Callable

from benchmarks.measure import added, keras_rows, numpy_rows, peers
from benchmarks.measure import xgboost_rows as trees
from benchmarks.measure.job import Job, Trained
from benchmarks.rows.row import Trainer

TRAINERS: dict[Trainer | None, Callable[[Job], Trained]] = {
    "NumPy per sample": numpy_rows.per_sample,
    "NumPy looped": numpy_rows.looped,
    "NumPy vectorised": numpy_rows.vectorised,
    "NumPy fit": numpy_rows.fit,
    "Keras fit": keras_rows.train,
    "Keras train_on_batch": keras_rows.train,
    "Keras eager": keras_rows.train,
    "Keras compiled epoch": keras_rows.train,
    "XGBoost": trees.fit,
    "scikit-learn MLP": peers.scikit_learn,
    "compiled loop": peers.compiled_loop,
    "added classifier": added.fit,
}


def train(job: Job) -> Trained:
    """Train a job's row."""
    return TRAINERS[job.row.trainer](job)
