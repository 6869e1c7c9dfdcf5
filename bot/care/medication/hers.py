"""Which plans of medicine a conversation may know of (I7), and how many reminders a day they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.care.medication.shape import Medication, medication_of
from bot.care.plans import Plan, Plans
from bot.dialogue.flow import Scene
from bot.dialogue.listeners import Listeners
from bot.reminders.choices import choice_of
from scheduler.hours import local_day
from scheduler.recurrence import Daily

KIND = "medication"
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Hers:
    """Finds them.

    Attributes:
        zone: the hospital's (IANA); hers where she said one.
    """

    plans: Plans
    listeners: Listeners
    zone: str

    def all(self, scene: Scene) -> Sequence[Plan]:
        """Return the plans of medicine that may be told of here."""
        members = self.listeners.members(scene.tx, scene.conversation_id, scene.now)
        vouched = {one.patient_id for one in members if one.verified}
        found = self.plans.of_conversation(scene.tx, scene.conversation_id, vouched)
        return [plan for plan in found if plan.kind == KIND]

    def one(self, scene: Scene, plan_id: int) -> Plan | None:
        """Return one of them; None where it is not hers, or over."""
        return next((plan for plan in self.all(scene) if plan.plan_id == plan_id), None)

    def scheduled(self, scene: Scene) -> Sequence[Plan]:
        """Return those that remind of anything."""
        return [plan for plan in self.all(scene) if not medication_of(plan.details).prn]

    def herself(self, scene: Scene) -> int | None:
        """Return the patient who writes, where her account is proven; only then it is hers by name."""
        members = self.listeners.members(scene.tx, scene.conversation_id, scene.now)
        return next((m.patient_id for m in members if m.relation == "self" and m.verified), None)

    def zone_of(self, scene: Scene) -> str:
        """Return whose clocks count."""
        return choice_of(scene.tx, scene.conversation_id).zone or self.zone

    def today(self, scene: Scene) -> date:
        """Return the date where she lives."""
        return local_day(scene.now, ZoneInfo(self.zone_of(scene)))

    def busiest(self, scene: Scene, medication: Medication, start: date, but: int | None) -> int:
        """Return how many messages a day come at most in the week from `start`, with one more plan."""
        daily = [Daily(medication.times, start, None, medication.every, medication.weekdays)]
        for plan in self.scheduled(scene):
            if plan.plan_id != but:
                known = medication_of(plan.details)
                daily.append(
                    Daily(known.times, plan.starts_on, plan.ends_on, known.every, known.weekdays)
                )
        zone = ZoneInfo("UTC")
        most = 0
        for ahead in range(_WEEK):
            day = start + timedelta(days=ahead)
            begin = datetime.combine(day, datetime.min.time(), zone)
            told = {at for rule in daily for at in _on(rule, begin, zone)}
            most = max(most, len(told))
        return most


def _on(rule: Daily, begin: datetime, zone: ZoneInfo) -> set[datetime]:
    """Return when a rule tells on one day."""
    found: set[datetime] = set()
    at = begin - timedelta(seconds=1)
    while rule.times and (coming := rule.next_after(at, zone)) is not None:
        if coming >= begin + timedelta(days=1):
            break
        found.add(coming)
        at = coming
    return found
