"""The error that the command line prints, without a traceback."""

from unicodedata import category

UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def printable(text: str) -> str:
    """Text of others for a terminal: what would steer it is shown as ?."""
    if text.isprintable():
        return text
    return "".join(
        "?" if character != "\n" and category(character) in UNSEEN
        else character
        for character in text
    )  # fmt: skip


class InputError(Exception):
    """What was wrong, what was expected and what to do, in one line."""

    def __init__(self, message: str) -> None:
        # File names and the messages of libraries may hold line breaks.
        super().__init__(printable(" ".join(message.split())))
