"""What a patient answers to the reminder of a visit: she comes, or wants to move or cancel it.

Nothing is changed here: moving and cancelling go on where every change is asked about (I6). An answer
that comes after the visit changed says how things stand now.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.appointments.changes.own import Own
from bot.appointments.changes.said import FLOW, Telling, shortcut
from bot.appointments.links import course_of
from bot.appointments.model import Visit
from bot.appointments.states import State
from bot.appointments.stopped.instead import STOPPED
from bot.dialogue.flow import Goto, Scene, Step
from bot.message import Kind, Say

CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class VisitAnswers:
    """Takes them."""

    own: Own
    telling: Telling

    def take(self, scene: Scene, appointment_ids: Sequence[int], word: str) -> Step:
        """Take `word` to the reminder of these visits, as far as this conversation may see them (I7)."""
        reminded = [self.own.visit(scene, one) for one in appointment_ids]
        hers = [visit for visit in reminded if visit is not None]
        if not hers:
            return self.telling.told(scene, "not_hers")
        open_ones = [visit for visit in hers if _is_open(scene, visit)]
        if word == CONFIRM and (coming := [visit for visit in hers if _comes(scene, visit)]):
            return self._thanks(scene, coming, hers)
        if not open_ones:
            return self._over(scene, hers, word)
        if len(open_ones) == 1:
            return Step(goto=Goto(FLOW, word, {"choice": open_ones[0].appointment_id}))
        return Step(goto=Goto(FLOW, word, {"among": [one.appointment_id for one in open_ones]}))

    def _thanks(self, scene: Scene, coming: Sequence[Visit], hers: Sequence[Visit]) -> Step:
        changed = [visit for visit in hers if visit not in coming]
        values = {
            "visits": [self.telling.values(scene, visit) for visit in coming],
            "changed": [self.telling.values(scene, visit) for visit in changed],
        }
        mine = shortcut("mine", scene.session.lang)
        return Step((Say("reminders/visit_confirmed", Kind.NOTICE, values, shortcuts=(mine,)),))

    def _over(self, scene: Scene, hers: Sequence[Visit], word: str) -> Step:
        """Say how things stand with a visit that is not what the reminder said any more."""
        visit = hers[0]
        now_at = self._instead(scene, visit)
        if now_at is not None:
            values = {
                "old": self.telling.values(scene, visit), "new": self.telling.values(scene, now_at)
            }  # fmt: skip
            mine = shortcut("mine", scene.session.lang)
            return Step((Say("reminders/visit_changed", Kind.NOTICE, values, shortcuts=(mine,)),))
        if word != CONFIRM:  # it knows each state, and what can be done instead
            return Step(goto=Goto(FLOW, word, {"choice": visit.appointment_id}))
        return self.telling.told(scene, "not_any_more", self.telling.values(scene, visit))

    def _instead(self, scene: Scene, visit: Visit) -> Visit | None:
        """Return what took the place of a visit and is still to come."""
        course = course_of(scene.tx, visit.appointment_id)
        if course is None or course.last == visit.appointment_id:
            return None
        found = self.own.visit(scene, course.last)
        return found if found is not None and _is_open(scene, found) else None


def _is_open(scene: Scene, visit: Visit) -> bool:
    on = visit.clinic.status != STOPPED
    return visit.state is State.BOOKED and on and visit.starts_at > scene.now


def _comes(scene: Scene, visit: Visit) -> bool:
    return visit.state is State.CHECKED_IN or _is_open(scene, visit)
