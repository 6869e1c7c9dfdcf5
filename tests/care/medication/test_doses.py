"""Doses: one next occurrence, answers, snoozing, reasons, notes; unanswered is not recorded."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from bot.care.medication import adherence, doses
from bot.care.medication.adherence import Adherence
from bot.care.medication.doses import Noted
from bot.reminders.model import Due
from bot.store.db import Tx
from scheduler.reminders import Reason
from tests.care.medication.conftest import Pharmacy


def names(step: object) -> list[str]:
    return [say.name for say in step.says]  # type: ignore[attr-defined]


@pytest.fixture
async def due(pharmacy: Pharmacy) -> Due:
    """The dose at 20:00, which is asked about now."""
    await pharmacy.sets("提醒我每天早8点晚8点吃药")
    (one,) = await pharmacy.waiting()
    pharmacy.now = one.occurs_at
    return one


async def state_of(pharmacy: Pharmacy, due: Due) -> Reason | None:
    def look(tx: Tx) -> Reason | None:
        plan = pharmacy.plans.get(tx, due.about_id)
        assert plan is not None
        return pharmacy.medication.state_of(tx, due, plan, pharmacy.now)

    return await pharmacy.write(look)


async def said_of(pharmacy: Pharmacy, due: Due) -> str | None:
    return await pharmacy.write(lambda tx: doses.state_of(tx, due.about_id, due.occurs_at))


async def test_taken_is_noted_once_and_nothing_more_is_asked(pharmacy: Pharmacy, due: Due) -> None:
    assert await state_of(pharmacy, due) is None
    assert names(await pharmacy.answers(due, "taken")) == ["medication/taken"]
    await pharmacy.answers(due, "taken")
    assert await said_of(pharmacy, due) == "taken"
    assert await state_of(pharmacy, due) is Reason.ANSWERED


@pytest.mark.parametrize(
    ("text", "minutes"), [("", 20), ("过10分钟", 10), ("半小时后", 30), ("过两小时", 30)]
)
async def test_snoozed_is_the_same_dose_some_minutes_later(
    pharmacy: Pharmacy, due: Due, text: str, minutes: int
) -> None:
    step = await pharmacy.answers(due, "snooze", text)
    assert step.says[0].values["minutes"] == minutes
    await pharmacy.answers(due, "snooze", text)
    (again,) = await pharmacy.waiting("dose_snoozed")
    assert again.occurs_at == due.occurs_at
    assert again.due_at == due.occurs_at + timedelta(minutes=minutes)
    assert await state_of(pharmacy, again) is None
    assert await state_of(pharmacy, due) is Reason.ANSWERED
    pharmacy.now = again.due_at
    await pharmacy.answers(again, "taken")
    assert await said_of(pharmacy, due) == "taken"


async def test_a_dose_is_not_put_off_for_ever(pharmacy: Pharmacy, due: Due) -> None:
    for _ in range(4):
        await pharmacy.answers(due, "snooze", "过30分钟")
        waiting = await pharmacy.waiting("dose_snoozed")
        due, pharmacy.now = waiting[-1], waiting[-1].due_at
    assert names(await pharmacy.answers(due, "snooze", "过30分钟")) == ["medication/no_more_snooze"]


async def test_nor_up_to_the_next_one(pharmacy: Pharmacy) -> None:
    await pharmacy.sets("提醒我每天20:00、20:25吃药")
    (due,) = await pharmacy.waiting()
    pharmacy.now = due.occurs_at
    assert names(await pharmacy.answers(due, "snooze", "过30分钟")) == ["medication/no_more_snooze"]
    assert names(await pharmacy.answers(due, "snooze", "过10分钟")) == ["medication/snoozed"]


async def test_left_out_is_asked_why_once(pharmacy: Pharmacy, due: Due) -> None:
    assert names(await pharmacy.answers(due, "skip")) == ["medication/why"]
    assert names(await pharmacy.says("why", choice="forgot")) == ["medication/noted"]
    (noted,) = await pharmacy.write(lambda tx: doses.of_plan(tx, due.about_id, due.occurs_at))
    assert (noted.state, noted.reason) == ("skipped", {"why": "forgot"})


async def test_a_reason_in_her_own_words_is_kept_sealed(pharmacy: Pharmacy, due: Due) -> None:
    await pharmacy.answers(due, "skip")
    assert names(await pharmacy.says("why", "今天陪孙子来不及")) == ["medication/noted"]
    (noted,) = await pharmacy.write(lambda tx: doses.of_plan(tx, due.about_id, due.occurs_at))
    assert noted.reason == {"why": "other", "words": "今天陪孙子来不及"}


async def test_feeling_unwell_gets_a_person_and_no_advice(pharmacy: Pharmacy, due: Due) -> None:
    await pharmacy.answers(due, "skip")
    step = await pharmacy.says("why", "吃了有点恶心")
    assert names(step) == ["medication/unwell"]
    assert [tap.value for tap in step.says[0].shortcuts] == ["#person"]


async def test_what_the_doctor_stopped_may_be_reminded_of_no_more(
    pharmacy: Pharmacy, due: Due
) -> None:
    await pharmacy.answers(due, "skip")
    assert names(await pharmacy.says("why", "医生让停了")) == ["medication/shall_it_end"]
    assert await pharmacy.mine()
    assert names(await pharmacy.taps(1)) == ["medication/stopped"]
    assert not await pharmacy.mine()


async def test_two_medicines_of_one_message_are_asked_about_alike(pharmacy: Pharmacy) -> None:
    await pharmacy.sets("提醒我每天晚上8点吃叶酸")
    await pharmacy.sets("提醒我每天晚上8点吃钙片")
    one, other = await pharmacy.waiting()
    pharmacy.now = one.occurs_at
    first, second = await pharmacy.answers(one, "skip"), await pharmacy.answers(other, "skip")
    assert first.says == second.says
    await pharmacy.says("why", choice="finished")
    assert names(await pharmacy.taps(1)) == ["medication/stopped"]
    assert not await pharmacy.mine()


async def test_what_is_taken_when_needed_is_noted_and_looked_up(pharmacy: Pharmacy) -> None:
    assert names(await pharmacy.says("log", "吃了一片止痛药")) == ["medication/logged"]
    pharmacy.later(hours=3)
    await pharmacy.says("log", "吃了一片止痛药")
    (plan,) = await pharmacy.mine()
    assert plan.details["prn"] is True
    assert not await pharmacy.waiting()
    step = await pharmacy.says("last", "上次什么时候吃的止痛药")
    found = cast("list[dict[str, Any]]", step.says[0].values["found"])[0]
    assert (found["medicine"], f"{found['at']:%H:%M}") == ("止痛药", "13:00")
    assert names(await pharmacy.says("mine")) == ["medication/none"]


async def test_the_day_of_the_last_dose_is_told_of(pharmacy: Pharmacy) -> None:
    await pharmacy.sets("提醒我每天晚上8点吃药,吃3天")
    (last,) = await pharmacy.waiting("last_dose")
    assert last.due_at == datetime(2026, 11, 18, 1, tzinfo=UTC)


async def test_beyond_the_last_day_nothing_is_said(pharmacy: Pharmacy) -> None:
    plan = await pharmacy.sets("提醒我每天晚上8点吃药,吃2天")
    first = (await pharmacy.waiting())[0].occurs_at
    second = pharmacy.medication.next_moment(plan, "dose", first)
    assert second == first + timedelta(days=1)
    assert pharmacy.medication.next_moment(plan, "dose", second) is None


async def test_hours_of_the_hospital_at_night_wait_for_her_consent(pharmacy: Pharmacy) -> None:
    plan = await pharmacy.prescribed({"medicine": "阿莫西林", "times": ["07:00", "15:00", "23:00"]})
    (due,) = await pharmacy.waiting()
    assert due.occurs_at == datetime(2026, 11, 16, 7, tzinfo=UTC)
    assert pharmacy.medication.next_moment(plan, "dose", due.occurs_at) == datetime(
        2026, 11, 17, 7, tzinfo=UTC
    )
    (asking,) = await pharmacy.waiting("dose_night")
    assert asking.due_at == datetime(2026, 11, 17, 2, tzinfo=UTC)
    assert names(await pharmacy.answers(asking, "agree")) == ["medication/nights"]
    pharmacy.now = due.occurs_at
    (plan,) = await pharmacy.mine()
    assert pharmacy.medication.next_moment(plan, "dose", due.occurs_at) == datetime(
        2026, 11, 16, 15, tzinfo=UTC
    )
    assert not await pharmacy.waiting("dose_night")


async def test_who_declines_is_left_alone_at_night_and_not_asked_again(pharmacy: Pharmacy) -> None:
    await pharmacy.prescribed({"medicine": "阿莫西林", "times": ["15:00", "23:00"]})
    (asking,) = await pharmacy.waiting("dose_night")
    await pharmacy.answers(asking, "decline")
    assert not await pharmacy.waiting("dose_night")
    (due,) = await pharmacy.waiting()
    assert due.occurs_at == datetime(2026, 11, 16, 7, tzinfo=UTC)


async def test_her_own_hours_at_night_are_honoured(pharmacy: Pharmacy) -> None:
    await pharmacy.sets("提醒我每天晚上11点吃药")
    (due,) = await pharmacy.waiting()
    assert due.due_at == datetime(2026, 11, 16, 15, tzinfo=UTC)
    assert not await pharmacy.waiting("dose_night")


@pytest.mark.parametrize(
    ("quantity", "ends_on", "told_on"),
    [
        ("56", None, date(2026, 12, 7)),  # 28 days: seven before they are over
        ("10", None, date(2026, 11, 17)),  # five days: tomorrow, while there is some
        ("56", date(2026, 12, 1), None),  # the course is over before the supply
        ("2", None, date(2026, 11, 17)),  # none is left then
    ],
)
async def test_a_refill_is_told_of_by_days_on_hand(
    pharmacy: Pharmacy, quantity: str, ends_on: date | None, told_on: date | None
) -> None:
    details = {"medicine": "缬沙坦", "quantity": quantity, "per_day": "2", "prescriber": "李明远"}
    await pharmacy.prescribed(details, kind="refill", ends_on=ends_on)
    waiting = await pharmacy.waiting("refill")
    assert [one.due_at.date() for one in waiting] == ([told_on] if told_on else [])


NOON = datetime(2026, 11, 16, 4, tzinfo=UTC)


def test_what_nobody_answered_is_not_recorded_and_what_was_not_asked_is_told_apart() -> None:
    asked = {NOON + timedelta(days=day): day != 3 for day in range(6)}
    noted = [
        Noted(NOON, "taken"),
        Noted(NOON + timedelta(days=1), "skipped", {"why": "unwell"}),
        Noted(NOON + timedelta(days=2), "snoozed"),
    ]
    found = adherence.adherence(asked, noted, NOON + timedelta(days=5, hours=1))
    assert found == Adherence(
        due=6, taken=1, skipped=1, not_recorded=2, not_asked=1, open=1, reasons={"unwell": 1}
    )


async def test_it_is_counted_from_what_was_asked(pharmacy: Pharmacy, due: Due) -> None:
    plan = (await pharmacy.mine())[0]
    found = await pharmacy.write(
        lambda tx: adherence.of_plan(tx, plan, pharmacy.kinds, due.occurs_at, pharmacy.now)
    )
    assert found == Adherence()
    await pharmacy.answers(due, "taken")
    found = await pharmacy.write(
        lambda tx: adherence.of_plan(tx, plan, pharmacy.kinds, due.occurs_at, pharmacy.now)
    )
    assert (found.due, found.taken) == (1, 1)
