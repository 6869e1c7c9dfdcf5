"""Reminders in plain words: what each kind is called, and what a page needs to tell of somebody's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.console.words import Words
from bot.reminders.history import Told
from bot.reminders.kinds import ANSWERS, Kinds
from bot.reminders.labels import label

#: A reminder that is due so much longer than the engine needs is called late.
_SOON_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Cared:
    """What the pages about reminders and plans need beside the console.

    Attributes:
        kinds: what reminders there are.
    """

    kinds: Kinds


def naming(kinds: Kinds, words: Words) -> dict[str, Any]:
    """Return what a template calls to name things, in the language of its reader."""

    def kind_name(key: str) -> str:
        known = kinds.get(key)
        return known.names.get(words.lang, key) if known else key

    def answer_name(word: str) -> str:
        return label(word, words.lang) if word in ANSWERS else word

    def asks(key: str) -> bool:
        known = kinds.get(key)
        return bool(known and known.answers)

    def way_name(way: str) -> str:
        kind, _, why = way.partition(": ")
        said = words.name_of("way", kind)
        return f"{said} ({words.name_of('way', why)})" if why else said

    return {
        "way_name": way_name,
        "kind_name": kind_name,
        "answer_name": answer_name,
        "asks": asks,
        "stage": stage,
    }


def stage(told: Told, now: datetime) -> str:
    """Return how far a reminder came, as the word that `told.<word>` says in a sentence."""
    if told.message is not None:
        return told.message.state
    if told.state == "pending" and (now - told.due_at).total_seconds() > _SOON_SECONDS:
        return "overdue"
    return told.state
