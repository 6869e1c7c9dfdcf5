"""What a conversation remembers between two messages, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
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
#: So many reminders that ask something are remembered; older ones say that they are over.
MOST_REMINDED = 8
#: No digit is left for it: it is answered by a tap, or in the words of its taps.
NO_DIGITS = -1


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
            came while another question was open; `NO_DIGITS` where none is left.
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

    def was_open(self, now: datetime) -> bool:
        """Say whether it is open, or was so lately that a number may still mean it."""
        return now <= datetime.fromisoformat(self.until) + EXPECT_FOR

    def option(self, place: int) -> str | None:
        """Return the option at a place, counted from 1."""
        return self.options[place - 1] if 1 <= place <= len(self.options) else None


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
        reminded: what reminders asked, the newest last; each stays open until its own time.
        latest: the reminder that was the last thing said here, by its name; 0: something else was.
        lately: the short message before this one, where this one may belong to it: its "text", when it
            came "at", how "sure" its answer was.
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
    reminded: list[Expect] = field(default_factory=list)
    latest: int = 0
    lately: dict[str, Any] | None = None

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

    def remind(
        self, options: list[str], now: datetime, until: datetime, named: dict[str, Any] | None
    ) -> Expect:
        """Keep what a reminder asks, with at most three options or none, beside everything else.

        It is typed as 1, 2, 3, for as long as it is open and nothing else is asked; as 6, 7, 8 where a
        question is open as it comes; and not at all where an offer has these.
        """
        self.asks += 1
        busy = self.expect is not None and self.expect.is_open(now)
        taken = self.offer is not None and self.offer.base > 0 and self.offer.is_open(now)
        base = (NO_DIGITS if taken else OFFER_BASE) if busy else 0
        made = Expect(self.asks, options, until.isoformat(), named, here=True, base=base)
        self.latest = made.ask
        if options:
            self.reminded = [*_kept(self.reminded, now), made]
        return made


def _kept(reminded: list[Expect], now: datetime) -> list[Expect]:
    """Return what stays when one more comes: those that are open before those that are not."""
    over = len(reminded) - MOST_REMINDED + 1
    if over <= 0:
        return reminded
    gone = {one.ask for one in sorted(reminded, key=lambda one: (one.is_open(now), one.ask))[:over]}
    return [one for one in reminded if one.ask not in gone]


_NAMES = tuple(one.name for one in fields(Session))
_NAMED = frozenset(one.name for one in fields(Entities))
_QUESTIONS = ("expect", "offer")
_EXPECT_NAMES = tuple(one.name for one in fields(Expect))


def load(stored: dict[str, Any] | None, updated_at: datetime, now: datetime, lang: str) -> Session:
    """Return the session as it is at `now`; a new one speaks `lang`."""
    if not stored:
        return Session(lang=lang)
    questions = {name: Expect(**stored[name]) for name in _QUESTIONS if stored.get(name)}
    reminded = [Expect(**one) for one in stored.get("reminded", ())]
    session = Session(**{**stored, **dict.fromkeys(_QUESTIONS), **questions, "reminded": reminded})
    if now - updated_at > SESSION_FOR:
        session.misses, session.expect, session.last_inbox, session.draft = 0, None, None, None
    return session


def dump(session: Session) -> dict[str, Any]:
    """Return what `load` reads."""
    values = {name: getattr(session, name) for name in _NAMES}
    for question in _QUESTIONS:
        values[question] = _dumped(values[question]) if values[question] else None
    values["reminded"] = [_dumped(one) for one in session.reminded]
    return values


def _dumped(asked: Expect) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in _EXPECT_NAMES}


def pack(entities: Entities) -> dict[str, Any]:
    """Return what a message named, as a session can keep it."""
    packed = {one.name: getattr(entities, one.name) for one in fields(entities)}
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
