"""How many places each clinic still has online, as bookings have it: what is told is what is real."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select

from bot.hospital.day_list import day_list as day
from bot.hospital.query import Key, Standing
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import (
    Appointment,
    AppointmentChange,
    Clinic,
    HospitalRevision,
    Slot,
    WaitlistEntry,
)

__all__ = ["Key", "Standing", "day", "left", "mark", "standings"]

_clinic: Any = Clinic.__table__  # type: ignore[attr-defined]
_slot: Any = Slot.__table__  # type: ignore[attr-defined]
_appointment: Any = Appointment.__table__  # type: ignore[attr-defined]
_change: Any = AppointmentChange.__table__  # type: ignore[attr-defined]
_wait: Any = WaitlistEntry.__table__  # type: ignore[attr-defined]
_revision: Any = HospitalRevision.__table__  # type: ignore[attr-defined]

#: The hospital's date is at most a day behind that of UTC.
_DAY = timedelta(days=1)

_CLINICS = Hot(
    select(
        _clinic.c.id,
        _clinic.c.doctor,
        _clinic.c.date,
        _clinic.c.part,
        _clinic.c.status,
        _clinic.c.ends_at,
        _clinic.c.released_at,
        select(func.coalesce(func.sum(_slot.c.capacity), 0))
        .where(
            _slot.c.clinic_id == _clinic.c.id,
            _slot.c.pool == "online",
            _slot.c.ends_at > bindparam("closes"),
        )
        .scalar_subquery()
        .label("capacity"),
    ).where(_clinic.c.date >= bindparam("first"))
)
_TAKEN = Hot(
    select(_slot.c.clinic_id, func.count().label("count"))
    .join(_appointment, _appointment.c.slot_id == _slot.c.id)
    .where(
        _appointment.c.seat.is_not(None),
        _slot.c.pool == "online",
        _slot.c.ends_at > bindparam("closes"),
    )
    .group_by(_slot.c.clinic_id)
)
_WAITING = Hot(
    select(_wait.c.clinic_id, func.count().label("count"))
    .where(_wait.c.state == "waiting")
    .group_by(_wait.c.clinic_id)
)
_MARK = Hot(
    select(
        select(func.max(_revision.c.revision)).scalar_subquery().label("revision"),
        select(func.max(_appointment.c.id)).scalar_subquery().label("appointment"),
        select(func.max(_change.c.id)).scalar_subquery().label("change"),
        select(func.max(_wait.c.id)).scalar_subquery().label("wait"),
        select(func.max(_slot.c.id)).scalar_subquery().label("slot"),
    )
)


def mark(tx: Tx) -> tuple[int, tuple[int | None, ...]]:
    """Return the revision of the facts, and a value that changes with the bookings; one cheap read."""
    row = tx.one(_MARK)
    return row.revision or 0, (row.appointment, row.change, row.wait, row.slot)


def standings(tx: Tx, now: datetime, close_minutes: int = 0) -> dict[Key, Standing]:
    """Return how every clinic of today and later stands, but for stopped ones.

    Args:
        close_minutes: until how long before its end a slot can be booked.
    """
    closes = now + timedelta(minutes=close_minutes)
    taken = {row.clinic_id: row.count for row in tx.rows(_TAKEN, closes=closes)}
    waiting = {row.clinic_id: row.count for row in tx.rows(_WAITING)}
    found = {}
    for row in tx.rows(_CLINICS, first=now.date() - _DAY, closes=closes):
        if row.status != "on":
            continue
        left = row.capacity - taken.get(row.id, 0) - waiting.get(row.id, 0)
        bookable = max(0, left) if row.released_at <= now else 0
        found[row.doctor, row.date, row.part] = Standing(bookable, over=row.ends_at <= closes)
    return found


def left(tx: Tx, now: datetime, close_minutes: int = 0) -> Mapping[Key, int]:
    """Return how many places can be booked online now, by doctor, date and part of the day."""
    return {key: standing.left for key, standing in standings(tx, now, close_minutes).items()}
