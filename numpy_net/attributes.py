"""What may be set on an object of ours, and what it says of itself."""

import inspect
from typing import TYPE_CHECKING, Any


class Strict:
    """Only what is checked can be set: neither a slip, nor in vain.

        class L2(Strict, l2=real_number)

    real_number(name, value) returns what is kept as l2, or raises. A
    subclass of the reader's own may have what it needs.
    """

    _checks: Any = {}  # noqa: RUF012 - each class has its own
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __init_subclass__(cls, **checks):
        cls._checks = cls._checks | checks

    def __setattr__(self, name, value):
        kind = type(self)
        if name in self._checks:
            value = self._checks[name](name, value)
        elif (
            name[0] != "_"
            and kind.__module__.startswith("numpy_net.")
            and not isinstance(getattr(kind, name, None), property)
        ):
            raise AttributeError(
                f"{kind.__name__}: {name} cannot be set; what can: "
                f"{', '.join(self._checks)}"
            )
        object.__setattr__(self, name, value)

    def __repr__(self):
        """The call that makes it, without what is as by default."""
        kind, given = type(self), []
        for name, value in arguments(self).items():
            usual = inspect.signature(kind).parameters[name].default
            if isinstance(usual, str) and name in self._checks:
                usual = self._checks[name](name, usual)
            if repr(value) != repr(usual):
                given.append(f"{name}={getattr(value, '__name__', value)!r}")
        return f"{kind.__name__}({', '.join(given)})"


def arguments(thing) -> dict:
    """What an object's constructor takes, with the values that it has."""
    names = inspect.signature(type(thing)).parameters
    return {name: getattr(thing, name) for name in names}
