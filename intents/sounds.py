"""Hear what was meant: pinyin, and Chinese characters that sound right and are wrong.

An `Ear` knows the words of a catalog and of the hospital by their sound. What it makes of a text is a
guess: whoever asks compares it with the text itself and never acts on it alone.
"""

import math
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from functools import cache

_HAN = re.compile("[\u3400-\u9fff]")
_HAN_RUN = re.compile("[\u3400-\u9fff]+")
_LETTERS = re.compile(r"[a-z]+(?:['\s]+[a-z]+)*")
_TONES = {"\u0300", "\u0301", "\u0304", "\u030c", "\u0302"}
#: Pairs that many speakers do not tell apart.
_MERGED = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_NASAL = re.compile(r"(?<=[aei])ng$")
_LONGEST_WORD, _LONGEST_NAME = 4, 8
_LONGEST_SYLLABLE = 6
_WORDS_PER_SOUND = 4
#: A name is as likely as a word that is used so often.
_NAME_COUNTS = 5
_LONGEST_TEXT = 60
#: What it costs to keep a character that no known word holds, and to change one.
_KEPT, _CHANGED = 1.6, 0.65
#: At most this share of a Chinese text, or one character, is heard differently.
_MOST_CHANGED = 0.3
_IMPOSSIBLE = math.inf


class Ear:
    """Words by their sound.

    Args:
        texts: normalised texts in which people use the words: the more often, the likelier.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        counts: Counter[str] = Counter()
        for text in texts:
            for run in _HAN_RUN.findall(text):
                counts.update(_pieces(run))
        by_sound: dict[str, list[tuple[int, str]]] = {}
        for word, count in counts.items():
            if len(word) == 1 or count > 1:
                by_sound.setdefault(sound_of(word), []).append((count, word))
        self._words: Mapping[str, tuple[tuple[str, float], ...]] = {
            sound: tuple((word, _price(count)) for count, word in _likeliest(words))
            for sound, words in by_sound.items()
        }
        self._begins = frozenset(
            sound[:at] for sound in by_sound for at, letter in enumerate(sound) if letter == " "
        )

    def knowing(self, names: Iterable[str]) -> "Ear":
        """Return an ear that knows these names too: of doctors, departments, medicines."""
        made = copy(self)
        words, begins = dict(self._words), set(self._begins)
        for name in names:
            if _HAN_RUN.fullmatch(name) and 1 < len(name) <= _LONGEST_NAME:
                sound = sound_of(name)
                others = (one for one in words.get(sound, ()) if one[0] != name)
                words[sound] = ((name, _price(_NAME_COUNTS)), *others)
                begins.update(sound[:at] for at, letter in enumerate(sound) if letter == " ")
        made._words, made._begins = words, frozenset(begins)  # noqa: SLF001  (one of us)
        return made

    def hear(self, plain: str) -> str | None:
        """Return what a short normalised text sounds like; None where that is the text itself."""
        if len(plain) > _LONGEST_TEXT or not plain:
            return None
        end, best, came = len(plain), [0.0] + [_IMPOSSIBLE] * len(plain), {0: (0, "")}
        spelt = _spelt_out(plain)
        for at in range(end):
            if best[at] == _IMPOSSIBLE:
                continue
            for to, word, price in self._ways(plain, at, spelt):
                if best[at] + price < best[to]:
                    best[to], came[to] = best[at] + price, (at, word)
        if best[end] == _IMPOSSIBLE:
            return None
        words: list[str] = []
        at = end
        while at:
            at, word = came[at]
            words.append(word)
        heard = "".join(reversed(words))
        return heard if heard != plain and _near_enough(plain, heard) else None

    def _ways(self, plain: str, at: int, spelt: frozenset[int]) -> Iterator[tuple[int, str, float]]:
        """Give where each word that may begin here ends, the word, and what it costs."""
        if not _HAN.match(plain[at]) and at not in spelt:
            yield at + 1, plain[at], 0.0
            return
        if _HAN.match(plain[at]):
            yield at + 1, plain[at], _KEPT
        ways = [(at, "", 0)]
        while ways:
            here, sound, count = ways.pop()
            for syllable, to in _syllables(plain, here, spelt):
                longer = f"{sound} {syllable}" if sound else syllable
                for word, price in self._words.get(longer, ()):
                    yield to, word, price + _changes(plain[at:to], word)
                if longer in self._begins and count + 1 < _LONGEST_NAME:
                    ways.append((to, longer, count + 1))


def sound_of(word: str) -> str:
    """Return how Chinese characters sound, without tones, commonest readings, syllables apart."""
    return " ".join(_readings(letter)[0] for letter in word)


def sounds_alike(one: str, other: str) -> bool:
    """Say whether two texts of Chinese characters sound the same in some reading."""
    if len(one) != len(other):
        return False
    pairs = zip(one, other, strict=True)
    return all(a == b or set(_readings(a)) & set(_readings(b)) for a, b in pairs)


def _likeliest(words: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(words, reverse=True)[:_WORDS_PER_SOUND]


def _price(count: int) -> float:
    return 1.0 - 0.06 * min(math.log(1 + count), 5.0)


def _pieces(run: str) -> Iterator[str]:
    for width in range(1, _LONGEST_WORD + 1):
        for at in range(len(run) - width + 1):
            yield run[at : at + width]


def _changes(original: str, word: str) -> float:
    """Return what it costs to read characters as other ones; letters were never characters."""
    if not _HAN_RUN.fullmatch(original):
        return 0.0
    return _CHANGED * sum(a != b for a, b in zip(original, word, strict=False))


def _near_enough(plain: str, heard: str) -> bool:
    """Say whether few enough characters were heard differently; of pinyin all are."""
    if not _HAN_RUN.fullmatch("".join(_HAN.findall(plain)) or "x") or len(plain) != len(heard):
        return True
    changed = sum(a != b for a, b in zip(plain, heard, strict=True))
    return changed <= max(1, int(_MOST_CHANGED * len(plain)))


def _syllables(plain: str, at: int, spelt: frozenset[int]) -> Iterator[tuple[str, int]]:
    """Give the sounds that may begin at a place of a text, and where they end."""
    if at >= len(plain):
        return
    if _HAN.match(plain[at]):
        for sound in _readings(plain[at]):
            yield sound, at + 1
        return
    if at not in spelt:
        return
    known = _known_syllables()
    for to in range(at + 1, min(len(plain), at + _LONGEST_SYLLABLE) + 1):
        if plain[at:to] in known:
            after = to
            while after < len(plain) and plain[after] in " '":
                after += 1
            yield _merge(plain[at:to]), after


def _spelt_out(plain: str) -> frozenset[int]:
    """Return the places of letters that may be pinyin: runs of which every word is syllables."""
    places: set[int] = set()
    for run in _LETTERS.finditer(plain):
        if all(_is_pinyin(word) for word in re.split(r"[\s']+", run[0])):
            places.update(range(*run.span()))
    return frozenset(places)


@cache
def _is_pinyin(word: str) -> bool:
    known = _known_syllables()
    reached = {0}
    for at in range(len(word)):
        if at in reached:
            reached |= {
                to
                for to in range(at + 1, min(len(word), at + _LONGEST_SYLLABLE) + 1)
                if word[at:to] in known
            }
    return len(word) in reached


@cache
def _readings(letter: str) -> tuple[str, ...]:
    """Return how a character may be read, the commonest first; itself where nobody knows."""
    written = _dictionary().get(ord(letter))
    if not written:
        return (letter,)
    return tuple(dict.fromkeys(_merge(_toneless(one)) for one in written.split(",")))


@cache
def _known_syllables() -> frozenset[str]:
    """Return every syllable of common characters, as it is typed."""
    common = (
        written.split(",")[0]
        for code, written in _dictionary().items()
        if 0x4E00 <= code <= 0x9FA5  # noqa: PLR2004  (the block of common characters)
    )
    return frozenset(
        syllable for one in common if (syllable := _toneless(one)).isascii() and len(syllable) > 1
    ) | {"a", "e", "o"}


@cache
def _dictionary() -> Mapping[int, str]:
    """Load the readings of characters at the first need: 12 MB; phrases would be as much again."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415

    return PINYIN_DICT


def _toneless(syllable: str) -> str:
    plain = "".join(
        letter for letter in unicodedata.normalize("NFD", syllable) if letter not in _TONES
    )
    return plain.replace("u\u0308", "v")


@cache
def _merge(syllable: str) -> str:
    for apart, together in _MERGED:
        if syllable.startswith(apart):
            syllable = together + syllable[len(apart) :]
    return _NASAL.sub("n", syllable)
