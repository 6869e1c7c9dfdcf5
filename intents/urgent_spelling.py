"""Forgive the slips people make when frightened: known misspellings, dialect, one wrong letter."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from intents.urgent_words import Words

_SHORTEST_CLOSE_WORD = 6
_WORD = re.compile(r"[a-z]+")
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])")


def respell(text: str, spelling: Mapping[str, str]) -> str:
    """Replace known slips, in the order of the file."""
    for wrong, right in spelling.items():
        if wrong in text:
            text = text.replace(wrong, right)
    return text


def respell_words(text: str, spelling: Mapping[str, str]) -> str:
    """Replace known slips of whole words; apostrophes and hyphens inside words are dropped."""
    text = _HYPHEN.sub(" ", text.replace("'", ""))
    return _WORD.sub(lambda found: spelling.get(found[0], found[0]), text)


def without_one_letter(word: str) -> list[str]:
    """List a word's spellings with one letter left out: two words one slip apart share one."""
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def speller(words: Words, close: Mapping[str, str]) -> Callable[[str], Sequence[str]]:
    """Give the function that reads an English word: its stems, and one slip forgiven."""

    @lru_cache(maxsize=8192)
    def spell(word: str) -> Sequence[str]:
        if len(word) >= _SHORTEST_CLOSE_WORD and word not in words.known:
            word = _closest(word, close)
        return words.spellings(word)

    return spell


def _closest(word: str, close: Mapping[str, str]) -> str:
    for variant in (word, *without_one_letter(word)):
        right = close.get(variant)
        if right is not None and right[0] == word[0]:
            return right
    return word
