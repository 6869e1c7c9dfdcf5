"""BK-09, I2: a place that becomes free goes to whoever waits longest, and moves on by itself."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.app import Content
from bot.appointments.model import Refusal
from bot.appointments.waitlist import service as waitlist
from bot.settings import Settings
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation
from tests.helpers.care import DAY, Care, Clock, OneTransaction, make_care

Who = tuple[int, int]


@pytest.fixture
def care(tx: Tx, backend: str, clock: Clock, settings: Settings, content: Content) -> Care:
    return make_care(OneTransaction(tx, backend), clock, settings, content)


@pytest.fixture
def really(engine: Engine, clock: Clock, settings: Settings, content: Content) -> Care:
    """The same on a database of its own, which others can open too."""
    return make_care(engine, clock, settings, content)


async def full(care: Care, waiting: int, **how: object) -> tuple[int, int, list[Who]]:
    """Return (clinic, the visit that fills it, who waits for it)."""
    clinic_id, slots = await care.clinic(**how)  # type: ignore[arg-type]
    booked = await care.books(slots[0], await care.patient("先到"))
    line = [await care.patient(f"等{n}") for n in range(waiting)]
    for who in line:
        await care.waits(clinic_id, who)
    return clinic_id, booked, line


async def test_the_first_is_offered_what_became_free_and_takes_it_with_one_tap(care: Care) -> None:
    _, booked, (first, second) = await full(care, 2)
    await care.upkeep.waits()
    assert not await care.heard(first), "nothing is free yet"
    await care.cancels(booked)
    await care.upkeep.waits()
    await care.upkeep.waits()
    (offer,) = await care.heard(first)
    for told in ("等0", "李doc-1", "心血管内科", "11月25日周三", "08:00–08:30", "门诊楼三层东区",
                 "22元", "15分钟", "10:15"):  # fmt: skip
        assert told in offer.text, offer.text
    assert [button.label for button in offer.buttons] == [
        "1 要这个号", "2 这个不要，继续等", "3 退出候补",
    ]  # fmt: skip
    assert not await care.heard(second)
    (said,) = await care.takes(first, 1)
    assert said.name == "waitlist/taken"
    assert said.values["who"] == "等0"
    care.clock.move(hours=1)
    await care.upkeep.holds()
    await care.upkeep.waits()
    assert not await care.heard(second), "it is taken"


async def test_unanswered_it_moves_on_by_itself_and_never_to_two(care: Care) -> None:
    clinic_id, booked, line = await full(care, 3)
    await care.cancels(booked)
    for turn, who in enumerate(line):
        await care.upkeep.waits()
        offered = [one.state for one in await care.engine.read(
            lambda tx: waitlist.of_clinic(tx, clinic_id)) if one.is_offered]  # fmt: skip
        assert offered == ["offered"]
        assert [len(await care.heard(one)) for one in line[turn:]] == [1] + [0] * (2 - turn)
        care.clock.move(minutes=15, seconds=1)
        await care.upkeep.holds()
        await care.upkeep.waits()
        texts = [worded.text for worded in await care.heard(who)]
        assert len(texts) == 2
        assert "已经让给下一位" in texts[1]
    assert not await care.engine.read(lambda tx: waitlist.of_clinic(tx, clinic_id))


async def test_a_late_tap_books_nothing_and_says_so(care: Care) -> None:
    _, booked, (first, second) = await full(care, 2)
    await care.cancels(booked)
    await care.upkeep.waits()
    session = await care.session(first)
    care.clock.move(minutes=15)
    (said,) = await care.takes(first, 1)
    assert (said.name, said.values["why"]) == ("waitlist/cannot", "expired")
    await care.upkeep.holds()
    await care.upkeep.waits()
    assert len(await care.heard(second)) == 1
    assert session.offer is not None


async def test_whoever_skips_one_place_stays_for_another_and_blocks_nobody(care: Care) -> None:
    clinic_id, slots = await care.clinic(slots=2)
    visits = [await care.books(slot, await care.patient("先到")) for slot in slots]
    first, second = await care.patient("甲"), await care.patient("乙")
    await care.waits(clinic_id, first)
    await care.cancels(visits[0])
    await care.upkeep.waits()
    (said,) = await care.takes(first, 2)
    assert said.name == "waitlist/skipped"
    assert await care.upkeep.waits() == 0, "the same place is not offered again"
    assert await care.books(slots[0], second), "nobody waits for that place, so anybody may have it"
    await care.cancels(visits[1])
    await care.upkeep.waits()
    assert "08:30–09:00" in (await care.heard(first))[-1].text


async def test_nobody_who_just_asks_gets_it_before_those_who_wait(care: Care) -> None:
    _, booked, (first,) = await full(care, 1)
    await care.cancels(booked)
    visit = await care.engine.read(lambda tx: care.bookings.visit(tx, booked))
    who = await care.patient("后来")
    assert visit is not None
    refused = await care.engine.write(
        lambda tx: care.bookings.hold(tx, visit.slot_id, who[0], care.clock(), patient_id=who[1])
    )
    assert refused is Refusal.FULL
    await care.upkeep.waits()
    assert len(await care.heard(first)) == 1


async def test_joining_twice_keeps_the_place_and_leaving_frees_it(care: Care) -> None:
    clinic_id, _, (first, second) = await full(care, 2)
    again = await care.waits(clinic_id, first)
    assert (again.place, (await care.waits(clinic_id, second)).place) == (1, 2)
    await care.engine.write(lambda tx: waitlist.become(tx, again, "left", care.clock()))
    assert (await care.waits(clinic_id, second)).place == 1
    assert (await care.waits(clinic_id, first)).place == 2


async def test_nobody_is_offered_anything_at_night(care: Care) -> None:
    _, booked, (first,) = await full(care, 1)
    await care.cancels(booked)
    offered = []
    for hour in (21, 23, 26, 31, 32):
        care.clock.now = datetime(2026, 11, 18, 16, tzinfo=UTC) + timedelta(hours=hour)
        await care.upkeep.waits()
        offered.append(len(await care.heard(first)))
    assert offered == [0, 0, 0, 0, 1], "kept for her until eight in the morning"


async def test_whoever_got_another_visit_meanwhile_is_passed_over_and_told_why(care: Care) -> None:
    _, booked, (first, second) = await full(care, 2)
    _, (other,) = await care.clinic(doctor="doc-2", part="afternoon")
    await care.books(other, first)
    await care.cancels(booked)
    await care.upkeep.waits()
    (told,) = await care.heard(first)
    assert "同一天同一科室只能约一次" in told.text
    assert "15分钟" in (await care.heard(second))[0].text


async def test_while_a_person_writes_with_her_the_next_is_asked_and_she_keeps_her_place(
    care: Care,
) -> None:
    clinic_id, slots = await care.clinic(slots=2)
    visits = [await care.books(slot, await care.patient("先到")) for slot in slots]
    held = await care.patient("甲", holder="staff")
    second = await care.patient("乙")
    for who in (held, second):
        await care.waits(clinic_id, who)
    await care.cancels(visits[0])
    await care.upkeep.waits()
    assert not await care.heard(held)
    assert len(await care.heard(second)) == 1
    assert (await care.waits(clinic_id, held)).place == 1


async def test_whoever_stopped_our_messages_is_written_to_no_more(care: Care) -> None:
    _, booked, (first, second) = await full(care, 2)
    gone = await care.patient("退订", opted_out_at=care.clock() - timedelta(days=1))
    clinic_id = (
        await care.engine.read(lambda tx: care.bookings.visit(tx, booked))
    ).clinic.clinic_id  # type: ignore[union-attr]
    await care.waits(clinic_id, gone)  # asked for after she stopped the others: this one is wanted
    now = care.clock()
    care.clock.move(minutes=1)
    await care.engine.write(lambda tx: _stop(tx, first[0], now + timedelta(seconds=30)))
    await care.cancels(booked)
    await care.upkeep.waits()
    await care.upkeep.waits()
    assert not await care.heard(first)
    assert len(await care.heard(second)) == 1


def _stop(tx: Tx, conversation_id: int, at: datetime) -> None:
    with tx.session() as session:
        found = session.get(Conversation, conversation_id)
        assert found is not None
        found.opted_out_at = at
        session.add(found)


async def test_when_the_clinic_begins_the_wait_is_over_and_told_once_with_what_else_is_free(
    care: Care,
) -> None:
    clinic_id, _, (first,) = await full(care, 1)
    await care.clinic(DAY + timedelta(days=1), slots=3)
    care.clock.now = datetime(2026, 11, 25, 0, 1, tzinfo=UTC)
    await care.upkeep.waits()
    await care.upkeep.waits()
    (told,) = await care.heard(first)
    assert "候补到此结束" in told.text
    assert "11月26日周四" in told.text
    assert len(told.buttons) == 4, "three others, and a person"
    joined = await care.engine.write(
        lambda tx: waitlist.join(tx, clinic_id, first[1], first[0], care.clock())
    )
    assert joined is Refusal.CLOSED


async def test_several_processes_make_one_offer(
    really: Care, open_engine: Callable[[], Engine], settings: Settings, content: Content
) -> None:
    _, booked, line = await full(really, 3)
    await really.cancels(booked)
    others = []
    if really.engine.name != "sqlite":
        others = [make_care(open_engine(), really.clock, settings, content) for _ in range(2)]
    jobs = [really.upkeep, *(one.upkeep for one in others), really.upkeep]
    await asyncio.gather(*(job.waits() for job in jobs))
    for one in others:
        await one.engine.close()
    assert [len(await really.heard(one)) for one in line] == [1, 0, 0]
