"""One step of a 2-2-1 net, worked by hand: every number of [1] to [12].

Two samples, sigmoid and squared error. The numbers are chosen so that a
pocket calculator is enough: ln 3 = 1.0986..., s(ln 3) = 3/4, s(0) = 1/2.

    x = 1 0   W1 = ln3  0     b1 = 0 0    W2 = 1     b2 = -1    y = 1
        0 1         0  ln3                     -1              y = 0
                                          (b2 makes z2 = -3/4 and -5/4)
"""

import numpy as np

from numpy_net import Input, Sequential, layers
from numpy_net.optimizers import SGD

L3 = np.log(3)
X, Y = np.eye(2), np.array([[1.0], [0.0]])


def s(z):
    return 1 / (1 + np.exp(-z))


def net():
    model = Sequential(
        [Input((2,)), layers.Dense(2, "sigmoid"), layers.Dense(1, "sigmoid")]
    )
    model.compile(SGD(learning_rate=0.5), "mean_squared_error")
    model.set_weights(
        [
            np.array([[L3, 0.0], [0.0, L3]]),
            np.zeros(2),
            np.array([[1.0], [-1.0]]),
            np.array([-1.0]),
        ]
    )
    return model


def test_one_step_by_hand():
    # [1] z1 = x W1 + b1           [2] a1 = s(z1)
    #     ln3  0                       3/4 1/2
    #     0  ln3                       1/2 3/4
    # [1] z2 = a1 W2 + b2          [2] a2 = s(z2)
    #     3/4 - 1/2 - 1 = -3/4         p = s(-3/4)
    #     1/2 - 3/4 - 1 = -5/4         q = s(-5/4)
    p, q = s(-0.75), s(-1.25)
    # [7] L = ((p - 1)^2 + q^2) / 2          B = 2, O = 1
    loss = ((p - 1) ** 2 + q**2) / 2
    # [8] da2 = 2 (a2 - y) / 2,    [3] delta2 = da2 a2 (1 - a2)
    d, e = (p - 1) * p * (1 - p), q * q * (1 - q)
    # [4] dW2 = a1^T delta2        [5] db2 = the sum
    d_w2 = [[0.75 * d + 0.5 * e], [0.5 * d + 0.75 * e]]
    # [6] da1 = delta2 W2^T: (d, -d) and (e, -e)
    # [3] delta1 = da1 a1 (1 - a1), with slopes 3/16 at 3/4 and 1/4 at 1/2
    delta1 = [[d * 3 / 16, -d / 4], [e / 4, -e * 3 / 16]]
    # [4] x is the identity, so dW1 = delta1; [5] its column sums
    d_b1 = [d * 3 / 16 + e / 4, -d / 4 - e * 3 / 16]

    model = net()
    expected = [delta1, d_b1, d_w2, [d + e]]
    names = ["dW1 [4]", "db1 [5]", "dW2 [4]", "db2 [5]"]
    for name, got, by_hand in zip(
        names, model.gradients(X, Y), expected, strict=True
    ):
        np.testing.assert_allclose(
            got, by_hand, rtol=1e-12, atol=0, err_msg=name
        )

    # [12] W -= 0.5 dW
    before = model.get_weights()
    assert abs(model.train_on_batch(X, Y) - loss) < 1e-15
    for name, w, old, dw in zip(
        names, model.get_weights(), before, expected, strict=True
    ):
        np.testing.assert_allclose(
            w, old - 0.5 * np.array(dw), rtol=0, atol=1e-15, err_msg=name
        )
