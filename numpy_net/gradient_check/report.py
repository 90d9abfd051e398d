"""Is it near enough? The worst entry of each array, and what hides one."""

from dataclasses import dataclass

import numpy as np

from numpy_net import data
from numpy_net.checks import whole_number
from numpy_net.gradient_check.numeric import (
    Arrays,
    central_difference,
    complex_step,
    directional,
    kink_margin,
    loss_of,
)

# The largest errors that right code may show, by method.
LIMITS = {
    "complex step": 1e-12,
    "random directions": 1e-11,
    "central difference": 1e-6,
}
ROUNDING = 1e-15  # of terms that cancel: allowed in absolute numbers
DIRECTIONS = 20


@dataclass(frozen=True)
class Comparison:
    """The worst entry of one array of gradients.

    error  |analytic - numeric| / the largest |gradient| of the layer
    """

    name: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    ok: bool

    def __str__(self) -> str:
        return (
            f"{self.name}{list(self.index)}: analytic {self.analytic:.9g}, "
            f"numeric {self.numeric:.9g}, error {self.error:.1e} of the "
            f"layer's largest gradient"
        )


@dataclass(frozen=True)
class Report:
    """What each method says of each array; cautions in words."""

    methods: dict[str, list[Comparison]]
    cautions: list[str]

    @property
    def ok(self) -> bool:
        """Whether every array passed every method."""
        return not self.caught_by

    @property
    def caught_by(self) -> list[str]:
        """The methods that found a wrong gradient."""
        return [
            method
            for method, found in self.methods.items()
            if not all(comparison.ok for comparison in found)
        ]

    @property
    def worst(self) -> Comparison:
        """The largest error of all, in units of its method's limit."""
        return max(
            (comparison.error / LIMITS[method], number, comparison)
            for method, found in self.methods.items()
            for number, comparison in enumerate(found)
        )[2]

    def __str__(self) -> str:
        arrays = next(iter(self.methods.values()))
        lines = ["".join(["array".ljust(16), *_columns(self.methods)])]
        for i, row in enumerate(arrays):
            errors = (
                f"{found[i].error:.1e}{' ' if found[i].ok else '!'}"
                for found in self.methods.values()
            )
            lines.append("".join([row.name.ljust(16), *_columns(errors)]))
        limits = (f"{LIMITS[method]:.0e} " for method in self.methods)
        lines.append("".join(["may be up to".ljust(16), *_columns(limits)]))
        return "\n".join(lines + [f"caution: {c}" for c in self.cautions])


def _columns(cells):
    return (cell.rjust(20) for cell in cells)


def check(model, x, y, entries: int | None = None) -> Report:
    """Compare model.gradients(x, y) with all three methods.

    entries limits the weights of each array that complex step and central
    difference take; the directions always take them all.
    Raises RuntimeError before compile, ValueError for float32.
    """
    if entries is not None:
        entries = whole_number("entries", entries)
    loss, weights = loss_of(model, x, y), model.get_weights()
    if model.non_trainable_weights:
        raise ValueError(
            "gradient_check: expected no layer to be frozen; set "
            "model.trainable = True"
        )
    analytic, names = model.gradients(x, y), names_of(model)
    exact = complex_step(loss, weights, entries=entries)
    difference = central_difference(loss, weights, entries=entries)
    slopes = [
        _along_directions(loss, weights, analytic, i)
        for i in range(len(weights))
    ]
    along, expected = map(list, zip(*slopes, strict=True))
    methods = {
        "complex step": (analytic, exact),
        "random directions": (along, expected),
        "central difference": (analytic, difference),
    }
    return Report(
        {
            method: compare(*pair, names, LIMITS[method])
            for method, pair in methods.items()
        },
        cautions(model, x, y),
    )


def compare(
    analytic: Arrays, numeric: Arrays, names: list[str], limit: float = 1e-12
) -> list[Comparison]:
    """Return the worst entry of each array; nan in numeric is passed over.

    The scale is the largest numeric gradient of the layer: of "dense/kernel"
    and "dense/bias" together.
    """
    scales: dict[str, float] = {}
    for name, n in zip(names, numeric, strict=True):
        layer = name.partition("/")[0]
        largest = float(np.nanmax(np.abs(n)))
        scales[layer] = max(scales.get(layer, 0.0), largest)
    return [
        _worst(name, a, n, scales[name.partition("/")[0]], limit)
        for name, a, n in zip(names, analytic, numeric, strict=True)
    ]


def _worst(name, analytic, numeric, scale, limit):
    gap = np.abs(analytic - numeric)
    # A gradient that is itself nan is as wrong as can be.
    gap[np.isnan(analytic)] = np.inf
    index = np.unravel_index(np.nanargmax(gap), gap.shape)
    size = float(gap[index])
    return Comparison(
        name,
        tuple(int(i) for i in index),
        float(analytic[index]),
        float(numeric[index]),
        size / scale if scale else size,
        size <= limit * scale + ROUNDING,
    )


def names_of(model) -> list[str]:
    """Return "dense/kernel", "dense/bias", ... in get_weights' order."""
    return [
        f"{layer.name}/{part}"
        for layer in model.layers
        for part in ("kernel", "bias")[: len(layer.trainable_weights)]
    ]


def _along_directions(loss, weights, analytic, i):
    """Slopes along random directions of array i: by analytic, by loss."""
    rng = np.random.default_rng(i)
    along, expected = np.empty((2, DIRECTIONS))
    for k in range(DIRECTIONS):
        v = rng.normal(size=weights[i].shape)
        along[k] = np.sum(v * analytic[i])
        directions = [v if j == i else None for j in range(len(weights))]
        expected[k] = directional(loss, weights, directions)
    return along, expected


def cautions(model, x, y) -> list[str]:
    """Say what would hide a mistake in these samples."""
    found = []
    x, y = data.pair(model, x, y)
    if len(x) == 1:
        found.append(
            "one sample cannot show a missing 1/B, nor a bias that is "
            "averaged; give at least two"
        )
    flat = x.reshape(len(x), -1)
    zero = int(np.sum(~flat.any(axis=0)))
    if zero:
        found.append(
            f"{zero} of {flat.shape[1]} inputs are 0 in every sample: the "
            f"gradients of their weights are 0 whatever the code does; give "
            f"dense random inputs"
        )
    gradients = iter(model.gradients(x, y))
    for layer in model.layers:
        own = [np.abs(next(gradients)).max() for _ in layer.trainable_weights]
        if own and not max(own):
            found.append(
                f"every gradient of {layer.name} is 0: its units are dead on "
                f"these samples, and nothing is checked there"
            )
    margin = kink_margin(model, x)
    if margin < 1e-4:
        found.append(
            f"a relu has z = {margin:.0e} from its kink: a central "
            f"difference may step across; trust the complex step"
        )
    return found
