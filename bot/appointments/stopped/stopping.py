"""A doctor is absent (停诊): everybody booked is told and offered three other places (BK-11, RM-14).

One visit is one transaction: it is cancelled, whoever booked it is told, and staff get her name where
she should be rung, all or nothing. So one bad row stops nobody else, and whoever begins again after a
crash tells nobody twice. News of a visit that is off goes out at any hour, to those too who stopped
messages: it concerns a visit they have.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import bindparam, exists, func, or_, select, update

from bot.appointments import calls, seats
from bot.appointments.model import Visit
from bot.appointments.rows import appointment, clinic
from bot.appointments.service import Bookings
from bot.appointments.states import LIVE, State
from bot.appointments.stopped.instead import OPEN_FOR, STOPPED, Instead
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Notices
from bot.store.audit import record
from bot.store.db import Tx
from bot.store.statements import Hot

_MOST_REASON = 60
_MANY = 200

_COUNTS = or_(
    appointment.c.state == "held",
    appointment.c.state == "booked",
    appointment.c.state == "checked_in",
)
_TO_SETTLE = Hot(
    select(clinic.c.id)
    .where(
        clinic.c.status == "stopped",
        clinic.c.settled_at.is_(None),
    )
    .order_by(clinic.c.starts_at, clinic.c.id)
)
#: A visit that was booked at the very moment of the stop.
_LATE = Hot(
    select(clinic.c.id)
    .where(
        clinic.c.date >= bindparam("today", type_=clinic.c.date.type),
        clinic.c.status == "stopped",
        clinic.c.settled_at.is_not(None),
        exists().where(appointment.c.clinic_id == clinic.c.id, _COUNTS),
    )
    .order_by(clinic.c.starts_at, clinic.c.id)
)
_VISITS = Hot(
    select(appointment.c.id)
    .where(appointment.c.clinic_id == bindparam("clinic_id"), _COUNTS)
    .order_by(appointment.c.starts_at, appointment.c.id)
    .limit(_MANY)
)
_RANK = Hot(
    select(func.count().label("n")).where(
        appointment.c.clinic_id == bindparam("clinic_id"),
        appointment.c.state == State.HOSPITAL_CANCELLED.value,
    )
)
_SETTLED = Hot(
    update(clinic)
    .where(
        clinic.c.id == bindparam("clinic_id"),
        clinic.c.status == "stopped",
        clinic.c.settled_at.is_(None),
    )
    .values(settled_at=bindparam("settled_at_"))
)


@dataclass(frozen=True, slots=True)
class Stopping:
    """Settles clinics that do not take place.

    Attributes:
        opens: when staff work next, from an instant on; None when they never do.
    """

    bookings: Bookings
    listeners: Listeners
    notices: Notices
    instead: Instead
    opens: Callable[[datetime], datetime | None]

    def to_settle(self, tx: Tx, now: datetime) -> list[int]:
        """Return the clinics that are off and where somebody may not know it yet."""
        late = tx.rows(_LATE, today=self.listeners.today(now))
        return [row.id for row in (*tx.rows(_TO_SETTLE), *late)]

    def visits(self, tx: Tx, clinic_id: int) -> list[int]:
        """Return the appointments of a clinic that still count, a batch of them."""
        return [row.id for row in tx.rows(_VISITS, clinic_id=clinic_id)]

    def settle(self, tx: Tx, appointment_id: int, now: datetime) -> bool:
        """Cancel one visit of a clinic that is off, and tell her; False where nothing is to be done."""
        visit = self.bookings.visit(tx, appointment_id)
        if visit is None or visit.clinic.status != STOPPED:
            return False
        return self._cancel(tx, visit, visit.clinic.reason or STOPPED, now)

    def refused(self, tx: Tx, appointment_id: int, now: datetime) -> None:
        """Cancel a visit that the hospital's own system does not take, and tell her."""
        visit = self.bookings.visit(tx, appointment_id)
        if visit is not None:
            self._cancel(tx, visit, calls.REFUSED, now)

    def give_up(self, tx: Tx, appointment_id: int, now: datetime) -> bool:
        """Cancel a visit that cannot be told of by message, and let staff ring."""
        visit = self.bookings.visit(tx, appointment_id)
        if (
            visit is None
            or visit.clinic.status != STOPPED
            or not self._off(tx, visit, STOPPED, now)
        ):
            return False
        calls.ask(tx, appointment_id, "unreachable", self.due(visit, now))
        return True

    def finish(self, tx: Tx, clinic_id: int, now: datetime) -> bool:
        """Note that everybody was told, if nobody is left."""
        seats.enter(tx)
        if self.visits(tx, clinic_id):
            return False
        if tx.run(_SETTLED, clinic_id=clinic_id, settled_at_=now):
            record(tx, now, "system", "clinic.settled", None, f"clinic {clinic_id}")
            return True
        return False

    def due(self, visit: Visit, now: datetime) -> datetime:
        """Return when staff should ring: as soon as they work, at once where that is too late."""
        opens = self.opens(now)
        return opens if opens is not None and opens < visit.starts_at else now

    def _cancel(self, tx: Tx, visit: Visit, reason: str, now: datetime) -> bool:
        to = visit.conversation_id
        if visit.patient_id is not None:
            found = self.listeners.of(tx, to, visit.patient_id, now)
            if found is None and self._off(tx, visit, reason, now):
                calls.ask(tx, visit.appointment_id, "unreachable", self.due(visit, now))
                return True
            to = found or to
        session = self.notices.session(tx, to, now)  # the conversation first, as a turn locks it
        if not self._off(tx, visit, reason, now):
            return False
        if visit.state in LIVE:
            self._tell(tx, visit, to, now)
            self._ask_to_ring(tx, visit, to, now)
        elif not visit.offered and (session.draft or {}).get("held") == visit.appointment_id:
            self._tell(tx, visit, to, now)
        return True

    def _off(self, tx: Tx, visit: Visit, reason: str, now: datetime) -> bool:
        """Cancel it; False where somebody did before."""
        if visit.state not in (*LIVE, State.HELD):
            return False
        changed = self.bookings.hospital_cancel(
            tx, visit.appointment_id, now, reason=reason[:_MOST_REASON], actor="system"
        )
        return isinstance(changed, Visit)

    def _tell(self, tx: Tx, visit: Visit, to: int, now: datetime) -> None:
        rank = tx.one(_RANK, clinic_id=visit.clinic.clinic_id).n - 1
        places = self.instead.places(tx, visit, rank, now)
        self.notices.tell(
            tx, to, partial(self.instead.say, "stopped/told", visit, places), now,
            until=now + OPEN_FOR, dedupe_key=key_of(visit.appointment_id),
        )  # fmt: skip

    def _ask_to_ring(self, tx: Tx, visit: Visit, to: int, now: datetime) -> None:
        """Let staff ring whoever may not manage with a message."""
        if visit.patient_id is None:
            return
        member = self.listeners.member(tx, to, visit.patient_id, now)
        if member is not None and member.frail:
            calls.ask(tx, visit.appointment_id, "frail", self.due(visit, now))


def key_of(appointment_id: int) -> str:
    """Return the key of the one message that tells of a visit that is off."""
    return f"{KEY}{appointment_id}"


#: How the keys of those messages begin.
KEY = "stopped:"
