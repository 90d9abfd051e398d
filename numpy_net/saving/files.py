"""Bytes from and to the disk, and the three members of a .keras file."""

import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST = 2**28  # bytes of a file; 0.7 million are those of the custom net
LARGEST_CONFIG = 2**20
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
CONFIG, WEIGHTS = "config.json", "model.weights.h5"
METADATA = {"keras_version": "3", "written_by": "numpy_net"}
# What zipfile, h5py, json and NumPy raise over bytes that make no sense.
ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Turn what a library says of bad bytes into one line."""
    try:
        yield
    except ERRORS as error:
        raise ValueError(
            f"expected {what}, found a damaged or another file "
            f"({str(error)[:200] or type(error).__name__}); save it anew"
        ) from None


def ending(path: Path, *known: str) -> str:
    """Return which of the known endings the path has."""
    for kind in known:
        if path.name.endswith(kind):
            return kind
    raise ValueError(
        f"expected a name that ends in {' or '.join(known)}; rename it, or "
        f"see numpy_net.saving for what is written to which file"
    )


def read(path: Path) -> bytes:
    """Return the bytes of a file that is not too large for a net."""
    if not path.is_file():
        raise ValueError("expected a file, found none; look for the path")
    # read(n) takes n bytes of memory at once, be the file ever so small.
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(
            f"expected at most {LARGEST:,} bytes, found {size:,}; open it "
            f"with Keras"
        )
    with open(path, "rb") as file:
        return file.read(size)


def write(path: Path, data: bytes) -> None:
    """Write beside the path, then rename: the old file or the new one."""
    if path.is_dir():
        raise ValueError("expected the name of a file, found a folder")
    if not path.parent.is_dir():
        raise ValueError("its folder does not exist; make it first")
    # os.open's permissions are those of any new file, unlike tempfile's.
    temporary = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def archive(config: dict, weights: bytes) -> bytes:
    """Return a .keras file, always the same bytes for the same model."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in (
            ("metadata.json", json.dumps(METADATA)),
            (CONFIG, json.dumps(config, allow_nan=False)),
            (WEIGHTS, weights),
        ):
            file.writestr(zipfile.ZipInfo(name), data)  # dated 1980
    return buffer.getvalue()


def members(data: bytes) -> tuple[bytes, bytes]:
    """Return config.json and model.weights.h5 of a .keras file."""
    with unzipped(data, "a .keras archive") as file:
        return (
            member(file, CONFIG, LARGEST_CONFIG),
            member(file, WEIGHTS, LARGEST),
        )


@contextmanager
def unzipped(data: bytes, what: str) -> Iterator[zipfile.ZipFile]:
    """Give a zip whose members can be read in bounded portions."""
    with understood(what):
        file = zipfile.ZipFile(io.BytesIO(data))
    with file:
        for info in file.infolist():
            # The others unpack a whole block, however large, at a time.
            if info.compress_type not in (STORED, DEFLATED):
                raise ValueError(
                    f"{info.filename[:60]!r}: expected it stored or "
                    f"deflated; zip it anew"
                )
            # One wrong length, and the next members are a comment's text.
            if b"PK\1\2" in info.comment + info.extra:
                raise ValueError(f"{what}: damaged list; save it anew")
        yield file


def member(file: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return what a member holds, its checksum verified."""
    with understood(f"{name} in the archive"):
        info = file.getinfo(name)
    if info.file_size > limit:
        raise ValueError(
            f"{name}: expected at most {limit:,} bytes, found "
            f"{info.file_size:,}; open it with Keras"
        )
    with understood(f"{name} in the archive"), file.open(info) as content:
        found = content.read(info.file_size + 1)
    if len(found) != info.file_size:
        raise ValueError(f"{name}: cut short; save it anew")
    return found


def parsed(config: bytes):
    """Return the JSON of config.json."""
    with understood("JSON in config.json"):
        return json.loads(config, parse_constant=float)
