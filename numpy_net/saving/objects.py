"""Objects as config.json writes them, and what of them is ours.

    {"module": "keras.layers", "class_name": "Dense",
     "config": {"units": 10, ...}, "registered_name": null}

Whatever is not known to do nothing is refused by its name, so that no net
opens that would compute something else. A setting that is off (null, false
or 0) needs no counterpart here; so later versions of Keras may add some.
"""

from typing import Any

from numpy_net.checks import known

NAMES = ("name", "dtype")


def made(module: str, kind: str, config: dict) -> dict[str, Any]:
    """Return one of Keras's objects as config.json writes it."""
    return {
        "module": f"keras.{module}".rstrip("."),
        "class_name": kind,
        "config": config,
        "registered_name": None,
    }


def read(label: str, node, module: str, *kinds: str) -> tuple[str, dict]:
    """Return class and settings of an object that must be one of kinds."""
    node = node if isinstance(node, dict) else {"class_name": node}
    kind, config = node.get("class_name"), node.get("config")
    if (
        kind not in kinds
        or not isinstance(config, dict)
        or node.get("module") != f"keras.{module}".rstrip(".")
        or node.get("registered_name") is not None
    ):
        raise ValueError(
            f"{label}: expected {' or '.join(kinds)} of Keras, got "
            f"{short(kind)}, which numpy_net does not have; open it with "
            f"Keras"
        )
    return kind, config


def only(label: str, config: dict, names, **fixed) -> None:
    """Refuse a setting that is on and that numpy_net does not have.

    names  those that are read, or that change nothing
    fixed  what the others must be, where that is not "off"
    """
    for key, value in config.items():
        if key in names or (key in fixed and value == fixed[key]):
            continue
        if key in fixed or not (value is None or value in (False, 0)):
            raise ValueError(
                f"{label}: {short(key)} is {short(value)}, and numpy_net has "
                f"{fixed.get(key)} alone; open it with Keras"
            )


def dtype(label: str, config: dict) -> str:
    """Return "float32" or "float64", written plainly or as a policy."""
    name = config.get("dtype")
    if isinstance(name, dict):
        policy = plain(f"dtype of {label}", name.get("config"), dict)
        name = policy.get("name")
    table = {n: n for n in ("float32", "float64")}
    return known(f"dtype of {label}", name, table)


def plain(label: str, value, kind: type) -> Any:
    """Return a value of JSON that must be of that kind."""
    if not isinstance(value, kind):
        raise ValueError(
            f"{label}: expected a {kind.__name__}, got {short(value)}"
        )
    return value


def short(value) -> str:
    """What an error shows of a value: never the whole of a long one."""
    if isinstance(value, dict):
        value = value.get("class_name", "an object")
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
