"""The clinics and slots that bookings are made in, kept as the roster has them.

`publish` compares and writes only what differs, so that it can run at any time, in several processes
at once, and again. What is taken stays: a slot never gets fewer places than its highest seat.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, insert, or_, select, update

from bot.hospital.model import Hospital
from bot.hospital.planning import POOLS, Plan, Rules, plans, spread
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Appointment, Clinic, HospitalRevision, Slot

_clinic: Any = Clinic.__table__  # type: ignore[attr-defined]
_slot: Any = Slot.__table__  # type: ignore[attr-defined]
_appointment: Any = Appointment.__table__  # type: ignore[attr-defined]
_revision: Any = HospitalRevision.__table__  # type: ignore[attr-defined]

#: One publisher at a time, and none while the facts are being replaced.
_LOCK = Hot(select(_revision.c.revision).with_for_update())
_LAST = Hot(select(func.max(_clinic.c.date).label("date")))
_CLINICS = Hot(
    select(_clinic).where(_clinic.c.date >= bindparam("first"), _clinic.c.date <= bindparam("last"))
)
_SLOTS = Hot(
    select(_slot)
    .join(_clinic, _clinic.c.id == _slot.c.clinic_id)
    .where(_clinic.c.date >= bindparam("first"), _clinic.c.date <= bindparam("last"))
    .order_by(_slot.c.id)
)
_LOCK_SLOTS = Hot(
    select(_slot).where(_slot.c.clinic_id == bindparam("clinic_id")).with_for_update()
)
_TAKEN = Hot(
    select(_appointment.c.slot_id, func.max(_appointment.c.seat).label("seat"))
    .where(_appointment.c.clinic_id == bindparam("clinic_id"), _appointment.c.seat.is_not(None))
    .group_by(_appointment.c.slot_id)
)
_RESIZE = Hot(
    update(_slot)
    .where(_slot.c.id == bindparam("slot_id"))
    .values(capacity=bindparam("capacity"), ends_at=bindparam("ends_at"))
)
_STOP = Hot(
    update(_clinic)
    .where(_clinic.c.id == bindparam("clinic_id"), _clinic.c.status == "on")
    .values(
        status="stopped",
        reason=bindparam("reason"),
        stopped_at=bindparam("now"),
        settled_at=None,
        version=_clinic.c.version + 1,
    )
)
_RESUME = Hot(
    update(_clinic)
    .where(_clinic.c.id == bindparam("clinic_id"), _clinic.c.status == "stopped")
    .values(
        status="on", reason=None, stopped_at=None, settled_at=None, version=_clinic.c.version + 1
    )
)
_CLINIC = Hot(
    select(_clinic.c.id, _clinic.c.status).where(
        _clinic.c.doctor == bindparam("doctor"),
        _clinic.c.date == bindparam("date"),
        _clinic.c.part == bindparam("part"),
    )
)
_LOST = Hot(
    select(func.count().label("count"))
    .select_from(_appointment)
    .join(_clinic, _clinic.c.id == _appointment.c.clinic_id)
    .where(
        _clinic.c.status == "stopped",
        _clinic.c.stopped_at == bindparam("since"),
        or_(_appointment.c.state == "booked", _appointment.c.state == "checked_in"),
    )
)

Key = tuple[str, date, str]


def publish(
    tx: Tx,
    hospital: Hospital,
    rules: Rules,
    zone: ZoneInfo,
    now: datetime,
    *,
    revision: int | None = None,
    days: Sequence[date] | None = None,
) -> int:
    """Make clinics and slots what the roster says, from today on; return how many clinics changed.

    Args:
        revision: of `hospital`; where newer facts were saved meanwhile, nothing is done.
        days: only these.
    """
    stored = lock(tx)
    if revision is not None and stored != revision:
        return 0
    chosen = days if days is not None else days_ahead(tx, rules, zone, now)
    if not chosen:
        return 0
    first, last = min(chosen), max(chosen)
    known = {_key(row): row for row in tx.rows(_CLINICS, first=first, last=last)}
    slots: dict[int, list[Any]] = defaultdict(list)
    for row in tx.rows(_SLOTS, first=first, last=last):
        slots[row.clinic_id].append(row)
    wanted = {plan.key: plan for day in chosen for plan in plans(hospital, day, rules, zone)}
    changed = _add(tx, [plan for key, plan in wanted.items() if key not in known], now)
    for key, row in known.items():
        plan = wanted.get(key)
        if plan is not None:
            changed += _change(tx, row, slots[row.id], plan, now)
        elif key[1] in chosen and row.status == "on":
            changed += tx.run(_STOP, clinic_id=row.id, reason=None, now=now)
    return changed


def lock(tx: Tx) -> int:
    """Let nobody else publish, stop or save until the end of this transaction; return the revision."""
    row = tx.one(_LOCK)
    return row.revision if row else 0


def stop_clinics(tx: Tx, keys: Iterable[Key], reason: str | None, now: datetime) -> list[int]:
    """Stop clinics that are on; return their ids."""
    ids = [row.id for key in keys if (row := _one(tx, key)) and row.status == "on"]
    for clinic_id in ids:
        tx.run(_STOP, clinic_id=clinic_id, reason=reason, now=now)
    return ids


def resume_clinics(tx: Tx, keys: Iterable[Key]) -> list[int]:
    """Let stopped clinics be held after all; return their ids."""
    ids = [row.id for key in keys if (row := _one(tx, key)) and row.status == "stopped"]
    for clinic_id in ids:
        tx.run(_RESUME, clinic_id=clinic_id)
    return ids


def lost_visits(tx: Tx, since: datetime) -> int:
    """Return how many visits are booked with clinics that were stopped at that moment."""
    return int(tx.one(_LOST, since=since).count)


def _one(tx: Tx, key: Key) -> Any:
    return tx.one(_CLINIC, doctor=key[0], date=key[1], part=key[2])


def days_ahead(tx: Tx, rules: Rules, zone: ZoneInfo, now: datetime) -> list[date]:
    """Return the days whose clinics are kept: one more than is released, and all that have some."""
    today = now.astimezone(zone).date()
    last = tx.one(_LAST).date
    ahead = max(rules.release_days + 1, (last - today).days if last else 0)
    return [today + timedelta(days=number) for number in range(ahead + 1)]


def is_published(tx: Tx) -> bool:
    """Say whether there was ever a clinic."""
    return tx.one(_LAST).date is not None


def _add(tx: Tx, new: Sequence[Plan], now: datetime) -> int:
    """Store clinics that are new, and their slots."""
    if not new:
        return 0
    rows = [
        {
            "doctor": plan.key[0],
            "date": plan.key[1],
            "part": plan.key[2],
            **plan.columns,
            "status": "stopped" if plan.stopped else "on",
            "stopped_at": now if plan.stopped else None,
            "version": 1,
        }
        for plan in new
    ]
    with tx.session() as session:
        session.execute(insert(_clinic), rows)
        days = [plan.key[1] for plan in new]
        made = tx.rows(_CLINICS, first=min(days), last=max(days))
        ids = {_key(row): row.id for row in made}
        slots = [slot for plan in new for slot in _new_slots(ids[plan.key], plan)]
        if slots:
            session.execute(insert(_slot), slots)
    return len(new)


def _new_slots(clinic_id: int, plan: Plan) -> Iterable[dict[str, Any]]:
    for pool in POOLS:
        counts = spread(plan.places[pool], [0] * len(plan.spans))
        for (start, end), count in zip(plan.spans, counts, strict=True):
            if count:
                yield _slot_row(clinic_id, start, end, pool, count)


def _slot_row(
    clinic_id: int, start: datetime, end: datetime, pool: str, capacity: int
) -> dict[str, Any]:
    return {
        "clinic_id": clinic_id,
        "starts_at": start,
        "ends_at": end,
        "pool": pool,
        "capacity": capacity,
    }


def _change(tx: Tx, row: Any, slots: Sequence[Any], plan: Plan, now: datetime) -> int:
    """Bring one stored clinic up to date; return 1 if it was not."""
    stopped = row.status == "stopped"
    values: dict[str, Any] = {
        name: value for name, value in plan.columns.items() if getattr(row, name) != value
    }
    if plan.stopped and not stopped:
        values |= {"status": "stopped", "reason": None, "stopped_at": now, "settled_at": None}
    if stopped and not plan.stopped:
        values |= {"status": "on", "reason": None, "stopped_at": None, "settled_at": None}
    resized = not plan.stopped and _differ(slots, plan) and _resize(tx, row.id, plan)
    if not values and not resized:
        return 0
    with tx.session() as session:
        session.execute(
            update(_clinic)
            .where(_clinic.c.id == row.id)
            .values(**values, version=_clinic.c.version + 1)
        )
    return 1


def _differ(slots: Sequence[Any], plan: Plan) -> bool:
    """Whether slots are not as they would be if nobody had taken any."""
    wanted = {
        (slot["pool"], slot["starts_at"]): (slot["ends_at"], slot["capacity"])
        for slot in _new_slots(0, plan)
    }
    held = {(slot.pool, slot.starts_at): (slot.ends_at, slot.capacity) for slot in slots}
    return wanted != {key: shape for key, shape in held.items() if shape[1] or key in wanted}


def _resize(tx: Tx, clinic_id: int, plan: Plan) -> bool:
    """Give each slot its places again, none below its highest seat; return whether any changed.

    The slots are locked before the seats are read: nobody takes one in between.
    """
    held = {(slot.pool, slot.starts_at): slot for slot in tx.rows(_LOCK_SLOTS, clinic_id=clinic_id)}
    seats = {row.slot_id: row.seat for row in tx.rows(_TAKEN, clinic_id=clinic_id)}
    new, changed = [], False
    for pool in POOLS:
        starts = [start for start, _ in plan.spans]
        gone = [slot for (of, start), slot in held.items() if of == pool and start not in starts]
        counts = _counts(plan, pool, held, seats, gone)
        for (start, end), count in zip(plan.spans, counts, strict=True):
            slot = held.get((pool, start))
            if slot is None and count:
                new.append(_slot_row(clinic_id, start, end, pool, count))
            elif slot is not None and (slot.capacity, slot.ends_at) != (count, end):
                changed |= bool(tx.run(_RESIZE, slot_id=slot.id, capacity=count, ends_at=end))
        for slot in gone:
            if slot.capacity != seats.get(slot.id, 0):
                capacity = seats.get(slot.id, 0)
                tx.run(_RESIZE, slot_id=slot.id, capacity=capacity, ends_at=slot.ends_at)
                changed = True
    if new:
        with tx.session() as session:
            session.execute(insert(_slot), new)
    return changed or bool(new)


def _counts(
    plan: Plan,
    pool: str,
    held: Mapping[tuple[str, datetime], Any],
    seats: Mapping[int, int],
    gone: Sequence[Any],
) -> list[int]:
    """Return how many places each span gets; those taken at other times are counted too."""
    elsewhere = sum(seats.get(slot.id, 0) for slot in gone)
    slots = [held.get((pool, start)) for start, _ in plan.spans]
    taken = [seats.get(slot.id, 0) if slot else 0 for slot in slots]
    return spread(max(0, plan.places[pool] - elsewhere), taken)


def _key(row: Any) -> Key:
    return (row.doctor, row.date, row.part)
