"""What a look-up is asked, and what it says it found."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.hospital.model import Hospital, Session
from bot.hospital.planning import Rules
from bot.hospital.rows import listing
from bot.hospital.words import is_chinese

#: How many rows of details one answer holds at most.
LIMIT = 6
#: How many names `asked` repeats at most.
_MOST_NAMES = 3


#: A clinic: doctor, date, part of the day.
Key = tuple[str, dt.date, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a clinic stands: `left` places online; `over` once it is too late for all of them."""

    left: int
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a patient named, as keys of `vocabulary`.

    `near` holds words that name nothing, each with the keys it resembles (perhaps none). `standing`
    holds how clinics stand, where bookings know better than the roster; by `rules`, days later than
    `released_to` cannot be booked yet.
    """

    lang: str
    today: dt.date
    departments: tuple[str, ...] = ()
    doctors: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    near: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    day: dt.date | None = None
    session: Session | str | None = None
    standing: Mapping[Key, Standing] = field(default_factory=dict)
    released_to: dt.date | None = None
    rules: Rules | None = None

    @property
    def zh(self) -> bool:
        """Whether the Chinese texts are wanted."""
        return is_chinese(self.lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look-up found.

    `asked` is what the patient named, in the hospital's words or, where nothing goes by that name,
    in the patient's; `similar` are names that resemble it; `holiday` is what keeps the hospital
    closed on the day asked about.
    """

    rows: tuple[Any, ...] = ()
    asked: str | None = None
    similar: tuple[str, ...] = ()
    asked_day: dt.date | None = None
    holiday: str | None = None


def say(thing: Any, name: str, *, zh: bool) -> str:
    """Return a text of a thing in the language asked for."""
    text: str = getattr(thing, name if zh else f"{name}_en")
    return text


def found(
    hospital: Hospital, query: Query, kind: str, rows: Collection[Any], named: Collection[str]
) -> Found:
    """Return rows with what was named, or, if nothing was, what the patient may have meant."""
    names = tuple(dict.fromkeys(named))
    if names:
        asked = str(listing(names[:_MOST_NAMES], zh=query.zh))
        return Found(rows=tuple(rows), asked=asked, asked_day=query.day)
    known = _names(hospital, kind, zh=query.zh)
    for word, keys in sorted(query.near.items(), key=lambda item: not item[1]):
        similar = tuple(dict.fromkeys(known[key] for key in keys if key in known))
        if similar or not keys:
            return Found(asked=word, similar=similar[:LIMIT], asked_day=query.day)
    return Found(rows=tuple(rows), asked_day=query.day)


def _names(hospital: Hospital, kind: str, *, zh: bool) -> Mapping[str, str]:
    """Return how the things of a kind are called, by their key."""
    if kind == "drugs":
        return {drug.generic: say(drug, "generic", zh=zh) for drug in hospital.drugs}
    if kind == "symptoms":
        return {line.symptom: say(line, "symptom", zh=zh) for line in hospital.symptoms}
    things = [thing for each in kind.split() for thing in getattr(hospital, each)]
    return {thing.code: say(thing, "name", zh=zh) for thing in things}
