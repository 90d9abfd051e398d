"""--add: any scikit-learn classifier beside the others, by the same rules."""

import json

import pytest

from benchmarks.__main__ import main
from benchmarks.record import results
from benchmarks.rows.contenders import is_added, select
from tests.benchmarks.processes import ROOT, bench

MODELS = """
from numpy_net.architectures import assignment_net
from numpy_net.wrappers import SKLearnClassifier


def net():
    settings = {"epochs": 5, "batch_size": 10}
    return SKLearnClassifier(assignment_net(), fit_kwargs=settings)


class Words(MLPClassifier):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return ["seven"] * len(X)
"""
BAYES = "sklearn.naive_bayes:GaussianNB"
ADD = (
    *("--add", BAYES),
    *("--add", "my_models:mlp"),  # of the docs
    *("--add", "my_models:net"),
    *("--add", "my_models:Words"),
)


def example():
    """The file that docs/ecosystem.md tells to write."""
    text = (ROOT / "docs" / "ecosystem.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- my_models.py -->\n```python\n")
    code, _, _ = rest.partition("```")
    assert "def mlp" in code
    return code


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("added")
    (place / "my_models.py").write_text(example() + MODELS)
    folder = place / "out"
    done = bench(
        *("--data", "digits", "--only", "numpy-batch-10", *ADD),
        *("--threads", "1", "--seed", "3", "--out", folder),
        PYTHONPATH=str(place),
    )
    return folder, results.read(folder), done


def test_added_rows_are_judged_and_timed_like_the_others(run):
    _, record, done = run
    runs = {entry["contender"]: entry for entry in record["runs"]}
    assert set(runs) == {"numpy-batch-10", BAYES, *ADD[3::2]}
    for name in (BAYES, "my_models:mlp", "my_models:net"):
        assert runs[name]["status"] == "ok", runs[name]
        assert runs[name]["phases"]["training"]["wall"] > 0
        assert runs[name]["test"]["accuracy"] > 0.3
        assert runs[name]["samples"] > 0
        assert runs[name]["verified"]["threads"] == 1
    assert "random_state=3" in str(runs["my_models:net"]["verified"])
    assert "GaussianNB, added" in done.stdout
    assert done.stderr == ""


def test_an_answer_that_is_no_digit_is_a_failed_row(run):
    _, record, done = run
    [found] = [r for r in record["runs"] if r["contender"].endswith("Words")]
    assert found["status"] == "failed"
    assert "predict is to return" in found["message"]
    assert done.returncode == 1


@pytest.mark.parametrize("file", ["index.html", "summary.md"])
def test_page_and_summary_show_them(run, file):
    text = (run[0] / file).read_text(encoding="utf-8")
    assert "GaussianNB, added" in text
    assert "net, added" in text


@pytest.mark.parametrize("command", ["check", "report", "export"])
def test_commands_that_read_need_no_code_of_theirs(run, command, capsys):
    """my_models cannot be imported here."""
    assert main([command, str(run[0])]) in (0, 1)
    assert capsys.readouterr().err == ""


def test_a_results_file_cannot_say_what_is_run(run, capsys):
    """It may come from anywhere; its words are no leave to import."""
    folder, record, _ = run
    record = json.loads(json.dumps(record))
    record["runs"] = []
    hostile = folder.parent / "hostile"
    hostile.mkdir()
    results.write(hostile, record)
    assert main(["--resume", str(hostile)]) == 2
    error = capsys.readouterr().err
    assert "code that is not of this project" in error
    assert "say --add my_models:Words again" in error
    assert error.count("\n") == 1
    assert results.read(hostile) == record


def test_a_run_with_added_rows_goes_on_if_they_are_named_again(run):
    folder, record, _ = run
    left = folder.parent / "left"
    (left / "weights").mkdir(parents=True)
    (left / "figures").mkdir()
    record = record | {
        "runs": [r for r in record["runs"] if r["contender"] != BAYES]
    }
    results.write(left, record)
    done = bench("--resume", left, *ADD)
    assert done.stderr == ""
    after = results.read(left)["runs"]
    assert after[:-1] == record["runs"]
    assert after[-1]["contender"] == BAYES
    assert after[-1]["status"] == "ok"


def test_two_rows_of_one_name_can_be_told_apart():
    first, second = select(["my.nets:net", "your_nets:net"])
    assert first.title == "nets.net, added"
    assert second.title == "your_nets.net, added"


BAD = {
    "no colon": ("GaussianNB", "--add: expected MODULE:FACTORY, as in sklea"),
    "a path": ("../evil:make", "--add: expected MODULE:FACTORY"),
    "a call": ("os:system('x')", "--add: expected MODULE:FACTORY"),
    "it ends the process": ("os:abort", "--add os:abort: its process was end"),
    "something else": ("os:getcwd", "a scikit-learn classifier, got str"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_added_is_told_before_anything_runs(
    name, tmp_path, capfd, monkeypatch
):
    value, message = BAD[name]
    (tmp_path / "my_exit.py").write_text("raise SystemExit(0)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folder = tmp_path / "out"
    arguments = ["--data", "digits", "--only", "numpy-batch-10"]
    arguments += ["--add", value, "--out", str(folder)]
    assert main(arguments) == 2
    error = capfd.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not folder.exists()


def test_only_is_for_rows_of_ours(capsys):
    assert main(["--only", BAYES]) == 2
    assert f"is no row; say --add {BAYES}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["a:b", "a.b_c:D1", "größe:netz", "../x:y", "a:b:c", "a/b:c", ":b",
             "a:", "a.:b", "1a:b", "a:b\n", "x" * 200 + ":y"],
)  # fmt: skip
def test_a_name_is_a_module_and_an_attribute(name):
    good = name in ("a:b", "a.b_c:D1", "größe:netz")
    assert is_added(name) is good
