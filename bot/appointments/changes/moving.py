"""Moving a visit: the old one stands until the new one is sure."""

from dataclasses import dataclass, replace
from typing import Any

from bot.appointments import finding
from bot.appointments.booking import choosing
from bot.appointments.changes.said import Telling, option, shortcut
from bot.appointments.finding import Wanted
from bot.appointments.model import FreeSlot, Refusal, Visit
from bot.appointments.service import Bookings
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene, Step
from intents.when import When

_LOOKED_AT = 240
_OTHERS = 3


@dataclass(frozen=True, slots=True)
class Moving:
    """Finds another place for a visit, keeps it, and puts it in the place of the old one."""

    bookings: Bookings
    telling: Telling

    def offer(
        self, scene: Scene, visit: Visit, when: When, doctors: tuple[str, ...] = (), note: str = ""
    ) -> Step:
        """Show other places: of the same doctor first, on the day that was named if one was.

        Args:
            doctors: others whom she named.
            note: why the places are shown again.
        """
        if when.ask is not None:
            return self._listed(scene, visit, self._same(scene, visit, When()), when.ask)
        slots, why = self._slots(scene, visit, when, doctors)
        return self._listed(scene, visit, slots, note or why)

    def hold(self, scene: Scene, visit: Visit, slot_id: int, *, verified: bool) -> Visit | Refusal:
        """Keep a place for the visit while she makes sure; an older one is let go."""
        return self.bookings.hold(
            scene.tx, slot_id, scene.conversation_id, scene.now,
            patient_id=visit.patient_id, verified=verified, replaces_id=visit.appointment_id,
        )  # fmt: skip

    def refused(self, scene: Scene, visit: Visit, why: Refusal) -> Step:
        """Say why it cannot be that place, that the old one stands, and show others."""
        if why in (
            Refusal.FULL,
            Refusal.CLOSED,
            Refusal.UNRELEASED,
            Refusal.STOPPED,
            Refusal.EXPIRED,
        ):
            return self.offer(scene, visit, When(), note=why.value)
        person, mine = person_button(scene.session.lang), shortcut("mine", scene.session.lang)
        values = {**self.telling.values(scene, visit), "why": why.value}
        return self.telling.told(scene, "cannot_move", values, mine, person)

    def _slots(
        self, scene: Scene, visit: Visit, when: When, doctors: tuple[str, ...]
    ) -> tuple[list[FreeSlot], str]:
        """Return places and, where they are not what was asked for, in what they differ."""
        same = self._same(scene, visit, when, doctors)
        if same:
            return same, ""
        clinic = visit.clinic
        department = _wanted(when, departments=(clinic.department,), campus=clinic.campus)
        near = self._free(scene, visit, replace(department, tier=clinic.tier))
        near = near or self._free(scene, visit, department)
        if near:
            return near, "other_doctor"
        later = self._same(scene, visit, When(), doctors) if when else []
        if later:
            return later, "other_day"
        return finding.alternatives(
            scene.tx, clinic, scene.now, self.bookings.options, self.bookings.zone, _OTHERS
        ), "other_doctor"

    def _same(
        self, scene: Scene, visit: Visit, when: When, doctors: tuple[str, ...] = ()
    ) -> list[FreeSlot]:
        return self._free(scene, visit, _wanted(when, doctors=doctors or (visit.clinic.doctor,)))

    def _free(self, scene: Scene, visit: Visit, wanted: Wanted) -> list[FreeSlot]:
        slots = finding.free(
            scene.tx, wanted, scene.now, self.bookings.options, self.bookings.zone, _LOOKED_AT
        )
        return [slot for slot in slots if slot.slot_id != visit.slot_id]

    def _listed(self, scene: Scene, visit: Visit, slots: list[FreeSlot], note: str) -> Step:
        lang, old = scene.session.lang, visit.appointment_id
        values = {**self.telling.values(scene, visit), "note": note}
        if not slots:
            person, mine = person_button(lang), shortcut("mine", lang)
            return self.telling.told(scene, "no_other_time", values, mine, person)
        shown = choosing.spread(slots)
        taps = [self.telling.slot(scene, slot, "hold", f"{slot.slot_id}.{old}") for slot in shown]
        keep = option("keep_old", lang, "kept", old)
        return self.telling.ask(
            scene, "other_times", values, (*taps, keep), {"act": "slots", "id": old}, "other_time"
        )


def _wanted(when: When, **of: Any) -> Wanted:
    """Return what to look for; a time to the minute is the first place shown, not the only one."""
    exact = when.from_time is not None and when.from_time == when.to_time
    return Wanted(
        first=when.first,
        last=when.last,
        part=when.part,
        from_time=when.from_time,
        to_time=None if exact else when.to_time,
        **of,
    )
