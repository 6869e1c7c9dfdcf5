"""The kinds of reminders as staff may read them: when each goes, what it says, what follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from bot.channels.base import Limits
from bot.console import samples
from bot.console.desk import Console
from bot.console.guard import Guard, Visit
from bot.console.pages import Pages
from bot.console.told import Cared, naming
from bot.console.words import LANGUAGES, Words
from bot.errors import WordingError
from bot.message import Kind as Said
from bot.message import Say
from bot.reminders.kinds import NEXT_CHANNEL, STAFF, Kind
from bot.reminders.labels import taps_of

_MINUTES = {"days": 24 * 60, "hours": 60, "minutes": 1}
#: As a text message carries it, which others may read; and as a chat does, which they may not.
_SMS, _PRIVATE = Limits(buttons=0, private=False), Limits(buttons=8, private=True)


@dataclass(frozen=True, slots=True)
class Preview:
    """What one kind says, with sample values; None where its text needs values that we have none of."""

    lang: str
    private: str | None
    discreet: str | None
    buttons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of reminder, in words."""

    kind: Kind
    when: str
    late: str
    open_for: str
    then: str
    previews: tuple[Preview, ...]


class Rules:
    """Shows the kinds of reminders."""

    def __init__(self, console: Console, pages: Pages, cared: Cared) -> None:
        self._console = console
        self._pages = pages
        self._cared = cared

    async def show(self, visit: Visit) -> Response:
        """Return all kinds; nothing here is anybody's."""
        words = self._pages.words(visit.request)
        kinds = self._cared.kinds
        facts = {
            lang: {
                "h": self._console.hospital.info(lang),
                "today": visit.now.astimezone(self._console.zone).date(),
            }
            for lang in LANGUAGES
        }
        rules = [
            Rule(
                kind, when(kind, words), late(kind, words), length(kind.open_for, words),
                self._then(kind, words),
                tuple(self._preview(kind, lang, facts[lang]) for lang in LANGUAGES),
            )
            for kind in kinds.kinds.values()
        ]  # fmt: skip
        return self._pages.render(
            visit.request, "rules", rules=rules, kinds=kinds, **naming(kinds, words)
        )

    def _then(self, kind: Kind, words: Words) -> str:
        if kind.then is None or kind.after is None:
            return words("rule.then.none")
        after = length(kind.after, words)
        only = (
            words("rule.then.only", tag=words.name_of("tag", kind.then_only))
            if kind.then_only
            else ""
        )
        if kind.then == STAFF:
            return words("rule.then.staff", after=after) + only
        if kind.then == NEXT_CHANNEL:
            return words("rule.then.next_channel", after=after) + only
        known = self._cared.kinds.get(kind.then)
        name = known.names.get(words.lang, kind.then) if known else kind.then
        return words("rule.then.kind", after=after, kind=name) + only

    def _preview(self, kind: Kind, lang: str, facts: Mapping[str, Any]) -> Preview:
        values = samples.of(kind, lang, facts["today"])
        say = Say(kind.text, Said.REMINDER, values)
        taps = tuple(button.label for button in taps_of(0, kind, lang))
        return Preview(
            lang, self._said(say, lang, _PRIVATE, facts), self._said(say, lang, _SMS, facts), taps
        )

    def _said(self, say: Say, lang: str, limits: Limits, facts: Mapping[str, Any]) -> str | None:
        try:
            return self._console.wording.word(say, lang, limits, facts).text
        except WordingError:
            return None


def mount_rules(router: APIRouter, rules: Rules, guard: Guard) -> None:
    """Add the route."""

    @router.get("/reminders/kinds")
    async def show(visit: Annotated[Visit, Depends(guard.page)]) -> Response:
        return await rules.show(visit)


def when(kind: Kind, words: Words) -> str:
    """Return in words when a kind is due, counted from its moment (pure)."""
    if kind.follows:
        return words("rule.when.follows")
    moment, offset = words.name_of("moment", f"{kind.about}.{kind.of}"), kind.offset
    minutes = offset.days * _MINUTES["days"] + offset.minutes
    away = length(timedelta(minutes=abs(minutes)), words)
    key = "before" if minutes < 0 else "after" if minutes > 0 else "same_day" if offset.at else "at"
    said = words(f"rule.when.{key}", moment=moment, away=away)
    if offset.at is not None:
        said += words("rule.when.hour", at=f"{offset.at:%H:%M}")
    if offset.not_after is not None:
        said += words("rule.when.not_after", at=f"{offset.not_after:%H:%M}")
    return said


def late(kind: Kind, words: Words) -> str:
    """Return in words how long after it was due a kind is still said (pure)."""
    if kind.late is not None:
        return words("rule.late.for", away=length(kind.late, words))
    return words("rule.late.until_then" if kind.is_before else "rule.late.always")


def length(span: timedelta, words: Words) -> str:
    """Return a length of time in the largest unit that tells it whole (pure)."""
    minutes = int(span.total_seconds() // 60)
    for unit, size in _MINUTES.items():
        if minutes and minutes % size == 0:
            count = minutes // size
            one = "" if count > 1 else ".one"
            return words(f"length.{unit}{one}", n=count)
    return words("length.minutes", n=minutes)
