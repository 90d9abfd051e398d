"""Answers about the nets (3.3): which is better, and what the settings do."""

from itertools import pairwise
from statistics import median

from benchmarks.measure import judging
from benchmarks.record.results import Record
from benchmarks.report import charts_longer, charts_study
from benchmarks.report.question import NOT_RUN, Answer
from benchmarks.report.table import three_digits
from benchmarks.rows import study


def _seeds_differ_by(record: Record) -> float | None:
    """The range of the custom net's test accuracy over seeds, if measured."""
    found = charts_study.good(record, "overfit")
    values = [v["test"]["accuracy"] for v in found.values()]
    return max(values) - min(values) if len(values) > 1 else None


def better_net(record: Record) -> Answer:
    found = charts_study.good(record, "path")
    chart = charts_study.path(record)
    said = [NOT_RUN]
    seeds = _seeds_differ_by(record)
    if chart is not None:
        labels = list(found)
        values = [v["test"]["accuracy"] for v in found.values()]
        gains = [b - a for a, b in pairwise(values)]
        most = max(range(len(gains)), key=lambda n: gains[n])
        worse = [
            f"“{labels[n + 1]}” ({gains[n]:+.4f})"
            for n in range(len(gains))
            if gains[n] < 0
        ]
        f1 = [v["test"]["f1_weighted"] for v in found.values()]
        said = [
            f"Yes: from {values[0]:.4f} to {values[-1]:.4f} of test accuracy "
            f"(F1 from {f1[0]:.4f} to {f1[-1]:.4f}) in {len(gains)} single "
            f"changes."
            if values[-1] > values[0]
            else f"No: test accuracy is {values[0]:.4f} at first and "
            f"{values[-1]:.4f} at last, {len(gains)} single changes later.",
            f"The largest step up is “{labels[most + 1]}”: "
            f"{gains[most]:+.4f}."
            + (
                f" Not every change helps where it stands: {', '.join(worse)}."
                if worse
                else ""
            ),
        ]
        if seeds is not None:
            said.append(
                f"(The custom net with other seeds differs by up to "
                f"{seeds:.4f}: smaller steps say nothing.)"
            )
    return Answer(
        "3.3.1",
        "Is the custom net better in accuracy and F1, and why?",
        "Slightly, because it is more complex.",
        said,
        [chart] if chart else [],
    )


def overfitting(record: Record) -> Answer:
    found = charts_study.good(record, "overfit")
    chart = charts_longer.overfitting(record)
    said = [NOT_RUN]
    if chart is not None:
        least = [charts_longer.least(v) for v in found.values()]
        total = len(next(iter(found.values()))["epochs"])
        near = median(charts_longer.near_least(v) for v in found.values())
        last = [v["epochs"][-1] for v in found.values()]
        gap = median(
            e["val_loss"] / max(e["train_loss"], 1e-300) for e in last
        )
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
            f"over {len(least)} seed{'s' * (len(least) > 1)}, and within a "
            f"tenth of that from epoch {near:g} on. After the last "
            f"epoch it is {rise:.3f} times its least and "
            f"{three_digits(gap)} times the loss of training.",
            _overfits(median(least) / total, rise, gap),
        ]
    return Answer(
        "3.3.2",
        "Did it overfit, and after how many epochs?",
        "After the third.",
        said,
        [chart] if chart else [],
    )


def _overfits(when: float, rise: float, gap: float) -> str:
    """In words.

    when  the least validation loss came, as a share of the epochs
    rise  of the validation loss since then, a factor
    gap   the validation loss over that of training, at the end
    """
    if gap <= 1:
        return "Validation is no worse than training: it does not overfit."
    if when > 0.9:
        return (
            "The least comes near the end: what is learned by heart by then "
            "costs validation nothing yet."
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
    chart = charts_longer.scores(record)
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
                else "they differ, because some digits are answered far less "
                "well than others yet."
            ),
            f"The F1 of the report is another quantity. Averaged over "
            f"batches of 10 it says {end['val_per_batch_f1']:.3f} of the same "
            f"outputs whose macro F1 is {end['val_f1_macro']:.3f}: such a "
            f"batch lacks some classes, an absent class scores 0, and over "
            f"random batches a net without a fault scores {top:.3f} on "
            f"average. It also counts only outputs of one half and more.",
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
    said, seeds = [], _seeds_differ_by(record)
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
            f"{group.title.capitalize()}: validation accuracy from "
            f"{ok[worst]:.4f} ({worst}) to "
            f"{ok[best]:.4f} ({best})"
        )
        lost = [label for label in found if label not in ok]
        if lost:
            line += f"; with {', '.join(lost)} it diverged"
        if seeds is not None and ok[best] - ok[worst] <= seeds:
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
