"""A revisit is due in a window, never on a day: told as it opens, in its middle, as it closes (RM-10).

Whoever has a visit in that department by then hears nothing; whoever never came is listed for staff.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

from bot.care import shapes
from bot.care.kind import Once, begin_of, department_of, end_of, name_of
from bot.care.plans import Plan
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.sessions import Expect
from bot.reminders.model import Due
from bot.store.db import Tx
from scheduler.hours import local_day
from scheduler.reminders import Reason

#: A visit so many days before or after the window is what was meant.
_NEAR = timedelta(days=3)


class Booked(Protocol):
    """Knows what is booked; the appointments do, by `bot.wiring.care`."""

    def __call__(
        self, tx: Tx, patient_id: int, department: str, named: str, first: datetime, last: datetime
    ) -> bool:
        """Say whether a patient has, or had, a visit in a department between two instants.

        Args:
            department: its code; empty: the one that is `named` so; both empty: any.
        """
        ...


@dataclass(frozen=True, slots=True)
class RevisitKind(Once):
    """Plans of kind "revisit": the window is `starts_on` to `ends_on`."""

    booked: Booked
    shape: ClassVar[type[Any]] = shapes.Revisit

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:  # noqa: ARG002
        """Return when the window opens, its middle, and its last day; each day once."""
        last = plan.ends_on or plan.starts_on
        middle = plan.starts_on + (last - plan.starts_on) // 2
        days = {plan.starts_on: "open", middle: "middle", last: "close"}
        if middle == plan.starts_on and plan.starts_on != last:
            days[middle] = "open"
        return {name: begin_of(day, plan.zone) for day, name in days.items()}

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:
        """Return who should be seen where, and until when."""
        told = shapes.read(shapes.Revisit, plan.details)
        name, place = department_of(tx, told.department, told.department_name, lang)
        last = plan.ends_on or plan.starts_on
        today = local_day(now, ZoneInfo(plan.zone))
        return {
            "who": name_of(tx, plan.patient_id), "department": name, "place": place,
            "doctor": told.doctor_name, "first": plan.starts_on, "last": last,
            "is_last": today >= last, "has_begun": today >= plan.starts_on,
        }  # fmt: skip

    def state_of(self, tx: Tx, due: Due, plan: Plan, now: datetime) -> Reason | None:  # noqa: ARG002
        """Return that it is done where she has a visit there about that time."""
        if plan.patient_id is None:
            return None
        told = shapes.read(shapes.Revisit, plan.details)
        first = begin_of(plan.starts_on, plan.zone) - _NEAR
        last = end_of(plan.ends_on or plan.starts_on, plan.zone) + _NEAR
        is_booked = self.booked(
            tx, plan.patient_id, told.department, told.department_name, first, last
        )
        return Reason.DONE if is_booked else None

    def answer(self, scene: Scene, dues: Sequence[Due], plan: Plan, word: str) -> Step:
        """Go on to booking in that department; or end the plan where she came already."""
        if word != "book":
            return Once.answer(self, scene, dues, plan, word)
        return book(scene, shapes.read(shapes.Revisit, plan.details).department)


def book(scene: Scene, department: str) -> Step:
    """Let her book, in a department where one is known, as if she had tapped on it."""
    named = {"departments": [department]} if department else None
    scene.asked = Expect(0, [], scene.now.isoformat(), named)
    return Step(goto=Goto("booking", "start"))
