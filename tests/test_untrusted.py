"""Files that others have made: results.json and weights.

No pickle, no code, no more memory than a real file takes; names are never
paths; text stays text on the page, in Markdown and on the terminal.
"""

import copy
import io
import os
import re
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.record import arrays, results
from benchmarks.record.errors import InputError
from benchmarks.report import summary
from benchmarks.report.table import in_markdown
from tests.test_benchmark_runs import ROOT

SAMPLE = ROOT / "docs" / "sample"


@pytest.fixture
def record():
    return results.read(SAMPLE)


# Weights


def npy(shape, content=b"", descr="<f8"):
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


def npz(member, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("kernel_1.npy", member)
    return file.getvalue()


class Evil:
    def __reduce__(self):
        return os.mkdir, ("owned",)


def pickled():
    file = io.BytesIO()
    np.savez(file, kernel_1=np.array([Evil()], dtype=object))
    return file.getvalue()


def understated():
    """A member that unpacks to 100 MB and claims to have 136 bytes."""
    content = npy((1,), bytes(100 * 2**20))
    file = npz(content)
    size = len(content).to_bytes(4, "little")
    return file.replace(size, (136).to_bytes(4, "little"))


WEIGHTS = {
    "no file": (None, "No such file"),
    "empty": (b"", "not a zip file"),
    "cut": (npz(npy((2,), bytes(16)))[:-30], "not a zip file"),
    "a pickle": (pickled(), "object of"),
    "a bomb": (npz(npy((2**27,), bytes(2**27))), "it unpacks to 134,217"),
    "a bomb that lies": (understated(), "CRC-32"),
    "10^12 entries": (npz(npy((10**12,), bytes(8))), "(1000000000000,)"),
    "none of 10^30": (npz(npy((0, 10**30))), "cannot be read"),
    "a negative length": (npz(npy((-1,), bytes(8))), "(-1,)"),
    "text": (npz(npy((2,), bytes(8), "<U1")), "<U1 of (2,)"),
    "nan": (npz(npy((1,), b"\xff" * 8)), "no finite number"),
    "no array": (npz(b"hello"), "magic string"),
    "bzip2": (npz(b"0", zipfile.ZIP_BZIP2), "neither stored nor deflated"),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_others_are_refused_in_one_line(
    name, tmp_path, monkeypatch
):
    content, message = WEIGHTS[name]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "w.npz"
    if content is not None:
        path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"expected the weights") as caught:
        arrays.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert peak < 4 * 2**20
    assert not (tmp_path / "owned").exists()


def test_weights_survive_the_way_through_a_file(tmp_path, rng):
    kept = {
        "kernel_1": rng.normal(size=(5, 3)).astype("float32"),
        "bias_1": np.asfortranarray(rng.normal(size=(3, 2))),
    }
    np.savez(tmp_path / "w.npz", **kept)
    found = arrays.read(tmp_path / "w.npz")
    assert found.keys() == kept.keys()
    for name, array in kept.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_nothing_else_reads_arrays():
    """np.load would trust the sizes that a file claims."""
    for path in (ROOT / "benchmarks").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"np\.load\(|pickle\.loads?\(", text), path.name


# results.json


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
