"""The conversation about waiting for a place in a full clinic: joining, taking, skipping, leaving.

Every tap says what it is about in full before; so one tap takes a place. Whoever taps what is over by
now is told so, and what she can do.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.appointments import finding
from bot.appointments.booking.drafts import WHEN, Draft
from bot.appointments.model import ClinicView, Refusal, Visit
from bot.appointments.offer_labels import label
from bot.appointments.service import Bookings
from bot.appointments.telling import clinic_values, moment, visit_values
from bot.appointments.waitlist import service as waitlist
from bot.appointments.waitlist.notices import WaitlistNotices
from bot.appointments.waitlist.service import Waiting
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.listeners import Listeners, sees
from bot.dialogue.people import Member
from bot.message import Button, Kind, Say

FLOW = "waitlist"
#: So many are shown at once; the list has a place for each tap.
_MOST_SHOWN = 4


class WaitlistFlow:
    """Puts patients on the list of a full clinic, takes their answers to what is offered.

    Args:
        says: says an offer again.
    """

    def __init__(self, bookings: Bookings, listeners: Listeners, says: WaitlistNotices) -> None:
        self._bookings = bookings
        self._listeners = listeners
        self._says = says
        self._entries: Mapping[str, Callable[[Scene], Step]] = {
            "join": self._join,
            "who": self._who,
            "mine": self._mine,
            "take": self._take,
            "skip": self._skip,
            "leave": self._leave,
            "look": self._look,
            "cancel": self._dropped,
            "back": self._dropped,
        }

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `join`, `who`, `mine`, `take`, `skip`, `leave` or `look`."""
        scene.session.misses = 0
        act = self._entries.get(entry)
        if act is None:
            raise ValueError(f"waitlist has no entry {entry}")
        return act(scene)

    def _join(self, scene: Scene) -> Step:
        """Join with `clinic_id`, or a choice `<clinic>[.<patient>]`; ask who it is for where unsure."""
        clinic_id, patient_id = _two(scene.values.get("choice", ""))
        clinic_id = int(scene.values.get("clinic_id") or clinic_id)
        patient_id = int(scene.values.get("patient_id") or patient_id)
        members = self._members(scene)
        if patient_id in {one.patient_id for one in members}:
            return self._joined(scene, clinic_id, patient_id)
        if len(members) == 1:
            return self._joined(scene, clinic_id, members[0].patient_id)
        view = finding.clinic_of(scene.tx, clinic_id)
        if view is None:
            return self._cannot(scene, Refusal.STOPPED, None)
        scene.session.draft = {"flow": FLOW, "clinic_id": clinic_id}
        if not members:
            return Step(goto=Goto("family", "start", {"back": f"{FLOW}.who"}))
        options = tuple(
            Button(one.name, f"flow:{FLOW}.who:{clinic_id}.{one.patient_id}") for one in members
        )
        return Step((Say("waitlist/who", Kind.QUESTION, self._about(scene, view), options),))

    def _who(self, scene: Scene) -> Step:
        """Take who it is for: a choice, or whoever the family flow comes back with."""
        clinic_id, patient_id = _two(scene.values.get("choice", ""))
        draft = scene.session.draft or {}
        if draft.get("flow") == FLOW:
            clinic_id = clinic_id or int(draft["clinic_id"])
            scene.session.draft = None
        patient_id = int(scene.values.get("patient_id") or patient_id)
        if not clinic_id or patient_id not in {one.patient_id for one in self._members(scene)}:
            return self._dropped(scene)
        return self._joined(scene, clinic_id, patient_id)

    def _joined(self, scene: Scene, clinic_id: int, patient_id: int) -> Step:
        """Put her on the list, unless a place is free or booking is paused for her."""
        tx, now, options = scene.tx, scene.now, self._bookings.options
        view = finding.clinic_of(tx, clinic_id)
        missed = self._bookings.missed(tx, patient_id, now)
        if view is not None and missed.blocked_until is not None:
            return self._cannot(scene, Refusal.BLOCKED, view, missed.blocked_until)
        free = finding.slots_of(tx, clinic_id, now, options, self._bookings.zone)
        if view is not None and free:
            return self._to_booking(scene, view, free[0].slot_id, patient_id)
        waits = waitlist.join(tx, clinic_id, patient_id, scene.conversation_id, now)
        if isinstance(waits, Refusal):
            return self._cannot(scene, waits, view)
        values = {**self._of(scene, waits), "minutes": options.offer_minutes}
        return self._said(scene, "joined", values)

    def _mine(self, scene: Scene) -> Step:
        """Show what she waits for; a place that is kept for her comes first."""
        mine = self._waiting(scene)
        offered = next((one for one in mine if one.is_offered), None)
        if offered is not None and offered.offer_id is not None:
            held = self._bookings.visit(scene.tx, offered.offer_id)
            if held is not None and held.held_until is not None and held.held_until > scene.now:
                return Step((self._says.again(held, offered.entry_id, scene),))
        if not mine:
            return self._said(scene, "none", {})
        shown = [self._of(scene, one) for one in mine[:_MOST_SHOWN]]
        options = tuple(
            Button(
                f"{label('leave', scene.session.lang)} {told['who']} {told['day']}",
                f"flow:{FLOW}.leave:{one.entry_id}",
            )
            for one, told in zip(mine, shown, strict=False)
        )
        return Step((Say("waitlist/mine", Kind.QUESTION, {"waits": shown}, options),))

    def _take(self, scene: Scene) -> Step:
        """Book the place that is kept for her."""
        held = self._offer(scene)
        if held is None:
            return self._over(scene)
        tx, now = scene.tx, scene.now
        booked = self._bookings.confirm(tx, held.appointment_id, held.conversation_id, now)
        if isinstance(booked, Refusal):
            return self._cannot(scene, booked, held.clinic)
        waits = waitlist.of_offer(tx, held.appointment_id)
        if waits is not None:
            waitlist.become(tx, waits, "taken", now, actor="patient")
        return self._said(scene, "taken", self._visit(scene, booked))

    def _skip(self, scene: Scene) -> Step:
        """Let the place go to the next; she stays in the line for another time."""
        held = self._offer(scene)
        waits = waitlist.of_offer(scene.tx, held.appointment_id) if held else None
        if held is None or waits is None:
            return self._over(scene)
        self._bookings.release(scene.tx, held.appointment_id, scene.now)
        return self._said(scene, "skipped", self._of(scene, waits))

    def _leave(self, scene: Scene) -> Step:
        """Take her off the list; what was kept for her is free."""
        entry_id, _ = _two(scene.values.get("choice", ""))
        waits = next((one for one in self._waiting(scene) if one.entry_id == entry_id), None)
        if waits is None:
            return self._over(scene)
        if waits.is_offered and waits.offer_id is not None:
            self._bookings.release(scene.tx, waits.offer_id, scene.now)
        waitlist.become(scene.tx, waits, "left", scene.now, actor="patient")
        return self._said(scene, "left", self._of(scene, waits))

    def _look(self, scene: Scene) -> Step:
        """Let the booking of another place begin, for whom she waited."""
        slot_id, entry_id = _two(scene.values.get("choice", ""))
        waits = waitlist.find(scene.tx, entry_id)
        ours = {one.patient_id for one in self._members(scene)}
        if waits is None or waits.patient_id not in ours:
            return self._over(scene)
        return self._to_booking(scene, waits.clinic, slot_id, waits.patient_id)

    def _to_booking(self, scene: Scene, view: ClinicView, slot_id: int, patient_id: int) -> Step:
        draft = Draft(stage=WHEN, departments=[view.department], patient_id=patient_id)
        draft.keep(scene.session)
        return Step(goto=Goto("booking", "slot", {"choice": str(slot_id)}))

    def _dropped(self, scene: Scene) -> Step:
        scene.session.draft = None
        return Step(goto=Goto("faq", "dropped"))

    def _over(self, scene: Scene) -> Step:
        """Say that an offer is over; what she waits for still is told."""
        mine = [self._of(scene, one) for one in self._waiting(scene)[:_MOST_SHOWN]]
        return self._said(scene, "over", {"waits": mine})

    def _cannot(
        self, scene: Scene, why: Refusal, view: ClinicView | None, until: Any = None
    ) -> Step:
        lang, zone = scene.session.lang, self._bookings.zone
        about = clinic_values(view, lang, zone) if view else {"line": ""}
        values = {**about, "why": why.value, "until": moment(until, lang, zone) if until else ""}
        return self._said(scene, "cannot", values)

    def _offer(self, scene: Scene) -> Visit | None:
        """Return the place that a choice names, if it is kept for somebody she may book for (I7)."""
        appointment_id, _ = _two(scene.values.get("choice", ""))
        held = self._bookings.visit(scene.tx, appointment_id)
        ours = {one.patient_id for one in self._members(scene)}
        if held is None or not held.offered or held.patient_id not in ours:
            return None
        return held

    def _members(self, scene: Scene) -> Sequence[Member]:
        return self._listeners.members(scene.tx, scene.conversation_id, scene.now)

    def _waiting(self, scene: Scene) -> list[Waiting]:
        ours, here = self._members(scene), scene.conversation_id
        waits = waitlist.of_patients(scene.tx, [one.patient_id for one in ours])
        return [one for one in waits if sees(ours, one.patient_id, one.conversation_id, here)]

    def _about(self, scene: Scene, view: ClinicView) -> dict[str, Any]:
        return clinic_values(view, scene.session.lang, self._bookings.zone)

    def _of(self, scene: Scene, waits: Waiting) -> dict[str, Any]:
        return {**self._about(scene, waits.clinic), "who": waits.told, "place_no": waits.place}

    def _visit(self, scene: Scene, visit: Visit) -> dict[str, Any]:
        return visit_values(visit, scene.session.lang, self._bookings.zone, scene.now)

    def _said(self, scene: Scene, name: str, values: Mapping[str, Any]) -> Step:
        person = person_button(scene.session.lang)
        return Step((Say(f"waitlist/{name}", Kind.ANSWER, values, shortcuts=(person,)),))


def _two(choice: object) -> tuple[int, int]:
    """Read `<id>` or `<id>.<id>` of a tap; 0 for what is not there."""
    first, _, second = str(choice).partition(".")
    return int(first or 0), int(second or 0)
