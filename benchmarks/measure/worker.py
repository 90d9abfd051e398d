"""A process of its own for one task: python -m benchmarks.measure.worker.

It reads the Task from standard input, one JSON object, and answers in JSON
lines on standard output; the last is Done. What libraries print goes to
standard error, which the parent keeps in run.log.
"""

import os
import sys
import traceback
from collections.abc import Callable
from time import perf_counter

import msgspec

from benchmarks import InputError, printable
from benchmarks.measure.clock import Phases
from benchmarks.measure.conditions import Watch, end_with
from benchmarks.measure.messages import Answer, Done, Task
from benchmarks.record.run import Run


def main() -> int:
    """Read the task, do it, answer."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    end_with(task.parent)
    phases = Phases()
    # Parent and worker read the same clock: the system's, since its start.
    phases.add("interpreter", max(0.0, perf_counter() - task.spawned))
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what else prints goes to standard error

    def answer(message: Answer) -> None:
        channel.write(msgspec.json.encode(message) + b"\n")
        channel.flush()

    answer(do(task, answer, phases))
    return 0


def do(task: Task, answer: Callable[[Answer], None], phases: Phases) -> Done:
    """Do a task, whatever comes; tell on the way how far it is.

    Of a row there is always a Run, if only of the phases it came through.
    """
    timed = task.row is not None and task.row.task in ("train", "step")
    watch = Watch() if timed else None
    try:
        with phases("import NumPy"):
            import numpy  # noqa: F401
        with phases("import harness"):
            from benchmarks.measure.tasks import TASKS
        kind = task.row.task if task.row else task.kind
        done = TASKS[kind](task, answer, phases)
    except Exception as error:  # the row says so, and the others go on
        done = _failed(error)
    if task.row is not None:
        run = done.run or Run(task.row.name, phases=phases.record)
        run.round, run.status = task.round, done.status
        run.message, done.run = done.message, run
        run.noise = watch.noise() if watch else None
    return done


def _failed(error: Exception) -> Done:
    """What a user reads of it; what nobody foresaw goes to run.log whole."""
    if isinstance(error, InputError):
        return Done("bad input", str(error))
    if isinstance(error, FloatingPointError):
        return Done("diverged", str(error))
    traceback.print_exception(error)
    if isinstance(error, MemoryError):
        return Done("failed", "there was too little memory")
    if isinstance(error, ModuleNotFoundError):
        missing = f"the Python package {error.name} is not installed"
        return Done("not installed", missing)
    return Done("failed", printable(f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    sys.exit(main())
