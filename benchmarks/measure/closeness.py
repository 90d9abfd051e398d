"""How far NumPy and Keras drift apart, update by update; and is it chaos?

Both editions of a net start from the same weights and see the same batches.
Beside them runs a second NumPy net whose first weights are one ulp away,
the smallest step that the dtype has: what the two NumPy nets differ by is
what rounding does to any two right programs.
"""

from typing import Any

import numpy as np

from benchmarks.measure.job import Samples
from numpy_net import architectures, config, gradient_check, utils

Array = np.ndarray
NETS = ("assignment_net", "custom_net")
DTYPES = ("float64", "float32")
BATCH_SIZE = 10
MOMENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


def drift(
    samples: Samples, net: str, dtype: str, keras: Any, seed: int
) -> dict[str, Any]:
    """The largest weight differences after so many updates.

    keras     the module, or None where it is not installed
    returns   steps, and for each the difference of Keras's weights and of
              the twin's from ours, in absolute numbers
    """
    config.set_floatx(dtype)
    utils.set_random_seed(seed)
    ours, twin = (getattr(architectures, net)() for _ in range(2))
    first = ours.get_weights()
    twin.set_weights([np.nextafter(w, np.inf) for w in first])
    others = {"twin": twin}
    if keras is not None:
        others["keras"] = _of_keras(keras, net, dtype)
        others["keras"].set_weights(first)
    x, y = (a.astype(dtype) for a in samples[:2])
    found: dict[str, Any] = {"net": net, "dtype": dtype, "steps": []}
    found |= {name: [] for name in others}
    for step in range(1, len(x) // BATCH_SIZE + 1):
        batch = slice((step - 1) * BATCH_SIZE, step * BATCH_SIZE)
        for model in (ours, *others.values()):
            model.train_on_batch(x[batch], y[batch])
        if step in MOMENTS:
            found["steps"].append(step)
            for name, model in others.items():
                found[name].append(_apart(ours, model))
    return found


def _of_keras(keras: Any, net: str, dtype: str) -> Any:
    from keras_net import architectures as of_keras

    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    return getattr(of_keras, net)()


def _apart(a: Any, b: Any) -> float:
    pairs = zip(a.get_weights(), b.get_weights(), strict=True)
    return max(float(np.abs(u - v).max()) for u, v in pairs)


def gradients(net: str, seed: int) -> list[dict[str, Any]]:
    """numpy_net.gradient_check of a net: the worst error of every array.

    On dense random samples: where a pixel is 0 in all of them, no mistake
    in its weights could be seen. Of a large net 200 entries of each array.
    """
    config.set_floatx("float64")
    utils.set_random_seed(seed)
    model = getattr(architectures, net)()
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 1, (5, 28, 28)), np.eye(10)[[0, 1, 2, 3, 4]]
    entries = None if model.count_params() < 50_000 else 200
    report = gradient_check.check(model, x, y, entries)
    return [
        {
            "net": net,
            "array": comparison.name,
            "method": method,
            "error": comparison.error,
            "ok": bool(comparison.ok),
        }
        for method, found in report.methods.items()
        for comparison in found
    ]
