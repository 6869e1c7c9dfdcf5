"""Why a place cannot be had, or kept, by whom: each answer is a `Refusal`, or None.

These look at what is stored, behind the gate of `seats`; what is decided is decided in `rules`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from bot.appointments import finding, rules, seats, steps, visits
from bot.appointments.model import Refusal, Visit
from bot.appointments.options import BookingOptions
from bot.appointments.rules import Missed
from bot.appointments.states import State
from bot.store.db import Tx

#: Who acts when a time is over.
CLOCK = "clock"
#: Places kept for nobody that may run out within so long; then a name comes first (BK-15).
_MOST_LAPSED, _LAPSED_WITHIN = 3, timedelta(hours=1)


def no_place(
    tx: Tx,
    place: Any,
    before: Visit | None,
    now: datetime,
    options: BookingOptions,
    *,
    offered: bool,
) -> Refusal | None:
    """Return why a slot has no place for her.

    Args:
        before: what she holds already; its place is free for her.
        offered: the hospital offers the place: it passes those who wait. Whether there is one, the
            statement that takes a seat says.
    """
    if not offered and place.pool != "online":
        return Refusal.CLOSED
    closed = rules.open_for(
        status=place.status, released_at=place.released_at, ends_at=place.ends_at, now=now,
        options=options,
    )  # fmt: skip
    if closed is not None or offered:
        return closed
    own_slot = before is not None and before.slot_id == place.id
    own_clinic = before is not None and before.clinic.clinic_id == place.clinic_id
    left = finding.places(tx, place.clinic_id, now, options)
    enough = left.free.get(place.id, 0) + own_slot > 0 and left.spare + own_clinic > 0
    return None if enough else Refusal.FULL


def hoards(tx: Tx, conversation_id: int, now: datetime) -> Refusal | None:
    """Refuse a place for nobody to a conversation that let several of them run out (BK-15)."""
    lapsed = visits.lapsed_for_nobody(tx, conversation_id, now - _LAPSED_WITHIN)
    return Refusal.LAPSED_OFTEN if lapsed >= _MOST_LAPSED else None


def not_for(
    tx: Tx,
    patient_id: int,
    place: Any,
    now: datetime,
    options: BookingOptions,
    *,
    verified: bool,
    moves: bool,
    without: Collection[int],
) -> Refusal | None:
    """Return why a patient cannot have a place; holds of hers that are over are let go first.

    Args:
        place: a slot or an appointment, as `steps` loads it.
        moves: it takes the place of a visit of hers: a pause does not bar that.
        without: appointments that do not count beside it.
    """
    seats.enter(tx, patient_id)
    if not moves and missed(tx, patient_id, now, options).blocked_until is not None:
        return Refusal.BLOCKED
    beside = visits.counted(tx, patient_id, place.starts_at, now, without)
    for appointment_id in beside.lapsed:
        steps.step(tx, steps.load(tx, appointment_id), State.EXPIRED, now, actor=CLOCK)
    if seats.clashes(tx, patient_id, times(place), without):
        return Refusal.CLASH
    return rules.limits(place.date, place.department, beside.others, verified, options)


def cannot_replace(old: Any, patient_id: int | None, now: datetime) -> Refusal | None:
    """Return why a visit cannot be moved; one that was cancelled leaves nothing to end."""
    if patient_id is not None and old.patient_id != patient_id:
        return Refusal.NOT_HERS
    state = State(old.state)
    if state not in (State.BOOKED, State.CANCELLED, State.HOSPITAL_CANCELLED):
        return Refusal.NO_STEP
    stopped = old.status != "on"
    if state is State.BOOKED and not stopped and not rules.may_cancel(old.cancel_until, now):
        return Refusal.TOO_LATE
    return None


def is_move(old: Any) -> bool:
    """Whether replacing a visit keeps a promise that was made, rather than making a new one."""
    return old is not None and old.state in (State.BOOKED, State.HOSPITAL_CANCELLED)


def not_held(row: Any, now: datetime) -> Refusal | None:
    """Return why a hold cannot be used any more."""
    match State(row.state):
        case State.HELD if row.held_until <= now:
            return Refusal.EXPIRED
        case State.HELD:
            return Refusal.STOPPED if row.status != "on" else None
        case State.EXPIRED:
            return Refusal.EXPIRED
        case State.HOSPITAL_CANCELLED:
            return Refusal.STOPPED
        case _:
            return Refusal.NO_STEP


def missed(tx: Tx, patient_id: int, now: datetime, options: BookingOptions) -> Missed:
    """Return what visits that a patient missed mean for her now (BK-08)."""
    span = timedelta(days=options.no_show_window_days + options.no_show_block_days + 1)
    return rules.missed(visits.no_shows(tx, patient_id, now - span), now, options)


def missed_of(
    tx: Tx, patient_ids: Collection[int], now: datetime, options: BookingOptions
) -> dict[int, int]:
    """Return how many visits each of these patients missed that count; none where there are none."""
    span = timedelta(days=options.no_show_window_days + options.no_show_block_days + 1)
    found = visits.no_shows_of(tx, patient_ids, now - span)
    return {one: rules.missed(at, now, options).count for one, at in found.items()}


def times(row: Any) -> range:
    """Return the quarters of a slot or an appointment."""
    return rules.quarters(row.starts_at, row.ends_at)
