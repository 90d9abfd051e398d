"""A process of its own for one task: python -m benchmarks.worker < spec.

The spec is one JSON object; the answers are JSON lines on standard output:
{"say": ...} and {"epoch": ...} on the way, {"result": ...} at the end.
What libraries print goes to standard error, which the parent keeps in
run.log.
"""

import json
import os
import sys
import traceback
from typing import IO, Any

from benchmarks.errors import InputError


def main() -> int:
    """Read the spec, do the task, answer."""
    spec = json.load(sys.stdin)
    channel = _own_stdout()

    def answer(kind: str, value: Any) -> None:
        print(json.dumps({kind: value}), file=channel, flush=True)

    try:
        from benchmarks import tasks  # NumPy comes in here, not before

        result = tasks.TASKS[spec["task"]](spec, answer)
    except InputError as error:
        result = {"status": "bad input", "message": str(error)}
    except FloatingPointError as error:
        result = {"status": "diverged", "message": str(error)}
    except ModuleNotFoundError as error:
        traceback.print_exc()
        result = {
            "status": "not installed",
            "message": f"the Python package {error.name} is not installed",
        }
    except Exception as error:  # the row says so, and the others go on
        traceback.print_exc()
        message = " ".join(f"{type(error).__name__}: {error}".split())
        result = {"status": "failed", "message": message}
    answer("result", result)
    return 0


def _own_stdout() -> IO[str]:
    """Keep standard output for answers; send what else prints to stderr."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel


if __name__ == "__main__":
    sys.exit(main())
