"""The assignment's network, 784-30-10, on one page: read this first.

One sample at a time, and one update after each. A sample is a row, so that
every product reads from left to right:

x  (784,)      the pixels, 0 to 1           y   (10,)  1 at the digit, else 0
W1 (784, 30)   b1 (30,)    hidden layer     a1  (30,)  its activations
W2 (30, 10)    b2 (10,)    output layer     a2  (10,)  one score per digit
s              sigmoid, with the slope s' = a (1 - a)
L              the loss, 1/10 sum (a2 - y)^2
delta          dL/dz of a layer: how the loss feels its weighted inputs z

    forward    a1 = s(x W1 + b1),   a2 = s(a1 W2 + b2)          [1] [2]
    error      delta2 = 2/10 (a2 - y)  *  a2 (1 - a2)           [8] [3]
    backward   delta1 = (delta2 W2^T)  *  a1 (1 - a1)           [6] [3]
    update     W -= learning_rate x^T delta,                [4] [5] [12]
               b -= learning_rate delta      (layer 2: a1 in place of x)

The numbers are those of numpy_net/__init__.py. Sequential.fit does the
same with batch_size=1, and a test holds the two to equal weights.

Source: Rumelhart, Hinton & Williams (1986); Nielsen, chapter 2, whose
gradient is 5 times this one, because his loss is 1/2 sum (a2 - y)^2.
"""

import numpy as np

LEARNING_RATE = 0.25


def sigmoid(z):
    return 1 / (1 + np.exp(-np.maximum(z, -88)))  # exp(89) overflows float32


def initial_weights(seed, dtype="float32"):
    """Return W1, b1, W2, b2: uniform in +-sqrt(6 / (inputs + units)), 0."""
    rng = np.random.default_rng(seed)
    weights = []
    for inputs, units in ((784, 30), (30, 10)):
        limit = np.sqrt(6 / (inputs + units))
        weights.append(rng.uniform(-limit, limit, (inputs, units)))
        weights.append(np.zeros(units))
    return [w.astype(dtype) for w in weights]


def train_epoch(x_train, y_train, weights, learning_rate=LEARNING_RATE):
    """Update the weights once per sample, in the order given.

    x_train (N, 784), y_train (N, 10). Returns the mean loss and the share
    of right answers, each taken before the sample's own update.
    """
    W1, b1, W2, b2 = weights
    loss, right = 0.0, 0
    for x, y in zip(x_train, y_train, strict=True):
        a1 = sigmoid(x @ W1 + b1)
        a2 = sigmoid(a1 @ W2 + b2)

        loss += float(np.mean((a2 - y) ** 2))
        right += int(a2.argmax() == y.argmax())

        delta2 = 2 / 10 * (a2 - y) * a2 * (1 - a2)
        delta1 = delta2 @ W2.T * a1 * (1 - a1)

        W2 -= learning_rate * np.outer(a1, delta2)
        b2 -= learning_rate * delta2
        W1 -= learning_rate * np.outer(x, delta1)
        b1 -= learning_rate * delta1
    return loss / len(x_train), right / len(x_train)


def predict(x, weights):
    """Return the ten scores of each row of x: (N, 784) -> (N, 10)."""
    W1, b1, W2, b2 = weights
    return sigmoid(sigmoid(x @ W1 + b1) @ W2 + b2)
