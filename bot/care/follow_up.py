"""Asking whoever went home how she is, on the days of her level (RM-11).

Only the question of the hospital's table is asked, and nothing is ever advised: "better" is thanked for,
"worse" goes to a person at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from bot.care import shapes
from bot.care.kind import Once, begin_of, name_of, thanks
from bot.care.levels import Level, Levels
from bot.care.plans import Plan
from bot.dialogue.flow import Goto, Scene, Step
from bot.message import Kind, Say
from bot.reminders.model import Due
from bot.store.db import Tx
from scheduler.hours import local_day

#: Who takes up what got worse, and how staff read why.
_DESK, _WORSE = "followup", "worse"


@dataclass(frozen=True, slots=True)
class FollowUpKind(Once):
    """Plans of kind "follow_up": she went home on `starts_on`."""

    levels: Levels
    shape: ClassVar[type[Any]] = shapes.FollowUp

    def problems(self, details: Mapping[str, Any]) -> Sequence[str]:
        """Return what is wrong with details; the level must be in the table."""
        wrong = list(shapes.problems(self.shape, details))
        if not wrong and details["level"] not in self.levels.levels:
            wrong.append(f"level: expected one of {', '.join(self.levels.levels)}")
        return wrong

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:
        """Return the next day on which she is asked."""
        day = self._after(plan, local_day(now, ZoneInfo(plan.zone)) - timedelta(days=1))
        return {"due": begin_of(day, plan.zone)} if day is not None else {}

    def next_moment(self, plan: Plan, moment: str, after: datetime) -> datetime | None:
        """Return the day after that; None where she was asked for the last time."""
        if moment != "due":
            return None
        day = self._after(plan, local_day(after, ZoneInfo(plan.zone)))
        return begin_of(day, plan.zone) if day is not None else None

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:
        """Return the question, and how many days ago she went home."""
        told = shapes.read(shapes.FollowUp, plan.details)
        level = self._level(plan)
        gone = (local_day(now, ZoneInfo(plan.zone)) - plan.starts_on).days
        number = sum(day <= gone for day in level.days) - 1 if level else 0
        return {
            "who": name_of(tx, plan.patient_id), "days": gone, "call": told.call,
            "question": level.question(number, lang) if level else "",
            "is_last": level is None or gone >= level.days[-1],
        }  # fmt: skip

    def answer(self, scene: Scene, dues: Sequence[Due], plan: Plan, word: str) -> Step:  # noqa: ARG002
        """Thank her; or let a person take over at once."""
        if word != _WORSE:
            return thanks(word)
        return Step(
            (Say("care/worse", Kind.NOTICE),),
            Goto("handoff", "open", {"desk": _DESK, "reason": _WORSE}),
        )

    def first(self, level: str, went_home: date) -> date | None:
        """Return the day on which somebody of a level is asked first; None where it is not known."""
        known = self.levels.levels.get(level)
        return went_home + timedelta(days=known.days[0]) if known else None

    def _level(self, plan: Plan) -> Level | None:
        return self.levels.levels.get(shapes.read(shapes.FollowUp, plan.details).level)

    def _after(self, plan: Plan, after: date) -> date | None:
        """Return the first day of the level after another day."""
        level = self._level(plan)
        days = (plan.starts_on + timedelta(days=day) for day in (level.days if level else ()))
        return next((day for day in days if day > after), None)
