"""What the nets refuse, each in one line: found, expected, what to do."""

import inspect
import math
import numbers
import operator
from typing import TYPE_CHECKING, Any

import numpy as np


class Strict:
    """An object on which only what is checked can be set.

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


def shown(value) -> str:
    """What a value looks like, in one line and not for pages."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python does not write out integers of 5,000 digits
        return f"a very large {type(value).__name__}"
    return text if len(text) <= 100 else f"{text[:97]}..."


def expected(name, what, value) -> ValueError:
    return ValueError(f"{name}: expected {what}, got {shown(value)}")


def known(kind: str, name, table):
    """Return table[name], or name if the table is a mere list of names."""
    if isinstance(name, str) and name in table:
        return table[name] if isinstance(table, dict) else name
    names = ", ".join(sorted(table))
    raise ValueError(f"unknown {kind} {shown(name)}; known: {names}")


def made(kind: str, identifier, classes: dict):
    """Return an object of the classes, given as such or by class or name.

    classes  {class: the names that Keras has for it, in one string}
    """
    for made, names in classes.items():
        if isinstance(identifier, made):
            return identifier
        named = isinstance(identifier, str) and identifier in names.split()
        if named or identifier is made:
            return made()
    first = [names.split()[0] for names in classes.values()]
    return known(kind, identifier, first)  # which it is not: this tells


def several(name: str, values, example: str) -> list:
    """Return a list or tuple as a list; None stands for an empty one."""
    if not isinstance(values, list | tuple | None):
        raise expected(name, f"a list like {example}", values)
    return list(values or [])


def text(name: str, value) -> str:
    if not isinstance(value, str) or not value:
        raise expected(name, "a name", value)
    return value


def flag(name: str, value) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise expected(name, "True or False", value)
    return bool(value)


def whole_number(name: str, value, least: int = 1) -> int:
    """Return value as an int of at least ``least``."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        raise expected(name, f"a whole number of at least {least}", value)
    return number


def real_number(
    name: str, value, least: float = 0, below: float = math.inf
) -> float:
    """Return value as a finite float in [least, below)."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    try:
        number = float(value) if real else math.nan
    except OverflowError:  # an int or a fraction that no float can hold
        number = math.inf
    if not (math.isfinite(number) and least <= number < below):
        raise expected(name, f"a number in [{least}, {below})", value)
    return number


def finite(name: str, value, where: str = "") -> None:
    """Stop where the numbers have become too large to be numbers."""
    if not np.isfinite(value).all():
        raise FloatingPointError(
            f"{name} became inf or nan{where}: the steps are too long, or x "
            f"or y too large; try a smaller learning_rate, or x from 0 to 1"
        )
