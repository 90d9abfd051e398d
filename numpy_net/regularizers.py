"""Weight decay as a term of the loss.   Keras: keras.regularizers."""

from numpy_net import checks
from numpy_net.checks import Strict


class L2(Strict, l2=checks.real_number):
    """[11]  L += l2 sum W^2,   dW += 2 l2 W.        W (I, O)

    l2 multiplies the plain sum of squares: neither a half nor 1/B.

    Raises ValueError if l2 is negative or not finite.
    Keras: keras.regularizers.L2; it rounds l2 to float32, even in float64.
    """

    def __init__(self, l2: float = 0.01):
        self.l2 = l2

    def __call__(self, x):
        """Return the term of the loss, a number."""
        flat = x.ravel()
        return self.l2 * flat.dot(flat)

    def gradient(self, x):
        """Return the term of the kernel's gradient, (I, O)."""
        return 2 * self.l2 * x


def get(identifier):
    """Return the regularizer of that name; None means none."""
    if identifier is None:
        return None
    return checks.made("regularizer", identifier, {L2: "l2 L2"})
