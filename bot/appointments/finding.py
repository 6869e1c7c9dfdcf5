"""Which places are free, for what a patient wants; what is offered in place of what she wanted.

People who wait for a clinic (候补) come before those who just ask: a place that one of them will be
offered is not free.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Select, bindparam, func, select

from bot.appointments.model import ClinicView, FreeSlot, Refusal
from bot.appointments.options import BookingOptions
from bot.appointments.rows import CLINIC, appointment, clinic, clinic_view, slot
from bot.appointments.rules import open_for
from bot.store.booking_tables import WaitlistEntry
from bot.store.db import Tx
from bot.store.statements import Hot

_wait = WaitlistEntry.__table__  # type: ignore[attr-defined]

_ONLINE = "online"
_FAR = timedelta(days=400)
_MANY = 1_000
_WAITING = (
    select(func.count())
    .where(_wait.c.clinic_id == clinic.c.id, _wait.c.state == "waiting")
    .scalar_subquery()
    .label("waiting")
)
_TAKEN = (
    select(func.count())
    .where(appointment.c.slot_id == slot.c.id, appointment.c.seat.is_not(None))
    .scalar_subquery()
    .label("taken")
)


def _clinics(*where: Any) -> Hot:
    days: Select[Any] = select(*CLINIC, _WAITING).where(
        clinic.c.date >= bindparam("first", type_=Date),
        clinic.c.date <= bindparam("last", type_=Date),
        *where,
    )
    return Hot(days.order_by(clinic.c.starts_at, clinic.c.id).limit(_MANY))


_BY_DOCTOR = _clinics(clinic.c.doctor == bindparam("doctor"))
_BY_DEPARTMENT = _clinics(clinic.c.department == bindparam("department"))
_BY_DAY = _clinics()
_SLOTS = Hot(
    select(slot.c.id, slot.c.starts_at, slot.c.ends_at, slot.c.capacity, _TAKEN)
    .where(slot.c.clinic_id == bindparam("clinic_id"), slot.c.pool == _ONLINE)
    .order_by(slot.c.starts_at, slot.c.id)
)
_ONE = Hot(select(*CLINIC, _WAITING).where(clinic.c.id == bindparam("clinic_id")))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a patient asks for; whatever she left open is open.

    Attributes:
        doctors: any of them; where departments are named too, only those of their clinics there.
        first: from this day on, today where it is not named; `last` is included.
        from_time: slots that begin then or later, by the hospital's clock; and before `to_time`.
    """

    departments: tuple[str, ...] = ()
    doctors: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    part: str | None = None
    tier: str | None = None
    from_time: time | None = None
    to_time: time | None = None
    campus: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """What is left of one clinic.

    Attributes:
        free: places left by slot; slots without any are not named.
        spare: places left without those that somebody waits for; below zero where more wait.
        waiting: how many wait for a place.
    """

    free: Mapping[int, int]
    spare: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Found:
    clinic: ClinicView
    waiting: int


def free(
    tx: Tx, wanted: Wanted, now: datetime, options: BookingOptions, zone: ZoneInfo, limit: int = 20
) -> list[FreeSlot]:
    """Return slots that can be booked now, the soonest first; at most `limit`."""
    found: list[FreeSlot] = []
    for slots in _bookable(tx, wanted, now, options, zone):
        if len(found) >= limit and slots[0].clinic.starts_at > found[limit - 1].starts_at:
            break  # clinics come in the order they begin: nothing after this one is sooner
        found = sorted([*found, *slots], key=_soonest)
    return found[:limit]


def clinics(
    tx: Tx, wanted: Wanted, now: datetime, zone: ZoneInfo, limit: int = 50
) -> list[ClinicView]:
    """Return clinics whatever their state, the soonest first, without those that are over."""
    return [found.clinic for found in _wanted_clinics(tx, wanted, now, zone)][:limit]


def why_none(
    tx: Tx, wanted: Wanted, now: datetime, options: BookingOptions, zone: ZoneInfo
) -> Refusal | None:
    """Return why nothing that is wanted can be booked; None where there is no such clinic at all.

    Where clinics differ, the reason is named that leaves most hope: full, so that she can wait for a
    place; not released yet; stopped; too late for today.
    """
    reasons = set()
    for found in _wanted_clinics(tx, wanted, now, zone):
        view = found.clinic
        for row in _slots(tx, view, wanted, zone):
            reasons.add(_why(view, row.ends_at, now, options) or Refusal.FULL)
    order = (Refusal.FULL, Refusal.UNRELEASED, Refusal.STOPPED, Refusal.CLOSED)
    return next((reason for reason in order if reason in reasons), None)


def alternatives(
    tx: Tx,
    clinic: ClinicView,
    now: datetime,
    options: BookingOptions,
    zone: ZoneInfo,
    limit: int = 3,
    not_with: Sequence[str] = (),
) -> list[FreeSlot]:
    """Return what is offered in place of a clinic: what is most like it, spread over days.

    First the same doctor, then the same department and kind of clinic, then the same department.

    Args:
        not_with: codes of doctors who must not be offered, who are away for longer.
    """
    same = Wanted(departments=(clinic.department,), campus=clinic.campus)
    stages = (
        replace(same, doctors=(clinic.doctor,)),
        replace(same, tier=clinic.tier),
        same,
    )
    chosen: list[FreeSlot] = []
    left: list[FreeSlot] = []
    for stage in stages:
        for slots in _bookable(tx, stage, now, options, zone):
            first = slots[0]
            if first.clinic.doctor in not_with or first in chosen or first in left:
                continue
            new_day = all(first.clinic.date != other.clinic.date for other in chosen)
            (chosen if new_day else left).append(first)
            if len(chosen) == limit:
                return chosen
    return (chosen + left)[:limit]


def slots_of(
    tx: Tx, clinic_id: int, now: datetime, options: BookingOptions, zone: ZoneInfo
) -> list[FreeSlot]:
    """Return the free slots of one clinic."""
    row = tx.one(_ONE, clinic_id=clinic_id)
    found = _Found(clinic_view(row), row.waiting) if row else None
    return _free_slots(tx, found, Wanted(), now, options, zone) if found else []


def clinic_of(tx: Tx, clinic_id: int) -> ClinicView | None:
    """Return one clinic as it is told."""
    row = tx.one(_ONE, clinic_id=clinic_id)
    return clinic_view(row) if row else None


def _bookable(
    tx: Tx, wanted: Wanted, now: datetime, options: BookingOptions, zone: ZoneInfo
) -> Iterator[list[FreeSlot]]:
    """Yield the free slots of each clinic that has any, soonest clinic first."""
    for found in _wanted_clinics(tx, wanted, now, zone):
        if found.clinic.status == "on" and found.clinic.released_at <= now:
            slots = _free_slots(tx, found, wanted, now, options, zone)
            if slots:
                yield slots


def _free_slots(
    tx: Tx, found: _Found, wanted: Wanted, now: datetime, options: BookingOptions, zone: ZoneInfo
) -> list[FreeSlot]:
    """Return the slots of a clinic with places that nobody waits for."""
    view = found.clinic
    bookable = [
        row for row in tx.rows(_SLOTS, clinic_id=view.clinic_id)
        if row.taken < row.capacity and _why(view, row.ends_at, now, options) is None
    ]  # fmt: skip
    spare = sum(row.capacity - row.taken for row in bookable) - found.waiting
    if spare <= 0:
        return []
    return [
        FreeSlot(
            slot_id=row.id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            left=min(row.capacity - row.taken, spare),
            clinic=view,
        )
        for row in bookable
        if _in_time(row.starts_at, wanted, zone)
    ]


def _slots(tx: Tx, view: ClinicView, wanted: Wanted, zone: ZoneInfo) -> list[Any]:
    rows = tx.rows(_SLOTS, clinic_id=view.clinic_id)
    return [row for row in rows if _in_time(row.starts_at, wanted, zone)]


def _why(
    view: ClinicView, ends_at: datetime, now: datetime, options: BookingOptions
) -> Refusal | None:
    return open_for(
        status=view.status, released_at=view.released_at, ends_at=ends_at, now=now, options=options
    )


def _in_time(starts_at: datetime, wanted: Wanted, zone: ZoneInfo) -> bool:
    at = starts_at.astimezone(zone).time()
    after = wanted.from_time is None or at >= wanted.from_time
    return after and (wanted.to_time is None or at < wanted.to_time)


def _wanted_clinics(tx: Tx, wanted: Wanted, now: datetime, zone: ZoneInfo) -> list[_Found]:
    """Return the clinics that are wanted and not over, soonest first."""
    today = now.astimezone(zone).date()
    days = {"first": max(wanted.first or today, today), "last": wanted.last or today + _FAR}
    if wanted.doctors:
        rows = [row for one in wanted.doctors for row in tx.rows(_BY_DOCTOR, doctor=one, **days)]
    elif wanted.departments:
        rows = [
            row
            for one in wanted.departments
            for row in tx.rows(_BY_DEPARTMENT, department=one, **days)
        ]
    else:
        rows = tx.rows(_BY_DAY, **days)
    found = [_Found(clinic_view(row), row.waiting) for row in rows]
    fitting = (one for one in found if one.clinic.ends_at > now and _fits(one.clinic, wanted))
    return sorted(fitting, key=lambda one: (one.clinic.starts_at, one.clinic.clinic_id))


def _fits(view: ClinicView, wanted: Wanted) -> bool:
    return (
        (not wanted.departments or view.department in wanted.departments)
        and wanted.part in (None, view.part)
        and wanted.tier in (None, view.tier)
        and wanted.campus in (None, view.campus)
    )


def _soonest(one: FreeSlot) -> tuple[datetime, int]:
    return one.starts_at, one.slot_id


def places(tx: Tx, clinic_id: int, now: datetime, options: BookingOptions) -> Places:
    """Return what is left online in one clinic now, whoever asks."""
    row = tx.one(_ONE, clinic_id=clinic_id)
    if row is None:
        return Places({}, 0, 0)
    view = clinic_view(row)
    left = {
        one.id: one.capacity - one.taken
        for one in tx.rows(_SLOTS, clinic_id=clinic_id)
        if one.taken < one.capacity and _why(view, one.ends_at, now, options) is None
    }
    return Places(left, sum(left.values()) - row.waiting, row.waiting)
