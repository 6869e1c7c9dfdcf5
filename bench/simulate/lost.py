"""What must have been told: each expected reminder of a visit, looked for when its time is over."""

import heapq
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from bench.simulate.channels import WECHAT
from bench.simulate.checks import Oracle
from bench.simulate.people import HOME, Someone
from bench.simulate.truth import VisitTruth
from bot.store.reminder_tables import Reminder
from bot.store.statements import Hot
from bot.store.tables import Outbox

_reminder: Any = Reminder.__table__  # type: ignore[attr-defined]
_outbox: Any = Outbox.__table__  # type: ignore[attr-defined]

_ROWS = Hot(
    select(
        _reminder.c.id, _reminder.c.kind, _reminder.c.state, _reminder.c.reason,
        _reminder.c.due_at, _reminder.c.send_until, _reminder.c.decided_at,
        _outbox.c.state.label("message"), _outbox.c.error,
    )
    .join_from(_reminder, _outbox, _reminder.c.outbox_id == _outbox.c.id, isouter=True)
    .where(_reminder.c.about == bindparam("about"), _reminder.c.about_id == bindparam("about_id"))
    .order_by(_reminder.c.id)
)  # fmt: skip
#: So long after the end of its time a reminder is looked for.
_SLACK = timedelta(minutes=30)


@dataclass(slots=True)
class Expecting:
    """Keeps what is expected until its time is over."""

    oracle: Oracle
    troubled: set[int] = field(default_factory=set)
    _soonest: list[tuple[datetime, int, str]] = field(default_factory=list)

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
                item = (visit.starts_at + _SLACK, visit.visit_id, kind.key)
                heapq.heappush(self._soonest, item)

    def settle(self) -> None:
        """Look for what is expected, where its time is over."""
        now = self.oracle.clock.now
        while self._soonest and self._soonest[0][0] <= now:
            _, visit_id, kind = heapq.heappop(self._soonest)
            self._look_for(self.oracle.truth.visits[visit_id], kind)

    def _look_for(self, visit: VisitTruth, kind: str) -> None:
        self.oracle.counts["expected"] += 1
        if self.oracle.told.get(("visit", visit.visit_id, kind)):
            self.oracle.counts["kept"] += 1
            return
        found = self.oracle.rows(_ROWS, about="visit", about_id=visit.visit_id)
        mine = [row for row in found if row.kind == kind]
        whose = f"{kind} of visit {visit.visit_id}"
        if not mine:
            self.oracle.wrong("lost", f"{whose}: there is none")
            return
        why = [self._untrue(row, visit) for row in mine]
        if all(why):
            self.oracle.wrong("lost", f"{whose}: {why[-1]}")
        else:
            self.oracle.counts["skipped_rightly"] += 1

    def _untrue(self, row: Any, visit: VisitTruth) -> str | None:
        """Return what is wrong with how a reminder ended; None where it is as it must be."""
        one = self.oracle.truth.of_patient(visit.patient_id or 0)
        if row.state in ("pending", "leased"):
            return f"still {row.state}"
        if row.state == "sent":
            return self._undelivered(row, one)
        if self._is_true(row, visit, one):
            return None
        return f"skipped as {row.reason}, which was not so"

    def _undelivered(self, row: Any, one: Someone) -> str | None:
        waits = row.message == "waiting" and one.channel == WECHAT
        fails = row.message in ("failed", "unknown", "dropped", "ready") and (
            row.id in self.troubled or self._troubled(row)
        )
        return None if waits or fails else f"its message is {row.message} ({row.error})"

    def _troubled(self, row: Any) -> bool:
        """Say whether the process or the platforms were away when it should have gone."""
        until = (row.send_until or row.due_at) + _SLACK
        return self.oracle.truth.was_down(row.due_at, until)

    def _is_true(self, row: Any, visit: VisitTruth, one: Someone) -> bool:
        at: datetime = row.decided_at or row.due_at
        truth = self.oracle.truth
        first, last = row.due_at - timedelta(seconds=1), at + timedelta(seconds=1)
        patient = visit.patient_id or 0
        match row.reason:
            case "moved" | "cancelled" | "done" | "gone":
                return any(state != "booked" for state in visit.state.during(at, last))
            case "dead":
                return patient in truth.dead
            case "admitted":
                return any(truth.admitted[patient].during(first, last))
            case "opted_out":
                return any(one.opted_out.during(first, last))
            case "held":
                return any(one.held.during(first, last))
            case "paused":
                return one.paused_until.at(at) is not None
            case "muted":
                return one.muted.at(at) is not None
            case "unreachable":
                return any(one.unreachable.during(first, last))
            case "too_late" | "quiet_hours":
                return self._troubled(row) or any(one.held.during(first, last))
            case "newer":
                told = self.oracle.told
                return any(told.get(("visit", visit.visit_id, k)) for k in self.oracle.rules.kinds)
            case _:
                return False
