"""The assignment as one script: it runs, and ends with its table."""

import os
import re
import subprocess
import sys

import pytest

from tests.test_architectures import ROOT

NETS = [
    *("NumPy, assignment net", "Keras, assignment net"),
    *("NumPy, custom net", "Keras, custom net"),
]
SMALL = ("--data", "digits", "--samples", "600", "--epochs", "1")


def assignment(*arguments, **environment):
    """Run the script as a user would, from another folder, without MNIST."""
    env = {k: v for k, v in os.environ.items() if k != "MNIST_DIR"}
    return subprocess.run(
        [sys.executable, ROOT / "assignment.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=env | environment,
        cwd=environment.get("HOME", ROOT),
        check=False,
    )


def rows(output):
    """The table at the end: model to (accuracy, F1, seconds)."""
    _, _, table = output.partition("training seconds\n")
    found = re.findall(
        r"^(.+?) {2,}([\d.]+) +([\d.]+) +([\d.]+)$", table, re.M
    )
    return {model: tuple(map(float, figures)) for model, *figures in found}


@pytest.mark.keras
def test_it_runs_and_ends_with_every_model(tmp_path):
    done = assignment(*SMALL, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "scikit-learn digits, not MNIST: 600 images to train" in done.stdout
    assert "seconds of a single run, see `make bench`" in done.stdout
    found = rows(done.stdout)
    assert list(found) == [*NETS, "XGBoost"]
    for accuracy, f1, seconds in found.values():
        assert 0 <= f1 <= 1
        assert 0 <= accuracy <= 1
        assert seconds >= 0
    assert found["XGBoost"][0] > 0.8
    drawn = {path.name for path in (tmp_path / "out").iterdir()}
    assert drawn == {
        "four-random-digits.png",
        *(
            f"{net.lower().replace(', ', '-').replace(' ', '-')}.png"
            for net in NETS
        ),
    }


def test_it_goes_on_without_tensorflow(tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(
        "raise ModuleNotFoundError('No module', name='tensorflow')"
    )
    done = assignment(
        *SMALL, "--out", tmp_path / "out", PYTHONPATH=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if "Keras" in line]
    assert said == [
        "Keras is left out: tensorflow is not installed, or does not load"
    ]
    assert done.stderr == ""
    assert list(rows(done.stdout)) == [*NETS[::2], "XGBoost"]


def test_in_a_notebook_figures_are_shown_and_its_arguments_ignored(tmp_path):
    """An interactive shell has sys.ps1; Jupyter starts it with -f FILE."""
    code = (
        "import sys, runpy, matplotlib\n"
        "matplotlib.use('Agg')\n"
        "import matplotlib.pyplot as plt\n"
        "sys.ps1 = '>>> '\n"
        "plt.show = lambda block: print('shown', block)\n"
        "runpy.run_path('assignment.py')\n"
    )
    (tmp_path / "tensorflow.py").write_text("raise ImportError")
    arguments = (*SMALL, "--out", str(tmp_path / "out"), "-f", "kernel.json")
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("shown False") == 3
    assert not (tmp_path / "out").exists()
    assert "Keras is left out: tensorflow is not installed" in done.stdout


def test_every_cell_is_there():
    """The tasks in order, each under a heading of its own."""
    text = (ROOT / "assignment.py").read_text(encoding="utf-8")
    assert text.startswith("# %% [markdown]\n# # The assignment")
    assert re.findall(
        r"^# %% \[markdown\]\n# ## (\d\. [\w ]+)", text, re.M
    ) == [
        "1. The data",
        "2. The assignment",
        "3. The custom net",
        "4. A classical model",
        "5. The comparison",
    ]
    assert re.findall(r"^# %% (?!\[)(.+)", text, re.M) == [
        "Set-up",
        "Options of the command line",
        "Four random digits",
        "Train, time, test",
        "The assignment's net in NumPy",
        "The assignment's net in Keras",
        "The custom net in NumPy",
        "The custom net in Keras",
        "Boosted trees",
        "The table",
    ]
    assert text.count("\n# %%\n") == 0, "a cell without a name"


def test_wherever_seconds_are_shown_the_bench_is_named():
    """A single run is no measurement: each such task says it."""
    text = (ROOT / "assignment.py").read_text(encoding="utf-8")
    for part in re.split(r"^# %% \[markdown\]\n# #", text, flags=re.M)[1:]:
        if "second" in part:
            words = " ".join(re.sub(r"^#", "", part, flags=re.M).split())
            assert "single run" in words, part
            assert "make bench" in words, part


def test_both_nets_begin_in_keras_with_the_weights_of_numpy():
    text = (ROOT / "assignment.py").read_text(encoding="utf-8")
    for net in ("assignment", "custom"):
        made = rf"(\w+) = numpy_nets\.{net}_net\(\)\n"
        taken = r"first_weights = \1\.get_weights\(\)\n"
        assert re.search(made + taken, text), net
        made = rf"(\w+) = keras_nets\.{net}_net\(\)\n"
        given = r" +\1\.set_weights\(first_weights\)\n"
        assert re.search(made + given, text), net
