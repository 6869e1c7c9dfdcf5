"""What time does to plans: those that are over end; staff hear of a revisit that nobody came to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.care import rows
from bot.care.kind import end_of
from bot.care.mourning import is_dead
from bot.care.plans import Plan, Plans
from bot.care.revisit import RevisitKind
from bot.reminders.model import Due
from bot.reminders.tasks import ask_staff
from bot.store.db import Engine, Tx
from scheduler.hours import local_day
from scheduler.reminders import Reason

#: Who ends what is over.
CLOCK = "clock"
#: So many days after its last one a plan ends; so long an answer still finds it.
AFTER = timedelta(days=3)
_MOST = 200
_KIND = "revisit_close"


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Ends plans."""

    engine: Engine
    plans: Plans
    clock: Callable[[], datetime]

    async def run(self) -> int:
        """End the plans that are over; return how many."""
        now = self.clock()
        return await self.engine.write(lambda tx: self.end(tx, now))

    def end(self, tx: Tx, now: datetime) -> int:
        """End plans whose last day is some days gone, in one transaction; return how many."""
        before = local_day(now, ZoneInfo("UTC")) - AFTER
        over = [Plan(*row) for row in tx.rows(rows.ENDING, before=before, limit=_MOST)]
        for plan in over:
            came = self._came(tx, plan, now)
            if came is False and not is_dead(tx, plan.patient_id):
                _list(tx, plan, now)
            reason = Reason.DONE if came else Reason.STOPPED
            self.plans.stop(tx, plan.plan_id, reason, now, actor=CLOCK)
        return len(over)

    def _came(self, tx: Tx, plan: Plan, now: datetime) -> bool | None:
        """Say whether somebody came who was to come again; None of another plan."""
        kind = self.plans.kinds.get(plan.kind)
        if not isinstance(kind, RevisitKind) or plan.state != "active":
            return None
        last = end_of(plan.ends_on or plan.starts_on, plan.zone)
        due = Due(
            0, "plan", plan.plan_id, plan.version, _KIND, last, plan.patient_id,
            plan.conversation_id, last, None,
        )  # fmt: skip
        return kind.state_of(tx, due, plan, now) is not None


def _list(tx: Tx, plan: Plan, now: datetime) -> None:
    """Let staff know that a window closed and nobody came."""
    ask_staff(
        tx, f"window_over:plan:{plan.plan_id}", "window_over", _KIND, now,
        patient_id=plan.patient_id, conversation_id=plan.conversation_id, plan_id=plan.plan_id,
    )  # fmt: skip
