"""A place became free in a full clinic: the first who waits for it is offered it (BK-09).

One place is kept for one patient at a time, for `offer_minutes`. Unanswered it goes to the next; so it
moves on by itself. Nobody is passed over for somebody behind her, but for these reasons: she has a
visit with that department on that day by now, booking is paused for her, or a limit is reached (she is
off the list and told why); she has something else at that very time, or said no to it, or a person is
writing with her (she keeps her place in the line). Nobody is offered anything at night: what becomes
free then is kept for those who wait, and offered in the morning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import bindparam, exists, func, or_, select

from bot.appointments import seats
from bot.appointments.model import Refusal, Visit
from bot.appointments.quiet import is_quiet
from bot.appointments.rows import appointment, clinic, slot
from bot.appointments.rules import last_moment
from bot.appointments.service import Bookings
from bot.appointments.waitlist import service as waitlist
from bot.appointments.waitlist.notices import WaitlistNotices
from bot.appointments.waitlist.service import Waiting, entry
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Notices
from bot.store.db import Tx
from bot.store.statements import Hot

_ONLINE = "online"
#: Why she cannot take a place that only concerns this very one: she stays in the line.
_ONLY_NOW = frozenset({Refusal.CLASH})
#: There is no place after all: somebody was faster, or the clinic is off.
_NO_PLACE = frozenset(
    {Refusal.FULL, Refusal.STOPPED, Refusal.CLOSED, Refusal.UNRELEASED, Refusal.EXPIRED}
)
_MANY = 200

_TAKEN = (
    select(func.count())
    .where(appointment.c.slot_id == slot.c.id, appointment.c.seat.is_not(None))
    .scalar_subquery()
)
_PLACES = Hot(
    select(slot.c.id, slot.c.ends_at)
    .where(
        slot.c.clinic_id == bindparam("clinic_id"),
        slot.c.pool == _ONLINE,
        slot.c.capacity > _TAKEN,
    )
    .order_by(slot.c.starts_at, slot.c.id)
)
#: Clinics where somebody waits and a place is free; and those whose line has come to its end.
_TO_FILL = Hot(
    select(entry.c.clinic_id)
    .distinct()
    .join_from(entry, clinic, entry.c.clinic_id == clinic.c.id)
    .where(
        waitlist.in_line(entry),
        clinic.c.status == "on",
        clinic.c.starts_at > bindparam("now"),
        exists().where(
            slot.c.clinic_id == entry.c.clinic_id, slot.c.pool == _ONLINE, slot.c.capacity > _TAKEN
        ),
    )
    .limit(_MANY)
)
_OVER = Hot(
    select(entry.c.id)
    .join_from(entry, clinic, entry.c.clinic_id == clinic.c.id)
    .where(
        waitlist.in_line(entry),
        or_(clinic.c.status == "stopped", clinic.c.starts_at <= bindparam("now")),
    )
    .order_by(entry.c.id)
    .limit(_MANY)
)
_ANSWERED = Hot(
    select(entry.c.id)
    .join_from(entry, appointment, entry.c.appointment_id == appointment.c.id)
    .where(
        entry.c.state == "offered",
        appointment.c.state != "held",
        appointment.c.state != "cancelled",
    )
    .order_by(entry.c.id)
    .limit(_MANY)
)
_DECLINED = Hot(
    select(appointment.c.slot_id).where(
        appointment.c.clinic_id == bindparam("clinic_id"),
        appointment.c.patient_id == bindparam("patient_id"),
        appointment.c.state == "cancelled",
        appointment.c.offered,
    )
)


@dataclass(frozen=True, slots=True)
class Refill:
    """Offers free places to those who wait, and ends what has come to its end."""

    bookings: Bookings
    listeners: Listeners
    notices: Notices
    says: WaitlistNotices

    def to_fill(self, tx: Tx, now: datetime) -> list[int]:
        """Return the clinics where somebody waits and a place is free; none at night."""
        if is_quiet(now, self.bookings.zone):
            return []
        return [row.clinic_id for row in tx.rows(_TO_FILL, now=now)]

    def fill(self, tx: Tx, clinic_id: int, now: datetime) -> bool:
        """Offer one free place of a clinic to whoever is first; say whether anything was done."""
        seats.enter(tx)
        places = self._places(tx, clinic_id, now)
        for waits in waitlist.of_clinic(tx, clinic_id) if places else ():
            if waits.is_offered:
                continue
            done = self._offer_to(tx, waits, places, now)
            if done:
                return True
        return False

    def to_end(self, tx: Tx, now: datetime) -> list[int]:
        """Return the entries whose offer was answered or passed, and those whose clinic is over."""
        over = [] if is_quiet(now, self.bookings.zone) else tx.rows(_OVER, now=now)
        return [row.id for row in (*tx.rows(_ANSWERED), *over)]

    def end(self, tx: Tx, entry_id: int, now: datetime) -> bool:
        """Take an entry off the list where it has come to its end, and tell her; else do nothing."""
        waits = waitlist.find(tx, entry_id)
        if waits is None or waits.state not in ("waiting", "offered"):
            return False
        if waits.clinic.status == "stopped" or waits.clinic.starts_at <= now:
            return self.close(tx, waits, now)
        if waits.state != "offered" or waits.offer_state in ("held", "cancelled"):
            return False
        if waits.offer_state != "expired":
            return waitlist.become(tx, waits, "taken", now)
        again = f"flow:waitlist.join:{waits.clinic.clinic_id}.{waits.patient_id}"
        self.says.ended(tx, waits, "waitlist/lapsed", now, options=(("again", again),))
        return waitlist.become(tx, waits, "lapsed", now)

    def close(self, tx: Tx, waits: Waiting, now: datetime) -> bool:
        """End the wait for a clinic that is off or began; tell her, with what else is free."""
        if waits.is_offered and waits.offer_id is not None:
            if waits.clinic.status == "on":
                return False  # she was asked, and has her time to answer
            self.bookings.release(tx, waits.offer_id, now, actor="system")
        if not waitlist.become(tx, waits, "closed", now):
            return False
        self.says.ended(tx, waits, "waitlist/closed", now, alternatives=True)
        return True

    def _places(self, tx: Tx, clinic_id: int, now: datetime) -> Sequence[Any]:
        rows = tx.rows(_PLACES, clinic_id=clinic_id)
        return [row for row in rows if last_moment(row.ends_at, self.bookings.options) > now]

    def _offer_to(self, tx: Tx, waits: Waiting, places: Sequence[Any], now: datetime) -> bool:
        """Offer her the first place that she did not say no to; False where the next is asked."""
        member = self.listeners.member(tx, waits.conversation_id, waits.patient_id, now)
        if member is None or self.listeners.left(tx, waits.conversation_id, waits.since):
            return waitlist.become(tx, waits, "closed", now)
        if not self.listeners.answers(tx, waits.conversation_id):
            return False
        view = waits.clinic
        declined = {
            row.slot_id
            for row in tx.rows(_DECLINED, clinic_id=view.clinic_id, patient_id=waits.patient_id)
        }
        for place in places:
            if place.id in declined:
                continue
            minutes = self._minutes(place.ends_at, now)
            held = self.bookings.hold(
                tx, place.id, waits.conversation_id, now, patient_id=waits.patient_id,
                verified=member.verified, offered=True, minutes=minutes,
            )  # fmt: skip
            if isinstance(held, Visit):
                self._offer(tx, waits, held, now)
                return True
            if held not in _ONLY_NOW and held not in _NO_PLACE:
                return self._passed_over(tx, waits, held, now)
        return False

    def _minutes(self, ends_at: datetime, now: datetime) -> int:
        """Return how long she has: the whole of it, unless the place is over before."""
        options = self.bookings.options
        left = (last_moment(ends_at, options) - now) // timedelta(minutes=1)
        return max(1, min(options.offer_minutes, left))

    def _offer(self, tx: Tx, waits: Waiting, held: Visit, now: datetime) -> None:
        waitlist.offer(tx, waits, held.appointment_id, now)
        self.notices.tell(
            tx, waits.conversation_id, partial(self.says.offer, held, waits.entry_id, now), now,
            until=held.held_until, expires_at=held.held_until,
            dedupe_key=f"waitlist-offer:{held.appointment_id}",
        )  # fmt: skip

    def _passed_over(self, tx: Tx, waits: Waiting, why: Refusal, now: datetime) -> bool:
        """Take her off the list, for she could not have the place; tell her why."""
        if not waitlist.become(tx, waits, "closed", now):
            return False
        self.says.ended(tx, waits, "waitlist/passed", now, why=why.value)
        return True
