"""How what a patient says changes the booking she is in the middle of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.appointments.booking.choosing import Said
from bot.appointments.booking.drafts import Draft
from bot.appointments.booking.offers import Offers
from bot.appointments.booking.settling import Settling
from bot.dialogue import sessions
from bot.dialogue.flow import Scene
from intents.when import When


@dataclass(frozen=True, slots=True)
class Reading:
    """Takes over what a message names; what it leaves open stays as it was.

    Attributes:
        somebody: says whether a text names a person that a visit is for.
    """

    offers: Offers
    settling: Settling
    somebody: Callable[[str], bool]

    def take(self, scene: Scene, draft: Draft, said: Said) -> bool:
        """Take places, doctors, kind, fee and time; say whether anything changed."""
        changes = (
            self._place(scene, draft, said),
            self._without(scene, draft, said),
            self._campus(scene, draft),
            self._kind(scene, draft, said),
            _time(draft, scene.understood.when),
        )
        if said.other == "person":
            draft.patient_id, draft.pick_person = None, True
        if said.other == "time" and not scene.understood.when:
            draft.from_time = draft.to_time = None
            draft.soonest, draft.pick = False, True
            draft.shown = [draft.slot] if draft.slot is not None else draft.shown
            return True
        if said.earlier and not scene.understood.when:
            draft.forget_time()
            draft.soonest = True
            return True
        return any(changes) or said.more

    def take_named(self, scene: Scene, draft: Draft, named: Mapping[str, Any]) -> None:
        """Take what the question named whose answer she tapped on."""
        entities = sessions.unpack(named)
        said = Said(entities.departments, entities.doctors, entities.symptoms)
        if not draft.placed:
            self._place(scene, draft, said)
        if not draft.timed:
            _time(draft, When(first=entities.day, last=entities.day, part=entities.session))

    def person(self, scene: Scene, draft: Draft, said: Said) -> bool:
        """Take whom the message names; somebody unknown is never taken for one who is known."""
        text = scene.understood.text
        if said.other == "person":
            draft.patient_id, draft.somebody, draft.pick_person = None, "", True
        named = self.settling.family.named(text, self.settling.members(scene))
        if len(named) == 1:
            draft.patient_id, draft.somebody, draft.pick_person = named[0].patient_id, "", False
            return True
        if named:
            draft.patient_id, draft.somebody, draft.pick_person = None, "", True
            return True
        if self.somebody(text):
            draft.patient_id, draft.somebody, draft.pick_person = None, text, False
            return True
        return said.other == "person"

    def names_somebody(self, scene: Scene) -> bool:
        """Say whether the message names a person that a visit may be for, known here or not."""
        text = scene.understood.text
        known = self.settling.family.named(text, self.settling.members(scene))
        return bool(known) or self.somebody(text)

    def near(self, scene: Scene, draft: Draft) -> bool:
        """Take names that were nearly spelt, to ask which is meant."""
        entities = scene.understood.entities
        near = entities.near if entities else {}
        names = [f"{kind}:{key}" for kind in ("doctor", "department") for key in near.get(kind, ())]
        draft.several = names or draft.several
        return bool(names)

    def _place(self, scene: Scene, draft: Draft, said: Said) -> bool:
        if said.other == "department" and not said.places:
            draft.forget_place()
            return True
        if not said.places and set(said.elsewhere) & set(self._departments(scene, draft)):
            draft.forget_place()
            return True
        if not said.places:
            return False
        draft.forget_place()
        doctors = [*said.doctors, *(key for _, key in said.several)]
        if doctors:
            self._doctors(scene, draft, doctors, said)
        elif said.departments:
            draft.departments = list(said.departments)
        else:
            self._suggested(scene, draft, said.symptoms)
        return True

    def _departments(self, scene: Scene, draft: Draft) -> list[str]:
        """Return the departments that are looked in."""
        found = self.offers.named_departments(scene, draft.departments, draft.doctors)
        return [row.key for row in found]

    def _doctors(self, scene: Scene, draft: Draft, doctors: list[str], said: Said) -> None:
        """Take the doctors; of those that share a name, those of the department that is named."""
        if said.several and said.departments:
            rows = self.offers.named_departments(scene, said.departments)
            there = {row.name for row in rows}
            known = self.offers.named_doctors(scene, doctors)
            narrowed = [row.key for row in known if row.department in there]
            doctors = narrowed or doctors
        if said.several and len(doctors) > 1:
            draft.several = [f"doctor:{key}" for key in doctors]
        else:
            draft.doctors = doctors

    def _suggested(self, scene: Scene, draft: Draft, symptoms: tuple[str, ...]) -> None:
        """Take the department that the approved table suggests; of several, ask (SC-05)."""
        rows = self.offers.suggested(scene, symptoms)
        departments = list(dict.fromkeys(row.key for row in rows))
        draft.symptoms = list(symptoms)
        if len(departments) > 1:
            draft.several = [f"department:{key}" for key in departments]
        else:
            draft.departments = departments

    def _campus(self, scene: Scene, draft: Draft) -> bool:
        """Take the campus that is named."""
        campus = self.offers.campus_in(scene)
        changed = campus is not None and campus != draft.campus
        if changed:
            draft.campus, draft.shown = campus, []
        return changed

    def _without(self, scene: Scene, draft: Draft, said: Said) -> bool:
        """Take that a doctor is not wanted; another one of the same department will do."""
        unwanted = list(said.without)
        if said.other == "doctor" and not said.doctors:
            unwanted += draft.doctors or self._held_doctor(scene, draft)
        draft.below = None if said.other == "doctor" else draft.below
        if not unwanted:
            return said.other == "doctor" and not said.doctors
        departments = [row.key for row in self.offers.named_departments(scene, (), unwanted)]
        draft.departments = draft.departments or departments
        draft.doctors = [doctor for doctor in draft.doctors if doctor not in unwanted]
        draft.without = list(dict.fromkeys([*draft.without, *unwanted]))
        draft.shown = []
        return True

    def _held_doctor(self, scene: Scene, draft: Draft) -> list[str]:
        if draft.slot is None:
            return []
        clinic = self.offers.clinic_of(scene.tx, draft.slot)
        return [clinic.doctor] if clinic else []

    def _kind(self, scene: Scene, draft: Draft, said: Said) -> bool:
        """Take the kind of clinic, or that it must be cheaper: then any doctor there will do (E20)."""
        if said.cheaper:
            visit = self.settling.held(scene, draft)
            fee = visit.fee if visit else Decimal(draft.fee) if draft.fee else None
            if not draft.departments:
                found = self.offers.named_departments(scene, (), draft.doctors)
                draft.departments = [row.key for row in found]
            draft.doctors, draft.shown, draft.pick = [], [], True
            draft.below = str(fee) if fee is not None else None
            draft.tier = "general" if fee is None else None
            return True
        if said.tier is None:
            return False
        draft.tier, draft.shown = said.tier, []
        return True


def _time(draft: Draft, when: When) -> bool:
    """Take the days and times that were named; a day alone leaves every part of it open."""
    if when.ask or not when:
        return False
    if when.first or when.soonest or when.last:
        draft.forget_time()
    if when.first:
        draft.first = when.first.isoformat()
    if when.last:
        draft.last = when.last.isoformat()
    draft.part = when.part or (None if when.from_time else draft.part)
    draft.from_time = when.from_time.isoformat() if when.from_time else None
    draft.to_time = when.to_time.isoformat() if when.to_time else None
    draft.soonest, draft.pick, draft.shown = when.soonest, False, []
    return True
