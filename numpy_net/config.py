"""The dtype of every weight made from now on: float32 unless set.

Keras: keras.config. One difference: there, set_floatx leaves the layers'
dtype policy as it was once any layer has been made; here it always holds
for the next layer.
"""

from numpy_net.checks import known

_FLOATX = "float32"


def floatx() -> str:
    """Return the name of the dtype, "float32" or "float64"."""
    return _FLOATX


def set_floatx(value: str) -> None:
    """Set the dtype of all layers that are made after this call.

    Raises ValueError if value is neither "float32" nor "float64".
    """
    global _FLOATX  # noqa: PLW0603 - one setting, as keras.config has it
    _FLOATX = known("dtype", value, {n: n for n in ("float32", "float64")})
