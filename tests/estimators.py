"""Three classifiers and scikit-learn's own checks of estimators.

    python -m tests.estimators

runs every check that scikit-learn has on the NumPy net, on the same net in
Keras's own wrapper and on XGBoost, and writes docs/estimators.json and,
from it, docs/estimators.md; tests/test_wrappers.py holds both.
"""

import contextlib
import io
import json
import os
import re
import sys
import warnings
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
    from numpy_net import Input, Sequential, layers, optimizers

    model = _layers(Sequential, Input, layers, X, y, units)
    model.compile(
        optimizer=optimizers.SGD(learning_rate),
        loss="categorical_crossentropy",
    )
    return model


def keras_model(X, y, units=UNITS, learning_rate=LEARNING_RATE):
    """The same net in Keras, which has no random_state: seeded here."""
    import keras
    from keras import Input, Sequential, layers, optimizers

    keras.utils.set_random_seed(SEED)
    model = _layers(Sequential, Input, layers, X, y, units)
    model.compile(
        optimizer=optimizers.SGD(learning_rate),
        loss="categorical_crossentropy",
    )
    return model


def _layers(Sequential, Input, layers, X, y, units):
    return Sequential(
        [
            Input((X.shape[1],)),
            layers.Dense(units, activation="tanh"),
            layers.Dense(y.shape[1], activation="softmax"),
        ]
    )


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


def check(estimator) -> dict:
    """Run all checks; return counts, and each one that is not passed."""
    from sklearn.utils.estimator_checks import check_estimator

    quiet = io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stderr(quiet),
        contextlib.redirect_stdout(quiet),
    ):
        warnings.simplefilter("ignore")  # they belong to the checked library
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    statuses = [result["status"] for result in results]
    return {
        "run": len(results),
        "passed": statuses.count("passed"),
        "failed": _reasons(results, "failed"),
        "skipped": _reasons(results, "skipped"),
    }


def _reasons(results, status):
    return {
        result["check_name"]: _one_line(str(result["exception"]))
        for result in results
        if result["status"] == status
    }


def _one_line(text, length=150):
    """The beginning of a message, without line breaks, times and paths."""
    text = re.sub(r"\[[\d:]{8}\] \S+: | at 0x\w+", "", " ".join(text.split()))
    if not text:
        return "an assertion without a message"
    return text if len(text) <= length else text[:length] + " ..."


def page(record: dict) -> str:
    """Return the text of docs/estimators.md."""
    lines = [
        "# scikit-learn's checks of an estimator, run on three classifiers",
        "",
        "`Pipeline`, `GridSearchCV`, `clone` and the rest rely on what a "
        "classifier promises, and scikit-learn has a suite of checks for "
        "it. `tests/test_wrappers.py` runs the suite on ours each time.",
        "",
        "| classifier | checks | passed | failed | not applied |",
        "|---|---:|---:|---:|---:|",
    ]
    for key, name in NAMES.items():
        counts = record[key]
        skipped = len(counts["skipped"])
        failed = counts["run"] - counts["passed"] - skipped
        lines.append(
            f"| {name} | {counts['run']} | {counts['passed']} | {failed} | "
            f"{skipped} |"
        )
    lines += [
        "",
        f"Both nets: one hidden layer of {UNITS} tanh units, softmax, "
        f"{EPOCHS} epochs of SGD at {LEARNING_RATE}. XGBoost: "
        f"{ROUNDS} rounds, the rest default. How many checks there are "
        "depends on what a classifier says of itself; one that is run "
        "several times, each on other data, has one line below.",
    ]
    for key, name in NAMES.items():
        counts = record[key]
        lines += _table(f"Failed: {name}", counts["failed"])
        lines += _table(f"Not applied: {name}", counts["skipped"])
    versions = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
    made = f"Made by `python -m tests.estimators` with {versions}."
    return "\n".join([*lines, "", made, ""])


def _table(title, reasons):
    if not reasons:
        return []
    rows = [
        f"| `{check}` | {reason.replace('|', chr(92) + '|')} |"
        for check, reason in reasons.items()
    ]
    head = ["| check | what scikit-learn says |", "|---|---|"]
    return ["", f"## {title}", "", *head, *rows]


def main() -> int:
    from importlib.metadata import PackageNotFoundError, version

    os.environ["SCIPY_ARRAY_API"] = "1"  # else one check is not applied
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    record: dict = {"versions": {}}
    for package in PACKAGES:
        for name in (package, f"{package}-cpu"):
            with contextlib.suppress(PackageNotFoundError):
                record["versions"][package] = version(name)
    for key in sys.argv[1:] or NAMES:
        print(f"checking {NAMES[key]} ...", flush=True)
        record[key] = check(globals()[f"{key}_classifier"]())
        counts = record[key]
        print(f"  {counts['passed']} of {counts['run']} checks passed")
    if all(key in record for key in NAMES):
        FILE.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(page(record), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
