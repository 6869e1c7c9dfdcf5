"""What must have been told: each expected reminder, looked for when its time is over."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import bindparam, select

from bench.simulate.channels import WECHAT
from bench.simulate.checks import Oracle
from bench.simulate.people import HOME, Someone
from bench.simulate.reasons import Reasons
from bench.simulate.truth import PlanTruth, VisitTruth
from bot.store.reminder_tables import Reminder
from bot.store.statements import Hot
from bot.store.tables import Outbox

_reminder: Any = Reminder.__table__  # type: ignore[attr-defined]
_outbox: Any = Outbox.__table__  # type: ignore[attr-defined]

_ROWS = Hot(
    select(
        _reminder.c.id, _reminder.c.kind, _reminder.c.state, _reminder.c.reason,
        _reminder.c.due_at, _reminder.c.send_until, _reminder.c.decided_at, _reminder.c.occurs_at,
        _outbox.c.state.label("message"), _outbox.c.error, _outbox.c.id.label("outbox_id"),
    )
    .join_from(_reminder, _outbox, _reminder.c.outbox_id == _outbox.c.id, isouter=True)
    .where(_reminder.c.about == bindparam("about"), _reminder.c.about_id == bindparam("about_id"))
    .order_by(_reminder.c.id)
)  # fmt: skip
_ORIGIN = Hot(select(_outbox.c.origin_id).where(_outbox.c.id == bindparam("outbox_id")))
#: So long after the end of its time a reminder is looked for.
_SLACK = timedelta(minutes=30)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expected:
    """One reminder that must come, or be left out for a reason that is true.

    Attributes:
        due: when, by the oracle's own arithmetic; `until` is the end of its time.
        occurs_at: the dose; None where the thing has one of its kind.
    """

    thing: VisitTruth | PlanTruth
    kind: str
    due: datetime
    until: datetime
    occurs_at: datetime | None = None

    @property
    def about(self) -> tuple[str, int]:
        """What it is about."""
        if isinstance(self.thing, VisitTruth):
            return "visit", self.thing.visit_id
        return "plan", self.thing.plan_id


@dataclass(slots=True)
class Expecting:
    """Keeps what is expected until its time is over.

    Attributes:
        troubled: messages that a platform refused, or lost.
    """

    oracle: Oracle
    troubled: set[int] = field(default_factory=set)
    reasons: Reasons = field(init=False)
    _coming: list[tuple[datetime, int, Expected]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        """Take the oracle's record to judge reasons by."""
        self.reasons = Reasons(self.oracle)

    def trouble(self, message: int) -> None:
        """Note that a platform did not take a message, or lost it."""
        (row,) = self.oracle.rows(_ORIGIN, outbox_id=message)
        self.troubled |= {message, row.origin_id or message}

    def changed(self, visit: VisitTruth) -> None:
        """Expect the reminders of a visit that was booked."""
        if visit.state.now != "booked":
            return
        rules, now = self.oracle.rules, self.oracle.clock()
        one = self.oracle.truth.of_patient(visit.patient_id or 0)
        if one.zone is not HOME:
            return  # planned by the hospital's clocks, told by hers: judged when it is handed over
        for kind in rules.kinds.values():
            if kind.about != "visit" or kind.only or kind.follows:
                continue
            due = rules.due(kind, visit.starts_at, HOME)
            if now < due < visit.starts_at:
                self._expect(Expected(visit, kind.key, due, visit.starts_at))

    def planned(
        self, plan: PlanTruth, expects: Mapping[str, Sequence[datetime]], now: datetime
    ) -> None:
        """Expect what a new plan must say; of medicine the first dose."""
        if plan.someone.zone is not HOME:
            return
        for key, times in expects.items():
            late = self.oracle.rules.kinds[key].late or _DAY
            for at in times:
                due = at.astimezone(UTC)
                if due > now:
                    self._expect(Expected(plan, key, due, due + late))
        if plan.times:
            self._next_dose(plan, now)

    def _next_dose(self, plan: PlanTruth, after: datetime) -> None:
        """Expect the first dose after an instant."""
        day = max(plan.starts_on, after.astimezone(HOME).date())
        while plan.ends_on is None or day <= plan.ends_on:
            for clock in plan.times:
                at = datetime.combine(day, clock, HOME).astimezone(UTC)
                if at > after:
                    self._expect(Expected(plan, "dose", at, at + _HOUR, at))
                    return
            day += _DAY

    def _expect(self, one: Expected) -> None:
        heapq.heappush(self._coming, (one.until + _SLACK, next(self._order), one))

    def settle(self) -> None:
        """Look for what is expected, where its time is over."""
        now = self.oracle.clock.now
        while self._coming and self._coming[0][0] <= now:
            _, _, one = heapq.heappop(self._coming)
            self._look_for(one)
            plan = one.thing
            if one.occurs_at is not None and isinstance(plan, PlanTruth) and self._goes_on(plan):
                self._next_dose(plan, one.occurs_at)

    def _goes_on(self, plan: PlanTruth) -> bool:
        return plan.state.now == "active" and plan.patient_id not in self.oracle.truth.dead

    def _look_for(self, one: Expected) -> None:
        counts = self.oracle.counts
        counts["expected"] += 1
        about, about_id = one.about
        told = self.oracle.told.get((about, about_id, one.kind), ())
        if any(self._is_it(one, at, occurs_at) for at, occurs_at in told):
            counts["kept"] += 1
            return
        rows = [
            row for row in self.oracle.rows(_ROWS, about=about, about_id=about_id)
            if row.kind == one.kind and self._is_row(one, row)
        ]  # fmt: skip
        if not rows:
            why: list[str | None] = [self.reasons.none(one.thing, one.due, one.until)]
        else:
            why = [self._untrue(row, one) for row in rows]
        if all(why):
            self.oracle.wrong("lost", f"{one.kind} of {about} {about_id} at {one.due}: {why[-1]}")
        else:
            counts["left_out_rightly"] += 1

    def _is_it(self, one: Expected, at: datetime, occurs_at: datetime) -> bool:
        if one.occurs_at is not None:
            return occurs_at == one.occurs_at
        return isinstance(one.thing, VisitTruth) or one.due - _DAY <= at <= one.until + _SLACK

    def _is_row(self, one: Expected, row: Any) -> bool:
        if one.occurs_at is not None:
            return bool(row.occurs_at == one.occurs_at)
        return isinstance(one.thing, VisitTruth) or one.due - _DAY <= row.due_at <= one.until + _DAY

    def _untrue(self, row: Any, one: Expected) -> str | None:
        """Return what is wrong with how a reminder ended; None where it is as it must be."""
        if row.state in ("pending", "leased"):
            return self.reasons.none(one.thing, one.due, one.until) and f"still {row.state}"
        if row.state == "sent":
            return self._undelivered(row, one)
        if self.reasons.is_true(row, one.thing, one.due):
            return None
        return f"skipped as {row.reason}, which was not so"

    def _undelivered(self, row: Any, one: Expected) -> str | None:
        someone: Someone = self.reasons.someone(one.thing)
        waits = row.message == "waiting" and someone.channel == WECHAT
        fails = row.message in ("failed", "unknown", "dropped", "ready") and (
            row.outbox_id in self.troubled
            or self.oracle.truth.was_down(one.due, one.until + _SLACK)
        )
        return None if waits or fails else f"its message is {row.message} ({row.error})"
