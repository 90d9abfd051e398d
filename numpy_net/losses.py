"""A loss says how wrong the outputs are: one number for a batch.

B samples, O outputs; y_true (B, O) holds one-hot rows, y_pred (B, O) the
net's outputs. The mean over the samples is taken here and nowhere else:
[4] and [5] of the layers are plain sums.
"""

import numpy as np

from numpy_net import checks
from numpy_net.activations import softmax
from numpy_net.checks import Strict

EPSILON = 1e-7  # keras.config.epsilon()


class MeanSquaredError(Strict):
    """[7]  L  = 1/(B O) sum (y_pred - y_true)^2      a number
    [8]  da = 2 (y_pred - y_true) / (B O)          (B, O)

    The mean is over samples *and* outputs, and a learning rate means
    nothing until that is said. Nielsen's book halves the sum over the ten
    outputs instead: his gradient is O/2 = 5 times this one, so that his
    rate 0.05 is 0.25 here, and his 3.0 is 15.

    Keras: keras.losses.MeanSquaredError, without difference.
    """

    name = "mean_squared_error"

    def __call__(self, y_true, y_pred):
        """[7]"""
        error = (y_pred - y_true).ravel()
        return error.dot(error) / error.size

    def gradient(self, y_true, y_pred):
        """[8]"""
        return (y_pred - y_true) * (2 / y_pred.size)


class CategoricalCrossentropy(Strict, from_logits=checks.flag):
    """[9]   L     = -1/B sum y_true log p            a number
    [10]  delta = (p - y_true) / B                 (B, O)

    With from_logits, y_pred is the z of a softmax p = softmax(z), and [10]
    is dL/dz: in the sum of log p the exponentials cancel, so that neither
    rounding nor a saturated unit (p = 0) can hide an error. A net whose
    last layer is a softmax is trained in this way; so is one that ends in
    a sigmoid, whose z Keras takes for that of a softmax.

    From probabilities (from_logits=False), p is y_pred divided by its row
    sum and clipped to [1e-7, 1 - 1e-7], and the gradient is dL/dy_pred; 0
    where p was clipped.

    Keras: keras.losses.CategoricalCrossentropy. There the z travels along
    hidden on the layer's output (``_keras_logits``), and targets whose
    rows do not sum to 1 get the gradient p - y, which is not theirs.
    """

    name = "categorical_crossentropy"

    def __init__(self, from_logits: bool = False):
        self.from_logits = from_logits

    def __call__(self, y_true, y_pred):
        """[9]"""
        if self.from_logits:
            z = y_pred - y_pred.max(axis=-1, keepdims=True)
            log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
        else:
            p = y_pred / y_pred.sum(axis=-1, keepdims=True)
            log_p = np.log(np.clip(p, EPSILON, 1 - EPSILON))
        return -y_true.ravel().dot(log_p.ravel()) / len(y_pred)

    def gradient(self, y_true, y_pred):
        """[10], or dL/dy_pred of probabilities."""
        if self.from_logits:
            rows = y_true.sum(axis=-1, keepdims=True)  # 1 if one-hot
            return (softmax(y_pred) * rows - y_true) / len(y_pred)
        total = y_pred.sum(axis=-1, keepdims=True)
        p = y_pred / total
        inside = (p >= EPSILON) & (p <= 1 - EPSILON)
        dp = np.where(inside, -y_true / np.where(inside, p, 1), 0)
        return (dp - np.sum(dp * p, axis=-1, keepdims=True)) / (
            total * len(y_pred)
        )


def get(identifier):
    """Return the loss of that name; a loss is returned as it is."""
    names = {
        MeanSquaredError: "mean_squared_error MeanSquaredError mse MSE",
        CategoricalCrossentropy: (
            "categorical_crossentropy CategoricalCrossentropy"
        ),
    }
    return checks.made("loss", identifier, names)
