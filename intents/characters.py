"""How a text's characters speak for each intent of a catalog: no model, no network.

Features of characters, weighed by how rare they are in the catalog, seen twice: the closest example
of each intent, and a ridge regression over all examples, which learns what tells the intents apart.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intents.features import essence, features
from intents.learnt import Arrays, from_text_array, prefixed, text_array, under
from intents.ridge import solve
from intents.similarity import Floats, Similarity, Weighed

_RIDGE = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """What a text's characters say.

    Attributes:
        strength: what the regression expects of every intent.
        closest: the similarity of every intent's closest example.
        same: the intent that has the text as an example, else -1.
        question: that example.
        similar: every script's part, and the text's similarity to its examples.

    """

    strength: Floats
    closest: Floats
    same: int
    question: str
    similar: "tuple[tuple[_Part, Floats], ...]"

    def example(self, intent: int) -> str:
        """Give the intent's question that is most like the text, in whichever script."""
        if intent == self.same:
            return self.question
        return max(part.example(intent, similar) for part, similar in self.similar)[1]


class Characters:
    """All examples of a catalog, by the characters they are made of."""

    def __init__(self, rows: Iterable[tuple[int, str]], intents: int) -> None:
        """Learn (intent, question) rows, the intents as numbers below `intents`.

        3,000 take about a second.
        """
        self._count = intents
        self._same: dict[str, tuple[int, str]] = {}
        scripts: dict[bool, list[tuple[int, str, str]]] = {}
        for intent, question in sorted(rows):
            words = essence(question)
            self._same.setdefault(words, (intent, question))
            scripts.setdefault(words.isascii(), []).append((intent, question, words))
        self._parts = [_Part(part, intents) for part in scripts.values()]

    def pack(self) -> Arrays:
        """Give what was learnt as arrays, for `unpack`."""
        whole = {"same": text_array(self._same), "parts": np.array([len(self._parts), self._count])}
        for at, part in enumerate(self._parts):
            whole.update(prefixed(f"part{at}", part.pack()))
        return whole

    @classmethod
    def unpack(cls, arrays: Arrays) -> "Characters":
        """Make one of what `pack` gave."""
        made = cls.__new__(cls)
        parts, made._count = arrays["parts"].tolist()
        made._same = {
            words: (at, question)
            for words, (at, question) in from_text_array(arrays["same"]).items()
        }
        made._parts = [_Part.unpack(under(f"part{at}", arrays), made._count) for at in range(parts)]
        return made

    def view(self, text: str) -> View:
        """Look at a text; one with nothing in common with the catalog has no strength anywhere."""
        words = essence(text)
        counted = features(words)
        weighed = [(part, part.weigh(counted)) for part in self._parts]
        similar = [(part, part.similar_to(weighs)) for part, weighs in weighed if weighs.slots]
        closest = np.zeros(self._count, np.float32)
        strength = np.zeros(self._count, np.float32)
        for part, alike in similar:
            closest = np.maximum(closest, part.closest(alike))
        for part, weighs in weighed:
            strength += part.strength(weighs)
        same, question = self._same.get(words, (-1, ""))
        return View(strength, closest, same, question, tuple(similar))


class _Part:
    """The examples in one script, learnt by themselves: scripts have too little in common."""

    def __init__(self, rows: Sequence[tuple[int, str, str]], intents: int) -> None:
        """Take (intent, question, essence), the intents as ascending numbers below `intents`."""
        of_row = np.array([intent for intent, _, _ in rows], np.intp)
        present, first = np.unique(of_row, return_index=True)
        self._place([question for _, question, _ in rows], present, first, intents)
        self._similarity = Similarity(features(words) for _, _, words in rows)
        kernel = self._similarity.among_examples()
        np.fill_diagonal(kernel, 1.0 + _RIDGE)
        wanted = np.zeros((len(rows), intents), np.float32)
        wanted[np.arange(len(rows)), of_row] = 1.0
        self._teach = solve(kernel, wanted)
        self._ahead = self._similarity.by_feature(self._teach)

    def _place(
        self,
        questions: list[str],
        present: NDArray[np.intp],
        first: NDArray[np.intp],
        intents: int,
    ) -> None:
        """Note which questions there are and where each intent's stand among them."""
        self._questions, self._present, self._first = questions, present, first
        ends = [*first[1:].tolist(), len(questions)]
        spans = zip(first.tolist(), ends, strict=True)
        self._spans = dict(zip(present.tolist(), spans, strict=True))
        self._count = intents

    def pack(self) -> Arrays:
        """Give what was learnt as arrays, for `unpack`."""
        return {
            "questions": text_array(self._questions),
            "present": self._present,
            "first": self._first,
            "teach": self._teach,
            "ahead_place": self._ahead[0],
            "ahead": self._ahead[1],
            **prefixed("similarity", self._similarity.pack()),
        }

    @classmethod
    def unpack(cls, arrays: Arrays, intents: int) -> "_Part":
        """Make one of what `pack` gave."""
        made = cls.__new__(cls)
        questions = from_text_array(arrays["questions"])
        made._place(questions, arrays["present"], arrays["first"], intents)
        made._similarity = Similarity.unpack(under("similarity", arrays))
        made._teach = arrays["teach"]
        made._ahead = arrays["ahead_place"], arrays["ahead"]
        return made

    def weigh(self, counted: Counter[str]) -> Weighed:
        """Give a text as a vector over the features of this part."""
        return self._similarity.weigh(counted)

    def similar_to(self, text: Weighed) -> Floats:
        """Give the text's similarity to each example of this part."""
        return self._similarity.to(text)

    def closest(self, similar: Floats) -> Floats:
        """Give, for every intent, the similarity of its closest example here."""
        found = np.zeros(self._count, np.float32)
        found[self._present] = np.maximum.reduceat(similar, self._first)
        return found

    def strength(self, text: Weighed) -> Floats:
        """Give what the regression expects of every intent: similarities times what was taught."""
        return self._similarity.times(text, self._teach, self._ahead)

    def example(self, intent: int, similar: Floats) -> tuple[float, str]:
        """Give the intent's question that is most like the text, and how alike they are."""
        first, end = self._spans.get(intent, (0, 0))
        if first == end:
            return -1.0, ""
        at = first + int(np.argmax(similar[first:end]))
        return float(similar[at]), self._questions[at]
