"""Somebody who books for two patients inside one transaction, in few words."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from bot.appointments.model import Refusal, Visit
from bot.appointments.options import BookingOptions
from bot.appointments.service import Bookings
from bot.appointments.states import State
from bot.store.booking_tables import AppointmentChange, PatientTime, WaitlistEntry
from bot.store.db import Tx
from tests.helpers.booking import ZONE, add_clinic, add_conversation, add_patient

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)  # a Wednesday, 10:00 in Shanghai
DAY = date(2026, 11, 25)


@dataclass
class Desk:
    """Bookings with a patient or two: `me` in `mine`, `her` in `hers`."""

    tx: Tx
    bookings: Bookings = field(default_factory=lambda: Bookings(BookingOptions(), ZONE))
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.mine = add_conversation(self.tx, "me", NOW)
        self.hers = add_conversation(self.tx, "her", NOW)
        self.me = add_patient(self.tx, "张伟", NOW, self.mine)
        self.her = add_patient(self.tx, "王芳", NOW, self.hers)

    def slot(self, day: date = DAY, **more: Any) -> int:
        return add_clinic(self.tx, day, **more)[1][0]

    def hold(self, slot_id: int, **more: Any) -> Visit | Refusal:
        more = {"patient_id": self.me, **more}
        conversation_id = more.pop("conversation_id", self.mine)
        return self.bookings.hold(self.tx, slot_id, conversation_id, self.now, **more)

    def held(self, slot_id: int, **more: Any) -> Visit:
        held = self.hold(slot_id, **more)
        assert isinstance(held, Visit), held
        return held

    def confirm(self, visit: Visit) -> Visit | Refusal:
        conversation_id, tx = visit.conversation_id, self.tx
        return self.bookings.confirm(tx, visit.appointment_id, conversation_id, self.now)

    def booked(self, slot_id: int, **more: Any) -> Visit:
        booked = self.confirm(self.held(slot_id, **more))
        assert isinstance(booked, Visit), booked
        assert booked.state is State.BOOKED
        return booked

    def assign(self, visit: Visit, patient_id: int, *, verified: bool = True) -> Visit | Refusal:
        return self.bookings.assign(
            self.tx, visit.appointment_id, visit.conversation_id, patient_id, self.now,
            verified=verified,
        )  # fmt: skip

    def cancel(self, visit: Visit, **more: Any) -> Visit | Refusal:
        more = {"actor": "patient", **more}
        return self.bookings.cancel(self.tx, visit.appointment_id, self.now, **more)

    def after(self, visit: Visit) -> Visit:
        found = self.bookings.visit(self.tx, visit.appointment_id)
        assert found is not None
        return found

    def quarters(self) -> dict[int, int]:
        """Return how many quarters each appointment has."""
        with self.tx.session() as session:
            query = sa.select(PatientTime.appointment_id, sa.func.count()).group_by(  # type: ignore[call-overload]
                PatientTime.appointment_id
            )
            return {row[0]: row[1] for row in session.execute(query)}

    def changes(self, visit: Visit) -> list[tuple[str, str, str, str | None]]:
        table = AppointmentChange.__table__  # type: ignore[attr-defined]
        with self.tx.session() as session:
            query = sa.select(table.c.old, table.c.new, table.c.actor, table.c.reason)
            mine = query.where(table.c.appointment_id == visit.appointment_id)
            return [tuple(row) for row in session.execute(mine.order_by(table.c.id))]

    def wait(self, clinic_id: int, patient_id: int, conversation_id: int) -> None:
        with self.tx.session() as session:
            entry = WaitlistEntry(
                clinic_id=clinic_id, patient_id=patient_id, created_at=NOW, updated_at=NOW,
                conversation_id=conversation_id,
            )  # fmt: skip
            session.add(entry)
