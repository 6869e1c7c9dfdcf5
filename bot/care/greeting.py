"""Greetings: a birthday, a festival, how somebody is some time after a stay (A19).

Only who asked for them has such a plan, and the engine asks again at the second of sending: never to the
bereaved, never at night.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from bot.care import shapes
from bot.care.festivals import Festivals, soonest, yearly
from bot.care.kind import Once, begin_of, name_of
from bot.care.mourning import mourns
from bot.care.plans import Plan
from bot.reminders.model import Due
from bot.store.db import Tx
from scheduler.hours import local_day
from scheduler.reminders import Reason


@dataclass(frozen=True, slots=True)
class GreetingKind(Once):
    """Plans of kind "greeting"."""

    festivals: Festivals
    shape: ClassVar[type[Any]] = shapes.Greeting

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:
        """Return the next day on which she is greeted."""
        day = self._next(plan, local_day(now, ZoneInfo(plan.zone)))
        return {"day": begin_of(day, plan.zone)} if day is not None else {}

    def next_moment(self, plan: Plan, moment: str, after: datetime) -> datetime | None:
        """Return the day after that."""
        if moment != "day":
            return None
        day = self._next(
            plan, date.fromordinal(local_day(after, ZoneInfo(plan.zone)).toordinal() + 1)
        )
        return begin_of(day, plan.zone) if day is not None else None

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:
        """Return what she is greeted for today."""
        today, told = (
            local_day(now, ZoneInfo(plan.zone)),
            shapes.read(shapes.Greeting, plan.details),
        )
        festival = self.festivals.name(today, lang) if told.festivals else ""
        if told.birthday is not None and yearly(told.birthday, today) == today:
            occasion = "birthday"
        elif told.after_care_on == today:
            occasion = "after_care"
        else:
            occasion = "festival" if festival else "day"
        return {"who": name_of(tx, plan.patient_id), "occasion": occasion, "festival": festival}

    def state_of(self, tx: Tx, due: Due, plan: Plan, now: datetime) -> Reason | None:  # noqa: ARG002
        """Return that nobody who mourns is greeted."""
        return Reason.BEREAVED if mourns(tx, plan.patient_id, plan.conversation_id) else None

    def _next(self, plan: Plan, first: date) -> date | None:
        """Return the first day from `first` on that is one of hers."""
        told, first = shapes.read(shapes.Greeting, plan.details), max(first, plan.starts_on)
        after_care = told.after_care_on
        day = soonest(
            (
                yearly(told.birthday, first) if told.birthday is not None else None,
                self.festivals.on_or_after(first) if told.festivals else None,
                after_care if after_care is not None and after_care >= first else None,
            )
        )
        if day is None or (plan.ends_on is not None and day > plan.ends_on):
            return None
        return day


@dataclass(frozen=True, slots=True)
class Greetings:
    """Begins and ends the greetings of a conversation, as she asks for them.

    Attributes:
        kind: finds the days.
    """

    kind: GreetingKind

    def want(
        self,
        tx: Tx,
        conversation_id: int,
        zone: str,
        birthday: date | None,
        now: datetime,
        actor: str,
    ) -> Plan:
        """Greet her on festivals, and on her birthday where she told when that is."""
        details = shapes.written(shapes.Greeting(birthday=birthday, festivals=True))
        return self.kind.plans.create(
            tx, kind="greeting", details=details, zone=zone,
            starts_on=local_day(now, ZoneInfo(zone)), now=now, actor=actor, source="chat",
            conversation_id=conversation_id, source_key=_key(conversation_id),
        )  # fmt: skip

    def leave(self, tx: Tx, conversation_id: int, now: datetime, actor: str) -> None:
        """Greet her no more."""
        plan = self.kind.plans.by_key(tx, _key(conversation_id))
        if plan is not None:
            self.kind.plans.stop(tx, plan.plan_id, Reason.STOPPED, now, actor=actor)


def _key(conversation_id: int) -> str:
    return f"greetings:{conversation_id}"
