"""per_sample.py as one compiled loop: about what the machine allows.

The same four equations, sample after sample, in the same order; no call
from Python, no temporary array, one pass over each kernel forward and one
backward, the kernel laid out so that both passes run along memory. What a
NumPy step takes beyond this is the price of its calls.
"""

import numpy as np
from numba import njit


# reassoc and contract let a sum use vector registers and fused products:
# the one liberty that BLAS takes, too. nan and inf are kept, so that a
# diverging training is seen.
@njit(fastmath={"reassoc", "contract", "arcp", "nsz"})
def train_epoch(x_train, y_train, W1, b1, W2, b2, learning_rate):
    """Update the weights once per sample, in the order given.

    x_train (N, I), y_train (N, O), W1 (I, H), b1 (H,), W2 (H, O), b2 (O,),
    all of one dtype. Returns the mean loss and the share of right answers.
    """
    rate = W1.dtype.type(learning_rate)
    one = W1.dtype.type(1)
    I, H = W1.shape
    O = W2.shape[1]
    a1, delta1 = np.empty(H, W1.dtype), np.empty(H, W1.dtype)
    a2, delta2 = np.empty(O, W1.dtype), np.empty(O, W1.dtype)
    V1 = W1.T.copy()  # (H, I): the long axis in one piece
    total, right = 0.0, 0
    for n in range(len(x_train)):
        x, y = x_train[n], y_train[n]
        a2[:] = b2
        for h in range(H):
            z = b1[h]
            for i in range(I):
                z += x[i] * V1[h, i]  # [1]
            a1[h] = one / (one + np.exp(-z))  # [2]
            for o in range(O):
                a2[o] += a1[h] * W2[h, o]
        loss = 0.0
        for o in range(O):
            a2[o] = one / (one + np.exp(-a2[o]))
            error = a2[o] - y[o]
            loss += error * error  # [7]
            delta2[o] = 2 * error / O * a2[o] * (one - a2[o])  # [8] [3]
        total += loss / O
        right += np.argmax(a2) == np.argmax(y)
        for h in range(H):
            da = W1.dtype.type(0)
            for o in range(O):
                da += delta2[o] * W2[h, o]  # [6]
                W2[h, o] -= rate * a1[h] * delta2[o]  # [4] [12]
            delta1[h] = da * a1[h] * (one - a1[h])  # [3]
        for o in range(O):
            b2[o] -= rate * delta2[o]  # [5] [12]
        for h in range(H):
            step = rate * delta1[h]
            b1[h] -= step
            for i in range(I):
                V1[h, i] -= step * x[i]  # [4] [12]
    W1[:] = V1.T
    return total / len(x_train), right / len(x_train)
