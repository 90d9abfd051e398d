"""Run one task of this project.

    python scripts/task.py TASK [further arguments for the task]

TASK is bench, bench-full, test, test-latest, lint, setup or clean. Every
task but clean and test-latest first sees to it that .venv holds the packages
that requirements.lock names; once it does, no task needs a network. Any
Python from 3.8 on can start this file, but .venv gets one that TensorFlow
supports.
Set WHEELHOUSE to a folder of wheels to install from it, without a network.

test-latest runs the tests with the newest packages that the ranges of
pyproject.toml allow, in .venv-latest, which it makes anew each time.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from ast import literal_eval
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
# Both may be links to where there is room.
VENV = Path(os.path.realpath(ROOT / ".venv"))
LATEST = Path(os.path.realpath(ROOT / ".venv-latest"))
WINDOWS = os.name == "nt"
PYTHON = "Scripts/python.exe" if WINDOWS else "bin/python"
PACKAGES = "Lib/site-packages" if WINDOWS else "lib/python*/site-packages"
STAMP = ".lock-sha256"  # written last: without it an environment is not whole
VERSIONS = ("3.13", "3.12", "3.11")

# One process for each core; with TensorFlow each wants up to 1 GB.
TESTS = ["pytest", "-n", "auto", "--maxprocesses", "8"]
# The modules that the Python of the environment runs, one after the other.
TASKS = {
    "bench": [["benchmarks"]],
    "bench-full": [["benchmarks", "--tier", "full"]],
    "test": [TESTS],
    "test-latest": [TESTS],
    "lint": [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]],
    "setup": [],
}
# All that these modules learn of what surrounds them. Any other variable was
# set for another program (PYTHONPATH, a notebook's MPLBACKEND), and could
# change what they load, and so what is measured.
PASSED_ON = """
    MNIST_DIR CI HOME USER LOGNAME SHELL PATH TMPDIR TMP TEMP TZ
    LANG LANGUAGE LC_* TERM COLORTERM NO_COLOR FORCE_COLOR COLUMNS LINES
    *_PROXY *_proxy SSL_CERT_* REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    BROWSER DISPLAY WAYLAND_DISPLAY XAUTHORITY XDG_* DBUS_SESSION_BUS_ADDRESS
    MPLCONFIGDIR JOBLIB_TEMP_FOLDER LD_* DYLD_* NIX_* CUDA_* NVIDIA_* HIP_*
    *_NUM_THREADS OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
    PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX PYTHONUNBUFFERED
    PYTHONIOENCODING PYTHONUTF8
    APPDATA LOCALAPPDATA USERPROFILE USERNAME HOMEDRIVE HOMEPATH COMSPEC
    PATHEXT SYSTEM* WINDIR PROGRAM* NUMBER_OF_PROCESSORS PROCESSOR_*
"""
# Of the user's settings of pip those that say how packages are reached; the
# others (target, user, constraint) may send them elsewhere.
PIP_SETTINGS = """
    index-url extra-index-url find-links no-index trusted-host cert
    client-cert proxy keyring-provider use-feature use-deprecated
    cache-dir no-cache-dir timeout default-timeout retries
"""
# Runs a module in a session of its own, and ends it when its parent ends,
# however that was: then the pipe is closed that stands for its input.
WATCHED = """
import os, runpy, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
def end_with_parent():
    os.read(0, 1)
    if os.name == "posix":
        os.killpg(os.getpid(), signal.SIGINT)
        time.sleep(5)
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
threading.Thread(target=end_with_parent, daemon=True).start()
try:
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
except KeyboardInterrupt:
    sys.exit(130)
"""
# What the newest packages are asked for: the ranges, not the lock.
RANGES = """
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extra = project.get("optional-dependencies", {})
print(*project["dependencies"], *extra.get("dev", []), sep=chr(10))
"""
GENERATED = (
    ".venv",
    ".venv.old",
    ".venv-latest",
    ".venv-latest.old",
    "results",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
)


def main(arguments: list[str]) -> int:
    """Run the task that the command line names; return its exit code."""
    task, *further = arguments or [""]
    if task not in (*TASKS, "clean"):
        print(__doc__, file=sys.stderr)
        return 2
    end_in_order()
    if task == "clean":
        return clean()
    venv = make_latest() if task == "test-latest" else set_up()
    commands = [[*command, *further] for command in TASKS[task]]
    if len(commands) == 1:
        return become(venv, commands[0])
    python, told = [str(venv / PYTHON)], passed_on()
    return max((finish(python, it, told) for it in commands), default=0)


def end_in_order() -> None:
    """Let a signal undo what was begun, unless it is to be ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))


def passed_on() -> dict[str, str]:
    """Return the environment variables for the project's own programs."""
    return {
        name: os.environ[name]
        for pattern in PASSED_ON.split()
        for name in fnmatch.filter(os.environ, pattern)
    }


def become(venv: Path, command: list[str]) -> int:
    """Put a module in this process's place: every signal reaches it."""
    words = [str(venv / PYTHON), "-m", *command]
    os.chdir(ROOT)
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(words[0], words, passed_on())
    signal.signal(signal.SIGINT, lambda *_: None)  # its own affair
    return subprocess.call(words, env=passed_on())


def finish(python: list[str], words: list[str], told: dict[str, str]) -> int:
    """Run a module; it ends with this process, however that ends."""
    command = [*python, "-P", "-c", WATCHED, *words]
    with subprocess.Popen(
        command,
        stdin=PIPE,
        cwd=ROOT,
        env=told,
        start_new_session=True,
        close_fds=False,  # the lock is held until it has ended
    ) as process:
        code = process.wait()
    return code if code >= 0 else 128 - code


def clean() -> int:
    """Remove all that the tasks have made, save the downloaded data."""
    for venv in filter(Path.exists, (VENV, LATEST)):
        lock = open_lock(venv)
        if lock is not None and not locked(lock, alone=True):
            stop(f"A task is using {venv}: nothing was removed.")
    left = [*map(remove, map(ROOT.joinpath, GENERATED))]
    caches = ROOT.rglob("__pycache__")
    left += [remove(it) for it in caches if "site-packages" not in it.parts]
    if any(left):
        stop("\n".join(f"left alone: {reason}" for reason in left if reason))
    print("removed .venv, results/ and caches; data/ stays")
    return 0


def remove(path: Path) -> str:
    """Remove a folder; if that cannot be, return why."""
    if path.is_symlink() or path.is_file():
        return f"{path} is no folder"
    try:
        if path.exists():
            shutil.rmtree(path)
    except OSError as error:
        return f"{path}: {error.strerror}"
    return ""


def set_up() -> Path:
    """Make .venv unless it is as the lock file wants it.

    Nobody replaces it until this process has ended, and the program that it
    becomes.
    """
    lock = open_lock(VENV)
    hold(lock)
    if not is_current():
        hold(lock, alone=True)
        put_back(VENV)
        if not is_current():
            replace(VENV, ["--require-hashes", "-r", str(LOCK)])
        hold(lock)
    return VENV


def make_latest() -> Path:
    """Make .venv-latest of the newest packages."""
    hold(open_lock(LATEST), alone=True)
    base = find_python()
    ranges = subprocess.check_output(
        [*base, "-I", "-c", RANGES], cwd=ROOT, text=True
    )
    replace(LATEST, ranges.splitlines())
    python, pip = find_pip(base, LATEST)
    subprocess.call(
        [*python, "-m", *pip, "list", "--format", "freeze"], env=plain()
    )
    return LATEST


def open_lock(venv: Path) -> int | None:
    """Open the lock of an environment; None where nothing can be written."""
    path = f"{venv}.lock"
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        try:
            lock = os.open(path, flags, 0o666)
        except OSError:
            continue
        os.set_inheritable(lock, True)
        return lock
    return None


def hold(lock: int | None, alone: bool = False) -> None:
    """Hold an environment: with others who use it, or alone to replace it."""
    if lock is None or locked(lock, alone):
        return
    print("waiting for another task that uses .venv", flush=True)
    while not locked(lock, alone):
        time.sleep(0.2)


def locked(lock: int, alone: bool) -> bool:
    """Take a lock unless others hold it; go on without where there is none."""
    try:
        if sys.platform == "win32":
            import msvcrt  # no lock for use: what is in use cannot be moved

            kind = msvcrt.LK_NBLCK if alone else msvcrt.LK_UNLCK
            msvcrt.locking(lock, kind, 1)
        else:
            import fcntl

            kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
            fcntl.flock(lock, fcntl.LOCK_UN)
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except PermissionError:
        return not (WINDOWS and alone)
    except OSError:
        pass  # a file system without locks
    return True


def is_current() -> bool:
    """Tell whether .venv works and holds what the lock file names."""
    stamp = VENV / STAMP
    if not stamp.is_file():
        return False
    lines = stamp.read_text("utf-8", "replace").splitlines()
    return lines[:1] == [fingerprint(VENV)] and {*lines[1:]} <= installed(VENV)


def fingerprint(venv: Path) -> str:
    """Return the first line of the stamp; the others name the packages."""
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    version = version_of([str(venv / PYTHON)]).rpartition(".")[0]
    return f"{lock} {version}"


def installed(venv: Path) -> set[str]:
    """Return the packages of an environment with their versions."""
    places = venv.glob(f"{PACKAGES}/*.dist-info")
    return {place.stem for place in places}


def replace(venv: Path, packages: list[str]) -> None:
    """Make an environment anew; if that fails, the old one comes back."""
    discard(aside(venv))
    if venv.exists() and any(venv.iterdir()) and not os.path.ismount(venv):
        venv.rename(aside(venv))
    try:
        fill(venv, packages)
        lines = [fingerprint(venv), *sorted(installed(venv))]
        (venv / STAMP).write_text("\n".join(lines), "utf-8")
    except BaseException:
        discard(venv)
        put_back(venv)
        raise
    discard(aside(venv))


def aside(venv: Path) -> Path:
    """Return where the old environment is while the new one is made."""
    return venv.with_name(f"{venv.name}.old")


def put_back(venv: Path) -> None:
    """Put the old environment back if its successor is not whole.

    So it is after a task was killed, or failed, while it made the successor.
    """
    if aside(venv).exists() and not (venv / STAMP).exists():
        discard(venv)
        aside(venv).rename(venv)
        print(f"{venv} is as it was", file=sys.stderr)


def discard(venv: Path) -> None:
    """Remove an environment; its stamp first, so that no half has one."""
    with suppress(OSError):
        (venv / STAMP).unlink()
    shutil.rmtree(venv, ignore_errors=True)


def fill(venv: Path, packages: list[str]) -> None:
    """Make an environment with these packages, and see that they are in it."""
    source, base = wheelhouse(), find_python()
    name = os.path.relpath(venv, ROOT)
    print(f"python {version_of(base)} -> {name}", flush=True)
    told = {**plain(), "PIP_CONFIG_FILE": os.devnull}
    if finish(base, ["venv", "--clear", "--without-pip", str(venv)], told):
        stop("Making it failed, as said above.")
    python, pip = find_pip(base, venv)
    print("installing its packages (about 580 MB, once)", flush=True)
    wanted = ["-qq", "--no-input", "--only-binary", ":all:", *packages]
    install = [*pip, "install", *source, *wanted]
    if finish(python, install, {**told, **pip_settings(python)}):
        stop(
            "Installing them failed, as said above. Without a network set "
            "WHEELHOUSE=<folder of their wheels>. For what has no wheel for "
            "this machine see README."
        )
    look = [*pip, "install", "--dry-run", "--no-index", *wanted]
    if finish(python, look, told):
        stop(f"pip reported success, but {venv} lacks what is named above.")


def pip_settings(python: list[str]) -> dict[str, str]:
    """Return the user's settings of pip that are kept, as variables."""
    theirs = {k: v for k, v in os.environ.items() if k.startswith("PIP_")}
    listed = {"PIP_QUIET": "0", "PIP_USER": "0"}  # else it may list nothing
    lines = subprocess.check_output(
        [*python, "-m", "pip", "config", "list"],
        env={**plain(), **theirs, **listed},
        text=True,
        start_new_session=True,  # Ctrl-C is no affair of its own
    )
    kept = {}
    for section in ("global", "install", ":env:"):  # the later one counts
        line = rf"(?m)^{section}\.({'|'.join(PIP_SETTINGS.split())})=(.*)$"
        for name, text in re.findall(line, lines):
            value = literal_eval(text)
            if value:  # to pip an empty one is none
                kept["PIP_" + name.upper().replace("-", "_")] = value
    return kept


def plain() -> dict[str, str]:
    """Return the environment without what was meant for some Python or pip."""
    foreign = ("PYTHON", "PIP_", "__PYVENV")
    return {k: v for k, v in os.environ.items() if not k.startswith(foreign)}


def find_python() -> list[str]:
    """Return the command of a Python that fits, at best one with a pip."""
    commands = candidates()
    fitting = [it for it in commands if version_of(it).startswith(VERSIONS)]
    if fitting:
        return next(filter(can_install, fitting), fitting[0])
    stop(
        "Python 3.11, 3.12 or 3.13 is needed; found only "
        f"{platform.python_version()} ({sys.executable}). "
        "Install one, for example with `uv python install 3.13`.",
        code=2,
    )


def candidates() -> list[list[str]]:
    """Name the Pythons to try: the running one, then the newest first.

    If the running one is of a virtual environment, the one behind it counts.
    """
    running = getattr(sys, "_base_executable", sys.executable)
    on_path = [[f"python{version}"] for version in VERSIONS]
    on_windows = [["py", f"-{version}"] for version in VERSIONS]
    return [[running], *on_path, *on_windows]


def version_of(python: list[str]) -> str:
    """Ask a Python for its version; one that does not run has none."""
    question = "import platform; print(platform.python_version())"
    command = [*python, "-I", "-c", question]
    try:
        return subprocess.check_output(
            command, stderr=DEVNULL, text=True
        ).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def can_install(base: list[str]) -> bool:
    """Tell whether a Python has a pip for other environments, or makes one."""
    return has_pip(base) or succeeds([*base, "-m", "ensurepip", "--version"])


def has_pip(base: list[str]) -> bool:
    """Tell whether a Python has a pip that installs for another Python."""
    question = "import sys, pip; sys.exit(int(pip.__version__[:2]) < 23)"
    return succeeds([*base, "-c", question])


def find_pip(base: list[str], venv: Path) -> tuple[list[str], list[str]]:
    """Return a Python, and the words for it to run a pip that fills venv."""
    python = str(venv / PYTHON)
    if has_pip(base):
        return base, ["pip", "--python", python]
    if succeeds([python, "-m", "ensurepip"]):
        return [python], ["pip"]
    stop(
        f"{base[0]} has neither pip 23 nor ensurepip. "
        "Install one of them, for example python3-pip or python3-venv."
    )


def succeeds(command: list[str]) -> bool:
    """Tell whether a command ends well, whatever it has to say."""
    return (
        subprocess.call(command, stdout=DEVNULL, stderr=DEVNULL, env=plain())
        == 0
    )


def wheelhouse() -> list[str]:
    """Return pip's options for a folder of wheels, if one is named."""
    folder = os.path.expanduser(os.environ.get("WHEELHOUSE", ""))
    if not folder:
        return []
    if not os.path.isdir(folder):
        stop(f"WHEELHOUSE={folder} is no folder.", code=2)
    return ["--no-index", "--find-links", os.path.abspath(folder)]


def stop(reason: str, code: int = 1) -> NoReturn:
    """End with one line that says why."""
    print(reason, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, subprocess.CalledProcessError) as error:
        stop(f"Setting up failed: {error}")
