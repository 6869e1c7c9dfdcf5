"""Plans as the engine of reminders sees them: every question goes on to the plan's own kind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.care.plans import Plan, Plans
from bot.dialogue.flow import Scene, Step
from bot.message import Say
from bot.reminders.model import Due, Thing
from bot.store.db import Tx
from scheduler.reminders import Reason


@dataclass(frozen=True, slots=True)
class PlanSubject:
    """What reminders about plans ask; `bot.reminders.model.Subject`."""

    plans: Plans

    def look(self, tx: Tx, about_id: int, now: datetime) -> Thing | None:
        """Return a plan as it is at this instant."""
        plan = self._plan(tx, about_id)
        return self.plans.thing(tx, plan, now) if plan is not None else None

    def look_all(self, tx: Tx, about_ids: Collection[int], now: datetime) -> Mapping[int, Thing]:
        """Return plans as they are at this instant."""
        found = {one: self.look(tx, one, now) for one in about_ids}
        return {one: thing for one, thing in found.items() if thing is not None}

    def state_of(self, tx: Tx, due: Due, thing: Thing, now: datetime) -> Reason | None:
        """Return why one reminder is not to be told of any more."""
        plan = self._plan(tx, due.about_id)
        if plan is None:
            return Reason.GONE
        if due.about_version != thing.version:
            return Reason.MOVED
        return self.plans.kinds[plan.kind].state_of(tx, due, plan, now)

    def next_moment(self, tx: Tx, thing: Thing, moment: str, after: datetime) -> datetime | None:
        """Return when a moment of a plan comes again."""
        plan = self._plan(tx, thing.about_id)
        if plan is None or plan.is_over:
            return None
        return self.plans.kinds[plan.kind].next_moment(plan, moment, after)

    def told(self, tx: Tx, due: Due, thing: Thing, outbox_id: int, now: datetime) -> None:
        """Let the kind take note; nothing where the plan went away in between."""
        plan = self._plan(tx, thing.about_id)
        if plan is not None:
            self.plans.kinds[plan.kind].told(tx, due, plan, outbox_id, now)

    def answer(self, scene: Scene, dues: Sequence[Due], word: str) -> Step:
        """Let each plan that a message told of take the answer, if its kind asked for it."""
        step = Step()
        for plan_id in dict.fromkeys(due.about_id for due in dues):
            plan = self._plan(scene.tx, plan_id)
            asked = [due for due in dues if due.about_id == plan_id and self._asks(due, word)]
            if plan is not None and asked:
                step = _with(step, self.plans.kinds[plan.kind].answer(scene, asked, plan, word))
        return step

    def _plan(self, tx: Tx, plan_id: int) -> Plan | None:
        plan = self.plans.get(tx, plan_id)
        return plan if plan is not None and plan.kind in self.plans.kinds else None

    def _asks(self, due: Due, word: str) -> bool:
        kind = self.plans.planner.kinds.get(due.kind)
        return kind is not None and word in kind.answers


def _with(first: Step, second: Step) -> Step:
    """Return one step of two; what both say alike is said once, and the first that goes on does."""
    says: list[Say] = list(first.says)
    says += [say for say in second.says if say not in says]
    return Step(tuple(says), first.goto or second.goto, first.back or second.back)
