"""Files that others have made: results.json.

No pickle, no code, no more memory than a real file takes; names are never
paths; text stays text on the page, in Markdown and on the terminal.
"""

import copy
import json
import os
import re
import subprocess
import sys

import pytest

from benchmarks.__main__ import main
from benchmarks.record import results
from benchmarks.record.errors import InputError, printable
from benchmarks.report import page, summary
from benchmarks.report.table import in_markdown
from tests.test_benchmark_runs import ROOT

SAMPLE = ROOT / "docs" / "sample"


@pytest.fixture
def record():
    return results.read(SAMPLE)


# results.json


STEERING = "a\x1b[2J\x1b]0;b\x07\x9b1m\r\x08\u202e\ud800\u2028c\nd"


def test_what_steers_a_terminal_is_not_printed(record, tmp_path, capsys):
    record["data"]["name"] = record["machine"]["processor"] = STEERING
    record["id"] = record["note"] = STEERING
    record["runs"][0] |= {"status": "failed", "message": STEERING}
    (tmp_path / "results.json").write_text(json.dumps(record))
    found = results.read(tmp_path)
    assert found["note"] == "a?[2J?]0;b??1m?????c d"
    for command in (["check"], ["compare", str(tmp_path)], ["beside"]):
        main([*command, str(tmp_path)])
        out, error = capsys.readouterr()
        assert not re.search(r"[^\n -~\xa1-\u2027\u2030-\ud7ff]", out + error)
    made = page.page(found) + summary.markdown(found)
    assert "\x1b" not in made
    assert "a?[2J" in made


def test_a_message_that_steers_a_terminal_is_not_printed(capsys):
    from benchmarks.run.display import make_display

    make_display([]).say(f"of a worker: {STEERING}")
    assert main(["check", "/no/such\x1b[31m"]) == 2
    out, error = capsys.readouterr()
    assert "\x1b" not in out + error
    assert "of a worker: a?[2J" in out


def test_printable_leaves_words_as_they_are():
    for text in ("größer, µs, 784×30 │ ─", "two\nlines", ""):
        assert printable(text) == text


EVIL = "a | b <script>x</script> [c](javascript:d) ![e](http://f) " + (
    summary.END
)


def test_what_others_wrote_is_no_markdown(record, tmp_path):
    """Nor does it end the block of README before its end."""
    record["machine"]["processor"] = record["data"]["name"] = EVIL
    text = summary.markdown(record)
    assert "<script" not in text
    assert "](" not in text
    assert "&lt;script>x&lt;/script>" in text
    columns = [
        len(re.findall(r"(?<!\\)\|", line))
        for line in text.split("\n\n")[0].splitlines()
    ]
    assert set(columns) == {8}
    readme = tmp_path / "README.md"
    readme.write_text(f"top\n{summary.BEGIN}\n{summary.END}\nend\n")
    for _ in range(2):
        summary.write_into(readme, record)
    found = readme.read_text(encoding="utf-8")
    assert found.count(summary.END) == 1
    assert found.endswith(f"{summary.END}\nend\n")


def test_in_markdown_a_text_is_one_line():
    assert in_markdown("a\n\n# b\n|c|") == "a # b \\|c\\|"


DEEP = {
    "deeper than Python": lambda r: "[" * 10**5 + "]" * 10**5,
    "as deep as Python can": lambda r: json.dumps(r | {"seed": 0}).replace(
        '"seed": 0', f'"seed": {"[" * 900}{"]" * 900}'
    ),
    "a number of 5,000 digits": lambda r: json.dumps(r).replace(
        '"seed": 0', f'"seed": {"9" * 5000}'
    ),
    "a number of 4,000 digits": lambda r: json.dumps(
        r | {"rounds": 1}
    ).replace('"rounds": 1', f'"rounds": {"9" * 4000}'),
    "quotes": lambda r: json.dumps(r | {"command": "python '"}),
    "seconds without end": lambda r: re.sub(
        r'"wall": [0-9.e-]+', '"wall": 1.7e308', json.dumps(r)
    ),
    "names as paths": lambda r: json.dumps(r).replace(
        '"numpy-batch-10"', '"../../owned"'
    ),
    "a name of Windows": lambda r: json.dumps(r).replace(
        '"numpy-batch-10"', '"NUL"'
    ),
}
COMMANDS = (
    *(["check", "DIR"], ["compare", "DIR", "DIR"], ["beside", "DIR"]),
    *(["export", "DIR"], ["--resume", "DIR"]),
    ["report", "DIR", "--publish", "OUT"],
)


@pytest.mark.parametrize("name", DEEP)
def test_an_absurd_file_is_one_line_for_every_command(
    name, record, tmp_path, capsys, monkeypatch
):
    from benchmarks.run import runner

    folder = tmp_path / "a" / "run"
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(DEEP[name](record))
    monkeypatch.setattr(runner, "draw", lambda folder, display: False)
    for command in COMMANDS:
        places = {"DIR": str(folder), "OUT": str(tmp_path / "out")}
        code = main([places.get(word, word) for word in command])
        error = capsys.readouterr().err
        assert code in (0, 1, 2)
        assert error.count("\n") == int(code == 2), error[:300]
        assert len(error) < 2000
    assert not list(tmp_path.rglob("*owned*"))


def test_more_threads_than_cores_are_not_gone_on_with(
    record, tmp_path, capsys
):
    from benchmarks.record import machine

    record = copy.deepcopy(record) | {"threads": 10**9}
    record["machine"] |= {"id": machine.describe()["id"]}
    record["asked"] = {
        **{"n_train": None, "n_test": None, "epochs": None, "points": []},
        **{"blocks": 1, "detailed": False, "timeout": 1.0},
    }
    results.write(tmp_path, record)
    assert main(["--resume", str(tmp_path)]) == 2
    assert "expected at most" in capsys.readouterr().err


# Streams that are closed


def check(command):
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m benchmarks {command}', sys.executable],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.skipif(os.name == "nt", reason="a shell's redirections")
@pytest.mark.parametrize("closed", ["<&-", "1>&-", "2>&-", "<&- 1>&- 2>&-"])
def test_closed_streams_are_nobody_who_reads(closed):
    done = check(f"compare docs/sample docs/sample {closed}")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert ("Then and now" in done.stdout) == ("1" not in closed)


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_run_goes_on_when_nobody_reads_on(tmp_path):
    """`| head -1` ends what is shown, not what is measured."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "benchmarks", "--data", "digits"),
            *("--only", "numpy-batch-10", "--out", str(tmp_path / "out")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert results.read(tmp_path / "out")["finished_utc"]
    assert (tmp_path / "out" / "summary.md").is_file()
