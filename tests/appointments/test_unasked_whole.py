"""On the whole application: told on page and phone, answered by tap and by digit (BK-09, BK-11)."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from bot.appointments import finding
from bot.appointments.finding import Wanted
from bot.appointments.model import Visit
from bot.hospital import roster
from bot.message import Address, Worded
from bot.messages import history
from bot.store.db import Tx
from bot.wiring.booking import unasked
from tests.helpers.papers import resident
from tests.helpers.world import PATIENTS, Patient, World

DAY = date(2026, 11, 25)
DAYS = [DAY, date(2026, 11, 26), date(2026, 11, 27)]
LIN, CARTER = PATIENTS["小林"], PATIENTS["Ms Carter"]
BOOKS = {
    "小林": ["我想挂李明远11月25日上午9点", f"林晓 {resident(date(1990, 3, 7), 251)}", "确认"],
    "Ms Carter": [
        "I want to book Dr Li Mingyuan on 25 November at 9 am",
        "My name is Mary Carter, passport EC1234567",
        "yes",
    ],
}


@pytest.fixture
def backend() -> str:
    return "sqlite"  # what the database promises is tested beside the service


class Day:
    """The hospital on some days, and whoever writes to it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.away: list[str] = []

    async def says(self, who: Patient, channel: str, *words: str) -> list[Worded]:
        said: list[Worded] = []
        for one in words:
            said = await self.world.says(who, channel, one)
        return said

    async def hears(self, who: Patient, channel: str) -> str:
        return "\n".join(worded.text for worded in await self.world.hears(who, channel))

    async def ticks(self) -> None:
        """Let every job of booking run once."""
        app = self.world.app
        upkeep = unasked(app.booking).upkeep(app.engine, app.clock)
        for job in upkeep.jobs():
            await job.run()

    async def stops(self, doctor: str) -> None:
        now = self.world.clock()
        self.away.append(doctor)
        await self.world.app.engine.write(
            lambda tx: roster.stop(tx, doctor, DAY, None, "外出会诊", now, "chen")
        )

    async def comes_back(self, doctor: str) -> None:
        """The hospital is shared with other tests."""
        now = self.world.clock()
        await self.world.app.engine.write(
            lambda tx: roster.resume(tx, doctor, DAY, None, now, "chen")
        )


@pytest.fixture
async def day(world: World) -> AsyncIterator[Day]:
    await world.app.publish(days=DAYS)
    made = Day(world)
    yield made
    for doctor in made.away:
        await made.comes_back(doctor)


async def test_a_doctor_is_away_and_each_takes_another_place_with_one_answer(day: Day) -> None:
    await day.says(LIN, "webchat", *BOOKS["小林"])
    await day.says(CARTER, "text", *BOOKS["Ms Carter"])
    await day.stops("李明远")
    await day.ticks()
    await day.ticks()
    (told,) = await day.world.hears(LIN, "webchat")
    for words in (
        "林晓的预约取消了",
        "11月25日周三 09:00–09:30",
        "外出会诊",
        "按原来的付款方式退回",
    ):
        assert words in told.text
    text = await day.hears(CARTER, "text")
    assert "the visit of Mary Carter is cancelled" in text
    assert [line[:2] for line in text.splitlines()[-4:]] == ["6 ", "7 ", "8 ", "0 "]
    (said,) = await day.says(LIN, "webchat", told.buttons[0].value)
    assert "约好了：林晓" in said.text
    (said,) = await day.says(CARTER, "text", "7")
    assert said.text.startswith("Booked: Mary Carter")
    (again,) = await day.says(CARTER, "text", "7")
    assert "Booked" not in again.text, "the same digit once more books nothing"
    (mine,) = await day.says(CARTER, "text", "my visits")
    assert mine.text.count("Mary Carter") == 1


async def test_a_full_clinic_is_waited_for_and_the_place_that_comes_free_is_taken(day: Day) -> None:
    await day.says(CARTER, "text", *BOOKS["Ms Carter"])
    filled = await _fill(day)
    said = await day.says(LIN, "webchat", "我想挂李明远11月25日上午")
    (wait,) = [button for button in said[-1].buttons if "候补" in button.label]
    said = await day.says(LIN, "webchat", wait.value, BOOKS["小林"][1])
    assert "您排在第1位" in said[-1].text, said
    assert "林晓" in said[-1].text
    await day.ticks()
    await _cancel(day, filled)
    await day.ticks()
    (offer,) = await day.world.hears(LIN, "webchat")
    for words in ("林晓候补的号有了", "李明远", "周三", "22元", "15分钟"):
        assert words in offer.text
    (other,) = await day.says(LIN, "webchat", "停车多少钱")
    assert "停车" in other.text or "元" in other.text, "a question in between closes nothing"
    (taken,) = await day.says(LIN, "webchat", offer.buttons[0].value)
    assert "约好了：林晓" in taken.text


async def _fill(day: Day) -> int:
    """Let somebody at the desk hold every place that is left; return one of these holds."""
    app, now = day.world.app, day.world.clock()
    bookings = app.booking.bookings
    address = Address("text", "main", CARTER.phone)

    def fill(tx: Tx) -> int:
        conversation_id = history.conversation_of(tx, address)
        assert conversation_id is not None
        held_id = 0
        doctors = {one.doctor_name: one.doctor for one in finding.clinics(
            tx, Wanted(first=DAY, last=DAY), now, bookings.zone)}  # fmt: skip
        wanted = Wanted(doctors=(doctors["李明远"],), first=DAY, last=DAY)
        while free := finding.free(tx, wanted, now, bookings.options, bookings.zone):
            held = bookings.hold(
                tx, free[0].slot_id, conversation_id, now, offered=True, minutes=600
            )
            assert isinstance(held, Visit)
            held_id = held.appointment_id
        return held_id

    return await app.engine.write(fill)


async def _cancel(day: Day, appointment_id: int) -> None:
    app, now = day.world.app, day.world.clock()
    await app.engine.write(
        lambda tx: app.booking.bookings.release(tx, appointment_id, now, actor="desk")
    )
