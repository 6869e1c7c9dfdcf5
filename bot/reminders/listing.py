"""Pages of reminders, for staff: what waits on a day, what went, what did not, what was put off."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, or_, select

from bot.reminders.rows import decision, reminder
from bot.store.booking_tables import Patient
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation, Outbox

_conversation = Conversation.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_patient = Patient.__table__  # type: ignore[attr-defined]

#: What a list can show; each is in the order of one index.
STATES = ("pending", "sent", "skipped", "deferred")
PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """Which reminders to show.

    Attributes:
        state: one of `STATES`.
        since, until: from when to before when; of what waits, when it is due, else when it was decided.
        after: the place of the last row of the page before, as `Listed.place`; None: the first page.
    """

    state: str
    since: datetime
    until: datetime
    kind: str | None = None
    channel: str | None = None
    reason: str | None = None
    after: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One reminder in a list.

    Attributes:
        place: where it stands in the list's order.
        reason: why it did not go, or not yet.
        until: when what was put off is looked at again; of others, until when it is useful.
        name: whose it is; lists show it masked.
        outbox_state: what became of its message, where it has one.
    """

    place: tuple[datetime, int]
    reminder_id: int
    about: str
    about_id: int
    kind: str
    state: str
    reason: str | None
    until: datetime | None
    due_at: datetime
    patient_id: int | None
    conversation_id: int | None
    channel: str | None
    outbox_state: str | None
    answer: str | None
    name: str | None = field(repr=False)


def page(tx: Tx, asked: Asked) -> tuple[Sequence[Listed], bool]:
    """Return the rows of one page, and whether there are more."""
    by = {
        name: value
        for name, value in (
            ("kind", asked.kind), ("channel", asked.channel), ("reason", asked.reason),
        )
        if value is not None
    }  # fmt: skip
    rises = asked.state == "pending"
    since, until, last = asked.since, asked.until, -1 if rises else 0
    if asked.after is not None:
        at, last = asked.after
        since, until = (max(since, at), until) if rises else (since, min(until, at))
    at_end = since if rises else until
    rows = tx.rows(
        _listed(asked.state, frozenset(by)),
        since=since, until=until, edge=at_end, last=last, limit=PAGE + 1, **by,
    )  # fmt: skip
    return [_row(row) for row in rows[:PAGE]], len(rows) > PAGE


@cache
def _listed(state: str, by: frozenset[str]) -> Hot:
    """Return the statement for one kind of list with some filters; there are a few dozen at most."""
    put_off = state == "deferred"
    at, number = (
        (decision.c.at, decision.c.id)
        if put_off
        else (reminder.c.due_at if state == "pending" else reminder.c.decided_at, reminder.c.id)
    )
    rises = state == "pending"
    why = decision.c.reason if put_off else reminder.c.reason
    source: Any = decision.join(reminder, reminder.c.id == decision.c.reminder_id)
    source = source if put_off else reminder
    edge: Any = bindparam("edge")
    # Through `coalesce` the day is looked through, not all conversations of a channel.
    where_to = func.coalesce(_conversation.c.channel, "")
    narrowed = {"kind": reminder.c.kind, "channel": where_to, "reason": why}
    return Hot(
        select(
            at.label("at"), number.label("number"), reminder.c.id, reminder.c.about,
            reminder.c.about_id, reminder.c.kind, reminder.c.state, why.label("reason"),
            (decision.c.until if put_off else reminder.c.send_until).label("until"),
            reminder.c.due_at, reminder.c.patient_id, reminder.c.conversation_id,
            _conversation.c.channel, _outbox.c.state.label("outbox_state"), reminder.c.answer,
            _patient.c.name,
        )
        .select_from(
            source.outerjoin(_conversation, _conversation.c.id == reminder.c.conversation_id)
            .outerjoin(_outbox, _outbox.c.id == reminder.c.outbox_id)
            .outerjoin(_patient, _patient.c.id == reminder.c.patient_id)
        )
        .where(
            *(() if put_off else (reminder.c.state == state,)),
            at >= bindparam("since"),
            at < bindparam("until") if rises else at <= bindparam("until"),
            or_(at > edge, number > bindparam("last"))
            if rises
            else or_(at < edge, number < bindparam("last")),
            *(narrowed[name] == bindparam(name) for name in sorted(by)),
        )
        .order_by(*((at, number) if rises else (at.desc(), number.desc())))
        .limit(bindparam("limit"))
    )  # fmt: skip


def _row(row: Any) -> Listed:
    return Listed(
        (row.at, row.number), row.id, row.about, row.about_id, row.kind, row.state, row.reason,
        row.until, row.due_at, row.patient_id, row.conversation_id, row.channel, row.outbox_state,
        row.answer, row.name,
    )  # fmt: skip
