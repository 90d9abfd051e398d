"""A gallery of famous mistakes: each can be planted, and is caught.

    python -m tests.mistakes --list
    python -m tests.mistakes relu_mask         what catches it, and its name
    python -m pytest --plant relu_mask         the tests that turn red

A mistake replaces one function or method of numpy_net by a wrong one, for
as long as a with statement lasts:

    with planted(MISTAKES["relu_mask"]):
        model.gradients(x, y)

In the five rooms the wrong code stands below its slip, where it was seen
and what it does to training. Repositories are named where the mistake is
known from; "common" are those that students make afresh. docs/mistakes.md
shows which tests catch which mistake.
"""

from tests.mistakes import gradients, loops, metrics, updates, values
from tests.mistakes.planting import Mistake, planted

MISTAKES: dict[str, Mistake] = {
    entry.title: entry
    for room in (gradients, values, updates, loops, metrics)
    for entry in room.GALLERY
}

__all__ = ["MISTAKES", "Mistake", "planted"]
