"""The assignment's questions, answered by what a run has measured.

An answer is a sentence or two made from figures; with other figures it says
something else. Beside it stands what the students answered (from their
report, measured on Google Colab).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from benchmarks import charts_study, code_lines, derived, judging, study, why
from benchmarks.contenders import CONTENDERS, title
from benchmarks.markup import Chart
from benchmarks.results import Record
from benchmarks.table import Table, micro, three_digits

CLOSE = 0.002  # of accuracy: less than what seeds do
NOT_RUN = "This run has not the rows that answer it."


@dataclass(frozen=True)
class Answer:
    """One question: what was asked, what they said, what this run says."""

    number: str
    question: str
    students: str
    said: list[str]
    charts: list[Chart] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def answers(record: Record) -> list[Answer]:
    """All of them, in the assignment's order."""
    return [answer(record) for answer in QUESTIONS]


def _epoch(record: Record, name: str) -> float | None:
    runs = derived.trained(record, name)
    return median(map(derived.epoch_seconds, runs)) if runs else None


def _training(record: Record, name: str) -> float | None:
    runs = derived.trained(record, name)
    return median(map(derived.training_seconds, runs)) if runs else None


def _accuracy(record: Record, name: str) -> float | None:
    runs = derived.trained(record, name)
    return median(r["test"]["accuracy"] for r in runs) if runs else None


def how_long(record: Record) -> Answer:
    page = _training(record, "numpy-per-sample")
    ours = _training(record, "numpy-batch-10")
    theirs = _training(record, "keras-batch-10")
    said = [NOT_RUN]
    if page is not None and ours is not None and theirs is not None:
        epochs = len(derived.trained(record, "keras-batch-10")[0]["epochs"])
        said = [
            f"Five epochs took Keras {three_digits(theirs)} s here, and the "
            f"textbook NumPy program, which makes ten times the updates, "
            f"{three_digits(page)} s. NumPy with Keras's batches of 10 takes "
            f"{three_digits(ours)} s."
            if epochs == 5
            else f"{epochs} epochs took Keras {three_digits(theirs)} s, the "
            f"textbook NumPy program {three_digits(page)} s, and NumPy in "
            f"batches of 10 {three_digits(ours)} s.",
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
            if max(abs(one_slow - ten), abs(ten_fast - one)) < 5 * CLOSE
            else f"At the same rate per sample a difference is left: "
            f"{one_slow:.4f} with one sample at 0.025 beside {ten:.4f} with "
            f"ten at 0.25, and {ten_fast:.4f} with ten at 2.5 beside "
            f"{one:.4f} with one at 0.25.",
        ]
    return Answer(
        "2.4.2",
        "What is the defining difference in how the two were trained?",
        "NumPy updates \"after all samples\", Keras in batches.",
        said,
        [chart] if chart else [],
    )


def how_much_code(record: Record) -> Answer:
    counts = record.get("code_lines", {})
    said, tables = [NOT_RUN], []
    if counts:
        page = counts.get("numpy, the textbook page", 0)
        nets = counts.get("numpy, the nets", 0)
        theirs = counts.get("keras, the nets", 0)
        said = [
            f"The two nets take {theirs} lines in Keras. In NumPy they take "
            f"the same {theirs} lines once {nets} lines of layers, losses, "
            f"optimizer and training loop stand behind them; the assignment's "
            f"net alone, without any of that, is a page of {page} lines. "
            f"Keras spares the writing of the gradients, and so the errors "
            f"in them."
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
        "How do the two compare in ease of implementation and amount of "
        "code?",
        "NumPy needs many more lines.",
        said,
        tables=tables,
    )


def better_net(record: Record) -> Answer:
    found = charts_study.good(record, "path")
    chart = charts_study.path(record)
    said = [NOT_RUN]
    if chart is not None:
        labels = list(found)
        values = [v["test"]["accuracy"] for v in found.values()]
        gains = [b - a for a, b in pairwise(values)]
        most = max(range(len(gains)), key=lambda n: gains[n])
        worse = [
            f"“{labels[n + 1]}” ({gains[n]:+.4f})"
            for n in range(len(gains))
            if gains[n] < -CLOSE
        ]
        said = [
            f"From {values[0]:.4f} to {values[-1]:.4f} of test accuracy in "
            f"{len(gains)} single changes. The largest step is "
            f"“{labels[most + 1]}”: {gains[most]:+.4f}.",
            f"Not every change helps where it stands: {', '.join(worse)}."
            if worse
            else "No change on the way makes it worse by more than seeds do.",
        ]
    return Answer(
        "3.3.1",
        "Is the custom net better in accuracy and F1, and why?",
        "Slightly, because it is more complex.",
        said,
        [chart] if chart else [],
    )


def overfitting(record: Record) -> Answer:
    found = charts_study.good(record, "overfit")
    chart = charts_study.overfitting(record)
    said = [NOT_RUN]
    if chart is not None:
        least = [charts_study.least(v) for v in found.values()]
        total = len(next(iter(found.values()))["epochs"])
        last = [v["epochs"][-1] for v in found.values()]
        gap = median(e["val_loss"] / e["train_loss"] for e in last)
        rise = median(
            v["epochs"][-1]["val_loss"]
            / min(e["val_loss"] for e in v["epochs"])
            for v in found.values()
        )
        span = (
            f"epoch {least[0]}"
            if min(least) == max(least)
            else f"epochs {min(least)} to {max(least)}"
        )
        said = [
            f"The validation loss is at its least after {span} of {total}, "
            f"over {len(least)} seed{'s' * (len(least) > 1)}. After the last "
            f"epoch it is {rise:.3f} times its least and "
            f"{three_digits(gap)} times the loss of training.",
            _overfits(max(least) / total, rise),
        ]
    return Answer(
        "3.3.2",
        "Did it overfit, and after how many epochs?",
        "After the third.",
        said,
        [chart] if chart else [],
    )


def _overfits(when: float, rise: float) -> str:
    """In words; when the least loss came, as a share of the epochs."""
    if when > 0.9:
        return (
            "Validation still improves near the end: it learns some of the "
            "training images by heart, but that does not yet cost anything."
        )
    if rise < 1.05:
        return (
            "From there on it learns by heart: training still improves, "
            "validation no more. That gains nothing and costs little: it "
            "overfits mildly."
        )
    return (
        "From there on it learns by heart, and validation loses by it: it "
        "overfits."
    )


def accuracy_and_f1(record: Record) -> Answer:
    found = charts_study.good(record, "overfit")
    chart = charts_study.scores(record)
    said = [NOT_RUN]
    if chart is not None:
        epochs = next(iter(found.values()))["epochs"]
        end, top = epochs[-1], judging.ceiling([0.1] * 10, 10)
        a, b = end["val_accuracy"], end["val_f1_macro"]
        said = [
            f"After the last epoch accuracy is {a:.4f} and macro F1 "
            f"{b:.4f}: "
            + (
                "they say the same, because the classes are of nearly equal "
                "size and the mistakes are spread over them."
                if abs(a - b) < 0.01
                else "they differ, because some digits are hardly ever "
                "answered yet."
            ),
            f"The F1 of the report is another quantity. Averaged over "
            f"batches of 10 it says {end['val_per_batch_f1']:.3f} of the same "
            f"outputs whose macro F1 is {end['val_f1_macro']:.3f}: such a "
            f"batch lacks some classes, an absent class scores 0, and on "
            f"average a net without a fault scores {top:.3f}.",
        ]
    return Answer(
        "3.3.3",
        "How do accuracy and F1 compare?",
        "Very similar, because the classes are balanced. (In their own log "
        "they are 0.973 and 0.635.)",
        said,
        [chart] if chart else [],
    )


def settings(record: Record) -> Answer:
    chart = charts_study.sweeps(record)
    said = []
    for group in study.SWEEPS if chart else ():
        found = charts_study.variants(record, group.name)
        ok = {
            label: v["epochs"][-1]["val_accuracy"]
            for label, v in found.items()
            if v["status"] == "ok"
        }
        if len(ok) < 2:
            continue
        best, worst = max(ok, key=ok.__getitem__), min(ok, key=ok.__getitem__)
        line = (
            f"{group.title.capitalize()}: from {ok[worst]:.4f} ({worst}) to "
            f"{ok[best]:.4f} ({best})"
        )
        lost = [label for label in found if label not in ok]
        if lost:
            line += f"; with {', '.join(lost)} it diverged"
        if ok[best] - ok[worst] < CLOSE:
            line += "; that is no more than another seed changes"
        said.append(f"{line}.")
    return Answer(
        "3.3.4",
        "What do layers, neurons, activations, learning rate and "
        "regularization do?",
        "They explained each in words, without measuring.",
        said or [NOT_RUN],
        [chart] if chart else [],
    )


def all_models(record: Record) -> Answer:
    rows, best = [], None
    for c in CONTENDERS:
        runs = derived.trained(record, c.name)
        if not runs or c.twin_of:
            continue
        accuracy = median(r["test"]["accuracy"] for r in runs)
        if best is None or accuracy > best[1]:
            best = (c.name, accuracy)
        size = runs[0].get("size_bytes")
        rows.append(
            [
                c.title,
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
                f"{three_digits(net[0])} s for {net[1]:.4f}, with the same "
                f"updates. “Slower than the net” depends on who runs the net."
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


QUESTIONS: tuple[Callable[[Record], Answer], ...] = (
    how_long,
    what_differs,
    how_much_code,
    better_net,
    overfitting,
    accuracy_and_f1,
    settings,
    all_models,
)
