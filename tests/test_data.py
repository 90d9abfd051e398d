"""Reading, finding and downloading MNIST, on twenty small stand-ins.

Nothing here leaves the machine: the only server is a thread on loopback.
"""

import gzip
import hashlib
import http.server
import io
import os
import struct
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from benchmarks.data import dataset as data
from benchmarks.data import download, mnist
from benchmarks.record.errors import InputError

REAL = os.environ.get("MNIST_DIR")
MIRRORS = download.MIRRORS
LIMIT = 2**20  # bytes of memory; the stand-ins have 24 thousand


def _stand_in(key, n):
    rng = np.random.default_rng(n)
    expected = mnist.MNIST[key]
    shape = (n, *expected.shape[1:])
    array = rng.integers(0, 10, shape, dtype=np.uint8)
    return array, expected._replace(shape=shape, sha256=mnist.sha256(array))


_PAIRS = {
    key: _stand_in(key, 20 if "train" in key else 10) for key in mnist.MNIST
}
ARRAYS = {key: array for key, (array, _) in _PAIRS.items()}
EXPECTED = {key: expected for key, (_, expected) in _PAIRS.items()}


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Point every place that is looked into at an empty one."""
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(data, "CHECKOUT", tmp_path / "data")
    monkeypatch.setattr(download, "MIRRORS", ())


@pytest.fixture
def small(monkeypatch):
    """Let the stand-ins pass for MNIST."""
    monkeypatch.setattr(mnist, "MNIST", EXPECTED)


def idx(array):
    header = (0x0800 + array.ndim, *array.shape)
    return struct.pack(f">{len(header)}I", *header) + array.tobytes()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npz_of(members, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def write_idx(folder, name="{stem}-idx{ndim}-ubyte", pack=bytes):
    folder.mkdir(parents=True, exist_ok=True)
    for key, array in ARRAYS.items():
        stem = EXPECTED[key].stem
        path = folder / name.format(stem=stem, ndim=array.ndim)
        path.write_bytes(pack(idx(array)))


def write_npz(folder, content=None):
    folder.mkdir(parents=True, exist_ok=True)
    content = npz(**ARRAYS) if content is None else content
    (folder / "mnist.npz").write_bytes(content)


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_stand_in(dataset):
    assert dataset.is_mnist
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(getattr(dataset, key), array)
        assert dataset.sha256[key] == EXPECTED[key].sha256


# Reading a folder


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "name",
    [
        "{stem}-idx{ndim}-ubyte",
        "{stem}.idx{ndim}-ubyte",
        "{stem}-idx{ndim}-ubyte.gz",
        "{stem}.idx{ndim}-ubyte.gz",
    ],
)
def test_idx_files_are_read_gzipped_or_not(small, tmp_path, name, pack):
    write_idx(tmp_path / "mnist", name, pack)
    assert_stand_in(data.load("mnist", tmp_path / "mnist"))


def test_npz_is_read_compressed_or_not(small, tmp_path):
    write_npz(tmp_path / "a")
    assert_stand_in(data.load("mnist", tmp_path / "a"))
    (tmp_path / "b").mkdir()
    np.savez_compressed(tmp_path / "b" / "mnist.npz", **ARRAYS)
    assert_stand_in(data.load("mnist", tmp_path / "b"))


IMAGES = "train-images-idx3-ubyte"


def test_file_that_may_not_be_opened_is_refused(small, tmp_path, monkeypatch):
    write_idx(tmp_path)
    denied = PermissionError(13, "Permission denied", str(tmp_path / IMAGES))
    monkeypatch.setattr("builtins.open", mock.Mock(side_effect=denied))
    with pytest.raises(InputError, match=f"{IMAGES}.*give a folder"):
        data.load("auto", tmp_path)


def test_real_mnist():
    if REAL is None:
        pytest.skip("set MNIST_DIR to a folder that holds MNIST")
    found = data.load("mnist", REAL)
    assert found.is_mnist
    assert found.x_train.shape == (60_000, 28, 28)
    assert found.x_test.shape == (10_000, 28, 28)
    assert found.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert found.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert found.scaled(found.x_train[:1]).max() == 1
    for key, total in found.sha256.items():
        array = getattr(found, key)
        assert hashlib.sha256(array.tobytes()).hexdigest() == total


# Finding


def test_order_of_places(small, tmp_path, monkeypatch):
    keras = tmp_path / "home" / ".keras" / "datasets"
    write_npz(keras)
    assert data.load("mnist").source == "~/.keras/datasets"
    write_npz(tmp_path / "data")
    assert data.load("mnist").source == "data/"
    write_npz(tmp_path / "env")
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "env"))
    assert data.load("auto").source == "MNIST_DIR"
    write_npz(tmp_path / "argument")
    assert data.load("auto", "~/../argument").source == "--data-dir"
    assert not data.load("digits", tmp_path / "argument").is_mnist


def test_nothing_is_said_when_mnist_is_there(small, tmp_path):
    write_npz(tmp_path / "data")
    said = []
    data.load("auto", say=said.append)
    assert said == []


def test_bad_cache_is_said_left_alone_and_passed_over(small, tmp_path):
    write_npz(tmp_path / "home" / ".keras" / "datasets", b"damaged")
    write_npz(tmp_path / "data", b"damaged as well")
    before = contents(tmp_path)
    said = []
    assert not data.load("auto", say=said.append).is_mnist
    assert contents(tmp_path) == before
    for line, place in zip(said[:2], ["data", ".keras"], strict=True):
        assert place in line
        assert "looking further" in line
    assert not any("\n" in line for line in said)


def test_fallback_says_that_it_is_not_mnist(capsys):
    assert data.load().name == "scikit-learn digits, not MNIST"
    last = capsys.readouterr().out.splitlines()[-1]
    for part in (
        "no mirror delivered MNIST",
        "not MNIST",
        "accuracies are not comparable",
        "data/",
        "MNIST_DIR",
    ):
        assert part in last


def test_mnist_refuses_the_fallback():
    with pytest.raises(InputError, match=r"no mirror.*data/.*MNIST_DIR"):
        data.load("mnist", say=lambda line: None)


def test_unknown_choice_is_refused():
    with pytest.raises(InputError, match=r"auto.*mnist.*digits"):
        data.load("fashion")


def test_no_home(monkeypatch):
    pwd = pytest.importorskip("pwd")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", mock.Mock(side_effect=KeyError))
    with pytest.raises(RuntimeError):
        Path.home()
    assert not data.load("auto", say=lambda line: None).is_mnist
    with pytest.raises(InputError, match="not found"):
        data.load("auto", "~/mnist")


# The data set


def test_digits():
    found = data.load("digits")
    assert not found.is_mnist
    assert found.x_train.shape == (1437, 28, 28)
    assert found.x_test.shape == (360, 28, 28)
    assert found.y_train.shape == (1437,)
    assert found.y_test.shape == (360,)
    assert found.x_train.dtype == found.y_train.dtype == np.uint8
    assert found.x_train.max() == found.scale == 16
    assert set(found.y_test) == set(range(10))
    assert set(found.sha256) == set(mnist.MNIST)


def test_digits_are_enlarged_and_every_fifth_is_a_test_image():
    from sklearn.datasets import load_digits

    images = load_digits().images
    found = data.load("digits")
    assert not found.x_train[:, :2].any()
    assert not found.x_train[:, :, -2:].any()
    np.testing.assert_array_equal(found.x_test[1, 2:26:3, 4:26:3], images[5])
    np.testing.assert_array_equal(found.x_train[4, 4:26:3, 2:26:3], images[6])


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(InputError, match=r"scikit-learn.*install it"):
        data.load("digits")


def test_scikit_learn_is_imported_for_the_digits_only():
    program = "import sys, benchmarks.data.dataset; sys.exit('sklearn' in sys.modules)"
    root = Path(data.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)


def test_first():
    found = data.load("digits").first(30, None)
    assert found.x_train.shape == (30, 28, 28)
    assert found.y_train.shape == (30,)
    assert found.y_test.shape == (360,)
    assert found.sha256 == data.load("digits").sha256


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scaled_and_one_hot(dtype):
    found = data.load("digits")
    x = found.scaled(found.x_test, dtype)
    assert x.dtype == dtype
    np.testing.assert_array_equal(x * 16, found.x_test)
    y = data.one_hot(found.y_test, dtype)
    assert y.dtype == dtype
    assert y.shape == (360, 10)
    np.testing.assert_array_equal(y.argmax(axis=1), found.y_test)
    np.testing.assert_array_equal(y.sum(axis=1), np.ones(360))


# Downloading


def transfers():
    return [
        thread
        for thread in threading.enumerate()
        if isinstance(thread, download._Transfer)
    ]


@pytest.fixture
def serve(monkeypatch):
    """Return a function that serves {path: bytes or a generator}."""
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = self.server.routes.get(self.path, b"HTTP/1.0 404 No\n\n")
            for part in [answer] if isinstance(answer, bytes) else answer():
                try:
                    self.wfile.write(part)
                except OSError:  # the client has gone
                    return
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
        monkeypatch.setattr(
            download, "MIRRORS", tuple(root + mirror for mirror in mirrors)
        )
        return root

    yield start
    over.set()
    server.shutdown()
    server.server_close()
    for thread in transfers():
        thread.join(5)


def ok(content, size=None):
    size = len(content) if size is None else size
    header = f"HTTP/1.0 200 OK\r\nContent-Length: {size}\r\n\r\n"
    return header.encode() + content


def drip(start, part):
    """Serve a beginning, then a part every 20 milliseconds for ever."""

    def answer():
        yield start
        while True:
            time.sleep(0.02)
            yield part

    return answer


def idx_routes(folder):
    return {
        f"{folder}{mnist.idx_names(key)[0]}.gz": ok(gzip.compress(idx(array)))
        for key, array in ARRAYS.items()
    }


def test_download_npz(small, serve, tmp_path):
    serve({"/mnist.npz": ok(npz(**ARRAYS))}, "/mnist.npz")
    said = []
    found = data.load("mnist", say=said.append)
    assert_stand_in(found)
    assert found.source == "downloaded to data/"
    assert said[-1].endswith("/mnist.npz: 100 %")
    assert list(contents(tmp_path)) == [tmp_path / "data" / "mnist.npz"]
    serve({}, "/mnist.npz")
    again = data.load("mnist")
    assert_stand_in(again)
    assert again.source == "data/"


def test_download_tells_every_tenth(small, serve):
    content = bytes(3_000_000)
    root = serve({"/file": ok(content)})
    said = []
    assert download.fetch(f"{root}/file", said.append).read() == content
    assert len(set(said)) == len(said)
    assert 2 <= len(said) <= 10
    assert said[-1] == f"{root}/file: 100 %"


def test_download_goes_on_to_the_next_mirror(small, serve, tmp_path):
    other = npz(**{**ARRAYS, "x_test": ARRAYS["x_test"][::-1].copy()})
    routes = {"/other.npz": ok(other), **idx_routes("/idx/")}
    serve(routes, "/no.npz", "/other.npz", "/idx/")
    said = []
    assert_stand_in(data.load("mnist", say=said.append))
    assert any("/no.npz: HTTP Error 404" in line for line in said)
    assert any("/other.npz: x_test is not MNIST's" in line for line in said)
    assert list(contents(tmp_path)) == [tmp_path / "data" / "mnist.npz"]


def test_bad_file_in_data_is_replaced_by_a_verified_one(
    small, serve, tmp_path
):
    write_npz(tmp_path / "data", b"damaged")
    serve({"/mnist.npz": ok(b"damaged too")}, "/mnist.npz")
    with pytest.raises(InputError):
        data.load("mnist", say=lambda line: None)
    assert list(contents(tmp_path / "data").values()) == [b"damaged"]
    serve({"/mnist.npz": ok(npz(**ARRAYS))}, "/mnist.npz")
    said = []
    assert_stand_in(data.load("mnist", say=said.append))
    assert "mnist.npz: cannot be read" in said[0]
    assert data.load("mnist").source == "data/"


def assert_not_downloaded(reason, folder):
    said = []
    start = time.monotonic()
    with pytest.raises(InputError, match="no mirror delivered"):
        data.load("mnist", say=said.append)
    assert time.monotonic() - start < 8
    assert any("/mnist.npz: " in line and reason in line for line in said)
    assert not any("\n" in line for line in said)
    assert not contents(folder)


CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nPK"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ok(npz(**ARRAYS)[:-1], len(npz(**ARRAYS))), "cannot be read"),
        (b"\0\xff\n\n", "127.0.0.1"),
        (b"HTTP/1.0 302 F\nLocation: file:///etc/hosts\n\n", "127.0.0.1"),
        (drip(b"HTTP/1.0 200 OK\n\n", bytes(2**20)), "more than"),
        (b"HTTP/1.0 403 Forbidden\n\n", "HTTP Error 403"),
        (b"HTTP/1.0 503 Busy\nRetry-After: 9999\n\n", "HTTP Error 503"),
        (b"HTTP/1.0 302 F\nLocation: /mnist.npz\n\n", "infinite loop"),
        (b"", "closed connection without"),
        (ok(b"<html>log in</html>"), "cannot be read"),
        (ok(npz(**ARRAYS), 1000), "cannot be read"),
        (ok(npz(**ARRAYS), "a lot")[:-99], "cannot be read"),
        (CHUNKS, "127.0.0.1"),
    ],
    ids=[
        *("cut", "not http", "redirect to a file", "never ends"),
        *("forbidden", "busy", "redirect to itself", "hangs up"),
        *("a page", "length too small", "length is no number"),
        "chunk cut",
    ],
)
def test_download_refuses_a_bad_answer(
    small, serve, tmp_path, monkeypatch, answer, reason
):
    monkeypatch.setattr(download, "MAX_BYTES", 2**20)
    serve({"/mnist.npz": answer}, "/mnist.npz")
    assert_not_downloaded(reason, tmp_path)


@pytest.mark.parametrize(
    "answer",
    [
        drip(ok(b"", 10**6), b"x"),
        drip(b"HTTP/1.0 200 OK\r\n", b"X: y\r\n"),
        drip(b"", b""),
    ],
    ids=["drips content", "drips header", "says nothing"],
)
def test_download_gives_a_slow_server_up(
    small, serve, tmp_path, monkeypatch, answer
):
    monkeypatch.setattr(download, "STALL_SECONDS", 0.3)
    monkeypatch.setattr(download, "FILE_SECONDS", 0.6)
    serve({"/mnist.npz": answer}, "/mnist.npz")
    assert_not_downloaded("silent", tmp_path)


def test_all_mirrors_together_have_a_limit(small, serve, monkeypatch):
    """Each file comes within its own time; there are too many of them."""
    monkeypatch.setattr(download, "FILE_SECONDS", 1.5)
    monkeypatch.setattr(download, "ALL_SECONDS", 0.5)
    slow = drip(ok(b"", 10**6), b"x")
    serve({"/a.npz": slow, "/b.npz": slow, "/c.npz": slow},
          "/a.npz", "/b.npz", "/c.npz")  # fmt: skip
    said, start = [], time.monotonic()
    with pytest.raises(InputError, match="no mirror delivered"):
        data.load("mnist", say=said.append)
    assert time.monotonic() - start < 4
    assert sum("(all together: 0.5)" in line for line in said) == 3


def test_what_no_mirror_delivers_is_replaced_by_digits_that_say_why(
    small, serve, tmp_path
):
    cut = ok(npz(**ARRAYS)[:-200], len(npz(**ARRAYS)))
    serve({"/cut.npz": cut}, "/no.npz", "/cut.npz", "/idx/")
    said = []
    found = data.load("auto", say=said.append)
    assert found.name == "scikit-learn digits, not MNIST"
    for mirror in ("/no.npz: HTTP Error 404", "/cut.npz: ", "/idx/train-"):
        assert any(mirror in line for line in said)
    assert "no mirror delivered MNIST" in said[-1]
    assert not contents(tmp_path)


def test_a_download_that_is_killed_leaves_no_half_file(serve, tmp_path):
    """SIGKILL while bytes come; a later download clears what it left."""
    root = serve({"/mnist.npz": drip(ok(b"", 10**6), b"x")})
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from benchmarks import download\n"
        "download.MIRRORS = (sys.argv[1],)\n"
        "print('begun', flush=True)\n"
        "download.download(Path(sys.argv[2]), print)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, f"{root}/mnist.npz", tmp_path],
        stdout=subprocess.PIPE,
        cwd=Path(data.__file__).parents[2],
    ) as process:
        process.stdout.readline()
        time.sleep(0.3)
        process.kill()
    assert not (tmp_path / "mnist.npz").exists()
    for left in tmp_path.iterdir():
        os.utime(left, (0, 0))
    with pytest.raises(InputError, match="no mirror delivered"):
        download.download(tmp_path, print)
    assert not contents(tmp_path)


def test_download_that_is_given_up_ends(serve, monkeypatch):
    monkeypatch.setattr(download, "FILE_SECONDS", 0.2)
    root = serve({"/file": drip(ok(b"", 10**6), b"x")})
    with pytest.raises(InputError, match="not complete"):
        download.fetch(f"{root}/file", print)
    for thread in transfers():
        thread.join(2)
    assert not transfers()


def test_proxy_that_refuses_fails_fast(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr(download, "MIRRORS", ("https://invalid/mnist.npz",))
    assert_not_downloaded("refused", tmp_path)


def test_folder_that_cannot_be_written(small, serve, tmp_path):
    (tmp_path / "data").write_bytes(b"a file")
    serve({"/mnist.npz": ok(npz(**ARRAYS))}, "/mnist.npz")
    said = []
    assert not data.load("auto", say=said.append).is_mnist
    assert "data/ cannot be written" in said[-1]
    assert "MNIST_DIR" in said[-1]
    with pytest.raises(InputError, match=r"cannot be written.*MNIST_DIR"):
        data.load("mnist", say=said.append)
    assert (tmp_path / "data").read_bytes() == b"a file"


def test_tls_is_verified():
    context = download._tls_context()
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.check_hostname
    assert all(mirror.startswith("https://") for mirror in MIRRORS)


def test_tls_is_verified_without_certifi(monkeypatch):
    monkeypatch.setitem(sys.modules, "certifi", None)
    assert download._tls_context().verify_mode.name == "CERT_REQUIRED"
