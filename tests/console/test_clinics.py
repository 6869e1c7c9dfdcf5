"""Clinics of a day and their patients on staff's pages: stopping one, the desk's work, calls, audit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.app import App
from bot.appointments import calls
from bot.appointments.model import Visit
from bot.message import Address
from bot.messages import history
from bot.store.booking_tables import Clinic, Slot
from bot.store.db import Tx
from tests.conftest import Clock
from tests.console.conftest import Browser, text_of
from tests.helpers.booking import add_patient
from tests.helpers.world import ChatPage

pytestmark = pytest.mark.parametrize("backend", ["sqlite"])
Audited = Callable[[], Awaitable[list[tuple[str, str, int | None]]]]


@dataclass
class Ward:
    """A day with clinics as the roster has them, one of which is `clinic_id`."""

    app: App
    clock: Clock
    day: date
    clinic_id: int
    doctor: str
    slots: list[int]

    async def books(self, patient: ChatPage, name: str, *, number: int = 0) -> Visit:
        """Let somebody be booked there."""
        if not patient.sent:
            await patient.post("停车多少钱")
        address, now, bookings = (
            Address("webchat", "main", patient.user), self.clock(), self.app.booking.bookings,
        )  # fmt: skip

        def book(tx: Tx) -> Visit:
            conversation_id = history.conversation_of(tx, address)
            assert conversation_id is not None
            patient_id = add_patient(tx, name, now, conversation_id)
            held = bookings.hold(
                tx, self.slots[number], conversation_id, now, patient_id=patient_id, offered=True
            )
            assert isinstance(held, Visit), held
            sure = bookings.confirm(tx, held.appointment_id, conversation_id, now)
            assert isinstance(sure, Visit), sure
            return sure

        return await self.app.engine.write(book)

    async def state(self, visit: Visit) -> str:
        found = await self.app.engine.read(
            lambda tx: self.app.booking.bookings.visit(tx, visit.appointment_id)
        )
        assert found is not None
        return found.state.value

    async def reads(self, column: Any) -> Any:
        """Return one column of the clinic."""

        def read(tx: Tx) -> Any:
            with tx.session() as session:
                return session.exec(select(column).where(Clinic.id == self.clinic_id)).one()

        return await self.app.engine.read(read)


@pytest.fixture
async def ward(app: App, clock: Clock) -> Ward:
    tomorrow = clock().astimezone(app.settings.zone).date() + timedelta(days=1)
    await app.publish([tomorrow])

    def find(tx: Tx) -> tuple[int, str, list[int]]:
        with tx.session() as session:
            rows = session.exec(
                select(Slot.clinic_id, Clinic.doctor, Slot.id)
                .where(
                    Slot.clinic_id == Clinic.id, Clinic.date == tomorrow, Clinic.status == "on",
                    Clinic.part == "morning", Slot.pool == "online", Slot.capacity > 0,
                )
                .order_by(Slot.clinic_id, Slot.id)  # type: ignore[arg-type]
            ).all()  # fmt: skip
        clinic_id, doctor, _ = rows[0]
        return clinic_id, doctor, [int(row[2] or 0) for row in rows if row[0] == clinic_id]

    clinic_id, doctor, slots = await app.engine.read(find)
    return Ward(app, clock, tomorrow, clinic_id, doctor, slots)


async def test_the_clinics_of_a_day_show_what_is_taken(
    ward: Ward, li: Browser, patient: ChatPage, backend: str
) -> None:
    before = text_of(await li.get(f"/console/clinics?day={ward.day}"))
    await ward.books(patient, "张小雨")
    page = await li.get(f"/console/clinics?day={ward.day}")
    shown = text_of(page)
    assert page.status_code == 200
    assert shown != before, backend
    assert "网约 已约1/" in shown
    assert "停诊" in shown
    assert "张小雨" not in page.text
    english = text_of(await li.get("/console/clinics?lang=en"))
    assert "Clinics and visits" in english
    assert (await li.get("/console/clinics?day=nonsense")).status_code == 404


async def test_stopping_says_first_how_many_are_told_and_then_tells_them(
    ward: Ward, li: Browser, patient: ChatPage, audited: Audited, backend: str
) -> None:
    visit = await ward.books(patient, "张小雨")
    form = await li.get(f"/console/clinics/{ward.clinic_id}/stop")
    assert "有 1 位已约的患者会马上收到通知" in text_of(form)
    assert await ward.state(visit) == "booked"
    path = f"/console/clinics/{ward.clinic_id}/stop"
    assert (await li.send(path, reason="", scope="part")).status_code == 422
    assert (await li.send(path, reason="13800138000 不来", scope="part")).status_code == 422
    assert (await li.send(path, reason="临时手术", scope="week")).status_code == 400
    assert await ward.reads(Clinic.status) == "on"
    await li.get(f"/console/clinics/{ward.clinic_id}/stop")
    done = await li.send(path, reason="临时手术", scope="part")
    assert done.status_code == 303
    assert done.headers["location"] == f"/console/clinics?day={ward.day}"
    assert await ward.reads(Clinic.status) == "stopped"
    assert await ward.reads(Clinic.reason) == "临时手术"
    assert ("staff:nurse.li", "roster.stop", None) in await audited()
    again = await li.send(f"/console/clinics/{ward.clinic_id}/resume")
    assert again.status_code == 303
    assert await ward.reads(Clinic.status) == "on", backend


async def test_only_a_supervisor_adds_a_place(
    ward: Ward, li: Browser, browse: Callable[[], Browser], backend: str
) -> None:
    await li.get("/console/clinics")
    assert (await li.send(f"/console/clinics/{ward.clinic_id}/add-place")).status_code == 403
    chen = browse()
    await chen.sign_in("chen")
    await chen.get("/console/clinics")

    def added(tx: Tx) -> int:
        with tx.session() as session:
            rows = session.exec(
                select(Slot.capacity).where(Slot.clinic_id == ward.clinic_id, Slot.pool == "added")
            )
            return sum(rows.all())

    before = await ward.app.engine.read(added)
    answer = await chen.send(f"/console/clinics/{ward.clinic_id}/add-place")
    assert answer.status_code == 303
    assert await ward.app.engine.read(added) == before + 1, backend


async def test_a_list_masks_names_and_a_visit_s_own_page_is_audited(
    ward: Ward, li: Browser, patient: ChatPage, audited: Audited, backend: str
) -> None:
    visit = await ward.books(patient, "张小雨")
    listed = await li.get(f"/console/clinics/{ward.clinic_id}")
    assert "张**" in listed.text
    assert "张小雨" not in listed.text
    page = await li.get(f"/console/visits/{visit.appointment_id}")
    assert "张小雨" in page.text
    rows = await audited()
    assert ("staff:nurse.li", "clinic.view", None) in rows
    assert ("staff:nurse.li", "visit.view", visit.conversation_id) in rows, backend
    for path in ("/console/visits/999999", "/console/clinics/999999", "/console/clinics/0"):
        assert (await li.get(path)).status_code == 404, path


async def test_the_desk_checks_in_and_notes_who_was_seen(
    ward: Ward,
    browse: Callable[[], Browser],
    patient: ChatPage,
    clock: Clock,
    audited: Audited,
    backend: str,
) -> None:
    visit = await ward.books(patient, "张小雨")
    path = f"/console/visits/{visit.appointment_id}"
    early, li = browse(), browse()
    await early.sign_in("nurse.wang")
    assert "签到" not in text_of(await early.get(f"/console/clinics/{ward.clinic_id}"))
    assert (await early.send(f"{path}/check-in")).status_code == 409, "not before the day"
    clock.now = visit.starts_at - timedelta(minutes=20)
    await li.sign_in("nurse.li")
    await li.get(f"/console/clinics/{ward.clinic_id}")
    answer = await li.send(f"{path}/check-in", back="clinic")
    assert answer.headers["location"] == f"/console/clinics/{ward.clinic_id}"
    assert await ward.state(visit) == "checked_in"
    assert "1号" in text_of(await li.get(path))
    assert (await li.send(f"{path}/done")).status_code == 303
    assert await ward.state(visit) == "done"
    await li.get(path)
    assert (await li.send(f"{path}/cancel", why="asked")).status_code == 409
    actions = [action for _, action, _ in await audited()]
    assert {"appointment.checked_in", "appointment.done"} <= set(actions), backend


async def test_a_visit_cancelled_at_the_desk_is_told_to_the_patient(
    ward: Ward, li: Browser, patient: ChatPage, backend: str
) -> None:
    visit = await ward.books(patient, "张小雨")
    await patient.news()
    await li.get(f"/console/visits/{visit.appointment_id}")
    path = f"/console/visits/{visit.appointment_id}/cancel"
    assert (await li.send(path)).status_code == 422
    assert (await li.send(path, why="ill")).status_code == 422
    await li.get(f"/console/visits/{visit.appointment_id}")
    assert (await li.send(path, why="asked")).status_code == 303
    assert await ward.state(visit) == "cancelled"
    (told,) = await patient.news()
    assert "预约台已为 张小雨 取消" in told.text, backend
    assert "如果不是您要求的" in told.text


async def test_a_missed_visit_is_excused_by_a_supervisor_only(
    ward: Ward,
    li: Browser,
    browse: Callable[[], Browser],
    patient: ChatPage,
    clock: Clock,
    backend: str,
) -> None:
    visit = await ward.books(patient, "张小雨")
    path = f"/console/visits/{visit.appointment_id}"
    await li.get(path)
    assert (await li.send(f"{path}/missed")).status_code == 409, "before its time"
    clock.now = visit.clinic.ends_at + timedelta(minutes=5)
    late = browse()
    await late.sign_in("nurse.wang")
    await late.get(path)
    assert (await late.send(f"{path}/missed")).status_code == 303
    assert await ward.state(visit) == "no_show"
    await late.get(path)
    assert (await late.send(f"{path}/excuse", why="ill")).status_code == 403
    chen = browse()
    await chen.sign_in("chen")
    assert "免记爽约" in text_of(await chen.get(path))
    assert (await chen.send(f"{path}/excuse", why="ill")).status_code == 303
    assert "已免记爽约" in text_of(await chen.get(path)), backend


async def test_calls_are_masked_and_done_once_with_a_note(
    ward: Ward, li: Browser, wang: Browser, patient: ChatPage, audited: Audited, backend: str
) -> None:
    visit = await ward.books(patient, "张小雨")
    now = ward.clock()
    await ward.app.engine.write(lambda tx: calls.ask(tx, visit.appointment_id, "frail", now))
    page = await li.get("/console/calls")
    assert "张**" in page.text
    assert "张小雨" not in page.text
    call_id = page.text.partition("/console/calls/")[2].partition("/")[0]
    await wang.get("/console/calls")
    assert (await li.send(f"/console/calls/{call_id}/done", note="已联系家属")).status_code == 303
    second = await wang.send(f"/console/calls/{call_id}/done")
    assert second.status_code == 409
    assert "已有同事打过" in text_of(second)
    assert "没有要打的电话" in text_of(await li.get("/console/calls"))
    actions = [(actor, action) for actor, action, _ in await audited()]
    assert ("staff:nurse.li", "calls.view") in actions
    assert ("staff:nurse.li", "call.done") in actions, backend
