"""The set-up: it finds a Python, makes .venv once, and says what is wrong."""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from scripts import task

FAKE_PYTEST = "import sys; print('ran with', sys.argv[1:]); sys.exit(5)"


@pytest.fixture
def checkout(tmp_path):
    """A copy of the script whose lock names one fake package: pytest."""
    root = tmp_path / "a fólder"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(task.__file__, root / "scripts")
    wheel = make_wheel(tmp_path / "wheels", "pytest", FAKE_PYTEST)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = root / "requirements.lock"
    lock.write_text(f"pytest==1.0 --hash=sha256:{digest}\n")
    return root


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


def start(root, *arguments, wheelhouse="wheels"):
    """Start the copied script from another folder than its own."""
    return subprocess.Popen(
        [sys.executable, root / "scripts" / "task.py", *arguments],
        cwd=root.parent,
        env={**os.environ, "WHEELHOUSE": wheelhouse},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_at_once_install_once_and_later_runs_are_quiet(checkout):
    both = [start(checkout, "test", "-k", "some name") for _ in range(2)]
    output = "".join(process.communicate()[0] for process in both)
    assert [process.returncode for process in both] == [5, 5]
    assert output.count(" -> .venv\n") == 1
    assert output.count("installing pinned packages") == 1

    later = start(checkout, "test", "-k", "some name", wheelhouse="gone")
    assert later.communicate() == ("ran with ['-k', 'some name']\n", "")
    assert later.returncode == 5


def test_failed_installation_says_so_and_is_tried_again(checkout):
    first = start(checkout, "test", wheelhouse="gone")
    output, errors = first.communicate()
    assert first.returncode == 1
    assert "ran with" not in output
    assert "WHEELHOUSE" in errors.splitlines()[-1]

    second = start(checkout, "test")
    assert "ran with []" in second.communicate()[0]
    assert second.returncode == 5


def test_the_newest_packages_get_an_environment_of_their_own(checkout):
    """By the ranges of pyproject.toml; the lock and .venv are left alone."""
    (checkout / "pyproject.toml").write_text(
        '[project]\ndependencies = ["pytest>=0.5"]\n'
        "[project.optional-dependencies]\ndev = []\n"
    )
    process = start(checkout, "test-latest", "-k", "name")
    output, errors = process.communicate()
    assert "ran with ['-k', 'name']" in output, errors
    assert "pytest==1.0" in output, "it says what was installed"
    assert process.returncode == 5
    assert (checkout / ".venv-latest").is_dir()
    assert not (checkout / ".venv").exists()


def test_clean_keeps_the_data(checkout):
    for folder in ("data", "results", ".venv", "scripts/__pycache__"):
        (checkout / folder).mkdir()
    process = start(checkout, "clean")
    assert "data/ stays" in process.communicate()[0]
    left = {path.name for path in checkout.rglob("*")}
    assert left == {"data", "requirements.lock", "scripts", "task.py"}


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
    monkeypatch.setattr(task, "version_of", lambda it: pythons[it[0]])
    assert task.find_python() == [f"python-{choice}"]


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
    monkeypatch.setattr(task, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(task, "PYTHON", sys.executable)
    task.LOCK.write_text("numpy==1\n")
    task.STAMP.write_text(task.fingerprint())


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
    task.STAMP.unlink()
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
    ignored = {line.strip("/") for line in ignored}
    assert {"data", "__pycache__", *task.GENERATED} <= ignored
