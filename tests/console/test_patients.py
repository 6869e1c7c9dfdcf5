"""A patient's page: who may open it, her plans by a form, her status, and calls to make."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.app import App
from bot.store.db import Tx
from bot.store.reminder_tables import CarePlan, CareTask, Dose, PatientStatus, Reminder
from tests.conftest import Clock
from tests.console.conftest import Browser, hidden, text_of
from tests.console.reminding import Ledger, add_plan, add_reminder, add_task
from tests.helpers.booking import add_patient

Audited = Callable[[], Awaitable[list[tuple[str, str, int | None]]]]
REASON = "家属来电询问提醒"


@pytest.fixture
def ledger(app: App, clock: Clock) -> Ledger:
    return Ledger(app.engine, clock())


@pytest.fixture
async def patient_id(ledger: Ledger) -> int:
    return await ledger.add(add_patient, "欧阳小暖", ledger.now)


@pytest.fixture
async def chen(browse: Callable[[], Browser]) -> Browser:
    """The supervisor, signed in."""
    browser = browse()
    await browser.sign_in("chen")
    return browser


async def rows(ledger: Ledger, table: Any) -> list[Any]:
    def read(tx: Tx) -> list[Any]:
        with tx.session() as session:
            return list(
                session.exec(select(table).order_by("id" if hasattr(table, "id") else None))
            )

    return await ledger.engine.read(read)


async def open_page(browser: Browser, patient_id: int) -> str:
    page = f"/console/patients/{patient_id}"
    if (await browser.get(page)).status_code == 403:
        await browser.send(f"{page}/break-glass", reason=REASON)
        await browser.get(page)
    assert browser.last is not None
    assert browser.last.status_code == 200, text_of(browser.last)
    return text_of(browser.last)


async def test_a_patient_in_nobodys_hands_is_opened_by_a_reason(
    patient_id: int, li: Browser, wang: Browser, audited: Audited, chen: Browser
) -> None:
    page = f"/console/patients/{patient_id}"
    refused = await li.get(page)
    assert refused.status_code == 403
    assert "欧阳" not in refused.text
    assert (await li.send(f"{page}/break-glass", reason="电话 13800138000")).status_code == 422
    await li.get(page)
    assert (await li.send(f"{page}/break-glass", reason=REASON)).status_code == 303
    assert "欧阳小暖" in (await li.get(page)).text
    assert (await wang.get(page)).status_code == 403
    assert ("staff:nurse.li", "patient.view", None) in await audited()
    assert f"patient {patient_id}: {REASON}" in text_of(await chen.get("/console"))
    assert (await li.get("/console/patients/999999")).status_code == 404


async def test_whoever_should_ring_her_opens_her_page(
    ledger: Ledger, patient_id: int, li: Browser
) -> None:
    await ledger.add(add_task, ledger.now, patient_id=patient_id, note="她说头晕")
    page = await li.get(f"/console/patients/{patient_id}")
    assert page.status_code == 200
    assert "她说头晕" in page.text


@pytest.mark.parametrize(
    ("kind", "fields", "kept"),
    [
        pytest.param(
            "medication",
            {"medicine": "阿司匹林", "times": "08:00，20:00", "food": "after", "every": "1"},
            {"medicine": "阿司匹林", "times": ["08:00", "20:00"], "food": "after", "every": 1},
            id="medication",
        ),
        pytest.param(
            "revisit", {"department_name": "心血管内科", "ends_on": "+14"},
            {"department_name": "心血管内科"}, id="revisit",
        ),
        pytest.param("checkup", {"package": "基础套餐"}, {"package": "基础套餐"}, id="check-up"),
        pytest.param(
            "admission",
            {"starts_on": "+3", "ward": "心内一病区", "at": "09:30", "bring": "身份证\n医保卡"},
            {"ward": "心内一病区", "at": "09:30", "bring": ["身份证", "医保卡"]}, id="admission",
        ),
        pytest.param(
            "fee", {"amount": "35.50", "item": "检查费"}, {"amount": "35.50", "item": "检查费"}, id="fee"
        ),
    ],
)  # fmt: skip
async def test_a_plan_is_made_by_a_form(
    ledger: Ledger, patient_id: int, li: Browser, kind: str, fields: dict[str, str],
    kept: dict[str, Any], audited: Audited,
) -> None:  # fmt: skip
    await open_page(li, patient_id)
    page = f"/console/patients/{patient_id}"
    form = await li.get(f"{page}/plans/new?kind={kind}")
    assert form.status_code == 200
    days = {
        name: (ledger.now.date() + timedelta(days=int(said))).isoformat()
        for name, said in {"starts_on": "+1", **fields}.items()
        if said.startswith("+")
    }
    sent = {"kind": kind, "once": hidden(form, "once"), **fields, **days}
    first = await li.send(f"{page}/plans", **sent)
    assert first.status_code == 303, text_of(first)
    assert (await li.send(f"{page}/plans", **sent)).status_code == 303
    plans = await rows(ledger, CarePlan)
    assert [(plan.kind, plan.source, plan.patient_id) for plan in plans] == [
        (kind, "console", patient_id)
    ]
    assert {**plans[0].details, **kept} == plans[0].details
    assert await rows(ledger, Reminder)
    assert ("staff:nurse.li", "plan.create", None) in await audited()
    shown = await open_page(li, patient_id)
    assert "进行中" in shown


async def test_what_is_wrong_stands_at_its_field(
    ledger: Ledger, patient_id: int, li: Browser
) -> None:
    await open_page(li, patient_id)
    answer = await li.send(
        f"/console/patients/{patient_id}/plans", kind="fee", starts_on="2026-13-01", amount="很多"
    )
    assert answer.status_code == 422
    shown = text_of(answer)
    assert "有 3 处要改" in shown
    for said in ("请填金额，例如 35.50", "这里不能空着", "请填日期"):
        assert said in shown
    assert 'aria-describedby="wrong-amount"' in answer.text
    assert 'value="很多"' in answer.text
    assert await rows(ledger, CarePlan) == []
    missing = await li.get(f"/console/patients/{patient_id}/plans/new?kind=greeting")
    assert missing.status_code == 404


async def test_a_plan_is_paused_resumed_and_stopped(
    ledger: Ledger, patient_id: int, li: Browser
) -> None:
    await open_page(li, patient_id)
    form = {"kind": "medication", "starts_on": ledger.now.date().isoformat(), "times": "20:00"}
    assert (await li.send(f"/console/patients/{patient_id}/plans", **form)).status_code == 303
    plan = (await rows(ledger, CarePlan))[0].id
    later = (ledger.now + timedelta(days=5)).date().isoformat()
    assert (await li.send(f"/console/plans/{plan}/pause", until="2020-01-01")).status_code == 422
    await open_page(li, patient_id)
    assert (await li.send(f"/console/plans/{plan}/pause", until=later)).status_code == 303
    assert "暂停到" in await open_page(li, patient_id)
    await li.send(f"/console/plans/{plan}/resume")
    assert (await rows(ledger, CarePlan))[0].state == "active"
    assert (await li.send(f"/console/plans/{plan}/stop", why="")).status_code == 422
    await open_page(li, patient_id)
    await li.send(f"/console/plans/{plan}/stop", why="stopped")
    assert (await rows(ledger, CarePlan))[0].state == "stopped"
    assert {row.state for row in await rows(ledger, Reminder)} == {"skipped"}


async def test_nobody_changes_the_plan_of_a_patient_she_may_not_open(
    ledger: Ledger, patient_id: int, li: Browser
) -> None:
    plan = await ledger.add(add_plan, ledger.now, patient_id=patient_id)
    await li.get("/console")
    for what in ("pause", "resume", "stop"):
        answer = await li.send(f"/console/plans/{plan}/{what}", why="stopped")
        assert answer.status_code == 403
    assert (await rows(ledger, CarePlan))[0].state == "active"


async def test_adherence_says_what_was_said_and_never_missed(
    ledger: Ledger, patient_id: int, li: Browser
) -> None:
    now = ledger.now
    details = {"medicine": "阿司匹林", "times": ["08:00"]}
    plan = await ledger.add(
        add_plan, now, kind="medication", patient_id=patient_id, details=details
    )

    def doses(tx: Tx) -> None:
        with tx.session() as session:
            for days, state in ((1, "taken"), (2, "taken"), (3, "skipped")):
                at = now - timedelta(days=days)
                reason = {"why": "side"} if state == "skipped" else None
                session.add(
                    Dose(plan_id=plan, occurs_at=at, state=state, reason=reason, answered_at=at)
                )

    await ledger.engine.write(doses)
    shown = await open_page(li, patient_id)
    assert "到时间的 3 次 说已服 2 说这次不服 1" in shown
    assert "漏" not in shown


async def test_a_status_needs_a_tick_and_only_a_supervisor_takes_it_back(
    ledger: Ledger, patient_id: int, li: Browser, chen: Browser, audited: Audited
) -> None:
    page = f"/console/patients/{patient_id}"
    await open_page(li, patient_id)
    assert (await li.send(f"{page}/status", status="died")).status_code == 422
    await open_page(li, patient_id)
    assert (await li.send(f"{page}/status", status="gone", sure="yes")).status_code == 400
    await open_page(li, patient_id)
    assert (await li.send(f"{page}/status", status="died", sure="yes")).status_code == 303
    assert "已去世" in await open_page(li, patient_id)
    assert ("staff:nurse.li", "patient.died", None) in await audited()
    assert (await li.send(f"{page}/status/undo", status="died")).status_code == 403
    await open_page(chen, patient_id)
    assert (await chen.send(f"{page}/status/undo", status="died")).status_code == 303

    def died(tx: Tx) -> Any:
        with tx.session() as session:
            return session.exec(select(PatientStatus.died_at)).one()

    assert await ledger.engine.read(died) is None


async def test_calls_to_make_are_masked_counted_and_done_with_a_note(
    ledger: Ledger, patient_id: int, li: Browser, wang: Browser, audited: Audited
) -> None:
    task = await ledger.add(add_task, ledger.now, patient_id=patient_id, note="她说头晕")
    page = await li.get("/console/calls")
    shown = text_of(page)
    assert "没有回应 欧***" in shown
    assert "欧阳" not in page.text
    assert "头晕" not in shown
    assert "待打电话 1" in shown
    done = await li.send(f"/console/tasks/{task}/done", note="已通知女儿")
    assert done.headers["location"] == "/console/calls"
    (kept,) = await rows(ledger, CareTask)
    assert kept.note == "她说头晕\n已通知女儿"
    assert ("staff:nurse.li", "task.done", None) in await audited()
    await wang.get("/console/calls")
    assert (await wang.send(f"/console/tasks/{task}/done")).status_code == 409
    assert (await wang.send("/console/tasks/999/done")).status_code == 404


async def test_who_could_not_be_told_of_tomorrow_stands_on_top(
    ledger: Ledger, patient_id: int, li: Browser
) -> None:
    visit = await ledger.add(add_visit, ledger.now + timedelta(hours=22), patient_id)
    await ledger.add(add_task, ledger.now - timedelta(days=2), patient_id=patient_id)
    await ledger.add(
        add_task, ledger.now, "unreachable", kind="visit_day_before", appointment_id=visit
    )
    shown = text_of(await li.get("/console/calls"))
    assert shown.index("明天就诊，提醒一条也没送到") < shown.index("提醒没有结果")
    assert "联系不上" in shown.partition("提醒没有结果")[0]


async def test_a_visit_says_what_became_of_its_reminders_and_why_to_ring(
    ledger: Ledger, patient_id: int, li: Browser
) -> None:
    now = ledger.now
    visit = await ledger.add(add_visit, now + timedelta(hours=22), patient_id)
    await ledger.add(add_reminder, now, about_id=visit, state="skipped", reason="unreachable",
                     decided_at=now)  # fmt: skip
    await ledger.add(add_reminder, now, about_id=visit + 1, kind="visit_three_days")
    await ledger.add(add_task, now, "unreachable", appointment_id=visit, note="号码是空号")
    page = await li.get(f"/console/visits/{visit}")
    shown = text_of(page)
    assert "没有发：所有联系方式都送不到" in shown
    assert "号码是空号" in shown
    assert "就诊前三天" not in shown
    assert f'href="/console/patients/{patient_id}"' in page.text


def add_visit(tx: Tx, starts_at: Any, patient_id: int) -> int:
    from bot.store.booking_tables import Appointment
    from tests.helpers.booking import add_clinic, add_conversation

    conversation_id = add_conversation(tx, "u-visit", starts_at)
    clinic_id, slots = add_clinic(tx, starts_at.date())
    with tx.session() as session:
        made = Appointment(
            number="A000000001", patient_id=patient_id, conversation_id=conversation_id,
            clinic_id=clinic_id, slot_id=slots[0], capacity=1, seat=1, starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30), state="booked", fee_fen=2200,
            created_at=starts_at, updated_at=starts_at,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return int(made.id or 0)
