"""Is a gradient right? Three ways to know, and what each is good for.

complex step        dL/dw = Im L(w + i h) / h                  h = 1e-30
    Nothing is subtracted, so nothing cancels: right to the last digits,
    with no step size to choose. The loss must be written in functions
    that take complex numbers: maximum and exp do, abs does not.
central difference  dL/dw = (L(w + h) - L(w - h)) / 2 h        h = 1e-5
    Works on any code, but is right to about 1e-10 of the largest gradient
    at best: a smaller h cancels, a larger one bends. A relu whose z lies
    within reach of h has two slopes there, and the difference a third.
random direction    v . dL/dw = Im L(w + i h v) / h
    One number for a whole array: a large net is checked in an instant.

An error is a largest difference divided by the largest gradient of the
same layer: an absolute bound would pass small wrong gradients, and one
for each entry would condemn right ones that are nearly 0.

    python -m numpy_net.gradient_check        both nets
    python -m tests.mistakes NAME             what it says of a mistake

numeric.py computes, report.py judges.
Source of the complex step: Squire & Trapp, SIAM Review 40 (1998).
"""

from numpy_net.gradient_check.numeric import (
    central_difference,
    complex_step,
    directional,
    kink_margin,
    loss_of,
)
from numpy_net.gradient_check.report import (
    Comparison,
    Report,
    cautions,
    check,
    compare,
)

__all__ = [
    "Comparison",
    "Report",
    "cautions",
    "central_difference",
    "check",
    "compare",
    "complex_step",
    "directional",
    "kink_margin",
    "loss_of",
]
