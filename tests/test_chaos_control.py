"""Why a tolerance needs a learning rate and a number of steps.

The same NumPy net twice, its first weights apart by one ulp, the smallest
step that float64 has: no second implementation, no mistake, nothing but
rounding. Where learning is calm the twins stay together; where it is
chaotic they part within 2,000 steps, as would any two right programs.
"""

import numpy as np
import pytest

from numpy_net import architectures
from numpy_net.optimizers import SGD
from tests.pairs import (
    assert_same_weights,
    largest_moves,
    mnist_images,
)

MSE, CCE = "mean_squared_error", "categorical_crossentropy"
SETTINGS = ("net", "loss", "rate")


def trained_twins(net, loss, rate, x, y):
    """Two copies of a net after one epoch, one sample at a time."""
    twins = [getattr(architectures, net)() for _ in range(2)]
    first = twins[0].get_weights()
    twins[0].set_weights([np.nextafter(w, np.inf) for w in first])
    twins[1].set_weights(first)
    for twin in twins:
        twin.compile(SGD(rate), loss)
        twin.fit(x, y, batch_size=1, shuffle=False)
    assert max(largest_moves(first, twins[1].get_weights())) > 0.1
    return twins


@pytest.mark.parametrize(
    SETTINGS, [("assignment_net", MSE, 3.0), ("custom_net", CCE, 0.01)]
)
def test_twins_stay_together_where_learning_is_calm(net, loss, rate, mnist):
    """After 2,000 steps they are as close as we are to Keras."""
    twins = trained_twins(net, loss, rate, *mnist_images(mnist, 2000))
    assert_same_weights("weights, twins one ulp apart", *twins)


@pytest.mark.parametrize(
    SETTINGS, [("assignment_net", MSE, 15.0), ("custom_net", CCE, 0.1)]
)
def test_twins_part_where_learning_is_chaotic(net, loss, rate, mnist):
    """Rounding grows ten-billionfold: no gate could be both true and useful.

    test_keras_lockstep.py therefore compares single steps here.
    """
    twins = trained_twins(net, loss, rate, *mnist_images(mnist, 2000))
    apart = largest_moves(*(twin.get_weights() for twin in twins))
    assert max(apart) > 1e-6
