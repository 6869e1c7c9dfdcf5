"""What every question about a new member shares: how it is asked, left, interrupted, and handed back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.dialogue.choices import drops
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.people import Member
from bot.dialogue.requests import REQUESTS
from bot.dialogue.understand import Answer
from bot.message import Button, Kind, Say
from bot.patients.bind_flow import Post
from bot.patients.family import Household, New, Result
from bot.patients.told import Told
from intents.normalize import normalize

LATER = {"zh-CN": Button("先不加了", "不用了"), "en": Button("Not now", "no thanks")}


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks one thing at a time.

    Attributes:
        region: whose way of writing phones is meant where none is named: "CN".
    """

    household: Household
    post: Post
    region: str | None
    zone: ZoneInfo

    def today(self, now: datetime) -> date:
        """Return the hospital's date."""
        return now.astimezone(self.zone).date()

    def mine(self, scene: Scene) -> list[Member]:
        """Return who this conversation may book for now."""
        return list(self.household.members(scene.tx, scene.conversation_id, self.today(scene.now)))

    def aside(self, scene: Scene, told: Told) -> Step | None:
        """Leave, or do something else, where that is what was plainly said."""
        said = scene.understood
        if said.act in ("no", "cancel"):
            return self.later(told)
        draft = scene.session.draft
        if draft is not None and drops(normalize(said.text)):  # "别约了": not only this question
            return Step(goto=Goto(str(draft["flow"]), "cancel"))
        if said.request is not None and said.request not in ("book", "resume", "add_family"):
            return Step(goto=Goto(*REQUESTS[said.request]))
        return None

    def between(self, scene: Scene, told: Told) -> Step:
        """Answer another question first; ours is asked again after it."""
        decision = scene.understood.decision
        intent = decision.match.intent if isinstance(decision, Answer) else ""
        return Step(
            goto=Goto("faq", "answer", {"intent": intent}),
            back=Goto("family", "again", told.kept()),
        )

    def later(self, told: Told) -> Step:
        """Go back with nobody."""
        if told.back:
            return self.back(told, None)
        return Step(goto=Goto("faq", "dropped"))

    def done(self, told: Told, patient_id: int, *says: Say) -> Step:
        """Go back with somebody; where nobody waits, show the list."""
        if told.back:
            return replace(self.back(told, patient_id), says=says)
        return Step(says, Goto("family", "show"))

    def back(self, told: Told, patient_id: int | None) -> Step:
        """Let whoever waits go on."""
        flow, _, entry = told.back.partition(".")
        return Step(goto=Goto(flow, entry or "resume", {"patient_id": patient_id}))

    def add(self, scene: Scene, new: New, *, coded: bool = False) -> Result:
        """Add somebody here and now."""
        today = self.today(scene.now)
        return self.household.add(
            scene.tx, scene.conversation_id, new, scene.now, today, coded=coded
        )

    def desk(self) -> Step:
        """Let staff look: nothing is said of why, for that would tell of somebody else."""
        return Step(
            (Say("family/desk", Kind.NOTICE),),
            Goto("handoff", "open", {"reason": "identity", "desk": "booking"}),
        )

    def ask(
        self,
        scene: Scene,
        told: Told,
        name: str,
        entry: str,
        values: Mapping[str, object] | None = None,
        options: tuple[Button, ...] = (),
        shortcuts: tuple[Button, ...] | None = None,
    ) -> Step:
        """Ask one thing, here and nowhere else; what is known waits with the question."""
        given = (LATER[scene.session.lang],) if shortcuts is None else shortcuts
        return Step((
            Say(f"family/{name}", Kind.QUESTION, values or {}, options, given,
                named=told.kept(), answer=("family", entry), here=True),
        ))  # fmt: skip
