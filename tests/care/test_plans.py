"""Plans and their reminders in step: made, made again, changed, paused, stopped; who may see them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.care.status import Status
from bot.errors import BadInput
from bot.store.db import Tx
from scheduler.reminders import Reason
from tests.care.conftest import ACTOR, Ward

FIRST, LAST = date(2026, 12, 1), date(2026, 12, 8)
REVISIT = {"department_name": "心血管内科", "advice": "建议2-3周内复诊"}
OPEN, MIDDLE, CLOSE = (
    ("revisit_open", "12-01 10:00"),
    ("revisit_middle", "12-04 10:00"),
    ("revisit_close", "12-08 10:00"),
)


async def test_a_plan_and_its_reminders_are_made_at_once(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    assert (plan.state, plan.version, plan.details) == ("active", 1, REVISIT)
    assert await ward.waiting(plan.plan_id) == [OPEN, MIDDLE, CLOSE]


async def test_the_same_source_key_is_the_same_plan(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    first = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient, source_key="k")
    again = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient, source_key="k")
    assert again == first, "the same again changes nothing"
    moved = await ward.plan(
        "revisit", REVISIT, FIRST, date(2026, 12, 5), patient_id=patient, source_key="k"
    )
    assert (moved.plan_id, moved.version) == (first.plan_id, 2)
    assert await ward.waiting(first.plan_id) == [
        OPEN, ("revisit_middle", "12-03 10:00"), ("revisit_close", "12-05 10:00"),
    ]  # fmt: skip
    old = [row for row in await ward.reminders(first.plan_id) if row[2] == "skipped"]
    assert {reason for *_, reason in old} == {"moved"}
    with pytest.raises(BadInput, match="another kind"):
        await ward.plan("checkup", {}, FIRST, patient_id=patient, source_key="k")


async def test_what_an_import_ended_it_may_begin_again_but_not_what_she_ended(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    for actor, state in ((ACTOR, "active"), ("patient", "stopped")):
        given: dict[str, Any] = {"patient_id": patient, "source_key": f"k {actor}"}
        plan = await ward.plan("revisit", REVISIT, FIRST, LAST, **given)
        await ward.stops(plan, actor)
        assert await ward.waiting(plan.plan_id) == []
        again = await ward.plan("revisit", REVISIT, FIRST, LAST, **given)
        assert again.state == state
        assert bool(await ward.waiting(plan.plan_id)) is (state == "active")


async def test_a_pause_moves_what_is_due_in_it_to_its_end(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    until = ward.now + timedelta(days=15)  # 3 December, 10:00
    paused = await ward.do(
        lambda tx: ward.care.plans.pause(tx, plan.plan_id, until, ward.now, actor="patient")
    )
    assert (paused.state, paused.paused_until) == ("paused", until)
    assert await ward.waiting(plan.plan_id) == [("revisit_open", "12-03 10:00"), MIDDLE, CLOSE]
    await ward.at("2026-12-02T12:00")
    assert await ward.told() == []
    await ward.at("2026-12-03T10:00")
    assert len(await ward.told()) == 1, "it is told after the pause"


async def test_a_pause_without_an_end_lasts_until_it_is_ended(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    plans = ward.care.plans
    await ward.do(lambda tx: plans.pause(tx, plan.plan_id, None, ward.now, actor="patient"))
    assert await ward.waiting(plan.plan_id) == []
    await ward.at("2026-12-02T12:00")
    await ward.do(lambda tx: plans.resume(tx, plan.plan_id, ward.now, actor="patient"))
    assert await ward.waiting(plan.plan_id) == [MIDDLE, CLOSE]


async def test_what_is_stopped_is_never_told_of_again(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    plans = ward.care.plans
    for _ in range(2):
        ended = await ward.do(
            lambda tx: plans.stop(tx, plan.plan_id, Reason.DONE, ward.now, actor="patient")
        )
        assert (ended.state, ended.version, ended.ended_by) == ("done", 2, "patient")
    assert {row[2:] for row in await ward.reminders(plan.plan_id)} == {("skipped", "done")}
    await ward.do(lambda tx: plans.resume(tx, plan.plan_id, ward.now, actor="patient"))
    await ward.do(lambda tx: plans.pause(tx, plan.plan_id, None, ward.now, actor="patient"))
    assert (await ward.read(plan.plan_id)).state == "done"
    await ward.at("2026-12-08T12:00")
    assert await ward.told() == []


async def test_what_is_told_at_once_is_told_again_where_it_changed(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    today = date(2026, 11, 18)

    async def ready(window: str) -> int:
        plan = await ward.plan(
            "collect", {"window": window}, today, patient_id=patient, source_key="k"
        )
        return plan.plan_id

    plan_id = await ready("3号窗口")
    await ward.at("2026-11-18T10:02")
    await ready("3号窗口")
    await ward.at("2026-11-18T10:10")
    assert len(await ward.told()) == 1, "the same is told once"
    await ready("5号窗口")
    await ward.at("2026-11-18T10:20")
    texts = [text for _, text in await ward.told()]
    assert ["3号窗口" in texts[0], "5号窗口" in texts[1]] == [True, True]
    assert len(texts) == 2
    assert await ward.waiting(plan_id) == []


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("kind", "details", "says"),
    [
        ("dance", {}, "kind: not known"),
        ("fee", {"amount": "12"}, "details.item: is missing"),
        ("follow_up", {"level": "Z"}, "details.level: expected one of A, B, C"),
        ("medication", {}, "details.times: is missing"),
    ],
)
async def test_what_is_wrong_is_refused(
    ward: Ward, kind: str, details: dict[str, Any], says: str
) -> None:
    _, patient = await ward.person("王芳")
    with pytest.raises(BadInput, match=says):
        await ward.plan(kind, details, FIRST, patient_id=patient)
    with pytest.raises(BadInput, match="somebody's"):
        await ward.plan("checkup", {}, FIRST)
    conversation, _ = await ward.person("李明")
    with pytest.raises(BadInput, match="payer"):
        await ward.plan("fee", {"amount": "1", "item": "x"}, FIRST, conversation_id=conversation)


async def test_a_conversation_sees_only_what_is_hers(ward: Ward) -> None:
    hers, patient = await ward.person("王芳")
    others, other = await ward.person("李明")
    plans = ward.care.plans
    revisit = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    own = await ward.plan("checkup", {}, FIRST, conversation_id=hers)
    await ward.plan("fee", {"amount": "12", "item": "化验"}, FIRST, patient_id=patient)
    await ward.plan("checkup", {}, FIRST, patient_id=other)
    over = await ward.plan("checkup", {}, FIRST, conversation_id=hers, source_key="over")
    await ward.do(
        lambda tx: plans.stop(tx, over.plan_id, Reason.STOPPED, ward.now, actor="patient")
    )
    seen = await ward.do(lambda tx: plans.of_conversation(tx, hers, [patient]))
    assert [plan.plan_id for plan in seen] == [revisit.plan_id, own.plan_id], (
        "never money, nor what ended"
    )
    seen = await ward.do(lambda tx: plans.of_conversation(tx, hers, []))
    assert [plan.plan_id for plan in seen] == [own.plan_id], (
        "of whom nobody vouches for only what was asked here"
    )
    assert patient not in {
        plan.patient_id
        for plan in await ward.do(lambda tx: plans.of_conversation(tx, others, [other]))
    }


async def test_each_change_is_on_record_without_a_word_of_it(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    plans, now = ward.care.plans, ward.now
    await ward.do(lambda tx: plans.change(tx, plan.plan_id, now, actor="chen", ends_on=FIRST))
    await ward.do(lambda tx: plans.pause(tx, plan.plan_id, None, now, actor="chen"))
    await ward.do(lambda tx: plans.resume(tx, plan.plan_id, now, actor="chen"))
    await ward.do(lambda tx: plans.stop(tx, plan.plan_id, Reason.STOPPED, now, actor="chen"))
    with ward.house.sql.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT action, actor, detail FROM audit ORDER BY id"
        ).all()
    steps = [tuple(row[:2]) for row in rows if row.detail == f"revisit {plan.plan_id}"][-5:]
    assert steps == [
        ("plan.create", ACTOR), ("plan.change", "chen"), ("plan.pause", "chen"),
        ("plan.resume", "chen"), ("plan.stopped", "chen"),
    ]  # fmt: skip


async def test_what_a_plan_says_is_sealed(ward: Ward) -> None:
    _, patient = await ward.person("王芳")
    plan = await ward.plan("revisit", REVISIT, FIRST, LAST, patient_id=patient)
    with ward.house.sql.connect() as connection:
        stored = connection.exec_driver_sql("SELECT details FROM care_plan").scalar()
    assert plan.details == REVISIT
    assert "心血管内科".encode() not in bytes(stored or b"")


@pytest.mark.parametrize("how", ["paused", "paused until", "death taken back"])
async def test_what_was_never_told_is_told_after_all(ward: Ward, how: str) -> None:
    """What is told at once waits for the morning; what takes it back before then must not lose it."""
    _, patient = await ward.person("王芳")
    await ward.at("2026-11-18T23:00")
    collect = {"window": "3号窗口"}
    plan = await ward.plan("collect", collect, date(2026, 11, 18), patient_id=patient)
    plans, now = ward.care.plans, ward.now
    until = datetime(2026, 11, 19, 15, tzinfo=UTC) if how == "paused until" else None

    def there_and_back(tx: Tx) -> None:
        if how == "death taken back":
            ward.care.statuses.set(tx, patient, Status.DIED, now, now, actor="test")
        else:
            plans.pause(tx, plan.plan_id, until, now, actor="test")

    def back(tx: Tx) -> None:
        if how == "death taken back":
            ward.care.statuses.undo(tx, patient, Status.DIED, ward.now, actor="test")
        elif until is None:
            plans.resume(tx, plan.plan_id, ward.now, actor="test")

    await ward.do(there_and_back)
    await ward.at("2026-11-18T23:30")
    await ward.do(back)
    for hour in ("2026-11-19T10:00", "2026-11-20T10:00"):
        await ward.at(hour)
    assert len([text for _, text in await ward.told() if "3号窗口" in text]) == 1
    await ward.do(lambda tx: plans.pause(tx, plan.plan_id, None, ward.now, actor="test"))
    await ward.do(lambda tx: plans.resume(tx, plan.plan_id, ward.now, actor="test"))
    await ward.at("2026-11-21T10:00")
    assert len([text for _, text in await ward.told() if "3号窗口" in text]) == 1, "said once"
