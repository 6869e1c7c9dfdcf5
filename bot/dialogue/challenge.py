"""What would come of a challenge's messages: the real reading and the real routing, no database."""

from datetime import date, datetime, timedelta

from bot.dialogue import bursts
from bot.dialogue.router import route
from bot.dialogue.routes import Enter, Seen
from bot.dialogue.sessions import Session
from bot.dialogue.understand import Understander, Understood
from intents.challenge import NAMED, Outcome, Row
from intents.entities import Entities, Vocabulary
from intents.normalize import normalize

#: Between two messages of one row.
_BETWEEN = timedelta(seconds=4)


def played(row: Row, understander: Understander, vocabulary: Vocabulary, now: datetime) -> Outcome:
    """Return what comes of a row's messages, sent by a new patient from `now` on, local time."""
    session = Session(greeted=True)
    requests: list[str] = []
    acts: list[str] = []
    outcome, understood = Outcome(), Understood(None)
    for text in row.say:
        understood = understander.understand(text, now.date(), now.time())
        taken = route(Seen(understood, session, "bot", now))
        if isinstance(taken, Enter):
            joined = bursts.to_join(session, understood, taken, now)
            if joined is not None:
                together = understander.understand(joined.text, now.date(), now.time())
                understood = bursts.surer(understood, together, joined.sure, joined.intent)
                taken = route(Seen(understood, session, "bot", now))
        if isinstance(taken, Enter):
            bursts.remember(session, understood, taken, now)
        acts += [understood.act] if understood.act else []
        requests += [understood.request] if understood.request and not understood.act else []
        outcome = _outcome(understood, taken if isinstance(taken, Enter) else None)
        now += _BETWEEN
    named = _names(row, understood.entities or Entities(), vocabulary)
    return Outcome(
        outcome.answered, outcome.offered, tuple(requests), tuple(acts), outcome.choice, outcome.day,
        outcome.at, named,
    )  # fmt: skip


def _outcome(understood: Understood, taken: Enter | None) -> Outcome:
    values = taken.values if taken else {}
    when = understood.when
    several = tuple(map(str, values.get("intents", ())))  # type: ignore[call-overload]
    answers = taken is not None and taken.entry == "answers"
    day: date | None = when.first if when.first == when.last else None
    return Outcome(
        answered=several if answers else ((str(values["intent"]),) if "intent" in values else ()),
        offered=() if answers else several,
        choice=understood.number,
        day=day,
        at=when.from_time if when.from_time == when.to_time else None,
    )


def _names(row: Row, found: Entities, vocabulary: Vocabulary) -> frozenset[tuple[str, str]]:
    """Return which of the names that a row expects were found, or are near."""
    lists = {"doctor": found.doctors, "department": found.departments, "drug": found.drugs}
    named: set[tuple[str, str]] = set()
    for kind in NAMED:
        wanted = row.expected.get(kind)
        if wanted is None:
            continue
        keys = {one.key for one in vocabulary.find(normalize(wanted)) if one.kind == kind}
        if keys & {*lists[kind], *found.near.get(kind, ())}:
            named.add((kind, wanted))
    return frozenset(named)
