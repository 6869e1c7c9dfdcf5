"""Seats and patients' time: taken and given back by one statement each (I2).

`enter` lets one booking change at a time through, over all processes, until its commit. So nobody
who lost a race ever sees an error, and nobody waits in a circle. The constraints of the tables hold
without it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Integer,
    String,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    union_all,
)

from bot.appointments.rows import appointment, slot
from bot.appointments.rules import new_number
from bot.store.booking_tables import Patient, PatientTime
from bot.store.columns import BigId, UtcDateTime
from bot.store.db import Tx
from bot.store.statements import Hot

_patient = Patient.__table__  # type: ignore[attr-defined]
_time = PatientTime.__table__  # type: ignore[attr-defined]
_other = appointment.alias("other")

#: The oldest slot is the gate: one row that every change of a booking locks first.
_GATE = Hot(
    select(slot.c.id)
    .where(slot.c.id == select(func.min(slot.c.id)).scalar_subquery())
    .with_for_update(key_share=True)
)
_PATIENT = Hot(
    select(_patient.c.id)
    .where(_patient.c.id == bindparam("patient_id"))
    .with_for_update(key_share=True)
)
_candidate = union_all(
    select(literal(1, Integer).label("seat")),
    select((appointment.c.seat + 1).label("seat")).where(
        appointment.c.slot_id == bindparam("slot_taken"), appointment.c.seat.is_not(None)
    ),
).subquery("candidate")
_LOWEST = (
    select(func.min(_candidate.c.seat).label("seat"))
    .where(
        ~exists(
            select(_other.c.id).where(
                _other.c.slot_id == bindparam("slot_other"), _other.c.seat == _candidate.c.seat
            )
        )
    )
    .subquery("lowest")
)
_TAKE = Hot(
    insert(appointment)
    .from_select(
        [
            "number", "patient_id", "conversation_id", "clinic_id", "slot_id", "capacity", "seat",
            "starts_at", "ends_at", "state", "fee_fen", "offered", "held_until", "replaces_id",
            "request_key", "version", "created_at", "updated_at",
        ],
        select(
            bindparam("number", type_=String),
            cast(bindparam("patient_id"), BigId),
            cast(bindparam("conversation_id"), BigId),
            slot.c.clinic_id,
            slot.c.id,
            slot.c.capacity,
            _LOWEST.c.seat,
            slot.c.starts_at,
            slot.c.ends_at,
            literal("held", String),
            cast(bindparam("fee_fen"), Integer),
            bindparam("offered", type_=Boolean),
            bindparam("held_until", type_=UtcDateTime),
            cast(bindparam("replaces_id"), BigId),
            bindparam("request_key", type_=String),
            literal(1, Integer),
            bindparam("created_at", type_=UtcDateTime),
            bindparam("updated_at", type_=UtcDateTime),
        ).where(slot.c.id == bindparam("slot_id"), _LOWEST.c.seat <= slot.c.capacity),
    )
    .returning(appointment.c.id)
)  # fmt: skip
_NUMBER = Hot(select(appointment.c.id).where(appointment.c.number == bindparam("number")))
_BUSY = Hot(
    select(_time.c.appointment_id, _time.c.quarter).where(
        _time.c.patient_id == bindparam("patient_id"),
        _time.c.quarter >= bindparam("first"),
        _time.c.quarter <= bindparam("last"),
    )
)
_TAKE_TIME = Hot(
    insert(_time).values(
        patient_id=bindparam("patient_id"),
        quarter=bindparam("quarter"),
        appointment_id=bindparam("appointment_id"),
    )
)
_FREE_TIME = Hot(delete(_time).where(_time.c.appointment_id == bindparam("appointment_id")))


def enter(tx: Tx, patient_id: int | None = None) -> None:
    """Wait until no other change of a booking is under way; with a patient, of hers by anyone."""
    tx.one(_GATE)
    if patient_id is not None:
        tx.one(_PATIENT, patient_id=patient_id)


def free_number(tx: Tx) -> str:
    """Return a number that no appointment ever had."""
    number = new_number()
    while tx.one(_NUMBER, number=number) is not None:
        number = new_number()
    return number


def take(
    tx: Tx,
    slot_id: int,
    number: str,
    conversation_id: int,
    until: datetime,
    now: datetime,
    **more: Any,
) -> int | None:
    """Take the lowest free seat of a slot; return the appointment, None where none is left.

    Args:
        more: `patient_id`, `fee_fen`, `offered`, `replaces_id`, `request_key`.
    """
    row = tx.one(
        _TAKE, slot_id=slot_id, slot_taken=slot_id, slot_other=slot_id, number=number,
        conversation_id=conversation_id, held_until=until, created_at=now, updated_at=now, **more,
    )  # fmt: skip
    return int(row.id) if row else None


def clashes(tx: Tx, patient_id: int, times: range, but: Collection[int]) -> bool:
    """Whether any of a patient's quarters belongs to a visit other than those in `but`."""
    return any(row.appointment_id not in but for row in _busy(tx, patient_id, times))


def take_time(tx: Tx, patient_id: int, appointment_id: int, times: range) -> None:
    """Give a visit its quarters; those that the visit it replaces has, it gets when that one goes."""
    taken = {row.quarter for row in _busy(tx, patient_id, times)}
    for quarter in times:
        if quarter not in taken:
            tx.run(
                _TAKE_TIME, patient_id=patient_id, quarter=quarter, appointment_id=appointment_id
            )


def free_time(tx: Tx, appointment_id: int) -> None:
    """Give the quarters of a visit back."""
    tx.run(_FREE_TIME, appointment_id=appointment_id)


def _busy(tx: Tx, patient_id: int, times: range) -> list[Any]:
    return tx.rows(_BUSY, patient_id=patient_id, first=times.start, last=times.stop - 1)
