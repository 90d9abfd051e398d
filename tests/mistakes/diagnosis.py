"""What is the likeliest slip? Constant ratios first, then the gallery."""

import numpy as np

from numpy_net.gradient_check.report import names_of
from tests.mistakes import MISTAKES, planted

NEAR = 1e-9  # equal, measured against an array's largest entry


def diagnose(model, x, y, wrong, right) -> str:
    """Name the slip that makes the wrong gradients of the right ones.

    wrong, right  lists of arrays in the order of get_weights; right comes
    from complex_step, nan where it was not asked for. The model's code
    should be in order: the gallery's mistakes are planted into it one by
    one, and their gradients compared with the wrong ones. Where the code
    itself is broken, ratio and place are all that can be said.
    """
    ratios = dict(zip(names_of(model), map(_ratio, wrong, right), strict=True))
    off = {n: c for n, c in ratios.items() if c is None or abs(c - 1) > NEAR}
    if not off:
        return "the gradients are right"
    twins = [
        f"{entry.slip} ({entry.title})"
        for entry in MISTAKES.values()
        if entry.kind == "gradients" and _explains(entry, model, x, y, wrong)
    ]
    c = _common(off)
    said = _where(off, ratios) if c is None else _how_large(c, off, ratios)
    meaning = "; or ".join(twins)
    if not twins and c is not None:
        meaning = _meaning(c, len(x), right[-1].size)
    return f"{said}: {meaning}" if meaning else said


def _ratio(wrong, right):
    """Return c if wrong = c right, else None."""
    known = ~np.isnan(right)
    w, r = wrong[known], right[known]
    size = float(np.sum(r * r))
    if not size:
        return 1.0 if not w.any() else None
    c = float(np.sum(w * r)) / size
    gap = float(np.max(np.abs(w - c * r)))
    return c if gap <= NEAR * max(abs(c), 1) * float(np.max(abs(r))) else None


def _explains(entry, model, x, y, wrong):
    """Whether this mistake changes the gradients, into the wrong ones."""
    now = model.gradients(x, y)
    with planted(entry), np.errstate(all="ignore"):
        then = model.gradients(x, y)
    return _equal(then, wrong) and not _equal(then, now)


def _equal(some, others):
    return all(
        np.max(np.abs(a - b)) <= NEAR * np.max(np.abs(b))
        for a, b in zip(some, others, strict=True)
    )


def _common(off):
    """Return the ratio if it is the same for all that is off, else None."""
    values = list(off.values())
    if None in values or np.ptp(values) > NEAR * max(1.0, abs(values[0])):
        return None
    return values[0]


def _how_large(c, off, ratios):
    kinds = {name.partition("/")[2] for name in off}
    if len(off) == len(ratios):
        what = "every entry"
    elif len(kinds) == 1:
        what = f"every {kinds.pop()} entry of {', '.join(_layers(off))}"
    else:
        what = f"every entry of {', '.join(off)}"
    return f"{what} is {c:.6g} times as large as it should be"


def _meaning(c, samples, outputs):
    meanings = {
        0.0: "it is never computed, or cleared",
        -1.0: "the sign is wrong",
        2.0: "a 2 too many: is the loss halved, and the gradient not?",
        0.5: "the 2 of the square is lost",
        float(outputs): "the mean over the O outputs is missing",
        float(samples): "the mean over the B samples is missing",
        float(samples * outputs): "both means are missing: it is a sum",
        outputs / 2: "Nielsen's loss, 1/2 sum over the outputs",
        1 / samples: "the mean over the samples is taken twice",
        1 / outputs: "the mean over the outputs is taken twice",
    }
    for value, meaning in meanings.items():
        if abs(c - value) <= NEAR * max(1.0, abs(value)):
            return meaning
    return ""


def _layers(names):
    return sorted({name.partition("/")[0] for name in names})


def _where(off, ratios):
    """Say which arrays are wrong, and where that points."""
    right = [name for name in ratios if name not in off]
    said = f"wrong in {', '.join(off)}"
    if not right:
        return f"{said}; look at the output layer first, [8] and [3]"
    output = list(ratios)[-1].partition("/")[0]
    if output not in _layers(off):
        return (
            f"{said}; {output} is right, so look behind it: "
            f"[6], then [3] of the layer before"
        )
    return f"{said}, right in {', '.join(right)}; look at [4] and [5]"
