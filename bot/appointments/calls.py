"""Whom staff should ring: the frail, and those who did not answer or could not be reached.

Each is on the list once a visit and reason, until somebody says that it is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import bindparam, func, insert, select, update

from bot.appointments.model import ClinicView, Visit
from bot.appointments.rows import CLINIC, VISIT, appointment, clinic, clinic_view, patient, visit_of
from bot.appointments.states import State
from bot.errors import BadInput
from bot.store.audit import record
from bot.store.booking_tables import CallTask
from bot.store.db import Tx
from bot.store.statements import Hot

call = CallTask.__table__  # type: ignore[attr-defined]

#: What a visit was cancelled for that the hospital's own system did not take.
REFUSED = "refused by the hospital's system"
_SHOWN = 200

_KNOWN = Hot(select(call.c.id).where(call.c.appointment_id == bindparam("appointment_id")).limit(1))
_ASK = Hot(
    insert(call).values(
        appointment_id=bindparam("appointment_id"), why=bindparam("why"), due_at=bindparam("due_at")
    )
)
_OPEN = Hot(
    select(call.c.id.label("call_id"), call.c.why, call.c.due_at, patient.c.phone, *VISIT)
    .join_from(call, appointment, call.c.appointment_id == appointment.c.id)
    .join(clinic, appointment.c.clinic_id == clinic.c.id)
    .outerjoin(patient, appointment.c.patient_id == patient.c.id)
    .where(call.c.done_at.is_(None))
    .order_by(call.c.due_at, appointment.c.starts_at, call.c.id)
    .limit(_SHOWN)
)
_COUNT = Hot(select(func.count().label("n")).select_from(call).where(call.c.done_at.is_(None)))
_CLOSE = Hot(
    update(call)
    .where(call.c.id == bindparam("call_id"), call.c.done_at.is_(None))
    .values(done_at=bindparam("done_at_"), staff_id=bindparam("staff_id_"), note=bindparam("note_"))
)
_WHOSE = Hot(
    select(appointment.c.conversation_id)
    .join_from(call, appointment, call.c.appointment_id == appointment.c.id)
    .where(call.c.id == bindparam("call_id"))
)
_REINSTATED = Hot(
    select(*CLINIC, func.count(appointment.c.id).label("told"))
    .join_from(clinic, appointment, appointment.c.clinic_id == clinic.c.id)
    .where(
        clinic.c.date >= bindparam("today", type_=clinic.c.date.type),
        clinic.c.status == "on",
        appointment.c.state == State.HOSPITAL_CANCELLED.value,
        appointment.c.reason != REFUSED,
    )
    .group_by(*CLINIC, clinic.c.starts_at, clinic.c.id)
    .order_by(clinic.c.starts_at, clinic.c.id)
)


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to ring.

    Attributes:
        why: "frail", "silent" or "unreachable".
        visit: what was cancelled; names her.
        phone: None where none is known; her conversation may have one.
        is_due: staff work and it is time.
    """

    call_id: int
    why: str
    due_at: datetime
    visit: Visit
    phone: str | None = field(repr=False)
    is_due: bool


@dataclass(frozen=True, slots=True)
class Reinstated:
    """A clinic that takes place after all, after its patients were told that it does not.

    Attributes:
        told: how many lost their visit; nothing is done for them by itself.
    """

    clinic: ClinicView
    told: int


def ask(tx: Tx, appointment_id: int, why: str, due_at: datetime) -> bool:
    """Put somebody on the list; False where she stands there, or stood, for the same visit."""
    if is_known(tx, appointment_id):
        return False
    tx.run(_ASK, appointment_id=appointment_id, why=why, due_at=due_at)
    return True


def is_known(tx: Tx, appointment_id: int) -> bool:
    """Say whether somebody stands on the list for a visit, or stood there."""
    return tx.one(_KNOWN, appointment_id=appointment_id) is not None


def open_calls(tx: Tx, now: datetime) -> Sequence[Call]:
    """Return whom to ring, the most urgent first."""
    return [
        Call(row.call_id, row.why, row.due_at, visit_of(row), row.phone, row.due_at <= now)
        for row in tx.rows(_OPEN)
    ]


def count(tx: Tx) -> int:
    """Return how many are on the list."""
    return int(tx.one(_COUNT).n)


def close_call(
    tx: Tx, call_id: int, now: datetime, *, staff_id: int, actor: str, note: str | None = None
) -> None:
    """Take somebody off the list: she was rung.

    Raises:
        BadInput: there is no such call, or somebody else was faster (404, 409).
    """
    whose = tx.one(_WHOSE, call_id=call_id)
    if whose is None:
        raise BadInput("there is no such call", 404)
    if not tx.run(_CLOSE, call_id=call_id, done_at_=now, staff_id_=staff_id, note_=note):
        raise BadInput("somebody else has made this call", 409)
    record(tx, now, actor, "call.done", whose.conversation_id, f"call {call_id}")


def reinstated(tx: Tx, today: date) -> Sequence[Reinstated]:
    """Return the clinics that take place after all, whose patients were told otherwise."""
    return [Reinstated(clinic_view(row), row.told) for row in tx.rows(_REINSTATED, today=today)]
