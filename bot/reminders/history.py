"""Why did she not get it? What was decided about somebody's reminders, and what became of each.

Found by what they are about before where they went: what was skipped went nowhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, bindparam, select

from bot.reminders.rows import decision, reminder
from bot.store.booking_tables import Appointment, FamilyMember
from bot.store.db import Tx
from bot.store.reminder_tables import CarePlan
from bot.store.statements import Hot
from bot.store.tables import Conversation, DeliveryReceipt, Outbox

_appointment = Appointment.__table__  # type: ignore[attr-defined]
_plan = CarePlan.__table__  # type: ignore[attr-defined]
_member = FamilyMember.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_receipt = DeliveryReceipt.__table__  # type: ignore[attr-defined]

#: So many are shown of visits, and as many of plans: those due last come first.
SHOWN = 20
_STEPS = 12

_COLUMNS = (
    reminder.c.id, reminder.c.about, reminder.c.about_id, reminder.c.kind, reminder.c.occurs_at,
    reminder.c.patient_id, reminder.c.conversation_id, reminder.c.due_at, reminder.c.wall,
    reminder.c.zone, reminder.c.state, reminder.c.reason, reminder.c.outbox_id, reminder.c.rules,
    reminder.c.decided_at, reminder.c.answer, reminder.c.answered_at, reminder.c.created_at,
)  # fmt: skip


def _newest(source: FromClause, *where: ColumnElement[bool]) -> Hot:
    return Hot(
        select(*_COLUMNS)
        .select_from(source)
        .where(*where)
        .order_by(reminder.c.due_at.desc(), reminder.c.id.desc())
        .limit(bindparam("limit"))
    )


_with_visit = reminder.join(_appointment, reminder.c.about_id == _appointment.c.id)
_with_plan = reminder.join(_plan, reminder.c.about_id == _plan.c.id)
_is_visit, _is_plan = reminder.c.about == "visit", reminder.c.about == "plan"

_OF_VISIT = _newest(reminder, _is_visit, reminder.c.about_id == bindparam("of"))
_OF_PLAN = _newest(reminder, _is_plan, reminder.c.about_id == bindparam("of"))
_OF_CONVERSATION = (
    _newest(_with_visit, _is_visit, _appointment.c.conversation_id == bindparam("of")),
    _newest(_with_plan, _is_plan, _plan.c.conversation_id == bindparam("of")),
    _newest(
        _with_plan.join(_member, _member.c.patient_id == _plan.c.patient_id),
        _is_plan,
        _member.c.conversation_id == bindparam("of"),
        _member.c.ended_at.is_(None),
    ),
    *(
        _newest(reminder, reminder.c.conversation_id == bindparam("of"), reminder.c.state == state)
        for state in ("pending", "sent")
    ),
)
_OF_PATIENT = (
    _newest(_with_visit, _is_visit, _appointment.c.patient_id == bindparam("of")),
    _newest(_with_plan, _is_plan, _plan.c.patient_id == bindparam("of")),
)
_DECISIONS = Hot(
    select(decision.c.at, decision.c.decision, decision.c.reason, decision.c.until)
    .where(decision.c.reminder_id == bindparam("reminder_id"))
    .order_by(decision.c.id.desc())
    .limit(_STEPS)
)
_SENT = (
    _outbox.c.id, _outbox.c.conversation_id, _conversation.c.channel, _outbox.c.state,
    _outbox.c.way, _outbox.c.error, _outbox.c.progress, _outbox.c.sent_at, _outbox.c.created_at,
)  # fmt: skip
_MESSAGE = Hot(
    select(*_SENT)
    .join_from(_outbox, _conversation, _outbox.c.conversation_id == _conversation.c.id)
    .where(_outbox.c.id == bindparam("outbox_id"))
)
_INSTEAD = Hot(
    select(*_SENT)
    .join_from(_outbox, _conversation, _outbox.c.conversation_id == _conversation.c.id)
    .where(_outbox.c.origin_id == bindparam("outbox_id"))
    .order_by(_outbox.c.id)
    .limit(_STEPS)
)
_RECEIPTS = Hot(
    select(_receipt.c.at, _receipt.c.progress, _receipt.c.code)
    .where(_receipt.c.outbox_id == bindparam("outbox_id"))
    .order_by(_receipt.c.at, _receipt.c.id)
    .limit(_STEPS)
)


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision that did not send it: "deferred", "withdrawn", "failed", or "skipped" for good."""

    at: datetime
    decision: str
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that said a reminder, and what became of it.

    Attributes:
        state: of the outbox. `way`: how its channel sent it, and why so.
        receipts: what the platform told of it, in order.
    """

    outbox_id: int
    conversation_id: int
    channel: str
    state: str
    way: str | None
    error: str | None
    progress: str | None
    at: datetime
    receipts: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One reminder with all that is known of it.

    Attributes:
        message: what it was said in; None where it was not.
        instead: what went by another channel in its place.
        decisions: the newest first.
    """

    reminder_id: int
    about: str
    about_id: int
    kind: str
    occurs_at: datetime
    due_at: datetime
    wall: str
    zone: str
    state: str
    rules: str | None
    answer: str | None
    answered_at: datetime | None
    created_at: datetime
    decisions: Sequence[Decided]
    message: Sent | None
    instead: Sequence[Sent]


def of_visit(tx: Tx, appointment_id: int) -> Sequence[Told]:
    """Return the reminders of one visit, those due last first."""
    return _told(tx, tx.rows(_OF_VISIT, of=appointment_id, limit=SHOWN))


def of_plan(tx: Tx, plan_id: int) -> Sequence[Told]:
    """Return the reminders of one plan, those due last first."""
    return _told(tx, tx.rows(_OF_PLAN, of=plan_id, limit=SHOWN))


def of_conversation(tx: Tx, conversation_id: int) -> Sequence[Told]:
    """Return what was said there, and of what was asked for there or is a plan of its family."""
    return _of(tx, _OF_CONVERSATION, conversation_id)


def of_patient(tx: Tx, patient_id: int) -> Sequence[Told]:
    """Return the reminders of a patient's visits and plans."""
    return _of(tx, _OF_PATIENT, patient_id)


def _of(tx: Tx, statements: Iterable[Hot], of: int) -> Sequence[Told]:
    rows = {row.id: row for hot in statements for row in tx.rows(hot, of=of, limit=SHOWN)}
    ordered = sorted(rows.values(), key=lambda row: (row.due_at, row.id), reverse=True)
    return _told(tx, ordered)


def _told(tx: Tx, rows: Sequence[Any]) -> Sequence[Told]:
    messages: dict[int, tuple[Sent | None, Sequence[Sent]]] = {}
    for row in rows:
        if row.outbox_id is not None and row.outbox_id not in messages:
            messages[row.outbox_id] = _message(tx, row.outbox_id)
    return [_one(tx, row, messages) for row in rows]


def _one(tx: Tx, row: Any, messages: Mapping[int, tuple[Sent | None, Sequence[Sent]]]) -> Told:
    decisions = [
        Decided(one.at, one.decision, one.reason, one.until)
        for one in tx.rows(_DECISIONS, reminder_id=row.id)
    ]
    if row.state == "skipped":
        decisions.insert(0, Decided(row.decided_at or row.due_at, "skipped", row.reason, None))
    message, instead = messages.get(row.outbox_id, (None, ()))
    return Told(
        row.id, row.about, row.about_id, row.kind, row.occurs_at, row.due_at, row.wall, row.zone,
        row.state, row.rules, row.answer, row.answered_at, row.created_at, decisions, message,
        instead,
    )  # fmt: skip


def _message(tx: Tx, outbox_id: int) -> tuple[Sent | None, Sequence[Sent]]:
    found = tx.one(_MESSAGE, outbox_id=outbox_id)
    if found is None:
        return None, ()
    return _sent(tx, found), [_sent(tx, row) for row in tx.rows(_INSTEAD, outbox_id=outbox_id)]


def _sent(tx: Tx, row: Any) -> Sent:
    return Sent(
        row.id, row.conversation_id, row.channel, row.state, row.way, row.error, row.progress,
        row.sent_at or row.created_at, tx.rows(_RECEIPTS, outbox_id=row.id),
    )  # fmt: skip
