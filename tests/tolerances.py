"""All gates in one table, and the worst error that each has seen.

A comparison passes when, entry by entry,

    |got - expected|  <=  relative * scale + absolute.

``python -m pytest --tolerances`` prints gate and worst error side by side.
A gate is wide enough for rounding and too narrow for a mistake: float64
rounds by 1e-16, and a learning rate kept in float32 is off by 1e-8.
"""

from typing import NamedTuple

import numpy as np


class Gate(NamedTuple):
    relative: float
    scale: str
    absolute: float = 0.0

    def __str__(self):
        parts = [f"{self.relative:g} {self.scale}"] * bool(self.relative)
        parts += [f"{self.absolute:g}"] * bool(self.absolute)
        return " + ".join(parts) or "0"


SCALES = {
    "|entry|": np.abs,
    "max": lambda expected: max(expected.max(), -expected.min()),
    "max(1, max)": lambda expected: max(1, expected.max(), -expected.min()),
    "": lambda expected: 0.0,
}

TINY = 1e-300  # lets an error of 0 pass a gate of 0

# A gradient is measured against the largest of its array: against each
# entry, right code would be flagged wherever terms cancel.
GATES = {
    "activations": {
        "float64": Gate(1e-13, "|entry|", 1e-15),
        "float32": Gate(1e-5, "|entry|"),
    },
    "loss": {
        "float64": Gate(1e-12, "|entry|"),
        "float32": Gate(1e-5, "|entry|", 2e-6),
    },
    "gradients": {
        "float64": Gate(1e-12, "max", 1e-15),
        "float32": Gate(1e-5, "max"),
    },
    "gradients, float32 vs float64": {"float32": Gate(1e-6, "max")},
    "weights, one step from equal weights": {
        "float64": Gate(1e-13, "max(1, max)"),
        "float32": Gate(5e-6, "max(1, max)"),
    },
    "weights, 200 steps": {
        "float64": Gate(0, "", 1e-12),
        "float32": Gate(0, "", 1e-5),
    },
    "weights, 2,000 steps": {
        "float64": Gate(0, "", 1e-12),
        "float32": Gate(0, "", 1e-4),
    },
    "weights, compiled epoch vs fit": {
        "float64": Gate(0, "", 1e-12),
        "float32": Gate(0, "", 1e-5),
    },
    # Keras keeps its metrics in float32, whatever the model's dtype is.
    "history of a compiled epoch": {"float64": Gate(3e-7, "|entry|", 1e-9)},
    "history": {
        "float64": Gate(1e-12, "|entry|"),
        "float32": Gate(1e-5, "|entry|"),
    },
    "F1": {"float64": Gate(0, "", 2e-6)},  # Keras adds 1e-7 three times
    "predicted digits that differ": {
        "float64": Gate(0, "", 0),
        "float32": Gate(0, "", 2),
    },
    "weights, twins one ulp apart": {"float64": Gate(0, "", 1e-12)},
    "weights vs scikit-learn": {"float64": Gate(0, "", 1e-13)},
    "probabilities vs XGBoost": {"float32": Gate(0, "", 1e-5)},
}


class Seen(NamedTuple):
    share: float = 0.0  # the worst error as a share of its bound
    times: int = 0


_seen: dict[tuple[str, str], Seen] = {}


def assert_within(
    row, got, expected, *, equation="", parameter="", dtype="float64"
):
    """Hold got to expected at a gate of the table, and note the error.

    equation and parameter say in the message what is wrong: "[4]" and
    "dense/kernel". Arrays must be of the same shape and of that dtype.
    """
    what = " ".join(filter(None, (equation, parameter))) or "the value"
    got, expected = _arrays(what, got, expected, dtype)
    gate = GATES[row][dtype]
    bound = gate.relative * SCALES[gate.scale](expected) + gate.absolute
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf is nan
        error = np.abs(got - expected)
        share = error / np.maximum(bound, TINY)
    worst = np.unravel_index(share.argmax(), share.shape)  # a nan, if any
    _note((row, dtype), share[worst])
    if not share[worst] <= 1:
        bound = np.broadcast_to(bound, got.shape)
        raise AssertionError(
            f"{row} ({dtype}): {what} differs{_place(worst)}\n"
            f"  got       {got[worst]:.17g}\n"
            f"  expected  {expected[worst]:.17g}{_ratio(got, expected)}\n"
            f"  error     {error[worst]:.2g}\n"
            f"  gate      {gate} = {bound[worst]:.2g}\n"
            f"  {np.count_nonzero(~(share <= 1))} of {share.size} entries are "
            f"outside the gate"
        )


def _arrays(what, got, expected, dtype):
    """Both as float64 arrays, after a look at their shapes and dtypes."""
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        raise AssertionError(
            f"{what}: got shape {got.shape}, expected {expected.shape}"
        )
    for name, array in (("got", got), ("expected", expected)):
        if array.ndim and array.dtype != dtype:
            raise AssertionError(
                f"{what}: {name} is of {array.dtype}, to be compared in "
                f"{dtype}"
            )
    return np.asarray(got, float), np.asarray(expected, float)


def _place(index):
    return f" at {tuple(map(int, index))}" if index else ""


def _ratio(got, expected):
    """One factor between all entries names the mistake: 2, 1/B, 1/O."""
    with np.errstate(all="ignore"):
        ratios = (got / expected)[np.abs(expected) > 1e-9]
    if not ratios.size or not np.allclose(ratios, ratios[0], rtol=1e-6):
        return ""
    if np.isclose(ratios[0], 1, rtol=1e-6):
        return ""
    return f"\n  ratio     {ratios[0]:.9g} in every entry"


def _note(key, share):
    seen = _seen.get(key, Seen())
    worst = max(seen.share, np.nan_to_num(share, nan=np.inf))
    _seen[key] = Seen(float(worst), seen.times + 1)


def table():
    """Every gate and the worst error, in the unit of the gate's first term.

    Worst is the error that came closest to its gate.
    """
    line = "{:37} {:8} {:21} {:>8} {:>6}".format
    lines = [line("row", "dtype", "gate", "worst", "times")]
    for row, gates in GATES.items():
        for dtype, gate in gates.items():
            seen = _seen.get((row, dtype), Seen())
            worst = seen.share * (gate.relative or gate.absolute)
            shown = f"{worst:.1e}" if seen.times else "-"
            lines.append(line(row, dtype, str(gate), shown, seen.times))
    return "\n".join(lines)
