"""On the day, through the whole application: check in, ask, be called; in both languages."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from bot.appointments.day.queue import News, Word
from bot.appointments.day.queue_rules import QueueState
from bot.appointments.model import Visit
from bot.appointments.states import State
from bot.message import Address, Worded
from bot.messages import history
from bot.store.booking_tables import FamilyMember
from bot.store.db import Tx
from bot.wiring.booking import queue
from tests.helpers.booking import add_clinic, add_patient, at
from tests.helpers.world import PATIENTS, World

pytestmark = pytest.mark.parametrize("backend", ["sqlite"])
DAY = date(2026, 11, 18)
LIN, CARTER = PATIENTS["小林"], PATIENTS["Ms Carter"]


@dataclass
class Ward:
    """A clinic of the day, and a patient who writes."""

    world: World
    clinic: int
    slots: list[int]

    async def enters(self, patient: Any, channel: str, hello: str) -> int:
        """Let somebody write for the first time; return the conversation."""
        await self.world.says(patient, channel, hello)
        user = patient.phone if channel == "text" else (await self.world._page(patient)).user
        address = Address(channel, "main", user)
        found = await self.world.app.engine.read(lambda tx: history.conversation_of(tx, address))
        assert found is not None
        return found

    async def books(self, conversation: int, name: str, slot: int = 0) -> Visit:
        """Let her have a visit today, booked two days ago."""
        early = at(DAY - timedelta(days=2), "10:00")
        bookings = self.world.app.booking.bookings

        def book(tx: Tx) -> Visit:
            patient = add_patient(tx, name, early)
            with tx.session() as session:
                session.add(
                    FamilyMember(
                        conversation_id=conversation, patient_id=patient, place=slot + 1,
                        relation="self" if slot == 0 else "parent", verified_at=early, added_at=early,
                    )
                )  # fmt: skip
            held = bookings.hold(tx, self.slots[slot], conversation, early, patient_id=patient)
            assert isinstance(held, Visit), held
            visit = bookings.confirm(tx, held.appointment_id, conversation, early)
            assert isinstance(visit, Visit), visit
            return visit

        return await self.world.app.engine.write(book)

    async def state(self, visit: Visit) -> State:
        bookings = self.world.app.booking.bookings
        found = await self.world.app.engine.read(
            lambda tx: bookings.visit(tx, visit.appointment_id)
        )
        assert found is not None
        return found.state

    async def calls(self, *words: Word, **more: Any) -> None:
        """Let the calling system speak."""
        now, keeps = self.world.clock.now, queue(self.world.app.booking)
        news = News(words=words, **more)
        await self.world.app.engine.write(lambda tx: keeps.heard(tx, self.clinic, news, now))

    def clock(self, clock: str) -> None:
        self.world.clock.now = at(DAY, clock)


@pytest.fixture
async def ward(world: World) -> Ward:
    clinic, slots = await world.app.engine.write(
        lambda tx: add_clinic(tx, DAY, doctor="D9", slots=6, room="2")
    )
    made = Ward(world, clinic, slots)
    made.clock("06:00")
    return made


def text(said: list[Worded]) -> str:
    return "\n".join(one.text for one in said)


async def test_a_morning_in_chinese(ward: Ward) -> None:
    lin = await ward.enters(LIN, "webchat", "你好")
    visit = await ward.books(lin, "林小雨", 2)
    ward.clock("07:00")
    early = text(await ward.world.says(LIN, "webchat", "签到"))
    assert "08:00起可以签到" in early
    ward.clock("08:10")
    asked = await ward.world.says(LIN, "webchat", "签到")
    for part in ("林小雨", "11月18日周三", "09:00–09:30", "门诊楼三层东区2诊室", "22元"):
        assert part in text(asked), part
    assert await ward.state(visit) is State.BOOKED, "a word is no act yet"
    done = text(await ward.world.says(LIN, "webchat", asked[-1].buttons[0].value))
    assert "已签到" in done
    assert "排队号1" in done
    assert await ward.state(visit) is State.CHECKED_IN
    silent = text(await ward.world.says(LIN, "webchat", "前面还有几个人"))
    assert "还没有收到叫号系统的消息" in silent, "nothing is told that is not known"
    await ward.calls(Word(QueueState.WAITING, visit.number, 9), serving=4)
    assert "前面还有4位（排队号9）" in text(await ward.world.hears(LIN, "webchat"))
    ward.clock("08:20")
    assert "排队号9，前面还有4位" in text(await ward.world.says(LIN, "webchat", "到我了吗"))
    ward.clock("08:50")
    late = text(await ward.world.says(LIN, "webchat", "前面还有几个人"))
    assert "08:10以后没有新消息" in late
    await ward.calls(Word(QueueState.CALLED, visit.number))
    assert "请现在就到2诊室" in text(await ward.world.hears(LIN, "webchat"))
    await ward.calls(Word(QueueState.PASSED, visit.number))
    assert "已经过号" in text(await ward.world.hears(LIN, "webchat"))
    await ward.calls(Word(QueueState.SEEN, visit.number))
    assert await ward.state(visit) is State.DONE
    assert await ward.world.hears(LIN, "webchat") == []


async def test_a_morning_in_english_by_text_message(ward: Ward) -> None:
    carter = await ward.enters(CARTER, "text", "hello")
    visit = await ward.books(carter, "Ann Carter", 0)
    ward.clock("07:30")
    asked = text(await ward.world.says(CARTER, "text", "check in"))
    assert "1 Here: Ann Carter 08:00" in asked
    done = text(await ward.world.says(CARTER, "text", "1"))
    assert "Ann Carter is checked in" in done
    assert await ward.state(visit) is State.CHECKED_IN
    again = text(await ward.world.says(CARTER, "text", "how many people are in front of me"))
    assert "number 1" in again


async def test_of_two_people_the_one_that_is_chosen(ward: Ward) -> None:
    lin = await ward.enters(LIN, "webchat", "你好")
    first, second = await ward.books(lin, "林小雨", 0), await ward.books(lin, "林建国", 1)
    ward.clock("07:40")
    asked = await ward.world.says(LIN, "webchat", "签到")
    assert [b.label[:2] for b in asked[-1].buttons] == ["1 ", "2 ", "3 "]
    again = await ward.world.says(LIN, "webchat", "到了")
    assert "请选给谁签到" in text(again), "which of them is not guessed"
    assert "林建国已签到" in text(await ward.world.says(LIN, "webchat", "2"))
    assert (await ward.state(first), await ward.state(second)) == (State.BOOKED, State.CHECKED_IN)
    both = text(await ward.world.says(LIN, "webchat", "前面还有几个人"))
    assert "林建国" in both


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("到了", State.CHECKED_IN),
        ("我已经到医院了", State.CHECKED_IN),
        ("好的", State.CHECKED_IN),
        ("还没到", State.BOOKED),
        ("不", State.BOOKED),
        ("停车多少钱", State.BOOKED),
        ("不要签到", State.BOOKED),
        ("我快到了", State.BOOKED),
    ],
)
async def test_only_who_says_that_she_is_there_is_checked_in(
    ward: Ward, words: str, expected: State
) -> None:
    visit = await ward.books(await ward.enters(LIN, "webchat", "你好"), "林小雨", 0)
    ward.clock("07:40")
    await ward.world.says(LIN, "webchat", "签到")
    await ward.world.says(LIN, "webchat", words)
    assert await ward.state(visit) is expected


async def test_who_comes_late_is_told_the_rule(ward: Ward) -> None:
    visit = await ward.books(await ward.enters(LIN, "webchat", "你好"), "林小雨", 0)
    ward.clock("09:01")
    late = text(await ward.world.says(LIN, "webchat", "签到"))
    assert "排到本场最后" in late
    ward.clock("12:30")
    assert "已经结束" in text(await ward.world.says(LIN, "webchat", "签到"))
    assert await ward.state(visit) is State.BOOKED


async def test_nobody_checks_in_somebody_elses_visit(ward: Ward) -> None:
    lin = await ward.enters(LIN, "webchat", "你好")
    visit = await ward.books(lin, "林小雨", 0)
    sun = PATIENTS["孙妈妈"]
    await ward.books(await ward.enters(sun, "webchat", "你好"), "孙小宝", 1)
    ward.clock("08:10")
    asked = await ward.world.says(sun, "webchat", "签到")
    assert "林小雨" not in text(asked)
    page = await ward.world._page(sun)

    def swap(tx: Tx) -> None:
        """Even a question that named another's visit, which no code of ours asks, does nothing."""
        from bot.store.tables import Conversation

        address = Address("webchat", "main", page.user)
        with tx.session() as session:
            stored = session.get(Conversation, history.conversation_of(tx, address))
            assert stored is not None
            expect = stored.session["expect"]
            options = [f"flow:visit_day.here:{visit.appointment_id}", *expect["options"][1:]]
            stored.session = {**stored.session, "expect": {**expect, "options": options}}
            session.add(stored)

    await ward.world.app.engine.write(swap)
    said = text(await ward.world.says(sun, "webchat", "1"))
    assert "林小雨" not in said
    assert await ward.state(visit) is State.BOOKED


async def test_who_only_adds_another_learns_nothing_of_her_visits(ward: Ward) -> None:
    """An account that proved no phone sees what was booked in it, and no visit made elsewhere (I7)."""
    visit = await ward.books(await ward.enters(LIN, "webchat", "你好"), "林小雨", 0)
    sun = PATIENTS["孙妈妈"]
    other = await ward.enters(sun, "webchat", "你好")

    def add(tx: Tx) -> None:
        with tx.session() as session:
            session.add(
                FamilyMember(
                    conversation_id=other, patient_id=visit.patient_id or 0, place=1, relation="other",
                    added_at=at(DAY, "07:00"),
                )
            )  # fmt: skip

    await ward.world.app.engine.write(add)
    ward.clock("08:10")
    for asked in ("签到", "前面还有几位"):
        said = text(await ward.world.says(sun, "webchat", asked))
        assert "林小雨" not in said
    assert await ward.state(visit) is State.BOOKED


async def test_without_a_visit_what_everybody_may_know_is_said(ward: Ward) -> None:
    await ward.enters(LIN, "webchat", "你好")
    assert "自助机" in text(await ward.world.says(LIN, "webchat", "签到"))
    assert "诊区大屏" in text(await ward.world.says(LIN, "webchat", "前面还有几个人"))


async def test_a_visit_of_another_day_is_named(ward: Ward) -> None:
    await ward.books(await ward.enters(LIN, "webchat", "你好"), "林小雨", 0)
    ward.world.clock.now = at(DAY - timedelta(days=1), "09:00")
    said = text(await ward.world.says(LIN, "webchat", "签到"))
    assert "下一次：林小雨，11月18日周三 08:00–08:30" in said
