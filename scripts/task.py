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
import shutil
import signal
import sys
from pathlib import Path
from subprocess import DEVNULL, CalledProcessError, call, check_output
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / ".lock-sha256"  # written last: no stamp, no good .venv
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
# What the newest packages are asked for: the ranges, not the lock.
RANGES = """
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extra = project.get("optional-dependencies", {})
print(*project["dependencies"], *extra.get("dev", []), sep=chr(10))
"""
GENERATED = (
    ".venv",
    ".venv-latest",
    "results",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
)


def main(arguments: list[str]) -> int:
    """Run the task that the command line names; return its exit code."""
    task, *further = arguments or [""]
    if task == "clean":
        return clean()
    if task not in TASKS:
        print(__doc__, file=sys.stderr)
        return 2
    if task == "test-latest":
        python = make_latest()
    else:
        set_up()
        python = PYTHON
    commands = [["-m", *it, *further] for it in TASKS[task]]
    if len(commands) == 1:
        return become(python, commands[0])
    return max((run(it, python) for it in commands), default=0)


def passed_on() -> dict[str, str]:
    """Return the environment variables for the project's own programs."""
    return {
        name: os.environ[name]
        for pattern in PASSED_ON.split()
        for name in fnmatch.filter(os.environ, pattern)
    }


def become(python: Path, arguments: list[str]) -> int:
    """Put a module in this process's place: every signal reaches it."""
    words = [str(python), *arguments]
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(words[0], words, passed_on())
    signal.signal(signal.SIGINT, lambda *_: None)  # its own affair
    return call(words, env=passed_on())


def run(arguments: list[str], python: Path) -> int:
    """Run a Python in the project's folder; pass on its code.

    Ctrl-C reaches it too, and it alone decides what to do about that.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    code = call([str(python), *arguments], cwd=ROOT, env=passed_on())
    return code if code >= 0 else 128 - code


def clean() -> int:
    """Remove all that the tasks have made, save the downloaded data."""
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


def set_up() -> None:
    """Make .venv unless it is there and as the lock file wants it."""
    with open(ROOT / ".venv.lock", "w") as file:
        wait_for_others(file)
        if not is_current():
            make_venv()


def wait_for_others(file: IO[str]) -> None:
    """Wait until nobody else makes .venv; closing the file lets others in."""
    if sys.platform == "win32":
        import msvcrt

        while True:
            try:
                return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            except OSError:
                pass  # it gives up after ten seconds
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


def is_current() -> bool:
    """Tell whether .venv works and holds what the lock file names."""
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def fingerprint() -> str:
    """Return what the stamp of a good .venv says."""
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    version = version_of([str(PYTHON)]).rpartition(".")[0]
    return f"{lock} {version}\n"


def make_venv() -> None:
    """Make .venv from nothing and install the packages of the lock file."""
    base = find_python()
    print(f"python {version_of(base)} -> .venv", flush=True)
    command = [*base, "-m", "venv", "--clear", "--without-pip", str(VENV)]
    if call(command):
        stop("Making .venv failed, as said above. Is python3-venv missing?")
    print("installing pinned packages (about 580 MB, once)", flush=True)
    command = [*find_pip(base, PYTHON), "install", "-qq", "--no-input"]
    command += ["--only-binary", ":all:", *wheelhouse()]
    command += ["--require-hashes", "-r", str(LOCK)]
    if call(command):
        stop(
            "Installing requirements.lock failed, as said above. Try again "
            "with a network, or with WHEELHOUSE=<folder of its wheels>."
        )
    STAMP.write_text(fingerprint())


def make_latest() -> Path:
    """Make .venv-latest of the newest packages; return its Python."""
    venv = VENV.with_name(".venv-latest")
    python = venv / PYTHON.relative_to(VENV)
    base = find_python()
    print(f"python {version_of(base)} -> {venv.name}", flush=True)
    command = [*base, "-m", "venv", "--clear", "--without-pip", str(venv)]
    if call(command):
        stop("Making it failed, as said above. Is python3-venv missing?")
    pip = find_pip(base, python)
    ranges = check_output([str(python), "-c", RANGES], cwd=ROOT, text=True)
    print("installing the newest packages (about 580 MB)", flush=True)
    command = [*pip, "install", "-qq", "--no-input", "--only-binary", ":all:"]
    if call([*command, *wheelhouse(), *ranges.split("\n")[:-1]]):
        stop("Installing the newest packages failed, as said above.")
    call([*pip, "list", "--format", "freeze"])
    return python


def find_python() -> list[str]:
    """Return the command of the first Python that has a fitting version."""
    for command in candidates():
        if version_of(command).startswith(VERSIONS):
            return command
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
    command = [*python, "-c", question]
    try:
        return check_output(command, stderr=DEVNULL, text=True).strip()
    except (OSError, CalledProcessError):
        return ""


def find_pip(base: list[str], python: Path) -> list[str]:
    """Return a pip that installs for python: the base's, or one of its own."""
    theirs = [*base, "-m", "pip", "--python", str(python)]
    if succeeds([*theirs, "--version"]):
        return theirs
    if succeeds([str(python), "-m", "ensurepip"]):
        return [str(python), "-m", "pip"]
    stop(
        f"{base[0]} has neither pip 22.3 nor ensurepip. "
        "Install one of them, for example python3-pip or python3-venv."
    )


def succeeds(command: list[str]) -> bool:
    """Tell whether a command ends well, whatever it has to say."""
    return call(command, stdout=DEVNULL, stderr=DEVNULL) == 0


def wheelhouse() -> list[str]:
    """Return pip's options for a folder of wheels, if one is named."""
    folder = os.environ.get("WHEELHOUSE")
    if not folder:
        return []
    return ["--no-index", "--find-links", os.path.abspath(folder)]


def stop(reason: str, code: int = 1) -> NoReturn:
    """End with one line that says why."""
    print(reason, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
