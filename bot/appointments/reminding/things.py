"""A visit as reminders see it, and how they follow each of its steps, in one transaction (RM-05)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.appointments import checks, visits
from bot.appointments.model import Visit
from bot.appointments.options import BookingOptions
from bot.appointments.reminding.preparing import (
    FASTING,
    Preparing,
    Table,
    fast_words,
    preparing,
)
from bot.appointments.states import LIVE, State
from bot.appointments.stopped.instead import STOPPED
from bot.appointments.telling import visit_values
from bot.reminders.choices import choice_of
from bot.reminders.model import Thing
from bot.reminders.planning import Planner
from bot.store.db import Tx
from scheduler.hours import local_day, wall
from scheduler.reminders import Reason, plan

#: What reminders call a visit, and what kinds are about one.
VISIT = "visit"
#: The moment of a step of preparation: there may be several, so it is not among the thing's own.
PREPARE = "prepare"
#: Some of the preparation should have begun before the visit was booked: it is told at once.
LATE = "preparation_late"
#: What a visit was cancelled for that another took the place of, as `service` writes it.
_MOVED = "moved"
#: From this language the steps' hours are read; they are the same in every one.
_ANY = "zh-CN"

_OVER: Mapping[State, Reason] = {
    State.HELD: Reason.GONE,  # not a visit yet
    State.CHECKED_IN: Reason.DONE,
    State.DONE: Reason.DONE,
    State.NO_SHOW: Reason.DONE,
    State.CANCELLED: Reason.CANCELLED,
    State.HOSPITAL_CANCELLED: Reason.CANCELLED,
    State.EXPIRED: Reason.GONE,
}


@dataclass(frozen=True, slots=True)
class VisitReminders:
    """Keeps the reminders of visits in step with them.

    Attributes:
        table: the hospital's preparations.
        way: a link to a map, or the address, of where a visit is, in a language.
    """

    planner: Planner
    options: BookingOptions
    zone: ZoneInfo
    table: Table
    way: Callable[[Visit, str], str]

    def follow(self, tx: Tx, appointment_id: int, before: State, now: datetime) -> None:
        """Let reminders be what they should be after a step; `before` is what the visit was."""
        if before not in LIVE and before is not State.HELD:
            return  # what is over has none, whatever becomes of it
        visit = visits.visit(tx, appointment_id)
        if visit is None or visit.state is State.HELD:
            return
        if (over := over_for(visit)) is None:
            self.plan(tx, visit, now)
        elif before in LIVE:
            self.planner.drop(tx, VISIT, appointment_id, over, now)

    def plan(self, tx: Tx, visit: Visit, now: datetime) -> int:
        """Insert what is still to come of a visit; return how many are new. Twice adds none."""
        thing, kinds = self.thing(tx, visit, now), self.planner.kinds
        chosen = choice_of(tx, visit.conversation_id).zone
        reader = ZoneInfo(chosen) if chosen else None
        planned = self.planner.plan(tx, thing, now, reader)
        if thing.over is not None:
            return planned
        return planned + sum(
            self.planner.add(tx, thing, kind, at, now, reader)
            for kind in kinds.about(VISIT)
            if kind.of == PREPARE
            for at in self.preparing_at(visit)
        )

    def preparing(self, visit: Visit, lang: str) -> Preparing:
        """Return what a visit asks for before it."""
        return preparing(self.table, visit, lang, self.zone)

    def preparing_at(self, visit: Visit) -> list[datetime]:
        """Return when the steps of a visit's preparation are told."""
        return self.preparing(visit, _ANY).moments()

    def thing(
        self,
        tx: Tx,
        visit: Visit,
        now: datetime,
        tags: frozenset[str] = frozenset(),
        missed: int | None = None,
    ) -> Thing:
        """Return a visit as it is at this instant.

        Args:
            tags: what else is true of it.
            missed: how many visits its patient missed, where that was looked up before.
        """
        moments = {"starts": visit.starts_at}
        if visit.state is State.BOOKED and visit.since is not None:
            moments["booked"] = visit.since
        return Thing(
            about=VISIT,
            about_id=visit.appointment_id,
            what=VISIT,
            version=visit.version,
            patient_id=visit.patient_id,
            conversation_id=visit.conversation_id,
            moments=moments,
            zone=self.zone.key,
            over=over_for(visit),
            tags=tags | self._tags(visit),
            values=lambda lang: self.values(tx, visit, lang, now, missed),
        )

    def _tags(self, visit: Visit) -> frozenset[str]:
        """Return what kinds may ask of a visit; LATE: preparing for it began before it was booked."""
        asks = self.preparing(visit, _ANY)
        tags = asks.tags(visit, self.zone)
        since = visit.since
        if since is None or not tags:
            return tags
        kinds = self.planner.kinds
        fasts = [kind for kind in kinds.about(VISIT) if kind.only == FASTING]
        late = any(at <= since for at in asks.moments()) or (
            FASTING in tags
            and any(
                plan(kind.offset, visit.starts_at, self.zone, since, quiet=kinds.quiet) is None
                for kind in fasts
            )
        )
        return tags | {LATE} if late else tags

    def missed(self, tx: Tx, patient_ids: Collection[int], now: datetime) -> Mapping[int, int]:
        """Return how many visits each patient missed, where that leads to anything."""
        if not self.options.no_show_block_days:
            return {}
        return checks.missed_of(tx, patient_ids, now, self.options)

    def values(
        self, tx: Tx, visit: Visit, lang: str, now: datetime, missed: int | None = None
    ) -> dict[str, Any]:
        """Return what a reminder may say of a visit: not why she comes, not what was found (RM-01).

        Args:
            missed: as in `thing`.
        """
        asks, zone, options = self.preparing(visit, lang), self.zone, self.options
        fast_from = asks.fast_from
        if missed is None:
            whose = [visit.patient_id] if visit.patient_id is not None else []
            missed = sum(self.missed(tx, whose, now).values())
        return {
            **visit_values(visit, lang, zone, now),
            "days": (visit.clinic.date - local_day(now, zone)).days,
            "way": self.way(visit, lang),
            "fast_from": fast_words(fast_from, lang, zone, now) if fast_from else "",
            "fasts_now": fast_from is not None and fast_from <= now,
            "prepares": any(at > now for at in asks.moments()),
            "late_steps": [text for at, text in asks.steps if visit.since and at <= visit.since],
            "steps": [{"at": wall(at, zone), "text": text} for at, text in asks.steps],
            "missed": missed,
            "missed_days": options.no_show_window_days,
            "missed_most": options.no_show_count,
            "missed_pause": options.no_show_block_days,
        }


def over_for(visit: Visit) -> Reason | None:
    """Return why a visit is not to be told of any more; None while she is expected.

    A clinic that is off counts at once, though its patients are told one after the other.
    """
    if visit.state is State.BOOKED:
        return None if visit.clinic.status != STOPPED else Reason.CANCELLED
    if visit.state is State.CANCELLED and visit.reason == _MOVED:
        return Reason.MOVED
    return _OVER[visit.state]
