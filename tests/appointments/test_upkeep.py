"""What happens by itself: holds that end, visits that are over, warnings (BK-08, RM-07)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.app import Content
from bot.dialogue import sessions
from bot.errors import StoreError
from bot.settings import Settings
from bot.store.booking_tables import Appointment, Clinic
from bot.store.db import Tx
from bot.store.tables import Conversation
from tests.helpers.care import DAY, Care, Clock, OneTransaction, make_care

AFTER = datetime(
    2026, 11, 25, 4, 31, tzinfo=UTC
)  # half an hour after the morning clinic, and a bit
NIGHT = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)  # half past midnight
MORNING = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)


@pytest.fixture
def care(tx: Tx, backend: str, clock: Clock, settings: Settings, content: Content) -> Care:
    return make_care(OneTransaction(tx, backend), clock, settings, content)


@pytest.mark.parametrize(("still_there", "told"), [(True, 1), (False, 0)])
async def test_a_hold_that_ended_is_told_once_and_only_to_whoever_still_decides(
    care: Care, still_there: bool, told: int
) -> None:
    _, (slot_id,) = await care.clinic()
    who, other = await care.patient("甲"), await care.patient("乙")
    held = await care.engine.write(
        lambda tx: care.bookings.hold(tx, slot_id, who[0], care.clock(), patient_id=who[1])
    )
    key: Any = held.appointment_id if still_there else 0  # type: ignore[union-attr]
    await care.engine.write(lambda tx: _draft(tx, who[0], {"flow": "booking", "held": key}))
    care.clock.move(minutes=5, seconds=1)
    assert await care.upkeep.holds() == 1
    assert await care.upkeep.holds() == 0
    said = await care.heard(who)
    assert len(said) == told
    if told:
        assert "没有预约，也没有费用" in said[0].text
    assert await care.books(slot_id, other), "the place is free again"


def _draft(tx: Tx, conversation_id: int, draft: dict[str, Any]) -> None:
    with tx.session() as session:
        found = session.get(Conversation, conversation_id)
        assert found is not None
        found.session = sessions.dump(sessions.Session(draft=draft))
        session.add(found)


async def three_booked(care: Care) -> tuple[list[tuple[int, int]], list[int]]:
    _, slots = await care.clinic(slots=3)
    people = [await care.patient(f"病人{n}") for n in range(3)]
    return people, [await care.books(slot, who) for slot, who in zip(slots, people, strict=True)]


async def here(care: Care, appointment_id: int) -> None:
    await care.engine.write(
        lambda tx: care.bookings.check_in(tx, appointment_id, care.clock(), actor="desk")
    )


async def test_where_check_in_is_kept_whoever_did_not_come_has_missed_it(care: Care) -> None:
    _, visits = await three_booked(care)
    care.clock.now = AFTER - timedelta(minutes=2)
    await here(care, visits[0])
    assert await care.upkeep.over() == 0, "who comes late still comes"
    care.clock.now = AFTER
    await care.upkeep.over()
    assert [await care.state(one) for one in visits] == ["checked_in", "no_show", "no_show"]
    care.clock.now = NIGHT
    await care.upkeep.over()
    assert [await care.state(one) for one in visits] == ["done", "no_show", "no_show"]


async def test_where_nobody_is_ever_checked_in_nobody_has_missed_anything(care: Care) -> None:
    _, visits = await three_booked(care)
    care.clock.now = AFTER
    assert await care.upkeep.over() == 0
    care.clock.now = NIGHT
    assert await care.upkeep.over() == 3
    assert await care.upkeep.over() == 0
    assert [await care.state(one) for one in visits] == ["done"] * 3


async def test_a_clinic_that_was_off_is_missed_by_nobody(care: Care) -> None:
    _, visits = await three_booked(care)
    await here(care, visits[0])
    await care.engine.write(lambda tx: _off(tx, visits[0]))
    care.clock.now = AFTER
    assert await care.upkeep.over() == 0


def _off(tx: Tx, appointment_id: int) -> None:
    with tx.session() as session:
        visit = session.get(Appointment, appointment_id)
        assert visit is not None
        clinic = session.get(Clinic, visit.clinic_id)
        assert clinic is not None
        clinic.status, clinic.settled_at = "stopped", AFTER
        session.add(clinic)


async def test_a_missed_visit_is_told_once_the_next_morning_with_the_way_to_appeal(
    tx: Tx, backend: str, clock: Clock, settings: Settings, content: Content
) -> None:
    care = make_care(OneTransaction(tx, backend), clock, settings, content, no_show_warn_at=1)
    people, visits = await three_booked(care)
    await here(care, visits[0])
    care.clock.now = AFTER
    await care.upkeep.over()
    await care.engine.write(lambda tx: care.bookings.excuse(tx, visits[1], AFTER, actor="desk"))
    for hour in (AFTER, NIGHT, MORNING, MORNING + timedelta(hours=1)):
        care.clock.now = hour
        await care.upkeep.warn()
    assert [len(await care.heard(who)) for who in people] == [0, 0, 1]
    (told,) = await care.heard(people[2])
    for words in ("没有来就诊", "第1次", "满3次", "90天", "申诉", "11月25日周三"):
        assert words in told.text, told.text
    assert [button.value for button in told.buttons] == ["#person"]


async def test_the_first_missed_visit_is_not_held_against_anybody(care: Care) -> None:
    people, visits = await three_booked(care)
    await here(care, visits[0])
    care.clock.now = AFTER
    await care.upkeep.over()
    care.clock.now = MORNING
    assert await care.upkeep.warn() == 0
    assert not await care.heard(people[1])


async def test_the_third_one_pauses_booking_and_says_until_when(care: Care) -> None:
    who, other = await care.patient("甲"), await care.patient("乙")
    for back in (20, 10, 0):
        _, slots = await care.clinic(DAY - timedelta(days=back), slots=2)
        care.clock.now = datetime(2026, 11, 25, tzinfo=UTC) - timedelta(days=back + 1)
        mine = await care.books(slots[0], who)
        await here(care, await care.books(slots[1], other))
        care.clock.now = AFTER - timedelta(days=back)
        await care.upkeep.over()
        assert await care.state(mine) == "no_show"
        care.clock.now += timedelta(days=1)
        await care.upkeep.warn()
    texts = [worded.text for worded in await care.heard(who)]
    assert ["第2次" in texts[0], "暂停到2027年" in texts[1] or "暂停到2月" in texts[1]] == [
        True,
        True,
    ]
    assert "窗口挂号、急诊和咨询不受影响" in texts[1]


async def test_a_database_that_is_gone_is_no_bad_row(
    care: Care, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(op: Any) -> Any:  # noqa: ARG001
        raise StoreError("the database cannot be reached")

    await three_booked(care)
    care.clock.now = NIGHT
    with monkeypatch.context() as patched:
        patched.setattr(care.engine, "write", gone)
        with pytest.raises(StoreError):
            await care.upkeep.over()
    assert await care.upkeep.over() == 3, "the next tick does it all"
