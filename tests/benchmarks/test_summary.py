"""Tables and sentences: summary.md, README, the terminal."""

import io
import re
import subprocess
import sys

import numpy as np
import pytest
from msgspec.structs import replace
from rich.console import Console

from benchmarks import ROOT, InputError, cli
from benchmarks.analysis.analysis import Analysis
from benchmarks.analysis.compare import changes
from benchmarks.record.record import Record
from benchmarks.record.run import Call, Memory, Phase, Size
from benchmarks.report import readme, tables, terminal
from benchmarks.report.readme import summary
from benchmarks.report.templating import in_markdown, say, written
from benchmarks.rows.row import Bar
from benchmarks.rows.table import (
    COMPILED_10,
    COMPILED_LOOP,
    KERAS_1,
    KERAS_10,
    NUMPY_1,
    NUMPY_10,
    RATIOS,
    ROWS,
    TEXTBOOK,
    sweep_of,
)
from tests.benchmarks.records import (
    TWIN,
    a_record,
    a_run,
    a_sweep,
    equal,
    rounds,
    timed,
)

REFERENCE = ROOT / "docs" / "reference"
EVIL = f"a | b <script>x</script> [c](javascript:d) {readme.END}"


@pytest.fixture(scope="module")
def record():
    return Record.load(REFERENCE)


def table(name, *runs, **more):
    """Cells of a table of a made-up record."""
    return tables.table(name, Analysis(a_record(*runs, **more))).rows


# Results


def test_the_table_holds_what_the_record_holds(record):
    """Recomputed here from the raw runs, by other words."""
    trained = [run for run in record.runs if run.training]
    rows = [row for row in ROWS if row.name in {run.row for run in trained}]
    shown = tables.table("results", Analysis(record)).rows
    assert [cells[0] for cells in shown] == [row.label for row in rows]
    for cells, row in zip(shown, rows, strict=True):
        runs = [run for run in trained if run.row == row.name]
        names = ("matrix", "compile", "first step", "training")
        seconds = np.median(
            [
                sum(run.phases[n].wall for n in names if n in run.phases)
                - run.training.off_clock
                for run in runs
            ]
        )
        confusion = [np.array(run.training.test.confusion) for run in runs]
        right = np.median([np.trace(c) / c.sum() for c in confusion])
        assert float(cells[1]) == pytest.approx(right, abs=5e-5)
        assert float(cells[3]) == pytest.approx(seconds, rel=6e-3, abs=6e-4)


def test_failed_and_missing_rows_say_so():
    """And a row of one epoch, which else would seem to learn less."""
    ended = a_run(TEXTBOOK, status="diverged", training=None)
    runs = [ended, *rounds(KERAS_10, [1.0, 3.0, 2.0])]
    shown = table("results", *runs, rows=[TEXTBOOK, KERAS_1, KERAS_10])
    assert shown == [
        ["NumPy, textbook", "diverged", "", "", "", "", "255"],
        ["Keras, batch 1, 1 epoch", "not run", *[""] * 5],
        ["Keras, batch 10", "0.9000", "0.8667", "6.00", "0.9136", "0.9131",
         "46.2"],
    ]  # fmt: skip


WRITTEN = [
    (0.0, "three_digits", "0.000"), (0.0047, "three_digits", "0.00470"),
    (0.01234, "three_digits", "0.0123"), (1.2345, "three_digits", "1.23"),
    (12.345, "three_digits", "12.3"), (1234.5, "three_digits", "1234"),
    (1.234e-5, "micro", "12.3"), (1.2345e-3, "micro", "1,234"),
    (1.234e-6, "micro_2", "1.23"), (1234, ",", "1,234"),
    (None, ",.0f or never", "never"), (None, "", ""),
    ("0, bit for bit", ".1e", "0, bit for bit"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "form", "text"), WRITTEN)
def test_numbers_are_written_in_the_form_of_their_column(value, form, text):
    assert written(value, form) == text


def test_a_value_stands_with_its_interval():
    [one] = table("spreads", *rounds(NUMPY_10, [1.0, 2.0, 4.0]))
    assert one == ["NumPy, batch 10", "3", "6.00 [3.00, 12.0]", "50.0%",
                   "0.9000 to 0.9000", "20"]  # fmt: skip


# Ratios, bars


def test_seconds_and_ratio_tell_of_the_same_rounds():
    """Keras ran in the first round alone; NumPy was slower in the others."""
    runs = [*rounds(NUMPY_10, [1.0, 9.0, 9.0]), *rounds(KERAS_10, [2.0])]
    record = a_record(*runs, gate=[equal(KERAS_10, NUMPY_10)])
    analysis = Analysis(record)
    [row] = tables.table("ratios", analysis).rows
    assert row[2:] == ["2.00 / 1.00", "2.00", "not judged"]
    [said] = say("verdict.txt", "verdict", analysis)
    assert "NumPy 1.00 s and Keras 2.00 s on 1 thread of A proc" in said
    assert "takes 2.00 times as long (one round, so take it as" in said


def test_a_failed_gate_leaves_no_ratio():
    runs = [*rounds(NUMPY_10, [1.0] * 5), *rounds(KERAS_10, [9.0] * 5)]
    gate = [equal(KERAS_10, NUMPY_10, failed=["20 updates here, 19 there"])]
    analysis = Analysis(a_record(*runs, gate=gate))
    [row] = tables.table("ratios", analysis).rows
    assert row[-2:] == ["none", "gate failed: 20 updates here, 19 there"]
    [said] = say("verdict.txt", "verdict", analysis)
    assert "no ratio of their times" in said


@pytest.mark.parametrize(
    ("slower", "faster", "factor", "count", "said"),
    [
        (KERAS_10, NUMPY_10, 2.0, 7, "yes"),
        (KERAS_10, NUMPY_10, 0.5, 7, "no"),
        (KERAS_10, NUMPY_10, 1.0, 7, "within the noise"),
        (NUMPY_1, COMPILED_LOOP, 0.9, 3, "yes"),
        (NUMPY_1, COMPILED_LOOP, 1.1, 3, "no"),
        (NUMPY_1, COMPILED_LOOP, 0.9, 1, "not judged: one round"),
    ],
)
def test_a_bar_is_reached_by_the_whole_interval(
    slower, faster, factor, count, said
):
    """At least so many times as long, or at most."""
    pair = slower, faster
    [bar] = [r.bar for r in RATIOS if (r.slower, r.faster) == pair]
    seconds = timed(bar.limit * factor, 0.01, count)
    runs = [*rounds(slower, seconds), *rounds(faster, [1.0] * count)]
    gate = [equal(slower, faster)]
    [row] = table("bars", *runs, gate=gate)
    assert (row[1], row[3]) == (str(bar), said)
    assert not table("bars", *runs, gate=gate, threads=2), "of one thread"


def test_a_bar_is_from_above_or_below():
    assert str(Bar(15)) == "at least 15"
    assert str(Bar(2.5, at_least=False)) == "at most 2.5"


# Sentences


def test_the_reasons_are_made_from_the_figures():
    """Per sample 4 s, batch 10 half a second, Keras 8 s, compiled 1 s.

    To compile takes 3.5 s; fit, too, spends a second before its first
    epoch: 2.5 s are to regain.
    """
    keras, compiled = a_run(KERAS_10, 8.0), a_run(COMPILED_10, 1.0)
    keras.phases["first step"] = Phase(wall=1.0)
    compiled.phases["compile"] = Phase(wall=3.5)
    numpy = ((TEXTBOOK, 4.0), (NUMPY_1, 2.0), (NUMPY_10, 0.5))
    runs = [
        *(a_run(row, seconds) for row, seconds in numpy),
        *(keras, compiled),
        a_sweep(sweep_of(KERAS_10), lambda b: 9e-5 + 1e-6 * b),
    ]
    pairs = (
        *((NUMPY_1, TEXTBOOK), (KERAS_10, NUMPY_10)),
        (COMPILED_10, KERAS_10),
    )
    gate = [equal(*pair) for pair in pairs]
    said = say("verdict.txt", "why", Analysis(a_record(*runs, gate=gate)))
    assignment, overhead, compiling = said
    for words in (
        "an epoch of the first takes 4.00 s, with 10 times the updates",
        "and of the second 8.00 s",
        "spelling of the same NumPy step makes its epoch 2.00 times shorter",
        "batches of ten, 4.00 times shorter once more",
        "makes Keras's 16.0 times as long as NumPy's.",
    ):
        assert words in assignment
    assert "Keras 91.0 and 100 µs. The nearer" in overhead
    for words in (
        "1.00 s in place of 8.00",
        "3.50 s, 2.50 s more than the first step of fit",
        "pays after 0.4 epochs",
    ):
        assert words in compiling
    ungated = Analysis(a_record(*runs))
    assert say("verdict.txt", "why", ungated) == [overhead]


SIZES = "(batch sizes 1 to 1,000)"
TURNS = {
    f"NumPy is faster below batch size 90 and Keras above {SIZES}":
        (lambda b: 10 + 2 * b, lambda b: 100 + b),
    f"no crossover with batch size: Keras is never slower than NumPy {SIZES}":
        (lambda b: 2 * b, lambda b: b),
    f"NumPy and Keras change places more than once with batch size {SIZES}":
        (lambda b: 900 if b == 10 else b, lambda b: 1.5 * b),
}  # fmt: skip


@pytest.mark.parametrize("said", TURNS)
def test_where_two_rows_change_places_is_said(said):
    sweeps = [
        a_sweep(sweep_of(row), seconds, range(1, 1001))
        for row, seconds in zip((NUMPY_10, KERAS_10), TURNS[said], strict=True)
    ]
    twice, once = (Analysis(a_record(*sweeps, rounds=n)) for n in (2, 1))
    line = f"At 30 units, {said}."
    assert say("verdict.txt", "turn", twice) == [line]
    assert line in tables.table("lines", twice).note
    hint = f"{line[:-1]}: one round, so a hint."
    assert say("verdict.txt", "turn", once) == [hint]


def test_a_sweep_tells_growth_memory_and_calls():
    run = a_sweep(sweep_of(NUMPY_10), lambda b: 1e-6 * b)
    run.sweep.sizes = [Size(1000, 0.01), Size(3000, 0.06)]
    run.sweep.memory = [Memory(1000, 2**20), Memory(2000, 2**20 + 8000)]
    run.sweep.calls = [
        Call(size, call, 1e-6 * size * seconds)
        for call, seconds in (("a", 2), ("b", 3), ("the whole step", 6))
        for size in (1, 10)
    ]
    analysis = Analysis(a_record(run, rounds=2))
    growth = tables.table("growth", analysis)
    assert growth.header[2:] == ["1,000", "3,000"]
    assert growth.rows == [["NumPy", "10", "10.0", "20.0"]]
    assert "at most 1.0 MiB at 2,000 samples, 8.0 bytes for" in growth.note
    assert tables.table("calls", analysis).rows == [
        ["a", "2.0", "20.0"],
        ["b", "3.0", "30.0"],
        ["the whole step", "6.0", "60.0"],
        ["of it between the calls", "1.0", "10.0"],
    ]


def test_a_restless_machine_is_said_to_be_one():
    runs = [*rounds(NUMPY_10, [1.0] * 5), *rounds(TWIN, [1.3] * 5)]
    assert not say("verdict.txt", "noisy", Analysis(a_record(*runs)))
    for run in runs[:2]:
        run.noise = replace(run.noise, steal=0.5)
    analysis = Analysis(a_record(*runs))
    said = "numpy-batch-10, round 1: the host took 50% of the CPU time"
    assert say("verdict.txt", "doubts", analysis)[0] == said
    [line] = say("verdict.txt", "noisy", analysis)
    assert f"{said}, and 1 more (python -m benchmarks check" in line
    note = tables.table("results", analysis).note
    assert "not quiet in 2 of 10 processes" in note
    assert "identical rows differ by up to 30%." in note


@pytest.mark.parametrize(
    ("factor", "limit", "code", "became"),
    [
        (1.0, "10", 0, "no difference shown"),
        (1.5, "10", 1, "slower"),
        (1.5, "60", 0, "slower"),
        (0.5, "10", 0, "faster"),
    ],
)
def test_check_and_compare_tell_by_table_and_exit_code(
    factor, limit, code, became, tmp_path, capsys
):
    records = {}
    for name, f in (("old", 1.0), ("new", factor)):
        runs = [*rounds(NUMPY_10, timed(f)), *rounds(TWIN, timed(f, seed=1))]
        records[name] = a_record(*runs, gate=[equal(TWIN, NUMPY_10)])
        records[name].save(tmp_path / name)
    found = tables.table("changes", None, changes=changes(*records.values()))
    assert [row[-1] for row in found.rows] == [became] * 2
    assert float(found.rows[0][3]) == pytest.approx(factor, rel=0.01)
    assert "Noise floor" in found.note
    old, new = (str(tmp_path / name) for name in records)
    assert cli.main(["compare", old, new, "--fail-over", limit]) == code
    assert ("slower by more than" in capsys.readouterr().out) == bool(code)
    assert cli.main(["check", old]) == 0
    runs[0].noise = replace(runs[0].noise, steal=0.5)
    a_record(*runs).save(tmp_path / "new")
    assert cli.main(["check", new]) == 1
    out = capsys.readouterr().out
    assert "round 1: the host took 50% of the CPU time" in out


# Files and the terminal


def test_readme_and_summary_show_the_reference_run(record):
    """After a new run: report docs/reference --readme README.md."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.split(readme.BEGIN)[1].split(readme.END)[0]
    analysis = Analysis(record)
    assert block.strip() == summary(analysis, whole=False).strip()
    text = (REFERENCE / "summary.md").read_text(encoding="utf-8")
    assert text == summary(analysis)


def test_a_file_without_the_markers_is_not_touched(tmp_path):
    path = tmp_path / "README.md"
    for text in ("nothing here", readme.BEGIN):
        path.write_text(text)
        with pytest.raises(InputError, match="expected the lines <!-- res"):
            readme.write_into(path, a_record())
        assert path.read_text() == text
    with pytest.raises(InputError, match="cannot be read"):
        readme.write_into(tmp_path / "none", a_record())


def evil_record():
    record = a_record(*rounds(NUMPY_10, [1.0, 2.0]), *rounds(TWIN, [1.0]))
    record.request.rows = [replace(r, title=EVIL) for r in record.rows]
    record.machine.processor = record.data.name = EVIL
    return record


def test_what_others_wrote_is_no_markdown(tmp_path):
    """Nor does it end the block of README before its end."""
    text = summary(Analysis(evil_record()))
    assert "<script" not in text
    assert "](" not in text
    assert "&lt;script>x&lt;/script>" in text
    for part in text.split("\n\n"):
        lines = [line for line in part.splitlines() if line[:1] == "|"]
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
        assert len(columns) <= 1
    path = tmp_path / "README.md"
    path.write_text(f"top\n{readme.BEGIN}\n{readme.END}\nend\n")
    for _ in range(2):
        readme.write_into(path, evil_record())
    found = path.read_text(encoding="utf-8")
    assert found.startswith(f"top\n{readme.BEGIN}\n| model |")
    assert found.endswith(f"\n{readme.END}\nend\n")
    assert found.count(readme.END) == 1
    assert in_markdown("a\n\n# b\n|c|") == "a # b \\|c\\|"


@pytest.mark.parametrize("width", [200, 40])
def test_the_terminal_shows_tables_sentences_and_no_steering(width):
    """All cells, too, where the terminal is narrow."""
    record = evil_record()
    record.machine.processor = "a\x1b[2Jb\u202ec"
    record.request.rows[0] = replace(record.rows[0], title="t\x1b[7m")
    file = io.StringIO()
    terminal.show(Console(file=file, width=width, highlight=False), record)
    text = file.getvalue()
    assert "\x1b" not in text
    assert "a?[2Jb?c" in text
    assert "t?[7m" in text
    words = " ".join(text.split())
    for word in ("Accuracy and time", "0.9000", "Where the seconds go"):
        assert word in words
    assert "Was it fair?" in words
    for detail in ("Over the rounds", "Predicting, and memory"):
        assert detail not in words, "for those who look closer"


def test_the_parent_process_imports_nothing_that_is_timed():
    """Nor what draws: nothing of a row is there before its worker starts."""
    code = (
        "import sys, benchmarks.__main__, benchmarks.cli\n"
        "import benchmarks.report.terminal, benchmarks.report.readme\n"
        "heavy = {'numpy', 'matplotlib', 'keras', 'xgboost', 'sklearn'}\n"
        "print(heavy & set(sys.modules) or '')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert not done.stdout.strip()
