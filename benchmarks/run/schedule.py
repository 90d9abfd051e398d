"""Which process runs when: every row in every round, in a random order."""

import random
from typing import Any


def plan(
    rows: list[tuple[str, str]], rounds: int, seed: int
) -> list[dict[str, Any]]:
    """Return {task, contender, round} in the order in which they are to run.

    rows are (task, contender). A round holds every row once, so that what
    the machine does meanwhile (other work, heat, clock rates) meets all
    rows alike; the order within a round is drawn from the seed, so that
    none is always the first.
    """
    draw = random.Random(seed)
    found = []
    for number in range(rounds):
        order = draw.sample(rows, len(rows))
        found += [
            {"task": task, "contender": name, "round": number}
            for task, name in order
        ]
    return found
