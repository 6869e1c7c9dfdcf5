"""Whether a message answers a reminder: by its own button, its own digit, or words. Pure."""

from dataclasses import replace

from bot.dialogue.routes import PERSON, REPEAT, Enter, Route, Seen, option
from bot.dialogue.sessions import OFFER_BASE, Expect
from intents.reminding import Said

#: Answers to a reminder that count for the one that was just said, whatever it offers.
_NOTED = frozenset({"yes", "thanks", "heard", "not_yet"})


def reminded(seen: Seen) -> Route | None:
    """Take the answer to a reminder: its own button, its own digit, or words that mean nothing else."""
    said = seen.understood
    if said.tap is not None:
        asked = next((one for one in seen.session.reminded if one.ask == said.tap[0]), None)
        return _to_reminder(asked, asked.option(said.tap[1])) if asked else None
    if said.number is not None:
        return _numbered(seen, said.number)
    if seen.session.latest and (said.act == "repeat" or said.command == "repeat"):
        return Enter("reminders", "repeat")
    if said.said is None or not (said.said.sure or _just_reminded(seen)):
        return None
    return _worded(seen, said.said)


def _numbered(seen: Seen, number: int) -> Route | None:
    """Take a digit that the newest reminder with such digits showed, unless it may mean another."""
    session = seen.session
    if number == REPEAT and session.latest:
        return Enter("reminders", "repeat")
    base = OFFER_BASE if number > OFFER_BASE else 0
    asked = next((one for one in reversed(session.reminded) if one.base == base), None)
    if asked is None or not asked.is_open(seen.now) or number in (PERSON, REPEAT):
        return None
    for other in (session.expect, session.offer):
        if other is not None and other.base == base and (other.options or other.flow):
            newer = other.ask > asked.ask and other.was_open(seen.now)
            if newer or (other.options and other.is_open(seen.now)):
                return None  # also where it asked for words or a code: a digit is no "I will come"
    found = _to_reminder(asked, asked.option(number - base))
    return found or Enter("faq", "no_such_option")


def _just_reminded(seen: Seen) -> bool:
    """Say whether a reminder was the last thing said, and no flow waits for an answer in words."""
    expect = seen.session.expect
    waits = expect is not None and expect.flow and expect.is_open(seen.now)
    return seen.session.latest > 0 and not waits


def _worded(seen: Seen, said: Said) -> Route | None:
    """Let the newest open reminder that offers a word have it; "ok" right after one is heard."""
    word = "confirm" if said.word == "yes" else said.word
    for asked in reversed(seen.session.reminded):
        value = next((one for one in asked.options if one.endswith(f"-{word}")), None)
        if value is not None and asked.is_open(seen.now):
            found = _to_reminder(asked, value)
            more = {"minutes": said.minutes} if said.minutes else {}
            return replace(found, values={**found.values, **more}) if found else None
    if said.word == "not_yet" and said.sure:  # of a dose, also where it was answered otherwise
        for asked in reversed(seen.session.reminded):
            if asked.is_open(seen.now) and any(one.endswith("-taken") for one in asked.options):
                return Enter("reminders", "noted", {"word": said.word}, reminder=asked.ask)
    if said.word in _NOTED and _just_reminded(seen):
        return Enter("reminders", "noted", {"word": said.word}, reminder=seen.session.latest)
    return None


def _to_reminder(asked: Expect, value: str | None) -> Enter | None:
    return replace(option(value), reminder=asked.ask) if value else None
