"""Who may open a patient's page (PR-10): staff who have to do with her now; others by reason.

She is somebody's to look after while a visit of hers is near, somebody should ring her, or a person
holds or should take a conversation of hers. A reason is an audit row, as for conversations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from bot.console.access import BREAK_GLASS, GLASS_FOR, NUMBER
from bot.console.desk import NeedsReason, Problem
from bot.console.sessions import Signed
from bot.store.audit import record
from bot.store.booking_tables import Appointment, FamilyMember, Patient
from bot.store.db import Tx
from bot.store.reminder_tables import CareTask
from bot.store.statements import Hot
from bot.store.tables import Audit, Conversation, HandoffCase

_patient = Patient.__table__  # type: ignore[attr-defined]
_appointment = Appointment.__table__  # type: ignore[attr-defined]
_member = FamilyMember.__table__  # type: ignore[attr-defined]
_case = HandoffCase.__table__  # type: ignore[attr-defined]
_task = CareTask.__table__  # type: ignore[attr-defined]
_audit = Audit.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]

#: A visit is near from a week before to a day after.
_BEFORE, _AFTER = timedelta(days=7), timedelta(days=1)

_PATIENT = Hot(
    select(_patient.c.id, _patient.c.name, _patient.c.phone, _patient.c.frail).where(
        _patient.c.id == bindparam("patient_id")
    )
)
_NEAR = Hot(
    select(_appointment.c.id)
    .where(
        _appointment.c.patient_id == bindparam("patient_id"),
        _appointment.c.starts_at > bindparam("since"),
        _appointment.c.starts_at < bindparam("until"),
    )
    .limit(1)
)
_TO_RING = Hot(
    select(_task.c.id)
    .where(_task.c.patient_id == bindparam("patient_id"), _task.c.done_at.is_(None))
    .limit(1)
)
_IN_HAND = Hot(
    select(_case.c.id)
    .join_from(_member, _case, _member.c.conversation_id == _case.c.conversation_id)
    .where(
        _member.c.patient_id == bindparam("patient_id"),
        _member.c.ended_at.is_(None),
        _case.c.state != "closed",
    )
    .limit(1)
)
_REASON = Hot(
    select(_audit.c.id)
    .where(
        _audit.c.action == BREAK_GLASS,
        _audit.c.conversation_id.is_(None),
        _audit.c.actor == bindparam("actor"),
        _audit.c.at > bindparam("since"),
        _audit.c.detail.startswith(bindparam("whose")),
    )
    .limit(1)
)
_FAMILY = Hot(
    select(_member.c.conversation_id, _member.c.relation, _conversation.c.channel)
    .join_from(_member, _conversation, _member.c.conversation_id == _conversation.c.id)
    .where(_member.c.patient_id == bindparam("patient_id"), _member.c.ended_at.is_(None))
    .order_by(_member.c.conversation_id)
)
_MEMBERS = Hot(
    select(_member.c.patient_id, _member.c.relation, _patient.c.name)
    .join_from(_member, _patient, _member.c.patient_id == _patient.c.id)
    .where(_member.c.conversation_id == bindparam("conversation_id"), _member.c.ended_at.is_(None))
    .order_by(_member.c.id)
)


@dataclass(frozen=True, slots=True)
class Person:
    """A patient that somebody may see.

    Attributes:
        accounts: the conversations that book for her: `conversation_id`, `relation`, `channel`.
    """

    patient_id: int
    name: str = field(repr=False)
    phone: str = field(repr=False)
    frail: bool
    accounts: tuple[Any, ...]


def enter(tx: Tx, patient_id: int, signed: Signed, now: datetime) -> Person:
    """Return a patient that `signed` may see.

    Raises:
        Problem: there is no such patient (404).
        NeedsReason: nobody has to do with her now, and no reason was given lately (403).
    """
    row = tx.one(_PATIENT, patient_id=patient_id)
    if row is None:
        raise Problem("no_page", 404)
    if not _is_open_to(tx, patient_id, signed, now):
        raise NeedsReason(f"/console/patients/{patient_id}")
    accounts = tuple(tx.rows(_FAMILY, patient_id=patient_id))
    return Person(row.id, row.name, row.phone or "", row.frail, accounts)


def members(tx: Tx, conversation_id: int) -> Sequence[Any]:
    """Return for whom a conversation books: `patient_id`, `relation`, `name`."""
    return tx.rows(_MEMBERS, conversation_id=conversation_id)


def break_glass(tx: Tx, patient_id: int, reason: str, signed: Signed, now: datetime) -> None:
    """Let `signed` open a patient's page for a while, and write down why.

    Raises:
        Problem: there is no such patient (404), or the reason holds somebody's number.
    """
    if NUMBER.search(reason):
        raise Problem("reason_has_number")
    if tx.one(_PATIENT, patient_id=patient_id) is None:
        raise Problem("no_page", 404)
    record(tx, now, signed.actor, BREAK_GLASS, detail=f"{_whose(patient_id)}{reason}")


def _is_open_to(tx: Tx, patient_id: int, signed: Signed, now: datetime) -> bool:
    near = {"since": now - _AFTER, "until": now + _BEFORE}
    if tx.one(_NEAR, patient_id=patient_id, **near) is not None:
        return True
    if tx.one(_TO_RING, patient_id=patient_id) is not None:
        return True
    if tx.one(_IN_HAND, patient_id=patient_id) is not None:
        return True
    given = tx.one(_REASON, actor=signed.actor, since=now - GLASS_FOR, whose=_whose(patient_id))
    return given is not None


def _whose(patient_id: int) -> str:
    return f"patient {patient_id}: "
