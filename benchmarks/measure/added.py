"""A scikit-learn classifier that the command line named (--add)."""

import importlib
from typing import Any

import numpy as np

from benchmarks.measure.job import Array, Job, Trained, rows
from benchmarks.record.errors import InputError


def fit(job: Job) -> Trained:
    """All training images at once, as XGBoost gets them.

    Whatever it calls random_state or n_jobs and leaves open is set to the
    run's seed and threads.
    """
    name = job.contender.options["factory"]
    with job.phases("import"):
        make = factory(name)
    with job.phases("build"):
        model = classifier(name, make)
        model.set_params(**_left_open(model, job.seed, job.threads))
        x = rows(np.concatenate([job.samples.x, job.samples.x_val]))
        y = np.concatenate([job.samples.y, job.samples.y_val])
        labels = y.argmax(axis=1)
    with job.phases("training"):
        model.fit(x, labels)
    return Trained(
        predict=lambda x: _digits(name, model.predict(rows(x)), len(x)),
        verified={
            "dtype": str(x.dtype),
            "device": "cpu",
            "threads": job.threads,
            "settings": {"estimator": " ".join(repr(model).split())},
        },
    )


def factory(name: str) -> Any:
    """Import what MODULE:FACTORY names; InputError if it is not there."""
    module, _, attribute = name.partition(":")
    try:
        found = importlib.import_module(module)
    except BaseException as error:  # SystemExit, too
        raise InputError(
            f"--add {name}: {module} cannot be imported "
            f"({type(error).__name__}: {error}); it must be installed, or "
            f"lie in this folder or on PYTHONPATH"
        ) from error
    if not hasattr(found, attribute):
        raise InputError(f"--add {name}: {module} has no {attribute}")
    return getattr(found, attribute)


def classifier(name: str, make: Any) -> Any:
    """Call the factory; InputError if what it makes is no classifier."""
    from sklearn.base import is_classifier

    try:
        model = make()
    except BaseException as error:  # anything may be named there
        raise InputError(
            f"--add {name}: expected a class or a function that makes a "
            f"classifier without arguments, got {type(error).__name__}: "
            f"{' '.join(str(error).split())}"
        ) from error
    if not hasattr(model, "get_params") or not is_classifier(model):
        raise InputError(
            f"--add {name}: expected a scikit-learn classifier, got "
            f"{type(model).__name__}"
        )
    return model


def _left_open(model: Any, seed: int, threads: int) -> dict[str, int]:
    """Seed and threads for every part that has not been given its own."""
    values = {"random_state": seed, "n_jobs": threads}
    return {
        name: values[name.rpartition("__")[2]]
        for name, value in model.get_params().items()
        if value is None and name.rpartition("__")[2] in values
    }


def _digits(name: str, found: Any, samples: int) -> Array:
    """What it predicts, if that is one digit for each image."""
    digits = np.asarray(found)
    if digits.shape != (samples,) or not np.isin(digits, range(10)).all():
        raise ValueError(
            f"{name}: predict is to return {samples} digits from 0 to 9, "
            f"got {digits.dtype} of shape {digits.shape}"
        )
    return digits.astype(int)
