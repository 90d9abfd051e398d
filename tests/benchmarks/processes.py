"""Real runs of the benchmark, as a user starts them, on the small digits."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDS = [sys.executable, "-m", "benchmarks"]


def without_mnist():
    return {k: v for k, v in os.environ.items() if k != "MNIST_DIR"}


def default_signals():
    """A shell starts its background jobs, and all of theirs, deaf to INT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def bench(*arguments, **environment):
    """Run it to its end."""
    return subprocess.run(
        [*WORDS, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=without_mnist() | environment,
        cwd=ROOT,
        check=False,
    )


@contextmanager
def start(*arguments, **environment):
    """One that leads a process group; what fails in the block ends it."""
    posix = {"preexec_fn": default_signals} if os.name != "nt" else {}
    with subprocess.Popen(
        [*WORDS, "--data", "digits", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=without_mnist() | environment,
        cwd=ROOT,
        start_new_session=True,
        **posix,
    ) as process:
        try:
            yield process
        except BaseException:  # else the suite would wait for it for ever
            process.kill()
            raise


def alive(mark):
    """Processes with these words in their environment, but for the dead."""
    living = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "environ").read_bytes()
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark.encode() in words and state != "Z":
            living.append((path / "cmdline").read_bytes())
    return living


def assert_gone(mark, seconds=30.0):
    until = time.monotonic() + seconds
    while alive(mark):
        assert time.monotonic() < until, alive(mark)
        time.sleep(0.1)
