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
    name = job.row.name
    with job.phases("import"):
        model = classifier(name)
    with job.phases("build"):
        # What it leaves open, in every part, gets the run's seed and threads.
        values = {"random_state": job.seed, "n_jobs": job.threads}
        for key, value in model.get_params().items():
            if value is None and (last := key.rpartition("__")[2]) in values:
                model.set_params(**{key: values[last]})
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
    raise InputError(
        f"predict is to return {count} digits from 0 to 9, got "
        f"{digits.dtype} of shape {digits.shape}"
    )
