"""What she tells by herself: why a dose is left out, what she took when needed, when she last did.

Nothing is advised on: an interval, a dose to make up for, an effect are for whoever prescribed it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.care.kind import PATIENT
from bot.care.medication import doses, saying
from bot.care.medication.hers import KIND, Hers
from bot.care.medication.saying import say, tap
from bot.care.medication.shape import Medication, medication_of, rule_of
from bot.care.plans import Plan
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.requests import REQUESTS
from intents.dosing_answers import log_in, reason_in
from intents.dosing_words import words_in
from intents.normalize import normalize
from scheduler.hours import wall
from scheduler.recurrence import Daily

#: A reason is about what was left out since then.
_RECENT = timedelta(minutes=45)
_LONGEST_WORDS = 200


#: What she took is the dose that was due no longer ago.
_JUST_DUE = timedelta(hours=4)


def _last_before(rule: Daily, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the newest dose that was due within the last hours."""
    found, at = None, now - _JUST_DUE
    while (coming := rule.next_after(at, zone)) is not None and coming <= now:
        found = at = coming
    return found


@dataclass(frozen=True, slots=True)
class Noting:
    """Keeps it."""

    hers: Hers

    def why(self, scene: Scene) -> Step:
        """Take the reason why doses were left out, tapped or in words; asked for once only.

        Whoever asks for something to be done instead gets that: no reason is owed.
        """
        words = scene.understood.text if "choice" not in scene.values else ""
        chosen = str(scene.values.get("choice") or reason_in(words))
        request = scene.understood.request if words and chosen == "other" else None
        if request is not None:
            return Step(goto=Goto(*REQUESTS[request]))
        if not words or scene.understood.act is None:
            reason = {"why": chosen, **({"words": words[:_LONGEST_WORDS]} if words else {})}
            ids = [plan.plan_id for plan in self.hers.all(scene)]
            plans = doses.explain(scene.tx, ids, reason, scene.now - _RECENT)
        else:
            chosen, plans = "other", []
        if chosen == "unwell":
            return say("unwell", {}, person_button(scene.session.lang))
        if chosen in ("doctor", "finished") and plans:
            return self._offer_end(scene, chosen, "-".join(str(one) for one in plans))
        return say("noted")

    def _offer_end(self, scene: Scene, why: str, chosen: str) -> Step:
        taps = [tap(scene, "stop_yes", "stop_yes", chosen), tap(scene, "keep", "keep")]
        return saying.ask("shall_it_end", {"why": why}, taps, {"plans": chosen}, answer="stop_said")

    def log(self, scene: Scene) -> Step:
        """Keep that she took something she takes when needed."""
        logged = log_in(scene.understood.text)
        if logged is None:
            return say("how_to_log")
        if (taken := self._just_due(scene, logged.medicine)) is not None:
            return taken
        plan = self._when_needed(scene, logged.medicine) or self._begin(scene, logged.medicine)
        doses.note(scene.tx, plan.plan_id, scene.now, doses.TAKEN, scene.now)
        told = {
            "medicine": logged.medicine,
            "dose": logged.dose,
            "at": wall(scene.now, ZoneInfo(plan.zone)),
        }
        return say("logged", told)

    def _just_due(self, scene: Scene, medicine: str) -> Step | None:
        """Note the dose that was due just now, where she names it, or nothing else can be meant."""
        quiet = self.hers.plans.planner.kinds.quiet
        found: list[tuple[Plan, datetime]] = []
        for plan in self.hers.scheduled(scene):
            rule = rule_of(plan, quiet)
            if rule is None or (medicine and medication_of(plan.details).medicine != medicine):
                continue
            due = _last_before(rule, scene.now, ZoneInfo(plan.zone))
            said = doses.state_of(scene.tx, plan.plan_id, due) if due is not None else doses.TAKEN
            if due is not None and said in (None, doses.SNOOZED):
                found.append((plan, due))
        if not found or (len(found) > 1 and not medicine):
            return None
        plan, due = found[0]
        doses.note(scene.tx, plan.plan_id, due, doses.TAKEN, scene.now)
        zone = ZoneInfo(plan.zone)
        return saying.taken(wall(due, zone), wall(scene.now, zone))

    def _begin(self, scene: Scene, medicine: str) -> Plan:
        """Begin notes about a medicine; nothing of it is ever scheduled."""
        return self.hers.plans.create(
            scene.tx, kind=KIND, details=Medication(medicine=medicine, prn=True).written(),
            zone=self.hers.zone_of(scene), starts_on=self.hers.today(scene), now=scene.now,
            actor=PATIENT, source="chat", conversation_id=scene.conversation_id,
            patient_id=self.hers.herself(scene),
        )  # fmt: skip

    def _when_needed(self, scene: Scene, medicine: str) -> Plan | None:
        notes = [plan for plan in self.hers.all(scene) if medication_of(plan.details).prn]
        return next((one for one in notes if medication_of(one.details).medicine == medicine), None)

    def last(self, scene: Scene) -> Step:
        """Tell when she last said that she took something; only what was noted, no more."""
        named = words_in(normalize(scene.understood.text)).medicine
        found = []
        for plan in self.hers.all(scene):
            medicine = medication_of(plan.details).medicine
            if named and named != medicine:
                continue
            if (at := doses.last_taken(scene.tx, plan.plan_id)) is not None:
                found.append({"medicine": medicine, "at": wall(at, ZoneInfo(plan.zone))})
        newest = sorted(found, key=lambda one: str(one["at"]), reverse=True)[:3]
        return say("last", {"found": newest, "named": named})
