"""Read MNIST from its four IDX files or from Keras's ``mnist.npz``.

Whatever is damaged, truncated or simply another data set raises an
InputError. No more is read or unpacked than MNIST needs, whatever sizes a
file claims.
"""

import gzip
import hashlib
import math
import os
import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.record.errors import InputError

Arrays = dict[str, NDArray[np.uint8]]


class Expected(NamedTuple):
    """What one of the four arrays is stored as, and what it must be."""

    stem: str
    shape: tuple[int, ...]
    sha256: str


# The sums are of the decoded arrays: their uint8 values in C order, no
# header. The same images have many containers (gzipped anew, in an npz),
# and each container a sum of its own.
MNIST = {
    "x_train": Expected(
        "train-images",
        (60_000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    "y_train": Expected(
        "train-labels",
        (60_000,),
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    ),
    "x_test": Expected(
        "t10k-images",
        (10_000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    "y_test": Expected(
        "t10k-labels",
        (10_000,),
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ),
}
NPZ = "mnist.npz"
MAX_NPY_HEADER = 10_000  # bytes; NumPy itself reads no longer one


def sha256(array: NDArray[np.uint8]) -> str:
    """Return the SHA-256 sum of an array's bytes in C order."""
    return hashlib.sha256(array.tobytes()).hexdigest()


def idx_names(key: str) -> list[str]:
    """Return the names that the IDX file of an array goes by."""
    stem, shape, _ = MNIST[key]
    kind = f"idx{len(shape)}-ubyte"
    plain = [f"{stem}-{kind}", f"{stem}.{kind}"]
    return [*plain, *(f"{name}.gz" for name in plain)]


def is_present(folder: Path) -> bool:
    """Whether a folder holds at least one file of MNIST."""
    names = [NPZ, *(name for key in MNIST for name in idx_names(key))]
    return any(os.path.isfile(folder / name) for name in names)


def read_folder(folder: Path) -> Arrays:
    """Return the four arrays from ``mnist.npz``, else from the IDX files.

    Images are (N, 28, 28), labels (N,), both uint8.
    """
    if not os.path.isdir(folder):
        found = "is not a folder" if os.path.exists(folder) else "not found"
        raise InputError(f"{folder}: {found}, expected a folder with MNIST")
    try:
        if os.path.isfile(folder / NPZ):
            with open(folder / NPZ, "rb") as file:
                return read_npz(file, str(folder / NPZ))
        return {key: _read_idx_file(folder, key) for key in MNIST}
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error}") from error


def _read_idx_file(folder: Path, key: str) -> NDArray[np.uint8]:
    names = idx_names(key)
    for name in names:
        if os.path.isfile(folder / name):
            with open(folder / name, "rb") as file:
                return read_idx(file, key, str(folder / name))
    raise InputError(f"{folder}: has no {NPZ} and no {names[0]}[.gz]")


def read_idx(stream: BinaryIO, key: str, origin: str) -> NDArray[np.uint8]:
    """Return one array from an IDX file, gzipped or not.

    origin names the file in errors.
    """
    shape = MNIST[key].shape
    expected = (0x0800 + len(shape), *shape)  # 0x08 stands for unsigned bytes
    header = struct.Struct(f">{len(expected)}I")
    content = _unzip(stream, header.size + math.prod(shape) + 1, origin)
    if len(content) < header.size:
        raise InputError(f"{origin}: ends within the header of an IDX file")
    found = header.unpack_from(content)
    if found != expected:
        raise InputError(
            f"{origin}: magic number and dimensions are {found}, "
            f"expected {expected}"
        )
    return _verified(content[header.size :], key, origin)


def _unzip(stream: BinaryIO, limit: int, origin: str) -> bytes:
    """Return at most ``limit`` bytes of a stream that may be gzipped."""
    # Some browsers unpack a download and leave its name: look inside.
    is_gzip = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    try:
        if is_gzip:
            with gzip.GzipFile(fileobj=stream) as unzipped:
                return unzipped.read(limit)
        return stream.read(limit)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{origin}: cannot be unpacked ({error}), expected a whole file"
        ) from error


def read_npz(stream: BinaryIO, origin: str) -> Arrays:
    """Return the four arrays from an npz file; nothing is unpickled.

    origin names the file in errors.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            return {key: _read_npy(archive, key, origin) for key in MNIST}
    except InputError:
        raise
    # On damaged files zipfile, zlib and NumPy's header parser raise nearly
    # anything, from struct.error to NotImplementedError.
    except Exception as error:
        raise InputError(
            f"{origin}: cannot be read ({error}), "
            f"expected an npz file with {', '.join(MNIST)}"
        ) from error


def _read_npy(
    archive: zipfile.ZipFile, key: str, origin: str
) -> NDArray[np.uint8]:
    info = archive.getinfo(f"{key}.npy")
    # zipfile unpacks the other compressions without any bound.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{origin}: {key} is neither stored nor deflated")
    shape = MNIST[key].shape
    with archive.open(info) as file:
        stream = BytesIO(file.read(math.prod(shape) + MAX_NPY_HEADER))
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise InputError(f"{origin}: {key} is npy {version}, expected (1, 0)")
    found = np.lib.format.read_array_header_1_0(stream)
    if found != (shape, False, np.dtype(np.uint8)):
        raise InputError(
            f"{origin}: {key} has (shape, Fortran order, dtype) {found}, "
            f"expected {shape}, False, uint8"
        )
    return _verified(stream.read(), key, origin)


def _verified(content: bytes, key: str, origin: str) -> NDArray[np.uint8]:
    """Return the array of these bytes if they are MNIST's, byte for byte."""
    _, shape, expected = MNIST[key]
    size = math.prod(shape)
    if len(content) != size:
        found = "more" if len(content) > size else f"{len(content):,}"
        raise InputError(
            f"{origin}: {found} bytes of {key}, expected {size:,}"
        )
    array = np.frombuffer(content, np.uint8).reshape(shape)
    if (found := sha256(array)) != expected:
        raise InputError(
            f"{origin}: {key} is not MNIST's: SHA-256 {found}, "
            f"expected {expected}"
        )
    return array
