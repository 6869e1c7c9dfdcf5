"""Who mourns whom: the family of somebody dead, as conversations know it. Reads only."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, or_, select

from bot.store.booking_tables import FamilyMember
from bot.store.db import Tx
from bot.store.reminder_tables import PatientStatus
from bot.store.statements import Hot
from bot.store.tables import Conversation

_status = PatientStatus.__table__  # type: ignore[attr-defined]
_member = FamilyMember.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_other = _member.alias("other")
_beside = _conversation.alias("beside")

_STATUS = Hot(select(_status).where(_status.c.patient_id == bindparam("patient_id")))
_KIN = Hot(
    select(_other.c.patient_id)
    .join_from(_member, _other, _member.c.conversation_id == _other.c.conversation_id)
    .where(_member.c.patient_id == bindparam("patient_id"))
    .distinct()
)
_KIN_ELSEWHERE = Hot(
    select(_other.c.patient_id)
    .join_from(_member, _conversation, _member.c.conversation_id == _conversation.c.id)
    .join(
        _beside,
        (_conversation.c.person_id == _beside.c.person_id)
        & _conversation.c.verified_at.is_not(None)
        & _beside.c.verified_at.is_not(None),
    )
    .join(_other, _other.c.conversation_id == _beside.c.id)
    .where(_member.c.patient_id == bindparam("patient_id"))
    .distinct()
)
_LOST_HERE = Hot(
    select(_member.c.id)
    .join_from(_member, _status, _member.c.patient_id == _status.c.patient_id)
    .where(
        _member.c.conversation_id == bindparam("conversation_id"),
        or_(_status.c.died_at.is_not(None), _status.c.bereaved_at.is_not(None)),
    )
    .limit(1)
)


def status_of(tx: Tx, patient_id: int) -> Any:
    """Return the row of `patient_status`; None where nothing was ever said."""
    return tx.one(_STATUS, patient_id=patient_id)


def is_dead(tx: Tx, patient_id: int | None) -> bool:
    """Say whether a patient died."""
    row = status_of(tx, patient_id) if patient_id is not None else None
    return row is not None and row.died_at is not None


def kin(tx: Tx, patient_id: int) -> Sequence[int]:
    """Return the other patients of every account that books, or ever booked, for one."""
    found = {row.patient_id for row in tx.rows(_KIN, patient_id=patient_id)}
    found |= {row.patient_id for row in tx.rows(_KIN_ELSEWHERE, patient_id=patient_id)}
    return sorted(found - {patient_id})


def mourns(tx: Tx, patient_id: int | None, conversation_id: int | None) -> bool:
    """Say whether a patient, or whoever writes in a conversation, lost somebody of the family."""
    if conversation_id is not None and tx.one(_LOST_HERE, conversation_id=conversation_id):
        return True
    if patient_id is None:
        return False
    row = status_of(tx, patient_id)
    if row is not None and row.bereaved_at is not None:
        return True
    return any(is_dead(tx, one) for one in kin(tx, patient_id))
