"""A process of its own for one task: python -m benchmarks.measure.worker.

The spec is one JSON object; the answers are JSON lines on standard output:
{"say": ...} and {"epoch": ...} on the way, {"result": ...} at the end.
What libraries print goes to standard error, which the parent keeps in
run.log.
"""

from time import perf_counter

BEGUN = perf_counter()  # nothing of ours has been imported yet

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import traceback  # noqa: E402
from typing import IO, Any  # noqa: E402

from benchmarks.measure.noise import Watch  # noqa: E402
from benchmarks.measure.orphans import end_with  # noqa: E402
from benchmarks.measure.phases import Phases  # noqa: E402
from benchmarks.record.errors import InputError  # noqa: E402


def main() -> int:
    """Read the spec, do the task, answer."""
    spec = json.load(sys.stdin)
    end_with(spec["parent"])
    channel = _own_stdout()

    def answer(kind: str, value: Any) -> None:
        text = json.dumps({kind: value}, allow_nan=False)
        print(text, file=channel, flush=True)

    phases = Phases()
    # Parent and worker read the same clock: the system's, since its start.
    phases.add("interpreter", max(0.0, BEGUN - spec["spawned"]))
    watch = Watch() if spec["task"] in ("train", "step") else None
    result = _do(spec, answer, phases)
    if watch is not None:
        result |= {"phases": phases.record, "noise": watch.report()}
    answer("result", result)
    return 0


def _do(spec: dict[str, Any], answer: Any, phases: Phases) -> dict[str, Any]:
    try:
        with phases("import NumPy"):
            from benchmarks.measure import (
                tasks,  # NumPy comes in here, not before
            )

        return tasks.TASKS[spec["task"]](spec, answer, phases)
    except InputError as error:
        return {"status": "bad input", "message": str(error)}
    except FloatingPointError as error:
        return {"status": "diverged", "message": str(error)}
    except MemoryError:
        traceback.print_exc()
        return {"status": "failed", "message": "there was too little memory"}
    except ModuleNotFoundError as error:
        traceback.print_exc()
        return {
            "status": "not installed",
            "message": f"the Python package {error.name} is not installed",
        }
    except Exception as error:  # the row says so, and the others go on
        traceback.print_exc()
        message = " ".join(f"{type(error).__name__}: {error}".split())
        return {"status": "failed", "message": message}


def _own_stdout() -> IO[str]:
    """Keep standard output for answers; send what else prints to stderr."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel


if __name__ == "__main__":
    sys.exit(main())
