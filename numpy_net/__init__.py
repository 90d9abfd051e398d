"""The few Keras modules that two dense networks need, in plain NumPy.

Read per_sample.py first, then layers.py, losses.py and sequential.py. A
name found here means what it means in Keras: ``keras.layers.Dense`` is
explained in layers.py, ``keras.optimizers.SGD`` in optimizers.py.

Rows are samples. B samples, I inputs, O units; y is the target.

 [1]  z      = x W + b                  layers.py      Dense, forward
 [2]  a      = f(z)                     activations.py
 [3]  delta  = da J_f                   activations.py, backward
 [4]  dW     = x^T delta                layers.py      Dense, gradients
 [5]  db     = sum_B delta              layers.py
 [6]  dx     = delta W^T                layers.py      Dense, input_gradient
 [7]  L      = 1/(B O) sum (a - y)^2    losses.py      squared error
 [8]  da     = 2 (a - y) / (B O)        losses.py
 [9]  L      = -1/B sum y log p         losses.py      cross-entropy
[10]  delta  = (p - y) / B              losses.py      p = softmax(z)
[11]  L     += l2 sum W^2               regularizers.py
[12]  W     -= learning_rate dW         optimizers.py  updates.py: with [4]
"""

from numpy_net import (
    activations,
    callbacks,
    config,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    saving,
    utils,
)
from numpy_net.layers import Input
from numpy_net.sequential import Sequential

__all__ = [
    "Input",
    "Sequential",
    "activations",
    "callbacks",
    "config",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "saving",
    "utils",
]


def __dir__():
    """What an editor offers after a dot: the public names alone."""
    return __all__
