"""Finding, reading and downloading MNIST, on twenty small stand-ins.

Nothing here leaves the machine: the only server is a thread on loopback.
Whatever a file or a server holds, it is refused in one line and in bounded
memory, and nothing that existed is changed.
"""

import gzip
import hashlib
import http.server
import io
import os
import re
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import ROOT, InputError
from benchmarks.data import dataset as data
from benchmarks.data import download, mnist, npz

MIRRORS = download.MIRRORS
LIMIT = 2**20  # bytes of memory; the stand-ins have 24 thousand
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
PAGE = b"\n<!DOCTYPE html><html>log in</html>"


def stand_in(key, count):
    rng = np.random.default_rng(count)
    shape = (count, *mnist.MNIST[key].shape[1:])
    array = rng.integers(0, 10, shape, dtype=np.uint8)
    sha256 = hashlib.sha256(array.tobytes()).hexdigest()
    return array, mnist.MNIST[key]._replace(shape=shape, sha256=sha256)


PAIRS = {k: stand_in(k, 20 if "train" in k else 10) for k in mnist.MNIST}
ARRAYS = {key: array for key, (array, _) in PAIRS.items()}
EXPECTED = {key: expected for key, (_, expected) in PAIRS.items()}


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Let the stand-ins pass for MNIST; every usual place is an empty one."""
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(data, "CHECKOUT", tmp_path / "data")
    monkeypatch.setattr(download, "MIRRORS", ())
    monkeypatch.setattr(mnist, "MNIST", EXPECTED)


def idx(array):
    header = (0x0800 + array.ndim, *array.shape)
    return struct.pack(f">{len(header)}I", *header) + array.tobytes()


def npz_of(arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zip_of(content, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("x_train.npy", content)
    return file.getvalue()


def npy(shape, content=b"", descr="|u1"):
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


def write_idx(folder, join="-", end="", pack=bytes):
    folder.mkdir(parents=True, exist_ok=True)
    for key, array in ARRAYS.items():
        name = EXPECTED[key].name.replace("-idx", f"{join}idx") + end
        (folder / name).write_bytes(pack(idx(array)))


def write_npz(folder, content=None):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mnist.npz").write_bytes(content or npz_of(ARRAYS))


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_stand_in(dataset):
    assert dataset.is_mnist
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(getattr(dataset, key), array)
        assert getattr(dataset, key).dtype == np.uint8
        assert dataset.sha256[key] == EXPECTED[key].sha256


@contextmanager
def refused(*parts, memory=LIMIT):
    """One line that holds the parts, in so much memory."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert all(part in str(caught.value) for part in parts), caught.value
    assert "\n" not in str(caught.value)
    assert peak < memory


# Reading a folder


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("join", ["-", "."])
def test_idx_files_are_read_gzipped_or_not(tmp_path, join, end, pack):
    write_idx(tmp_path / "mnist", join, end, pack)
    assert_stand_in(data.load("mnist", tmp_path / "mnist"))


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_is_read_compressed_or_not(tmp_path, save, order):
    arrays = {key: array.copy(order) for key, array in ARRAYS.items()}
    save(tmp_path / "mnist.npz", **arrays)
    assert_stand_in(data.load("mnist", tmp_path))


def test_torchvision_keeps_the_files_in_a_folder_below(tmp_path):
    """So its root is found, too; what lies in the root itself comes first."""
    write_idx(tmp_path / "root" / "MNIST" / "raw")
    assert_stand_in(data.load("mnist", tmp_path / "root"))
    write_npz(tmp_path / "root", b"damaged")
    with refused("root/mnist.npz: cannot be read"):
        data.load("mnist", tmp_path / "root")


def test_file_that_may_not_be_opened_is_refused(tmp_path, monkeypatch):
    write_idx(tmp_path)
    denied = PermissionError(13, "Permission denied")
    monkeypatch.setattr("builtins.open", mock.Mock(side_effect=denied))
    with refused(f"{IMAGES}: [Errno 13] Permission denied", "--data-dir"):
        data.load("auto", tmp_path)


def test_real_mnist(mnist):
    assert mnist.x_train.shape == (60_000, 28, 28)
    assert mnist.x_test.shape == (10_000, 28, 28)
    assert mnist.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    for key, total in mnist.sha256.items():
        array = getattr(mnist, key)
        assert hashlib.sha256(array.tobytes()).hexdigest() == total


FOLDERS = {
    "nowhere": "nowhere: not found, expected a folder with MNIST",
    "file": "file: is not a folder, expected a folder with MNIST",
    "empty": f"empty: has no mnist.npz and no {IMAGES}[.gz]",
    "two\nlines": "two lines: not found",
    "x" * 5000: "not found",
}


@pytest.mark.parametrize("name", FOLDERS, ids=lambda name: name[:9])
@pytest.mark.parametrize("by", ["--data-dir", "MNIST_DIR"])
def test_folder_without_mnist_is_refused(tmp_path, monkeypatch, name, by):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("empty").mkdir()
    if by == "MNIST_DIR":
        monkeypatch.setenv(by, name)
    with refused(FOLDERS[name], "put the four IDX files", by):
        data.load("auto", name if by == "--data-dir" else None)


X = ARRAYS["x_train"]
GOOD_IMAGES, GOOD_LABELS = idx(X), idx(ARRAYS["y_train"])
ZIPPED = gzip.compress(GOOD_IMAGES)
ZEROS = bytes(50 * LIMIT)
GOOD = npz_of(ARRAYS)


def npz_with(x_train):
    return npz_of({**ARRAYS, "x_train": x_train})


GZ = f"{IMAGES}.gz"
COLUMNS = GOOD.replace(b"order': False", b"order': True ")
# The file with the damage, its content, the line.
DAMAGED = [
    (IMAGES, b"", "x_train is not MNIST's: 0 bytes"),
    (IMAGES, GOOD_IMAGES[:15], "x_train is not MNIST's: 0 bytes"),
    (IMAGES, GOOD_IMAGES[:-1], "15,679 bytes"),
    (IMAGES, GOOD_IMAGES + b"\0", "15,681 bytes"),
    (IMAGES, GOOD_LABELS, "x_train is not MNIST's"),
    (IMAGES, idx(X[::-1]), "x_train is not MNIST's: 15,680 bytes with SHA-25"),
    (IMAGES, PAGE, "is a web page"),
    (LABELS, None, f"has no mnist.npz and no {LABELS}[.gz]"),
    (LABELS, idx(ARRAYS["y_test"]), "y_train is not MNIST's: 10 bytes"),
    (LABELS, GOOD_LABELS[:-1] + b"\n", "y_train is not MNIST's: 20 bytes"),
    (GZ, ZIPPED[:-9], "cannot be unpacked"),
    (GZ, ZIPPED[:-8], "cannot be unpacked"),
    (GZ, ZIPPED[:10], "cannot be unpacked"),
    (GZ, ZIPPED[:2000] + b"\0\xff" * 9, "cannot be unpacked"),
    (GZ, PAGE, "is a web page"),
    (GZ, gzip.compress(b"\xef\xbb\xbf<html>"), "is a web page"),
    (GZ, gzip.compress(ZEROS), "more than all of MNIST"),
    (GZ, gzip.compress(GOOD_IMAGES + ZEROS), "more than all of MNIST"),
    ("mnist.npz", b"", "cannot be read (File is not a zip file)"),
    ("mnist.npz", PAGE, "is a web page"),
    ("mnist.npz", GOOD[:-200], "cannot be read"),
    ("mnist.npz", npz_of({"a": X}), "x_train is not MNIST's: 0 bytes"),
    ("mnist.npz", npz_with(np.array([None, 1], object)), "object of (2,)"),
    ("mnist.npz", npz_with(X.astype(float)), "more than all of MNIST"),
    ("mnist.npz", npz_with(X.astype("i1")), "int8 of (20, 28, 28)"),
    ("mnist.npz", COLUMNS, "CRC"),
    ("mnist.npz", npz_with(X[::-1]), "x_train is not MNIST's"),
    ("mnist.npz", zip_of(ZEROS), "more than all of MNIST"),
]


@pytest.mark.parametrize("case", range(len(DAMAGED)))
def test_damaged_files_are_refused_in_one_line(tmp_path, case):
    name, content, line = DAMAGED[case]
    write_idx(tmp_path)
    (tmp_path / name.removesuffix(".gz")).unlink(missing_ok=True)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = contents(tmp_path)
    with refused(str(tmp_path), line, "put the four IDX files"):
        data.load("auto", tmp_path)
    assert contents(tmp_path) == before


# npz files, as weights


class Evil:
    def __reduce__(self):
        return os.mkdir, ("owned",)


def understated():
    """A member that unpacks to 100 MB and claims to have 136 bytes."""
    content = npy((1,), bytes(100 * 2**20), "<f8")
    size = len(content).to_bytes(4, "little")
    return zip_of(content).replace(size, (136).to_bytes(4, "little"))


PICKLE = npz_of({"x": np.array([Evil()], dtype=object)})
FLOATS = npy((2,), bytes(16), "<f8")
WEIGHTS = [
    (None, "No such file"),
    (b"", "not a zip file"),
    (zip_of(FLOATS)[:-30], "not a zip file"),
    (PICKLE, "object of (1,)"),
    (zip_of(ZEROS), "it unpacks to 52,428,800 bytes"),
    (understated(), "CRC-32"),
    (zip_of(npy((10**12,), bytes(8))), "(1000000000000,)"),
    (zip_of(npy((2**32, 28), bytes(8))), "(4294967296, 28)"),
    (zip_of(npy((0, 10**30), descr="<f8")), "cannot be read"),
    (zip_of(npy((-1,), bytes(8), "<f8")), "(-1,)"),
    (zip_of(FLOATS + b"\0"), "float64 of (2,)"),
    (zip_of(FLOATS[:-1]), "float64 of (2,)"),
    (zip_of(npy((2,), bytes(8), "<U1")), "<U1 of (2,)"),
    (zip_of(npy((2,), bytes(16), "<i8")), "int64 of (2,)"),
    (zip_of(npy((1,), b"\xff" * 8, "<f8")), "no finite number"),
    (zip_of(b"hello"), "magic string"),
    (zip_of(b"\x93NUMPY\1\0n\0" + b"(" * 110), "cannot be read"),
    (zip_of(b"\x93NUMPY\2\0" + FLOATS[8:]), "not npy 1.0"),
    (zip_of(b"0", zipfile.ZIP_BZIP2), "neither stored"),
]


@pytest.mark.parametrize("case", range(len(WEIGHTS)))
def test_weights_of_others_are_refused_in_one_line(
    case, tmp_path, monkeypatch
):
    content, line = WEIGHTS[case]
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("w.npz").write_bytes(content)
    with refused("w.npz: cannot be read", line, "finite floating numbers"):
        npz.read_arrays(Path("w.npz"), 2**20)
    assert not Path("owned").exists()


def test_weights_survive_the_way_through_a_file(tmp_path, rng):
    weights = {
        "kernel_1": rng.normal(size=(5, 3)).astype("float32"),
        "bias_1": np.asfortranarray(rng.normal(size=(3, 2))),
    }
    np.savez(tmp_path / "w.npz", **weights)
    # np.load goes by how a file begins, zipfile by how it ends.
    behind = npy((10**12,), descr="<f8") + (tmp_path / "w.npz").read_bytes()
    for source in (tmp_path / "w.npz", io.BytesIO(behind)):
        arrays = npz.read_arrays(source, 1000)
        assert arrays.keys() == weights.keys()
        for name, array in weights.items():
            np.testing.assert_array_equal(arrays[name], array)
            assert arrays[name].dtype == array.dtype


def test_nothing_else_reads_arrays():
    """np.load would trust the sizes that a file claims."""
    for path in (ROOT / "benchmarks").rglob("*.py"):
        uses = re.findall(r"np\.load\(|pickle\.loads?\(", path.read_text())
        assert len(uses) == (path.name == "npz.py"), path


# What nobody thought of


@st.composite
def damaged(draw, content):
    """The bytes after some edits: a part goes, and others come instead."""
    for _ in range(draw(st.integers(0, 3))):
        # Headers are short, and most of what can go wrong is there; a zip
        # has its directory at the end.
        last = draw(st.sampled_from([16, 200, len(content)]))
        at = draw(st.integers(0, min(last, len(content))))
        at = draw(st.sampled_from([at, len(content) - at]))
        end = at + draw(st.sampled_from([0, 1, 8, 20, len(content)]))
        copied = content[draw(st.integers(0, len(content))) :][:8]
        new = draw(st.binary(max_size=20) | st.just(copied))
        content = content[:at] + new + content[end:]
    return content


IDX = damaged(GOOD_IMAGES) | damaged(ZIPPED) | st.binary()
NPZ = damaged(GOOD) | damaged(zip_of(npy(X.shape, X.tobytes())))
FILES = [(IDX | IDX.map(gzip.compress), "x_train"), (NPZ, "mnist.npz")]


@pytest.mark.parametrize(("files", "key"), FILES, ids=["idx", "npz"])
def test_any_file_is_refused_or_read_right(files, key):
    @settings(database=None, deadline=None, max_examples=100)
    @given(files)
    def test(content):
        with suppress(InputError):
            arrays = mnist.read(io.BytesIO(content), key)
            assert set(arrays) == ({key} & set(ARRAYS) or set(ARRAYS))
            for name, array in arrays.items():
                np.testing.assert_array_equal(array, ARRAYS[name])

    test()


# Finding


def test_order_of_places(tmp_path, monkeypatch, capsys):
    write_npz(tmp_path / "home" / ".keras" / "datasets")
    assert data.load("mnist").source == "~/.keras/datasets"
    write_npz(tmp_path / "data")
    assert data.load("mnist").source == "data/"
    write_npz(tmp_path / "env")
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "env"))
    assert data.load("auto").source == "MNIST_DIR"
    write_npz(tmp_path / "argument")
    assert data.load("auto", "~/../argument").source == "--data-dir"
    assert not data.load("digits", tmp_path / "argument").is_mnist
    assert not capsys.readouterr().out  # nothing is said when MNIST is there


def test_bad_cache_is_said_left_alone_and_passed_over(tmp_path):
    write_npz(tmp_path / "home" / ".keras" / "datasets", b"damaged")
    write_npz(tmp_path / "data", b"damaged as well")
    before, lines = contents(tmp_path), []
    assert not data.load("auto", say=lines.append).is_mnist
    assert contents(tmp_path) == before
    for line, place in zip(lines[:2], ["data", ".keras"], strict=True):
        assert place in line
        assert "looking further" in line
    assert not any("\n" in line for line in lines)


def test_fallback_says_that_it_is_not_mnist(capsys):
    assert data.load().name == "scikit-learn digits, not MNIST"
    last = capsys.readouterr().out.splitlines()[-1]
    for part in ("no mirror delivered MNIST", "not MNIST", "data/",
                 "accuracies are not comparable", "MNIST_DIR"):  # fmt: skip
        assert part in last


def test_mnist_refuses_the_fallback():
    with refused("no mirror", "data/", "MNIST_DIR", memory=10 * LIMIT):
        data.load("mnist", say=lambda line: None)
    with refused("auto", "mnist", "digits"):
        data.load("fashion")


def test_no_home(monkeypatch):
    pwd = pytest.importorskip("pwd")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", mock.Mock(side_effect=KeyError))
    with pytest.raises(RuntimeError):
        Path.home()
    assert not data.load("auto", say=lambda line: None).is_mnist
    with refused("not found"):
        data.load("auto", "~/mnist")


# The data set


def test_digits_are_enlarged_and_every_fifth_is_a_test_image():
    from sklearn.datasets import load_digits

    images = load_digits().images
    digits = data.load("digits")
    assert digits.x_train.shape == (1437, 28, 28)
    assert digits.x_test.shape == (360, 28, 28)
    assert digits.y_train.shape == (1437,)
    assert digits.x_train.dtype == digits.y_train.dtype == np.uint8
    assert digits.x_train.max() == digits.scale == 16
    assert set(digits.y_test) == set(range(10))
    assert not digits.x_train[:, :2].any()
    assert not digits.x_train[:, :, -2:].any()
    np.testing.assert_array_equal(digits.x_test[1, 2:26:3, 4:26:3], images[5])
    np.testing.assert_array_equal(digits.x_train[4, 4:26:3, 2:26:3], images[6])


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with refused("scikit-learn", "install it", memory=10 * LIMIT):
        data.load("digits")


def test_what_is_slow_to_import_is_imported_late():
    program = (
        "import sys, benchmarks.data.dataset\n"
        "sys.exit('sklearn' in sys.modules or 'requests' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_first_split_scaled_and_one_hot(tmp_path):
    write_npz(tmp_path)
    whole = data.load("mnist", tmp_path)
    part = whole.first(17, 7)
    assert part.sha256 == whole.sha256
    assert part.x_test.shape == (7, 28, 28)
    assert part.y_test.shape == (7,)
    assert whole.first(None, None).y_train.shape == (20,)
    x, y, x_val, y_val = samples = part.split()
    assert [len(part) for part in samples] == [14, 14, 3, 3]
    np.testing.assert_array_equal(np.concatenate([x, x_val]) * 255, X[:17])
    labels = np.concatenate([y, y_val]).argmax(axis=1)
    np.testing.assert_array_equal(labels, whole.y_train[:17])
    assert [set(row) for row in y] == [{0, 1}] * 14
    assert y.sum() == 14
    assert {array.dtype for array in samples} == {np.dtype("float32")}
    assert [len(part) for part in samples.first(7)] == [7, 7, 3, 3]


# Downloading


@pytest.fixture
def serve(monkeypatch):
    """Return a function that serves {path: bytes or a generator}."""
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = self.server.routes.get(self.path, b"HTTP/1.0 404 No\n\n")
            with suppress(OSError):  # when the client has gone
                for part in [answer] if isinstance(answer, bytes) else answer:
                    self.wfile.write(part)
                    if over.is_set():
                        return

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that server_close waits for them
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()

    def start(routes, *mirrors):
        server.routes = routes
        root = f"http://127.0.0.1:{server.server_port}"
        mirrors = tuple(root + mirror for mirror in mirrors)
        monkeypatch.setattr(download, "MIRRORS", mirrors)
        return root

    yield start
    over.set()
    server.shutdown()
    server.server_close()


def ok(content, size=None):
    size = len(content) if size is None else size
    header = f"HTTP/1.0 200 OK\r\nContent-Length: {size}\r\n\r\n"
    return header.encode() + content


class Drip:
    """Serves a beginning, then a part every so many seconds, for ever."""

    def __init__(self, start, part, seconds=0.02):
        self.start, self.part, self.seconds = start, part, seconds

    def __iter__(self):
        yield self.start
        while True:
            time.sleep(self.seconds)
            yield self.part


def idx_routes(folder):
    return {
        f"{folder}{EXPECTED[key].name}.gz": ok(gzip.compress(idx(array)))
        for key, array in ARRAYS.items()
    }


def test_download_npz(serve, tmp_path):
    serve({"/mnist.npz": ok(GOOD)}, "/mnist.npz")
    lines = []
    dataset = data.load("mnist", say=lines.append)
    assert_stand_in(dataset)
    assert dataset.source == "downloaded to data/"
    assert lines[-1].endswith("/mnist.npz: 0.0 MB")
    assert list(contents(tmp_path)) == [tmp_path / "data" / "mnist.npz"]
    serve({}, "/mnist.npz")
    assert data.load("mnist").source == "data/"


def test_download_says_how_far_it_is(serve, monkeypatch):
    monkeypatch.setattr(download, "SAY_SECONDS", 0.05)
    megabytes = Drip(ok(b"", 3_000_000), bytes(1_000_000), 0.1)
    root, lines = serve({"/file": megabytes}), []
    content = download.fetch(f"{root}/file", lines.append, np.inf)
    assert content.read() == bytes(3_000_000)
    sizes = [float(re.fullmatch(r".*/file: (.*) MB", x)[1]) for x in lines]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] == 3


def test_download_goes_on_to_the_next_mirror(serve, tmp_path):
    other = npz_of({**ARRAYS, "x_test": ARRAYS["x_test"][::-1]})
    routes = {"/other.npz": ok(other), **idx_routes("/idx/")}
    serve(routes, "/no.npz", "/other.npz", "/idx/")
    lines = []
    assert_stand_in(data.load("mnist", say=lines.append))
    assert any("/no.npz: not received (404" in line for line in lines)
    assert any("/other.npz: x_test is not MNIST's" in line for line in lines)
    assert list(contents(tmp_path)) == [tmp_path / "data" / "mnist.npz"]


def test_bad_file_in_data_is_replaced_by_a_verified_one(serve, tmp_path):
    write_npz(tmp_path / "data", b"damaged")
    serve({"/mnist.npz": ok(b"damaged too")}, "/mnist.npz")
    with pytest.raises(InputError):
        data.load("mnist", say=lambda line: None)
    assert list(contents(tmp_path / "data").values()) == [b"damaged"]
    serve(idx_routes("/idx/"), "/idx/")
    assert_stand_in(data.load("mnist", say=lambda line: None))
    assert data.load("mnist").source == "data/"


def assert_not_downloaded(reason, folder):
    """In bounded time and memory, and nothing is left in the folder."""
    lines, start = [], time.monotonic()
    with refused("no mirror delivered", memory=20 * LIMIT):
        data.load("mnist", say=lines.append)
    assert time.monotonic() - start < 8
    told = [line for line in lines if "/mnist.npz: " in line]
    assert any(reason in line for line in told), lines
    assert not any("\n" in line for line in lines)
    assert not contents(folder)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TWICE = OK + b"Content-Encoding: gzip, gzip\r\n\r\n"
TWICE += gzip.compress(gzip.compress(ZEROS))
CHUNK = b"100000\r\n" + bytes(2**20) + b"\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: %s\r\n\r\n"
FAULTS = {
    "cut": (ok(GOOD[:-1], len(GOOD)), "IncompleteRead"),
    "not http": (b"\0\xff\n\n", "not received"),
    "redirects to a file": (MOVED % b"file:///etc/hosts", "302 Found"),
    "redirects to itself": (MOVED % b"/mnist.npz", "302 Found"),
    "redirects without end": (Drip(MOVED % b"/", ZEROS), "302 Found"),
    "never ends": (Drip(OK + b"\r\n", ZEROS), "more than 1,048,576 bytes"),
    "chunks without end": (Drip(CHUNKED, CHUNK), "more than 1,048,576 bytes"),
    "chunk cut": (CHUNKED + b"ff\r\nPK", "IncompleteRead"),
    "no end of a length": (Drip(CHUNKED, bytes(10**5)), "chunk size"),
    "zipped twice": (TWICE, "more than all"),
    "no end of a header": (Drip(OK + b"X: ", bytes(10**5)), "more than 65536"),
    "no end of headers": (Drip(OK, b"X: y\r\n" * 99), "more than 100 headers"),
    "forbidden": (b"HTTP/1.0 403 Forbidden\n\n", "403 Forbidden"),
    "busy": (b"HTTP/1.0 503 Busy\nRetry-After: 9999\n\n", "503 Busy"),
    "hangs up": (b"", "closed connection without"),
    "a page": (ok(PAGE), "is a web page"),
    "length too small": (ok(GOOD, 1000), "not a zip file"),
    "length is no number": (ok(GOOD, "a lot")[:-99], "not a zip file"),
    "drips content": (Drip(ok(b"", 10**6), b"x"), "0.6 s a file"),
    "drips headers": (Drip(OK, b"X: y\r\n"), "0.6 s a file"),
    "drips a header": (Drip(OK + b"X:", b" "), "0.6 s a file"),
    "drips promises": (Drip(b"", b"HTTP/1.1 100 OK\r\n\r\n"), "0.6 s a file"),
    "says nothing": (Drip(b"", b""), "timed out"),
    "stops": (Drip(ok(GOOD[:1000], 10**6), b""), "timed out"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_download_refuses_whatever_a_server_does(
    serve, tmp_path, monkeypatch, fault
):
    monkeypatch.setattr(download, "MAX_BYTES", 2**20)
    monkeypatch.setattr(download, "STALL_SECONDS", 0.3)
    monkeypatch.setattr(download, "FILE_SECONDS", 0.6)
    answer, reason = FAULTS[fault]
    serve({"/mnist.npz": answer}, "/mnist.npz")
    assert_not_downloaded(reason, tmp_path)


def test_all_mirrors_together_have_a_limit(serve, monkeypatch):
    """Each file comes within its own time; there are too many of them."""
    monkeypatch.setattr(download, "FILE_SECONDS", 1.5)
    monkeypatch.setattr(download, "ALL_SECONDS", 0.5)
    names = ("/a.npz", "/b.npz", "/c.npz")
    serve(dict.fromkeys(names, Drip(ok(b"", 10**6), b"x")), *names)
    lines, start = [], time.monotonic()
    with pytest.raises(InputError, match="no mirror delivered"):
        data.load("mnist", say=lines.append)
    assert time.monotonic() - start < 1.4
    assert sum("0.5 s in all" in line for line in lines) == 3


def test_download_that_is_given_up_ends(serve, monkeypatch):
    monkeypatch.setattr(download, "FILE_SECONDS", 0.2)
    before = set(threading.enumerate())
    root = serve({"/file": Drip(ok(b"", 10**6), bytes(1024))})
    with pytest.raises(InputError, match="s a file"):
        download.fetch(f"{root}/file", print, np.inf)
    for thread in set(threading.enumerate()) - before:
        if thread.daemon:  # those of the server are not
            thread.join(2)
            assert not thread.is_alive()


def test_what_no_mirror_delivers_is_replaced_by_digits_that_say_why(
    serve, tmp_path
):
    serve({}, "/no.npz", "/idx/")
    lines = []
    dataset = data.load("auto", say=lines.append)
    assert dataset.name == "scikit-learn digits, not MNIST"
    for mirror in ("/no.npz: not received (404", "/idx/train-images"):
        assert any(mirror in line for line in lines)
    assert "no mirror delivered MNIST" in lines[-1]
    assert not contents(tmp_path)


def test_a_download_that_is_killed_leaves_no_file(serve, tmp_path):
    """SIGKILL while bytes come."""
    root = serve({"/mnist.npz": Drip(ok(b"", 10**6), b"x")})
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from benchmarks.data import download\n"
        "download.MIRRORS = (sys.argv[1],)\n"
        "download.SAY_SECONDS = 0.1\n"
        "download.download(Path(sys.argv[2]), lambda l: print(l, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, f"{root}/mnist.npz", tmp_path],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        process.stdout.readline()
        process.kill()
    assert not contents(tmp_path)


def test_proxy_that_refuses_fails_fast(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr(download, "MIRRORS", ("https://invalid/mnist.npz",))
    assert_not_downloaded("not received ([Errno", tmp_path)


def test_folder_that_cannot_be_written(serve, tmp_path, monkeypatch):
    serve({"/mnist.npz": ok(GOOD)}, "/mnist.npz")
    (tmp_path / "data").write_bytes(b"a file")
    lines = []
    assert not data.load("auto", say=lines.append).is_mnist
    assert "data/ cannot be written" in lines[-1]
    assert "MNIST_DIR" in lines[-1]
    with refused("cannot be written", "MNIST_DIR"):
        data.load("mnist", say=lines.append)
    assert (tmp_path / "data").read_bytes() == b"a file"
    (tmp_path / "data").unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with refused("cannot be written (no permission)"):
        data.load("mnist", say=lines.append)
    assert not any("MB" in line for line in lines), "nothing was downloaded"


def test_nobody_listens_in():
    assert all(mirror.startswith("https://") for mirror in MIRRORS)
