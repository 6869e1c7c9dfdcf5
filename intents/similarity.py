"""How alike texts are, by the weighed features they share: the arithmetic under `match`.

Texts are unit vectors over the catalog's features (logarithmic counts times rarity), so their
similarity is a cosine. They are kept as one list of examples per feature, never as a matrix.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from intents.features import WEIGHTS
from intents.learnt import Arrays, from_text_array, text_array

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int32]

_FEW = 24
#: A feature of so few examples costs less to multiply when it is asked for.
_RARE = 8
_BLOCK = 256
_PAIRS = 1 << 16


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text's features that some example has, what each weighs there, and the text's length."""

    slots: list[int]
    weights: list[float]
    length: float


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

    def weigh(self, text: Counter[str]) -> Weighed:
        """Give a text as a vector over the examples' features."""
        squares = 0.0
        slots: list[int] = []
        weights: list[float] = []
        for feature, count in text.items():
            slot = self._slot.get(feature)
            times = 1.0 if count == 1 else 1 + math.log(count)
            if slot is None:
                squares += times * times * self._unseen[feature[0]]
                continue
            weight = times * self._rarity[slot]
            squares += weight * weight
            slots.append(slot)
            weights.append(weight)
        return Weighed(slots, weights, math.sqrt(squares))

    def to(self, text: Weighed) -> Floats:
        """Give the text's similarity to each example, in the examples' order."""
        if not text.slots:
            return np.zeros(self._size, np.float32)
        who, how_much = self._holders(text.slots, text.weights)
        total = np.bincount(who, how_much, self._size)
        return (total / text.length).astype(np.float32)

    def _holders(self, slots: list[int], weights: list[float]) -> tuple[Ints, Floats]:
        """Give every example that has one of the features, and what they share by it."""
        spans = [slice(self._bounds[slot], self._bounds[slot + 1]) for slot in slots]
        who = np.concatenate([self._who[span] for span in spans])
        lengths = [span.stop - span.start for span in spans]
        shared = np.repeat(np.array(weights, np.float32), lengths)
        shared *= np.concatenate([self._how_much[span] for span in spans])
        return who, shared

    def by_feature(self, rows: Floats) -> tuple[Ints, Floats]:
        """Multiply, ahead of time, what each common feature is to the examples with their `rows`.

        Returns:
            For each feature its place among the products, or -1 where it is rare; the products.
        """
        common = np.flatnonzero(np.diff(self._starts) > _RARE)
        place = np.full(len(self._slot), -1, np.int32)
        place[common] = np.arange(len(common))
        products = np.empty((len(common), rows.shape[1]), np.float32)
        for row, slot in enumerate(common.tolist()):
            span = slice(self._bounds[slot], self._bounds[slot + 1])
            products[row] = self._how_much[span] @ rows[self._who[span]]
        return place, products

    def times(self, text: Weighed, rows: Floats, ahead: tuple[Ints, Floats]) -> Floats:
        """Give `to(text) @ rows`, by what `by_feature(rows)` multiplied ahead of time.

        The work follows the text's features, not the number of examples.
        """
        if not text.slots:
            return np.zeros(rows.shape[1], np.float32)
        place, products = ahead
        at = place[text.slots]
        weights = np.array(text.weights, np.float32)
        is_common = at >= 0
        total = weights[is_common] @ products[at[is_common]]
        if not is_common.all():
            rare = np.flatnonzero(~is_common).tolist()
            who, shared = self._holders(
                [text.slots[n] for n in rare], [text.weights[n] for n in rare]
            )
            total = total + shared @ rows[who]
        return np.asarray(total / np.float32(text.length), np.float32)

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
