"""What one message says: a reminder alone, or all of a day in one (RM-03), and how it is worded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue.notices import Hearer
from bot.dialogue.templates import day
from bot.dialogue.wording import Wording
from bot.message import Kind as Saying
from bot.message import Say, Template
from bot.reminders.kinds import ANSWERS, Kind
from bot.reminders.labels import taps
from bot.reminders.model import Due, Thing
from bot.reminders.recipients import Recipient
from scheduler.hours import wall
from scheduler.reminders import Tier

#: What is due within so long of it is said in the same message.
MOMENT = timedelta(minutes=15)
#: A message says no more than so many things.
MOST = 8
#: What one tap may mean of several things at once.
_FOR_ALL = frozenset({"confirm", "taken", "snooze", "skip", "done"})


@dataclass(frozen=True, slots=True)
class Telling:
    """A reminder that goes now: what it is about, and who is told."""

    due: Due
    kind: Kind
    thing: Thing
    told: Recipient

    @property
    def rival(self) -> tuple[str, int, str, datetime | None]:
        """Return what is alike of two reminders that say the same of the same thing."""
        line = self.kind.line or self.kind.key
        occurs_at = self.due.occurs_at if self.kind.each else None
        return self.due.about, self.due.about_id, line, occurs_at

    @property
    def lane(self) -> object:
        """Return what is alike of two reminders that may be said in one message."""
        if self.kind.merge == "never":
            return self.due.id
        return "safety" if self.kind.rule.tier is Tier.SAFETY else "day"


def newest(tellings: Sequence[Telling]) -> tuple[list[Telling], list[Telling]]:
    """Return those to be said, and those of which a later one says more (I-15)."""
    best: dict[object, Telling] = {}
    for one in tellings:
        known = best.get(one.rival)
        if known is None or (one.due.due_at, one.due.id) > (known.due.due_at, known.due.id):
            best[one.rival] = one
    kept = {one.due.id for one in best.values()}
    said = [one for one in tellings if one.due.id in kept]
    return said, [one for one in tellings if one.due.id not in kept]


def messages(tellings: Sequence[Telling]) -> list[list[Telling]]:
    """Return what goes together, in the order in which things happen."""
    lanes: dict[object, list[Telling]] = {}
    for one in sorted(tellings, key=lambda one: (one.due.occurs_at, one.due.id)):
        lanes.setdefault((one.told.conversation_id, one.lane), []).append(one)
    return [lane[at : at + MOST] for lane in lanes.values() for at in range(0, len(lane), MOST)]


def joins(kind: Kind, message: Sequence[Telling], due_at: datetime, now: datetime) -> bool:
    """Say whether a reminder that is due only later may be said in a message that goes now."""
    if kind.merge == "never" or kind.follows or message[0].kind.merge == "never":
        return False
    safety = Tier.SAFETY in {one.kind.rule.tier for one in message}
    if safety != (kind.rule.tier is Tier.SAFETY):
        return False
    whole_day = kind.merge == "day" and any(one.kind.merge == "day" for one in message)
    return whole_day or due_at <= now + MOMENT


def answers(message: Sequence[Telling]) -> tuple[str, ...]:
    """Return what a message asks for; of things that share no answer, to take them one by one."""
    asking = [one.kind for one in message if one.kind.answers]
    if len(asking) <= 1:
        return asking[0].answers if asking else ()
    common = set(ANSWERS).intersection(*(kind.answers for kind in asking)) & _FOR_ALL
    if len({kind.about for kind in asking}) > 1:
        common -= {"done"}  # of a fee and a visit, nobody can tell which
    return tuple(word for word in asking[0].answers if word in common) or ("more",)


def open_until(message: Sequence[Telling], now: datetime) -> datetime:
    """Return until when a message can be answered: never beyond what it tells of."""
    ends = [now + one.kind.open_for for one in message]
    ends += [one.due.occurs_at for one in message if one.kind.is_before]
    return min(ends)


def expires(message: Sequence[Telling]) -> datetime | None:
    """Return when the first of what a message says is too late to be useful."""
    ends = [one.due.send_until for one in message if one.due.send_until is not None]
    return min(ends) if ends else None


def say(message: Sequence[Telling], wording: Wording, hearer: Hearer) -> Say:
    """Return what is said, from what is true now, in her language."""
    words = answers(message) if hearer.answers else ()
    lead = next((one for one in message if one.kind.answers), message[0])
    options = taps(lead.due.id, words, hearer.lang)
    values = [values_of(one, hearer) for one in message]
    filled = _together(message, values, hearer.lang) if hearer.fields else {}
    template = Template(lead.kind.key, filled)
    lines: list[str] = []
    if len(message) > 1:
        each = zip(message, values, strict=True)
        said = (wording.text(one.kind.line, hearer.lang, its) for one, its in each)
        lines = list(dict.fromkeys(said))
    if len(lines) > 1:
        asking = [one for one in message if one.kind.answers]
        asks = lead.kind.names[hearer.lang] if len(asking) == 1 else ""
        told = {"lines": lines, "answers": bool(options), "asks": asks}
        return Say("reminders/digest", Saying.REMINDER, told, options, template=template)
    its = values[message.index(lead)]  # one thing, or several that read the same to others
    return Say(lead.kind.text, Saying.REMINDER, its, options, template=template)


def _together(
    message: Sequence[Telling], values: Sequence[Mapping[str, Any]], lang: str
) -> dict[str, str]:
    """Return the fields of all that is said: where only a template goes, nothing is left out."""
    found: dict[str, list[str]] = {}
    for one, its in zip(message, values, strict=True):
        for name, text in fields_of(one, its, lang).items():
            found.setdefault(name, []).append(text)
    between = "、" if lang == "zh-CN" else ", "
    return {name: between.join(dict.fromkeys(texts)) for name, texts in found.items()}


def values_of(one: Telling, hearer: Hearer) -> dict[str, Any]:
    """Return what a text of a reminder may mention.

    Beside the thing's own: `occurs`, when it happens by the clocks there; `kind`; `answers`, whether an
    answer can be taken.
    """
    return {
        "occurs": wall(one.due.occurs_at, ZoneInfo(one.thing.zone)),
        "kind": one.kind.key,
        "answers": hearer.answers,
        **one.thing.values(hearer.lang),
        "private": hearer.private,
    }


def fields_of(one: Telling, values: Mapping[str, Any], lang: str) -> dict[str, str]:
    """Return what a platform's template of this kind may be filled with.

    Beside the texts of the thing's own: `what` the kind is called, on which `day`, at which `time`.
    """
    occurs = values["occurs"]
    written = {
        name: day(value, lang) if isinstance(value, date) else value
        for name, value in values.items()
        if isinstance(value, date | str) and value and not isinstance(value, datetime)
    }
    return {
        "what": one.kind.names[lang], "day": day(occurs, lang), "time": f"{occurs:%H:%M}", **written
    }  # fmt: skip
