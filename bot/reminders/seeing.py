"""What staff see of reminders: what is due, what went, what did not and why; reads only.

Every statement follows an index of time: what is still to come a year from now costs nothing here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from bot.reminders import claims
from bot.reminders.rows import decision, reminder
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]

#: So many hours are shown ahead, …
HOURS = 24
#: … and of each so many reminders are looked at one by one for where they go.
LOOKED_AT = 2_000
_HOUR = timedelta(hours=1)
#: Where a reminder goes of which only the patient is known: decided when it is sent.
NOWHERE_YET = ""

_IN_SPAN = (
    reminder.c.state == "pending",
    reminder.c.due_at >= bindparam("since"),
    reminder.c.due_at < bindparam("until"),
)
_DUE = Hot(select(func.count().label("n")).select_from(reminder).where(*_IN_SPAN))
_few = (
    select(reminder.c.conversation_id, reminder.c.kind)
    .where(*_IN_SPAN)
    .order_by(reminder.c.due_at)
    .limit(bindparam("limit"))
    .subquery()
)
_DUE_WHERE = Hot(
    select(_conversation.c.channel, _few.c.kind, func.count().label("n"))
    .select_from(_few.outerjoin(_conversation, _conversation.c.id == _few.c.conversation_id))
    .group_by(_conversation.c.channel, _few.c.kind)
)
_OLDEST = Hot(
    select(reminder.c.due_at)
    .where(reminder.c.state == "pending", reminder.c.due_at <= bindparam("now"))
    .order_by(reminder.c.due_at)
    .limit(1)
)
_STUCK = Hot(
    select(func.count().label("n"))
    .select_from(reminder)
    .where(reminder.c.state == "leased", reminder.c.lease_until <= bindparam("now"))
)
_DECIDED = Hot(
    select(
        reminder.c.state, reminder.c.kind, reminder.c.reason, _conversation.c.channel,
        func.count().label("n"),
    )
    .select_from(
        reminder.outerjoin(_conversation, _conversation.c.id == reminder.c.conversation_id)
    )
    .where(reminder.c.decided_at >= bindparam("since"), reminder.c.decided_at < bindparam("until"))
    .group_by(reminder.c.state, reminder.c.kind, reminder.c.reason, _conversation.c.channel)
)  # fmt: skip
_PUT_OFF = Hot(
    select(
        decision.c.decision, decision.c.reason, reminder.c.kind, _conversation.c.channel,
        func.count().label("n"),
    )
    .select_from(
        decision.join(reminder, reminder.c.id == decision.c.reminder_id).outerjoin(
            _conversation, _conversation.c.id == reminder.c.conversation_id
        )
    )
    .where(decision.c.at >= bindparam("since"), decision.c.at < bindparam("until"))
    .group_by(decision.c.decision, decision.c.reason, reminder.c.kind, _conversation.c.channel)
)  # fmt: skip


def _lost(state: str) -> Hot:
    """Return what counts one bad end: each has an index of its own."""
    return Hot(
        select(func.count().label("n"))
        .select_from(_outbox)
        .where(_outbox.c.state == state, _outbox.c.seen_at.is_(None), _outbox.c.kind == "reminder")
    )


_FAILED, _UNKNOWN = _lost("failed"), _lost("unknown")


@dataclass(frozen=True, slots=True)
class Hour:
    """What is due within one hour.

    Attributes:
        channels: how many by channel, of the first `LOOKED_AT`; `NOWHERE_YET` where only the patient
            is known.
        is_more: there are more than were looked at.
    """

    at: datetime
    total: int
    channels: Mapping[str, int]
    is_more: bool


@dataclass(frozen=True, slots=True)
class Health:
    """How far behind the engine is, and what did not arrive.

    Attributes:
        backlog: due and not decided about yet, as the metric `daoyi_reminders_due` counts it; `oldest`
            since when the first of them is.
        stuck: taken by a process that did not finish; another takes them.
        failed, unknown: messages of reminders that did not arrive, or may not have, unseen by staff.
    """

    backlog: int
    oldest: datetime | None
    stuck: int
    failed: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of reminders within a time, counted.

    Attributes:
        kinds, channels: by their key, how many of each outcome ("sent", "skipped", "deferred",
            "withdrawn", "failed").
        reasons: by outcome, how many for each reason, the most frequent first.
    """

    kinds: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    channels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    reasons: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    total: Mapping[str, int] = field(default_factory=dict)


def ahead(tx: Tx, now: datetime) -> tuple[Sequence[Hour], Mapping[str, int]]:
    """Return what is due in the hours to come, and how many of each kind were among those looked at."""
    hours, kinds = [], Counter[str]()
    for number in range(HOURS):
        since = now + number * _HOUR
        total = int(tx.one(_DUE, since=since, until=since + _HOUR).n)
        channels = Counter[str]()
        if total:
            for row in tx.rows(_DUE_WHERE, since=since, until=since + _HOUR, limit=LOOKED_AT):
                channels[row.channel or NOWHERE_YET] += row.n
                kinds[row.kind] += row.n
        hours.append(Hour(since, total, channels, total > LOOKED_AT))
    return hours, dict(kinds.most_common())


def health(tx: Tx, now: datetime) -> Health:
    """Return how far behind the engine is, and what did not arrive."""
    oldest = tx.one(_OLDEST, now=now)
    return Health(
        claims.backlog(tx, now),
        oldest.due_at if oldest else None,
        int(tx.one(_STUCK, now=now).n),
        int(tx.one(_FAILED).n),
        int(tx.one(_UNKNOWN).n),
    )


def tally(tx: Tx, since: datetime, until: datetime) -> Tally:
    """Return what became of the reminders decided about from `since` to before `until`."""
    counted = [
        (row.state, row.kind, row.channel, row.reason, row.n)
        for row in tx.rows(_DECIDED, since=since, until=until)
    ] + [
        (row.decision, row.kind, row.channel, row.reason, row.n)
        for row in tx.rows(_PUT_OFF, since=since, until=until)
    ]
    kinds: dict[str, Counter[str]] = {}
    channels: dict[str, Counter[str]] = {}
    reasons: dict[str, Counter[str]] = {}
    total = Counter[str]()
    for outcome, kind, channel, reason, n in counted:
        kinds.setdefault(kind, Counter())[outcome] += n
        channels.setdefault(channel or NOWHERE_YET, Counter())[outcome] += n
        total[outcome] += n
        if reason is not None:
            reasons.setdefault(outcome, Counter())[reason] += n
    ordered = {outcome: count.most_common() for outcome, count in reasons.items()}
    return Tally(kinds, channels, ordered, total)
