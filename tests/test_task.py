"""The set-up: it finds a Python, makes .venv once, and says what is wrong."""

import ast
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import psutil
import pytest
from packaging.specifiers import SpecifierSet

from scripts import task

# Windows has other signals and links, and moves no folder that is in use.
on_posix = pytest.mark.skipif(os.name == "nt", reason="signals and links")
FAKE_PYTEST = """
import json, os, signal, sys, time
if "report" in sys.argv:
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    flag = sys.flags.optimize
    print(json.dumps([os.getpid(), flag, ignored, {**os.environ}]))
elif "stay" in sys.argv:
    print("here", flush=True)
    time.sleep(60)
else:
    print("ran with", [word for word in sys.argv[1:] if word not in ALL_CORES])
sys.exit(5)
""".replace("ALL_CORES", repr(task.TESTS[1:]))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A copy of the script, set up; its lock names one package, a fake."""
    place = tmp_path_factory.mktemp("made")
    root = place / "a fólder"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(task.__file__, root / "scripts")
    shutil.copy(task.ROOT / "Makefile", root)
    wheel = make_wheel(place / "wheels", "pytest", FAKE_PYTEST)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = root / "requirements.lock"
    lock.write_text(f"pytest==1.0 --hash=sha256:{digest}\n")
    code, output = outcome(start(root, "setup"))
    assert code == 0, output
    return root


@pytest.fixture
def ready(made, tmp_path):
    """A copy of it that is set up."""
    shutil.copytree(made.parent, tmp_path, symlinks=True, dirs_exist_ok=True)
    return tmp_path / made.name


@pytest.fixture
def checkout(ready):
    """A copy of it that is not set up."""
    shutil.rmtree(ready / ".venv")
    return ready


def make_wheel(folder, name, code):
    """Write a package of one module."""
    folder.mkdir()
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(f"{name}.py", code)
        file.writestr(f"{info}/METADATA", metadata)
        file.writestr(f"{info}/WHEEL", tags)
        file.writestr(f"{info}/RECORD", "")
    return wheel


def start(root, *arguments, wheelhouse="wheels", **variables):
    """Start the copied script from another folder than its own."""
    return subprocess.Popen(
        [sys.executable, root / "scripts" / "task.py", *arguments],
        cwd=root.parent,
        env={**os.environ, "WHEELHOUSE": wheelhouse, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process):
    """Return the exit code and all lines of a task."""
    output, errors = process.communicate(timeout=60)
    return process.returncode, output + errors


def change_lock(root):
    """Make the environment stale."""
    with open(root / "requirements.lock", "a") as lock:
        lock.write("# changed\n")


def is_free(root):
    """Tell whether nobody holds the lock of .venv."""
    with open(root / ".venv.lock", "r+") as file:
        return task.locked(file.fileno(), alone=True)


def test_two_at_once_install_once_and_later_runs_are_quiet(checkout):
    both = [start(checkout, "test", "-k", "some name") for _ in range(2)]
    output = "".join(process.communicate()[0] for process in both)
    assert [process.returncode for process in both] == [5, 5]
    assert output.count(" -> .venv\n") == 1
    assert output.count("installing its packages") == 1

    stamp = (checkout / ".venv" / task.STAMP).read_text()
    assert stamp.endswith("\npytest-1.0")
    later = start(checkout, "test", "-k", "some name", wheelhouse="gone")
    assert later.communicate() == ("ran with ['-k', 'some name']\n", "")
    assert later.returncode == 5


def test_failed_installation_says_so_and_is_tried_again(checkout):
    code, output = outcome(start(checkout, "test", wheelhouse="scripts"))
    assert code == 2
    assert output == "WHEELHOUSE=scripts is no folder.\n"

    (checkout.parent / "empty").mkdir()
    code, output = outcome(start(checkout, "test", wheelhouse="empty"))
    assert code == 1
    assert "ran with" not in output
    assert "WHEELHOUSE" in output.splitlines()[-1]
    assert not (checkout / ".venv").exists()

    code, output = outcome(start(checkout, "test"))
    assert "ran with []" in output
    assert code == 5


def test_the_newest_packages_get_an_environment_of_their_own(checkout):
    """By the ranges of pyproject.toml; the lock and .venv are left alone."""
    (checkout / "pyproject.toml").write_text(
        '[project]\ndependencies = ["pytest>=0.5"]\n'
        "[project.optional-dependencies]\ndev = []\n"
    )
    code, output = outcome(start(checkout, "test-latest", "-k", "name"))
    assert "ran with ['-k', 'name']" in output
    assert "pytest==1.0" in output, "it says what was installed"
    assert code == 5
    assert (checkout / ".venv-latest").is_dir()
    assert not (checkout / ".venv").exists()


@on_posix
def test_a_task_is_told_what_is_listed_and_no_more(ready):
    kept = {"MNIST_DIR": "/m", "NO_COLOR": "1", "COLUMNS": "40", "LC_ALL": "C"}
    kept |= {"https_proxy": "p", "SSL_CERT_FILE": "/c", "TMPDIR": str(ready)}
    foreign = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(ready)}
    foreign |= {"PYTHONOPTIMIZE": "2", "MPLBACKEND": "module://no.such"}
    foreign |= {"KERAS_MAX_EPOCHS": "1", "PYTEST_ADDOPTS": "--collect-only"}
    (ready / "numpy.py").write_text("")
    process = start(ready, "test", "report", **kept, **foreign)
    pid, optimize, ignored, told = json.loads(process.communicate()[0])
    assert told.items() >= kept.items()
    assert not told.keys() & foreign.keys()
    assert not optimize
    assert not ignored
    assert pid == process.pid, "the task became it: every signal reaches it"


@on_posix
def test_a_signal_that_is_to_be_ignored_is_ignored_by_the_task(ready):
    command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", sys.executable]
    done = subprocess.run(
        [*command, ready / "scripts/task.py", "test", "report"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)[2]


def test_settings_of_pip_cannot_send_packages_elsewhere(checkout):
    """Those of how to reach them count: from a file, and from variables."""
    place = checkout.parent
    (place / "constraints.txt").write_text("pytest==2.0\n")
    (place / "pip.conf").write_text(
        f"[global]\ntarget = {place}/elsewhere\nquiet = 3\nuser = yes\n"
        f"constraint = {place}/constraints.txt\n"
        f"[install]\nfind-links = {place}/wheels\ndry-run = yes\n"
    )
    foreign = {"PIP_ROOT": str(place / "elsewhere"), "PIP_DRY_RUN": "1"}
    code, output = outcome(
        start(
            checkout,
            "test",
            wheelhouse="",
            PIP_CONFIG_FILE=str(place / "pip.conf"),
            PIP_NO_INDEX="1",
            PIP_FIND_LINKS="",
            **foreign,
        )
    )
    assert "ran with []" in output
    assert code == 5
    assert not (place / "elsewhere").exists()


def test_of_pips_settings_the_last_that_says_how_to_reach_it_counts(
    monkeypatch,
):
    listed = """
:env:.index-url='https://three'
:env:.cert=''
:env:.target='/elsewhere'
global.cert="/it's.pem"
global.index-url='https://one'
global.user='true'
install.index-url='https://two'
install.no-deps='true'
list.find-links='/lists'
"""
    monkeypatch.setattr(
        task.subprocess, "check_output", lambda *_, **__: listed
    )
    assert task.pip_settings(["python"]) == {
        "PIP_INDEX_URL": "https://three",
        "PIP_CERT": "/it's.pem",
    }


def test_success_of_pip_is_no_proof(checkout):
    """Here a setting still sends the packages elsewhere."""
    script = checkout / "scripts" / "task.py"
    script.write_text(script.read_text().replace(" cert\n", " cert target\n"))
    target = str(checkout.parent / "elsewhere")
    code, output = outcome(start(checkout, "test", PIP_TARGET=target))
    assert os.listdir(target)
    assert code == 1
    assert "lacks what is named above" in output
    assert not (checkout / ".venv").exists()


def test_old_environment_outlives_a_new_one_that_cannot_be(ready):
    lock = (ready / "requirements.lock").read_text()
    change_lock(ready)
    (ready.parent / "empty").mkdir()
    code, output = outcome(start(ready, "test", wheelhouse="empty"))
    assert code == 1
    assert "is as it was" in output
    (ready / "requirements.lock").write_text(lock)
    code, output = outcome(start(ready, "test", wheelhouse="gone"))
    assert (code, output) == (5, "ran with []\n")


@pytest.fixture
def stuck(ready):
    """Start an installation, and wait until its pip waits for an answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        port = server.getsockname()[1]
        lock = (ready / "requirements.lock").read_text()
        change_lock(ready)
        process = start(
            ready,
            "test",
            wheelhouse="",
            PIP_CONFIG_FILE=os.devnull,
            PIP_FIND_LINKS="",
            PIP_INDEX_URL=f"http://127.0.0.1:{port}/",
            PIP_EXTRA_INDEX_URL="",
            NO_PROXY="*",
        )
        connection, _ = server.accept()
        with connection:
            assert not is_free(ready)
            yield ready, process, connection
        (ready / "requirements.lock").write_text(lock)
        code, output = outcome(start(ready, "test", wheelhouse="gone"))
        assert code == 5
        assert "ran with []" in output
        assert "installing" not in output
        assert not (ready / ".venv.old").exists()


@on_posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_pip_ends_with_the_task_and_the_old_environment_is_back(stuck, name):
    root, process, connection = stuck
    number = getattr(signal, name)
    process.send_signal(number)
    code, output = outcome(process)
    assert code == 128 + number
    assert "Traceback" not in output
    assert is_free(root)
    assert (root / ".venv" / task.STAMP).exists()
    while connection.recv(1000):  # its request, then the end: pip is gone
        pass


@on_posix
def test_pip_ends_with_a_task_that_is_killed(stuck):
    root, process, connection = stuck
    [pip] = psutil.Process(process.pid).children()
    pip.suspend()
    process.kill()
    process.wait()
    assert not is_free(root), "as long as pip is there"
    pip.resume()
    connection.settimeout(60)
    while connection.recv(1000):
        pass
    outcome(process)
    assert (root / ".venv.old").exists()


@on_posix
def test_environment_is_not_replaced_under_a_run(ready):
    run = start(ready, "test", "stay")
    assert run.stdout.readline() == "here\n"
    code, output = outcome(start(ready, "clean"))
    assert code == 1
    assert output.startswith("A task is using ")
    code, output = outcome(start(ready, "test"))
    assert (code, output) == (5, "ran with []\n"), "two may run at once"

    change_lock(ready)
    other = start(ready, "test")
    assert other.stdout.readline().startswith("waiting for another task")
    assert (ready / ".venv" / task.STAMP).exists()
    run.terminate()
    assert run.wait() == -signal.SIGTERM
    assert "ran with []" in other.communicate()[0]
    run.communicate()


@on_posix
def test_environment_may_be_a_link(checkout):
    (checkout / ".venv").symlink_to("../room/for it")
    code, output = outcome(start(checkout, "test"))
    assert code == 5, output
    assert (checkout.parent / "room/for it" / task.STAMP).exists()


def test_checkout_that_cannot_be_written_will_do(ready):
    (ready / ".venv.lock").unlink()
    (ready / ".venv.lock").mkdir()  # cannot be opened, by root either
    ready.chmod(0o555)
    code, output = outcome(start(ready, "test"))
    ready.chmod(0o755)
    assert (code, output) == (5, "ran with []\n")


def test_file_system_without_locks_will_do(monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert task.locked(0, alone=True)
    assert task.locked(0, alone=False)


@on_posix
def test_what_is_no_folder_of_ours_is_not_cleaned(ready):
    (ready.parent / "mine").mkdir()
    (ready / "results").symlink_to("../mine")
    (ready / ".mypy_cache").write_text("notes")
    theirs = ready / "env/site-packages/__pycache__"
    theirs.mkdir(parents=True)
    code, output = outcome(start(ready, "clean"))
    assert code == 1
    assert output.splitlines() == [
        f"left alone: {ready / name} is no folder"
        for name in ("results", ".mypy_cache")
    ]
    assert (ready / "results").is_symlink()
    assert theirs.exists()
    assert not (ready / ".venv").exists()


def test_lint_ends_with_the_worst_code_of_all(ready):
    packages = next((ready / ".venv").glob(task.PACKAGES))
    code = "import sys; print(__file__[-7:], sys.argv[1:]); sys.exit({})"
    for name, result in (("ruff", 0), ("mypy", 3)):
        (packages / f"{name}.py").write_text(code.format(result))
    code, output = outcome(start(ready, "lint"))
    assert code == 3
    assert output.splitlines() == [
        "ruff.py ['check']",
        "ruff.py ['format', '--check']",
        "mypy.py []",
    ]


@pytest.fixture
def make_with(ready):
    """Run make where these are the only Pythons."""

    def run(**pythons):
        place = ready / "bin"
        place.mkdir()
        for name in ("make", "sh"):
            (place / name).symlink_to(shutil.which(name))
        for name, script in pythons.items():
            path = place / name.replace("_", ".")
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        return subprocess.run(
            ["make", "test"],
            check=False,
            cwd=ready,
            env={"PATH": str(place)},
            capture_output=True,
            text=True,
        )

    return run


THIS = f'exec "{sys.executable}" "$@"'
OLD = 'case "$*" in *version_info*|*task.py*) echo SyntaxError; exit 1; esac'
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="no make")


@needs_make
@pytest.mark.parametrize("other", [OLD, "exit 127"])
def test_make_passes_over_pythons_that_are_old_or_only_names(make_with, other):
    done = make_with(python3=other, python3_13="exit 127", python3_12=THIS)
    assert done.stdout == "ran with []\n"


@needs_make
def test_make_says_in_one_line_that_there_is_no_python(make_with):
    done = make_with(python3=OLD)
    assert done.returncode == 2
    assert re.fullmatch(r".*No Python found: install .*\n", done.stderr)
    assert not done.stdout


def test_clean_keeps_the_data(checkout):
    for folder in ("data", "results", ".venv", "scripts/__pycache__"):
        (checkout / folder).mkdir()
    assert outcome(start(checkout, "clean"))[0] == 0
    left = {path.name for path in checkout.rglob("*")}
    kept = {"Makefile", "requirements.lock", "scripts", "task.py"}
    assert left == {"data", ".venv.lock", *kept}


def test_unknown_task_shows_the_tasks(capsys):
    assert task.main(["tset"]) == 2
    assert "bench-full" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("versions", "choice"),
    [
        (["3.11.7", "3.13.0", "", ""], 0),
        (["3.14.0", "3.13.0", "3.12.1", ""], 1),
        (["3.9.18", "", "3.10.2", "3.11.2"], 3),
    ],
)
def test_first_fitting_python_is_taken(monkeypatch, versions, choice):
    pythons = {f"python-{i}": version for i, version in enumerate(versions)}
    monkeypatch.setattr(task, "candidates", lambda: [[it] for it in pythons])
    monkeypatch.setattr(task, "can_install", lambda _: True)
    monkeypatch.setattr(task, "version_of", lambda it: pythons[it[0]])
    assert task.find_python() == [f"python-{choice}"]


def test_python_that_can_install_is_taken_first(monkeypatch):
    monkeypatch.setattr(task, "candidates", lambda: [["bare"], ["whole"]])
    monkeypatch.setattr(task, "version_of", lambda _: "3.12.1")
    monkeypatch.setattr(task, "can_install", lambda it: it == ["whole"])
    assert task.find_python() == ["whole"]


def test_no_fitting_python_is_told_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(task, "version_of", lambda _: "3.14.0")
    with pytest.raises(SystemExit) as end:
        task.find_python()
    assert end.value.code == 2
    errors = capsys.readouterr().err
    assert errors.startswith("Python 3.11, 3.12 or 3.13 is needed")
    assert errors.count("\n") == 1


def test_neither_pip_nor_ensurepip_is_told_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(task, "succeeds", lambda _: False)
    with pytest.raises(SystemExit) as end:
        task.find_pip(["python3.13"], Path("python"))
    assert end.value.code == 1
    assert "python3-pip" in capsys.readouterr().err


def test_a_python_that_does_not_run_has_no_version():
    broken_shim = [sys.executable, "-c", "raise SystemExit(127)"]
    assert task.version_of(broken_shim) == ""
    assert task.version_of(["no-such-python"]) == ""


@pytest.fixture
def stamped(monkeypatch, tmp_path):
    """An environment that counts as good."""
    monkeypatch.setattr(task, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(task, "VENV", tmp_path)
    monkeypatch.setattr(task, "PYTHON", sys.executable)
    monkeypatch.setattr(task, "PACKAGES", "packages")
    task.LOCK.write_text("numpy==1\n")
    (tmp_path / "packages/numpy-1.dist-info").mkdir(parents=True)
    stamp = f"{task.fingerprint(tmp_path)}\nnumpy-1"
    (tmp_path / task.STAMP).write_text(stamp)


@pytest.mark.usefixtures("stamped")
def test_environment_is_good_until_its_python_vanishes(monkeypatch):
    assert task.is_current()
    monkeypatch.setattr(task, "PYTHON", "vanished")
    assert not task.is_current()


@pytest.mark.usefixtures("stamped")
def test_environment_is_stale_when_the_lock_changes():
    task.LOCK.write_text("numpy==2\n")
    assert not task.is_current()


@pytest.mark.usefixtures("stamped")
def test_environment_is_half_made_without_its_stamp():
    (task.VENV / task.STAMP).unlink()
    assert not task.is_current()


@pytest.mark.usefixtures("stamped")
@pytest.mark.parametrize("content", [b"", b"\xff\n"])
def test_environment_is_half_made_with_half_a_stamp(content):
    (task.VENV / task.STAMP).write_bytes(content)
    assert not task.is_current()


@pytest.mark.usefixtures("stamped")
def test_environment_is_stale_when_a_package_is_another():
    packages = task.VENV / "packages"
    (packages / "rich-2.dist-info").mkdir()
    assert task.is_current(), "more of them do no harm"
    (packages / "numpy-1.dist-info").rename(packages / "numpy-2.dist-info")
    assert not task.is_current()


def test_script_is_written_for_python_3_8():
    source = Path(task.__file__).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))


def test_versions_are_those_of_the_project():
    project = tomllib.loads((task.ROOT / "pyproject.toml").read_text("utf-8"))
    supported = SpecifierSet(project["project"]["requires-python"])
    minors = [f"3.{minor}" for minor in range(30)]
    assert sorted(task.VERSIONS) == list(supported.filter(minors))


def test_lock_names_no_place_to_install_from():
    lock = task.LOCK.read_text()
    assert not re.search(r"://|index|find-links|file:|@ ", lock)


def test_makefile_has_a_target_for_every_task():
    makefile = (task.ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.*)", makefile, re.MULTILINE)[1].split()
    assert set(targets) == {"help", "clean", *task.TASKS} == set(phony)
    for name in ("clean", *task.TASKS):
        assert f"$(TASK) {name}" in makefile


def test_git_ignores_what_the_tasks_make():
    ignored = (task.ROOT / ".gitignore").read_text().split()
    for name in ("data", "__pycache__", ".venv.lock", *task.GENERATED):
        assert any(fnmatch(name, line.strip("/")) for line in ignored), name
