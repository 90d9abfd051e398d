"""Fixtures: float64 on both sides, dense random data, the real MNIST."""

import importlib.util
import os

import numpy as np
import pytest

from numpy_net import config, utils
from tests import tolerances
from tests.mistakes import MISTAKES, planted

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # agree on one device
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

HAS_KERAS = all(map(importlib.util.find_spec, ("keras", "tensorflow")))


def pytest_addoption(parser):
    parser.addoption(
        "--plant",
        metavar="NAME",
        help="run the tests with this mistake of tests.mistakes planted",
    )
    parser.addoption(
        "--tolerances",
        action="store_true",
        help="print every gate and the worst error that it has seen",
    )


def pytest_configure(config):
    name = config.getoption("--plant")
    if name is None:
        return
    if name not in MISTAKES:
        known = ", ".join(sorted(MISTAKES))
        raise pytest.UsageError(f"--plant: unknown {name!r}; known: {known}")
    mistake = planted(MISTAKES[name])
    mistake.__enter__()
    config.add_cleanup(lambda: mistake.__exit__(None, None, None))


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--tolerances"):
        terminalreporter.section("tolerances")
        terminalreporter.write_line(tolerances.table())


def pytest_collection_modifyitems(items):
    """Skip what needs Keras where TensorFlow is not installed."""
    if HAS_KERAS:
        return
    reason = "TensorFlow is not installed: Keras cannot be compared"
    for item in items:
        if "keras" in item.fixturenames or item.get_closest_marker("keras"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _float64():
    """Tests of numpy_net run in float64, from equal random numbers."""
    config.set_floatx("float64")
    utils.set_random_seed(0)
    yield
    config.set_floatx("float32")


@pytest.fixture
def keras():
    """Keras in float64: floatx and dtype policy, both restored after."""
    import keras

    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield keras
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


@pytest.fixture
def rng():
    return np.random.default_rng(2026)


@pytest.fixture
def digits(rng):
    """53 dense random images and one-hot labels: 53 leaves odd batches."""
    labels = rng.integers(0, 10, 53)
    return rng.uniform(0, 1, (53, 28, 28)), np.eye(10)[labels]


@pytest.fixture(scope="session")
def mnist():
    """The real data; skipped where MNIST_DIR does not say where it is."""
    if not os.environ.get("MNIST_DIR"):
        pytest.skip("set MNIST_DIR to the folder of MNIST to run this")
    from benchmarks.data import dataset as data

    return data.load("mnist")
