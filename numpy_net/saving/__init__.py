"""Nets that travel: files that Keras reads, and files that Keras wrote.

    model.save("net.keras")                  keras.saving.load_model reads it
    saving.load_model("net.keras")           a net that Keras saved
    model.save_weights("net.weights.h5")     the weights alone; or "net.npz"
    model.load_weights("net.weights.h5")     or "net.npz", or "net.keras"

Numbers come back bit for bit. A file may come from anyone: nothing in it is
run, unpickled or extracted, no other file is followed from it, no weight is
made before it is known to be there. But HDF5's library, behind .keras and
.weights.h5, is not made for hostile files: from strangers take .npz.
"""

import io
import json
import re
import zipfile
from contextlib import contextmanager
from pathlib import Path

from numpy_net.saving import files
from numpy_net.saving.model import arrays_of, described, opened, restore

METADATA, CONFIG = "metadata.json", "config.json"
VERSION = re.compile(rb'"keras_version": "([\d.]+)"')
BY = b'{"keras_version": "3", "by": "numpy_net"}'


def save_model(model, filepath) -> None:
    """Write the net, how it is compiled, its weights and its optimizer.

    Raises ValueError, and leaves an old file as it was, for another ending
    than .keras, for a part that Keras does not have, and for weights that
    are not finite; ModuleNotFoundError without h5py.
    Keras: keras.saving.save_model. Differences: an old file is replaced
    without asking; no initializers, whose work is done.
    """
    with _about(filepath, ".keras") as (path, _):
        weights = files.packed(".weights.h5", arrays_of(model))
        config = json.dumps(described(model), allow_nan=False).encode()
        members = {METADATA: BY, CONFIG: config, files.WEIGHTS: weights}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            for name, data in members.items():  # dated 1980: the same bytes
                file.writestr(zipfile.ZipInfo(name), data)
        files.write(path, buffer.getvalue())


def load_model(filepath, *, compile: bool = True):
    """Return the net of a .keras file, compiled and with its optimizer.

    Its dtype is the file's, whatever floatx is. compile=False: to predict.

    Raises ValueError if the file is damaged, and for any part or setting
    that numpy_net does not have; ModuleNotFoundError without h5py.
    Keras: keras.saving.load_model. One difference: no custom objects.
    """
    with _about(filepath, ".keras") as (path, _):
        data = files.read(path)
        texts = files.unzipped(data, 2**20, METADATA, CONFIG)
        arrays = files.unpacked(".keras", data)
        version = b"".join(VERSION.findall(texts[METADATA])).decode()
        try:
            model = opened(texts[CONFIG], arrays, compile)
            restore(model, arrays)
        except Exception as error:  # KeyError, for instance: no net at all
            said = error if isinstance(error, ValueError) else repr(error)
            raise ValueError(f"{said} (saved by Keras {version})") from None
    return model


def save_weights(model, filepath) -> None:
    """Write the weights, and the optimizer if the model is compiled.

    Raises ValueError, and leaves an old file as it was, for another ending
    than .weights.h5 and .npz, and for weights that are not finite;
    ModuleNotFoundError for .weights.h5 without h5py.
    Keras: keras.saving.save_weights. One difference: .npz.
    """
    with _about(filepath, ".weights.h5", ".npz") as (path, kind):
        files.write(path, files.packed(kind, arrays_of(model)))


def load_weights(model, filepath) -> None:
    """Copy a file's weights into the layers, in their dtype.

    A compiled model's optimizer takes over iterations, learning rate and
    momentums if they are as many as it has; otherwise it stays as it is.

    Raises ValueError, and changes nothing, if the file is damaged, or an
    array is missing, one too many, of another shape, or not finite;
    ModuleNotFoundError for .weights.h5 and .keras without h5py.
    Keras: keras.saving.load_weights. Differences: .npz; no layer left out.
    """
    with _about(filepath, ".weights.h5", ".npz", ".keras") as (path, kind):
        data = files.read(path)
        most = 16 * model.count_params() + 2**16  # momentums, headers
        restore(model, files.unpacked(kind, data, most))


@contextmanager
def _about(filepath, *endings):
    """Give path and ending; put the path before whatever is refused."""
    path = Path(filepath)
    try:
        found = [ending for ending in endings if path.name.endswith(ending)]
        if not found:
            if path.is_file():
                files.read(path)  # which may be Keras 2's, and is told so
            raise ValueError(f"expected the ending {' or '.join(endings)}")
        yield path, found[0]
    except ModuleNotFoundError:
        raise ModuleNotFoundError("pip install h5py, or use .npz") from None
    except ValueError as error:
        raise ValueError(" ".join(f"{path}: {error}".split())[:1000]) from None
