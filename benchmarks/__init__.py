"""Trains every row on the same data, times it, and says why it took so long.

What all rooms share: the folder of the checkout, and the one error that the
command line prints without a traceback.
"""

from pathlib import Path
from unicodedata import category

ROOT = Path(__file__).resolve().parents[1]
# Characters that steer a terminal or turn the direction of a text.
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def printable(text: str) -> str:
    """Return the text in one line; what would steer a terminal becomes ?."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join("?" if category(c) in UNSEEN else c for c in line)


class InputError(Exception):
    """What was wrong, what was expected and what to do, in one line."""

    def __init__(self, message: str) -> None:
        # File names and the messages of libraries may hold line breaks.
        super().__init__(printable(message))
