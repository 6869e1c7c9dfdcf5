"""From the platform's message to its answer: once, in order, under everything that can go wrong."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import hypothesis
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlmodel import select

import bot.dialogue.turns as turns_module
from bot.app import App, Content, build
from bot.dialogue.flow import Flow, Scene, Step
from bot.dialogue.turns import RETRY_STEPS
from bot.hospital.model import Hospital
from bot.message import Address, Inbound, Kind
from bot.messages import history, inbox
from bot.messages.inbox import GRACE, Accepted
from bot.patients.flow import ConsentFlow
from bot.settings import Settings
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation, HandoffCase, Inbox, Outbox
from bot.store.urgent_tables import RedFlag
from intents.match import Matcher
from tests.conftest import Clock
from tests.helpers.house import House, Houses

ALARM = "我胸口疼得厉害，喘不上气"
WORDS = (
    "停车多少钱", "阿莫西灵多少钱", "1", "2", "人工", "返回", "呜哩哇啦咕噜", ALARM, "退订", "谢谢",
    "English please", "再说一遍", "#1.1", "#leave", "你好", "请问挂号费是多少",
)  # fmt: skip
PATIENTS = ("anna", "bao", "chen")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as a platform delivers it, perhaps more than once."""

    patient: str
    number: int
    text: str
    copies: int
    lost_before_turn: bool

    @property
    def key(self) -> str:
        return f"{self.patient}:{self.number}"

    def inbound(self) -> Inbound:
        return Inbound(Address("webchat", "main", self.patient), self.key, self.text)


LETTERS = st.lists(
    st.tuples(
        st.sampled_from(PATIENTS), st.sampled_from(WORDS), st.integers(1, 3), st.integers(0, 5)
    ),
    min_size=1,
    max_size=14,
).map(
    lambda rows: [
        Letter(patient, number, text, copies, lost == 0)
        for number, (patient, text, copies, lost) in enumerate(rows)
    ]
)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message does not wait seconds for an earlier one: the sweep comes back to it."""
    monkeypatch.setattr(turns_module, "_WAIT_FOR_EARLIER", 0.0)
    monkeypatch.setattr(turns_module, "_EARLIER_TRIES", 2)


async def deliver(app: App, letter: Letter) -> tuple[str, str]:
    """Deliver a letter as the edge does; return what was answered."""
    accepted = await app.turns.accept(letter.inbound())
    if letter.lost_before_turn and not accepted.duplicate:
        return letter.key, ""
    replies = await app.turns.answer(accepted, letter.text)
    return letter.key, repr(replies) if replies else ""


async def settle(house: House) -> None:
    """Let the nets run until nothing is left."""
    for _ in range(10):
        house.clock.now += GRACE + timedelta(seconds=1)
        await house.app.turns.sweep()
        if "new" not in await house.app.engine.read(inbox.counts):
            return


def rows(tx: Tx, table: type) -> list:  # type: ignore[type-arg]
    with tx.session() as session:
        return list(session.exec(select(table).order_by("id")).all())


async def everything(engine: Engine, table: type) -> list:  # type: ignore[type-arg]
    return await engine.read(lambda tx: rows(tx, table))


async def play(house: House, letters: list[Letter], order: list[int], width: int) -> None:
    app = house.app
    copies = [letter for letter in letters for _ in range(letter.copies)]
    copies = [copies[place % len(copies)] for place in order] + copies
    answered: dict[str, set[str]] = {letter.key: set() for letter in letters}
    for start in range(0, len(copies), width):
        for key, said in await asyncio.gather(
            *(deliver(app, letter) for letter in copies[start : start + width])
        ):
            answered[key].add(said)
    await settle(house)
    again = dict([await deliver(app, letter) for letter in letters])
    await check(app, letters, answered, again)


async def check(
    app: App, letters: list[Letter], answered: dict[str, set[str]], again: dict[str, str]
) -> None:
    stored = await everything(app.engine, Inbox)
    said = await everything(app.engine, Outbox)
    assert Counter(row.body["key"] for row in stored) == Counter(letter.key for letter in letters)
    assert {row.state for row in stored} == {"handled"}, "something was left behind"
    for key, replies in answered.items():
        assert replies <= {"", again[key]}, "a redelivery was answered otherwise"
    by_inbox = {row.id: row for row in stored}
    for conversation in {row.conversation_id for row in stored}:
        mine = sorted((r for r in said if r.conversation_id == conversation), key=lambda r: r.seq)
        places = [r.seq for r in mine] + [
            r.seq for r in stored if r.conversation_id == conversation
        ]
        assert len(places) == len(set(places)), "two messages in one place"
        in_order = [by_inbox[r.inbox_id].seq for r in mine if r.kind != Kind.EMERGENCY.value]
        assert in_order == sorted(in_order), "an answer overtook another"
    flags = await everything(app.engine, RedFlag)
    alarms = {row.id for row in stored if row.body["text"] == ALARM}
    assert Counter(flag.inbox_id for flag in flags) == Counter(alarms)
    answered_alarms = {r.inbox_id for r in said if r.kind == Kind.EMERGENCY.value}
    assert answered_alarms >= alarms
    live = [c for c in await everything(app.engine, HandoffCase) if c.state != "closed"]
    held = {c.id for c in await everything(app.engine, Conversation) if c.holder != "bot"}
    assert {case.conversation_id for case in live} == held


@pytest.mark.usefixtures("hasty")
class TestAnyInterleaving:
    """I1: duplicates, reordering, several patients at once, turns cut short by a crash."""

    @pytest.mark.parametrize("backend", ["sqlite"])
    @given(
        letters=LETTERS, order=st.lists(st.integers(0, 40), max_size=12), width=st.integers(1, 8)
    )
    @hypothesis.settings(max_examples=50)
    @example(
        letters=[
            Letter("anna", 0, "停车多少钱", 1, lost_before_turn=True),
            Letter("anna", 1, ALARM, 2, lost_before_turn=False),
            Letter("anna", 2, "谢谢", 3, lost_before_turn=False),
        ],
        order=[2, 1, 0],
        width=3,
    )
    def test_each_message_is_answered_once(
        self, houses: Houses, backend: str, letters: list[Letter], order: list[int], width: int
    ) -> None:
        asyncio.run(play(houses.on(backend), letters, order, width))

    @pytest.mark.parametrize("backend", ["postgresql"])
    @given(
        letters=LETTERS, order=st.lists(st.integers(0, 40), max_size=12), width=st.integers(1, 8)
    )
    @hypothesis.settings(max_examples=12)
    def test_each_message_is_answered_once_there_too(
        self, houses: Houses, backend: str, letters: list[Letter], order: list[int], width: int
    ) -> None:
        asyncio.run(play(houses.on(backend), letters, order, width))


async def test_messages_sent_at_once_are_answered_in_the_order_they_came(house: House) -> None:
    """Without waiting for the net: the very requests that brought them have the answers."""
    letters = [Letter("anna", n, "停车多少钱", 1, lost_before_turn=False) for n in range(12)]
    answers = await asyncio.gather(*(deliver(house.app, letter) for letter in letters))
    assert all(said for _, said in answers)
    stored = await everything(house.app.engine, Inbox)
    assert [row.body["key"] for row in sorted(stored, key=lambda r: r.seq)] == [
        letter.key for letter in letters
    ]


class Poisoned:
    """A flow that breaks for some conversations."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self.broken: set[int] = set()
        self.tries = 0

    def step(self, scene: Scene, entry: str) -> Step:
        step = self._flow.step(scene, entry)
        if scene.conversation_id in self.broken:
            self.tries += 1
            raise ZeroDivisionError("what the patient said must not be in here")
        return step


@dataclass(slots=True)
class Ward:
    """An application with one poisoned flow, its clock, and who it breaks for."""

    app: App
    clock: Clock
    poison: Poisoned

    async def say(self, patient: str, number: int, text: str) -> list[tuple[str, str]]:
        """Deliver a message; return what was answered, as (kind, text)."""
        letter = Letter(patient, number, text, 1, lost_before_turn=False)
        accepted = await self.app.turns.accept(letter.inbound())
        replies = await self.app.turns.answer(accepted, text)
        return [(worded.kind.value, worded.text) for _, worded in replies]

    async def break_for(self, patient: str) -> None:
        found = await self.app.engine.read(
            lambda tx: history.conversation_of(tx, Address("webchat", "main", patient))
        )
        assert found is not None
        self.poison.broken.add(found)


@pytest.fixture
async def poisoned(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    content: Content,
    matcher: Matcher,
    demonstration: Hospital,
) -> Ward:
    poison = Poisoned(ConsentFlow())
    app = await build(
        settings, clock=clock, engine=engine, content=content, matcher=matcher,
        facts=demonstration, flows={"consent": poison},
    )  # fmt: skip
    made = Ward(app, clock, poison)
    for patient in ("anna", "bao"):
        await made.say(patient, 0, "你好")
    await made.break_for("anna")
    return made


@pytest.mark.usefixtures("hasty")
class TestPoison:
    """A message that breaks its flow: tried again, then a person has it; nobody else notices."""

    async def test_it_is_tried_again_and_then_a_person_has_it(self, poisoned: Ward) -> None:
        app, clock = poisoned.app, poisoned.clock
        assert await poisoned.say("anna", 1, "退订") == []
        for wait in RETRY_STEPS:
            await app.turns.sweep()
            assert await app.engine.read(inbox.counts) == {"handled": 2, "new": 1}
            clock.move(seconds=wait)
            await app.turns.sweep()
        assert poisoned.poison.tries == len(RETRY_STEPS) + 1
        assert await app.engine.read(inbox.counts) == {"handled": 2, "dead": 1}
        (dead,) = [row for row in await everything(app.engine, Inbox) if row.state == "dead"]
        assert dead.error == "ZeroDivisionError"
        said = [row.body["text"] for row in await everything(app.engine, Outbox)][-2:]
        assert "没能处理" in said[0]
        assert "工作人员" in said[1]
        (case,) = await everything(app.engine, HandoffCase)
        assert (case.conversation_id, case.reason, case.state) == (
            dead.conversation_id,
            "failed",
            "open",
        )
        (anna, bao) = await everything(app.engine, Conversation)
        assert (anna.opted_out_at, anna.holder, bao.holder) == (None, "desk", "bot")
        clock.move(hours=1)
        await app.turns.sweep()
        assert poisoned.poison.tries == len(RETRY_STEPS) + 1, "a dead letter is left alone"

    async def test_it_gets_better_by_itself(self, poisoned: Ward) -> None:
        assert await poisoned.say("anna", 1, "退订") == []
        poisoned.poison.broken.clear()
        poisoned.clock.move(seconds=RETRY_STEPS[0])
        await poisoned.app.turns.sweep()
        ((kind, text),) = await poisoned.say("anna", 1, "退订")
        assert kind == "notice"
        assert "不再主动" in text

    async def test_nobody_else_notices(self, poisoned: Ward) -> None:
        await poisoned.say("anna", 1, "退订")
        ((kind, _),) = await poisoned.say("bao", 1, "退订")
        assert kind == "notice"
        assert "每小时" in (await poisoned.say("bao", 2, "停车多少钱"))[0][1]

    async def test_a_red_flag_behind_it_is_answered_at_once(self, poisoned: Ward) -> None:
        await poisoned.say("anna", 1, "退订")
        assert await poisoned.say("anna", 2, "停车多少钱") == [], "it waits for the earlier one"
        ((kind, text),) = await poisoned.say("anna", 3, ALARM)
        assert kind == "emergency"
        assert "120" in text

    async def test_what_waited_behind_it_is_not_lost(self, poisoned: Ward) -> None:
        await poisoned.say("anna", 1, "退订")
        await poisoned.say("anna", 2, "停车多少钱")
        for _ in range(12):
            poisoned.clock.move(seconds=6)
            await poisoned.app.turns.sweep()
        assert await poisoned.app.engine.read(inbox.counts) == {"handled": 3, "dead": 1}

    async def test_many_that_wait_behind_it_do_not_keep_others_waiting(
        self, poisoned: Ward, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Behind a message that must wait the net only looks for alarms."""
        await poisoned.say("anna", 1, "退订")
        app = poisoned.app
        for number in range(2, 30):
            await app.turns.accept(
                Letter("anna", number, "谢谢", 1, lost_before_turn=False).inbound()
            )
        waits = 0

        async def count(_: float) -> None:
            nonlocal waits
            waits += 1

        monkeypatch.setattr(asyncio, "sleep", count)
        await app.turns.accept(Letter("anna", 99, ALARM, 1, lost_before_turn=False).inbound())
        poisoned.clock.move(seconds=GRACE.total_seconds() + 1)
        await app.turns.sweep()
        assert waits <= 4
        assert len(await everything(app.engine, RedFlag)) == 1, "an alarm does not wait"

    async def test_giving_up_twice_says_it_once(self, poisoned: Ward) -> None:
        await poisoned.say("anna", 1, "退订")
        (row,) = [r for r in await everything(poisoned.app.engine, Inbox) if r.state == "new"]
        for _ in range(len(RETRY_STEPS) + 3):
            await poisoned.app.turns.answer(Accepted(row.id, row.conversation_id), "退订")
        said = [r for r in await everything(poisoned.app.engine, Outbox) if r.inbox_id == row.id]
        assert len(said) == 2
        assert len(await everything(poisoned.app.engine, HandoffCase)) == 1
