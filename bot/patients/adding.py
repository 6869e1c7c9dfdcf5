"""Adding somebody to be booked for, one question at a time and only what is still missing.

What was told so far waits with the open question, sealed with the session, and nowhere else. A
document is asked for only here (PR-03). The number somebody typed is never said back.
"""

from collections.abc import Mapping, Sequence

from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.people import Member
from bot.dialogue.understand import Answer
from bot.message import Button, Kind, Say
from bot.patients import addresses, codes, introductions
from bot.patients.asking import LATER, Asking
from bot.patients.bind_flow import carrier_of
from bot.patients.binding_rules import (
    CODE_FOR,
    Problem,
    asks_again,
    code_in,
    ends,
    has_digits,
    minutes,
    phone_in,
)
from bot.patients.codes import Carrier, Guess
from bot.patients.documents import Document, Fault, Papers
from bot.patients.family import New, Outcome, Result
from bot.patients.introductions import Introduced
from bot.patients.names import same_name
from bot.patients.relations import relation_in
from bot.patients.told import Told, recall

_AGAIN = {
    "zh-CN": Button("再发一个验证码", "新验证码"),
    "en": Button("Send a new code", "new code"),
}
_MINUTES = CODE_FOR.seconds // 60
#: What of somebody else's phone is told, so that its owner knows which: fewer digits than of one's own.
_TAIL = 2


class Adding(Asking):
    """Adds somebody, and hands back to whoever waits."""

    def start(self, scene: Scene) -> Step:
        """Ask who it is, unless the very message that came here says it."""
        told = recall({"back": scene.values.get("back", "")})
        named = str(scene.values.get("named") or "")
        if named or scene.understood.request == "add_family":
            told.relation = relation_in(named or scene.understood.text) or ""
        said = introductions.read(scene.understood.text, self.today(scene.now))
        if said.document is not None or said.fault not in (None, Fault.NONE):
            return self._learn(scene, told, said)
        if len(self.mine(scene)) >= self.household.most:
            return self._full(scene, told)
        return self.ask(scene, told, "ask_who", "take")

    def go_on(self, scene: Scene, told: Told) -> Step:
        """Ask what is still missing: after a question in between, or once there is room."""
        return self._next(scene, told)

    def take(self, scene: Scene, told: Told) -> Step:
        """Take whatever was written when we asked who it is."""
        if (step := self.aside(scene, told)) is not None:
            return step
        said = introductions.read(scene.understood.text, self.today(scene.now))
        if said.document is None and said.fault in (None, Fault.NONE):
            chosen = self.household.named(scene.understood.text, self.mine(scene))
            if len(chosen) == 1 and not told.number and said.name in (None, chosen[0].name):
                return self.done(told, chosen[0].patient_id)
            if said.name is None and isinstance(scene.understood.decision, Answer):
                return self.between(scene, told)
        return self._learn(scene, told, said)

    def _learn(self, scene: Scene, told: Told, said: Introduced) -> Step:
        """Add what a message says to what is known, then ask for what is missing."""
        told.learn(said)
        phone = phone_in(scene.understood.text, self.region)
        if not isinstance(phone, Problem):
            told.phone = phone
        if said.document is None and said.fault not in (None, Fault.NONE):
            return self.ask(
                scene, told, "wrong_document", "take", {"why": said.fault, "name": told.name}
            )
        if (step := self._guardian_told(scene, told, said)) is not None:
            return step
        return self._next(scene, told, heard=bool(said.name or said.document))

    def _guardian_told(self, scene: Scene, told: Told, said: Introduced) -> Step | None:
        """Note who accompanies, adding her too where her document is told; None to go on."""
        mine = self.household.guardians(self.mine(scene))
        if said.guardian_document is not None and said.guardian_name:
            relation = "self" if said.guardian_is_self else "other"
            new = New(
                said.guardian_name, said.guardian_document, relation, phone=told.phone or None
            )
            result = self.add(scene, new)
            if result.outcome not in (Outcome.ADDED, Outcome.ALREADY):
                return self.ask(scene, told, "guardian_unclear", "guardian")
            told.guardian = result.patient_id
        elif said.guardian_name:
            same = [m for m in mine if same_name(m.name, said.guardian_name)]
            told.guardian = same[0].patient_id if len(same) == 1 else 0
        elif said.guardian_is_self:
            told.guardian = _only_self(mine)
        return None

    def _next(self, scene: Scene, told: Told, *, heard: bool = True) -> Step:
        """Ask for the first thing that is missing; add her when nothing is."""
        document, today = told.document, self.today(scene.now)
        if document is None:
            if told.name:
                return self.ask(scene, told, "ask_document", "take", {"name": told.name})
            return self.ask(scene, told, "ask_who" if heard else "not_understood", "take")
        if not told.name:
            return self.ask(scene, told, "ask_name", "take")
        if self._needs_birthday(document, told.relation):
            return self.ask(scene, told, "ask_birthday", "birthday", {"name": told.name})
        if self.household.is_minor(document, told.relation, today) and not told.guardian:
            mine = self.household.guardians(self.mine(scene))
            told.guardian = _only_self(mine)
            if not told.guardian:
                return self.ask_guardian(scene, told, mine)
        return self._settled(scene, told, self.add(scene, self._new(told)))

    def _new(self, told: Told) -> New:
        document = told.document
        if document is None:
            raise ValueError("nobody is added without a document")
        return New(
            told.name, document, told.relation or "other", told.guardian or None,
            told.phone or None, told.insured,
        )  # fmt: skip

    def _needs_birthday(self, document: Document, relation: str) -> bool:
        """Say whether the age decides and nobody told it: a passport has no date of birth in it."""
        says_it = document.born is not None or document.kind is Papers.BIRTH
        return not says_it and relation not in ("self", "spouse", "parent")

    def _settled(self, scene: Scene, told: Told, result: Result) -> Step:
        """Say what became of adding her, and what comes next."""
        match result.outcome:
            case Outcome.ADDED | Outcome.ALREADY:
                is_new = result.outcome is Outcome.ADDED
                says = (self._added(scene, told, result),) if is_new else ()
                return self.done(told, result.patient_id, *says)
            case Outcome.FULL:
                return self._full(scene, told)
            case Outcome.OTHER_NAME:
                kept = Told(back=told.back, relation=told.relation)
                return self.ask(scene, kept, "other_name", "take")
            case Outcome.GUARDIAN:
                told.guardian = 0
                return self.ask_guardian(scene, told, self.household.guardians(self.mine(scene)))
            case Outcome.CODE if result.phone and self._carrier is not None:
                return self._send(scene, told, result.phone, self._carrier)
            case _:
                return self.desk()

    def _added(self, scene: Scene, told: Told, result: Result) -> Say:
        member = next(m for m in self.mine(scene) if m.patient_id == result.patient_id)
        guardian = next((m for m in self.mine(scene) if m.patient_id == member.guardian_id), None)
        document = told.document
        values = {
            "name": member.name,
            "masked": document.masked if document else "",
            "guardian": guardian.name if guardian and member.minor else "",
            "guardian_is_self": guardian is not None and guardian.relation == "self",
        }
        return Say("family/added", Kind.NOTICE, values)

    def birthday(self, scene: Scene, told: Told) -> Step:
        """Take a date of birth."""
        if (step := self.aside(scene, told)) is not None:
            return step
        born = introductions.birthday(scene.understood.text, self.today(scene.now))
        if born is None and not has_digits(scene.understood.text):
            if isinstance(scene.understood.decision, Answer):
                return self.between(scene, told)
            told.relation = relation_in(scene.understood.text) or told.relation
        if born is None:
            return self._next(scene, told)
        told.born = born.isoformat()
        return self._next(scene, told)

    def ask_guardian(self, scene: Scene, told: Told, adults: Sequence[Member]) -> Step:
        """Ask who accompanies a child: one of the adults, or somebody to be introduced."""
        options = tuple(
            Button(member.name, f"flow:family.guardian:{member.patient_id}") for member in adults
        )
        values = {"name": told.name, "known": bool(options), "age": self.household.guardian_age}
        return self.ask(scene, told, "ask_guardian", "guardian", values, options[:5])

    def guardian(self, scene: Scene, told: Told) -> Step:
        """Take who accompanies a child: a choice, a member's name, or name and document."""
        adults = self.household.guardians(self.mine(scene))
        text, choice = scene.understood.text, scene.values.get("choice")
        if choice is None and (step := self.aside(scene, told)) is not None:
            return step
        said = introductions.read(text, self.today(scene.now))
        name, document = said.guardian_name or said.name, said.guardian_document or said.document
        if document is not None and name:
            relation = "self" if said.guardian_is_self else said.relation or "other"
            return self._guardian_added(scene, told, New(name, document, relation))
        chosen = (
            [m for m in adults if str(m.patient_id) == choice]
            if choice
            else list(self.household.named(text, adults))
        )
        if len(chosen) == 1:
            told.guardian = chosen[0].patient_id
            return self._next(scene, told)
        if said.fault not in (None, Fault.NONE):
            return self.ask(
                scene, told, "wrong_document", "guardian", {"why": said.fault, "name": ""}
            )
        if isinstance(scene.understood.decision, Answer) and not has_digits(text) and not said.name:
            return self.between(scene, told)
        return self.ask_guardian(scene, told, adults)

    def _guardian_added(self, scene: Scene, told: Told, new: New) -> Step:
        """Go on with who accompanies, once she is on the list herself."""
        result = self.add(scene, new)
        if result.outcome in (Outcome.ADDED, Outcome.ALREADY):
            told.guardian = result.patient_id
            return self._next(scene, told)
        why = "guardian_young" if result.outcome is Outcome.GUARDIAN else "guardian_unclear"
        return self.ask(scene, told, why, "guardian")

    @property
    def _carrier(self) -> Carrier | None:
        return carrier_of(self.post.channels)

    def _send(self, scene: Scene, told: Told, phone: str, carrier: Carrier) -> Step:
        """Send the code of somebody's phone; of another's no more than two digits are told."""
        limits = self.post.limits(carrier.channel, carrier.account)

        def word(code: str) -> str:
            values = {"code": code, "minutes": _MINUTES}
            return self.post.word(scene, Say("family/code", Kind.NOTICE, values), limits).text

        wait = codes.send(scene.tx, scene.conversation_id, phone, carrier, word, scene.now)
        if wait:
            return self._ask_code(scene, told, "too_often", {"minutes": minutes(wait)})
        if told.vouched:
            return self._ask_code(
                scene, told, "prove_again", {"tail": ends(phone), "minutes": _MINUTES}
            )
        return self._ask_code(
            scene, told, "code_sent", {"tail": phone[-_TAIL:], "minutes": _MINUTES}
        )

    def code(self, scene: Scene, told: Told) -> Step:
        """Take the code, or a wish for another one."""
        document, text = told.document, scene.understood.text
        if (step := self.aside(scene, told)) is not None:
            return step
        if document is None and not told.vouched:
            return self._next(scene, told)
        code = code_in(text)
        if code is None and asks_again(text):
            return self._sent_again(scene, told)
        if code is None:
            return self._no_code(scene, told)
        guessed = codes.guess(scene.tx, scene.conversation_id, code, scene.now)
        if guessed.guess is not Guess.RIGHT:
            values = {"why": guessed.guess.value, "left": guessed.left}
            return self._ask_code(scene, told, "code_wrong", values)
        return self._right(scene, told, guessed.phone)

    def _no_code(self, scene: Scene, told: Told) -> Step:
        """Answer a question in between, ours staying open; else say what is waited for."""
        decision = scene.understood.decision
        if isinstance(decision, Answer) and not has_digits(scene.understood.text):
            scene.session.expect = scene.asked
            return Step(goto=Goto("faq", "answer", {"intent": decision.match.intent}))
        return self._ask_code(scene, told, "not_a_code")

    def _right(self, scene: Scene, told: Told, phone: str) -> Step:
        """Do what a right code of `phone` allows, if it was that phone's to allow."""
        if told.vouched:
            known = addresses.proven(scene.tx, scene.conversation_id)
            if known is not None and known.phone == phone:
                self.household.vouch(scene.tx, scene.conversation_id, told.vouched, scene.now)
            return Step(goto=Goto("family", "show"))
        new = self._new(told)
        asked = self.add(scene, new)
        if asked.outcome is not Outcome.CODE or asked.phone != phone:
            return self._settled(scene, told, asked)
        return self._settled(scene, told, self.add(scene, new, coded=True))

    def _sent_again(self, scene: Scene, told: Told) -> Step:
        if told.vouched:
            known = addresses.proven(scene.tx, scene.conversation_id)
            return self.prove_again(scene, told.vouched, known.phone) if known else self.desk()
        return self._settled(scene, told, self.add(scene, self._new(told)))

    def prove_again(self, scene: Scene, patient_id: int, phone: str) -> Step:
        """Ask for a code of the account's own phone after a correction (BK-01)."""
        told = Told(vouched=patient_id)
        if self._carrier is None:
            return self.desk()
        return self._send(scene, told, phone, self._carrier)

    def _ask_code(
        self, scene: Scene, told: Told, name: str, values: Mapping[str, object] | None = None
    ) -> Step:
        lang = scene.session.lang
        shortcuts = (_AGAIN[lang], LATER[lang])
        return self.ask(scene, told, name, "code", values, shortcuts=shortcuts)

    def _full(self, scene: Scene, told: Told) -> Step:
        """Say that there are five already, and offer whom to take off the list."""
        options = tuple(
            Button(member.name, f"flow:family.remove:{member.patient_id}")
            for member in self.mine(scene)
        )
        values = {"most": self.household.most}
        return self.ask(scene, told, "full", "full", values, options[:5])


def _only_self(adults: Sequence[Member]) -> int:
    """Return the account holder herself, where it is plain who that is; else 0."""
    selves = [member for member in adults if member.relation == "self"]
    return selves[0].patient_id if len(selves) == 1 else 0
