"""What is said to those who wait for a place, outside a turn: an offer, or that the wait is over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.appointments import finding
from bot.appointments.model import FreeSlot, Visit
from bot.appointments.offer_labels import label
from bot.appointments.service import Bookings
from bot.appointments.stopped.spreading import offered
from bot.appointments.telling import clinic_values, slot_values, visit_values
from bot.appointments.waitlist.service import Waiting
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene
from bot.dialogue.listeners import Listeners
from bot.dialogue.notices import Hearer, Notices
from bot.message import Button, Kind, Say
from bot.store.db import Tx

#: What is offered to whoever waited in vain can be taken for so long with one tap.
OPEN_FOR = timedelta(hours=24)
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class WaitlistNotices:
    """Tells those who wait."""

    bookings: Bookings
    listeners: Listeners
    notices: Notices

    def offer(self, held: Visit, entry_id: int, now: datetime, hearer: Hearer) -> Say:
        """Return the offer of a place, with all that she must know to take it."""
        lang = hearer.lang
        values = visit_values(held, lang, self.bookings.zone, now)
        options = (
            Button(label("take", lang), f"flow:waitlist.take:{held.appointment_id}"),
            Button(label("skip", lang), f"flow:waitlist.skip:{held.appointment_id}"),
            Button(label("leave", lang), f"flow:waitlist.leave:{entry_id}"),
        )
        return Say("waitlist/offer", Kind.NOTICE, {**values, "answers": hearer.answers}, options)

    def again(self, held: Visit, entry_id: int, scene: Scene) -> Say:
        """Return the offer once more, as a question of the turn that asks for it."""
        say = self.offer(held, entry_id, scene.now, Hearer(scene.session.lang, answers=True))
        return replace(say, kind=Kind.QUESTION, here=True)

    def ended(
        self,
        tx: Tx,
        waits: Waiting,
        name: str,
        now: datetime,
        *,
        options: Sequence[tuple[str, str]] = (),
        alternatives: bool = False,
        why: str = "",
    ) -> None:
        """Tell her, unless she stopped our messages meanwhile, why her wait is over.

        Args:
            options: (name of a label, value) of what she can tap.
            alternatives: offer what else is free of the department.
        """
        if self.listeners.left(tx, waits.conversation_id, waits.since):
            return
        free = self._free_instead(tx, waits, now) if alternatives else []

        def say(hearer: Hearer) -> Say:
            lang, zone = hearer.lang, self.bookings.zone
            told = [slot_values(one, lang, zone) for one in free]
            taps = [Button(label(one, lang), value) for one, value in options]
            taps += [
                Button(str(values["label"]), f"flow:waitlist.look:{one.slot_id}.{waits.entry_id}")
                for one, values in zip(free, told, strict=True)
            ]
            values = {**clinic_values(waits.clinic, lang, zone), "who": waits.told, "why": why,
                      "others": told, "answers": hearer.answers}  # fmt: skip
            return Say(name, Kind.NOTICE, values, tuple(taps), (person_button(lang),))

        self.notices.tell(
            tx, waits.conversation_id, say, now, until=now + OPEN_FOR,
            dedupe_key=f"{name}:{waits.entry_id}",
        )  # fmt: skip

    def _free_instead(self, tx: Tx, waits: Waiting, now: datetime) -> list[FreeSlot]:
        wanted = finding.Wanted(departments=(waits.clinic.department,), campus=waits.clinic.campus)
        free = finding.free(
            tx, wanted, now, self.bookings.options, self.bookings.zone, limit=_LOOKED_AT
        )
        return offered(free, waits.clinic, waits.entry_id)
