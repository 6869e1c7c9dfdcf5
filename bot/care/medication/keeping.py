"""Looking at plans of medicine; other hours, a pause, the end. What stops is the reminder alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.care.kind import PATIENT
from bot.care.medication import saying
from bot.care.medication.hers import Hers
from bot.care.medication.saying import FLOW, ask, say, tap
from bot.care.medication.shape import medication_of
from bot.care.plans import Plan
from bot.dialogue.flow import Scene, Step
from bot.message import Button
from scheduler.hours import day_ends
from scheduler.reminders import Reason

_MOST_SHOWN = 5
_PAUSE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Shows plans and changes them."""

    hers: Hers

    def mine(self, scene: Scene) -> Step:
        """Tell of the plans there are; of one alone what can be done with it."""
        found = self.hers.scheduled(scene)
        if not found:
            return say("none")
        if len(found) == 1:
            return self._show(scene, found[0])
        shown = found[:_MOST_SHOWN]
        told = {
            "plans": [self._told(scene, plan) for plan in shown],
            "more": len(found) - len(shown),
        }
        taps = [Button(_title(scene, plan), f"flow:{FLOW}.one:{plan.plan_id}") for plan in shown]
        return ask("mine", told, taps, answer="which")

    def one(self, scene: Scene) -> Step:
        """Tell of one plan."""
        plan = self._plan(scene)
        return self._show(scene, plan) if plan is not None else say("not_hers")

    def _show(self, scene: Scene, plan: Plan) -> Step:
        choice = plan.plan_id
        pause = ("resume", "resume") if plan.is_paused(scene.now) else ("pause", "pause")
        taps = [
            tap(scene, "change", "change", choice),
            tap(scene, *pause, choice),
            tap(scene, "stop", "stop", choice),
        ]
        return ask("one", self._told(scene, plan), taps, answer="which")

    def which(self, scene: Scene) -> Step:
        """Take words after a list: nothing is guessed, the list is shown again."""
        return say("dropped") if scene.understood.act == "no" else self.mine(scene)

    def change(self, scene: Scene) -> Step:
        """Ask for other hours."""
        plan = self._plan(scene)
        if plan is None:
            return say("not_hers")
        known = medication_of(plan.details).written()
        draft = {
            name: known[name] for name in ("medicine", "dose", "food", "whom") if name in known
        }
        told = self._told(scene, plan)
        return ask(
            "other_hours",
            told,
            (),
            {"draft": {**draft, "plan": plan.plan_id}},
            answer="hours",
        )

    def pause(self, scene: Scene) -> Step:
        """Say nothing for a week."""
        plan = self._plan(scene)
        if plan is None:
            return say("not_hers")
        zone = ZoneInfo(plan.zone)
        until = day_ends(scene.now + _PAUSE - timedelta(days=1), zone)
        self.hers.plans.pause(scene.tx, plan.plan_id, until, scene.now, actor=PATIENT)
        return say(
            "paused",
            {"until": _day(until, plan)},
            tap(scene, "resume", "resume", plan.plan_id),
        )

    def resume(self, scene: Scene) -> Step:
        """End a pause."""
        plan = self._plan(scene)
        if plan is None:
            return say("not_hers")
        self.hers.plans.resume(scene.tx, plan.plan_id, scene.now, actor=PATIENT)
        return say("resumed", self._told(scene, plan))

    def stop(self, scene: Scene) -> Step:
        """Ask whether reminding of a medicine shall end."""
        plan = self._plan(scene)
        if plan is None:
            return say("not_hers")
        taps = [tap(scene, "stop_yes", "stop_yes", plan.plan_id), tap(scene, "keep", "keep")]
        named = {"plans": str(plan.plan_id)}
        return ask("stop", self._told(scene, plan), taps, named, answer="stop_said")

    def stop_said(self, scene: Scene) -> Step:
        """Take an answer in words to "shall it end?"; anything but a yes keeps it."""
        named = (scene.asked.named if scene.asked is not None else None) or {}
        if scene.understood.act == "yes" and "plans" in named:
            return self._stopped(scene, str(named["plans"]))
        return say("kept")

    def stop_yes(self, scene: Scene) -> Step:
        """End what was tapped: one plan, or several that were answered together."""
        return self._stopped(scene, str(scene.values["choice"]))

    def _stopped(self, scene: Scene, chosen: str) -> Step:
        for plan_id in chosen.split("-"):
            plan = self.hers.one(scene, int(plan_id))
            if plan is None:
                return say("not_hers")
            self.hers.plans.stop(scene.tx, plan.plan_id, Reason.STOPPED, scene.now, actor=PATIENT)
        return say("stopped")

    def _plan(self, scene: Scene) -> Plan | None:
        return self.hers.one(scene, int(str(scene.values.get("choice", 0))))

    def _told(self, scene: Scene, plan: Plan) -> Mapping[str, Any]:
        paused = plan.is_paused(scene.now)
        return {
            **saying.values(medication_of(plan.details), scene.session.lang),
            "starts_on": plan.starts_on,
            "ends_on": plan.ends_on,
            "paused": paused,
            "until": _day(plan.paused_until, plan) if paused and plan.paused_until else None,
        }


def _day(at: datetime, plan: Plan) -> Any:
    return at.astimezone(ZoneInfo(plan.zone)).date()


def _title(scene: Scene, plan: Plan) -> str:
    """Return how a plan is called on a tap; only its hours where others may read."""
    told = saying.values(medication_of(plan.details), scene.session.lang)
    return f"{told['medicine']} {told['hours']}".strip() if scene.private else str(told["hours"])
