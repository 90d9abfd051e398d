"""Arrays by name <-> the weights and the optimizer of a model."""

import numpy as np

from numpy_net.checks import real_number


def paths(model) -> list[str]:
    """Return the name in the file of each of the model's weights."""
    return [
        f"layers/{name}/vars/{i}"
        for name, layer in zip(_names(model), model.layers, strict=True)
        for i in range(len(layer.weights))
    ]


def _names(model) -> list[str]:
    """Keras counts the layers of each class: dense, dense_1, flatten."""
    kinds = [type(layer).__name__.lower() for layer in model.layers]
    counts = [kinds[:i].count(kind) for i, kind in enumerate(kinds)]
    return [
        f"{kind}_{n}" if n else kind
        for kind, n in zip(kinds, counts, strict=True)
    ]


def of(model, built: bool = False) -> dict[str, np.ndarray]:
    """Return weights and optimizer by name.

    built  with a velocity even before the first step: a model that Keras
           opens has one; one that loads weights has none yet.
    """
    if not model.weights:
        raise ValueError("expected a model with weights; add a Dense layer")
    arrays = dict(zip(paths(model), model.weights, strict=True))
    if model.loss is not None:
        sgd = model.optimizer
        velocities = sgd.momentums
        if built and sgd.momentum and not velocities:
            velocities = [np.zeros_like(weight) for weight in model.weights]
        with np.errstate(over="ignore"):  # refused below, in one line
            rate = np.asarray(sgd.learning_rate).astype(model.dtype)
        values = [np.asarray(sgd.iterations, "<i8"), rate, *velocities]
        arrays |= {f"optimizer/vars/{i}": v for i, v in enumerate(values)}
    for path, array in arrays.items():
        _finite(path, array)
    return arrays


def check(entries, shapes: dict[str, tuple[int, ...]]) -> None:
    """Refuse arrays that are missing, too many or of another shape."""
    if not shapes:
        raise ValueError("expected a model with weights; add a Dense layer")
    found = {path for path in entries if path.startswith("layers/")}
    for path in [*sorted(shapes.keys() - found), *sorted(found - set(shapes))]:
        there = "one too many" if path in found else "missing"
        raise ValueError(
            f"{path[:60]!r}: {there}; expected {', '.join(shapes)}: load it "
            f"into a model of the same layers"
        )
    for path, shape in shapes.items():
        _fits(path, entries[path], shape, "f")


def restore(model, entries) -> None:
    """Copy weights and optimizer into the model: all or nothing."""
    own = dict(zip(paths(model), model.weights, strict=True))
    check(entries, {path: weight.shape for path, weight in own.items()})
    new = [_read(path, entries[path], model.dtype) for path in own]
    step = _optimizer(model, entries)
    for weight, array in zip(model.weights, new, strict=True):
        weight[...] = array
    if step is not None:
        sgd = model.optimizer
        sgd.iterations, rate, velocities = step
        sgd.momentums[:] = velocities
        # Of equal rates the model's own has not been rounded to float32.
        if np.dtype(model.dtype).type(sgd.learning_rate) != rate:
            sgd.learning_rate = rate


def _optimizer(model, entries):
    """Iterations, learning rate and velocities, where they fit the SGD."""
    count = sum(path.startswith("optimizer/") for path in entries)
    with_velocities = 2 + len(model.weights)
    if model.loss is None or not (
        count == 2 or (count == with_velocities and model.optimizer.momentum)
    ):
        return None
    names = [f"optimizer/vars/{i}" for i in range(count)]
    for name in names:
        if name not in entries:
            raise ValueError(f"{name}: missing; save it anew")
    shapes = [(), (), *[weight.shape for weight in model.weights]]
    for i, (name, shape) in enumerate(zip(names, shapes, strict=False)):
        _fits(name, entries[name], shape, "f" if i else "i")
    iterations = int(entries[names[0]].read())
    if iterations < 0:
        raise ValueError(f"{names[0]}: expected steps made, got {iterations}")
    rate = real_number(names[1], float(entries[names[1]].read()))
    velocities = [_read(n, entries[n], model.dtype) for n in names[2:]]
    return iterations, rate, velocities


def _fits(path, entry, shape, kind):
    if entry.shape != shape:
        raise ValueError(
            f"{path}: expected shape {shape}, got {entry.shape}; load it "
            f"into a model of the same layers"
        )
    if entry.dtype.kind != kind:
        expected = "float32 or float64" if kind == "f" else "whole numbers"
        raise ValueError(f"{path}: expected {expected}, got {entry.dtype}")


def _read(path, entry, dtype):
    with np.errstate(over="ignore"):  # to inf, which is refused
        array = entry.read().astype(dtype)
    _finite(path, array)
    return array


def _finite(path, array):
    if not np.isfinite(array).all():
        raise ValueError(f"{path}: expected finite numbers, got nan or inf")
