"""The parent: its plan, its workers, what becomes of those that die."""

import json
import os
import sys

import pytest

from benchmarks import InputError, cli
from benchmarks.measure import conditions
from benchmarks.measure.messages import Done, Gpus
from benchmarks.record import folder as folders
from benchmarks.record.record import Data, Record
from benchmarks.record.request import TIERS, Request
from benchmarks.rows import table
from benchmarks.run import parent, worker
from benchmarks.run.parent import Parent
from benchmarks.run.progress import Display, in_words, standard_output
from tests.benchmarks.records import a_record, a_run

DATA = Data(
    choice="digits",
    name="n",
    source="s",
    sha256={},
    train_images=1,
    test_images=1,
)


def a_request(*names, **more):
    rows = [table.EVERY[name] for name in names]
    return Request(tier="quick", rows=rows, data="digits", **more)


def a_parent(tmp_path, *names, **more):
    folder = folders.new_folder(str(tmp_path / "out"), "quick")
    return Parent(
        a_request(*names, **more), folder, Display(standard_output())
    )


# The plan


def test_every_round_holds_every_row_in_another_order():
    names = [row.name for row in table.ROWS[:8]]
    plan = a_request(*names, "study", rounds=3, seed=1).plan()
    assert plan == a_request(*names, "study", rounds=3, seed=1).plan()
    assert plan[-1].row == "study", "once is enough, at the end"
    rounds = [[e.row for e in plan[:-1] if e.round == n] for n in range(3)]
    assert all(sorted(order) == sorted(names) for order in rounds)
    assert rounds[0] != rounds[1] != rounds[2]
    assert [e.order for e in plan] == list(range(25))


def test_tiers_grow():
    sizes = [tier.n_train or 60_000 for tier in TIERS.values()]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["numpy-batch-1", "floor"], {"numpy-batch-1", "floor"}),
        (["trees"], {"xgboost", *(r.name for r in table.TREE_SETTINGS)}),
        (["step", "drift"], {*(r.name for r in table.SWEEPS), "drift"}),
    ],
)
def test_only_takes_rows_and_groups(words, names):
    chosen = [row.name for row in table.choose(words)]
    assert set(chosen) == names
    assert len(chosen) == len(names)


def test_each_tree_row_changes_one_thing():
    """The time of one change is its own only if there is no other."""
    for row in table.TREE_SETTINGS:
        assert row.model == table.XGBOOST.model
        shape = ("grow_policy", "max_leaves", "max_depth")  # of one tree
        assert len(row.settings) == 1 or set(row.settings) == set(shape)


def requested(words):
    return cli._request(cli._parse(words))


def test_the_command_line_becomes_one_request():
    request = requested(["--only", "tta", "--seed", "7", "--threads", "1"])
    assert request.rounds == 3, "time to accuracy is about seeds"
    assert (request.seed, request.threads, request.tier) == (7, 1, "quick")
    assert all(row.until for row in request.rows)
    quick, full = requested([]), requested(["--tier", "full"])
    assert {r.name for r in quick.rows} < {r.name for r in full.rows}
    gpu = requested(["--device", "gpu"])
    assert all(row.gpu for row in gpu.rows)


def test_quick_says_what_it_leaves_out(monkeypatch, tmp_path, capsys):
    def stop(self):
        raise InputError("far enough")

    monkeypatch.setattr(Parent, "find_data", stop)
    cli.main(["--out", str(tmp_path / "out")])
    out = capsys.readouterr().out
    assert "left out: keras-batch-1, " in out
    assert "--tier full has them" in out


# Folders


def test_a_run_without_a_name_gets_one_by_time_host_and_tier(
    tmp_path, monkeypatch
):
    """Two that begin in the same second get a folder each."""
    monkeypatch.setattr(folders, "ROOT", tmp_path)
    monkeypatch.setattr(folders.platform, "node", lambda: "a b/../ü")
    made = [folders.new_folder(None, "quick") for _ in range(3)]
    assert len(set(made)) == 3
    assert {folder.parent for folder in made} == {tmp_path / "results"}
    assert all("Z-a-b--quick" in folder.name for folder in made)


def test_a_folder_of_a_run_that_never_began_is_used_again(tmp_path):
    """A kill before the first row leaves it; the same command must do."""
    folder = folders.new_folder(str(tmp_path / "out"), "quick")
    (folder / "run.log").write_text("")
    assert folders.new_folder(str(folder), "quick") == folder


def test_a_folder_of_others_is_neither_used_nor_removed(tmp_path):
    """A folder of somebody's figures looks like a run that has begun."""
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.png").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        folders.new_folder(str(tmp_path), "quick")
    folders.discard(tmp_path)
    assert (tmp_path / "figures" / "mine.png").read_text() == "mine"


def test_a_run_keeps_every_other_out_of_its_folder(tmp_path, capsys):
    """With equal --out, or a --resume of what is still running."""
    folder = folders.new_folder(str(tmp_path / "out"), "quick")
    with folders.claimed(folder):
        first = cli.main(["--only", "floor", "--out", str(folder)])
        a_record(a_run("floor")).save(folder)
        second = cli.main(["--resume", str(folder)])
    assert (first, second) == (2, 2)
    error = capsys.readouterr().err
    assert error.count(f"another run is writing to {folder}: wait") == 2
    assert error.count("\n") == 2
    assert (folder / "figures").is_dir()


def test_to_go_on_clears_what_a_kill_has_left(tmp_path):
    for name in (".results.json.1.part", "weights/.x.npz.1.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("half")
    (tmp_path / "joblib_memmapping_folder_1_a_b").mkdir()
    (tmp_path / "weights" / "x.npz").write_text("whole")
    folders.tidy(tmp_path)
    assert [p.name for p in tmp_path.rglob("*")] == ["weights", "x.npz"]


# Workers that do not do what they should

posix = pytest.mark.skipif(os.name == "nt", reason="a fake worker is a shell")


def fake_worker(monkeypatch, tmp_path, code):
    """Let this code be what every worker runs; task is what it was told."""
    script, python = tmp_path / "worker.py", tmp_path / "python"
    script.write_text(
        "import json, os, signal, sys, time\n"
        "task = json.load(sys.stdin)\n"
        "def say(kind, **parts):\n"
        "    print(json.dumps({'type': kind} | parts), flush=True)\n"
        f"if task['kind'] == 'row':\n    {code}\n"
        "else:\n    say('Done', status='failed', message='m')\n"
    )
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
    python.chmod(0o755)
    monkeypatch.setattr(worker.sys, "executable", str(python))


@posix
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL: was there too lit"),
        ("os.kill(os.getpid(), signal.SIGILL)", "SIGILL: this processor lac"),
        (
            "print('{\"type\": ', end='', flush=True); "
            "os.kill(os.getpid(), signal.SIGKILL)",
            "SIGKILL: was there too lit",
        ),
        ("sys.exit(3)", "exit code 3; see run.log"),
        ("time.sleep(60)", "no end after 2 s: stopped"),
    ],
)
def test_a_worker_that_dies_becomes_a_row_that_says_so(
    code, message, monkeypatch, tmp_path, capsys
):
    fake_worker(monkeypatch, tmp_path, code)
    doer = a_parent(tmp_path, "xgboost", timeout=2.0)
    monkeypatch.setattr(doer, "draw", lambda: None)
    [run] = doer.go_on(doer.begin(DATA)).runs
    assert run.status in ("failed", "timed out")
    assert message in run.message
    record = Record.load(doer.folder)
    assert record.runs == [run]
    assert record.finished_utc
    assert "weights were not compared: m" in capsys.readouterr().out


VARIANT = {"units": [3], "activation": "relu", "output": "relu",
           "learning_rate": 0.1}  # fmt: skip
KEY = "784-3-10 relu relu rate 0.1 batch 10 epochs 5 l2 0 seed "
STUDY = f"""
    for seed in (0, 1, 2):
        net = {VARIANT!r} | {{"seed": seed}}
        key = {KEY!r} + str(seed)
        if key not in task["studied"]:
            say("Keep", studied={{"settings": net, "status": "diverged"}})
            if seed == 1 and not task["studied"]:
                sys.exit(3)
    say("Done", run={{"row": "study"}})
"""


@posix
def test_a_study_cut_short_keeps_its_nets_and_goes_on(monkeypatch, tmp_path):
    """Each net is written down when it is trained, and trained once."""
    fake_worker(monkeypatch, tmp_path, STUDY.strip())
    doer = a_parent(tmp_path, "study")
    monkeypatch.setattr(doer, "draw", lambda: None)
    record = doer.go_on(doer.begin(DATA))
    [run] = record.runs
    assert (run.status, len(run.study)) == ("failed", 2)
    assert Record.load(doer.folder) == record
    run.status = "running"  # as a kill of the parent would have left it
    [again] = doer.go_on(record).runs
    assert (again.status, len(again.study)) == ("ok", 3)
    assert [net.settings.seed for net in again.study] == [0, 1, 2]
    assert record.missing() == []


@posix
def test_environment_and_cores_reach_the_worker(tmp_path, monkeypatch):
    """Whatever the parent's own settings are."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("cores cannot be chosen on this system")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    fake_worker(
        monkeypatch,
        tmp_path,
        "say('Done', status='failed', message=json.dumps([os.environ.get(n) "
        "for n in ('OMP_NUM_THREADS', 'CUDA_VISIBLE_DEVICES', "
        "'PYTHONHASHSEED')] + [sorted(os.sched_getaffinity(0))]))",
    )
    before = os.sched_getaffinity(0)
    doer = a_parent(tmp_path, "floor")
    monkeypatch.setattr(doer, "draw", lambda: None)
    [run] = doer.go_on(doer.begin(DATA)).runs
    assert json.loads(run.message) == ["1", "-1", "0", [max(before)]]
    assert os.sched_getaffinity(0) == before
    assert "CUDA_VISIBLE_DEVICES" not in conditions.environment(1, "gpu")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_one_line(monkeypatch, tmp_path, capsys):
    """The file system says no in the middle of the run."""

    def full(record, folder):
        with open("/dev/full", "w") as file:
            file.write("results")

    monkeypatch.setattr(Record, "save", full)
    monkeypatch.setattr(Parent, "find_data", lambda self: DATA)
    words = ["--only", "floor", "--out", str(tmp_path / "out")]
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert error.count("\n") == 1


def test_a_failed_row_makes_the_exit_code_1(monkeypatch, tmp_path, capsys):
    """The rows are kept; the caller is told."""
    answers = {"data": Done(data=DATA), "row": Done("failed", "no trees")}
    monkeypatch.setattr(
        parent,
        "ask",
        lambda task, log, hear: answers.get(task.kind, Done("failed", "m")),
    )
    words = ["--only", "xgboost", "--out", str(tmp_path / "out")]
    assert cli.main(words) == 1
    assert "XGBoost, defaults: failed: no trees" in capsys.readouterr().out
    assert (tmp_path / "out" / "summary.md").is_file()


def test_without_a_gpu_it_is_one_clear_line(tmp_path, monkeypatch, capsys):
    gpus = Done(gpus=Gpus(tensorflow=[], xgboost=False))
    monkeypatch.setattr(parent, "ask", lambda task, log, hear: gpus)
    words = ["--device", "gpu", "--out", str(tmp_path / "out")]
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert "TensorFlow sees none, XGBoost was built without CUDA" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda r: setattr(r.machine, "id", "x"), "was begun on another mach"),
        (lambda r: setattr(r.request, "threads", 999), "expected at most"),
        (
            lambda r: r.request.rows.append(table.added("os:system")),
            "has a row os:system, code that is not of this project",
        ),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused(
    change, line, tmp_path, capsys
):
    """A results file may come from anywhere: it decides nothing."""
    record = a_record(a_run("floor"))
    record.machine = cli.describe()
    change(record)
    record.save(tmp_path)
    assert cli.main(["--resume", str(tmp_path)]) == 2
    assert line in capsys.readouterr().err


def test_what_a_worker_says_steers_no_terminal(capsys):
    display = Display(standard_output())
    display.say("of a worker: a\x1b[2J\x07\u202e")
    assert capsys.readouterr().out == "of a worker: a?[2J??\n"


def test_durations_are_said_as_people_do():
    assert [in_words(s) for s in (0.2, 89, 91, 3600)] == [
        "1 s", "89 s", "2 min", "60 min",
    ]  # fmt: skip


def test_a_results_folder_that_leads_nowhere_is_one_line(
    tmp_path, monkeypatch
):
    """It looks as if every name were taken: no reason to try for ever."""
    (tmp_path / "results").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr(folders, "ROOT", tmp_path)
    with pytest.raises(InputError, match=r"cannot be made \(File exists"):
        folders.new_folder(None, "quick")
