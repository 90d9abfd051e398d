"""--add: any scikit-learn classifier beside the others, by the same rules."""

import pytest
from msgspec.structs import replace

from benchmarks import cli
from benchmarks.measure import worker
from benchmarks.measure.clock import Phases
from benchmarks.record.record import Record
from benchmarks.rows import table
from benchmarks.run import parent
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
NAMES = (BAYES, "my_models:mlp", "my_models:net", "my_models:Words")
ADD = [word for name in NAMES for word in ("--add", name)]


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
    done = bench(
        *("--data", "digits", "--only", "numpy-batch-10", *ADD),
        *("--threads", "1", "--seed", "3", "--out", place / "out"),
        PYTHONPATH=str(place),
    )
    return place / "out", Record.load(place / "out"), done


def test_added_rows_are_judged_and_timed_like_the_others(run):
    folder, record, done = run
    runs = {entry.row: entry for entry in record.runs}
    assert set(runs) == {"numpy-batch-10", *NAMES}
    for name in NAMES[:3]:
        assert runs[name].ok, runs[name].message
        assert runs[name].training_seconds > 0
        assert runs[name].training.test.accuracy > 0.3
        assert runs[name].verified.threads == 1
    settings = runs["my_models:net"].verified.settings
    assert "random_state=3" in str(settings)
    assert done.stderr == ""
    for file in ("index.html", "summary.md"):
        text = (folder / file).read_text(encoding="utf-8")
        assert "GaussianNB, added" in text
        assert "net, added" in text


def test_an_answer_that_is_no_digit_is_a_failed_row(run):
    _, record, done = run
    [words] = [entry for entry in record.runs if entry.row == NAMES[3]]
    assert words.status == "bad input"
    assert "digits" in words.message
    assert done.returncode == 1


@pytest.mark.parametrize("command", ["check", "report"])
def test_commands_that_read_need_no_code_of_theirs(run, command, capsys):
    """my_models cannot be imported here."""
    assert cli.main([command, str(run[0])]) in (0, 1)
    assert capsys.readouterr().err == ""


def test_a_results_file_cannot_say_what_is_run(run, capsys):
    """It may come from anywhere; its words are no leave to import."""
    folder, record, _ = run
    hostile = folder.parent / "hostile"
    replace(record, runs=[]).save(hostile)
    assert cli.main(["--resume", str(hostile)]) == 2
    error = capsys.readouterr().err
    assert "code that is not of this project" in error
    assert "again" in error
    assert error.count("\n") == 1
    assert Record.load(hostile).runs == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nonsense", "expected MODULE:FACTORY"),
        ("../x:y", "expected MODULE:FACTORY"),
        ("a.b.c:d", "got ModuleNotFoundError"),
        ("sklearn.svm:Nothing", "has no attribute 'Nothing'"),
        ("sklearn.linear_model:LinearRegression", "expected a scikit-learn c"),
        ("os:getcwd", "expected a scikit-learn classifier, got str"),
    ],
)
def test_what_cannot_be_added_is_told_before_anything_runs(
    name, line, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(
        parent, "ask", lambda task, log, hear: worker.do(task, hear, Phases())
    )
    words = ["--add", name, "--only", "floor", "--out", str(tmp_path / "out")]
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_only_is_for_rows_of_ours(capsys):
    assert cli.main(["--only", BAYES]) == 2
    assert f"unknown row '{BAYES}'" in capsys.readouterr().err


def test_two_rows_of_one_name_can_be_told_apart():
    titles = [table.added(f"{m}:Net").title for m in ("a.one", "b.two")]
    assert titles == ["one.Net, added", "two.Net, added"]
