"""The visits that a conversation may see and change: those of its own people, and nobody else's (I7)."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.appointments import visits
from bot.appointments.links import course_of
from bot.appointments.model import Visit
from bot.appointments.service import MOVED, Bookings
from bot.appointments.states import State
from bot.dialogue.flow import Scene
from bot.dialogue.listeners import sees
from bot.dialogue.people import Family, Member

#: Cancelled, but only a place that was held: nothing a patient would call a visit.
_NEVER_BOOKED = frozenset({"another place", "released", MOVED})
_OVER = {State.DONE, State.NO_SHOW, State.CANCELLED, State.HOSPITAL_CANCELLED}


@dataclass(frozen=True, slots=True)
class Own:
    """Every look at a visit goes through here."""

    bookings: Bookings
    family: Family

    def members(self, scene: Scene) -> Sequence[Member]:
        """Return whom this conversation may book for."""
        today = scene.now.astimezone(self.bookings.zone).date()
        return self.family.members(scene.tx, scene.conversation_id, today)

    def visit(self, scene: Scene, appointment_id: int) -> Visit | None:
        """Return a visit that this conversation may see and change, or None (I7)."""
        members = self.members(scene)
        ids = [member.patient_id for member in members]
        if not self.bookings.belongs(scene.tx, appointment_id, scene.conversation_id, ids):
            return None
        visit = self.bookings.visit(scene.tx, appointment_id)
        return visit if visit is not None and _sees(scene, members, visit) else None

    def to_come(self, scene: Scene) -> list[Visit]:
        """Return what is still to come, soonest first; what the hospital cancelled is among it."""
        members = self.members(scene)
        ids = [member.patient_id for member in members]
        found = self.bookings.of_patients(scene.tx, ids, scene.now)
        past = self.bookings.of_patients(scene.tx, ids, scene.now, past=True)
        found += [visit for visit in past if _lost(scene, visit)]
        held = visits.hold_of(scene.tx, scene.conversation_id)
        if held is not None and held.patient_id is None and is_held(scene, held):
            found.append(held)
        seen = [visit for visit in found if _sees(scene, members, visit)]
        return sorted(seen, key=lambda visit: (visit.starts_at, visit.appointment_id))

    def past(self, scene: Scene) -> list[Visit]:
        """Return what is over, latest first."""
        members = self.members(scene)
        ids = [member.patient_id for member in members]
        return [
            visit
            for visit in self.bookings.of_patients(scene.tx, ids, scene.now, past=True)
            if visit.state in _OVER and visit.reason not in _NEVER_BOOKED
            and _sees(scene, members, visit) and not _lost(scene, visit)
        ]  # fmt: skip

    def verified(self, scene: Scene, visit: Visit) -> bool:
        """Say whether an account holder vouches for the patient of a visit."""
        members = self.members(scene)
        return any(one.verified for one in members if one.patient_id == visit.patient_id)


def is_held(scene: Scene, visit: Visit) -> bool:
    """Say whether a place is still kept."""
    held = visit.state is State.HELD and visit.held_until is not None
    return held and visit.held_until is not None and visit.held_until > scene.now


def _sees(scene: Scene, members: Sequence[Member], visit: Visit) -> bool:
    return sees(members, visit.patient_id, visit.conversation_id, scene.conversation_id)


def _lost(scene: Scene, visit: Visit) -> bool:
    """Say whether the hospital cancelled a visit that was still to come, and nothing took its place."""
    if visit.state is not State.HOSPITAL_CANCELLED or visit.starts_at <= scene.now:
        return False
    course = course_of(scene.tx, visit.appointment_id)
    return course is not None and course.last == visit.appointment_id
