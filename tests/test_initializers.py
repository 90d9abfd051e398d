"""First weights: their range, their spread, their seeds."""

import numpy as np
import pytest

from numpy_net import initializers, utils
from numpy_net.initializers import GlorotUniform, Zeros


def test_glorot_uniform_fills_its_interval():
    draws = GlorotUniform(seed=1)((300, 200), "float64")
    limit = np.sqrt(6 / 500)
    assert draws.shape == (300, 200)
    assert 0.999 * limit < np.abs(draws).max() <= limit
    assert draws.var() == pytest.approx(2 / 500, rel=0.02)
    assert abs(draws.mean()) < 3 * np.sqrt(2 / 500 / draws.size)


def test_a_seed_repeats_its_draw_as_in_keras_and_chance_does_not():
    a, b, chance = GlorotUniform(seed=3), GlorotUniform(3), GlorotUniform()
    assert np.array_equal(a((4, 5)), b((4, 5)))
    assert np.array_equal(a((4, 5)), a((4, 5)))
    assert not np.array_equal(chance((4, 5)), chance((4, 5)))


def test_unseeded_draws_follow_set_random_seed():
    utils.set_random_seed(7)
    first = GlorotUniform()((4, 5), "float64")
    utils.set_random_seed(7)
    assert np.array_equal(first, GlorotUniform()((4, 5), "float64"))


def test_zeros_and_names():
    assert not Zeros()((3,), "float32").any()
    assert isinstance(initializers.get("zeros"), Zeros)
    with pytest.raises(ValueError, match="'he'; known: glorot_uniform, z"):
        initializers.get("he")
