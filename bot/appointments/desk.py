"""What the desk does to a visit: she is here, was seen, did not come; excused, or cancelled for her.

The patient hears of whatever she did not do herself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.appointments import telling
from bot.appointments.day.queue import Queue
from bot.appointments.model import Refusal, Visit
from bot.appointments.service import Bookings
from bot.appointments.states import LIVE
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Hearer, Notices
from bot.message import Kind, Say
from bot.store.db import Tx


class Act(StrEnum):
    """What can be done at the desk."""

    CHECK_IN = "check_in"
    DONE = "done"
    MISSED = "missed"
    EXCUSE = "excuse"
    CANCEL = "cancel"


class Why(StrEnum):
    """Why a visit is cancelled at the desk, or a missed one excused; no words of a patient."""

    ASKED = "asked"  # she asked for it, by phone or at the window
    TWICE = "twice"  # booked twice, or for the wrong person or department
    HOSPITAL = "hospital"  # the hospital cannot see her
    CAME = "came"  # she had come, or came late
    ILL = "ill"  # she could not come: illness, an accident, the weather
    ERROR = "error"  # a mistake of ours


#: What goes with what.
REASONS = {
    Act.CANCEL: (Why.ASKED, Why.TWICE, Why.HOSPITAL),
    Act.EXCUSE: (Why.CAME, Why.ILL, Why.ERROR),
}
_ON_THE_DAY = frozenset({Act.CHECK_IN, Act.DONE})


@dataclass(frozen=True, slots=True)
class Desk:
    """Changes visits in the name of a member of staff.

    Attributes:
        refused: cancels a visit in the hospital's name, tells the patient and offers other places.
    """

    bookings: Bookings
    queue: Queue
    listeners: Listeners
    notices: Notices
    refused: Callable[[Tx, int, datetime], object]

    def do(
        self, tx: Tx, appointment_id: int, act: Act, why: Why | None, now: datetime, actor: str
    ) -> Visit | Refusal:
        """Do one thing to one visit; done before, nothing happens again.

        Nobody is here, or was seen, before the day of her visit.
        """
        if act in _ON_THE_DAY and self._is_early(tx, appointment_id, now):
            return Refusal.NO_STEP
        match act:
            case Act.CHECK_IN:
                done = self.bookings.check_in(tx, appointment_id, now, actor=actor)
                if isinstance(done, Visit):
                    self.queue.join(tx, appointment_id, now)
                return done
            case Act.DONE:
                return self.bookings.finish(tx, appointment_id, now, actor=actor)
            case Act.MISSED:
                return self.bookings.miss(tx, appointment_id, now, actor=actor)
            case Act.EXCUSE:
                reason = why.value if why else None
                return self.bookings.excuse(tx, appointment_id, now, actor=actor, reason=reason)
            case Act.CANCEL:
                return self._cancel(tx, appointment_id, why, now, actor)

    def _is_early(self, tx: Tx, appointment_id: int, now: datetime) -> bool:
        found = self.bookings.visit(tx, appointment_id)
        today = now.astimezone(self.bookings.zone).date()
        return found is not None and today < found.clinic.date

    def _cancel(
        self, tx: Tx, appointment_id: int, why: Why | None, now: datetime, actor: str
    ) -> Visit | Refusal:
        before = self.bookings.visit(tx, appointment_id)
        if before is None or before.state not in LIVE:
            return Refusal.NO_STEP
        if why is Why.HOSPITAL:
            self.refused(tx, appointment_id, now)
            return self.bookings.visit(tx, appointment_id) or Refusal.NO_STEP
        done = self.bookings.cancel(
            tx, appointment_id, now, actor=actor, reason=why.value if why else None, by_desk=True
        )
        if isinstance(done, Visit) and done.patient_id is not None:
            to = self.listeners.of(tx, done.conversation_id, done.patient_id, now)
            if to is not None:
                self._tell(tx, done, to, now)
        return done

    def _tell(self, tx: Tx, visit: Visit, to: int, now: datetime) -> None:
        def say(hearer: Hearer) -> Say:
            values = telling.visit_values(visit, hearer.lang, self.bookings.zone)
            return Say("visits/desk_cancelled", Kind.NOTICE, {**values, "paid": visit.fee > 0})

        self.notices.tell(tx, to, say, now, dedupe_key=f"desk-cancelled:{visit.appointment_id}")
