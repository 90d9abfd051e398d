"""Read the arrays of an npz file, whoever made it."""

import io
import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from benchmarks import InputError

Array = np.ndarray[Any, Any]


def read_arrays(
    source: Path | IO[bytes], largest: int, kind: type = np.floating
) -> dict[str, Array]:
    """The arrays of an npz file by name; nothing is unpickled.

    largest  bytes that it may unpack to, whatever it claims
    kind     NumPy's type of all its numbers, which must be finite
    """
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > largest:
                raise ValueError(f"it unpacks to {size:,} bytes")
            return {
                m.filename.removesuffix(".npy"): _read(archive, m, kind)
                for m in members
            }
    except Exception as error:  # damage makes zipfile and NumPy raise any
        origin = f"{source}: " if isinstance(source, Path) else ""
        raise InputError(
            f"{origin}cannot be read ({error}), expected an undamaged npz "
            f"file: finite {kind.__name__} numbers in {largest:,} bytes"
        ) from error


def _read(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, kind: type
) -> Array:
    name = member.filename
    # zipfile unpacks the other compressions without any bound.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is neither stored nor deflated")
    with archive.open(member) as file:
        content = io.BytesIO(file.read(member.file_size))
    if np.lib.format.read_magic(content) != (1, 0):
        raise ValueError(f"{name} is not npy 1.0")
    # np.load makes room for all that a header claims.
    shape, _, dtype = np.lib.format.read_array_header_1_0(content)
    claimed = content.tell() + math.prod(shape) * dtype.itemsize
    if claimed != member.file_size or not np.issubdtype(dtype, kind):
        raise ValueError(f"{name} claims to be {dtype} of {shape}")
    content.seek(0)
    array: Array = np.load(content, allow_pickle=False)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds what is no finite number")
    return array
