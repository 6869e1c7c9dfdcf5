"""How alike texts are, by the weighed features they share: the arithmetic under `match`.

Texts are unit vectors over the catalog's features (logarithmic counts times rarity), so their
similarity is a cosine. They are kept as one list of examples per feature, never as a matrix.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from intents.features import WEIGHTS
from intents.learnt import Arrays, from_text_array, text_array

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int32]

_FEW = 24
_BLOCK = 256
_PAIRS = 1 << 16


class Similarity:
    """Cosine similarity of any text to each of a fixed list of texts."""

    def __init__(self, texts: Iterable[Counter[str]]) -> None:
        """Learn from the texts' features how rare each feature is, and who has it."""
        slots, counts, lengths = array("i"), array("f"), array("i")
        self._slot: dict[str, int] = {}
        for text in texts:
            slots.extend([self._slot.setdefault(one, len(self._slot)) for one in text])
            counts.extend(text.values())
            lengths.append(len(text))
        self._size = len(lengths)
        slot = np.frombuffer(slots, np.int32) if slots else np.zeros(0, np.int32)
        count = np.frombuffer(counts, np.float32) if counts else np.zeros(0, np.float32)
        holders = np.bincount(slot, minlength=len(self._slot))
        self._starts = np.concatenate(([0], np.cumsum(holders)))
        self._bounds: list[int] = self._starts.tolist()
        most = math.log(self._size + 1) + 1
        self._unseen = _unseen(self._size)
        kinds = np.array([WEIGHTS[feature[0]] for feature in self._slot])
        rarity = kinds * (most - np.log(holders + 1))
        self._rarity: list[float] = rarity.tolist()
        owner = np.repeat(np.arange(self._size, dtype=np.int32), np.array(lengths, np.int64))
        weight = (1 + np.log(count)) * rarity[slot]
        norm = np.sqrt(np.bincount(owner, weight * weight, self._size))
        order = np.argsort(slot, kind="stable")
        self._who: Ints = owner[order]
        self._how_much: Floats = (weight / norm[owner])[order].astype(np.float32)

    def pack(self) -> Arrays:
        """Give what was learnt as arrays, for `unpack`."""
        return {
            "features": text_array(list(self._slot)),
            "starts": self._starts,
            "rarity": np.array(self._rarity),
            "who": self._who,
            "how_much": self._how_much,
            "size": np.array([self._size]),
        }

    @classmethod
    def unpack(cls, arrays: Arrays) -> "Similarity":
        """Make one of what `pack` gave."""
        made = cls.__new__(cls)
        made._slot = {feature: at for at, feature in enumerate(from_text_array(arrays["features"]))}
        made._size = int(arrays["size"][0])
        made._starts = arrays["starts"]
        made._bounds = made._starts.tolist()
        made._unseen = _unseen(made._size)
        made._rarity = arrays["rarity"].tolist()
        made._who, made._how_much = arrays["who"], arrays["how_much"]
        return made

    def to(self, text: Counter[str]) -> Floats:
        """Give the text's similarity to each example, in the examples' order."""
        norm = 0.0
        who: list[Ints] = []
        how_much: list[Floats] = []
        for feature, count in text.items():
            slot = self._slot.get(feature)
            times = 1.0 if count == 1 else 1 + math.log(count)
            if slot is None:
                norm += times * times * self._unseen[feature[0]]
                continue
            weight = times * self._rarity[slot]
            norm += weight * weight
            span = slice(self._bounds[slot], self._bounds[slot + 1])
            who.append(self._who[span])
            how_much.append(self._how_much[span] * np.float32(weight))
        if not who:
            return np.zeros(self._size, np.float32)
        total = np.bincount(np.concatenate(who), np.concatenate(how_much), self._size)
        return (total / math.sqrt(norm)).astype(np.float32)

    def among_examples(self) -> Floats:
        """Give the similarity of every example to every other, as one square matrix.

        It is symmetric, so only the triangle at and under the diagonal is filled in.
        """
        kernel = np.zeros((self._size, self._size), np.float32)
        holders = np.diff(self._starts)
        common = max(_FEW, self._size // _FEW)
        for count in np.unique(holders[(holders > 1) & (holders <= common)]).tolist():
            self._add_pairs(kernel, self._starts[:-1][holders == count], count)
        self._add_common(kernel, np.flatnonzero(holders > common).tolist())
        np.fill_diagonal(kernel, 1.0)
        return kernel

    def _add_pairs(self, kernel: Floats, starts: NDArray[np.int64], count: int) -> None:
        """Add, pair by pair, the features whose `count` holders are listed from `starts` on."""
        later, earlier = np.tril_indices(count, -1)
        step = max(1, _PAIRS // len(later))
        for first in range(0, len(starts), step):
            begin = starts[first : first + step, None]
            rows, columns = begin + later, begin + earlier
            cells = self._who[rows].astype(np.int64) * self._size + self._who[columns]
            products = self._how_much[rows] * self._how_much[columns]
            np.add.at(kernel.reshape(-1), cells.reshape(-1), products.reshape(-1))

    def _add_common(self, kernel: Floats, slots: list[int]) -> None:
        """Add features that so many hold that whole rows are cheaper than pairs."""
        for first in range(0, len(slots), _BLOCK):
            chosen = slots[first : first + _BLOCK]
            block = np.zeros((len(chosen), self._size), np.float32)
            for row, slot in enumerate(chosen):
                span = slice(self._bounds[slot], self._bounds[slot + 1])
                block[row, self._who[span]] = self._how_much[span]
            for top in range(0, self._size, _BLOCK):
                end = top + _BLOCK
                kernel[top:end, :end] += block[:, top:end].T @ block[:, :end]


def _unseen(size: int) -> dict[str, float]:
    """Give what a feature that no example has adds to a text's length, by kind."""
    most = math.log(size + 1) + 1
    return {kind: (weight * most) ** 2 for kind, weight in WEIGHTS.items()}
