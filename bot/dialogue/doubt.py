"""The grey zone: a message that is nearly a red flag gets one short question, the number beside it.

A clear yes gets the whole emergency reply; a clear no is believed, never commented on, and the first
message is answered after all; anything else goes to a person (EM-09). Silence does so too: see
`bot.handoff.silence`.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import bindparam, insert, update

from bot.dialogue.doubting import DOUBT
from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.router import route
from bot.dialogue.routes import Enter, Seen
from bot.dialogue.sessions import Expect
from bot.dialogue.understand import Understood
from bot.dialogue.urgent import UrgentFlow
from bot.message import Button, Kind, Say
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.urgent_tables import Doubt as Row
from intents.urgent import Alarm, Doubt
from intents.urgent_doubt import Answers
from intents.urgent_rules import CRISIS_KIND

_row = Row.__table__  # type: ignore[attr-defined]
_ASKED = Hot(
    insert(_row).values(
        conversation_id=bindparam("conversation_id"),
        inbox_id=bindparam("inbox_id"),
        kind=bindparam("kind"),
        rule=bindparam("rule"),
        rule_version=bindparam("rule_version"),
        state="asked",
        asked_at=bindparam("asked_at"),
    )
)
_SETTLED = Hot(
    update(_row)
    .where(_row.c.conversation_id == bindparam("conversation_id_"), _row.c.state == "asked")
    .values(state=bindparam("state_"), settled_at=bindparam("settled_at_"))
)
_LABELS = {"zh-CN": ("是，还这样", "没有"), "en": ("Yes, it is", "No")}
#: Reads a message again, as at an instant.
Reads = Callable[[str, datetime], Understood]


def settle(tx: Tx, conversation_id: int, state: str, now: datetime) -> bool:
    """Note what became of a conversation's open doubt; return whether there was one."""
    return bool(tx.run(_SETTLED, conversation_id_=conversation_id, state_=state, settled_at_=now))


class DoubtFlow:
    """Asks, and does what follows from the answer.

    Args:
        urgent: knows the numbers, and when staff are there.
        answers: tells clear answers in words.
        reads: understands the first message again, once it is to be answered after all.
    """

    def __init__(self, urgent: UrgentFlow, answers: Answers, reads: Reads) -> None:
        self._urgent = urgent
        self._answers = answers
        self._reads = reads

    def step(self, scene: Scene, entry: str) -> Step:
        """Take the message at `ask`, `yes`, `no` or `answer`."""
        if entry == "ask":
            return self._ask(scene)
        if entry == "answer":
            clear = self._answers.read(scene.understood.text)
            entry = "unclear" if clear is None else "yes" if clear else "no"
        settle(scene.tx, scene.conversation_id, entry, scene.now)
        if entry == "yes":
            return self._alarm(scene)
        return self._go_on(scene) if entry == "no" else self._person(scene)

    def _ask(self, scene: Scene) -> Step:
        doubt = scene.understood.doubt
        if doubt is None:
            raise ValueError("the flow of doubts needs one to ask about")
        scene.tx.run(
            _ASKED,
            conversation_id=scene.conversation_id,
            inbox_id=scene.inbox_id,
            kind=doubt.kind,
            rule=doubt.rule,
            rule_version=doubt.version,
            asked_at=scene.now,
        )
        named: dict[str, object] = {"text": scene.understood.text, "doubt": asdict(doubt)}
        if scene.asked is not None:
            named["before"] = asdict(scene.asked)
        yes, no = _LABELS[scene.session.lang]
        options = (Button(yes, f"flow:{DOUBT}.yes"), Button(no, f"flow:{DOUBT}.no"))
        values = self._urgent.values(doubt.kind, doubt.kind == CRISIS_KIND, scene.now)
        say = Say(
            "urgent/doubt", Kind.EMERGENCY, values, options,
            named=named, answer=(DOUBT, "answer"), here=True,
        )  # fmt: skip
        return Step((say,))

    def _alarm(self, scene: Scene) -> Step:
        doubt = _doubt(scene.asked)
        alarm = Alarm(doubt.kind, doubt.rule, doubt.version, crisis=doubt.kind == CRISIS_KIND)
        scene.understood = replace(scene.understood, alarm=alarm)
        return Step(goto=Goto("urgent", "alarm"))

    def _go_on(self, scene: Scene) -> Step:
        """Answer the first message as if it had not been doubted; say no word about the answer."""
        doubt, asked = _doubt(scene.asked), scene.asked
        values = self._urgent.values(doubt.kind, doubt.kind == CRISIS_KIND, scene.now)
        said = Say("urgent/doubt_no", Kind.NOTICE, values)
        if scene.holder != "bot" or asked is None or not asked.named:
            return Step((said,))
        text, before = str(asked.named["text"]), asked.named.get("before")
        scene.understood = replace(self._reads(text, scene.now), alarm=None, doubt=None)
        session = scene.session
        session.expect = Expect(**before) if before else None
        taken = route(Seen(scene.understood, session, scene.holder, scene.now, scene.private))
        if not isinstance(taken, Enter):
            return Step((said,))
        scene.asked, session.expect = session.expect, None
        return Step((said,), Goto(taken.flow, taken.entry, taken.values))

    def _person(self, scene: Scene) -> Step:
        doubt = _doubt(scene.asked)
        values = self._urgent.values(doubt.kind, doubt.kind == CRISIS_KIND, scene.now)
        said = Say("urgent/doubt_person", Kind.EMERGENCY, values)
        return Step((said,), Goto("handoff", "open", {"reason": "in doubt"}))


def _doubt(asked: Expect | None) -> Doubt:
    """Return what was doubted; of a question nobody remembers, that something was."""
    kept = (asked.named or {}).get("doubt") if asked else None
    return Doubt(**kept) if kept else Doubt("other", "model", "0")
