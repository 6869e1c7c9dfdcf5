"""Admitted, discharged, dead, bereaved: what is told of no more, at once and for ever."""

from datetime import date, timedelta

import pytest

from bot.care.status import Status
from bot.errors import BadInput
from bot.reminders.choices import choose
from bot.store.db import Tx
from tests.care.conftest import Ward
from tests.care.test_revisit import books

FIRST, LAST = date(2026, 12, 1), date(2026, 12, 8)
PILLS = {"medicine": "氨氯地平", "dose": "1片", "times": ["08:30"]}


async def becomes(ward: Ward, patient: int, status: Status, *, undo: bool = False) -> bool:
    """Say something of a patient, as the hospital does."""
    statuses, now = ward.care.statuses, ward.now
    if undo:
        return await ward.do(lambda tx: statuses.undo(tx, patient, status, now, actor="chen"))
    return await ward.do(lambda tx: statuses.set(tx, patient, status, now, now, actor="chen"))


async def wants_greetings(ward: Ward, conversation: int) -> None:
    def want(tx: Tx) -> None:
        choose(tx, conversation, ward.now, greetings_at=ward.now)
        ward.care.greetings.want(tx, conversation, "Asia/Shanghai", None, ward.now, "patient")

    await ward.do(want)


async def test_the_dead_are_told_nothing_ever_again(ward: Ward) -> None:
    conversation, patient = await ward.person("王芳")
    plans = [
        await ward.plan("revisit", {"department_name": "眼科"}, FIRST, LAST, patient_id=patient),
        await ward.plan("checkup", {}, date(2025, 12, 20), patient_id=patient),
        await ward.plan("medication", PILLS, date(2026, 11, 18), patient_id=patient),
    ]
    await books(ward, conversation, patient, date(2026, 12, 3))
    assert await becomes(ward, patient, Status.DIED)
    assert not await becomes(ward, patient, Status.DIED), "the same again is no news"
    for plan in plans:
        assert {row[2:] for row in await ward.reminders(plan.plan_id)} == {("skipped", "dead")}
    late = await ward.plan("medication", PILLS, date(2026, 11, 18), patient_id=patient)
    for day in range(19, 30):
        await ward.at(f"2026-11-{day}T08:30")
    await ward.at("2026-12-03T10:00")
    assert (await ward.told(), await ward.tasks()) == ([], [])
    assert {row[2:] for row in await ward.reminders(late.plan_id)} == {("skipped", "dead")}


async def test_an_error_is_undone(ward: Ward) -> None:
    conversation, patient = await ward.person("王芳")
    _, daughter = await ward.person("李明")
    await ward.beside(conversation, daughter, "child")
    plan = await ward.plan("revisit", {"department_name": "眼科"}, FIRST, LAST, patient_id=patient)
    visit = await books(ward, conversation, patient, date(2026, 12, 3))
    await becomes(ward, patient, Status.DIED)
    assert await becomes(ward, patient, Status.DIED, undo=True)
    assert not await becomes(ward, patient, Status.DIED, undo=True)
    assert not await becomes(ward, daughter, Status.BEREAVED, undo=True), "she mourns no more"
    assert len(await ward.waiting(plan.plan_id)) == 3
    await ward.at("2026-12-01T10:00")
    assert len(await ward.told()) >= 1
    assert visit.patient_id == patient


async def test_a_family_that_mourns_is_never_greeted(ward: Ward) -> None:
    mother, patient = await ward.person("王芳")
    daughter, other = await ward.person("李明")
    stranger, _ = await ward.person("赵强")
    await ward.beside(daughter, patient)
    for conversation in (mother, daughter, stranger):
        await wants_greetings(ward, conversation)
    born = await ward.plan("greeting", {"festivals": True}, date(2026, 11, 18), patient_id=other)
    await becomes(ward, patient, Status.DIED)
    await ward.at("2027-01-01T10:00")
    assert [conversation for conversation, _ in await ward.told()] == [stranger]
    assert (await ward.reminders(born.plan_id))[0][2:] == ("skipped", "bereaved")
    ((_, text),) = await ward.told()
    assert "元旦" in text


async def test_greetings_go_only_to_who_asked_and_until_she_asks_no_more(ward: Ward) -> None:
    asked, _ = await ward.person("王芳")
    _, never = await ward.person("李明")
    await ward.plan("greeting", {"festivals": True}, date(2026, 11, 18), patient_id=never)
    await wants_greetings(ward, asked)
    await ward.at("2027-01-01T10:00")
    assert [conversation for conversation, _ in await ward.told()] == [asked]
    await ward.do(lambda tx: ward.care.greetings.leave(tx, asked, ward.now, "patient"))
    await ward.at("2027-02-06T10:00")
    assert len(await ward.told()) == 1


async def test_a_greeting_never_comes_at_night(ward: Ward) -> None:
    asked, _ = await ward.person("王芳")
    await wants_greetings(ward, asked)
    await ward.at("2027-01-01T21:30")
    assert await ward.told() == []
    await ward.at("2027-01-02T09:00")
    assert await ward.told() == [], "a day late it is no greeting"


async def test_outpatient_reminders_rest_during_a_stay_and_go_on_by_themselves(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    plan = await ward.plan("medication", PILLS, date(2026, 11, 18), patient_id=patient)
    await ward.at("2026-11-19T08:30")
    assert len(await ward.told()) == 1
    await becomes(ward, patient, Status.ADMITTED)
    for day in (20, 21, 22):
        await ward.at(f"2026-11-{day}T08:30")
    assert len([text for _, text in await ward.told() if "氨氯地平" in text]) <= 2, (
        "not while she is in"
    )
    before = len(await ward.told())
    ward.house.clock.now += timedelta(hours=4)
    assert await becomes(ward, patient, Status.DISCHARGED)
    await ward.at("2026-11-23T08:30")
    assert len(await ward.told()) == before + 1
    skipped = [row for row in await ward.reminders(plan.plan_id) if row[3] == "admitted"]
    assert [due for kind, due, *_ in skipped if kind == "dose"] == [
        "11-20 08:30", "11-21 08:30", "11-22 08:30",
    ]  # fmt: skip


async def test_what_belongs_to_a_stay_is_told_during_it(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    await becomes(ward, patient, Status.ADMITTED)
    home = {"ward": "心内科", "first_follow_up": "2026-11-26"}
    await ward.plan("discharge", home, date(2026, 11, 19), patient_id=patient)
    await ward.plan("deposit", {"left": "100"}, date(2026, 11, 18), patient_id=patient)
    revisit = await ward.plan("revisit", {}, date(2026, 11, 19), patient_id=patient)
    await ward.at("2026-11-18T10:05")
    await ward.at("2026-11-19T10:00")
    texts = [text for _, text in await ward.told()]
    assert ["押金" in texts[0], "出院" in texts[1], len(texts)] == [True, True, 2]
    assert (await ward.reminders(revisit.plan_id))[0][2:] == ("skipped", "admitted")


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_statuses_follow_one_another(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    steps = [
        (Status.DISCHARGED, False), (Status.ADMITTED, True), (Status.ADMITTED, False),
        (Status.DISCHARGED, True), (Status.DISCHARGED, False), (Status.ADMITTED, True),
        (Status.BEREAVED, True), (Status.BEREAVED, False), (Status.DIED, True),
    ]  # fmt: skip
    for status, news in steps:
        ward.house.clock.now += timedelta(hours=1)
        assert await becomes(ward, patient, status) is news, status
    with pytest.raises(BadInput, match="future"):
        await ward.do(
            lambda tx: ward.care.statuses.set(
                tx, patient, Status.ADMITTED, ward.now + timedelta(days=1), ward.now, actor="chen"
            )
        )  # fmt: skip
