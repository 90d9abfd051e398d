"""The error that the command line prints, without a traceback."""


class InputError(Exception):
    """What was wrong, what was expected and what to do, in one line."""

    def __init__(self, message: str) -> None:
        # File names and the messages of libraries may hold line breaks.
        super().__init__(" ".join(message.split()))
