"""Three classifiers and scikit-learn's own checks of estimators.

    python -m tests.estimators

runs every check that scikit-learn has on the NumPy net, on the same net in
Keras's own wrapper and on XGBoost, and writes docs/estimators.json and,
from it, docs/estimators.md; tests/test_wrappers.py holds both.
"""

import contextlib
import importlib
import io
import json
import os
import re
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

SEED = 0
UNITS, LEARNING_RATE, EPOCHS, ROUNDS = 16, 0.5, 20, 10
ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "estimators.json"
PAGE = ROOT / "docs" / "estimators.md"
NAMES = {
    "numpy": "`numpy_net.wrappers.SKLearnClassifier`",
    "keras": "`keras.wrappers.SKLearnClassifier`",
    "xgboost": "`xgboost.XGBClassifier`",
}
PACKAGES = ("scikit-learn", "numpy", "keras", "tensorflow", "xgboost")


def numpy_model(X, y, units=UNITS, learning_rate=LEARNING_RATE):
    """One hidden layer, as wide as the data ask for."""
    return _model("numpy_net", X, y, units, learning_rate)


def keras_model(X, y, units=UNITS, learning_rate=LEARNING_RATE):
    """The same net in Keras, which has no random_state: seeded here."""
    import keras

    keras.utils.set_random_seed(SEED)
    return _model("keras", X, y, units, learning_rate)


def _model(name, X, y, units, learning_rate):
    library = importlib.import_module(name)
    model = library.Sequential(
        [
            library.Input((X.shape[1],)),
            library.layers.Dense(units, activation="tanh"),
            library.layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    sgd = library.optimizers.SGD(learning_rate)
    model.compile(optimizer=sgd, loss="categorical_crossentropy")
    return model


def numpy_classifier(**fit_kwargs):
    from numpy_net.wrappers import SKLearnClassifier

    settings = {"epochs": EPOCHS, **fit_kwargs}
    return SKLearnClassifier(numpy_model, fit_kwargs=settings)


def keras_classifier(**fit_kwargs):
    from keras.wrappers import SKLearnClassifier

    settings = {"epochs": EPOCHS, "verbose": 0, **fit_kwargs}
    return SKLearnClassifier(keras_model, fit_kwargs=settings)


def xgboost_classifier():
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=ROUNDS, n_jobs=1)


def check(estimator, warnings_are="ignore") -> dict:
    """Run all checks; return counts, and each one that is not passed."""
    from sklearn.utils.estimator_checks import check_estimator

    quiet = io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stderr(quiet),
        contextlib.redirect_stdout(quiet),
    ):
        warnings.simplefilter(warnings_are)
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    reasons: dict = {"passed": {}, "failed": {}, "skipped": {}}
    for found in results:
        reason = _one_line(str(found["exception"]))
        reasons[found["status"]][found["check_name"]] = reason
    passed = [found for found in results if found["status"] == "passed"]
    return {"run": len(results), **reasons, "passed": len(passed)}


def _one_line(text, length=150):
    """The beginning of a message, without line breaks, times and paths."""
    text = re.sub(r"\[[\d:]{8}\] \S+: | at 0x\w+", "", " ".join(text.split()))
    if not text:
        return "an assertion without a message"
    return text if len(text) <= length else text[:length] + " ..."


def page(record: dict) -> str:
    """Return the text of docs/estimators.md."""
    counts = tables = ""
    for key, name in NAMES.items():
        found, skipped = record[key], len(record[key]["skipped"])
        failed = found["run"] - found["passed"] - skipped
        numbers = (found["run"], found["passed"], failed, skipped)
        counts += f"| {name} | {' | '.join(map(str, numbers))} |\n"
        tables += _table(f"Failed: {name}", found["failed"])
        tables += _table(f"Not applied: {name}", found["skipped"])
    versions = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
    return PARTS.format(counts=counts, tables=tables, versions=versions)


PARTS = f"""\
# scikit-learn's checks of an estimator, run on three classifiers

`Pipeline`, `GridSearchCV`, `clone` and the rest rely on what a classifier \
promises, and scikit-learn has a suite of checks for it. \
`tests/test_wrappers.py` runs the suite on ours each time.

| classifier | checks | passed | failed | not applied |
|---|---:|---:|---:|---:|
{{counts}}
Both nets: one hidden layer of {UNITS} tanh units, softmax, {EPOCHS} epochs \
of SGD at {LEARNING_RATE}. XGBoost: {ROUNDS} rounds, the rest default. How \
many checks there are depends on what a classifier says of itself; one that \
is run several times, each on other data, has one line below.
{{tables}}
Made by `python -m tests.estimators` with {{versions}}.
"""


def _table(title, reasons):
    bar = str.maketrans({"|": r"\|"})
    rows = [f"| `{k}` | {v.translate(bar)} |" for k, v in reasons.items()]
    head = ["", f"## {title}", "", "| check | what scikit-learn says |"]
    return "\n".join([*head, "|---|---|", *rows, ""]) if rows else ""


def _versions():
    for package in PACKAGES:
        for name in (package, f"{package}-cpu"):
            with contextlib.suppress(PackageNotFoundError):
                yield package, version(name)


def main() -> int:
    os.environ["SCIPY_ARRAY_API"] = "1"  # else one check is not applied
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    record: dict = {"versions": dict(_versions())}
    for key, name in NAMES.items():
        print(f"checking {name} ...", flush=True)
        record[key] = check(globals()[f"{key}_classifier"]())
        print("  {passed} of {run} checks passed".format(**record[key]))
    FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
