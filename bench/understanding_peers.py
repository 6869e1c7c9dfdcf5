"""Other ways of matching, behind our interface: nearest string, TF-IDF with an SVM, nearest meaning."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from intents.encoder import Encoder
from intents.learnt import Arrays
from intents.match import Match


class Examples:
    """The rows that a way of matching learns from, in one order; nothing learnt is kept."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take (intent, question) rows."""
        self._rows = sorted(rows)
        self._texts = [text for _, text in self._rows]

    def pack(self) -> Arrays:
        """Keep nothing."""
        return {}


class Nearest(Examples, ABC):
    """Ranks intents by a score for each example: the best of its examples counts."""

    def rank(self, text: str, limit: int = 5) -> list[Match]:
        """Give at most `limit` matches, best first."""
        best: dict[str, Match] = {}
        for (intent, example), score in zip(self._rows, self.scores(text), strict=True):
            if intent not in best or best[intent].score < score:
                best[intent] = Match(intent, float(score), example)
        return sorted(best.values(), key=lambda match: -match.score)[:limit]

    @abstractmethod
    def scores(self, text: str) -> Iterable[float]:
        """Give a score for every example, 0 to 1."""


class WRatio(Nearest):
    """What `rapidfuzz.process.extractOne` does unless told otherwise."""

    def scores(self, text: str) -> Iterable[float]:
        """Give rapidfuzz's WRatio."""
        found = process.cdist([text], self._texts, scorer=fuzz.WRatio)
        return [float(one) / 100 for one in found[0]]


class NearestMeaning(Nearest):
    """The nearest example by the encoder's vectors."""

    def __init__(self, rows: Iterable[tuple[str, str]], encoder: Encoder) -> None:
        """Take (intent, question) rows and the encoder."""
        super().__init__(rows)
        self._encoder, self._vectors = encoder, encoder.encode(self._texts)

    def scores(self, text: str) -> Iterable[float]:
        """Give cosines."""
        return np.maximum(self._vectors @ self._encoder.encode([text])[0], 0).tolist()  # type: ignore[no-any-return]


class TfidfSvm(Examples):
    """TF-IDF of 1 to 3 characters and a linear SVM, of scikit-learn."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        """Fit it to (intent, question) rows."""
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
        from sklearn.svm import LinearSVC  # noqa: PLC0415

        super().__init__(rows)
        self._words: Any = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True
        )
        seen = self._words.fit_transform(self._texts)
        self._machine: Any = LinearSVC().fit(seen, [intent for intent, _ in self._rows])

    @staticmethod
    def is_installed() -> bool:
        """Say whether scikit-learn is there."""
        return find_spec("sklearn") is not None

    def rank(self, text: str, limit: int = 5) -> list[Match]:
        """Give at most `limit` matches, best first; the margin, squashed, is the score."""
        margins = self._machine.decision_function(self._words.transform([text]))[0]
        order = np.argsort(-margins)[:limit]
        return [
            Match(str(self._machine.classes_[at]), float(1 / (1 + np.exp(-2 * margins[at]))), "")
            for at in order
        ]
