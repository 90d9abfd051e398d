"""What became of the nets of the study, question by question."""

from itertools import pairwise
from statistics import median
from typing import Any

from benchmarks.record.record import Record
from benchmarks.record.run import Studied
from benchmarks.rows.study import PATH, SWEEPS, groups

Nets = dict[str, Studied]  # by label


def variants(record: Record, name: str) -> Nets:
    """What became of those of a group that are there."""
    run = record.the("study")
    done = {net.key: net for net in run.study} if run else {}
    return {
        label: done[variant.key]
        for group in groups(record.request.tier)
        if group.name == name
        for label, variant in group.variants
        if variant.key in done
    }


def good(record: Record, name: str) -> Nets:
    """Those that trained to their end."""
    nets = variants(record, name)
    return {label: net for label, net in nets.items() if net.test}


def path(record: Record) -> Nets:
    """From one net to the other; {} if a step lacks its neighbour."""
    nets = good(record, PATH.name)
    return nets if len(nets) == len(PATH.variants) else {}


def sweeps(record: Record) -> dict[str, Nets]:
    """The nets of each setting of which more than one value is there."""
    found = {g.title: variants(record, g.name) for g in SWEEPS}
    return {title: nets for title, nets in found.items() if len(nets) > 1}


def accuracies(nets: Nets) -> list[float]:
    """On the test images."""
    return [net.test.accuracy for net in nets.values() if net.test]


def gains(nets: Nets) -> dict[str, float]:
    """Label -> what its change adds to the test accuracy."""
    steps = [after - before for before, after in pairwise(accuracies(nets))]
    return dict(zip(list(nets)[1:], steps, strict=True))


def seeds_differ_by(record: Record) -> float | None:
    """The range of the custom net's test accuracy over seeds, if measured."""
    values = accuracies(good(record, "overfit"))
    return max(values) - min(values) if len(values) > 1 else None


def least(net: Studied) -> int:
    """The epoch after which the validation loss was at its least."""
    losses = [epoch.val_loss for epoch in net.epochs]
    return losses.index(min(losses)) + 1


def overfitting(nets: list[Studied]) -> dict[str, Any]:
    """What the seeds show, medians but for the first.

    least of each the epoch of the least validation loss
    near  the first epoch within a tenth of that loss
    when  the least validation loss came, as a share of the epochs
    rise  of the validation loss since then, a factor
    gap   the validation loss over that of training, at the end
    """
    near, rise, gap = [], [], []
    for net in nets:
        losses, end = [epoch.val_loss for epoch in net.epochs], net.epochs[-1]
        limit = 1.1 * min(losses)
        near.append(1 + [loss <= limit for loss in losses].index(True))
        rise.append(end.val_loss / max(min(losses), 1e-300))
        gap.append(end.val_loss / max(end.train_loss, 1e-300))
    epochs = [least(net) for net in nets]
    when = median(epochs) / len(nets[0].epochs)
    middle = {"near": median(near), "rise": median(rise), "gap": median(gap)}
    return {"least": epochs, "when": when} | middle


def ceiling(batch_size: int) -> float:
    """What a net without a fault scores by the F1 that is averaged by batch.

    Of a random batch of B, a class of ten is absent with probability
    0.9^B, and scores 0 there.
    """
    return float(1 - 0.9**batch_size)
