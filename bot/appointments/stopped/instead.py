"""The places that a patient is offered in place of a visit that the hospital cancelled, and taking one.

One tap, or one digit, books it: the offer names all that matters. It is checked then as any booking;
only what was cancelled no longer counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select

from bot.appointments import finding, seats
from bot.appointments.model import FreeSlot, Refusal, Visit
from bot.appointments.offer_labels import label
from bot.appointments.rows import appointment, slot
from bot.appointments.service import Bookings
from bot.appointments.states import LIVE, State
from bot.appointments.stopped.spreading import offered
from bot.appointments.telling import slot_values, visit_values
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Hearer
from bot.message import Button, Kind, Say
from bot.store.db import Tx
from bot.store.statements import Hot

#: How long the places can be taken with one tap; whoever comes later just asks.
OPEN_FOR = timedelta(hours=24)
#: The state of a clinic that is off; also what a visit was cancelled for where no reason is given.
STOPPED = "stopped"
_LOOKED_AT = 300

_INSTEAD = Hot(
    select(appointment.c.id)
    .where(
        appointment.c.replaces_id == bindparam("appointment_id"),
        or_(
            appointment.c.state == "booked",
            appointment.c.state == "checked_in",
            appointment.c.state == "done",
        ),
    )
    .order_by(appointment.c.id)
)


_CLINIC_OF = Hot(select(slot.c.clinic_id).where(slot.c.id == bindparam("slot_id")))


@dataclass(frozen=True, slots=True)
class Instead:
    """Finds the places, tells of them, books the one that is taken."""

    bookings: Bookings
    listeners: Listeners

    def take(
        self, tx: Tx, slot_id: int, appointment_id: int, conversation_id: int, now: datetime
    ) -> Visit | Refusal:
        """Book a place in place of a visit that the hospital cancelled; again, the same visit again.

        What was cancelled does not count against her limits, and a pause does not bar her.
        """
        old = self.bookings.visit(tx, appointment_id)
        patient_id = old.patient_id if old is not None else None
        if old is None or patient_id is None:
            return Refusal.NOT_HERS
        if self.listeners.member(tx, conversation_id, patient_id, now) is None:
            return Refusal.NOT_HERS
        seats.enter(tx, patient_id)
        if (known := self.booked(tx, appointment_id)) is not None:
            return known
        if old.state is not State.HOSPITAL_CANCELLED:
            return Refusal.NO_STEP
        return self._book(tx, slot_id, old, conversation_id, now)

    def hers(
        self, tx: Tx, appointment_id: int, conversation_id: int, now: datetime
    ) -> Visit | None:
        """Return a visit of somebody whom a conversation may book for, or None (I7)."""
        visit = self.bookings.visit(tx, appointment_id)
        if visit is None or visit.patient_id is None:
            return None
        known = self.listeners.member(tx, conversation_id, visit.patient_id, now)
        return visit if known is not None else None

    def booked(self, tx: Tx, appointment_id: int) -> Visit | None:
        """Return the visit that was booked in place of another, if one was."""
        row = tx.one(_INSTEAD, appointment_id=appointment_id)
        return self.bookings.visit(tx, row.id) if row else None

    def places(self, tx: Tx, visit: Visit, rank: int, now: datetime) -> list[FreeSlot]:
        """Return the three places that are offered to the patient told as number `rank`."""
        options, zone = self.bookings.options, self.bookings.zone
        wanted = finding.Wanted(departments=(visit.clinic.department,), campus=visit.clinic.campus)
        free = finding.free(tx, wanted, now, options, zone, limit=_LOOKED_AT)
        others = [one for one in free if one.clinic.clinic_id != visit.clinic.clinic_id]
        return offered(others, visit.clinic, rank)

    def say(
        self, name: str, visit: Visit, places: Sequence[FreeSlot], hearer: Hearer, why: str = ""
    ) -> Say:
        """Return what tells of a visit that is off, with places to take instead."""
        lang, zone = hearer.lang, self.bookings.zone
        told = [slot_values(one, lang, zone) for one in places]
        take = f"flow:stopped.take:{{}}.{visit.appointment_id}"
        if visit.state not in LIVE:  # she had not said yes: the booking under way goes on
            take = "flow:booking.slot:{}"
        taps = [
            Button(str(values["label"]), take.format(one.slot_id))
            for one, values in zip(places, told, strict=True)
        ]
        values = {
            **visit_values(visit, lang, zone),
            "reason": visit.clinic.reason or "",
            "here": visit.state is State.CHECKED_IN,
            "booked": visit.state in LIVE,
            "off": visit.clinic.status == STOPPED,
            "others": told,
            "answers": hearer.answers,
            "why": why,
        }
        person = Button(label("none", lang), "#person")
        return Say(name, Kind.NOTICE, values, tuple(taps), (person,))

    def _book(
        self, tx: Tx, slot_id: int, old: Visit, conversation_id: int, now: datetime
    ) -> Visit | Refusal:
        if not self._is_free(tx, slot_id, old, now):
            return Refusal.FULL
        held = self.bookings.hold(
            tx, slot_id, conversation_id, now, patient_id=old.patient_id, verified=True,
            replaces_id=old.appointment_id, offered=True,
        )  # fmt: skip
        if isinstance(held, Refusal):
            return held
        booked = self.bookings.confirm(tx, held.appointment_id, conversation_id, now)
        if isinstance(booked, Refusal):
            self.bookings.release(tx, held.appointment_id, now)
        return booked

    def _is_free(self, tx: Tx, slot_id: int, old: Visit, now: datetime) -> bool:
        """Say whether a place is free for whoever asks: those who wait for it come first."""
        row = tx.one(_CLINIC_OF, slot_id=slot_id)
        if row is None or row.clinic_id == old.clinic.clinic_id:
            return False
        options, zone = self.bookings.options, self.bookings.zone
        free = finding.slots_of(tx, row.clinic_id, now, options, zone)
        return any(one.slot_id == slot_id for one in free)
