"""The waitlist of a full clinic (候补): first come, first served, each patient once (BK-09).

Whoever is offered a place and says "not this one" stays in her place in the line, for another time of
the same clinic; no place is kept back for her then. Whoever lets an offer pass is off the list.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select, update

from bot.appointments import finding, seats
from bot.appointments.model import ClinicView, Refusal
from bot.appointments.rows import CLINIC, appointment, clinic, clinic_view, patient
from bot.store.audit import record
from bot.store.booking_tables import WaitlistEntry
from bot.store.db import Tx
from bot.store.statements import Hot

entry = WaitlistEntry.__table__  # type: ignore[attr-defined]

_earlier = entry.alias("earlier")


def in_line(table: Any) -> ColumnElement[bool]:
    """Return the condition that an entry waits: `waiting`, or `offered` and not answered for good."""
    return or_(table.c.state == "waiting", table.c.state == "offered")


_AHEAD = (
    select(func.count())
    .where(_earlier.c.clinic_id == entry.c.clinic_id, _earlier.c.id < entry.c.id, in_line(_earlier))
    .scalar_subquery()
    .label("ahead")
)
_ENTRY = (
    select(
        entry.c.id,
        entry.c.clinic_id,
        entry.c.patient_id,
        entry.c.conversation_id,
        entry.c.state,
        entry.c.created_at,
        appointment.c.id.label("offer_id"),
        appointment.c.state.label("offer_state"),
        patient.c.name.label("told"),
        _AHEAD,
        *CLINIC,
    )
    .join_from(entry, clinic, entry.c.clinic_id == clinic.c.id)
    .join(patient, entry.c.patient_id == patient.c.id)
    .outerjoin(appointment, entry.c.appointment_id == appointment.c.id)
)
_ONE = Hot(_ENTRY.where(entry.c.id == bindparam("entry_id")))
_OF_OFFER = Hot(
    _ENTRY.where(entry.c.appointment_id == bindparam("appointment_id"), entry.c.state == "offered")
)
_OF_PATIENT = Hot(
    _ENTRY.where(entry.c.patient_id == bindparam("patient_id"), in_line(entry)).order_by(
        clinic.c.starts_at, entry.c.id
    )
)
_OF_CLINIC = Hot(
    _ENTRY.where(entry.c.clinic_id == bindparam("clinic_id"), in_line(entry)).order_by(entry.c.id)
)
_JOIN = Hot(
    insert(entry)
    .values(
        clinic_id=bindparam("clinic_id"),
        patient_id=bindparam("patient_id"),
        conversation_id=bindparam("conversation_id"),
        state="waiting",
        created_at=bindparam("created_at"),
        updated_at=bindparam("updated_at"),
    )
    .returning(entry.c.id)
)
_BECOMES = Hot(
    update(entry)
    .where(entry.c.id == bindparam("entry_id"), in_line(entry))
    .values(state=bindparam("new_state"), updated_at=bindparam("updated_at_"))
)
_OFFER = Hot(
    update(entry)
    .where(entry.c.id == bindparam("entry_id"), in_line(entry))
    .values(
        state="offered",
        appointment_id=bindparam("appointment_id_"),
        updated_at=bindparam("updated_at_"),
    )
)
_VISITS = Hot(
    select(appointment.c.id)
    .join_from(appointment, clinic, appointment.c.clinic_id == clinic.c.id)
    .where(
        appointment.c.patient_id == bindparam("patient_id"),
        or_(appointment.c.state == "booked", appointment.c.state == "checked_in"),
        clinic.c.department == bindparam("department"),
        clinic.c.date == bindparam("day", type_=clinic.c.date.type),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One patient in the line of one clinic.

    Attributes:
        place: her place in the line, from 1.
        offer_id: the hold that she was offered last; `offer_state` what became of it.
        told: her name.
    """

    entry_id: int
    clinic: ClinicView
    patient_id: int
    told: str = field(repr=False)
    conversation_id: int
    state: str
    place: int
    since: datetime
    offer_id: int | None = None
    offer_state: str | None = None

    @property
    def is_offered(self) -> bool:
        """Whether a place is kept for her that she may take now."""
        return self.state == "offered" and self.offer_state == "held"


def join(
    tx: Tx, clinic_id: int, patient_id: int, conversation_id: int, now: datetime
) -> Waiting | Refusal:
    """Put a patient at the end of a clinic's line; one who stands there already keeps her place."""
    seats.enter(tx, patient_id)
    found = finding.clinic_of(tx, clinic_id)
    if found is None or found.status != "on":
        return Refusal.STOPPED
    if now >= found.starts_at:
        return Refusal.CLOSED
    if now < found.released_at:
        return Refusal.UNRELEASED
    for waits in of_patients(tx, (patient_id,)):
        if waits.clinic.clinic_id == clinic_id:
            return waits
    if has_visit(tx, patient_id, found):
        return Refusal.SAME_DEPARTMENT
    row = tx.one(
        _JOIN, clinic_id=clinic_id, patient_id=patient_id, conversation_id=conversation_id,
        created_at=now, updated_at=now,
    )  # fmt: skip
    record(tx, now, "patient", "waitlist.join", conversation_id, f"clinic {clinic_id}")
    return _waiting(tx.one(_ONE, entry_id=row.id))


def find(tx: Tx, entry_id: int) -> Waiting | None:
    """Return one entry, whatever became of it."""
    row = tx.one(_ONE, entry_id=entry_id)
    return _waiting(row) if row else None


def of_offer(tx: Tx, appointment_id: int) -> Waiting | None:
    """Return the entry that a hold was offered to, while it is in the line."""
    row = tx.one(_OF_OFFER, appointment_id=appointment_id)
    return _waiting(row) if row else None


def of_patients(tx: Tx, patient_ids: Collection[int]) -> list[Waiting]:
    """Return what these patients wait for, patient by patient, the soonest clinic first."""
    rows = (row for one in patient_ids for row in tx.rows(_OF_PATIENT, patient_id=one))
    return [_waiting(row) for row in rows]


def of_clinic(tx: Tx, clinic_id: int) -> list[Waiting]:
    """Return the line of a clinic in its order."""
    return [_waiting(row) for row in tx.rows(_OF_CLINIC, clinic_id=clinic_id)]


def has_visit(tx: Tx, patient_id: int, view: ClinicView) -> bool:
    """Say whether a patient has a visit with this clinic's department on its day."""
    return (
        tx.one(_VISITS, patient_id=patient_id, department=view.department, day=view.date)
        is not None
    )


def become(tx: Tx, waits: Waiting, state: str, now: datetime, *, actor: str = "system") -> bool:
    """Change an entry that is in the line; False where it is not any more."""
    if not tx.run(_BECOMES, entry_id=waits.entry_id, new_state=state, updated_at_=now):
        return False
    detail = f"clinic {waits.clinic.clinic_id}"
    record(tx, now, actor, f"waitlist.{state}", waits.conversation_id, detail)
    return True


def offer(tx: Tx, waits: Waiting, appointment_id: int, now: datetime) -> None:
    """Note the hold that is offered to an entry."""
    tx.run(_OFFER, entry_id=waits.entry_id, appointment_id_=appointment_id, updated_at_=now)
    detail = f"clinic {waits.clinic.clinic_id}"
    record(tx, now, "system", "waitlist.offer", waits.conversation_id, detail)


def _waiting(row: Any) -> Waiting:
    return Waiting(
        entry_id=row.id,
        clinic=clinic_view(row),
        patient_id=row.patient_id,
        told=row.told,
        conversation_id=row.conversation_id,
        state=row.state,
        place=row.ahead + 1,
        since=row.created_at,
        offer_id=row.offer_id,
        offer_state=row.offer_state,
    )
