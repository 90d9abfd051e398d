"""Arrays by name in one file: .npz, and .weights.h5 as Keras lays it out.

    layers/dense/vars/0         kernel (I, O) of the first Dense
    layers/dense/vars/1         bias (O,)
    layers/dense_1/vars/0       kernel of the second, and so on
    optimizer/vars/0            iterations made; learning rate; velocities

A .npz has the same names. Its checksums come from zip; those of .weights.h5
from HDF5: Fletcher's 32 bits over each array, and, in the format of version
1.10, a sum over all that describes it. Keras reads both, and is told of a
changed weight, too.
"""

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from numpy_net.saving.files import member, understood, unzipped

DTYPES = ("<f4", "<f8", "<i4", "<i8")


class Entry(NamedTuple):
    """What is known of an array before it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]


def write(kind: str, arrays: dict[str, np.ndarray]) -> bytes:
    """Return the bytes of a .npz or .weights.h5 file."""
    buffer = io.BytesIO()
    if kind == ".npz":
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()
    h5py = _h5py()
    with h5py.File(buffer, "w", libver=("v110", "v110")) as file:
        for name, array in arrays.items():
            if array.shape:
                file.create_dataset(
                    name, data=array, chunks=array.shape, fletcher32=True
                )
                continue
            # A single number has no chunks; it goes with its description,
            # which h5py only does when asked in HDF5's own words.
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_layout(h5py.h5d.COMPACT)
            plan.set_obj_track_times(False)  # the same bytes tomorrow
            dtype = h5py.h5t.py_create(array.dtype)
            place = h5py.h5s.create(h5py.h5s.SCALAR)
            made = h5py.h5d.create(file.id, None, dtype, place, plan)
            file[name] = h5py.Dataset(made)
            file[name][()] = array
    return buffer.getvalue()


@contextmanager
def opened(kind: str, data: bytes) -> Iterator[dict[str, Entry]]:
    """Give the entries of a file by name; read them before it closes."""
    if kind == ".npz":
        with unzipped(data, "a .npz file") as archive:
            yield dict(_npz_entries(archive))
        return
    h5py = _h5py()
    with understood("an HDF5 file"):
        file = h5py.File(io.BytesIO(data), "r")
    with file:
        entries = dict(_h5_entries(h5py, file, len(data)))
        # Several names may share one array's bytes: then the sum is larger.
        total = sum(
            math.prod(entry.shape) * entry.dtype.itemsize
            for entry in entries.values()
        )
        if total > len(data):
            raise ValueError("expected plain arrays, found more than it holds")
        yield entries


def _npz_entries(archive):
    for name in archive.namelist():
        with understood("arrays in the .npz"), archive.open(name) as content:
            if np.lib.format.read_magic(content) != (1, 0):
                raise ValueError("a .npy of another version")
            shape, columns, dtype = np.lib.format.read_array_header_1_0(
                content
            )
            start = content.tell()
        if dtype.str not in DTYPES or (columns and len(shape) > 1):
            raise ValueError(_dtype_error(name, dtype))

        def read(name=name, shape=shape, dtype=dtype, start=start):
            size = start + math.prod(shape) * dtype.itemsize
            content = member(archive, name, size)
            with understood("whole arrays in the .npz"):
                return np.frombuffer(content, dtype, -1, start).reshape(shape)

        yield name.removesuffix(".npy"), Entry(shape, dtype, read)


def _h5_entries(h5py, file, size):
    """The arrays where Keras puts them; nothing else is looked at."""
    for top, names in (("layers", None), ("optimizer", ("vars",))):
        if top not in _names(file):
            continue
        group = _held(h5py, file, top, h5py.Group)
        for name in names or _names(group):
            layer = group if names else _held(h5py, group, name, h5py.Group)
            if "vars" not in _names(layer):
                continue
            store = _held(h5py, layer, "vars", h5py.Group)
            for key in _names(store):
                dataset = _held(h5py, store, key, h5py.Dataset)
                path = (
                    f"{top}/vars/{key}"
                    if names
                    else (f"{top}/{name}/vars/{key}")
                )
                yield path, _h5_entry(h5py, path, dataset, size)


def _names(group):
    with understood("groups in the HDF5 file"):
        return list(group)


def _held(h5py, group, name, kind):
    """Return a member that the file itself holds: no link to another."""
    with understood("groups and arrays in the HDF5 file"):
        link = group.get(name, getclass=True, getlink=True)
        found = group[name] if link is h5py.HardLink else link
    if not isinstance(found, kind):
        got = getattr(found, "__name__", type(found).__name__)
        raise ValueError(
            f"{name[:60]!r}: expected a {kind.__name__} in the file itself, "
            f"got {got}, which is not followed; save it anew"
        )
    return found


def _h5_entry(h5py, path, dataset, size):
    with understood("arrays in the HDF5 file"):
        shape, dtype, chunks = dataset.shape, dataset.dtype, dataset.chunks
        plan = dataset.id.get_create_plist()
        filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())}
        elsewhere = bool(dataset.external) or dataset.is_virtual
        # h5py takes the nearest dtype; a changed exponent would go unseen.
        exact = dataset.id.get_type() == h5py.h5t.py_create(dtype)
        held = dataset.id.get_storage_size()
    if elsewhere:
        raise ValueError(f"{path}: its numbers are in another file; not read")
    if shape is None or not exact or dtype.str not in DTYPES:
        raise ValueError(_dtype_error(path, dtype))
    # A filter may unpack a little into a lot; Keras writes without any.
    if filters - {h5py.h5z.FILTER_FLETCHER32}:
        raise ValueError(f"{path}: expected it uncompressed; save it anew")
    if not math.prod(shape) * dtype.itemsize <= held <= size or any(
        chunk > length
        for chunk, length in zip(chunks or (), shape, strict=False)
    ):
        raise ValueError(
            f"{path}: shape {shape} does not go with the {held:,} bytes held "
            f"for it; save it anew"
        )

    def read():
        with understood("whole arrays in the HDF5 file"):
            return np.asarray(dataset[()])

    return Entry(shape, dtype, read)


def _dtype_error(path, dtype):
    return (
        f"{path[:60]!r}: expected plain numbers, float32 or float64, in "
        f"rows, got {str(dtype)[:60]}; save it anew"
    )


def _h5py() -> Any:
    try:
        import h5py
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "files that end in .keras and .h5 need h5py, which is not "
            "installed: pip install h5py, or use .npz"
        ) from None
    return h5py
