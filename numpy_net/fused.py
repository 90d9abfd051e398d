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

What does not change from step to step, such as the views of the arrays that
BLAS wants, is made once for many: in a step of a few microseconds a view
costs as much as a small product.

SciPy brings a BLAS of its own, with threads of its own. Both libraries'
threads wait by spinning: with two cores, a product that SciPy shares among
its threads was seen to take thirty times as long, because NumPy's were still
turning. So it is given pieces that it computes on the calling thread.

Set ENABLED to False to train by gradients() and SGD.apply alone; a planted
mistake does, for that is where it stands.
"""

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


def update_of(model, batch_size: int):
    """Return the function that, after backward, updates all weights.

    It holds for batches of at most batch_size, and for as long as the layers
    keep their arrays.
    """
    optimizer = model.optimizer
    layers = [prepared(layer, batch_size) for layer in model.trainable]

    def update():
        optimizer.iterations += 1
        rate = -optimizer.learning_rate
        for layer, gemm, bias, ones, pieces in layers:
            delta, x = layer.delta.T, layer.x.T
            one = ones[:, : delta.shape[1]]
            gemm(rate, delta, one, 1, bias, 0, 1, 1)  # [5] [12]
            for rows, kernel in pieces:
                gemm(rate, delta, x[rows], 1, kernel, 0, 1, 1)  # [4] [12]

    return update


def prepared(layer, batch_size: int):
    """Return layer, gemm, bias (O, 1), ones (1, B), [(rows, kernel (O, I))].

    [4] [12]  W -= learning_rate x^T delta       (I, B)(B, O) -> (I, O)
    [5] [12]  b -= learning_rate 1^T delta       (1, B)(B, O) -> (1, O)

    A bias is a kernel whose input is always 1. BLAS reads column by column:
    our rows are its columns, what it updates is W^T.
    """
    W = layer.kernel
    count = max(1, ONE_THREAD // (batch_size * layer.units))
    pieces = [
        (slice(i, i + count), W[i : i + count].T)
        for i in range(0, len(W), count)
    ]
    ones = np.ones((1, batch_size), W.dtype)
    return layer, GEMM[W.dtype], layer.bias[None].T, ones, pieces


def _plain(layer):
    """Whether gemm alone will do, and finds kernel and bias as it needs.

    Of an array of another order or dtype, or one that is not aligned, it
    would update a copy; one that may not be written it would write.
    """
    W, b = layer.kernel, layer.bias
    return (
        type(layer) is Dense
        and not layer.kernel_regularizer
        and W.flags.carray  # contiguous rows, aligned, writeable
        and b.flags.carray
        and b.dtype == W.dtype
        and W.dtype in GEMM
    )
