"""Somebody's visits in a conversation: listed, cancelled after a plain yes, moved without being lost."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from bot.appointments.model import Visit
from bot.message import Worded
from bot.messages import history
from bot.store.db import Tx
from tests.appointments.test_changes_answers import NEVER
from tests.helpers.booking import add_clinic, add_patient
from tests.helpers.world import PATIENTS, Patient, World

pytestmark = pytest.mark.parametrize("backend", ["sqlite"])

LIN, SUN, CARTER = PATIENTS["小林"], PATIENTS["孙妈妈"], PATIENTS["Ms Carter"]
WEDNESDAY, FRIDAY = date(2026, 11, 25), date(2026, 11, 27)
_CODE = re.compile(r"(?:回复|reply) (\d{4}) ")


@dataclass
class Chat:
    """One patient's conversation, with clinics in it that she can be booked with."""

    world: World
    who: Patient
    channel: str
    slots: dict[date, list[int]] = field(default_factory=dict)

    async def says(self, words: str) -> str:
        return _text(await self.hears(words))

    async def hears(self, words: str) -> Sequence[Worded]:
        return await self.world.says(self.who, self.channel, words)

    async def conversation(self) -> int:
        address = self.world.address(self.who, self.channel)
        found = await self.world.app.engine.read(lambda tx: history.conversation_of(tx, address))
        assert found is not None
        return found

    async def opens(
        self, *days: date, doctor: str = "doc-1", name: str = "李明远", **more: Any
    ) -> None:
        def make(tx: Tx) -> None:
            for day in days:
                self.slots[day] = add_clinic(
                    tx,
                    day,
                    doctor=doctor,
                    slots=3,
                    doctor_name=name,
                    doctor_name_en="Li Mingyuan",
                    **more,
                )[1]

        await self.world.app.engine.write(make)

    async def books(
        self, day: date, name: str = "张小雨", number: int = 0, patient: int = 0
    ) -> Visit:
        conversation_id, now = await self.conversation(), self.world.clock()
        bookings = self.world.app.booking.bookings

        def book(tx: Tx) -> Visit:
            patient_id = patient or add_patient(tx, name, now, conversation_id)
            held = bookings.hold(
                tx, self.slots[day][number], conversation_id, now, patient_id=patient_id
            )
            assert isinstance(held, Visit), held
            sure = bookings.confirm(tx, held.appointment_id, conversation_id, now)
            assert isinstance(sure, Visit), sure
            return sure

        return await self.world.app.engine.write(book)

    async def state(self, visit: Visit) -> str:
        bookings = self.world.app.booking.bookings
        found = await self.world.app.engine.read(
            lambda tx: bookings.visit(tx, visit.appointment_id)
        )
        assert found is not None
        return found.state.value

    async def ahead(self, patient_id: int) -> list[Visit]:
        bookings, now = self.world.app.booking.bookings, self.world.clock()
        return await self.world.app.engine.read(
            lambda tx: bookings.of_patients(tx, [patient_id], now)
        )


def _text(said: Sequence[Worded]) -> str:
    return "\n".join(w.text + " ".join(f"[{b.label}]" for b in w.buttons) for w in said)


async def chat(world: World, channel: str = "webchat", who: Patient = LIN) -> Chat:
    opened = Chat(world, who, channel)
    await opened.says("hello" if who is CARTER else "你好")
    return opened


async def test_a_visit_is_cancelled_after_a_question_that_names_everything(
    world: World, backend: str
) -> None:
    here = await chat(world)
    await here.opens(WEDNESDAY)
    visit = await here.books(WEDNESDAY)
    asked = await here.says("我要取消预约")
    for part in ("张小雨", "11月25日周三", "08:00–08:30", "李明远", "心血管内科", "门诊楼三层东区",
                 "22元", "11月24日周二 16:00", "以收费处为准"):  # fmt: skip
        assert part in asked, part
    assert await here.state(visit) == "booked"
    done = await here.says("确认取消")
    assert "已取消" in done
    assert "已退" not in done
    assert await here.state(visit) == "cancelled", backend
    again = await here.says("#2.1")
    assert "没有" in again or "不" in again


async def test_nothing_but_a_plain_yes_cancels(world: World, backend: str) -> None:
    """I6, in both languages, in the middle of the question: each phrase is put to a fresh one."""
    here = await chat(world)
    await here.opens(WEDNESDAY)
    visit = await here.books(WEDNESDAY)
    for number, phrase in enumerate(NEVER):
        if phrase in ("你好", "谢谢", "thanks"):
            continue
        asked = await here.says("取消我的预约" if number % 2 else "I want to cancel my appointment")
        assert "张小雨" in asked, phrase
        await here.says(phrase)
        assert await here.state(visit) == "booked", (phrase, backend)
        await here.says("不要取消")


async def test_a_question_in_between_is_answered_and_ours_is_asked_again(
    world: World, backend: str
) -> None:
    here = await chat(world)
    await here.opens(WEDNESDAY)
    visit = await here.books(WEDNESDAY)
    await here.says("取消预约")
    said = await here.hears("停车多少钱")
    assert "4元" in said[0].text, backend
    assert "还没有取消" in said[-1].text
    assert "张小雨" in said[-1].text
    assert await here.state(visit) == "booked"
    assert "什么也没有改动" in await here.says("算了")


async def test_only_the_desk_cancels_after_the_cut_off(world: World, backend: str) -> None:
    here = await chat(world)
    await here.opens(WEDNESDAY)
    visit = await here.books(WEDNESDAY)
    world.clock.now = visit.clinic.cancel_until + timedelta(minutes=1)
    for words in ("取消预约", "改期"):
        said = await here.says(words)
        assert "0799-555-0100" in said, words
        assert "转人工" in said
        assert "11月24日周二 16:00" in said
    assert await here.state(visit) == "booked", backend


async def test_by_text_message_only_the_code_in_our_question_cancels(
    world: World, backend: str
) -> None:
    here = await chat(world, "text")
    await here.opens(WEDNESDAY)
    visit = await here.books(WEDNESDAY)
    asked = await here.says("取消预约")
    code = _CODE.search(asked)
    assert code is not None
    for words in ("1", "是", "确认取消", "好的"):
        assert "4 位数字" in await here.says(words)
        assert await here.state(visit) == "booked", words
    wrong = str((int(code[1]) - 999) % 9000 + 1000)
    assert "还可以试 2 次" in await here.says(wrong)
    assert await here.state(visit) == "booked"
    assert "已取消" in await here.says(code[1])
    assert await here.state(visit) == "cancelled", backend


async def test_whoever_guesses_codes_gets_no_further_than_a_person(
    world: World, backend: str
) -> None:
    world.clock.now -= timedelta(weeks=4)  # what is counted stays in the audit, beside other tests
    here, day = await chat(world, "text"), WEDNESDAY - timedelta(weeks=4)
    await here.opens(day)
    visit = await here.books(day)
    for _ in range(3):
        code = _CODE.search(await here.says("取消预约"))
        assert code is not None
        wrong = str((int(code[1]) - 999) % 9000 + 1000)
        assert "还可以试 2 次" in await here.says(wrong)
        assert "还可以试 1 次" in await here.says(wrong)
        assert "先停在这里" in await here.says(wrong)
        await here.says(code[1])
        assert await here.state(visit) == "booked", "a code outlives its question"
    assert "0799-555-0100" in await here.says("取消预约")
    assert await here.state(visit) == "booked", backend


async def test_two_is_keeping_it(world: World, backend: str) -> None:
    here = await chat(world, "text")
    await here.opens(WEDNESDAY)
    visit = await here.books(WEDNESDAY)
    await here.says("取消预约")
    assert "预约还在" in await here.says("2"), backend
    assert await here.state(visit) == "booked"


async def test_of_several_the_one_that_was_meant_is_asked_about(world: World, backend: str) -> None:
    here = await chat(world)
    await here.opens(WEDNESDAY, FRIDAY)
    first = await here.books(WEDNESDAY)
    await here.opens(date(2026, 11, 30), doctor="doc-2", name="赵文清", department="dept-skin")
    assert first.patient_id is not None
    second = await here.books(date(2026, 11, 30), patient=first.patient_id)
    which = await here.says("取消预约")
    assert "11月25日" in which
    assert "11月30日" in which
    asked = await here.says("30号那个")
    assert "11月30日" in asked
    assert "11月25日" not in asked
    assert "已取消" in await here.says("确认取消")
    assert (await here.state(first), await here.state(second)) == ("booked", "cancelled"), backend
    missing = await here.says("取消12月8号的预约")
    assert "没有找到" in missing
    assert "11月25日" in missing
    assert await here.state(first) == "booked"


async def test_a_move_keeps_the_old_visit_until_the_new_one_is_sure(
    world: World, backend: str
) -> None:
    here = await chat(world)
    await here.opens(WEDNESDAY, FRIDAY)
    visit = await here.books(WEDNESDAY)
    offered = await here.says("改到27号上午")
    assert "11月25日周三" in offered
    assert "周五11/27" in offered
    asked = await here.hears("1")
    shown = _text(asked)
    assert "原来：11月25日周三" in shown
    assert "改为：11月27日周五" in shown
    assert await here.state(visit) == "booked"
    moved = await here.says("确认改期")
    assert "11月27日周五" in moved
    assert await here.state(visit) == "cancelled"
    assert visit.patient_id is not None
    (new,) = await here.ahead(visit.patient_id)
    assert (new.clinic.date, new.state.value) == (FRIDAY, "booked"), backend


async def test_a_move_that_is_not_made_sure_leaves_the_old_visit(
    world: World, backend: str
) -> None:
    here = await chat(world)
    await here.opens(WEDNESDAY, FRIDAY)
    visit = await here.books(WEDNESDAY)
    await here.says("改到27号上午")
    await here.says("1")
    world.clock.now += timedelta(minutes=7)
    late = await here.says("1")
    assert "原来的预约还在" in late
    assert await here.state(visit) == "booked"
    kept = await here.says("不改了")
    assert "预约还在" in kept
    assert "11月25日" in kept
    assert visit.patient_id is not None
    ahead = await here.ahead(visit.patient_id)
    assert [one.appointment_id for one in ahead] == [visit.appointment_id], backend


async def test_a_move_by_text_message_takes_the_code_too(world: World, backend: str) -> None:
    here = await chat(world, "text")
    await here.opens(WEDNESDAY, FRIDAY)
    visit = await here.books(WEDNESDAY)
    await here.says("改到27号上午")
    asked = await here.says("1")
    code = _CODE.search(asked)
    assert code is not None
    await here.says("确认改期")
    assert await here.state(visit) == "booked"
    assert "改好了" in await here.says(code[1])
    assert await here.state(visit) == "cancelled", backend


async def test_mine_lists_everybody_soonest_first_and_nobody_else(
    world: World, backend: str
) -> None:
    here, there = await chat(world), await chat(world, who=SUN)
    await here.opens(WEDNESDAY, FRIDAY)
    there.slots = here.slots
    assert "没有接下来的预约" in await here.says("我的预约")
    later = await here.books(FRIDAY)
    await there.books(WEDNESDAY, "王小宝")
    listed = await here.says("我的预约")
    assert "张小雨" in listed
    assert "王小宝" not in listed
    assert "王小宝" in await there.says("我的预约")
    assert later.number in listed
    one, other = await here.conversation(), await there.conversation()
    assert one != other, backend


async def test_nobody_touches_a_visit_of_somebody_else_by_its_number(
    world: World, backend: str
) -> None:
    """An option is only taken from our own question, and even then the visit must be hers (I7)."""
    here, there = await chat(world), await chat(world, who=SUN)
    await here.opens(WEDNESDAY)
    there.slots = here.slots
    visit = await here.books(WEDNESDAY)
    number = visit.appointment_id
    for words in (
        f"flow:changes.cancelled:{number}",
        f"flow:changes.cancel:{number}",
        f"#1.{number}",
        f"取消预约 {visit.number}",
    ):
        said = await there.says(words)
        assert "张小雨" not in said, words
        assert await here.state(visit) == "booked", (words, backend)


async def test_what_was_being_booked_is_kept_while_visits_are_listed(
    world: World, backend: str
) -> None:
    here = await chat(world)
    await here.opens(WEDNESDAY)
    await here.books(WEDNESDAY)
    await here.says("我想挂号")
    listed = await here.says("我的预约")
    assert "张小雨" in listed
    conversation_id = await here.conversation()
    session = await world.app.engine.write(
        lambda tx: world.app.booking.notices.session(tx, conversation_id, world.clock())
    )
    assert session.draft is not None
    assert session.draft["flow"] == "booking", backend


async def test_it_is_the_same_in_english(world: World, backend: str) -> None:
    here = await chat(world, who=CARTER)
    await here.opens(WEDNESDAY, FRIDAY)
    visit = await here.books(WEDNESDAY, "Jane Carter")
    assert "Jane Carter" in await here.says("my appointments")
    offered = await here.says("move my appointment to 27 November")
    assert "Fri 27 Nov" in offered
    assert "stays until a new time is sure" in offered
    assert "stands" in await here.says("keep the old one")
    asked = await here.says("cancel my appointment")
    for part in ("Jane Carter", "Wed 25 Nov", "08:00–08:30", "Li Mingyuan", "Cardiology", "¥22",
                 "Tue 24 Nov 16:00"):  # fmt: skip
        assert part in asked, part
    assert await here.state(visit) == "booked"
    assert "Cancelled" in await here.says("yes, cancel it")
    assert await here.state(visit) == "cancelled", backend
