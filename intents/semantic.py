"""Rank intents by meaning: regression over the vectors that `encoder` gives of the examples.

A kernel ridge regression with a Gaussian kernel on the sphere, in one dual step. Above some examples
it is solved over a part of them (subset of regressors; Quiñonero-Candela & Rasmussen, JMLR 2005), so
that the work for a question is bounded however large the catalog.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intents.learnt import Arrays
from intents.similarity import Floats

_SHARPNESS = 2.0
"""The kernel is exp(-sharpness * (1 - cosine))."""

_RIDGE = 0.15
_JITTER = 1e-4
_LANDMARKS = 3000
"""Most examples that a question is compared with to rank the intents."""


class Semantic:
    """Strength of every intent for a vector, and how near its examples come."""

    def __init__(self, vectors: Floats, of: Sequence[int], named: Floats, intents: int) -> None:
        """Learn.

        Args:
            vectors: of the examples, ascending by intent.
            of: the intent of each, below `intents`.
            named: one vector an intent, of its name; zeros where the name says nothing.
            intents: how many there are.
        """
        own = np.array(of, np.intp)
        told = np.flatnonzero(np.any(named, axis=1))
        every = np.concatenate([vectors, named[told]])
        whose = np.concatenate([own, told])
        chosen = _spread(whose, _LANDMARKS)
        self._landmarks = np.ascontiguousarray(every[chosen])
        self._teach = _regress(every, whose, chosen, intents)
        self._near = vectors.astype(np.float16)
        self._first = np.searchsorted(own, np.arange(intents + 1))

    def pack(self) -> Arrays:
        """Give what was learnt as arrays, for `unpack`."""
        return {
            "landmarks": self._landmarks.astype(np.float16),
            "teach": self._teach,
            "near": self._near,
            "first": self._first,
        }

    @classmethod
    def unpack(cls, arrays: Arrays) -> "Semantic":
        """Make one of what `pack` gave."""
        made = cls.__new__(cls)
        made._landmarks = arrays["landmarks"].astype(np.float32)
        made._teach, made._near = arrays["teach"], arrays["near"]
        made._first = arrays["first"]
        return made

    def vectors(self) -> Floats:
        """Give the vectors that it learnt from, in their order."""
        return self._near.astype(np.float32)

    def strength(self, vector: Floats) -> Floats:
        """Give what the regression expects of every intent: about 1 for the meant, 0 for the rest."""
        return np.asarray(_kernel(self._landmarks @ vector) @ self._teach, np.float32)

    def nearest(self, vector: Floats, intent: int) -> tuple[float, int]:
        """Give the cosine of the intent's nearest example, and which row it is."""
        first, end = int(self._first[intent]), int(self._first[intent + 1])
        cosines = self._near[first:end].astype(np.float32) @ vector
        at = int(np.argmax(cosines))
        return float(cosines[at]), first + at


def _kernel(cosines: Floats) -> Floats:
    return np.asarray(np.exp(_SHARPNESS * (cosines - 1)), np.float32)


def _spread(whose: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Choose rows, as many of each intent as of the others as far as they go; the same every time."""
    if len(whose) <= most:
        return np.arange(len(whose))
    turn = np.zeros(len(whose), np.intp)
    for intent in np.unique(whose):
        rows = np.flatnonzero(whose == intent)
        turn[np.random.default_rng(0).permutation(rows)] = np.arange(len(rows))
    return np.sort(np.argsort(turn, kind="stable")[:most])


def _regress(
    vectors: Floats, whose: NDArray[np.intp], chosen: NDArray[np.intp], intents: int
) -> Floats:
    """Give, for each chosen row, what its likeness adds to every intent."""
    wanted = np.zeros((len(whose), intents))
    wanted[np.arange(len(whose)), whose] = 1.0
    among = _kernel(vectors[chosen] @ vectors[chosen].T).astype(np.float64)
    if len(chosen) == len(whose):
        among[np.diag_indices(len(among))] += _RIDGE
        return np.linalg.solve(among, wanted).astype(np.float32)
    across = _kernel(vectors @ vectors[chosen].T)
    normal = (across.T @ across).astype(np.float64) + _RIDGE * among
    normal[np.diag_indices(len(normal))] += _JITTER * len(whose)
    return np.linalg.solve(normal, across.T @ wanted).astype(np.float32)
