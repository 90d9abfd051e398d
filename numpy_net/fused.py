"""[4], [5] and [12] in one: the update that never writes dW down.

dW = x^T delta is as large as the kernel, 784 x 30, but all that it says is
in two thin arrays, of one row per sample. Written down, it crosses the
memory three times before the kernel is new:

    dW  = x^T delta             (I, O) written                [4]
    dW *= learning_rate         read, written
    W  -= dW                    both read, W written          [12]

BLAS, which NumPy's dot calls, too, has a routine for C = alpha A B + beta C.
With alpha = -learning_rate and beta = 1 it subtracts the product from W
where it stands. NumPy does not hand it out, SciPy does. ``fit`` takes this
way where dW is good for nothing else: with plain SGD, no regularizer, and a
batch so thin that the passes over dW cost more than the product. A test
holds both ways to equal weights.

SciPy brings a BLAS of its own, with threads of its own. Both libraries'
threads wait by spinning: with two cores, a product that SciPy shares among
its threads was seen to take thirty times as long, because NumPy's were still
turning. So it is given pieces that it computes on the calling thread.

Set ENABLED to False to train by gradients() and SGD.apply alone; a planted
mistake does, for that is where it stands.
"""

import functools

import numpy as np

from numpy_net.layers import Dense
from numpy_net.optimizers import SGD
from numpy_net.scipy_calls import dgemm, sgemm

ENABLED = True
THIN = 16  # samples; from about 20 on, dW is no longer the larger part
# Products of I B O multiplications up to which OpenBLAS uses one thread.
ONE_THREAD = 262_144
GEMM = {np.dtype("float32"): sgemm, np.dtype("float64"): dgemm}


def fits(model, batch_size: int) -> bool:
    """Whether each kernel needs no more than -= learning_rate x^T delta."""
    return (
        ENABLED
        and batch_size <= THIN
        and type(model.optimizer) is SGD
        and not model.optimizer.momentum
        and all(map(_plain, model.trainable))
    )


def descend(model) -> None:
    """Update all weights by the x and delta that the layers have kept."""
    model.optimizer.iterations += 1
    learning_rate = model.optimizer.learning_rate
    for layer in model.trainable:
        delta = layer.delta
        one = _ones(len(delta), delta.dtype)  # [5]: a bias has 1 as input
        _subtract(learning_rate, layer.x, delta, layer.kernel)
        _subtract(learning_rate, one, delta, layer.bias[None])


def _subtract(learning_rate, x, delta, W):
    """[4] [12]  W -= learning_rate x^T delta       (I, B)(B, O) -> (I, O)

    BLAS reads column by column: our rows are its columns, W is its W^T.
    """
    gemm = GEMM[W.dtype]
    rows = max(1, ONE_THREAD // delta.size)
    for start in range(0, len(W), rows):
        part = slice(start, start + rows)
        gemm(-learning_rate, delta.T, x[:, part].T, 1, W[part].T, 0, 1, 1)


def _plain(layer):
    """Whether gemm alone will do, and finds kernel and bias as it needs.

    Of an array of another order or dtype it would update a copy.
    """
    W, b = layer.kernel, layer.bias
    return (
        type(layer) is Dense
        and not layer.kernel_regularizer
        and W.flags.c_contiguous
        and b.flags.c_contiguous
        and b.dtype == W.dtype
        and W.dtype in GEMM
    )


@functools.lru_cache(maxsize=8)
def _ones(samples, dtype):
    return np.ones((samples, 1), dtype)
