"""The conversation about whom somebody may book for: shows them, adds, corrects, takes off the list.

Nobody is taken off or changed by a guess: that is asked first, and any other word keeps things as
they are.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.dialogue.faq import menu_button, person_button
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.people import Member
from bot.dialogue.understand import Answer
from bot.message import Button, Kind, Say
from bot.patients import addresses, family_rows, introductions
from bot.patients.adding import Adding
from bot.patients.asking import LATER
from bot.patients.bind_flow import Post
from bot.patients.documents import Fault
from bot.patients.family import Household, Outcome
from bot.patients.introductions import Introduced
from bot.patients.told import Told, recall

_LABELS = {
    "zh-CN": {"add": "添加就诊人", "remove": "移除就诊人", "change": "更正姓名或证件",
              "removed": "确认移除", "kept": "不移除"},
    "en": {"add": "Add somebody", "remove": "Remove somebody", "change": "Correct name or document",
           "removed": "Yes, remove", "kept": "Keep on the list"},
}  # fmt: skip
_RELATIONS = {
    "zh-CN": {"self": "本人", "spouse": "爱人", "child": "孩子", "parent": "父母", "other": ""},
    "en": {"self": "you", "spouse": "spouse", "child": "child", "parent": "parent", "other": ""},
}
_MOST = 5


class FamilyFlow:
    """Keeps the list of people somebody may book for.

    Others send somebody new here by `Goto("family", "start", {"back": "booking.who"})`, and get
    `Goto("booking", "who", {"patient_id": …})` back: a number, or None for "not now". What they are
    in the middle of (`session.draft`) is left alone.

    Args:
        region: whose way of writing phones is meant where none is named: "CN".
    """

    def __init__(
        self, household: Household, post: Post, region: str | None, zone: ZoneInfo
    ) -> None:
        self._household = household
        self._adding = Adding(household, post, region, zone)

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at one of the entries named here."""
        scene.session.misses = 0
        told = recall(scene.asked.named if scene.asked else None)
        asked = {
            "take": self._adding.take,
            "birthday": self._adding.birthday,
            "guardian": self._adding.guardian,
            "code": self._adding.code,
            "full": self._still_full,
        }
        if entry in asked:
            return asked[entry](scene, told)
        match entry:
            case "start" | "add":
                return self._adding.start(scene)
            case "again":
                return self._adding.go_on(scene, recall(scene.values))
            case "show":
                return self._show(scene)
            case "remove" | "removed" | "kept":
                return self._removing(scene, entry, told)
            case "change" | "changed":
                return self._changing(scene, entry)
            case _:
                raise ValueError(f"family has no entry {entry}")

    def _show(self, scene: Scene) -> Step:
        """Show the list, and what can be done with it."""
        lang, words = scene.session.lang, _LABELS[scene.session.lang]
        mine = self._adding.mine(scene)
        rows = family_rows.live(scene.tx, scene.conversation_id)
        papers = {row.patient_id: family_rows.document_of(row).masked for row in rows}
        people = [
            {"name": m.name, "relation": _RELATIONS[lang][m.relation], "verified": m.verified,
             "masked": papers.get(m.patient_id, "")}
            for m in mine
        ]  # fmt: skip
        names = [] if len(mine) >= self._household.most else ["add"]
        names += ["remove", "change"] if mine else []
        options = tuple(Button(words[name], f"flow:family.{name}") for name in names)
        proven = addresses.proven(scene.tx, scene.conversation_id) is not None
        values = {"people": people, "most": self._household.most, "proven": proven}
        shortcuts = (menu_button(lang), person_button(lang))
        return Step((Say("family/list", Kind.QUESTION, values, options, shortcuts, here=True),))

    def _still_full(self, scene: Scene, told: Told) -> Step:
        """Nothing but a choice makes room; somebody of the list may be meant after all."""
        step = self._adding.aside(scene, told)
        chosen = self._household.named(scene.understood.text, self._adding.mine(scene))
        if step is None and len(chosen) == 1 and told.back:
            return self._adding.done(told, chosen[0].patient_id)
        return step or self._adding.later(told)

    def _chosen(self, scene: Scene) -> Member | None:
        """Return the member that a choice or an open question is about, if she is still one (I7)."""
        asked = scene.asked.named if scene.asked and scene.asked.named else {}
        choice = str(scene.values.get("choice") or asked.get("patient_id") or "")
        return next((m for m in self._adding.mine(scene) if str(m.patient_id) == choice), None)

    def _removing(self, scene: Scene, entry: str, told: Told) -> Step:
        """Ask whether somebody is to be taken off the list, and do it when that is what was chosen."""
        member = self._chosen(scene)
        if entry == "remove" and member is None:
            return self._which(scene, "remove")
        if entry == "remove" and member is not None:
            return self._sure(scene, member, told)
        agreed = entry == "removed" or scene.understood.act == "yes"
        if agreed and member is not None:
            return self._removed(scene, member, told)
        if isinstance(scene.understood.decision, Answer):
            intent = scene.understood.decision.match.intent
            return Step(goto=Goto("faq", "answer", {"intent": intent}))
        return self._adding.later(told) if told.back else self._told(scene, "kept")

    def _removed(self, scene: Scene, member: Member, told: Told) -> Step:
        """Take somebody off the list, then go on with whoever is to be added instead."""
        today = self._adding.today(scene.now)
        result = self._household.remove(
            scene.tx, scene.conversation_id, member.patient_id, scene.now, today
        )
        if result.outcome is Outcome.NEEDED:
            return self._told(scene, "needed", name=member.name)
        if not (told.back or told.number):
            return self._told(scene, "removed", name=member.name)
        room = Say("family/removed", Kind.NOTICE, {"name": member.name})
        step = self._adding.go_on(scene, told)
        return Step((room, *step.says), step.goto, step.back)

    def _which(self, scene: Scene, entry: str) -> Step:
        """Ask who is meant, of those on the list."""
        mine = self._adding.mine(scene)
        if not mine:
            return self._told(scene, "nobody")
        return Step((
            Say(f"family/which_{entry}", Kind.QUESTION, {}, _taps(mine, entry),
                (LATER[scene.session.lang],), here=True),
        ))  # fmt: skip

    def _sure(self, scene: Scene, member: Member, told: Told) -> Step:
        words = _LABELS[scene.session.lang]
        if self._household.accompanies(self._adding.mine(scene), member.patient_id):
            return self._told(scene, "needed", name=member.name)
        options = (
            Button(words["removed"], f"flow:family.removed:{member.patient_id}"),
            Button(words["kept"], f"flow:family.kept:{member.patient_id}"),
        )
        visits = family_rows.coming(scene.tx, member.patient_id, scene.now)
        named = {"patient_id": member.patient_id, **told.kept()}
        return Step((
            Say("family/ask_remove", Kind.QUESTION, {"name": member.name, "visits": visits}, options,
                named=named, answer=("family", "kept"), here=True),
        ))  # fmt: skip

    def _changing(self, scene: Scene, entry: str) -> Step:
        """Ask what is right, and write it; staff do where others or visits depend on it."""
        member = self._chosen(scene)
        if member is None:
            return self._which(scene, "change")
        if entry == "change":
            return self._ask_change(scene, member, "ask_change")
        if (step := self._adding.aside(scene, Told())) is not None:
            return step
        said = introductions.read(scene.understood.text, self._adding.today(scene.now))
        if said.document is None and said.fault not in (None, Fault.NONE):
            return self._ask_change(scene, member, "wrong_document", str(said.fault))
        if said.document is None and said.name is None:
            return self._ask_change(scene, member, "ask_change")
        return self._corrected(scene, member, said)

    def _corrected(self, scene: Scene, member: Member, said: Introduced) -> Step:
        result = self._household.change(
            scene.tx, scene.conversation_id, member.patient_id, scene.now,
            self._adding.today(scene.now), name=said.name, document=said.document,
        )  # fmt: skip
        if result.outcome is not Outcome.CHANGED:
            return self._adding.desk()
        known = addresses.proven(scene.tx, scene.conversation_id)
        if known is None:
            return self._told(scene, "changed", name=said.name or member.name)
        return self._adding.prove_again(scene, member.patient_id, known.phone)

    def _ask_change(self, scene: Scene, member: Member, name: str, why: str = "") -> Step:
        values = {"name": member.name, "why": why}
        return Step((
            Say(f"family/{name}", Kind.QUESTION, values, (), (LATER[scene.session.lang],),
                named={"patient_id": member.patient_id}, answer=("family", "changed"), here=True),
        ))  # fmt: skip

    def _told(self, scene: Scene, text: str, **values: object) -> Step:
        lang = scene.session.lang
        shortcuts = (menu_button(lang), person_button(lang))
        return Step((Say(f"family/{text}", Kind.NOTICE, values, shortcuts=shortcuts),))


def _taps(members: Sequence[Member], entry: str) -> tuple[Button, ...]:
    return tuple(Button(m.name, f"flow:family.{entry}:{m.patient_id}") for m in members[:_MOST])
