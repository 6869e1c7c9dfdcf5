"""One step of an appointment: the row changes, what it no longer needs goes back, and it is on record.

Whoever calls has passed the gate of `seats`, so the row that was read is the row that changes.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from bot.appointments import seats
from bot.appointments.rows import appointment, clinic, slot
from bot.appointments.states import SEATED, State, check_step
from bot.store.audit import record
from bot.store.booking_tables import AppointmentChange
from bot.store.db import Tx
from bot.store.statements import Hot

_change = AppointmentChange.__table__  # type: ignore[attr-defined]

_LOAD = Hot(
    select(
        appointment.c.id,
        appointment.c.state,
        appointment.c.version,
        appointment.c.conversation_id,
        appointment.c.patient_id,
        appointment.c.clinic_id,
        appointment.c.slot_id,
        appointment.c.starts_at,
        appointment.c.ends_at,
        appointment.c.offered,
        appointment.c.held_until,
        appointment.c.replaces_id,
        clinic.c.status,
        clinic.c.date,
        clinic.c.department,
        clinic.c.cancel_until,
    )
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .where(appointment.c.id == bindparam("appointment_id"))
    .with_for_update(of=appointment, key_share=True)
)
_PLACE = Hot(
    select(
        slot.c.id,
        slot.c.clinic_id,
        slot.c.starts_at,
        slot.c.ends_at,
        slot.c.pool,
        slot.c.capacity,
        clinic.c.status,
        clinic.c.date,
        clinic.c.department,
        clinic.c.fee_fen,
        clinic.c.released_at,
    )
    .join_from(slot, clinic, slot.c.clinic_id == clinic.c.id)
    .where(slot.c.id == bindparam("slot_id"))
    .with_for_update(of=slot)
)
_ONE = (appointment.c.id == bindparam("appointment_id"), appointment.c.version == bindparam("seen"))
_CHANGED = {
    "state": bindparam("state_"),
    "reason": bindparam("reason_"),
    "version": appointment.c.version + 1,
    "updated_at": bindparam("updated_at_"),
    "held_until": None,
}
_KEEP = Hot(update(appointment).where(*_ONE).values(**_CHANGED))
_LEAVE = Hot(update(appointment).where(*_ONE).values(**_CHANGED, seat=None))
_ASSIGN = Hot(
    update(appointment)
    .where(*_ONE)
    .values(patient_id=bindparam("patient_id_"), version=appointment.c.version + 1)
)
_EXCUSE = Hot(
    update(appointment)
    .where(*_ONE)
    .values(
        excused_at=bindparam("excused_at_"),
        reason=bindparam("reason_"),
        version=appointment.c.version + 1,
        updated_at=bindparam("updated_at_"),
    )
)
_NOTE = Hot(
    insert(_change).values(
        appointment_id=bindparam("appointment_id"),
        at=bindparam("at"),
        old=bindparam("old"),
        new=bindparam("new"),
        actor=bindparam("actor"),
        reason=bindparam("reason"),
        attempts=0,
    )
)


def load(tx: Tx, appointment_id: int) -> Any:
    """Return one appointment with what of its clinic decides, locked; None where there is none."""
    return tx.one(_LOAD, appointment_id=appointment_id)


def place(tx: Tx, slot_id: int) -> Any:
    """Return one slot with what of its clinic decides, locked; None where there is none."""
    return tx.one(_PLACE, slot_id=slot_id)


def step(
    tx: Tx, row: Any, new: State, now: datetime, *, actor: str, reason: str | None = None
) -> None:
    """Let an appointment become `new`; its seat and its time go back where it no longer counts.

    Raises:
        IllegalStep: the table of states does not have it.
    """
    check_step(State(row.state), new)
    hot = _KEEP if new in SEATED else _LEAVE
    changed = tx.run(
        hot, appointment_id=row.id, seen=row.version, state_=new.value, reason_=reason,
        updated_at_=now,
    )  # fmt: skip
    if changed != 1:
        raise RuntimeError("an appointment was changed without passing the gate")
    if new not in SEATED:
        seats.free_time(tx, row.id)
    note(tx, row.id, row.conversation_id, row.state, new, now, actor=actor, reason=reason)


def note(
    tx: Tx,
    appointment_id: int,
    conversation_id: int,
    old: str,
    new: State,
    now: datetime,
    *,
    actor: str,
    reason: str | None = None,
) -> None:
    """Put a step on record, for good and for the hospital's own system; `old` is empty for the first."""
    tx.run(
        _NOTE, appointment_id=appointment_id, at=now, old=old, new=new.value, actor=actor,
        reason=reason,
    )  # fmt: skip
    record(tx, now, actor, f"appointment.{new}", conversation_id, str(appointment_id))


def assign(tx: Tx, row: Any, patient_id: int, now: datetime, *, actor: str) -> None:
    """Write down who a held place is for; the state stays."""
    tx.run(_ASSIGN, appointment_id=row.id, seen=row.version, patient_id_=patient_id)
    record(tx, now, actor, "appointment.assigned", row.conversation_id, str(row.id))


def excuse(tx: Tx, row: Any, now: datetime, *, actor: str, reason: str | None) -> None:
    """Let a missed visit count no longer; the state stays."""
    tx.run(
        _EXCUSE, appointment_id=row.id, seen=row.version, excused_at_=now, reason_=reason,
        updated_at_=now,
    )  # fmt: skip
    record(tx, now, actor, "appointment.excused", row.conversation_id, str(row.id))
