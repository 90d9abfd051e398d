"""Answers about times, code, and all models (2.4 and 5)."""

from statistics import median

from benchmarks.analysis import derived
from benchmarks.record.results import Record
from benchmarks.report import charts_study, code_lines, why
from benchmarks.report.question import NOT_RUN, Answer
from benchmarks.report.table import Table, micro, three_digits
from benchmarks.rows.contenders import rows_of, title


def _training(record: Record, name: str) -> float | None:
    runs = derived.trained(record, name)
    return median(map(derived.training_seconds, runs)) if runs else None


def _accuracy(record: Record, name: str) -> float | None:
    runs = derived.trained(record, name)
    return median(r["test"]["accuracy"] for r in runs) if runs else None


def how_long(record: Record) -> Answer:
    names = ("numpy-per-sample", "numpy-batch-10", "keras-batch-10")
    page, ours, theirs = (_training(record, name) for name in names)
    said = [NOT_RUN]
    # With a goal, each row trains for as many epochs as it needs.
    if page and ours and theirs and not record["until"]:
        run = derived.trained(record, names[-1])[0]
        epochs = len(run["epochs"])
        said = [
            f"{epochs} epochs of {run['samples'] // epochs:,} images took "
            f"Keras {three_digits(theirs)} s here, and the textbook NumPy "
            f"program, which makes ten times the updates, "
            f"{three_digits(page)} s. NumPy with Keras's batches of 10 takes "
            f"{three_digits(ours)} s. (First step and epochs; without import "
            f"and validation.)",
            *list(why.sentences(record))[:2],
        ]
    return Answer(
        "2.4.1",
        "How long did Keras take for five epochs on all of the data, "
        "compared with NumPy?",
        "46 seconds against 4 minutes 15.",
        said,
    )


def what_differs(record: Record) -> Answer:
    found = charts_study.good(record, "batch")
    chart = charts_study.batches(record)
    said = [NOT_RUN]
    if chart is not None and len(found) == 4:
        ten, one, one_slow, ten_fast = (
            v["epochs"][-1]["val_accuracy"] for v in found.values()
        )
        said = [
            "NumPy updates after each sample, Keras after every batch of "
            "ten. At the same learning rate that is ten times the way: "
            f"validation accuracy {one:.4f} with one sample an update, "
            f"{ten:.4f} with ten.",
            f"At the same rate per sample the batch hardly matters: "
            f"{one_slow:.4f} with one sample at 0.025 beside {ten:.4f} with "
            f"ten at 0.25, and {ten_fast:.4f} with ten at 2.5 beside "
            f"{one:.4f} with one at 0.25."
            if max(abs(one_slow - ten), abs(ten_fast - one))
            < abs(one - ten) / 4
            else f"At the same rate per sample a difference is left: "
            f"{one_slow:.4f} with one sample at 0.025 beside {ten:.4f} with "
            f"ten at 0.25, and {ten_fast:.4f} with ten at 2.5 beside "
            f"{one:.4f} with one at 0.25.",
        ]
    return Answer(
        "2.4.2",
        "What is the defining difference in how the two were trained?",
        'NumPy updates "after all samples", Keras in batches.',
        said,
        [chart] if chart else [],
    )


def how_much_code(record: Record) -> Answer:
    counts = record.get("code_lines", {})
    said, tables = [NOT_RUN], []
    if counts:
        page = counts.get("numpy, the textbook page", 0)
        nets = counts.get("numpy, what stands behind them", 0)
        theirs = counts.get("keras, the two nets", 0)
        said = [
            f"The two nets take {theirs} lines in Keras. In NumPy they take "
            f"the same lines once {nets} others stand behind them: layers, "
            f"losses, optimizer, training loop, checks of the input. The "
            f"assignment's net alone, without any of that, is a page of "
            f"{page} lines. Keras spares the writing of the gradients, and "
            f"so the errors in them."
        ]
        tables = [
            Table(
                "Lines of code",
                ("what", "lines"),
                [[what, f"{n:,}"] for what, n in counts.items()],
                code_lines.RULE,
            )
        ]
    return Answer(
        "2.4.3",
        "How do the two compare in ease of implementation and amount of code?",
        "NumPy needs many more lines.",
        said,
        tables=tables,
    )


def _beside(seconds: float, others: float) -> str:
    return "faster" if seconds < others else "slower"


def all_models(record: Record) -> Answer:
    rows, best = [], None
    for c in rows_of(record):
        runs = derived.trained(record, c.name)
        if not runs or c.twin_of:
            continue
        accuracy = median(r["test"]["accuracy"] for r in runs)
        if best is None or accuracy > best[1]:
            best = (c.name, accuracy)
        size = runs[0].get("size_bytes")
        rows.append(
            [
                c.label,
                f"{accuracy:.4f}",
                f"{median(r['test']['f1_weighted'] for r in runs):.4f}",
                three_digits(median(map(derived.training_seconds, runs))),
                "" if size is None else f"{size / 1024:,.0f}",
                three_digits(
                    median(r["phases"]["predict"]["wall"] for r in runs)
                ),
                micro(median(r["predict_one"] for r in runs)),
            ]
        )
    said = [NOT_RUN]
    if best is not None:
        said = [
            f"Most accurate is {title(best[0])}, {best[1]:.4f}, in "
            f"{three_digits(_training(record, best[0]) or 0.0)} s."
        ]
        trees = _training(record, "xgboost")
        net, keras = (
            (_training(record, n), _accuracy(record, n))
            for n in ("numpy-custom", "keras-custom")
        )
        if trees is not None and net[0] is not None and keras[0] is not None:
            said.append(
                f"XGBoost with its defaults takes {three_digits(trees)} s for "
                f"{_accuracy(record, 'xgboost'):.4f}; the custom net in Keras "
                f"{three_digits(keras[0])} s for {keras[1]:.4f}, in NumPy "
                f"{three_digits(net[0])} s for {net[1]:.4f}: XGBoost is "
                f"{_beside(trees, keras[0])} than the net in Keras and "
                f"{_beside(trees, net[0])} than the net in NumPy."
            )
    count = record["data"]["test_images"]
    table = Table(
        "All models",
        (
            "model",
            "test accuracy",
            "test F1",
            "training, s",
            "size, KiB",
            f"predict {count:,}, s",
            "predict one, µs",
        ),
        rows,
        "F1 is weighted by class. Size: the weights, or XGBoost's saved "
        "trees. Medians over the rounds.",
    )
    return Answer(
        "5",
        "Which model is best: test accuracy, F1, time?",
        "XGBoost is best, but much slower than the net. (Their own figures: "
        "103 s for XGBoost, 191.5 s for the net.)",
        said,
        tables=[table] if rows else [],
    )
