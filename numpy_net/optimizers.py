"""What is done with a gradient.   Keras: keras.optimizers."""

from functools import partial

import numpy as np

from numpy_net import checks
from numpy_net.checks import Strict


class SGD(
    Strict,
    learning_rate=checks.real_number,
    momentum=partial(checks.real_number, below=1.0),
    iterations=partial(checks.whole_number, least=0),
):
    """[12]  W -= learning_rate dW

    and with momentum a velocity V, of the shape of W, that starts at 0:

         V  = momentum V - learning_rate dW,   W += V

    learning_rate multiplies the gradient of the *mean* loss. One step
    follows each batch: with batch_size=1 each sample. The first step ties
    it to the weights of its model, whose velocities it keeps in momentums.

    Raises ValueError if learning_rate is negative or not finite, if momentum
    is not in [0, 1), and for the weights of a second model.
    Keras: keras.optimizers.SGD; it rounds learning_rate to floatx, and
    momentum to float32, even in float64.
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.iterations = 0  # updates made so far
        self._variables: list[np.ndarray] = []
        self._room: list[np.ndarray] = []
        vars(self).update(momentums=[])

    def build(self, variables) -> list[int]:
        """Know these weights from now on; return the place of each."""
        if not self._variables:
            self._variables = list(variables)
            self._room = [np.empty_like(v) for v in variables]
        if self.momentum and not self.momentums:
            self.momentums.extend(map(np.zeros_like, self._variables))
        places = {id(v): i for i, v in enumerate(self._variables)}
        try:
            return [places[id(variable)] for variable in variables]
        except KeyError:
            raise ValueError(
                "optimizer: expected the weights that it was built with, got "
                "others; give each model, and one that was unfrozen, a new "
                "SGD in compile"
            ) from None

    def room(self, variables) -> list[np.ndarray]:
        """Return arrays like the variables, which apply overwrites."""
        return [self._room[i] for i in self.build(variables)]

    def apply(self, grads, trainable_variables) -> None:
        """Update the variables in place: the layers' own arrays."""
        places, rate = self.build(trainable_variables), self.learning_rate
        shapes = [self._room[i].shape for i in places]
        if [np.shape(gradient) for gradient in grads] != shapes:
            given = [np.shape(gradient) for gradient in grads]
            raise checks.expected("grads", f"arrays of shapes {shapes}", given)
        vars(self)["iterations"] += 1  # past its check, which costs a product
        for i, gradient in zip(places, grads, strict=True):
            variable, step = self._variables[i], self._room[i]
            np.multiply(gradient, rate, step)
            if self.momentum:
                velocity = self.momentums[i]
                velocity *= self.momentum
                velocity -= step
                variable += velocity
            else:
                variable -= step  # [12]


def get(identifier):
    """Return the optimizer of that name, in any case as in Keras."""
    if isinstance(identifier, SGD):
        return identifier
    name = identifier.lower() if isinstance(identifier, str) else identifier
    return checks.made("optimizer", name, {SGD: "sgd"})
