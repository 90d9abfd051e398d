"""Read MNIST from its four IDX files or from Keras's ``mnist.npz``.

Whatever is damaged, truncated or simply another data set raises an
InputError. No more is unpacked than MNIST needs, whatever a file claims.
"""

import gzip
import hashlib
import io
import math
import os
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import InputError
from benchmarks.data.npz import read_arrays

Arrays = dict[str, NDArray[np.uint8]]


class Expected(NamedTuple):
    """The name of the IDX file of an array, and what the array must be."""

    name: str
    shape: tuple[int, ...]
    sha256: str


# The sums are of the decoded arrays: their uint8 values in C order, no
# header. The same images have many containers (gzipped anew, in an npz),
# and each container a sum of its own.
MNIST = {
    "x_train": Expected("train-images-idx3-ubyte", (60_000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
    "y_train": Expected("train-labels-idx1-ubyte", (60_000,),
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
    "x_test": Expected("t10k-images-idx3-ubyte", (10_000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
    "y_test": Expected("t10k-labels-idx1-ubyte", (10_000,),
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
}  # fmt: skip
NPZ = "mnist.npz"


def find(folder: Path) -> dict[str, Path]:
    """The files of MNIST: NPZ alone, or those of the four arrays.

    They lie in the folder or, as torchvision puts them, in MNIST/raw below.
    """
    for place in filter(os.path.isdir, (folder, folder / "MNIST" / "raw")):
        if os.path.isfile(place / NPZ):
            return {NPZ: place / NPZ}
        paths = {
            key: place / (spelling + end)
            for key, (name, _, _) in MNIST.items()
            for end in (".gz", "")  # the last one there is the one read
            for spelling in (name.replace("-idx", ".idx"), name)
            if os.path.isfile(place / (spelling + end))
        }
        if paths:
            return paths
    return {}


def read_folder(folder: Path) -> Arrays:
    """The four arrays: images (N, 28, 28), labels (N,), all uint8."""
    if not os.path.isdir(folder):
        state = "is not a folder" if os.path.exists(folder) else "not found"
        raise InputError(f"{folder}: {state}, expected a folder with MNIST")
    arrays: Arrays = {}
    for key, path in find(folder).items():
        try:
            with open(path, "rb") as file:
                arrays |= read(file, key)
        except (OSError, InputError) as error:
            raise InputError(f"{path}: {error}") from error
    for key, (name, _, _) in MNIST.items():
        if key not in arrays:
            raise InputError(f"{folder}: has no {NPZ} and no {name}[.gz]")
    return arrays


def read(file: IO[bytes], key: str) -> Arrays:
    """The arrays in a file: all if key is NPZ, else that of the key."""
    largest = sum(math.prod(shape) for _, shape, _ in MNIST.values()) + 4096
    # Some browsers unpack a download and leave its name: look inside.
    is_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    try:
        with gzip.open(file) if is_gzip else nullcontext(file) as unzipped:
            content = unzipped.read(largest)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be unpacked ({error})") from error
    if len(content) == largest:
        raise InputError(f"holds more than all of MNIST, {largest:,} bytes")
    if content[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise InputError("is a web page, not MNIST: download the file itself")
    if key == NPZ:
        arrays = read_arrays(io.BytesIO(content), largest, np.uint8)
        return {k: _verified(bytes(arrays.get(k, b"")), k) for k in MNIST}
    header = 4 * (1 + len(MNIST[key].shape))  # bytes: a kind, the shape
    return {key: _verified(content[header:], key)}


def _verified(pixels: bytes, key: str) -> NDArray[np.uint8]:
    """The array of these bytes if they are MNIST's."""
    _, shape, expected = MNIST[key]
    if (digest := hashlib.sha256(pixels).hexdigest()) != expected:
        raise InputError(
            f"{key} is not MNIST's: {len(pixels):,} bytes with SHA-256 "
            f"{digest}, expected {math.prod(shape):,} with {expected}"
        )
    return np.frombuffer(pixels, np.uint8).reshape(shape)
