"""Medicine and refills as kinds of plans: when they remind, what an answer does (RM-08, RM-09)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.care.kind import PATIENT, begin_of, end_of, name_of, thanks
from bot.care.medication import doses, saying, shape, snoozing
from bot.care.medication.doses import SKIPPED, SNOOZED, TAKEN
from bot.care.medication.shape import Medication, medication_of, refill_of, rule_of
from bot.care.plans import Plan, Plans
from bot.care.revisit import book
from bot.dialogue.flow import Scene, Step
from bot.message import Kind, Say
from bot.reminders.choices import choice_of
from bot.reminders.model import Due
from bot.store.db import Tx
from scheduler.hours import instant, local_day, wall
from scheduler.reminders import Reason

#: Days of supply below which a refill is told of, at the earliest on the day after (RM-09).
_DAYS_ON_HAND = 7


@dataclass(frozen=True, slots=True)
class MedicationKind:
    """Plans of kind "medication"."""

    plans: Plans

    def problems(self, details: Mapping[str, Any]) -> Sequence[str]:
        """Return what is wrong with details."""
        return shape.problems_of_medication(details)

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:
        """Return the next dose, the day of the last one, and when she is asked about nights."""
        rule, zone = rule_of(plan, self.plans.planner.kinds.quiet), ZoneInfo(plan.zone)
        found: dict[str, datetime] = {}
        if rule is not None:
            if (next_dose := rule.next_after(now, zone)) is not None:
                found["dose"] = next_dose
            if (last := shape.last_of(rule)) is not None and last > rule.start:
                found["last"] = instant(datetime.combine(last, max(rule.times)), zone)
        if "asks_about_night" in self.tags(plan):
            day = max(plan.starts_on, local_day(now, zone) + timedelta(days=1))
            found["first"] = begin_of(day, plan.zone, time(10))
        return found

    def next_moment(self, plan: Plan, moment: str, after: datetime) -> datetime | None:
        """Return the dose after an instant."""
        rule = rule_of(plan, self.plans.planner.kinds.quiet)
        if moment != "dose" or rule is None:
            return None
        return rule.next_after(after, ZoneInfo(plan.zone))

    def tags(self, plan: Plan) -> frozenset[str]:
        """Say whether she must be asked about hours at night that the hospital gave."""
        medication = medication_of(plan.details)
        kept = shape.at_night(plan, medication, self.plans.planner.kinds.quiet)
        asks = bool(kept) and medication.night is None and not medication.prn
        return frozenset({"asks_about_night"} if asks else ())

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:  # noqa: ARG002
        """Return which medicine, how it was written, for whom, and the hours at night."""
        medication = medication_of(plan.details)
        nights = shape.at_night(plan, medication, self.plans.planner.kinds.quiet)
        return {
            **saying.values(medication, lang),
            "who": "" if medication.whom else self._who(tx, plan),
            "ends_on": plan.ends_on,
            "label": medication.medicine,
            "nights": saying.hours(nights, lang),
        }

    def state_of(self, tx: Tx, due: Due, plan: Plan, now: datetime) -> Reason | None:
        """Return that it was answered, is beyond the last day, or would come at night unasked."""
        if plan.is_paused(now):
            return Reason.PAUSED
        if plan.ends_on is not None and due.occurs_at >= end_of(plan.ends_on, plan.zone):
            return Reason.DONE
        kind = self.plans.planner.kinds.get(due.kind)
        if kind is None or not set(kind.answers) & {"taken"}:
            return None
        said = doses.state_of(tx, plan.plan_id, due.occurs_at)
        if said in (TAKEN, SKIPPED) or (said == SNOOZED and not snoozing.is_snoozed(tx, due)):
            return Reason.ANSWERED
        return Reason.QUIET_HOURS if self._at_night(tx, due, plan, now) else None

    def told(self, tx: Tx, due: Due, plan: Plan, outbox_id: int, now: datetime) -> None:
        """Take no note: what was asked is in the reminders themselves."""

    def answer(self, scene: Scene, dues: Sequence[Due], plan: Plan, word: str) -> Step:
        """Note what she says; several medicines of one message are answered alike."""
        if word in ("agree", "decline"):
            return self._nights(scene, plan, agreed=word == "agree")
        if word == "snooze":
            return snoozing.snooze(
                scene, self.plans.planner.kinds, plan, dues, self._next(plan, dues)
            )
        state = TAKEN if word == "taken" else SKIPPED
        for due in dues:
            doses.note(scene.tx, plan.plan_id, due.occurs_at, state, scene.now)
        if state == SKIPPED:
            return saying.ask_why(scene)
        zone = ZoneInfo(plan.zone)
        return saying.taken(wall(max(due.occurs_at for due in dues), zone), wall(scene.now, zone))

    def _next(self, plan: Plan, dues: Sequence[Due]) -> datetime | None:
        return self.next_moment(plan, "dose", max(due.occurs_at for due in dues))

    def _nights(self, scene: Scene, plan: Plan, *, agreed: bool) -> Step:
        """Keep whether she wants the hours at night; she is not asked again."""
        details = {**plan.details, "night": agreed}
        self.plans.change(scene.tx, plan.plan_id, scene.now, actor=PATIENT, details=details)
        return Step((Say("medication/nights", Kind.ANSWER, {"agreed": agreed}),))

    def _at_night(self, tx: Tx, due: Due, plan: Plan, now: datetime) -> bool:
        """Tell an hour the hospital gave that is at night where she lives, and not hers by choice."""
        medication, quiet = medication_of(plan.details), self.plans.planner.kinds.quiet
        if plan.source == "chat" or medication.night or due.conversation_id is None:
            return False
        zone = choice_of(tx, due.conversation_id).zone
        return zone is not None and quiet.is_quiet(now, ZoneInfo(zone))

    def _who(self, tx: Tx, plan: Plan) -> str:
        """Return whose it is, where the hospital gave it: one chat may be told of a whole family."""
        return name_of(tx, plan.patient_id) if plan.source != "chat" else ""


@dataclass(frozen=True, slots=True)
class RefillKind:
    """Plans of kind "refill": once, when a supply comes to its end before the course does."""

    plans: Plans

    def problems(self, details: Mapping[str, Any]) -> Sequence[str]:
        """Return what is wrong with details."""
        return shape.problems_of_refill(details)

    def moments(self, plan: Plan, now: datetime) -> Mapping[str, datetime]:
        """Return when nothing is left; nothing where the course is over by then."""
        day = refill_of(plan.details).runs_out(plan.starts_on)
        today = local_day(now, ZoneInfo(plan.zone))
        if (plan.ends_on is not None and day > plan.ends_on) or day <= today:
            return {}
        told_on = max(day - timedelta(days=_DAYS_ON_HAND), _tomorrow(today, day))
        return {"runs_out": begin_of(told_on + timedelta(days=_DAYS_ON_HAND), plan.zone)}

    def next_moment(self, plan: Plan, moment: str, after: datetime) -> datetime | None:  # noqa: ARG002
        """Return that it comes once."""
        return None

    def tags(self, plan: Plan) -> frozenset[str]:  # noqa: ARG002
        """Return no tags."""
        return frozenset()

    def values(self, tx: Tx, plan: Plan, lang: str, now: datetime) -> Mapping[str, Any]:
        """Return which medicine, for how long it lasts, who prescribed it, how to get more."""
        refill = refill_of(plan.details)
        day = refill.runs_out(plan.starts_on)
        left = (day - wall(now, ZoneInfo(plan.zone)).date()).days
        return {
            "medicine": refill.medicine, "prescriber": refill.prescriber, "path": refill.path,
            "runs_out": day, "days_left": max(left, 0), "who": name_of(tx, plan.patient_id),
            "lang": lang,
        }  # fmt: skip

    def state_of(self, tx: Tx, due: Due, plan: Plan, now: datetime) -> Reason | None:  # noqa: ARG002
        """Return that the course is over."""
        over = plan.ends_on is not None and now >= end_of(plan.ends_on, plan.zone)
        return Reason.DONE if over else None

    def told(self, tx: Tx, due: Due, plan: Plan, outbox_id: int, now: datetime) -> None:
        """Take no note."""

    def answer(self, scene: Scene, dues: Sequence[Due], plan: Plan, word: str) -> Step:  # noqa: ARG002
        """Go on to booking a visit for it, or end the plan: it was got already."""
        if word == "book":
            return book(scene, "")
        self.plans.stop(scene.tx, plan.plan_id, Reason.DONE, scene.now, actor=PATIENT)
        return thanks(word)


def _tomorrow(today: date, runs_out: date) -> date:
    """Return the day after, while something is left then; of a supply that is short already."""
    return min(today + timedelta(days=1), runs_out)


__all__ = ["Medication", "MedicationKind", "RefillKind"]
