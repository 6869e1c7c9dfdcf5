"""Mend the slips of the finger in English words, by the words that are known here.

Only a word that nobody here uses is mended, and only where one known word is nearest.
"""

import re
from collections import Counter
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

_WORD = re.compile(r"[a-z]+")
_SHORTEST, _LONG = 4, 8
#: A word that is used once may be a slip of one that is used so often.
_COMMON = 8
#: Words that look like a slip of another one, and are not.
_OTHER_WORDS = frozenset({
    "cancer", "cancels", "cancelling", "canceling", "hook", "cook", "look", "took", "code", "hospice",
    "hostel", "message", "massage", "patent", "parting", "packing",
})  # fmt: skip


class Speller:
    """Knows the English words of `texts`; those used more often are likelier."""

    def __init__(self, texts: Iterable[str]) -> None:
        counts: Counter[str] = Counter(word for text in texts for word in _WORD.findall(text))
        self._known = frozenset(word for word, count in counts.items() if count > 1) | _OTHER_WORDS
        self._seen = frozenset(counts)
        self._common = [word for word, count in counts.items() if count >= _COMMON]
        self._likely = [word for word, _ in counts.most_common() if len(word) >= _SHORTEST]

    def mend(self, plain: str) -> str:
        """Return a normalised text with its slips mended."""
        return _WORD.sub(lambda found: self._mended(found[0]), plain)

    def _mended(self, word: str) -> str:
        if word in self._known or len(word) < _SHORTEST:
            return word
        most = 2 if len(word) >= _LONG and word not in self._seen else 1
        words = self._common if word in self._seen else self._likely
        near = process.extract(word, words, scorer=OSA.distance, score_cutoff=most, limit=None)
        near = [one for one in near if one[0][0] == word[0]]  # the first letter is rarely missed
        if not near:
            return word
        least = min(distance for _, distance, _ in near)
        return min((place, one) for one, distance, place in near if distance == least)[1]
