"""The gates of the comparisons: each by its own scale, and neither wider."""

import numpy as np
import pytest

from tests.tolerances import GATES, assert_within

EXPECTED = np.array([[1e-6, -0.02], [0.5, -40.0]])
SMALL = EXPECTED / 1000  # all below 1: max and max(1, max) differ


def bound(row, expected, index):
    """What the entry may be off, from the words of the table alone."""
    relative, scale, absolute = GATES[row]["float64"]
    largest = abs(expected).max()
    scales = {
        "|entry|": abs(expected[index]),
        "max": largest,
        "max(1, max)": max(1, largest),
        "": 0.0,
    }
    return relative * scales[scale] + absolute


ROWS = [row for row in GATES if GATES[row].get("float64", (0, "", 0))[0]]
ROWS += ["weights, 200 steps", "weights, compiled epoch vs fit", "F1"]


@pytest.mark.parametrize("expected", [EXPECTED, SMALL], ids=["large", "small"])
@pytest.mark.parametrize("row", ROWS)
def test_an_error_passes_within_its_own_gate_and_not_beyond(row, expected):
    """Every entry by itself: a large one does not excuse a small one."""
    for index in np.ndindex(expected.shape):
        for share, passes in ((0.5, True), (2.0, False)):
            got = expected.copy()
            got[index] += share * bound(row, expected, index)
            if got[index] == expected[index]:
                continue  # less than float64 can tell
            if passes:
                assert_within(row, got, expected)
            else:
                with pytest.raises(AssertionError, match="outside the gate"):
                    assert_within(row, got, expected)


def test_a_nan_another_shape_or_dtype_never_passes():
    for got in (EXPECTED * np.nan, EXPECTED[0], EXPECTED.astype("float32")):
        with pytest.raises(AssertionError, match=r"."):
            assert_within("gradients", got, EXPECTED)
