"""[4], [5] and [12]: by the gradients; or in one, and dW is never written.

dW = x^T delta is as large as the kernel, 784 x 30; written down, it crosses
the memory three times before the kernel is new. BLAS has a routine for
C = alpha A B + beta C: with alpha = -learning_rate and beta = 1 it subtracts
the product from W where it stands. SciPy hands it out, NumPy does not.
``fit`` takes this way where dW is good for nothing else: with plain SGD, no
regularizer, and a batch so thin that the passes over dW cost more than the
product. A test holds both ways to equal weights.

The views that BLAS wants are made once for many steps: a view costs as much
as a small product. And SciPy's BLAS has threads of its own, which wait by
spinning while NumPy's do, too: a shared product was seen to take thirty
times as long. So it is given pieces that it computes on the calling thread.
"""

import numpy as np

from numpy_net import data
from numpy_net.layers import Dense
from numpy_net.optimizers import SGD
from numpy_net.scipy_calls import dgemm, sgemm

THIN = 16  # samples; from about 20 on, dW is no longer the larger part
# Products of I B O multiplications up to which OpenBLAS uses one thread.
ONE_THREAD = 262_144
GEMM = {np.dtype("float32"): sgemm, np.dtype("float64"): dgemm}


def of(learning, optimizer, weights, batch_size: int):
    """Return update(kept, deltas), which changes the weights in each step.

    learning   the layers to change, each with its place: [(i, layer)]
    weights    their arrays
    kept[i], deltas[i]   what layer i kept on the way forward; its dL/dz
    """
    optimizer.build(data.writeable(weights))
    if fits(learning, optimizer, batch_size):
        return fused(learning, optimizer, batch_size)
    room = [optimizer.room(layer.weights) for _, layer in learning]

    def update(kept, deltas):
        gradients = [
            gradient
            for (i, layer), out in zip(learning, room, strict=True)
            for gradient in layer.gradients(kept[i], deltas[i], out)
        ]  # [4] [5]
        optimizer.apply(gradients, weights)  # [12]

    return update


def fits(learning, optimizer, batch_size: int) -> bool:
    """Whether each kernel needs no more than -= learning_rate x^T delta."""
    return (
        batch_size <= THIN
        and type(optimizer) is SGD
        and not optimizer.momentum
        and all(
            type(layer) is Dense
            and layer.use_bias
            and not layer.kernel_regularizer
            for _, layer in learning
        )
    )


def fused(learning, optimizer, batch_size: int):
    """Return the update for batches of at most batch_size."""
    plans = [(i, *prepared(layer, batch_size)) for i, layer in learning]
    of_optimizer = vars(optimizer)  # past its checks, which cost a product

    def update(kept, deltas):
        of_optimizer["iterations"] += 1
        rate = -optimizer.learning_rate
        for i, gemm, bias, ones, pieces in plans:
            x, delta = kept[i][0].T, deltas[i].T
            if delta.shape[1] < batch_size:
                ones = ones[:, : delta.shape[1]]
            gemm(rate, delta, ones, 1, bias, 0, 1, 1)  # [5] [12]
            for rows, kernel in pieces:
                part = x if rows is None else x[rows]
                gemm(rate, delta, part, 1, kernel, 0, 1, 1)  # [4] [12]

    return update


def prepared(layer, batch_size: int):
    """Return gemm, bias (O, 1), ones (1, B), [(rows or None, kernel (O, I))].

    [4] [12]  W -= learning_rate x^T delta       (I, B)(B, O) -> (I, O)
    [5] [12]  b -= learning_rate 1^T delta       (1, B)(B, O) -> (1, O)

    A bias is a kernel whose input is always 1. BLAS reads column by column:
    our rows are its columns, what it updates is W^T.
    """
    W = layer.kernel
    count = max(1, ONE_THREAD // (batch_size * layer.units))
    starts = range(0, len(W), count)
    pieces: list = [(slice(i, i + count), W[i : i + count].T) for i in starts]
    if len(pieces) == 1:
        pieces = [(None, W.T)]  # all rows: the layer is small enough
    ones = np.ones((1, batch_size), W.dtype)
    return GEMM[W.dtype], layer.bias[None].T, ones, pieces
