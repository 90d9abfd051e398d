"""No process goes on working for one that was killed."""

import os
import threading
import time
from functools import cache

SECONDS = 0.5  # between two looks; a look takes some microseconds


@cache  # one thread will do
def end_with(parent: int) -> None:
    """End this process soon after its parent, however that one ended.

    Who is killed can stop nobody, and what goes on unseen would slow down
    whatever is timed next. Windows gives no orphan another parent: there
    a worker goes on to its end.
    """
    if os.name == "posix":
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS)
    os._exit(1)
