"""On the whole application: nothing is told of a visit that is off, not a second later (RM-05)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.app import App
from bot.appointments.desk import Act, Why
from bot.appointments.model import Refusal, Visit
from bot.message import Kind
from bot.messages import history
from bot.store.booking_tables import Appointment, Clinic, Patient
from bot.store.db import Tx
from bot.store.reminder_tables import CareTask
from bot.store.statements import Hot
from bot.wiring.booking import desk, unasked
from tests.helpers.booking import add_clinic, add_patient, at
from tests.helpers.reminded import Waits, reminders
from tests.helpers.world import PATIENTS, World

DAY = date(2026, 11, 25)
NAME = "孙桂兰"
SUN = PATIENTS["孙妈妈"]
#: When something of it is due: a week before, nothing yet.
DUE = [at(DAY - timedelta(days=3), "14:00"), at(DAY - timedelta(days=1), "14:00"), at(DAY, "12:00")]
_TASKS = Hot(sa.select(CareTask.__table__))  # type: ignore[attr-defined]


@dataclass
class Booked:
    """Somebody with a visit in the afternoon of `DAY`, who is reminded by text message."""

    world: World
    visit: Visit

    @property
    def app(self) -> App:
        return self.world.app

    async def sweep(self, when: datetime) -> list[str]:
        """Let all that is due be told; return what she gets."""
        self.world.clock.now = when.astimezone(UTC)
        await self.app.reminding.sweep.run()
        return await self.hears()

    async def hears(self) -> list[str]:
        heard = await self.world.hears(SUN, "text")
        return [worded.text for worded in heard if worded.kind is Kind.REMINDER]

    async def ends(self, how: str) -> None:
        app, one, now = self.app, self.visit.appointment_id, self.world.clock()
        await app.engine.write(lambda tx: ENDS[how](app, tx, one, now))

    async def rows(self) -> list[Waits]:
        return await self.app.engine.read(reminders)


def _moved(app: App, tx: Tx, one: int, now: datetime) -> object:
    slot_id = add_clinic(tx, DAY + timedelta(days=9), doctor="doc-2")[1][0]
    bookings = app.booking.bookings
    old = bookings.visit(tx, one)
    assert old is not None
    held = bookings.hold(tx, slot_id, old.conversation_id, now, replaces_id=one, offered=True)
    assert isinstance(held, Visit), held
    sure = bookings.confirm(tx, held.appointment_id, old.conversation_id, now)
    assert isinstance(sure, Visit), sure
    return sure


def _stopped(app: App, tx: Tx, one: int, now: datetime) -> object:  # noqa: ARG001
    """The clinic is off; nobody was told yet."""
    with tx.session() as session:
        chosen = sa.select(Appointment.clinic_id).where(sa.column("id") == one)  # type: ignore[call-overload]
        stopped = sa.update(Clinic).where(sa.column("id").in_(chosen))
        return session.execute(stopped.values(status="stopped", reason="外出"))


ENDS: dict[str, Callable[[App, Tx, int, datetime], object]] = {
    "she cancels": lambda app, tx, one, now: app.booking.bookings.cancel(
        tx, one, now, actor="patient"
    ),
    "the desk cancels": lambda app, tx, one, now: desk(app.booking).do(
        tx, one, Act.CANCEL, Why.ASKED, now, "x"
    ),
    "the hospital's system refuses": lambda app, tx, one, now: unasked(
        app.booking
    ).stopping.refused(tx, one, now),
    "the clinic is stopped": _stopped,
    "it is moved": _moved,
    "she was seen": lambda app, tx, one, now: app.booking.bookings.finish(tx, one, now, actor="x"),
}


@pytest.fixture
async def booked(world: World) -> Booked:
    await world.says(SUN, "text", "停车多少钱")
    address, now, bookings = world.address(SUN, "text"), world.clock(), world.app.booking.bookings

    def book(tx: Tx) -> Visit:
        conversation_id = history.conversation_of(tx, address)
        assert conversation_id is not None
        slot_id = add_clinic(tx, DAY, part="afternoon", cancel_until=at(DAY, "13:00"))[1][0]
        patient_id = add_patient(tx, NAME, now, conversation_id)
        held = bookings.hold(tx, slot_id, conversation_id, now, patient_id=patient_id)
        assert isinstance(held, Visit), held
        sure = bookings.confirm(tx, held.appointment_id, conversation_id, now)
        assert isinstance(sure, Visit), sure
        return sure

    return Booked(world, await world.app.engine.write(book))


async def test_it_is_told_of_three_times(booked: Booked) -> None:
    for when in DUE:
        assert await booked.sweep(when - timedelta(seconds=1)) == []
        [said] = await booked.sweep(when)
        assert NAME in said
        assert "心血管内科" not in said, "by text message no department"
        assert await booked.sweep(when + timedelta(seconds=1)) == []


@pytest.mark.parametrize("when", DUE, ids=["three days", "a day", "two hours"])
@pytest.mark.parametrize("how", ENDS)
async def test_a_second_later_nothing_is_told(booked: Booked, how: str, when: datetime) -> None:
    booked.world.clock.now = (when - timedelta(seconds=1)).astimezone(UTC)
    await booked.ends(how)
    assert await booked.sweep(when) == []
    later = [await booked.sweep(at(DAY, clock)) for clock in ("12:00", "13:00", "20:00")]
    assert later == [[], [], []]
    old = [one for one in await booked.rows() if one.appointment_id == booked.visit.appointment_id]
    assert {one.state for one in old} == {"skipped"}


@pytest.mark.parametrize("how", [how for how in ENDS if how != "the clinic is stopped"])
async def test_what_stands_in_the_outbox_is_taken_back(booked: Booked, how: str) -> None:
    booked.world.clock.now = DUE[1].astimezone(UTC)
    await booked.app.reminding.sweep.run()
    assert [one.kind for one in await booked.rows() if one.state == "sent"]
    await booked.ends(how)
    assert await booked.hears() == []
    old = [one for one in await booked.rows() if one.appointment_id == booked.visit.appointment_id]
    assert {one.state for one in old} == {"skipped"}


@pytest.mark.parametrize("frail", [False, True])
async def test_the_frail_who_do_not_answer_are_rung_the_day_before(
    booked: Booked, frail: bool
) -> None:
    await booked.app.engine.write(lambda tx: _set_frail(tx, booked.visit.patient_id, frail))
    await booked.sweep(DUE[0])
    await booked.sweep(DUE[1])
    assert await tasks(booked.app) == []
    await booked.sweep(DUE[1] + timedelta(hours=5))
    await booked.sweep(DUE[1] + timedelta(hours=6))
    expected = [("unanswered", booked.visit.appointment_id)] if frail else []
    assert await tasks(booked.app) == expected


async def test_a_refused_change_keeps_the_reminder(booked: Booked) -> None:
    booked.world.clock.now = at(DAY, "13:30").astimezone(UTC)
    now, one = booked.world.clock(), booked.visit.appointment_id
    refused = await booked.app.engine.write(
        lambda tx: booked.app.booking.bookings.cancel(tx, one, now, actor="patient")
    )
    assert refused is Refusal.TOO_LATE
    assert {one.state for one in await booked.rows()} == {"pending"}


async def tasks(app: App) -> list[tuple[str, int]]:
    rows = await app.engine.read(lambda tx: tx.rows(_TASKS))
    return [(row.why, row.appointment_id) for row in rows]


def _set_frail(tx: Tx, patient_id: int | None, frail: bool) -> None:
    with tx.session() as session:
        chosen = sa.update(Patient).where(sa.column("id") == patient_id)
        session.execute(chosen.values(frail=frail))
