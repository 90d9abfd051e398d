"""Files as bytes, and the arrays in them under the names that Keras gives.

layers/dense/vars/0 and 1 are kernel (I, O) and bias (O,) of the first Dense,
layers/dense_1 is the second; optimizer/vars has iterations, learning rate
and momentums. Zips have checksums, and HDF5 here, too; Keras verifies them.
"""

import io
import os
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

WEIGHTS = "model.weights.h5"  # of a .keras
LARGEST = 2**28  # bytes of a file; 0.7 million are those of the custom net
DTYPES = ("<f4", "<f8", "<i4", "<i8")
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # can be read in parts
ENTRY = b"PK\1\2"  # begins each entry of a zip's list of members


@contextmanager
def understood(what: str):
    """Turn what a library says of bad bytes into one line."""
    try:
        yield
    except Exception as error:  # zipfile, h5py, json, NumPy: of any kind
        raise ValueError(f"no {what}: {error!s:.200}; save it anew") from None


def read(path: Path) -> bytes:
    """Return the bytes of a file that is not too large for a net."""
    if not path.is_file():
        raise ValueError("expected a file, found none; look for the path")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"expected at most {LARGEST:,} bytes, got more")
    data = path.read_bytes()
    if data.startswith(b"\x89HDF") and b"keras_version" in data:
        raise ValueError("HDF5 of Keras 2: open it in Keras, save as .keras")
    return data


def write(path: Path, data: bytes) -> None:
    """Write beside the path, then rename: the old file or the new one."""
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError("expected a file's name in a folder that exists")
    # Made with the permissions of any new file, unlike tempfile's.
    temporary = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def unzipped(data: bytes, limit: int, *names: str) -> dict[str, bytes]:
    """Return these members of a zip, or all; together at most limit bytes."""
    if data.count(ENTRY) > 10_000:  # each takes much more memory than here
        raise ValueError("expected a few members, got more than 10,000")
    found, what = {}, " and ".join(names) or "zip"
    with understood(what), zipfile.ZipFile(io.BytesIO(data)) as file:
        for info in file.infolist():
            note = info.comment + info.extra  # a wrong length: also the rest
            if info.compress_type not in BOUNDED or ENTRY in note:
                raise ValueError(f"{info.filename[:60]!r} is no plain member")
        members = [*map(file.getinfo, names)] or file.infolist()
        if sum(info.file_size for info in members) > limit:
            raise ValueError(f"more than the {limit:,} bytes of such a net")
        for info in members:
            with file.open(info) as member:  # at the end its sum is verified
                found[info.filename] = member.read(info.file_size)
    return found


def packed(kind: str, arrays: dict[str, np.ndarray]) -> bytes:
    """Return the bytes of a .npz or .weights.h5 file."""
    buffer = io.BytesIO()
    if kind == ".npz":
        np.savez(buffer, allow_pickle=False, **arrays)
    else:
        _write_hdf5(buffer, arrays)
    return buffer.getvalue()


def _write_hdf5(buffer, arrays):
    """In HDF5's own words: with checksums, and without the time of day."""
    from h5py import Dataset, File, h5d, h5f, h5fd, h5g, h5p, h5s, h5t

    def plan(kind):
        made = h5p.create(kind)
        made.set_obj_track_times(False)
        return made

    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fileobj_driver(h5fd.fileobj_driver, buffer)
    access.set_libver_bounds(h5f.LIBVER_V110, h5f.LIBVER_V110)
    made = h5f.create(b"net", h5f.ACC_TRUNC, plan(h5p.FILE_CREATE), access)
    with File(made) as file:
        for name, array in arrays.items():
            for group in [name[:i] for i, c in enumerate(name) if c == "/"]:
                if group not in file:
                    how = plan(h5p.GROUP_CREATE)
                    h5g.create(file.id, group.encode(), gcpl=how)
            how, shape = plan(h5p.DATASET_CREATE), array.shape
            if shape:
                how.set_chunk(shape)
                how.set_fletcher32()
            else:  # a single number has no chunks: it goes with the header
                how.set_layout(h5d.COMPACT)
            place = name.encode(), h5t.py_create(array.dtype)
            made = h5d.create(file.id, *place, h5s.create_simple(shape), how)
            Dataset(made)[()] = array


def unpacked(kind: str, data: bytes, limit: int = LARGEST) -> dict:
    """Return the arrays of a file; a .npz unpacks to at most limit bytes."""
    if kind == ".npz":
        members = unzipped(data, limit).items()
        return {n.removesuffix(".npy"): _npy(n, array) for n, array in members}
    if kind == ".keras":
        data = unzipped(data, LARGEST, WEIGHTS)[WEIGHTS]
    import h5py

    names: list[str] = []
    with understood("arrays in HDF5"), h5py.File(io.BytesIO(data)) as opened:
        opened.visit(names.append)  # which follows no link
        ours = [n for n in names if n.startswith(("layers/", "optimizer/"))]
        things = [(n, opened[n]) for n in ours]
        found = {n: a for n, a in things if isinstance(a, h5py.Dataset)}
        for path, array in found.items():
            _check(h5py, path, array)
        # Several may share their bytes: then the sum is larger.
        if sum(array.nbytes for array in found.values()) > len(data):
            raise ValueError("more arrays than it holds")
        return {path: array[()] for path, array in found.items()}


def _npy(name, content):
    with understood("array in a .npz"):
        file = io.BytesIO(content)
        np.lib.format.read_magic(file)
        shape, columns, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype not in DTYPES or (columns and len(shape) > 1):
            raise ValueError(f"{name[:60]!r}: no plain numbers in rows")
        return np.frombuffer(content, dtype, -1, file.tell()).reshape(shape)


def _check(h5py, path, array):
    """Refuse what is no array of plain numbers in the file itself."""
    plan = array.id.get_create_plist()
    filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())}
    if (
        array.shape is None
        or array.dtype not in DTYPES
        # h5py takes the nearest dtype; a changed exponent would go unseen.
        or array.id.get_type() != h5py.h5t.py_create(array.dtype)
        # A filter may unpack a little into a lot; Keras writes without any.
        or filters - {h5py.h5z.FILTER_FLETCHER32}
        or array.chunks not in (None, array.shape)
        or array.external
        or array.id.get_storage_size() < array.nbytes
    ):
        raise ValueError(f"{path}: no plain numbers in the file itself")
