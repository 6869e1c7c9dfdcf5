"""The list of somebody's visits ("我的预约"), in any state and beside anything that is under way."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.appointments.changes.own import Own
from bot.appointments.changes.said import MOST_LISTED, Telling, changeable, option
from bot.appointments.model import Visit
from bot.appointments.states import State
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene, Step
from bot.message import Button, Kind, Say

_MOST_PAST = 6


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists visits, and what can be done about each."""

    own: Own
    telling: Telling

    def mine(self, scene: Scene) -> Step:
        """List everything to come; beside something that is under way, without asking anything."""
        lang, first = scene.session.lang, int(scene.values.get("choice", 0))
        found = self.own.to_come(scene)
        shown = found[first : first + MOST_LISTED]
        busy = scene.session.draft is not None
        values = {
            "visits": [self.telling.values(scene, visit) for visit in shown],
            "before": first,
            "more": max(0, len(found) - first - len(shown)),
            "busy": busy,
        }
        shortcuts = (person_button(lang),)
        if busy:
            return Step((Say("visits/mine", Kind.ANSWER, values, shortcuts=shortcuts),))
        options = self._ways(scene, found, shown, first)
        return Step((
            Say("visits/mine", Kind.QUESTION, values, options, shortcuts, here=True),
        ))  # fmt: skip

    def _ways(
        self, scene: Scene, found: Sequence[Visit], shown: Sequence[Visit], first: int
    ) -> tuple[Button, ...]:
        """Return what may be chosen under a list."""
        lang = scene.session.lang
        past = option("past", lang, "past")
        if not found:
            return (option("book", lang, "start", flow="booking"), past)
        if len(found) == 1:
            return (*self._on(scene, found[0]), past)
        named = tuple(self.telling.named(scene, visit, "one") for visit in shown)
        rest = len(found) > first + len(shown)
        return (*named, option("more", lang, "mine", first + len(shown)) if rest else past)

    def _on(self, scene: Scene, visit: Visit) -> tuple[Button, ...]:
        """Return what can be done about one visit now."""
        lang, number = scene.session.lang, visit.appointment_id
        if visit.state is State.CHECKED_IN:
            return (option("queue", lang, "queue", flow="visit_day"),)
        if visit.state is State.HOSPITAL_CANCELLED:
            return (option("others", lang, "show", number, flow="stopped"),)
        if not changeable(scene, visit):
            return ()
        cancel = option(
            "release" if visit.state is State.HELD else "cancel", lang, "cancel", number
        )
        return (
            (cancel,)
            if visit.state is State.HELD
            else (option("move", lang, "move", number), cancel)
        )

    def one(self, scene: Scene) -> Step:
        """Tell of one visit, and what can be done about it."""
        visit = self.own.visit(scene, int(scene.values["choice"]))
        if visit is None:
            return self.telling.told(scene, "not_hers")
        options = (*self._on(scene, visit), option("mine", scene.session.lang, "mine"))
        values = {
            "visits": [self.telling.values(scene, visit)],
            "before": 0,
            "more": 0,
            "busy": False,
        }
        person = person_button(scene.session.lang)
        return Step((Say("visits/mine", Kind.QUESTION, values, options, (person,), here=True),))

    def past(self, scene: Scene) -> Step:
        """List what is over."""
        found = self.own.past(scene)
        told = [self.telling.values(scene, visit) for visit in found[:_MOST_PAST]]
        return self.telling.told(scene, "past", {"visits": told, "more": len(found) > _MOST_PAST})
