"""The conversation after the hospital cancelled a visit: one tap takes one of the places offered."""

from dataclasses import replace

from bot.appointments.model import Refusal, Visit
from bot.appointments.stopped.instead import Instead
from bot.appointments.telling import visit_values
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene, Step
from bot.dialogue.notices import Hearer
from bot.message import Kind, Say


class StoppedFlow:
    """Books what is taken; says what stands in the way, and what else is free."""

    def __init__(self, instead: Instead) -> None:
        self._instead = instead

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `take` (choice `<slot>.<appointment>`) or `show` (`<appointment>`)."""
        if entry == "show":
            return self._show(scene, int(scene.values["choice"]))
        if entry != "take":
            raise ValueError(f"stopped has no entry {entry}")
        scene.session.misses = 0
        slot_id, _, appointment_id = str(scene.values.get("choice", "")).partition(".")
        taken = self._instead.take(
            scene.tx, int(slot_id), int(appointment_id), scene.conversation_id, scene.now
        )
        lang, zone = scene.session.lang, self._instead.bookings.zone
        person = (person_button(lang),)
        if isinstance(taken, Visit):
            values = visit_values(taken, lang, zone, scene.now)
            return Step((Say("stopped/taken", Kind.ANSWER, values, shortcuts=person),))
        old = self._instead.bookings.visit(scene.tx, int(appointment_id))
        if taken is Refusal.NOT_HERS or old is None:
            return Step((Say("stopped/not_hers", Kind.NOTICE, shortcuts=person),))
        others = self._instead.places(scene.tx, old, scene.inbox_id, scene.now)
        hearer = Hearer(lang, answers=True)
        say = self._instead.say("stopped/cannot", old, others, hearer, taken.value)
        return Step((replace(say, kind=Kind.QUESTION, here=True),))

    def _show(self, scene: Scene, appointment_id: int) -> Step:
        """Offer once more what is free in place of a visit that the hospital cancelled."""
        scene.session.misses = 0
        lang, person = scene.session.lang, (person_button(scene.session.lang),)
        found = self._instead.hers(scene.tx, appointment_id, scene.conversation_id, scene.now)
        if found is None:
            return Step((Say("stopped/not_hers", Kind.NOTICE, shortcuts=person),))
        others = self._instead.places(scene.tx, found, scene.inbox_id, scene.now)
        say = self._instead.say("stopped/others", found, others, Hearer(lang, answers=True))
        return Step((replace(say, kind=Kind.QUESTION, here=True),))
