"""An answer counts for the reminder that asked, for whom it was told to, and only while it is true."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.dialogue.listeners import Listeners
from bot.message import Worded
from bot.patients.family import Household
from bot.reminders.answering import Answering
from bot.store.booking_tables import FamilyMember
from bot.store.db import Tx
from bot.store.reminder_tables import CarePlan, Dose, Reminder
from bot.store.tables import Conversation
from tests.helpers.reminding import Station, shanghai
from tests.helpers.world import STAFF, Patient, World

ZONE = ZoneInfo("Asia/Shanghai")
NURSE = next(iter(STAFF.values()))
_people = count(1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def said(found: Sequence[Worded]) -> str:
    return "\n".join(one.text for one in found)


class Dosed:
    """Somebody who takes medicine at eight in the evening, on a channel with digits."""

    def __init__(self, world: World, channel: str = "text") -> None:
        number = next(_people)
        self.world, self.channel = world, channel
        self.who = Patient(f"吃药的{number}", "", f"+86137{number:08d}")

    async def sets(self, *hours: str) -> str:
        """Set a plan by one sentence; be reminded at the first hour."""
        self.world.clock.now = at("2026-11-18T10:00")
        await self.says("你好")
        for hour in hours or ("晚上8点吃二甲双胍",):
            await self.says(f"提醒我每天{hour}")
            assert "设好了" in await self.says("好的")
        return await self.time("2026-11-18T20:00")

    async def says(self, words: str) -> str:
        return said(await self.world.says(self.who, self.channel, words))

    async def time(self, when: str) -> str:
        """Let it be that time; return what she hears."""
        self.world.clock.now = at(when)
        await self.world.side.time_passes()
        return said(await self.world.hears(self.who, self.channel))

    async def doses(self) -> list[str]:
        return [state for _, state in await self._doses()]

    async def _doses(self) -> list[tuple[datetime, str]]:
        mine = await self._reminded()
        plans = {one.about_id for one in mine if one.about == "plan"}

        def read(tx: Tx) -> list[tuple[datetime, str]]:
            with tx.session() as session:
                found = session.exec(
                    select(Dose).where(col(Dose.plan_id).in_(plans)).order_by(col(Dose.id))
                )
                return [(one.occurs_at, one.state) for one in found]

        return await self.world.app.engine.read(read)

    async def _reminded(self) -> list[Reminder]:
        address = self.world.address(self.who, self.channel)
        index = self.world.app.engine.keyring.index(address.user, "conversation.user")

        def read(tx: Tx) -> list[Reminder]:
            with tx.session() as session:
                found = session.exec(
                    select(Reminder)
                    .join(Conversation, col(Reminder.conversation_id) == col(Conversation.id))
                    .where(Conversation.user_index == index)
                    .order_by(col(Reminder.id))
                ).all()
                for one in found:
                    session.expunge(one)
                return list(found)

        return await self.world.app.engine.read(read)

    async def plan(self, **changed: object) -> None:
        """Let her plan be something else, as a change elsewhere would."""
        ids = {one.about_id for one in await self._reminded()}

        def change(tx: Tx) -> None:
            with tx.session() as session:
                for row in session.exec(select(CarePlan).where(col(CarePlan.id).in_(ids))):
                    for name, value in changed.items():
                        setattr(row, name, value)
                    session.add(row)

        await self.world.app.engine.write(change)


async def test_the_answer_says_which_dose_it_recorded(world: World) -> None:
    her = Dosed(world)
    assert "1 已服" in await her.sets()
    assert "20:00 的药已服" in await her.says("1")
    assert await her.doses() == ["taken"]
    assert await her.time("2026-11-18T21:30") == "", "a dose that was answered is not asked again"


@pytest.mark.parametrize(
    ("first", "second", "heard", "state"),
    [
        ("1", "1", "已经记下了", "taken"),
        ("1", "3", "已经回复过“已服”", "taken"),
        ("1", "2", "已经回复过“已服”", "taken"),  # what was taken is not put off
        ("吃了", "没吃", "已经回复过“已服”", "taken"),
        ("2", "1", "20:00 的药已服", "taken"),
        ("2", "3", "记下这次不服", "skipped"),
    ],
)
async def test_a_second_answer_explains_itself(
    world: World, first: str, second: str, heard: str, state: str
) -> None:
    her = Dosed(world)
    await her.sets()
    await her.says(first)
    assert heard in await her.says(second)
    assert await her.doses() == [state]


@pytest.mark.parametrize(
    ("words", "heard", "doses"),
    [
        ("吃了,现在喘不上气", "120", []),
        ("早上吃了", "我没有记", []),
        ("晚上的药吃了", "20:00 的药已服", ["taken"]),
        ("药吃完了", "您想问的是", []),  # it may be used up
        ("吃了两片", "20:00 的药已服", ["taken"]),
        ("没吃", "还没有记录", []),
        ("嗯", "好的。", []),
        ("吃了吗", "", []),
        ("吃了饭了", "", []),
        ("别吃了?", "", []),
        ("过两小时再提醒", "只能推后 30 分钟", ["snoozed"]),
        ("4", "", []),
    ],
)
async def test_what_is_typed_below_a_dose(
    world: World, words: str, heard: str, doses: list[str]
) -> None:
    her = Dosed(world, "webchat")
    await her.sets()
    assert heard in await her.says(words)
    assert await her.doses() == doses


async def test_an_older_reminder_is_answered_while_a_newer_one_is_open(world: World) -> None:
    her = Dosed(world, "telegram")
    await her.sets("晚上8点吃二甲双胍", "晚上9点吃钙片")
    older = (await her._reminded())[0]
    tap = next(  # as its button sends it
        button.value
        for letter in world._pushes["telegram"].sent
        if letter.address.user == her.who.phone
        for button in letter.worded.buttons
        if "已服" in button.label
    )
    assert "钙片" in await her.time("2026-11-18T21:00")
    assert "20:00 的药已服" in await her.says(tap)
    assert await her._doses() == [(older.occurs_at, "taken")]
    assert "21:00 的药已服" in await her.says("吃了"), "words answer the newest"


async def test_what_is_answered_after_its_time_is_over_is_not_taken(world: World) -> None:
    her = Dosed(world)
    await her.sets()
    world.clock.now = at("2026-11-21T10:00")
    heard = await her.says("1")
    assert "已服" not in heard
    assert await her.doses() == []


async def test_an_answer_about_the_past_counts_though_its_plan_has_other_hours_now(
    world: World,
) -> None:
    her = Dosed(world)
    await her.sets()
    await her.plan(version=9)
    assert "20:00 的药已服" in await her.says("1")
    assert await her.doses() == ["taken"]


async def test_an_answer_about_the_future_of_what_changed_is_not_taken(world: World) -> None:
    her = Dosed(world)
    await her.sets()
    await her.plan(version=9)
    assert "什么也没有改动" in await her.says("2")
    assert await her.doses() == []


async def test_nothing_is_said_while_a_person_holds_the_conversation(world: World) -> None:
    her = Dosed(world)
    await her.sets()
    await her.says("人工")
    await world.claims(NURSE, her.who, her.channel)
    await world.hears(her.who, her.channel)
    assert await her.says("1") == ""
    assert await her.doses() == []


async def test_the_value_of_a_tap_is_nothing_when_it_is_typed(world: World) -> None:
    one, other = Dosed(world), Dosed(world)
    await one.sets()
    await other.sets()
    number = (await one._reminded())[0].id
    for typed in (
        f"flow:reminders.answer:{number}-taken",
        f"#{number}.1",
        "#1.1",
        f"{number}-taken",
    ):
        assert "已服" not in await other.says(typed)
    assert await one.doses() == []


async def booked(world: World, channel: str = "text") -> Dosed:
    """Book a visit for somebody, and let her be reminded of it three days before."""
    her = Dosed(world, channel)
    world.clock.now = at("2026-11-16T10:00")
    await her.says("你好")
    days = ("2026-11-25", "2026-11-26")
    await world.books(her.who, channel, her.who.name.replace("吃药的", "赵"), *days)
    assert "1 确认会到 2 改期 3 取消" in " ".join((await her.time("2026-11-22T11:00")).split())
    return her


async def test_cancelling_by_text_message_asks_for_a_code(world: World) -> None:
    her = await booked(world)
    heard = await her.says("3")
    code = re.search(r"回复 (\d{4}) 取消", heard)
    assert code is not None, heard
    heard = await her.says("1")
    assert "已取消" not in heard
    assert "到时见" not in heard, "the newer question showed no 1"
    assert "已取消" in await her.says(code[1])


async def test_a_visit_that_was_cancelled_is_not_confirmed_any_more(world: World) -> None:
    her = await booked(world)
    visit_id = next(one.about_id for one in await her._reminded() if one.about == "visit")
    bookings = world.app.booking.bookings
    await world.app.engine.write(
        lambda tx: bookings.cancel(tx, visit_id, world.clock(), actor="desk", by_desk=True)
    )
    heard = await her.says("1")
    assert "到时见" not in heard
    assert "什么也没有改动" in heard


async def test_who_is_no_family_any_more_answers_nothing(world: World) -> None:
    her = await booked(world)
    patient_id = next(one.patient_id for one in await her._reminded())

    def leave(tx: Tx) -> None:
        with tx.session() as session:
            found = session.exec(
                select(FamilyMember).where(FamilyMember.patient_id == patient_id)
            ).all()
            for row in found:
                row.ended_at = world.clock()
                session.add(row)

    await world.app.engine.write(leave)
    heard = await her.says("1")
    assert "什么也没有改动" in heard
    assert not re.search("李明远|心血管|11月25日", heard)


async def test_a_pause_names_what_falls_into_it_and_can_leave_that_out(world: World) -> None:
    her = await booked(world)
    heard = await her.says("暂停提醒到11月27日")
    assert "11月25日 周三 08:00 就诊" in heard, heard
    assert "要紧的提醒照常发" in await her.says("1")
    assert "就诊" in await her.time("2026-11-24T09:00")


async def test_a_pause_is_kept_where_nothing_else_was_said(world: World) -> None:
    her = await booked(world)
    await her.says("暂停提醒到11月27日")
    assert await her.time("2026-11-24T09:00") == ""


async def told(station: Station, whom: tuple[int, int]) -> int:
    """Tell somebody of a fee; return the reminder."""
    due = station.clock() + timedelta(hours=1)
    await station.add(whom, "fee", "押金", due=due)
    station.clock.now = due
    await station.sweep.run()

    def read(tx: Tx) -> int:
        with tx.session() as session:
            sent = session.exec(select(Reminder).where(Reminder.state == "sent")).all()
            return max(int(one.id or 0) for one in sent)

    return await station.engine.read(read)


async def test_only_a_proven_address_of_the_same_person_finds_what_another_was_told(
    station: Station,
) -> None:
    station.clock.now = shanghai("2026-11-18", "09:00")
    whom = await station.person("u1")
    beside, _ = await station.person("u2", "other", beside=whom[0])
    stranger, _ = await station.person("u3")
    number = await told(station, whom)
    listeners = Listeners(Household(), lambda now: now.astimezone(ZONE).date())
    answering = Answering(station.kinds, {"plan": station.errands}, listeners)

    async def finds(conversation_id: int) -> bool:
        found = await station.engine.write(lambda tx: answering.told(tx, number, conversation_id))
        return found is not None

    assert await finds(whom[0])
    assert await finds(beside)
    assert not await finds(stranger)

    def unlink(tx: Tx) -> None:
        with tx.session() as session:
            row = session.get_one(Conversation, beside)
            row.verified_at = None
            session.add(row)

    await station.engine.write(unlink)
    assert not await finds(beside)
