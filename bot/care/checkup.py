"""A check-up every year: the same month next year, told some weeks ahead (RM-10, G13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from bot.care import shapes
from bot.care.kind import Once, begin_of, name_of, thanks
from bot.care.plans import Plan
from bot.care.revisit import book
from bot.dialogue.flow import Scene, Step
from bot.reminders.model import Due
from bot.store.db import Tx
from scheduler.hours import local_day
from scheduler.recurrence import add_months

_YEAR = 12


@dataclass(frozen=True, slots=True)
class CheckupKind(Once):
    """Plans of kind "checkup": `starts_on` is when she last had one, or the month she chose."""

    shape: ClassVar[type[Any]] = shapes.Checkup

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:
        """Return the day of the next one; it comes again each year."""
        day = due_after(plan, local_day(now, ZoneInfo(plan.zone)) - timedelta(days=1))
        return {"due": begin_of(day, plan.zone)} if day is not None else {}

    def next_moment(self, plan: Plan, moment: str, after: datetime) -> datetime | None:
        """Return the one of the year after."""
        day = due_after(plan, local_day(after, ZoneInfo(plan.zone))) if moment == "due" else None
        return begin_of(day, plan.zone) if day is not None else None

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:  # noqa: ARG002
        """Return who is due, and in which month."""
        told = shapes.read(shapes.Checkup, plan.details)
        day = due_after(plan, local_day(now, ZoneInfo(plan.zone)) - timedelta(days=1))
        return {
            "who": name_of(tx, plan.patient_id), "due": day or plan.starts_on,
            "month": (day or plan.starts_on).month, "package": told.package,
        }  # fmt: skip

    def answer(self, scene: Scene, dues: Sequence[Due], plan: Plan, word: str) -> Step:  # noqa: ARG002
        """Go on to booking; done is done for this year, and the next one is told of again."""
        return book(scene, "") if word == "book" else thanks("done_this_year")


def due_after(plan: Plan, after: date) -> date | None:
    """Return the first anniversary after a day; 29 February is the 28th in other years."""
    years = max(1, after.year - plan.starts_on.year)
    for ahead in (years, years + 1):
        due = add_months(plan.starts_on, ahead * _YEAR)
        if due > after:
            return due if plan.ends_on is None or due <= plan.ends_on else None
    return None
