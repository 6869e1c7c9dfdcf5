"""Rank what a text may mean against a catalog's example questions; never act on it.

Two ways of looking are added up: the characters that a text shares with the examples (`characters`),
and what it means (`encoder`, `semantic`). Without the model the characters stand alone. `decide` says
what a score is worth.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from intents.characters import Characters, View
from intents.confidence import chances, chances_by_characters
from intents.features import essence
from intents.learnt import Arrays, from_text_array, prefixed, text_array, under
from intents.semantic import Semantic
from intents.similarity import Floats

#: How much the closest example of characters adds where they stand alone.
_CLOSEST = 0.1
#: How much characters add to the meaning.
_CHARACTERS = 0.55


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

    def pack(self) -> Arrays:
        """Give what was learnt as arrays, for `load_matcher`."""
        ...


class Vectors(Protocol):
    """Whatever gives vectors of texts (`intents.encoder`)."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Give a vector of length 1 a text, as rows."""
        ...


def build_matcher(examples: Iterable[tuple[str, str]], encoder: Vectors | None = None) -> Matcher:
    """Learn a catalog, given as (intent, question) pairs; by characters alone without an encoder."""
    rows = sorted(examples)
    intents = sorted({intent for intent, _ in rows})
    column = {intent: at for at, intent in enumerate(intents)}
    characters = Characters(((column[intent], question) for intent, question in rows), len(intents))
    if encoder is None or not rows:
        return CharacterMatcher(intents, characters)
    names = [_name(intent) for intent in intents]
    named = encoder.encode(names) * np.array([bool(name) for name in names], np.float32)[:, None]
    vectors = encoder.encode([question for _, question in rows])
    semantic = Semantic(vectors, [column[intent] for intent, _ in rows], named, len(intents))
    return HybridMatcher(intents, characters, semantic, [text for _, text in rows], encoder)


def load_matcher(arrays: Arrays, encoder: Vectors | None = None) -> Matcher:
    """Make the matcher that `pack` packed; ValueError where it was one of the other kind."""
    intents = from_text_array(arrays["intents"])
    characters = Characters.unpack(under("characters", arrays))
    if (encoder is not None) is not ("semantic.teach" in arrays):
        raise ValueError("learnt with an encoder, or without one, and loaded otherwise")
    if encoder is None:
        return CharacterMatcher(intents, characters)
    semantic = Semantic.unpack(under("semantic", arrays))
    questions = from_text_array(arrays["questions"])
    return HybridMatcher(intents, characters, semantic, questions, encoder)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an intent stands for a text: what its confidence is made of.

    Attributes:
        strength: what the regressions expect of it; infinite where the text is one of its examples.
        nearness: how alike its nearest example is, up to 1.
        example: that example.

    """

    intent: str
    strength: float
    nearness: float
    example: str


class CharacterMatcher:
    """Ranks by the characters that a text shares with the examples."""

    def __init__(self, intents: list[str], characters: Characters) -> None:
        """Take the intents' names and what their characters are."""
        self._intents, self._characters = intents, characters

    def pack(self) -> Arrays:
        """Give what was learnt as arrays, for `load_matcher`."""
        whole = {"intents": text_array(self._intents)}
        return {**whole, **prefixed("characters", self._characters.pack())}

    def rank(self, text: str, limit: int = 5) -> list[Match]:
        """Give at most `limit` matches, best first; see `Matcher`."""
        return _matches(self.standings(text, limit), limit, chances_by_characters)

    def standings(self, text: str, limit: int) -> list[Standing]:
        """Give the strongest intents, best first: `limit`, but two at least where there are any."""
        view = self._characters.view(text)
        return self._by_characters(view, limit) if view.similar else []

    def _by_characters(self, view: View, limit: int) -> list[Standing]:
        strength = view.strength + _CLOSEST * view.closest
        if view.same >= 0:
            strength[view.same] = math.inf
        return [
            Standing(
                self._intents[at], float(strength[at]), float(view.closest[at]), view.example(at)
            )
            for at in _best(strength, limit)
        ]


class HybridMatcher(CharacterMatcher):
    """Ranks by meaning and characters together; a text that is an example needs no model."""

    def __init__(
        self,
        intents: list[str],
        characters: Characters,
        semantic: Semantic,
        questions: list[str],
        encoder: Vectors,
    ) -> None:
        """Take both views; `questions` stand in the order that `semantic` learnt them in."""
        super().__init__(intents, characters)
        self._semantic, self._questions, self._encoder = semantic, questions, encoder

    def pack(self) -> Arrays:
        """Give what was learnt as arrays, for `load_matcher`."""
        whole = {"questions": text_array(self._questions)}
        return {**super().pack(), **whole, **prefixed("semantic", self._semantic.pack())}

    def vectors(self) -> dict[str, Floats]:
        """Give the vector of every example, so that a changed catalog needs only the new ones."""
        return dict(zip(self._questions, self._semantic.vectors(), strict=True))

    def rank(self, text: str, limit: int = 5) -> list[Match]:
        """Give at most `limit` matches, best first; see `Matcher`."""
        return _matches(self.standings(text, limit), limit, chances)

    def standings(self, text: str, limit: int) -> list[Standing]:
        """Give the strongest intents, best first: `limit`, but two at least where there are any."""
        if not essence(text):
            return []
        view = self._characters.view(text)
        if view.same >= 0:
            return self._by_characters(view, limit)
        vector = self._encoder.encode([text])[0]
        strength = self._semantic.strength(vector) + np.float32(_CHARACTERS) * view.strength
        order = _best(strength, limit)
        near = [self._semantic.nearest(vector, at) for at in order]
        return [
            Standing(self._intents[at], float(strength[at]), cosine, self._questions[place])
            for at, (cosine, place) in zip(order, near, strict=True)
        ]


_Chances = Callable[[Sequence[float], Sequence[float]], list[float]]


def _matches(standings: Sequence[Standing], limit: int, chances_of: _Chances) -> list[Match]:
    """Give the strongest their chances; the best that is no match still tells how far ahead it is."""
    scores = chances_of([one.strength for one in standings], [one.nearness for one in standings])
    return [
        Match(one.intent, score, one.example)
        for one, score in zip(standings[: max(limit, 0)], scores, strict=False)
    ]


def _best(strength: Floats, limit: int) -> list[int]:
    """Give the strongest intents, two at least: how far ahead the first is counts."""
    found: list[int] = np.argsort(-strength, kind="stable")[: max(limit, 2)].tolist()
    return found


_JOINS = re.compile(r"[_/.\\:\-]+|(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]{2}")


def _name(intent: str) -> str:
    """Give the words of an intent's name, which say what it is about; "" for a mere number."""
    words = _JOINS.sub(" ", intent).strip().lower()
    return words if _WORD.search(words) else ""
