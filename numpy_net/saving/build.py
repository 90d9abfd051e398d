"""The config.json of a .keras file -> a model, if we have all it names."""

import math
from typing import Any, NamedTuple

from numpy_net import config, losses
from numpy_net.activations import VJP
from numpy_net.checks import known, whole_number
from numpy_net.layers import Dense, Flatten, Input
from numpy_net.losses import CategoricalCrossentropy, MeanSquaredError
from numpy_net.metrics import CategoricalAccuracy, F1Score
from numpy_net.optimizers import SGD
from numpy_net.regularizers import L2
from numpy_net.saving.objects import NAMES, dtype, only, plain, read, short

OURS = ("units", "activation", "kernel_regularizer")
DONE = ("kernel_initializer", "bias_initializer")  # their work is done
HOW = ("run_eagerly", "steps_per_execution", "jit_compile")  # not what
MEAN = {"reduction": "sum_over_batch_size"}


class Plan(NamedTuple):
    """A model that is described and not yet made."""

    name: str
    dtype: str
    input_shape: tuple[int, ...]
    layers: list[dict | None]  # the arguments of a Dense; None: a Flatten
    compile: dict[str, Any] | None

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights, by name in the file."""
        found: dict[str, tuple[int, ...]] = {}
        rows, path = self.input_shape, "layers/dense"
        for arguments in self.layers:
            if arguments is None:
                rows = (math.prod(rows),)
                continue
            units = (arguments["units"],)
            if len(rows) != 1:
                raise ValueError(
                    f"Dense on samples of shape {rows}: numpy_net needs a "
                    f"Flatten before it; open it with Keras"
                )
            found |= {f"{path}/vars/0": rows + units, f"{path}/vars/1": units}
            rows, path = units, f"layers/dense_{len(found) // 2}"
        return found


def plan(description, compile: bool) -> Plan:
    """Return what a description says, and make no array yet."""
    _, model = read("model", description, "", "Sequential")
    names = (*NAMES, "layers", "build_input_shape")
    only("model", model, names, trainable=True)
    first, *others = plain("layers", model.get("layers"), list) or [None]
    _, start = read("the first layer", first, "layers", "InputLayer")
    only("input", start, (*NAMES, "batch_shape"))
    _, *sizes = plain("input", start.get("batch_shape"), list) or [None]
    how = description.get("compile_config") if compile else None
    return Plan(
        name=plain("name", model.get("name"), str),
        dtype=dtype("input", start),
        input_shape=Input(tuple(sizes)).shape[1:],
        layers=[
            _layer(f"layer {i}", node, dtype("input", start))
            for i, node in enumerate(others)
        ],
        compile=_compile(how) if how else None,  # {}: not compiled
    )


def model(plan: Plan):
    """Return the model; its weights are 0."""
    from numpy_net.sequential import Sequential  # which can save itself

    with config.using(plan.dtype):
        made = Sequential([Input(plan.input_shape)], name=plan.name)
        for arguments in plan.layers:
            made.add(Flatten() if arguments is None else Dense(**arguments))
    if plan.compile is not None:
        made.compile(**plan.compile)
    return made


def _layer(label, node, input_dtype):
    """Return the arguments of a Dense, or None for a Flatten."""
    name = node["config"].get("name") if _has_config(node) else None
    label = name[:60] if str(name).isidentifier() and name else label
    kind, layer = read(label, node, "layers", "Dense", "Flatten")
    if dtype(label, layer) != input_dtype:
        raise ValueError(
            f"{label}: its dtype is not {input_dtype}, as the input's, and "
            f"numpy_net has one alone for all layers; open it with Keras"
        )
    if kind == "Flatten":
        rest = {"trainable": True, "data_format": "channels_last"}
        only(label, layer, NAMES, **rest)
        return None
    names = (*NAMES, *OURS, *DONE)
    only(label, layer, names, trainable=True, use_bias=True)
    activation, table = layer.get("activation"), {f.__name__: f for f in VJP}
    if not isinstance(activation, str):  # a class or function of its maker's
        activation = short(activation)
    return {
        "units": whole_number(f"{label}: units", layer.get("units")),
        "activation": known(f"activation of {label}", activation, table),
        "kernel_initializer": "zeros",  # draws nothing; replaced anyway
        "kernel_regularizer": _l2(label, layer.get("kernel_regularizer")),
    }


def _has_config(node):
    return isinstance(node, dict) and isinstance(node.get("config"), dict)


def _l2(label, node):
    if node is None:
        return None
    _, l2 = read(f"{label}: regularizer", node, "regularizers", "L2")
    only(f"{label}: L2", l2, ("l2",))
    return L2(l2.get("l2", math.nan))  # nan: refused


def _compile(how) -> dict[str, Any]:
    """Return the arguments of compile."""
    try:
        how = plain("compile_config", how, dict)
        only("compile", how, (*HOW, "optimizer", "loss", "metrics"))
        return {
            "optimizer": _optimizer(how.get("optimizer")),
            "loss": _loss(how.get("loss")),
            "metrics": [
                _metric(node)
                for node in plain("metrics", how.get("metrics") or [], list)
            ],
        }
    except ValueError as error:
        hint = "; or give compile=False, to predict only"
        raise ValueError(f"{error}{hint}") from None


def _optimizer(node):
    _, sgd = read("optimizer", node, "optimizers", "SGD")
    rates = ("learning_rate", "momentum")
    only("SGD", sgd, (*NAMES, *rates, "ema_momentum"))
    return SGD(**{key: sgd[key] for key in rates if key in sgd})


def _loss(node):
    node = _function(node)
    if isinstance(node, str):
        return losses.get({"MSE": "mse"}.get(node, node))
    kinds = ("MeanSquaredError", "CategoricalCrossentropy")
    kind, loss = read("loss", node, "losses", *kinds)
    if kind == "MeanSquaredError":
        only("loss", loss, NAMES, **MEAN)
        return MeanSquaredError()
    only("loss", loss, (*NAMES, "from_logits"), axis=-1, **MEAN)
    return CategoricalCrossentropy(loss.get("from_logits") is True)


def _metric(node):
    node = _function(node)
    if isinstance(node, str):
        return node  # compile knows it, or refuses it
    kinds = ("CategoricalAccuracy", "F1Score")
    kind, metric = read("metric", node, "metrics", *kinds)
    name = plain("name of a metric", metric.get("name"), str)
    if kind == "CategoricalAccuracy":
        only(kind, metric, NAMES)
        return CategoricalAccuracy(name)
    only(kind, metric, (*NAMES, "average"))
    return F1Score(metric.get("average"), name=name)


def _function(node):
    """Keras's own functions go by their names."""
    if isinstance(node, dict) and node.get("class_name") == "function":
        return node.get("config")
    return node
