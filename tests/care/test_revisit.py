"""A revisit: three reminders in its window, none once she has a visit there, then a task for staff."""

from datetime import date, timedelta
from typing import Any

from bot.appointments.model import Visit
from bot.store.db import Tx
from tests.care.conftest import Ward
from tests.helpers.booking import add_clinic

FIRST, LAST = date(2026, 12, 1), date(2026, 12, 8)
REVISIT = {"department": "dept-heart", "department_name": "心血管内科", "doctor_name": "李明"}


async def books(ward: Ward, conversation: int, patient: int, day: date, **more: Any) -> Visit:
    """Let somebody have a visit on a day."""
    bookings = ward.house.app.booking.bookings

    def book(tx: Tx) -> Visit:
        released_at = ward.now - timedelta(days=1)
        _, (slot,) = add_clinic(tx, day, released_at=released_at, **more)
        held = bookings.hold(tx, slot, conversation, ward.now, patient_id=patient)
        assert isinstance(held, Visit), held
        visit = bookings.confirm(tx, held.appointment_id, conversation, ward.now)
        assert isinstance(visit, Visit), visit
        return visit

    return await ward.do(book)


async def test_it_is_told_of_three_times_and_then_staff_are_asked(ward: Ward) -> None:
    conversation, patient = await ward.person("王芳")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    for day in range(1, 20):
        await ward.at(f"2026-12-{day:02}T10:00")
        await ward.care.upkeep.run()
    told = await ward.told()
    assert [one for one, _ in told] == [conversation] * 3
    assert ["最后一次提醒" in text for _, text in told] == [False, False, True]
    assert all("王芳" in text and "心血管内科" in text for _, text in told)
    assert await ward.tasks() == [("window_over", plan.plan_id)]
    assert (await ward.read(plan.plan_id)).state == "stopped"


async def test_nothing_more_is_said_once_she_has_a_visit_there(ward: Ward) -> None:
    conversation, patient = await ward.person("王芳")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    await ward.at("2026-12-01T10:00")
    visit = await books(ward, conversation, patient, date(2026, 12, 7))
    for day in range(2, 20):
        await ward.at(f"2026-12-{day:02}T10:00")
        await ward.care.upkeep.run()
    ours = [text for _, text in await ward.told() if "复诊" in text]
    assert len(ours) == 1
    states = [(kind, state, why) for kind, _, state, why in await ward.reminders(plan.plan_id)]
    assert states == [
        ("revisit_open", "sent", None),
        ("revisit_middle", "skipped", "done"),
        ("revisit_close", "skipped", "done"),
    ]
    assert plan.plan_id not in [of for _, of in await ward.tasks()]
    assert (await ward.read(plan.plan_id)).state == "done"
    assert visit.patient_id == patient


async def test_a_visit_elsewhere_long_after_or_cancelled_is_not_what_was_meant(ward: Ward) -> None:
    conversation, patient = await ward.person("王芳")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    await books(
        ward, conversation, patient, date(2026, 12, 2), doctor="doc-2", department="dept-eye",
        department_name="眼科",
    )  # fmt: skip
    await books(
        ward, conversation, patient, date(2026, 12, 20), doctor="doc-3",
    )  # fmt: skip
    gone = await books(
        ward, conversation, patient, date(2026, 12, 3), doctor="doc-4",
    )  # fmt: skip
    bookings = ward.house.app.booking.bookings
    await ward.do(lambda tx: bookings.cancel(tx, gone.appointment_id, ward.now, actor="patient"))
    await ward.at("2026-12-01T10:00")
    assert ("revisit_open", "12-01 10:00", "sent", None) in await ward.reminders(plan.plan_id)


async def test_somebody_elses_visit_changes_nothing(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    conversation, other = await ward.person("李明")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    await books(ward, conversation, other, date(2026, 12, 2))
    await ward.at("2026-12-01T10:00")
    assert ("revisit_open", "12-01 10:00", "sent", None) in await ward.reminders(plan.plan_id)


async def test_where_the_department_has_no_code_its_name_counts(ward: Ward) -> None:
    conversation, patient = await ward.person("王芳")
    named = await ward.plan(
        "revisit", {"department_name": "心血管内科"}, FIRST, LAST, patient_id=patient
    )
    other = await ward.plan("revisit", {"department_name": "眼科"}, FIRST, LAST, patient_id=patient)
    await books(ward, conversation, patient, date(2026, 12, 3))
    await ward.at("2026-12-01T10:00")
    assert (await ward.reminders(named.plan_id))[0][2:] == ("skipped", "done")
    assert (await ward.reminders(other.plan_id))[0][2] == "sent"
