"""Find what a patient named: departments, doctors, drugs …, a day, a part of the day.

Pure: takes the hospital's names and today's date. `names` looks names up, `days` reads days; what
to do with any of it is the conversation's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from intents.days import Session, day_in, session_in
from intents.names import Found, Vocabulary
from intents.normalize import normalize

_LONGEST = 600
_SHORT = 24
_SHORT_LATIN = 60
_MOST_NEAR = 3

__all__ = ["Entities", "Vocabulary", "find"]


@dataclass(frozen=True, slots=True)
class Entities:
    """What one text names; the names are the vocabulary's keys, best first.

    Attributes:
        near: by kind, the keys of names that are nearly spelt, where nothing was named.
        near_words: the same by the patient's own word.

    """

    departments: tuple[str, ...] = ()
    doctors: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    near: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    near_words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    day: date | None = None
    session: Session | None = None


def find(text: str, vocabulary: Vocabulary, today: date, *, misspelt: bool = True) -> Entities:
    """Find everything a text names. Never raises, whatever the text.

    Looking for `misspelt` names costs more than all the rest; leave it out where no name is expected.
    """
    words = normalize(text[: 2 * _LONGEST])[:_LONGEST]
    found = vocabulary.find(words)
    near, near_words = _near(words, vocabulary) if misspelt and not found else ({}, {})
    return Entities(
        departments=_keys(found, "department"),
        doctors=_keys(found, "doctor"),
        drugs=_keys(found, "drug"),
        tests=_keys(found, "test"),
        packages=_keys(found, "package"),
        services=_keys(found, "service"),
        symptoms=_keys(found, "symptom"),
        near=MappingProxyType(near),
        near_words=MappingProxyType(near_words),
        day=day_in(words, today),
        session=session_in(words),
    )


def _keys(found: list[Found], kind: str) -> tuple[str, ...]:
    """Give the keys of one kind, those by the longest names first, then as they stand."""
    mine = sorted(
        (one for one in found if one.kind == kind), key=lambda one: (one.start - one.end, one.start)
    )
    return tuple(dict.fromkeys(one.key for one in mine))


def _near(
    words: str, vocabulary: Vocabulary
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Give near names by kind and by word, for a text short enough to be little but a name."""
    if len(words) > (_SHORT_LATIN if words.isascii() else _SHORT):
        return {}, {}
    by_kind: dict[str, tuple[str, ...]] = {}
    by_word: dict[str, tuple[str, ...]] = {}
    for near in vocabulary.near(words):
        keys = by_kind.get(near.kind, ())
        if near.key not in keys and len(keys) < _MOST_NEAR:
            by_kind[near.kind] = (*keys, near.key)
            by_word[near.word] = (*by_word.get(near.word, ()), near.key)
    return by_kind, by_word
