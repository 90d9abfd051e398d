"""A scikit-learn classifier that the command line named (--add)."""

import importlib
from typing import Any

import numpy as np

from benchmarks import InputError, printable
from benchmarks.measure.job import Array, Job, Trained, flat
from benchmarks.measure.xgboost_rows import all_images
from benchmarks.record.run import Verified


def fit(job: Job) -> Trained:
    """All training images at once, as XGBoost gets them."""
    with job.phases("import"):
        model = classifier(job.row.name)
    with job.phases("build"):
        # What its parts leave open gets the run's seed and threads.
        ours = {"random_state": job.seed, "n_jobs": job.threads}
        for name, value in model.get_params().items():
            if value is None and (last := name.rpartition("__")[2]) in ours:
                model.set_params(**{name: ours[last]})
        x, labels = all_images(job)
    with job.phases("training"):
        model.fit(x, labels)
    verified = Verified(str(x.dtype), "cpu", threads=job.threads)
    verified.settings = {"estimator": printable(repr(model))}
    return Trained(lambda x: _digits(model.predict(flat(x)), len(x)), verified)


def classifier(name: str) -> Any:
    """What MODULE:FACTORY makes; InputError if it is no classifier."""
    from sklearn.base import is_classifier

    try:
        module, _, factory = name.partition(":")
        model = getattr(importlib.import_module(module), factory)()
    except BaseException as error:  # SystemExit, too
        raise InputError(
            f"--add {name}: expected what makes a classifier without "
            f"arguments, in a module that is installed, lies in this folder "
            f"or on PYTHONPATH; got {type(error).__name__}: {error}"
        ) from error
    if hasattr(model, "get_params") and is_classifier(model):
        return model
    kind = type(model).__name__
    raise InputError(
        f"--add {name}: expected a scikit-learn classifier, got {kind}"
    )


def _digits(answers: Any, count: int) -> Array:
    """What it predicts, if that is one digit for each image."""
    digits = np.asarray(answers)
    if digits.shape == (count,) and np.isin(digits, range(10)).all():
        return digits.astype(int)
    kind = f"{digits.dtype} of shape {digits.shape}"
    raise InputError(f"predict is to return {count} digits, got {kind}")
