"""Appointments, from the hold of a place to what became of it. Never commits.

Every change passes the gate of `seats`, is a step of `states`, and leaves an `AppointmentChange` and
an audit entry in the same transaction. Doing something twice is doing it once; whoever lost a race
gets a `Refusal`, never an error.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.appointments import checks, rules, seats, steps, visits
from bot.appointments.checks import CLOCK
from bot.appointments.model import Refusal, Visit
from bot.appointments.options import BookingOptions
from bot.appointments.rules import Missed
from bot.appointments.states import LIVE, NEXT, State
from bot.store.db import Tx

#: Who acts where nobody else is named.
PATIENT = "patient"
#: What a visit was cancelled for that another took the place of.
MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Bookings:
    """Everything that can happen to an appointment.

    Attributes:
        follow: called after each step of a visit, in its transaction, with what it was before: what
            hangs on the visit becomes what it should be.
    """

    options: BookingOptions
    zone: ZoneInfo
    follow: Callable[[Tx, int, State, datetime], None] = field(
        default=lambda *_: None, repr=False, compare=False
    )

    def hold(
        self,
        tx: Tx,
        slot_id: int,
        conversation_id: int,
        now: datetime,
        *,
        patient_id: int | None = None,
        verified: bool = True,
        replaces_id: int | None = None,
        offered: bool = False,
        minutes: int | None = None,
        request_key: str | None = None,
    ) -> Visit | Refusal:
        """Keep a place for a conversation for some minutes.

        What the conversation held before because it asked is let go, once the new place is sure. The
        place just asked for again is the same hold.

        Args:
            patient_id: who it is for, where that is known; a move is for whoever the old visit is.
            verified: whether an account holder who proved her phone vouches for the patient.
            replaces_id: the visit that ends when this one is confirmed.
            offered: the hospital offers it: it passes those who wait, and any pool may give it.
            request_key: the same key is the same hold, whatever became of it.
        """
        seats.enter(tx)
        known = visits.of_request(tx, request_key) if request_key else None
        if known is not None:
            return known if known.conversation_id == conversation_id else Refusal.NOT_HERS
        place = steps.place(tx, slot_id)
        if place is None:
            return Refusal.FULL
        before = None if offered else visits.hold_of(tx, conversation_id)
        old = steps.load(tx, replaces_id) if replaces_id is not None else None
        if old is not None and patient_id is None:
            patient_id = old.patient_id
        if before is not None and _same(before, slot_id, patient_id, replaces_id, now):
            return before
        refusal = self._refused(tx, place, before, old, patient_id, now, verified, offered)
        if refusal is None and patient_id is None and not offered:
            refusal = checks.hoards(tx, conversation_id, now)
        if refusal is not None:
            return refusal
        if before is not None:
            row = steps.load(tx, before.appointment_id)
            self._step(tx, row, State.CANCELLED, now, actor=PATIENT, reason="another place")
        until = now + timedelta(minutes=minutes or self.options.hold_minutes)
        taken = seats.take(
            tx, slot_id, seats.free_number(tx), conversation_id, until, now, patient_id=patient_id,
            fee_fen=place.fee_fen, offered=offered, replaces_id=replaces_id, request_key=request_key,
        )  # fmt: skip
        if taken is None:
            return Refusal.FULL
        if patient_id is not None:
            seats.take_time(tx, patient_id, taken, checks.times(place))
        actor = CLOCK if offered else PATIENT
        steps.note(tx, taken, conversation_id, "", State.HELD, now, actor=actor)
        return visits.certain(tx, taken)

    def _refused(
        self,
        tx: Tx,
        place: Any,
        before: Visit | None,
        old: Any,
        patient_id: int | None,
        now: datetime,
        verified: bool,
        offered: bool,
    ) -> Refusal | None:
        """Return why a place cannot be held: the visit it would replace, the place, the patient."""
        refusal = checks.cannot_replace(old, patient_id, now) if old is not None else None
        if refusal is None:
            refusal = checks.no_place(tx, place, before, now, self.options, offered=offered)
        if refusal is not None or patient_id is None:
            return refusal
        without = [before.appointment_id] if before is not None else []
        return checks.not_for(
            tx, patient_id, place, now, self.options, verified=verified, moves=checks.is_move(old),
            without=[*without, old.id] if old is not None else without,
        )  # fmt: skip

    def assign(
        self,
        tx: Tx,
        appointment_id: int,
        conversation_id: int,
        patient_id: int,
        now: datetime,
        *,
        verified: bool,
    ) -> Visit | Refusal:
        """Say who a held place is for; refused, it stays as it was."""
        seats.enter(tx)
        row = steps.load(tx, appointment_id)
        if row is None or row.conversation_id != conversation_id:
            return Refusal.NOT_HERS
        if row.patient_id == patient_id:
            return visits.certain(tx, appointment_id)
        old = steps.load(tx, row.replaces_id) if row.replaces_id is not None else None
        refusal = checks.not_held(row, now)
        if refusal is None and old is not None:
            refusal = checks.cannot_replace(old, patient_id, now)
        refusal = refusal or checks.not_for(
            tx, patient_id, row, now, self.options, verified=verified, moves=checks.is_move(old),
            without=[row.id, old.id] if old is not None else [row.id],
        )  # fmt: skip
        if refusal is not None:
            return refusal
        seats.free_time(tx, row.id)
        steps.assign(tx, row, patient_id, now, actor=PATIENT)
        seats.take_time(tx, patient_id, row.id, checks.times(row))
        return visits.certain(tx, appointment_id)

    def confirm(
        self,
        tx: Tx,
        appointment_id: int,
        conversation_id: int,
        now: datetime,
        *,
        actor: str = PATIENT,
    ) -> Visit | Refusal:
        """Book what is held; the visit that it replaces ends in the same step."""
        seats.enter(tx)
        row = steps.load(tx, appointment_id)
        if row is None or row.conversation_id != conversation_id:
            return Refusal.NOT_HERS
        if State(row.state) in LIVE:
            return visits.certain(tx, appointment_id)
        if row.patient_id is None:
            return checks.not_held(row, now) or Refusal.NO_STEP
        old = steps.load(tx, row.replaces_id) if row.replaces_id is not None else None
        refusal = checks.not_held(row, now) or self._clashes(tx, row, old, now)
        if refusal is not None:
            return refusal
        if old is not None and State(old.state) in LIVE:
            self._step(tx, old, State.CANCELLED, now, actor=actor, reason=MOVED)
        seats.take_time(tx, row.patient_id, row.id, checks.times(row))
        self._step(tx, row, State.BOOKED, now, actor=actor)
        return visits.certain(tx, appointment_id)

    def _clashes(self, tx: Tx, row: Any, old: Any, now: datetime) -> Refusal | None:
        """Return why what is held cannot be booked: the old visit may have changed meanwhile."""
        seats.enter(tx, row.patient_id)
        if old is not None and (refusal := checks.cannot_replace(old, row.patient_id, now)):
            return refusal
        without = [row.id] if old is None else [row.id, old.id]
        clash = seats.clashes(tx, row.patient_id, checks.times(row), without)
        return Refusal.CLASH if clash else None

    def cancel(
        self,
        tx: Tx,
        appointment_id: int,
        now: datetime,
        *,
        actor: str,
        reason: str | None = None,
        by_desk: bool = False,
    ) -> Visit | Refusal:
        """Give a visit back; the patient only until the cut-off of its clinic, the desk always (BK-07).

        What is only held can always be let go.
        """
        seats.enter(tx)
        row = steps.load(tx, appointment_id)
        if row is None:
            return Refusal.NO_STEP
        if (
            not by_desk
            and State(row.state) in LIVE
            and not (row.state == State.BOOKED and rules.may_cancel(row.cancel_until, now))
        ):
            return Refusal.TOO_LATE
        return self._become(tx, row, State.CANCELLED, now, actor, reason)

    def release(self, tx: Tx, appointment_id: int, now: datetime, *, actor: str = PATIENT) -> None:
        """Let go what is held; anything else stays as it is."""
        seats.enter(tx)
        row = steps.load(tx, appointment_id)
        if row is not None and row.state == State.HELD:
            self._step(tx, row, State.CANCELLED, now, actor=actor, reason="released")

    def check_in(
        self, tx: Tx, appointment_id: int, now: datetime, *, actor: str
    ) -> Visit | Refusal:
        """She is here."""
        return self._change(tx, appointment_id, State.CHECKED_IN, now, actor)

    def finish(self, tx: Tx, appointment_id: int, now: datetime, *, actor: str) -> Visit | Refusal:
        """She was seen; also where it was thought that she did not come."""
        return self._change(tx, appointment_id, State.DONE, now, actor)

    def miss(self, tx: Tx, appointment_id: int, now: datetime, *, actor: str) -> Visit | Refusal:
        """She did not come (爽约); never before her time began."""
        seats.enter(tx)  # before the appointment is locked, as every other change does
        row = steps.load(tx, appointment_id)
        if row is not None and now < row.starts_at:
            return Refusal.NO_STEP
        return self._change(tx, appointment_id, State.NO_SHOW, now, actor)

    def hospital_cancel(
        self, tx: Tx, appointment_id: int, now: datetime, *, reason: str, actor: str
    ) -> Visit | Refusal:
        """Take a visit back in the name of the hospital; that never counts against the patient."""
        return self._change(tx, appointment_id, State.HOSPITAL_CANCELLED, now, actor, reason)

    def excuse(
        self, tx: Tx, appointment_id: int, now: datetime, *, actor: str, reason: str | None = None
    ) -> Visit | Refusal:
        """Let a missed visit count no longer: an appeal was heard (BK-08)."""
        seats.enter(tx)
        row = steps.load(tx, appointment_id)
        if row is None or row.state != State.NO_SHOW:
            return Refusal.NO_STEP
        steps.excuse(tx, row, now, actor=actor, reason=reason)
        return visits.certain(tx, appointment_id)

    def visit(self, tx: Tx, appointment_id: int) -> Visit | None:
        """Return one visit; ask `belongs` before anything of it is told."""
        return visits.visit(tx, appointment_id)

    def of_patients(
        self, tx: Tx, patient_ids: Collection[int], now: datetime, *, past: bool = False
    ) -> list[Visit]:
        """See `visits.of_patients`."""
        return visits.of_patients(tx, patient_ids, now, past=past)

    def belongs(
        self, tx: Tx, appointment_id: int, conversation_id: int, patient_ids: Collection[int]
    ) -> bool:
        """See `visits.belongs`: asked before every act and every look (I7)."""
        return visits.belongs(tx, appointment_id, conversation_id, patient_ids)

    def expire(self, tx: Tx, now: datetime, limit: int = 200) -> list[Visit]:
        """Let go the holds whose time is over; return them.

        A confirmation that came first has won, and one that comes later is refused (I-05).
        """
        if not visits.lapsed(tx, now, 1):
            return []
        seats.enter(tx)
        over = visits.lapsed(tx, now, limit)
        for appointment_id in over:
            row = steps.load(tx, appointment_id)
            self._step(tx, row, State.EXPIRED, now, actor=CLOCK)
        return [visits.certain(tx, appointment_id) for appointment_id in over]

    def missed(self, tx: Tx, patient_id: int, now: datetime) -> Missed:
        """Return what visits that she missed mean for her now (BK-08)."""
        return checks.missed(tx, patient_id, now, self.options)

    def _step(
        self, tx: Tx, row: Any, new: State, now: datetime, *, actor: str, reason: str | None = None
    ) -> None:
        """Do one step, and let what hangs on the visit follow it."""
        steps.step(tx, row, new, now, actor=actor, reason=reason)
        self.follow(tx, row.id, State(row.state), now)

    def _change(
        self,
        tx: Tx,
        appointment_id: int,
        new: State,
        now: datetime,
        actor: str,
        reason: str | None = None,
    ) -> Visit | Refusal:
        seats.enter(tx)
        row = steps.load(tx, appointment_id)
        return Refusal.NO_STEP if row is None else self._become(tx, row, new, now, actor, reason)

    def _become(
        self, tx: Tx, row: Any, new: State, now: datetime, actor: str, reason: str | None = None
    ) -> Visit | Refusal:
        """Do a step, or nothing where it was done before."""
        old = State(row.state)
        if old is not new:
            if new not in NEXT[old]:
                return Refusal.NO_STEP
            if new is State.CHECKED_IN and row.status != "on":
                return Refusal.STOPPED
            self._step(tx, row, new, now, actor=actor, reason=reason)
        return visits.certain(tx, row.id)


def _same(
    before: Visit, slot_id: int, patient_id: int | None, replaces_id: int | None, now: datetime
) -> bool:
    """Whether a hold is what is asked for again."""
    return (
        before.slot_id == slot_id
        and before.replaces_id == replaces_id
        and patient_id in (None, before.patient_id)
        and before.held_until is not None
        and before.held_until > now
    )
