"""The dtype of every weight made from now on: float32 unless set.

Keras: keras.config. One difference: there, set_floatx leaves the layers'
dtype policy as it was once any layer has been made; here it always holds
for the next layer. Raises ValueError for other dtypes than these two.
"""

from contextlib import contextmanager
from contextvars import ContextVar

from numpy_net.checks import known

DTYPES = ("float32", "float64")


class Setting:
    """A value for all, and another within a ``with`` block of a thread."""

    def __init__(self, value):
        self.value = value
        self._for_now: ContextVar = ContextVar("_for_now", default=None)

    def get(self):
        return self._for_now.get() or self.value

    @contextmanager
    def using(self, value):
        before = self._for_now.set(value)
        try:
            yield
        finally:
            self._for_now.reset(before)


_FLOATX = Setting("float32")


def floatx() -> str:
    """Return the name of the dtype, "float32" or "float64"."""
    return _FLOATX.get()


def set_floatx(value: str) -> None:
    """Set the dtype of all layers that are made after this call."""
    _FLOATX.value = known("dtype", value, DTYPES)


def using(value: str):
    """Make layers of that dtype within a ``with`` block, and this thread."""
    return _FLOATX.using(known("dtype", value, DTYPES))
