"""Find a vocabulary's names in a text: exactly first, by likeness only where that finds nothing.

Built once per vocabulary, asked for every message: an exact look-up walks the text and consults a
table by the next two characters, so its cost does not grow with the vocabulary.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz import fuzz

from intents.normalize import normalize

_HAN = re.compile("[\u3400-\u9fff]")
_SHORTEST_HAN = 3
_SHORTEST_LATIN = 5
_LIKE_HAN = 66.0
_LIKE_LATIN = 80.0
_SHARED = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """One name in a text: where it stands and the key it stands for."""

    kind: str
    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Near:
    """A word of the text that is no name, but nearly one: the key it may stand for."""

    kind: str
    key: str
    word: str
    score: float


class Vocabulary:
    """The hospital's names: for each kind, canonical keys and what each is called."""

    def __init__(self, names: Mapping[str, Mapping[str, Iterable[str]]]) -> None:
        """Take kind → key → other names; a key is a name of its own too."""
        self._table: dict[str, list[tuple[str, str, str]]] = {}
        self._spelt: dict[str, list[tuple[str, str]]] = {}
        seen: set[tuple[str, str, str]] = set()
        for kind, entries in names.items():
            for key, others in entries.items():
                for name in (key, *others):
                    row = (normalize(name), kind, key)
                    if row[0] and row not in seen:
                        seen.add(row)
                        self._table.setdefault(row[0][:2], []).append(row)
                        self._spelt.setdefault(row[0], []).append((kind, key))
        self._begin = frozenset(beginning[0] for beginning in self._table)
        for rows in self._table.values():
            rows.sort(key=lambda row: -len(row[0]))
        self._pieces: dict[str, list[str]] = {}
        for name in self._spelt:
            if len(name) >= (_SHORTEST_HAN if _HAN.search(name) else _SHORTEST_LATIN):
                for piece in _pieces(name):
                    self._pieces.setdefault(piece, []).append(name)

    def spelt(self, kinds: Iterable[str]) -> list[str]:
        """Give every name of some kinds, as a normalised text holds it."""
        wanted = frozenset(kinds)
        return [name for name, of in self._spelt.items() if wanted & {kind for kind, _ in of}]

    def named(self, text: str) -> tuple[str, ...]:
        """Give the kinds of name that a whole normalised text is, if it is nothing but a name."""
        return tuple(dict.fromkeys(kind for kind, _ in self._spelt.get(text, ())))

    def find(self, text: str) -> list[Found]:
        """Find every name in a normalised text; of names within names of a kind, the longest."""
        found: list[Found] = []
        covered: dict[str, int] = {}
        for start, letter in enumerate(text):
            within_a_word = start > 0 and _latin(letter) and _latin(text[start - 1])
            if within_a_word or letter not in self._begin:
                continue
            longest: dict[str, int] = {}
            for width in (2, 1):
                for name, kind, key in self._table.get(text[start : start + width], ()):
                    end = start + len(name)
                    if (
                        end >= longest.get(kind, 0)
                        and end > covered.get(kind, 0)
                        and text.startswith(name, start)
                        and _stands_alone(text, start, end)
                    ):
                        longest[kind] = end
                        found.append(Found(kind, key, start, end))
            covered |= longest
        return found

    def near(self, text: str) -> list[Near]:
        """Find names that a word of a short normalised text nearly spells, likest first."""
        shared = Counter(name for piece in _pieces(text) for name in self._pieces.get(piece, ()))
        found: list[Near] = []
        for name, pieces in shared.items():
            if pieces < _SHARED * len(name):
                continue
            enough = _LIKE_HAN if _HAN.search(name) else _LIKE_LATIN
            score = fuzz.partial_ratio(name, text, score_cutoff=enough)
            word = _word(name, text) if score else ""
            if word:
                found += [Near(kind, key, word, score) for kind, key in self._spelt[name]]
        return sorted(found, key=lambda near: (-near.score, -len(near.word), near.kind, near.key))


def _pieces(text: str) -> set[str]:
    """Cut a text up to see at a glance which names it could hold: characters, pairs of letters."""
    pieces = {one for one in text if _HAN.match(one)}
    return pieces | {a + b for a, b in pairwise(text) if _latin(a) and _latin(b)}


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a name in Latin script is a whole word there, not a part of one."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (_latin(before) and _latin(text[start])) and not (
        _latin(after) and _latin(text[end - 1])
    )


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _word(name: str, text: str) -> str:
    """Give the word of the text that is like the name; empty if it is a part of another word."""
    aligned = fuzz.partial_ratio_alignment(name, text)
    if aligned is None:
        return ""
    start, end = aligned.dest_start, aligned.dest_end
    if _HAN.search(name):
        return text[start : start + len(name)].strip()
    while start and _latin(text[start - 1]):
        start -= 1
    while end < len(text) and _latin(text[end]):
        end += 1
    word = text[start:end].strip()
    return word if fuzz.ratio(name, word) >= _LIKE_LATIN else ""
