"""One worker process, from its start to its last answer."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import IO

import msgspec
from msgspec.structs import replace

from benchmarks.measure import conditions
from benchmarks.measure.messages import Answer, Done, Task

HINTS = {
    "SIGKILL": ": was there too little memory?",
    "SIGILL": ": this processor lacks an instruction (AVX) that it uses",
}


def ask(task: Task, log: IO[str], hear: Callable[[Answer], None]) -> Done:
    """Run one worker to its end; return its result, or what became of it.

    log   takes what the libraries print
    hear  is called with each answer on the way
    """
    request = task.request
    task = replace(task, spawned=perf_counter(), parent=os.getpid())
    with conditions.cores(request.threads):
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.measure.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=conditions.environment(request.threads, request.device),
        )
    hung = threading.Event()
    timer = threading.Timer(request.timeout, _stop, (process, hung))
    timer.daemon = True  # a stop at any moment here waits for no timer
    with process:
        try:
            timer.start()
            done = _talk(process, task, hear)
        except BaseException:  # Ctrl-C, say: leave no process behind
            process.kill()
            raise
        finally:
            timer.cancel()
    if hung.is_set():
        return Done(
            "timed out",
            f"no end after {request.timeout:g} s: stopped (--timeout)",
        )
    return done or Done(
        "failed", f"{_ending(process.returncode)}; see run.log"
    )


def _stop(process: subprocess.Popen[bytes], hung: threading.Event) -> None:
    hung.set()
    process.kill()


def _talk(
    process: subprocess.Popen[bytes],
    task: Task,
    hear: Callable[[Answer], None],
) -> Done | None:
    """Give the worker its task; pass its answers on until the last."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(msgspec.json.encode(task))
    decoder = msgspec.json.Decoder(Answer)
    done = None
    for line in process.stdout:
        if not line.endswith(b"\n"):
            break  # it was killed in the middle of a line
        answer = decoder.decode(line)
        if isinstance(answer, Done):
            done = answer
        else:
            hear(answer)
    return done


def _ending(code: int) -> str:
    """Say how a process ended that gave no result."""
    if code >= 0:
        return f"its process ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"its process was ended by {name}{HINTS.get(name, '')}"
