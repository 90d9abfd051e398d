"""Wrong updates: the gradient is right, what is done with it is not."""

import numpy as np

from numpy_net.optimizers import SGD
from tests.mistakes.planting import mistake

_apply = SGD.apply


@mistake(
    SGD,
    "apply",
    slip="W += learning_rate dW",
    seen="common",
    effect="the loss climbs",
)
def ascent(self, grads, trainable_variables):
    _apply(self, [-g for g in grads], trainable_variables)


@mistake(
    SGD,
    "apply",
    slip="the learning rate is rounded to float32",
    seen="Keras, in float32 as by default; in float64 it is an error",
    effect="none that could be seen; agreement ends at 1e-9",
)
def learning_rate_in_float32(self, grads, trainable_variables):
    rate = self.learning_rate
    self.learning_rate = float(np.float32(rate))
    _apply(self, grads, trainable_variables)
    self.learning_rate = rate


@mistake(
    SGD,
    "apply",
    slip="biases learn at twice the rate",
    seen="BVLC/caffe examples (lr_mult: 2), where it is meant",
    effect="none that could be seen without a comparison",
)
def bias_rate_doubled(self, grads, trainable_variables):
    doubled = [2 * g if g.ndim == 1 else g.copy() for g in grads]
    _apply(self, doubled, trainable_variables)


@mistake(
    SGD,
    "apply",
    slip="W = W - step makes a new array, and the layer keeps the old one",
    seen="common: an alias of the weights",
    effect="nothing is learned",
)
def update_of_a_copy(self, grads, trainable_variables):
    self.iterations += 1
    for g, variable in zip(grads, trainable_variables, strict=True):
        variable = variable - self.learning_rate * g


@mistake(
    SGD,
    "apply",
    slip="the layers are updated one batch too late",
    seen="common: the update stands before the new gradients",
    effect="hardly seen at small rates",
)
def one_step_late(self, grads, trainable_variables):
    now = [g.copy() for g in grads]
    late = getattr(self, "_late", [np.zeros_like(g) for g in grads])
    self._late = now
    _apply(self, late, trainable_variables)


@mistake(
    SGD,
    "apply",
    slip="momentum multiplies the weight, not the velocity",
    seen="common",
    effect="the weights decay",
)
def momentum_on_the_weight(self, grads, trainable_variables):
    for g, variable in zip(grads, trainable_variables, strict=True):
        if self.momentum:
            variable *= self.momentum
        variable -= self.learning_rate * g


@mistake(
    SGD,
    "apply",
    slip="the new gradient is damped by 1 - momentum",
    seen="a running mean, as in Adam: PyTorch calls it dampening",
    effect="as if the learning rate were (1 - momentum) times as large",
)
def momentum_dampened(self, grads, trainable_variables):
    damped = [(1 - self.momentum) * g for g in grads]
    _apply(self, damped, trainable_variables)


@mistake(
    SGD,
    "apply",
    slip="the velocity forgets the learning rate",
    seen="common: V = momentum V - dW, W += V",
    effect="diverges",
)
def momentum_without_rate(self, grads, trainable_variables):
    rate = self.learning_rate
    self.learning_rate = 1.0 if self.momentum else rate
    _apply(self, grads, trainable_variables)
    self.learning_rate = rate


GALLERY = (
    *(ascent, learning_rate_in_float32, bias_rate_doubled),
    *(update_of_a_copy, one_step_late, momentum_on_the_weight),
    *(momentum_dampened, momentum_without_rate),
)
