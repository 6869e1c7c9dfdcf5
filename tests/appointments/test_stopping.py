"""BK-11, RM-14: a doctor is absent; everybody booked is told once, with places to take (I2, I3)."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.app import Content
from bot.appointments import calls
from bot.appointments.model import Refusal
from bot.dialogue import sessions
from bot.dialogue.notices import Notices
from bot.dialogue.sessions import Session
from bot.settings import Settings
from bot.store.booking_tables import Appointment, Clinic, Patient, Slot
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation, Inbox, Outbox
from tests.helpers.care import DAY, Care, Clock, OneTransaction, make_care, states

Who = tuple[int, int]
REASON = "医生外出会诊"


@pytest.fixture
def care(tx: Tx, backend: str, clock: Clock, settings: Settings, content: Content) -> Care:
    return make_care(OneTransaction(tx, backend), clock, settings, content)


@pytest.fixture
def really(engine: Engine, clock: Clock, settings: Settings, content: Content) -> Care:
    """The same on a database of its own, which others can open too."""
    return make_care(engine, clock, settings, content)


async def stop(care: Care, clinic_id: int, reason: str | None = REASON) -> None:
    """Do what the roster does when a doctor is away."""

    def change(tx: Tx) -> None:
        with tx.session() as session:
            clinic = session.get(Clinic, clinic_id)
            assert clinic is not None
            clinic.status, clinic.reason, clinic.stopped_at = "stopped", reason, care.clock()
            session.add(clinic)

    await care.engine.write(change)


async def booked(care: Care, many: int, **about: object) -> tuple[int, list[Who], list[int]]:
    """Return (clinic, its patients, their visits); other days have places."""
    clinic_id, slots = await care.clinic(slots=8, capacity=(many + 7) // 8)
    for later in (1, 2, 5):
        await care.clinic(DAY + timedelta(days=later), slots=8, capacity=2)
    await care.clinic(DAY, doctor="doc-2", part="afternoon", slots=6, capacity=2)
    people = [await care.patient(f"病人{n}", **about) for n in range(many)]
    visits = [await care.books(slots[n % 8], who) for n, who in enumerate(people)]
    return clinic_id, people, visits


async def settled(care: Care, clinic_id: int) -> datetime | None:
    def look(tx: Tx) -> datetime | None:
        with tx.session() as session:
            clinic = session.get(Clinic, clinic_id)
            assert clinic is not None
            return clinic.settled_at

    return await care.engine.read(look)


async def to_ring(care: Care) -> list[tuple[str | None, str]]:
    found = await care.engine.read(lambda tx: calls.open_calls(tx, care.clock()))
    return [(one.visit.told, one.why) for one in found]


async def test_one_entry_tells_all_forty_once_each_with_places_of_her_own(care: Care) -> None:
    clinic_id, people, _ = await booked(care, 40)
    await stop(care, clinic_id)
    assert await care.upkeep.settle() == 40
    assert await care.upkeep.settle() == 0
    assert await care.engine.read(lambda tx: set(states(tx, clinic_id))) == {"hospital_cancelled"}
    assert await settled(care, clinic_id) == care.clock()
    firsts: Counter[str] = Counter()
    for who in people:
        (told,) = await care.heard(who)
        assert REASON in told.text
        assert "按原来的付款方式退回" in told.text
        session = await care.session(who)
        assert session.offer is not None
        assert len(set(session.offer.options)) == 3
        firsts[session.offer.options[0].partition(".take:")[2].partition(".")[0]] += 1
    assert max(firsts.values()) <= 2, "no place is the first choice of more than it has seats"
    texts = [(await care.heard(who))[0].text for who in people]
    assert all(f"病人{n}的预约取消了" in text for n, text in enumerate(texts))


@pytest.mark.parametrize("dies_after", [0, 3, 9])
async def test_whoever_begins_again_after_a_crash_tells_nobody_twice(
    care: Care, dies_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic_id, people, _ = await booked(care, 10)
    await stop(care, clinic_id)
    left = iter(range(dies_after))
    write = care.engine.write

    async def dying(op: Callable[[Tx], Any]) -> Any:
        if next(left, None) is None:
            raise asyncio.CancelledError
        return await write(op)

    with monkeypatch.context() as patched:
        patched.setattr(care.engine, "write", dying)
        with pytest.raises(asyncio.CancelledError):
            await care.upkeep.settle()
    assert await settled(care, clinic_id) is None
    await care.upkeep.settle()
    assert [len(await care.heard(who)) for who in people] == [1] * 10
    assert await settled(care, clinic_id) is not None


async def test_several_processes_tell_everybody_once(
    really: Care, open_engine: Callable[[], Engine], settings: Settings, content: Content
) -> None:
    clinic_id, people, _ = await booked(really, 16)
    await stop(really, clinic_id)
    others = []
    if really.engine.name != "sqlite":
        others = [make_care(open_engine(), really.clock, settings, content) for _ in range(2)]
    jobs = [really.upkeep, *(one.upkeep for one in others), really.upkeep]
    await asyncio.gather(*(job.settle() for job in jobs))
    for one in others:
        await one.engine.close()
    assert [len(await really.heard(who)) for who in people] == [1] * 16


async def test_one_tap_books_one_of_them_for_the_same_patient(care: Care) -> None:
    clinic_id, people, visits = await booked(care, 3)
    await stop(care, clinic_id)
    await care.upkeep.settle()
    (said,) = await care.takes(people[0], 2)
    assert said.name == "stopped/taken"
    assert said.values["who"] == "病人0"
    (again,) = await care.takes(people[0], 3)  # the session of this test still has the offer
    assert again.values["number"] == said.values["number"], "one visit in place of one"
    mine = await care.engine.read(
        lambda tx: care.bookings.of_patients(tx, [people[0][1]], care.clock())
    )
    assert [one.replaces_id for one in mine] == [visits[0]]


async def test_a_place_that_is_gone_meanwhile_brings_others_and_books_nothing(care: Care) -> None:
    clinic_id, people, _ = await booked(care, 1)
    await stop(care, clinic_id)
    await care.upkeep.settle()
    session = await care.session(people[0])
    assert session.offer is not None
    slot_id = int(session.offer.options[0].partition(".take:")[2].partition(".")[0])
    for n in range(2):
        await care.books(slot_id, await care.patient(f"别人{n}"))
    (said,) = await care.takes(people[0], 1)
    assert (said.name, said.values["why"], len(said.options)) == ("stopped/cannot", "full", 3)
    assert all(
        str(slot_id) not in option.value.split(":")[2].split(".")[0:1] for option in said.options
    )


async def test_nobody_takes_the_place_that_somebody_else_was_offered(care: Care) -> None:
    clinic_id, people, visits = await booked(care, 1)
    await stop(care, clinic_id)
    await care.upkeep.settle()
    session = await care.session(people[0])
    assert session.offer is not None
    slot_id = int(session.offer.options[0].partition(".take:")[2].partition(".")[0])
    stranger = await care.patient("外人")
    taken = await care.engine.write(
        lambda tx: care.unasked.instead.take(tx, slot_id, visits[0], stranger[0], care.clock())
    )
    assert taken is Refusal.NOT_HERS


async def test_holds_and_those_who_wait_are_told_too(care: Care) -> None:
    clinic_id, _, _ = await booked(care, 7)
    waiting, deciding = await care.patient("候补人"), await care.patient("正在约")
    await care.waits(clinic_id, waiting)
    slot_id = await care.engine.read(lambda tx: _free_slot(tx, clinic_id))
    held = await care.engine.write(
        lambda tx: care.bookings.hold(tx, slot_id, deciding[0], care.clock(), offered=True)
    )
    assert not isinstance(held, Refusal)
    await stop(care, clinic_id)
    await care.upkeep.settle()
    await care.upkeep.waits()
    await care.upkeep.waits()
    (told,) = await care.heard(waiting)
    assert "停诊了" in told.text
    assert await care.state(held.appointment_id) == "hospital_cancelled"
    assert await care.upkeep.waits() == 0


async def test_whoever_had_not_said_yes_goes_on_booking_and_nothing_is_booked_for_her(
    care: Care,
) -> None:
    clinic_id, slots = await care.clinic()
    await care.clinic(DAY + timedelta(days=1), slots=4)
    who = await care.patient("正在约")
    held = await care.engine.write(
        lambda tx: care.bookings.hold(tx, slots[0], who[0], care.clock(), patient_id=who[1])
    )
    assert not isinstance(held, Refusal)
    await care.engine.write(lambda tx: _deciding(tx, who[0], held.appointment_id))
    await stop(care, clinic_id)
    await care.upkeep.settle()
    (told,) = await care.heard(who)
    assert "没有预约，也没有费用" in told.text
    session = await care.session(who)
    assert session.offer is not None
    assert all(option.startswith("flow:booking.slot:") for option in session.offer.options)


def _deciding(tx: Tx, conversation_id: int, held: int) -> None:
    with tx.session() as session:
        found = session.get(Conversation, conversation_id)
        assert found is not None
        found.session = sessions.dump(Session(draft={"flow": "booking", "held": held}))
        session.add(found)


def _free_slot(tx: Tx, clinic_id: int) -> int:
    with tx.session() as session:
        slots = session.exec(select(Slot.id).where(Slot.clinic_id == clinic_id)).all()
        taken = session.exec(select(Appointment.slot_id).where(Appointment.clinic_id == clinic_id))
        return next(int(one or 0) for one in sorted(set(slots) - set(taken.all())))  # type: ignore[type-var]


async def test_those_who_stopped_messages_or_write_with_a_person_are_told_too(care: Care) -> None:
    clinic_id, slots = await care.clinic(slots=2)
    await care.clinic(DAY + timedelta(days=1), slots=4)
    out = await care.patient("退订", opted_out_at=care.clock())
    held = await care.patient("人工", holder="staff")
    for slot_id, who in zip(slots, (out, held), strict=True):
        await care.books(slot_id, who)
    await stop(care, clinic_id)
    await care.upkeep.settle()
    (told,) = await care.heard(out)
    assert len(told.buttons) == 4
    (told,) = await care.heard(held)
    assert "正在和您沟通的工作人员" in told.text
    assert not [button for button in told.buttons if button.value != "#person"]


async def test_a_row_that_nobody_can_tell_of_stops_no_other_and_is_rung(
    care: Care, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic_id, people, visits = await booked(care, 4)
    await stop(care, clinic_id)
    tell = type(care.notices).tell

    def broken(notices: Notices, tx: Tx, to: int, *rest: Any, **more: Any) -> int | None:
        if to == people[1][0]:
            raise ValueError("cannot be worded")
        return tell(notices, tx, to, *rest, **more)

    monkeypatch.setattr(type(care.notices), "tell", broken)
    await care.upkeep.settle()
    assert [len(await care.heard(who)) for who in people] == [1, 0, 1, 1]
    assert await care.state(visits[1]) == "hospital_cancelled"
    assert await to_ring(care) == [("病人1", "unreachable")]
    assert await settled(care, clinic_id) is not None


async def test_the_frail_are_rung_at_once_and_the_silent_after_some_hours(care: Care) -> None:
    clinic_id, people, visits = await booked(care, 4)
    await care.engine.write(lambda tx: _frail(tx, people[0][1]))
    await stop(care, clinic_id)
    await care.upkeep.settle()
    await care.upkeep.silent()
    assert await to_ring(care) == [("病人0", "frail")]
    care.clock.move(minutes=30)
    await care.engine.write(lambda tx: _wrote(tx, people[1][0], care.clock()))
    await care.takes(people[2], 1)
    care.clock.move(minutes=91)
    await care.upkeep.silent()
    await care.upkeep.silent()
    assert sorted(await to_ring(care)) == [("病人0", "frail"), ("病人3", "silent")]
    assert await care.state(visits[3]) == "hospital_cancelled"


async def test_who_was_not_reached_is_rung_at_once_in_the_hours_staff_work(care: Care) -> None:
    care.clock.now = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)  # ten in the evening
    clinic_id, _, visits = await booked(care, 3)
    await stop(care, clinic_id)
    await care.upkeep.settle()
    await care.engine.write(lambda tx: _lost(tx, visits[1]))
    await care.upkeep.silent()
    (call,) = await care.engine.read(lambda tx: calls.open_calls(tx, care.clock()))
    assert (call.visit.told, call.why, call.is_due) == ("病人1", "unreachable", False)
    assert call.due_at == datetime(2026, 11, 19, 0, 0, tzinfo=UTC), "when staff are there again"


def _frail(tx: Tx, patient_id: int) -> None:
    with tx.session() as session:
        found = session.get(Patient, patient_id)
        assert found is not None
        found.frail = True
        session.add(found)


def _wrote(tx: Tx, conversation_id: int, now: datetime) -> None:
    with tx.session() as session:
        session.add(Inbox(
            conversation_id=conversation_id, seq=1, channel="webchat", account="main",
            key_index=f"k{conversation_id}", body={"text": "好的"}, state="handled",
            received_at=now, next_try_at=now,
        ))  # fmt: skip


def _lost(tx: Tx, appointment_id: int) -> None:
    with tx.session() as session:
        row = session.exec(
            select(Outbox).where(Outbox.dedupe_key == f"stopped:{appointment_id}")
        ).one()
        row.state, row.sent_at = "failed", None
        session.add(row)


async def test_whoever_is_there_already_is_sent_to_the_desk(care: Care) -> None:
    clinic_id, people, visits = await booked(care, 1)
    await care.engine.write(
        lambda tx: care.bookings.check_in(tx, visits[0], care.clock(), actor="desk")
    )
    await stop(care, clinic_id, None)
    await care.upkeep.settle()
    (told,) = await care.heard(people[0])
    assert "导医台" in told.text
    assert "原因" not in told.text


async def test_what_the_hospital_system_refuses_is_told_the_same_way(care: Care) -> None:
    _, people, visits = await booked(care, 1)
    await care.engine.write(lambda tx: care.unasked.stopping.refused(tx, visits[0], care.clock()))
    (told,) = await care.heard(people[0])
    assert "没能确认这个号" in told.text
    assert len(told.buttons) == 4


async def test_a_clinic_that_takes_place_after_all_is_listed_and_nothing_else_happens(
    care: Care,
) -> None:
    clinic_id, people, _ = await booked(care, 2)
    await stop(care, clinic_id)
    await care.upkeep.settle()
    await care.engine.write(lambda tx: _resume(tx, clinic_id))
    await care.upkeep.settle()
    (listed,) = await care.engine.read(lambda tx: calls.reinstated(tx, DAY))
    assert (listed.clinic.clinic_id, listed.told) == (clinic_id, 2)
    assert [len(await care.heard(who)) for who in people] == [1, 1]


def _resume(tx: Tx, clinic_id: int) -> None:
    with tx.session() as session:
        clinic = session.get(Clinic, clinic_id)
        assert clinic is not None
        clinic.status, clinic.stopped_at, clinic.settled_at = "on", None, None
        session.add(clinic)
