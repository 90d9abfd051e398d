"""What NumPy has not and SciPy has: this file alone imports SciPy.

dgemm, sgemm  C = alpha A B + beta C, in place        used by fused.py
expit         1 / (1 + exp(-z)) in a single pass      used by activations.py
"""

from scipy.linalg.blas import dgemm, sgemm
from scipy.special import expit

__all__ = ["dgemm", "expit", "sgemm"]
