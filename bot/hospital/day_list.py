"""The clinics of one day as data, with what each pool holds: for staff, exports and other systems."""

from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, select

from bot.hospital.planning import POOLS
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Appointment, Clinic, Slot, WaitlistEntry

_clinic: Any = Clinic.__table__  # type: ignore[attr-defined]
_slot: Any = Slot.__table__  # type: ignore[attr-defined]
_appointment: Any = Appointment.__table__  # type: ignore[attr-defined]
_wait: Any = WaitlistEntry.__table__  # type: ignore[attr-defined]

_CLINICS = Hot(
    select(_clinic)
    .where(_clinic.c.date == bindparam("day"))
    .order_by(_clinic.c.department, _clinic.c.starts_at, _clinic.c.doctor)
)
_PLACES = Hot(
    select(_slot.c.clinic_id, _slot.c.pool, func.sum(_slot.c.capacity).label("places"))
    .join(_clinic, _clinic.c.id == _slot.c.clinic_id)
    .where(_clinic.c.date == bindparam("day"))
    .group_by(_slot.c.clinic_id, _slot.c.pool)
)
_TAKEN = Hot(
    select(_slot.c.clinic_id, _slot.c.pool, func.count().label("taken"))
    .join(_clinic, _clinic.c.id == _slot.c.clinic_id)
    .join(_appointment, _appointment.c.slot_id == _slot.c.id)
    .where(_clinic.c.date == bindparam("day"), _appointment.c.seat.is_not(None))
    .group_by(_slot.c.clinic_id, _slot.c.pool)
)
_WAITING = Hot(
    select(_wait.c.clinic_id, func.count().label("count"))
    .join(_clinic, _clinic.c.id == _wait.c.clinic_id)
    .where(_clinic.c.date == bindparam("day"), _wait.c.state == "waiting")
    .group_by(_wait.c.clinic_id)
)
_TOLD = (
    "doctor", "doctor_name", "doctor_name_en", "department", "department_name",
    "department_name_en", "campus", "part", "room", "tier", "status", "reason", "version",
)  # fmt: skip
_TIMES = ("starts_at", "ends_at", "released_at", "cancel_until")


def day_list(tx: Tx, day: date, department: str | None = None) -> list[dict[str, Any]]:
    """Return the clinics of a day, ready for JSON: times in UTC, the fee in yuan as text.

    `pools` has for each pool how many `places` there are and how many are `taken`; `waiting` is how many
    wait for a place. No patient is in it.
    """
    places = {(row.clinic_id, row.pool): row.places for row in tx.rows(_PLACES, day=day)}
    taken = {(row.clinic_id, row.pool): row.taken for row in tx.rows(_TAKEN, day=day)}
    waiting = {row.clinic_id: row.count for row in tx.rows(_WAITING, day=day)}
    return [
        {
            "clinic_id": row.id,
            "date": row.date.isoformat(),
            **{name: getattr(row, name) for name in _TOLD},
            **{name: getattr(row, name).isoformat() for name in _TIMES},
            "fee": f"{row.fee_fen / 100:.2f}",
            "pools": {
                pool: {
                    "places": int(places.get((row.id, pool), 0)),
                    "taken": taken.get((row.id, pool), 0),
                }
                for pool in POOLS
            },
            "waiting": waiting.get(row.id, 0),
        }
        for row in tx.rows(_CLINICS, day=day)
        if department in (None, row.department, row.department_name)
    ]
