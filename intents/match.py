"""Rank what a text may mean against a catalog's example questions; never act on it.

No model and no network: features of characters, weighed by how rare they are in the catalog. Two
views of that similarity are fused: the closest example of each intent, and a ridge regression
over all examples, which learns what tells the intents apart. `decide` says what a score is worth.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from intents.features import essence, features
from intents.learnt import Arrays, from_text_array, prefixed, text_array, under
from intents.ridge import solve
from intents.similarity import Floats, Similarity, Weighed

_RIDGE = 0.5
_CLOSEST = 0.1
_HOPELESS = 50.0

# The chance that a match is right is a logistic function of three views of it. Fitted once over ten
# public question sets, in scope and out, each set weighing the same; never for one catalog.
_BIAS = -2.72
_STRENGTH = 8.70
_LEAD = 3.56
_CLOSENESS = -2.04


@dataclass(frozen=True, slots=True)
class Match:
    """One intent a text may mean; `score` is the confidence, `example` the question most alike."""

    intent: str
    score: float
    example: str


class Matcher(Protocol):
    """Whatever can rank the intents of one catalog for a text."""

    def rank(self, text: str, limit: int = 5) -> list[Match]:
        """Give at most `limit` matches, best first, one per intent, scores within 0 and 1.

        Never raises, whatever the text; a text with nothing in common with the catalog has none.
        """
        ...


def build_matcher(examples: Iterable[tuple[str, str]]) -> "CharacterMatcher":
    """Learn a catalog, given as (intent, question) pairs."""
    return CharacterMatcher(examples)


def load_matcher(arrays: Arrays) -> "CharacterMatcher":
    """Make the matcher that `CharacterMatcher.pack` packed."""
    return CharacterMatcher.unpack(arrays)


class CharacterMatcher:
    """Ranks by the characters that a text shares with the examples."""

    def __init__(self, examples: Iterable[tuple[str, str]]) -> None:
        """Learn the examples; 3,000 take about a second."""
        rows = sorted((intent, question, essence(question)) for intent, question in examples)
        self._intents = sorted({intent for intent, _, _ in rows})
        column = {intent: at for at, intent in enumerate(self._intents)}
        self._same: dict[str, tuple[int, str]] = {}
        scripts: dict[bool, list[tuple[int, str, str]]] = {}
        for intent, question, words in rows:
            self._same.setdefault(words, (column[intent], question))
            scripts.setdefault(words.isascii(), []).append((column[intent], question, words))
        self._parts = [_Part(part, len(self._intents)) for part in scripts.values()]

    def pack(self) -> Arrays:
        """Give what was learnt as arrays, for `load_matcher`."""
        whole = {
            "intents": text_array(self._intents),
            "same": text_array(self._same),
            "parts": np.array([len(self._parts)]),
        }
        for at, part in enumerate(self._parts):
            whole.update(prefixed(f"part{at}", part.pack()))
        return whole

    @classmethod
    def unpack(cls, arrays: Arrays) -> "CharacterMatcher":
        """Make one of what `pack` gave."""
        made = cls.__new__(cls)
        made._intents = from_text_array(arrays["intents"])
        made._same = {
            words: (at, question)
            for words, (at, question) in from_text_array(arrays["same"]).items()
        }
        made._parts = [
            _Part.unpack(under(f"part{at}", arrays), len(made._intents))
            for at in range(int(arrays["parts"][0]))
        ]
        return made

    def rank(self, text: str, limit: int = 5) -> list[Match]:
        """Give at most `limit` matches, best first; see `Matcher`."""
        words = essence(text)
        counted = features(words)
        weighed = [(part, part.weigh(counted)) for part in self._parts]
        views = [(part, part.similar_to(weighs)) for part, weighs in weighed if weighs.slots]
        if not views or limit < 1:
            return []
        closest = np.zeros(len(self._intents), np.float32)
        strength = np.zeros(len(self._intents), np.float32)
        for part, similar in views:
            closest = np.maximum(closest, part.closest(similar))
        for part, weighs in weighed:
            strength += part.strength(weighs)
        strength += _CLOSEST * closest
        same, question = self._same.get(words, (-1, ""))
        if same >= 0:
            strength[same] = math.inf
        order: list[int] = np.argsort(-strength, kind="stable")[: max(limit, 2)].tolist()
        scores = _scores(strength[order].tolist(), closest[order].tolist())
        return [
            Match(self._intents[at], score, question if at == same else _example(at, views))
            for at, score in zip(order[:limit], scores, strict=False)
        ]


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


def _example(intent: int, views: Iterable[tuple[_Part, Floats]]) -> str:
    """Give the intent's question that is most like the text, in whichever script."""
    return max(part.example(intent, similar) for part, similar in views)[1]


def _scores(strengths: list[float], closest: list[float]) -> list[float]:
    """Turn the views of each match into the chance that it is right, never rising."""
    rivals = [strengths[1] if len(strengths) > 1 else 0.0, *[strengths[0]] * (len(strengths) - 1)]
    scores: list[float] = []
    for strength, rival, closeness in zip(strengths, rivals, closest, strict=True):
        lead = strength - rival
        view = _BIAS + _STRENGTH * strength + _LEAD * lead + _CLOSENESS * closeness
        score = 1 / (1 + math.exp(-view)) if view > -_HOPELESS else 0.0
        scores.append(min([score, *scores[-1:]]))
    return scores
