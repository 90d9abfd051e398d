"""What is done with a gradient.   Keras: keras.optimizers."""

import numpy as np

from numpy_net.checks import known, real_number


class SGD:
    """[12]  W -= learning_rate dW

    and with momentum a velocity V, of the shape of W, that starts at 0:

         V  = momentum V - learning_rate dW,   W += V

    learning_rate multiplies the gradient of the *mean* loss. One step
    follows each batch: with batch_size=1 each sample.

    Raises ValueError if learning_rate is negative or not finite, or if
    momentum is not in [0, 1).
    Keras: keras.optimizers.SGD; it rounds learning_rate to floatx, and
    momentum to float32, even in float64.
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0):
        self.learning_rate = real_number("learning_rate", learning_rate)
        self.momentum = real_number("momentum", momentum, below=1.0)
        self._velocities: list[np.ndarray] = []
        self.iterations = 0  # updates made so far

    def __repr__(self):
        rate, momentum = self.learning_rate, self.momentum
        return f"SGD(learning_rate={rate:g}, momentum={momentum:g})"

    def apply(self, grads, trainable_variables) -> None:
        """Update the variables in place; the grads are overwritten.

        In place, because W -= step refuses a step of a wrong shape, which
        W = W - step would broadcast.
        """
        self.iterations += 1
        if self.momentum and not self._velocities:
            self._velocities = [np.zeros_like(g) for g in grads]
        for i, (step, variable) in enumerate(
            zip(grads, trainable_variables, strict=True)
        ):
            step *= self.learning_rate
            if self.momentum:
                velocity = self._velocities[i]
                velocity *= self.momentum
                velocity -= step
                variable += velocity
            else:
                variable -= step  # [12]


def get(identifier):
    """Return the optimizer of that name; an optimizer is returned."""
    if isinstance(identifier, SGD):
        return identifier
    return known("optimizer", identifier, {"sgd": SGD})()
