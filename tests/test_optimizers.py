"""[12]: steps worked by hand."""

import numpy as np
import pytest

from numpy_net import optimizers
from numpy_net.optimizers import SGD


def test_a_step_is_learning_rate_times_gradient():
    w = np.array([1.0, -2.0])
    SGD(learning_rate=0.1).apply([np.array([10.0, 5.0])], [w])
    assert w.tolist() == [0.0, -2.5]


def test_updates_are_counted_as_in_keras():
    w, sgd = np.zeros(1), SGD()
    for _ in range(3):
        sgd.apply([np.ones(1)], [w])
    assert sgd.iterations == 3


def test_momentum_as_keras_defines_it():
    """v: -1, then 0.5 (-1) - 1 = -1.5;  w: 0 - 1 - 1.5 = -2.5."""
    w, sgd = np.zeros(1), SGD(learning_rate=0.5, momentum=0.5)
    for _ in range(2):
        sgd.apply([np.array([2.0])], [w])
    assert w.tolist() == [-2.5]


def test_a_step_of_the_wrong_shape_is_refused_not_broadcast():
    with pytest.raises(ValueError, match="grads: expected arrays of shapes"):
        SGD().apply([np.ones((3, 1))], [np.ones(3)])


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf, "0.1", None])
def test_a_learning_rate_that_makes_no_sense_is_refused(rate):
    with pytest.raises(ValueError, match="learning_rate: expected a number"):
        SGD(learning_rate=rate)


def test_get_lists_the_known_names():
    assert isinstance(optimizers.get("sgd"), SGD)
    with pytest.raises(ValueError, match="'adam'; known: sgd"):
        optimizers.get("adam")
