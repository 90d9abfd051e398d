"""A search over settings by joblib: here, by processes, or on a cluster.

    python -m benchmarks search
    python -m benchmarks search --scheduler tcp://HOST:8786

Nothing of ours stands between the search and the engine: scikit-learn's
GridSearchCV and the sweeps of the assignment's question 3.3.4 hand their
fits to joblib, and joblib's own Dask backend hands them to the cluster.
"""

import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from benchmarks.data import dataset as data
from benchmarks.measure import engine, study_runs
from benchmarks.measure.job import Samples
from benchmarks.record import machine
from benchmarks.record.errors import InputError
from benchmarks.report.table import Table, three_digits
from benchmarks.rows import study
from benchmarks.run import estimate
from benchmarks.run.display import Display

Array = np.ndarray
FOLDS = 3
FIT = {"epochs": 5, "batch_size": 10}


def sweeps(
    samples: Samples,
    test: tuple[Array, Array],
    say: Callable[[str], object] = print,
) -> dict[str, float]:
    """Validation accuracy of each net of question 3.3.4, by its key."""
    nets = {v.key: v for sweep in study.SWEEPS for _, v in sweep.variants}
    start, found = perf_counter(), {}
    for number, result in enumerate(
        study_runs.train_all(list(nets.values()), samples, test), start=1
    ):
        if result["status"] == "ok":
            found[result["key"]] = result["epochs"][-1]["val_accuracy"]
        if number % 5 == 0:
            left = (perf_counter() - start) * (len(nets) / number - 1)
            say(
                f"{number} of {len(nets)} nets, about "
                f"{estimate.in_words(left)} left"
            )
    return found


def numpy_net(X: Array, y: Array, **settings: Any) -> Any:
    """One hidden layer in NumPy; seeded by the wrapper's random_state."""
    import numpy_net

    return _net(numpy_net, X, y, **settings)


def keras_net(X: Array, y: Array, **settings: Any) -> Any:
    """The same in Keras, whose wrapper has no seed: it is set here."""
    import keras

    keras.utils.disable_interactive_logging()  # no bars of single fits
    keras.utils.set_random_seed(0)
    return _net(keras, X, y, **settings)


def _net(
    library: Any, X: Array, y: Array, units: int, learning_rate: float
) -> Any:
    model = library.Sequential(
        [
            library.Input((X.shape[1],)),
            library.layers.Dense(units, activation="sigmoid"),
            library.layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    model.compile(
        optimizer=library.optimizers.SGD(learning_rate=learning_rate),
        loss="categorical_crossentropy",
    )
    return model


def folds(X: Array, labels: Array) -> list[tuple[Array, Array]]:
    """Which rows train and which test, FOLDS times."""
    from sklearn.model_selection import StratifiedKFold

    return list(StratifiedKFold(FOLDS).split(X, labels))


def grid(name: str, cv: list[tuple[Array, Array]]) -> Any:
    """GridSearchCV over units and learning rate, or over trees and shades."""
    from sklearn.model_selection import GridSearchCV

    settings: dict[str, list[Any]] = {
        "model_kwargs": [
            {"units": units, "learning_rate": rate}
            for units in (30, 100)
            for rate in (0.03, 0.1, 0.3)
        ]
    }
    estimator: Any
    if name == "numpy":
        from numpy_net.wrappers import SKLearnClassifier

        estimator = SKLearnClassifier(
            numpy_net, fit_kwargs=FIT, random_state=0
        )
    elif name == "keras":
        # sklearn.base.clone loses its fit_kwargs: they are given to fit.
        from keras.wrappers import SKLearnClassifier as KerasClassifier

        estimator = KerasClassifier(keras_net)
    else:
        from xgboost import XGBClassifier

        estimator = XGBClassifier(n_estimators=20, n_jobs=1, random_state=0)
        settings = {"max_depth": [3, 6], "max_bin": [16, 64, 256]}
    return GridSearchCV(estimator, settings, cv=cv, refit=False)


def searched(
    name: str, X: Array, labels: Array, cv: list[tuple[Array, Array]]
) -> Any:
    """The grid search of one library, done; on whatever joblib is set to."""
    settings = {**FIT, "verbose": 0} if name == "keras" else {}
    return grid(name, cv).fit(X, labels, **settings)


class Material(NamedTuple):
    """The arrays that the searches work with, each made once.

    samples, test  of the sweeps: images (N, 28, 28)
    X, labels      of the grids: rows (N, 784), digits (N,)
    folds          indices of rows
    """

    samples: Samples
    test: tuple[Array, Array]
    X: Array
    labels: Array
    folds: list[tuple[Array, Array]]

    @classmethod
    def of(cls, dataset: data.Dataset) -> "Material":
        images = dataset.scaled(dataset.x_train)
        X, labels = images.reshape(len(images), -1), dataset.y_train
        return cls(
            Samples(*data.split(dataset)),
            (dataset.scaled(dataset.x_test), dataset.y_test),
            X,
            labels,
            folds(X, labels),
        )

    def arrays(self) -> list[Array]:
        """All of them, to be sent to workers."""
        indices = [rows for fold in self.folds for rows in fold]
        return [*self.samples, *self.test, self.X, self.labels, *indices]


def main(options: Namespace, display: Display) -> int:
    """Search on the engine that was asked for; show what was found."""
    dataset = data.load(options.data, options.data_dir)
    dataset = dataset.first(options.images, 1_000)
    names = options.only.split(",") if options.only else [*WHAT]
    for name in names:
        if name not in WHAT:
            raise InputError(
                f"--only: expected some of {', '.join(WHAT)}, got {name!r}"
            )
    material = Material.of(dataset)
    if options.scheduler is not None:
        place = engine.on_dask(options.scheduler, *material.arrays())
        where = options.scheduler
    else:
        processes = options.processes or machine.usable_cores()
        place = engine.here(processes)
        where = f"{processes} process{'es' * (processes > 1)}"
    images = f"{len(dataset.x_train):,} images"
    display.say(f"{dataset.name}, {images}; by joblib on {where}")
    try:
        with place:
            for name in names:
                start = perf_counter()
                table = WHAT[name](material, display)
                seconds = three_digits(perf_counter() - start)
                note = f"{seconds} s. {table.note}"
                display.table(replace(table, note=note))
    except OSError as error:
        raise InputError(
            f"{where} does not answer any more ({error}): search again"
        ) from error
    except ValueError as error:  # scikit-learn: all fits of a grid failed
        last = [line for line in str(error).splitlines() if line.strip()][-1]
        raise InputError(f"the fits of {name} failed: {last}") from error
    except KeyboardInterrupt:
        print("stopped; nothing of a search is kept", file=sys.stderr)
        return 130
    return 0


def _sweep_table(material: Material, display: Display) -> Table:
    found = sweeps(material.samples, material.test, display.say)
    shown = [
        [sweep.title, label, _accuracy(found.get(variant.key))]
        for sweep in study.SWEEPS
        for label, variant in sweep.variants
    ]
    return Table(
        "Question 3.3.4: one setting of the custom net at a time",
        ("setting", "value", "validation accuracy"),
        shown,
        f"{study.SHORT.epochs} epochs each; the last sixth validates.",
    )


def _accuracy(value: float | None) -> str:
    return "diverged" if value is None else f"{value:.4f}"


def _grid_table(name: str, material: Material, display: Display) -> Table:
    display.say(f"GridSearchCV over {TITLES[name]}: 6 settings, {FOLDS} folds")
    X, labels, cv = material.X, material.labels, material.folds
    results = searched(name, X, labels, cv).cv_results_
    shown = [
        [
            ", ".join(f"{k} {v}" for k, v in _flat(settings).items()),
            f"{mean:.4f}",
        ]
        for settings, mean in zip(
            results["params"], results["mean_test_score"], strict=True
        )
    ]
    return Table(
        f"GridSearchCV over {TITLES[name]}",
        ("settings", "accuracy"),
        shown,
        f"Accuracy: the mean over {FOLDS} folds.",
    )


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings themselves, out of the wrapper's model_kwargs."""
    found: dict[str, Any] = settings.get("model_kwargs", settings)
    return found


TITLES = {
    "numpy": "the NumPy net",
    "keras": "the Keras net",
    "xgboost": "XGBoost",
}
WHAT: dict[str, Callable[[Material, Display], Table]] = {
    "sweep": _sweep_table,
    **{name: partial(_grid_table, name) for name in TITLES},
}
