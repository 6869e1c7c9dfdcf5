"""How rows of the tables become what booking speaks of: views of clinics, and visits."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement

from bot.appointments.model import ClinicView, Visit
from bot.appointments.states import State
from bot.store.booking_tables import Appointment, Clinic, Patient, Slot

appointment = Appointment.__table__  # type: ignore[attr-defined]
clinic = Clinic.__table__  # type: ignore[attr-defined]
patient = Patient.__table__  # type: ignore[attr-defined]
slot = Slot.__table__  # type: ignore[attr-defined]

_FEN = 100
_COPIED = (
    "doctor", "department", "campus", "date", "part", "starts_at", "ends_at", "room", "tier",
    "doctor_name", "doctor_name_en", "title", "title_en", "department_name", "department_name_en",
    "place", "place_en", "status", "reason", "released_at", "cancel_until",
)  # fmt: skip
_OF_VISIT = (
    "number", "conversation_id", "patient_id", "slot_id", "starts_at", "ends_at", "held_until",
    "replaces_id", "offered", "reason", "queue_no", "queue_state", "version",
)  # fmt: skip
#: What a clinic's view is made of; named apart, so that it can stand beside other columns.
CLINIC: tuple[ColumnElement[Any], ...] = tuple(
    clinic.c[name].label(f"c_{name}") for name in ("id", "fee_fen", *_COPIED)
)
#: What a visit is made of; joins `appointment`, `clinic` and, where there is one, `patient`.
VISIT: tuple[ColumnElement[Any], ...] = (
    appointment.c.id,
    appointment.c.state,
    appointment.c.fee_fen,
    appointment.c.updated_at,
    *(appointment.c[name] for name in _OF_VISIT),
    patient.c.name.label("told"),
    *CLINIC,
)


def yuan(fen: int) -> Decimal:
    """Return an amount as people say it: tables count fen."""
    return Decimal(fen) / _FEN


def clinic_view(row: Any) -> ClinicView:
    """Return the clinic of a row that has `CLINIC`."""
    copied: Mapping[str, Any] = {name: getattr(row, f"c_{name}") for name in _COPIED}
    return ClinicView(clinic_id=row.c_id, fee=yuan(row.c_fee_fen), **copied)


def visit_of(row: Any) -> Visit:
    """Return the visit of a row that has `VISIT`."""
    copied: Mapping[str, Any] = {name: getattr(row, name) for name in _OF_VISIT}
    return Visit(
        appointment_id=row.id,
        state=State(row.state),
        told=row.told,
        fee=yuan(row.fee_fen),
        clinic=clinic_view(row),
        held_at=row.updated_at if row.held_until else None,
        since=row.updated_at,
        **copied,
    )
