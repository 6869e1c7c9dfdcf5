"""Words of regions, of two languages mixed, and signs, as the plain words that mean the same.

The words are content (`dialect.toml` of each language). What comes of it is read a second time, where a
message was not understood as it stood.
"""

import re
from collections.abc import Mapping
from typing import Any

from intents.normalize import normalize

_HAN = re.compile("[\u3400-\u9fff]")
_SPACE = re.compile(r"\s+")


class Dialect:
    """The words of every language; `Dialect({})` changes nothing.

    A language with Chinese words reads texts that hold any, and any other language the others.
    """

    def __init__(self, languages: Mapping[str, Mapping[str, str]]) -> None:
        """Take the words of each language's `dialect.toml`, already checked."""
        self._by_script: dict[bool, tuple[re.Pattern[str], Mapping[str, str]]] = {}
        for words in languages.values():
            plain = {normalize(word): normalize(meant) for word, meant in words.items()}
            chinese = any(_HAN.search(meant) for meant in plain.values())
            if plain:
                self._by_script[chinese] = _any_of(plain), plain

    def plain(self, text: str) -> str:
        """Return a normalised text in plain words; the text itself where it holds nothing to change."""
        chinese = bool(_HAN.search(text))
        known = self._by_script.get(chinese)
        if known is None:
            return text
        pattern, words = known
        changed = pattern.sub(lambda found: _instead(words[found[0]]), text)
        return _SPACE.sub("" if chinese and changed != text else " ", changed).strip() or text


def problems_of_dialect(tables: Mapping[str, Any], where: str) -> list[str]:
    """Say what is wrong with the tables of one `dialect.toml`."""
    words = tables.get("words")
    if set(tables) != {"words"} or not isinstance(words, dict):
        return [f"{where}: the file must hold one table, [words]."]
    return [
        f"{where}: words: `{word}` must stand for plain words, and be some itself."
        for word, meant in words.items()
        if not isinstance(meant, str) or not normalize(word)
    ]


def _instead(meant: str) -> str:
    return meant if _HAN.search(meant) else f" {meant} "


def _any_of(words: Mapping[str, str]) -> re.Pattern[str]:
    """Compile the words, longest first; Latin ones as whole words only."""
    longest = sorted(words, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(_whole, longest)))


def _whole(word: str) -> str:
    escaped = re.escape(word)
    return rf"(?<![a-z0-9]){escaped}(?![a-z0-9])" if word[0].isascii() else escaped
