"""Nets that travel: files that Keras reads, and files that Keras wrote.

    model.save("net.keras")                  keras.saving.load_model reads it
    saving.load_model("net.keras")           a net that Keras saved
    model.save_weights("net.weights.h5")     the weights alone; or "net.npz"
    model.load_weights("net.weights.h5")     or "net.npz", or "net.keras"

The numbers are copied, not rounded: they come back bit for bit.

files.py       bytes from and to the disk, and the members of a .keras
containers.py  .npz and .weights.h5: bytes <-> arrays by name
state.py       arrays by name <-> the weights and optimizer of a model
describe.py    a model -> the config.json of a .keras
build.py       the config.json of a .keras -> a model
objects.py     one object of config.json, and what of it is ours

A file may come from anyone. Nothing in it is run or unpickled, nothing is
extracted, no other file is followed from it, and no array is made before
its shape is known to be the model's and its bytes to be there. .npz and
.keras carry checksums over all, and so does every .weights.h5 that is
written here; in one that Keras wrote, a changed weight cannot be seen. The
HDF5 library itself, which reads .weights.h5 and .keras, is not made for
hostile files: from strangers take .npz.

Keras: keras.saving.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from numpy_net.saving import build, containers, describe, files, state


def save_model(model, filepath) -> None:
    """Write the net, how it is compiled, its weights and its optimizer.

    Raises ValueError, and leaves an old file as it was, if the name does
    not end in .keras, if Keras has no word for some part, or for weights
    that are not finite; ModuleNotFoundError without h5py.
    Keras: keras.saving.save_model. Differences: an old file is replaced
    without asking, in one go, and no initializers are written: they have
    done their work.
    """
    with _about(filepath) as path:
        files.ending(path, ".keras")
        config = describe.model(model)
        arrays = state.of(model, built=True)
        data = containers.write(".weights.h5", arrays)
        files.write(path, files.archive(config, data))


def load_model(filepath, *, compile: bool = True):
    """Return the net of a .keras file, compiled and with its optimizer.

    Its dtype is that of the file, whatever floatx is. With compile=False
    it is ready to predict, and how it was trained is not looked at.

    Raises ValueError if the file is damaged, or for any part or setting
    that numpy_net does not have; ModuleNotFoundError without h5py.
    Keras: keras.saving.load_model. Differences: custom objects are always
    refused, and so are arrays that do not fit.
    """
    with _about(filepath) as path:
        files.ending(path, ".keras")
        config, data = files.members(files.read(path))
        plan = build.plan(files.parsed(config), compile)
        with containers.opened(".weights.h5", data) as entries:
            state.check(entries, plan.shapes())
            model = build.model(plan)
            state.restore(model, entries)
    return model


def save_weights(model, filepath) -> None:
    """Write the weights, and the optimizer if the model is compiled.

    Raises ValueError, and leaves an old file as it was, if the name ends
    in neither .weights.h5 nor .npz, or for weights that are not finite;
    ModuleNotFoundError for .weights.h5 without h5py.
    Keras: keras.saving.save_weights; it knows .weights.h5 alone.
    """
    with _about(filepath) as path:
        kind = files.ending(path, ".weights.h5", ".npz")
        files.write(path, containers.write(kind, state.of(model)))


def load_weights(model, filepath) -> None:
    """Copy a file's weights into the layers, in their dtype.

    From float64 to float32 they are rounded, as in Keras. Of a .keras file
    only the weights are read. A compiled model's optimizer takes over the
    iterations, learning rate and velocities if they are as many as it has;
    otherwise, where Keras warns, it stays as it is.

    Raises ValueError, and changes nothing, if the file is damaged, or if
    an array is missing, one too many, of another shape, or not finite;
    ModuleNotFoundError for .weights.h5 and .keras without h5py.
    Keras: keras.saving.load_weights. One difference: layers that the model
    does not have are refused.
    """
    with _about(filepath) as path:
        kind = files.ending(path, ".weights.h5", ".npz", ".keras")
        data = files.read(path)
        if kind == ".keras":
            kind, (_, data) = ".weights.h5", files.members(data)
        with containers.opened(kind, data) as entries:
            state.restore(model, entries)


@contextmanager
def _about(filepath) -> Iterator[Path]:
    """Give the path; put it before whatever is refused."""
    path = Path(filepath)
    try:
        yield path
    except ValueError as error:
        line = " ".join(f"{path}: {error}".split())
        raise ValueError(line[:1000]) from None
