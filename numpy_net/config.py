"""The dtype of every weight made from now on: float32 unless set.

Keras: keras.config. One difference: there, set_floatx leaves the layers'
dtype policy as it was once any layer has been made; here it always holds
for the next layer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from numpy_net.checks import known

DTYPES = ("float32", "float64")
_FLOATX = "float32"
_FOR_NOW: ContextVar = ContextVar("_FOR_NOW", default=None)


def floatx() -> str:
    """Return the name of the dtype, "float32" or "float64"."""
    return _FOR_NOW.get() or _FLOATX


def set_floatx(value: str) -> None:
    """Set the dtype of all layers that are made after this call.

    Raises ValueError if value is neither "float32" nor "float64".
    """
    global _FLOATX  # noqa: PLW0603 - one setting, as keras.config has it
    _FLOATX = known("dtype", value, DTYPES)


@contextmanager
def using(value: str) -> Iterator[None]:
    """Make layers of that dtype within a ``with`` block, and this thread.

    Raises ValueError if value is neither "float32" nor "float64".
    """
    before = _FOR_NOW.set(known("dtype", value, DTYPES))
    try:
        yield
    finally:
        _FOR_NOW.reset(before)
