"""Visits as the engine of reminders asks about them; `bot.reminders.model.Subject`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.appointments import visits
from bot.appointments.reminding.answers import VisitAnswers
from bot.appointments.reminding.things import PREPARE, VisitReminders
from bot.dialogue.flow import Scene, Step
from bot.dialogue.listeners import Listeners
from bot.reminders.model import Due, Thing
from bot.store.db import Tx
from scheduler.reminders import Reason

#: She is rung where a message is not answered.
FRAIL = "frail"


@dataclass(frozen=True, slots=True)
class VisitSubject:
    """Answers for visits."""

    reminders: VisitReminders
    listeners: Listeners
    answers: VisitAnswers

    def look(self, tx: Tx, about_id: int, now: datetime) -> Thing | None:
        """Return a visit as it is at this instant."""
        return self.look_all(tx, [about_id], now).get(about_id)

    def look_all(self, tx: Tx, about_ids: Collection[int], now: datetime) -> Mapping[int, Thing]:
        """Return visits as they are at this instant."""
        found = visits.several(tx, about_ids)
        patients = {visit.patient_id for visit in found if visit.patient_id is not None}
        frail = self.listeners.frail(tx, patients, now)
        missed = self.reminders.missed(tx, patients, now)
        return {
            visit.appointment_id: self.reminders.thing(
                tx,
                visit,
                now,
                frozenset({FRAIL}) if visit.patient_id in frail else frozenset(),
                missed.get(visit.patient_id or 0, 0),
            )
            for visit in found
        }

    def state_of(self, tx: Tx, due: Due, thing: Thing, now: datetime) -> Reason | None:
        """Return why one reminder of a visit that takes place is not to be told of any more."""
        if due.about_version != thing.version:
            return Reason.MOVED
        kind = self.reminders.planner.kinds.get(due.kind)
        if kind is None or (kind.only is not None and kind.only not in thing.tags):
            return Reason.STOPPED
        if now >= thing.moments["starts"]:
            return Reason.TOO_LATE
        if kind.of == PREPARE:
            visit = visits.visit(tx, due.about_id)
            still = visit is not None and due.occurs_at in self.reminders.preparing_at(visit)
            return None if still else Reason.STOPPED
        moment = thing.moments.get(kind.of)
        return Reason.MOVED if moment is not None and moment != due.occurs_at else None

    def next_moment(self, tx: Tx, thing: Thing, moment: str, after: datetime) -> datetime | None:  # noqa: ARG002
        """Return nothing: all that is told of a visit is planned when it is booked."""
        return None

    def told(self, tx: Tx, due: Due, thing: Thing, outbox_id: int, now: datetime) -> None:
        """Nothing follows by itself: what does, the kind says (`then`)."""

    def answer(self, scene: Scene, dues: Sequence[Due], word: str) -> Step:
        """Take the answer to what one message reminded of."""
        return self.answers.take(scene, list(dict.fromkeys(due.about_id for due in dues)), word)
