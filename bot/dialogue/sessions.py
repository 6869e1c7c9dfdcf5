"""What a conversation remembers between two messages, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from intents.entities import Entities

#: After this silence a question of ours is no longer open: a digit then answers nothing.
EXPECT_FOR = timedelta(minutes=30)
#: After this silence a conversation starts afresh (language and alarms are kept).
SESSION_FOR = timedelta(hours=12)
#: Lists have up to five options, 9 repeats and 0 is a person: these digits are left for an offer.
OFFER_BASE = 5
MOST_OFFERED = 3


@dataclass(slots=True)
class Expect:
    """A question of ours that waits for a choice, or for an answer in the patient's own words.

    Attributes:
        ask: names the question; old buttons carry older names.
        options: what each number stands for, in order.
        until: after this instant (ISO, UTC) the question is closed.
        named: what the message that was unclear named, so that a choice needs not ask again.
        flow: which flow takes an answer in words, at `entry`; empty where only options answer.
        here: it is answered where it was asked, never on another channel of the person.
        base: what is added to an option's place where it is typed: 6 for the first of an offer that
            came while another question was open.
    """

    ask: int
    options: list[str]
    until: str
    named: dict[str, Any] | None = None
    flow: str = ""
    entry: str = ""
    here: bool = False
    base: int = 0

    def is_open(self, now: datetime) -> bool:
        """Say whether a number still answers this question at `now`."""
        return now <= datetime.fromisoformat(self.until)


@dataclass(slots=True)
class Session:
    """The memory of one conversation; kept encrypted.

    Attributes:
        misses: messages in a row that nobody understood.
        alarms: red flags raised so far; after three the reply shortens (EM-08).
        last_inbox: the message whose answer "repeat" repeats.
        wordless: messages in a row without words that we can read: voice, pictures …
        draft: what a flow is in the middle of, by its own names; "flow" names it. Kept while other
            things are asked in between.
        offer: a question that came unasked, such as a place that became free; it stays open beside
            `expect` until its own time, and beside nothing else.
    """

    lang: str = "zh-CN"
    traditional: bool = False
    greeted: bool = False
    misses: int = 0
    alarms: int = 0
    asks: int = 0
    expect: Expect | None = None
    last_inbox: int | None = None
    wordless: int = 0
    draft: dict[str, Any] | None = None
    offer: Expect | None = None

    def ask(
        self,
        options: list[str],
        now: datetime,
        named: dict[str, Any] | None = None,
        *,
        answer: tuple[str, str] | None = None,
        here: bool = False,
    ) -> int:
        """Open a question with `options`, or one that `answer` takes in words; return its name."""
        self.asks += 1
        flow, entry = answer or ("", "")
        until = (now + EXPECT_FOR).isoformat()
        self.expect = Expect(self.asks, options, until, named, flow, entry, here)
        return self.asks

    def make_offer(
        self, options: list[str], now: datetime, until: datetime, named: dict[str, Any] | None
    ) -> Expect:
        """Open an offer with at most three options beside whatever is asked; an older one ends.

        It is typed as 1, 2, 3 where nothing else is open; else, and where it stays open for longer than
        a question does, as 6, 7, 8, which no list of ours uses.
        """
        self.asks += 1
        busy = self.expect is not None and self.expect.is_open(now)
        base = OFFER_BASE if busy or until - now > EXPECT_FOR else 0
        self.offer = Expect(self.asks, options, until.isoformat(), named, here=True, base=base)
        return self.offer


_NAMES = tuple(field.name for field in fields(Session))
_NAMED = frozenset(field.name for field in fields(Entities))
_QUESTIONS = ("expect", "offer")
_EXPECT_NAMES = tuple(field.name for field in fields(Expect))


def load(stored: dict[str, Any] | None, updated_at: datetime, now: datetime, lang: str) -> Session:
    """Return the session as it is at `now`; a new one speaks `lang`."""
    if not stored:
        return Session(lang=lang)
    questions = {name: Expect(**stored[name]) for name in _QUESTIONS if stored.get(name)}
    session = Session(**{**stored, **dict.fromkeys(_QUESTIONS), **questions})
    if now - updated_at > SESSION_FOR:
        session.misses, session.expect, session.last_inbox, session.draft = 0, None, None, None
    return session


def dump(session: Session) -> dict[str, Any]:
    """Return what `load` reads."""
    values = {name: getattr(session, name) for name in _NAMES}
    for question in _QUESTIONS:
        asked = values[question]
        values[question] = {name: getattr(asked, name) for name in _EXPECT_NAMES} if asked else None
    return values


def pack(entities: Entities) -> dict[str, Any]:
    """Return what a message named, as a session can keep it."""
    packed = {field.name: getattr(entities, field.name) for field in fields(entities)}
    kept = {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in packed.items()
        if value
    }
    if entities.day:
        kept["day"] = entities.day.isoformat()
    return kept


def unpack(packed: Mapping[str, Any]) -> Entities:
    """Return what `pack` kept; what else a question was asked with says nothing."""
    values: dict[str, Any] = {}
    for name, value in packed.items():
        if name not in _NAMED:
            continue
        if name == "day":
            values[name] = date.fromisoformat(value)
        elif isinstance(value, Mapping):
            values[name] = {word: tuple(keys) for word, keys in value.items()}
        else:
            values[name] = tuple(value) if isinstance(value, list | tuple) else value
    return Entities(**values)
