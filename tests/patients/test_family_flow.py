"""What other flows are promised: one message adds somebody, and hands back who it is."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.dialogue.flow import Goto, Scene, Step
from bot.dialogue.sessions import Expect, Session
from bot.dialogue.understand import Understood
from bot.message import Address
from bot.messages import inbox
from bot.patients.bind_flow import Post
from bot.patients.family import Household
from bot.patients.family_flow import FamilyFlow
from bot.store.db import Engine, Tx
from tests.helpers.papers import resident

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
ADULT, CHILD = resident(date(1990, 3, 7), 123), resident(date(2018, 6, 1), 335)
BACK = {"back": "booking.who"}
DRAFT = {"flow": "booking", "slot": 7}
NOBODY_SENDS = Post({}, None, None, lambda now: now.date())  # type: ignore[arg-type]
FLOW = FamilyFlow(Household(), NOBODY_SENDS, "CN", ZoneInfo("Asia/Shanghai"))


class Talk:
    """A conversation with the flow alone, on one engine."""

    def __init__(self, engine: Engine, conversation: int) -> None:
        self.engine, self.conversation = engine, conversation
        self.session = Session(draft=dict(DRAFT))
        self.asked: Expect | None = None

    async def say(
        self,
        entry: str,
        text: str,
        values: Mapping[str, object] | None = None,
        act: str | None = None,
    ) -> Step:
        """Send one message to an entry; keep the question that came of it."""

        def turn(tx: Tx) -> Step:
            scene = Scene(
                tx, NOW, self.conversation, 1, "bot", self.session, Understood(None, act=act, text=text),
                values or {}, self.asked,
            )  # fmt: skip
            return FLOW.step(scene, entry)

        step = await self.engine.write(turn)
        self.asked = None
        for say in step.says:
            if say.answer is not None:
                self.session.ask([], NOW, say.named, answer=say.answer)
                self.asked = self.session.expect
        assert self.session.draft == DRAFT  # what the booking is in the middle of is left alone
        return step


@pytest.fixture
async def talk(engine: Engine) -> Talk:
    where = Address("webchat", "main", "u")
    return Talk(engine, await engine.write(lambda tx: inbox.conversation_at(tx, where, NOW)))


async def test_the_message_that_came_here_may_hold_everything(talk: Talk) -> None:
    step = await talk.say("start", f"给张三挂号 {ADULT}", BACK)
    assert [say.name for say in step.says] == ["family/added"]
    assert step.goto is not None
    assert (step.goto.flow, step.goto.entry) == ("booking", "who")
    assert step.goto.values["patient_id"]


async def test_one_message_after_the_question(talk: Talk) -> None:
    asked = await talk.say("start", "给我二姨挂号", {**BACK, "named": "给我二姨挂号"})
    assert [say.name for say in asked.says] == ["family/ask_who"]
    step = await talk.say("take", f"张三 {ADULT}")
    first = step.goto
    assert first is not None
    await talk.say("start", "给张三", BACK)
    again = await talk.say("take", f"{ADULT}张三")
    assert again.goto == first  # the same patient, and nothing is said of it twice
    assert again.says == ()


async def test_a_child_whose_parent_is_known_costs_no_further_message(talk: Talk) -> None:
    await talk.say("start", "", BACK)
    await talk.say("take", f"我叫张三 {ADULT}")
    await talk.say("start", "给孩子挂", BACK)
    step = await talk.say("take", f"张小宝 {CHILD}")
    assert step.goto is not None
    assert step.says[0].values["guardian"] == "张三"


async def test_a_child_alone_asks_once(talk: Talk) -> None:
    step = await talk.say("start", f"张小宝 {CHILD}", BACK)
    assert [say.name for say in step.says] == ["family/ask_guardian"]
    step = await talk.say("guardian", f"监护人是我 张三 {ADULT}")
    assert step.goto is not None
    assert (step.goto.flow, step.goto.entry) == ("booking", "who")
    assert step.says[0].values["name"] == "张小宝"
    assert step.says[0].values["guardian_is_self"]


async def test_piece_by_piece(talk: Talk) -> None:
    await talk.say("start", "", BACK)
    assert (await talk.say("take", "张三")).says[0].name == "family/ask_document"
    assert (await talk.say("take", ADULT[:-1])).says[0].name == "family/wrong_document"
    step = await talk.say("take", ADULT)
    assert step.says[0].values["name"] == "张三"
    assert (await talk.say("start", f"{CHILD}", BACK)).says[0].name == "family/ask_name"


@pytest.mark.parametrize("act", ["no", "cancel"])
async def test_not_now_goes_back_with_nobody(talk: Talk, act: str) -> None:
    await talk.say("start", "", BACK)
    step = await talk.say("take", "不用了", act=act)
    assert step == Step(goto=Goto("booking", "who", {"patient_id": None}))


async def test_where_no_code_can_be_sent_staff_decide(talk: Talk, engine: Engine) -> None:
    await talk.say("start", f"张三 {ADULT} 13800138000", BACK)
    there = Address("webchat", "main", "v")
    other = Talk(engine, await engine.write(lambda tx: inbox.conversation_at(tx, there, NOW)))
    step = await other.say("start", f"张三 {ADULT}", BACK)
    assert step.goto == Goto("handoff", "open", {"reason": "identity", "desk": "booking"})
    assert "张三" not in repr([asdict(say) for say in step.says])


async def test_the_number_is_never_said_back(talk: Talk) -> None:
    steps = [
        await talk.say("start", f"张三 {ADULT}"),
        await talk.say("start", f"李四 {ADULT}"),
        await talk.say("start", f"王五 {ADULT[:-1]}"),
    ]
    for step in steps:
        for say in step.says:
            assert ADULT[:-1] not in repr(say.values)


async def test_a_choice_of_another_conversation_is_none_of_ours(talk: Talk) -> None:
    step = await talk.say("removed", "", {"choice": "4711"})
    assert [say.name for say in step.says] == ["family/kept"]
    step = await talk.say("remove", "", {"choice": "4711"})
    assert [say.name for say in step.says] == ["family/nobody"]
