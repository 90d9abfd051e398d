"""A model <-> its description, Keras's config.json, and its arrays by name.

A net that was read is described anew, and the two descriptions compared: no
net opens that would compute something else. A setting that numpy_net does
not have must be off (null, false or 0), or be known to change nothing.
"""

import inspect
import json

import numpy as np

from numpy_net import activations, checks, config, utils
from numpy_net.layers import Dense, Flatten, Input
from numpy_net.losses import CategoricalCrossentropy, MeanSquaredError
from numpy_net.metrics import CategoricalAccuracy, F1Score, MeanMetricWrapper
from numpy_net.optimizers import SGD
from numpy_net.regularizers import L2
from numpy_net.saving.files import understood
from numpy_net.sequential import Sequential

# Each is in the module, and has the arguments, that it has in Keras.
KINDS: list[type] = [Flatten, Dense, L2, SGD, MeanSquaredError]
KINDS += [CategoricalCrossentropy, CategoricalAccuracy, F1Score]
DONE = {"kernel_initializer", "bias_initializer"}  # their work is done
IDLE = DONE | {"name", "trainable", "dtype", "build_config", "fn"}
IDLE |= {"build_input_shape", "ema_momentum", "jit_compile", "run_eagerly"}
IDLE |= {"steps_per_execution"}
OFF: dict[str, list] = {"axis": [-1], "data_format": ["channels_last"]}
OFF["reduction"] = ["sum_over_batch_size", "auto"]  # the latter in Keras 2
FUNCTIONS = "mean_squared_error categorical_crossentropy categorical_accuracy"


def described(model) -> dict:
    """Return the description of a model and of how it is compiled."""
    entry = {"batch_shape": model.input_shape}
    nodes = [_node("keras.layers", "InputLayer", entry)]
    nodes += map(_value, model.layers)
    for node in nodes:
        node["config"]["dtype"] = str(model.dtype)
    found = _node("keras", "Sequential", {"name": model.name, "layers": nodes})
    if model.loss is not None:
        chosen = model.metrics[1:]
        found["compile_config"] = {
            "optimizer": _value(model.optimizer),
            "loss": _value(model.loss),
            "metrics": [_value(m) for group in chosen for m in group.metrics],
        }
    return found


def _value(value):
    """An argument, or what else there is, as JSON has it."""
    kind = type(value)
    if kind in KINDS:
        given = checks.arguments(value).items()
        settings = {k: _value(v) for k, v in given if k not in DONE}
        module = kind.__module__.replace("numpy_net", "keras")
        return _node(module, kind.__name__, settings)
    if callable(value) and value in activations.VJP:
        return value.__name__
    if kind is MeanMetricWrapper:  # a function of the user's
        return _node("builtins", "function", value.name, "function")
    if not isinstance(value, str | float | int | None):  # a subclass of ours
        raise ValueError(f"Keras has no {kind.__name__}; use save_weights")
    return value


def _node(module, kind, settings, name=None):
    node = {"module": module, "class_name": kind, "config": settings}
    return node | {"registered_name": name}


def opened(text: bytes, arrays, compile: bool) -> Sequential:
    """Return the model of a description, its weights yet to be restored."""
    with understood("JSON in config.json"):  # and in it words of Keras 2
        text = text.replace(b"optimizers.experimental", b"optimizers")
        text = text.replace(b'"batch_input_shape":', b'"batch_shape":')
        theirs = json.loads(text, parse_constant=float, object_hook=_hook)
    how, settings = theirs.pop("compile_config", None), theirs["config"]
    first, *nodes = settings["layers"]
    if first["class_name"] != "InputLayer":
        raise ValueError("its first layer is no Input: give it one in Keras")
    entry = Input(tuple(first["config"].pop("batch_shape")[1:]))
    model, made = Sequential([entry], name=settings["name"]), map(_made, nodes)
    # Neither floatx nor the random numbers are other ones afterwards.
    with config.using(first["config"]["dtype"]), utils.drawing_from(0):
        for place, layer in _placed([*made]):
            if isinstance(layer, Dense):  # make no kernel that is not there
                shape = (model.output_shape[-1], layer.units)
                _fit(arrays, f"{place}/0", np.broadcast_to(0.0, shape))
            model.add(layer)
    _compare("model", theirs, described(model))
    if compile and how:  # {}: not compiled
        _compile(model, how)
    return model


def _hook(node):
    """What is to be read in place of a node of JSON."""
    kind, value = node.get("class_name"), node.get("config")
    if kind == "function":  # a user's may have the name of ours
        return value if value in FUNCTIONS.split() else f"function {value}"
    return value["name"] if kind == "DTypePolicy" else node


def _compile(model, how):
    try:
        how["metrics"] = how["metrics"] or []
        made = [_made(how[key]) for key in ("optimizer", "loss")]
        model.compile(*made, metrics=[_made(node) for node in how["metrics"]])
        _compare("compile", how, described(model)["compile_config"])
    except ValueError as error:
        hint = "or give compile=False, to predict only"
        raise ValueError(f"{error}; {hint}") from None


def _made(node):
    """Return the object that a node describes; what is none, as it is."""
    if not isinstance(node, dict):
        return node
    name, kinds = node["class_name"], {kind.__name__: kind for kind in KINDS}
    if name not in kinds:
        raise ValueError(f"numpy_net has no {name!r:.60}; open it with Keras")
    names = inspect.signature(kinds[name]).parameters.keys() - DONE
    given = {k: _made(v) for k, v in node["config"].items() if k in names}
    return kinds[name](**given)


def _compare(label, theirs, ours):
    """Refuse what the net that was made does not have, or has otherwise."""
    kinds = type(theirs), type(ours)
    if kinds == (dict, dict):
        for key, value in theirs.items():
            off = key in IDLE or value in OFF.get(key, [None, False])
            if key in ours or not off:
                _compare(f"{label}.{key[:60]}", value, ours.get(key))
    elif kinds == (list, list) and len(theirs) == len(ours):
        for i, pair in enumerate(zip(theirs, ours, strict=True)):
            _compare(f"{label}.{i}", *pair)
    elif theirs != ours and kinds != (str, dict):  # a name, what it means
        line = f"{label} is {theirs!r:.60}, and numpy_net has {ours!r:.60}"
        raise ValueError(f"{line}; open it with Keras")


def arrays_of(model) -> dict[str, np.ndarray]:
    """Return weights and optimizer by name, all finite."""
    arrays = _weights(model) | _optimizer(model)
    return {path: _fit(arrays, path, array) for path, array in arrays.items()}


def restore(model, arrays) -> None:
    """Copy weights and optimizer into the model: all or nothing."""
    own = _weights(model)
    for path in sorted(own.keys() ^ {p for p in arrays if p[:7] == "layers/"}):
        there = "one too many" if path in arrays else "missing"
        raise ValueError(f"{path[:60]!r} is {there}: of another net")
    sgd, step = model.optimizer, _step(arrays, _optimizer(model))
    model.set_weights([_fit(arrays, path, like) for path, like in own.items()])
    if step:
        sgd.iterations, sgd.learning_rate, *sgd.momentums[:] = step


def _placed(layers):
    """Each layer and where its weights are: by class and count."""
    kinds = [type(layer).__name__.lower() for layer in layers]
    for i, layer in enumerate(layers):
        count = kinds[:i].count(kinds[i])
        kind = f"{kinds[i]}_{count}" if count else kinds[i]
        yield f"layers/{kind}/vars", layer


def _weights(model):
    if not model.weights:
        raise ValueError("expected a model with weights; add a Dense layer")
    return {
        f"{place}/{i}": weight
        for place, layer in _placed(model.layers)
        for i, weight in enumerate(layer.weights)
    }


def _optimizer(model):
    """Iterations, learning rate and momentums, if any, by name."""
    if model.loss is None:
        return {}
    sgd = model.optimizer
    moving = sgd.momentums or map(np.zeros_like, model.trainable_weights)
    values = [np.int64(sgd.iterations), np.float64(sgd.learning_rate)]
    values += moving if sgd.momentum else []
    return {f"optimizer/vars/{i}": value for i, value in enumerate(values)}


def _step(arrays, own):
    """What the optimizer takes over, if the file has as much as it has."""
    count = sum(path.startswith("optimizer/") for path in arrays)
    names, likes, rate = [*own], [*own.values()], []
    if count == len(own) - 1:  # Keras 2 has the rate in config.json alone
        rate = [likes.pop(1)]
    if not count or count != len(likes):
        return []
    new = [_fit(arrays, *item) for item in zip(names, likes, strict=False)]
    new[1:1] = rate
    iterations = checks.whole_number("iterations", new[0].item(), least=0)
    return [iterations, checks.real_number("rate", new[1].item()), *new[2:]]


def _fit(arrays, path, like) -> np.ndarray:
    """Return an array of the shape of like, in its dtype, finite."""
    if path not in arrays:
        raise ValueError(f"{path}: missing; save it anew")
    found = arrays[path]
    if found.shape != like.shape or found.dtype.kind != like.dtype.kind:
        want, got = (f"{a.dtype} of shape {a.shape}" for a in (like, found))
        raise ValueError(f"{path}: expected {want}, got {got}")
    with np.errstate(over="ignore"):  # to inf, which is refused
        found = found.astype(like.dtype)
    if not np.isfinite(found).all():
        raise ValueError(f"{path}: expected finite numbers, got nan or inf")
    return found
