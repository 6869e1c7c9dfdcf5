"""Solve one ridge regression in little memory: the learning under `match`.

numpy's own solver computes in double precision on copies, four times the memory; a catalog of
3,000 questions would peak far over what the whole process may hold.
"""

import numpy as np

from intents.similarity import Floats

_BLOCK = 256


def solve(kernel: Floats, wanted: Floats) -> Floats:
    """Give x of `kernel @ x = wanted`, for a symmetric positive definite kernel.

    A Cholesky factorisation, block by block. Only the kernel's triangle at and under the diagonal
    is read; both arguments are used up as room to work in.
    """
    size = len(kernel)
    blocks = [(first, min(first + _BLOCK, size)) for first in range(0, size, _BLOCK)]
    for first, end in blocks:
        corner = np.linalg.inv(np.linalg.cholesky(kernel[first:end, first:end]))
        kernel[first:end, first:end] = corner
        wanted[first:end] = corner @ wanted[first:end]
        below = kernel[end:, first:end] @ corner.T
        kernel[end:, first:end] = below
        wanted[end:] -= below @ wanted[first:end]
        for left, right in blocks:
            if left >= end:
                kernel[left:, left:right] -= below[left - end :] @ below[left - end : right - end].T
    for first, end in reversed(blocks):
        wanted[first:end] -= kernel[end:, first:end].T @ wanted[end:]
        wanted[first:end] = kernel[first:end, first:end].T @ wanted[first:end]
    return wanted
