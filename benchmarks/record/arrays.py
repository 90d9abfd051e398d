"""Arrays from the npz files of a run, which others may have made."""

import math
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record.errors import InputError

LARGEST = 64 * 2**20  # bytes; the custom net's weights take one hundredth


def read(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of floats in an npz file, by name.

    Nothing is unpickled, and no more is unpacked than LARGEST, whatever
    sizes the file claims.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                info.filename.removesuffix(".npy"): _array(archive, info)
                for info in _bounded(archive)
            }
    except Exception as error:  # zipfile, zlib, NumPy: nearly anything
        raise InputError(
            f"{path}: cannot be read ({error}), expected the weights of a "
            f"run: it is damaged; run again"
        ) from error


def _bounded(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    infos = archive.infolist()
    size = sum(info.file_size for info in infos)
    if size > LARGEST:
        raise ValueError(f"it unpacks to {size:,} bytes, above {LARGEST:,}")
    return infos


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    # zipfile unpacks the other compressions without any bound.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{info.filename} is neither stored nor deflated")
    with archive.open(info) as file:
        stream = BytesIO(file.read(info.file_size))
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{info.filename} is not npy 1.0")
    header: Any = np.lib.format.read_array_header_1_0(stream)
    shape, in_columns, dtype = header
    content = stream.read()
    if dtype.kind != "f" or len(content) != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"{info.filename}: {dtype} of {shape} in {len(content):,} bytes"
        )
    array = np.frombuffer(content, dtype)
    if not np.isfinite(array).all():
        raise ValueError(f"{info.filename} holds what is no finite number")
    return array.reshape(shape, order="F" if in_columns else "C")
