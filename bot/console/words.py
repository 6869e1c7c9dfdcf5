"""The console's own words: one file a language, the same keys in each."""

import json
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request

LANGUAGES = ("zh-CN", "en")
LANGUAGE_COOKIE = "daoyi_console_lang"


class Words:
    """The words of one language.

    Args:
        texts: by key; a text may name values, as in `{name}`.
    """

    def __init__(self, lang: str, texts: Mapping[str, str]) -> None:
        self.lang = lang
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return one text with its values filled in. Raises `KeyError` where there is none."""
        text = self._texts[key]
        return text.format_map(values) if values else text

    def name_of(self, group: str, key: str) -> str:
        """Return what a word of ours is called (`desk.billing`); the word itself where unknown."""
        return self._texts.get(f"{group}.{key}", key)

    def sentence(self, english: str, status: int) -> str:
        """Return a service's sentence in this language; what its status means where unknown."""
        known = self._texts.get(f"sentence.{english}")
        return known or (english if self.lang == "en" else self.status(status))

    def status(self, status: int) -> str:
        """Return what an HTTP status means to a person."""
        return self._texts.get(f"status.{status}", self._texts["status.400"])


def load_words(folder: Path) -> dict[str, Words]:
    """Read the words of every language."""
    return {
        lang: Words(lang, json.loads((folder / f"{lang}.json").read_text("utf-8")))
        for lang in LANGUAGES
    }


def chosen(request: Request, default: str) -> str:
    """Return the language to speak: asked for, chosen before, preferred by the browser."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in LANGUAGES:
            return asked
    accepted = request.headers.get("accept-language", "").lower()
    found = [(accepted.find(lang[:2]), lang) for lang in LANGUAGES if lang[:2] in accepted]
    return min(found)[1] if found else default
