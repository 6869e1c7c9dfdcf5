"""The last question before a visit is cancelled or moved, and what was answered to it.

It names everything. Where others may pretend to be her, the answer is the code that stands in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.appointments.changes import code as changes_code
from bot.appointments.changes.answers import Meant, meant
from bot.appointments.changes.said import Telling, option
from bot.appointments.model import Visit
from bot.appointments.states import State
from bot.dialogue.faq import person_button
from bot.dialogue.flow import Scene, Step

CANCEL, MOVE = "cancel", "move"
#: After so many answers that say neither, the question is left, and nothing has changed.
_MOST_UNCLEAR = 2
_KEEP_DIGIT = 2


class Answer(StrEnum):
    """What became of the question."""

    YES = "yes"
    KEEP = "keep"
    UNCLEAR = "unclear"
    NEEDS_CODE = "needs_code"  # yes, but not with the code
    GIVEN_UP = "given_up"
    WRONG = "wrong"
    USED_UP = "used_up"


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks, and reads the answer."""

    telling: Telling

    def cancel(self, scene: Scene, visit: Visit, note: str = "") -> Step:
        """Ask whether to cancel a visit, or to give up a place that is held."""
        named = {"act": CANCEL, "id": visit.appointment_id}
        values = {**self.telling.values(scene, visit), "note": note}
        sure = "release" if visit.state is State.HELD else "sure_cancel"
        return self._ask(scene, "ask_cancel", visit, values, named, (sure, "keep"))

    def move(self, scene: Scene, old: Visit, new: Visit, note: str = "") -> Step:
        """Ask whether the place that is held shall take the place of a visit."""
        named = {"act": MOVE, "id": new.appointment_id, "old": old.appointment_id}
        values = {
            **self.telling.values(scene, new), "old": self.telling.values(scene, old), "note": note
        }  # fmt: skip
        return self._ask(scene, "ask_move", new, values, named, ("sure_move", "keep_old"))

    def again(self, scene: Scene, name: str, named: Mapping[str, Any], left: int = 0) -> Step:
        """Ask for the code once more; it stands in the message before."""
        values = {"left": left, "moves": named["act"] == MOVE}
        return self.telling.ask(scene, name, values, (), dict(named), "decided")

    def read(self, scene: Scene, named: dict[str, Any]) -> Answer:
        """Return what was answered in words; counts in `named` what was no answer."""
        said = scene.understood
        if "code" in named:
            if said.number == _KEEP_DIGIT:
                return Answer.KEEP
            code = changes_code.code_in(said.text)
            if code is not None:
                return self._coded(scene, named, code)
        answer = meant(said.text, [said.act] if said.act else [], str(named["act"]))
        if answer is Meant.KEEP:
            return Answer.KEEP
        if answer is Meant.YES or (said.number is not None and "code" in named):
            return Answer.NEEDS_CODE if "code" in named else Answer.YES
        named["unclear"] = int(named.get("unclear", 0)) + 1
        return Answer.GIVEN_UP if named["unclear"] > _MOST_UNCLEAR else Answer.UNCLEAR

    def _coded(self, scene: Scene, named: dict[str, Any], code: str) -> Answer:
        if changes_code.is_right(scene.tx.keyring, scene.conversation_id, named, code):
            return Answer.YES
        named["tries"] = int(named["tries"]) - 1
        if named["tries"] > 0:
            return Answer.WRONG
        changes_code.use_up(scene.tx, scene.conversation_id, scene.now)
        return Answer.USED_UP

    def _ask(
        self,
        scene: Scene,
        name: str,
        visit: Visit,
        values: dict[str, Any],
        named: dict[str, Any],
        taps: tuple[str, str],
    ) -> Step:
        lang = scene.session.lang
        if scene.private or (named["act"] == CANCEL and visit.state is State.HELD):
            sure, keep = taps
            done = "cancelled" if named["act"] == CANCEL else "moved"
            options = (
                option(sure, lang, done, visit.appointment_id),
                option(keep, lang, "kept", visit.appointment_id),
            )
            return self.telling.ask(scene, name, {**values, "code": ""}, options, named, "decided")
        if changes_code.needs_person(scene.tx, scene.conversation_id, scene.now):
            return self.telling.told(scene, "only_a_person", {}, person_button(lang))
        code = changes_code.new_code()
        kept = changes_code.digest(
            scene.tx.keyring, scene.conversation_id, visit.appointment_id, code
        )
        named = {**named, "code": kept, "tries": changes_code.TRIES}
        return self.telling.ask(scene, name, {**values, "code": code}, (), named, "decided")
