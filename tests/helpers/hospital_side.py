"""What a hospital does in a transcript: clinics stop and fill, numbers are called, time passes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date

from sqlmodel import Session, col, func, select

from bot.app import App
from bot.appointments.day.queue import News, Word
from bot.appointments.day.queue_rules import QueueState
from bot.hospital import roster
from bot.message import Address
from bot.messages import history
from bot.store.booking_tables import Appointment, Clinic, Slot
from bot.store.db import Tx
from bot.wiring.booking import booking_jobs, desk
from tests.helpers.booking import ZONE
from tests.helpers.planning import make_plan

_ACTOR = "test"
_PARTS = ("morning", "afternoon", "evening")
_LIVE = ("held", "booked", "checked_in")
Undo = Callable[[], Awaitable[None]]


class HospitalSide:
    """Does what a transcript says that the hospital does, and takes it back afterwards."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._undo: list[Undo] = []

    async def stops(self, doctor: str, day: str, part: str | None, reason: str | None) -> None:
        """Stop a doctor's clinics of a day (停诊), as `daoyi roster stop` does."""
        when = date.fromisoformat(day)
        await self._app.engine.write(
            lambda tx: roster.stop(tx, doctor, when, part, reason, self._app.clock(), _ACTOR)
        )
        await self._look_again()

        async def resume() -> None:
            await self._app.engine.write(
                lambda tx: roster.resume(tx, doctor, when, part, self._app.clock(), _ACTOR)
            )

        self._undo.append(resume)

    async def fills(self, doctor: str, day: str, part: str | None) -> None:
        """Let a doctor's clinics of a day have no place but those that are taken."""
        before = await self._app.engine.write(
            lambda tx: _fill(tx, doctor, date.fromisoformat(day), part)
        )
        assert before, f"no clinic of {doctor} on {day}"
        await self._look_again()
        self._undo.append(lambda: self._app.engine.write(lambda tx: _restore(tx, before)))

    async def frees(self, doctor: str, day: str, part: str | None) -> None:
        """Let one place become free in the first of a doctor's clinics of a day."""
        await self._app.engine.write(lambda tx: _free(tx, doctor, date.fromisoformat(day), part))
        await self._look_again()

    async def numbers(self, address: Address, number: int) -> None:
        """Let the calling system give a patient her number in today's line."""
        await self._hears(address, QueueState.WAITING, number)

    async def calls(self, address: Address, number: int, room: str) -> None:
        """Let the calling system call a number of a patient's clinic of today."""
        await self._hears(address, None, number, room)

    async def passes(self, address: Address, number: int) -> None:
        """Let the calling system pass a patient's number: she was called and did not come."""
        await self._hears(address, QueueState.PASSED, number)

    async def plans(self, address: Address, kind: str, name: str, *said: str) -> None:
        """Let the hospital's system make a care plan of somebody whom a conversation books for."""
        await self._app.engine.write(lambda tx: make_plan(tx, self._app, address, kind, name, said))

    async def time_passes(self) -> None:
        """Let every job of booking run once, and tell what is due to be told."""
        await self._look_again()
        for job in (*booking_jobs(self._app.booking), *self._app.silence.jobs()):
            await job.run()
        await self._app.reminding.sweep.run()

    async def leave(self) -> None:
        """Take back what was changed, the last thing first."""
        while self._undo:
            await self._undo.pop()()
        await self._look_again()

    async def _hears(
        self, address: Address, state: QueueState | None, number: int, room: str = ""
    ) -> None:
        now, queue = self._app.clock(), desk(self._app.booking).queue

        def hear(tx: Tx) -> None:
            conversation_id = history.conversation_of(tx, address)
            visit = _visit_today(tx, conversation_id, now.astimezone(ZONE).date())
            assert visit is not None, "this patient has no visit today"
            if state is None:
                news = News(serving=number, room=room)
            else:
                news = News(words=(Word(state, visit.number, number),))
            queue.heard(tx, visit.clinic_id, news, now)

        await self._app.engine.write(hear)

    async def _look_again(self) -> None:
        app = self._app
        await app.hospital.refresh(app.engine, app.settings.zone, app.clock())


def part_of(words: str) -> str | None:
    """Return a part of the day, None for something else."""
    return words if words in _PARTS else None


def _fill(tx: Tx, doctor: str, day: date, part: str | None) -> dict[int, int]:
    """Leave only the places that are taken; return how many each slot had."""
    before: dict[int, int] = {}
    with tx.session() as session:
        for slot in _slots(session, doctor, day, part):
            assert slot.id is not None
            before[slot.id] = slot.capacity
            slot.capacity = session.exec(
                select(func.count())
                .select_from(Appointment)
                .where(Appointment.slot_id == slot.id, col(Appointment.state).in_(_LIVE))
            ).one()
            session.add(slot)
    return before


def _free(tx: Tx, doctor: str, day: date, part: str | None) -> None:
    """Add a place to the first slot; whoever filled the clinic takes it back."""
    with tx.session() as session:
        slot = _slots(session, doctor, day, part)[0]
        slot.capacity += 1
        session.add(slot)


def _slots(session: Session, doctor: str, day: date, part: str | None) -> Sequence[Slot]:
    wanted = (
        select(Slot)
        .join(Clinic, col(Slot.clinic_id) == col(Clinic.id))
        .where(Clinic.doctor_name == doctor, Clinic.date == day, Slot.pool == "online")
        .order_by(col(Slot.starts_at))
    )
    if part is not None:
        wanted = wanted.where(Clinic.part == part)
    return session.exec(wanted).all()


def _restore(tx: Tx, before: dict[int, int]) -> None:
    with tx.session() as session:
        for slot_id, capacity in before.items():
            slot = session.get(Slot, slot_id)
            assert slot is not None
            slot.capacity = capacity
            session.add(slot)


def _visit_today(tx: Tx, conversation_id: int | None, today: date) -> Appointment | None:
    """Return the visit of today that a conversation booked."""
    with tx.session() as session:
        found = session.exec(
            select(Appointment)
            .join(Clinic, col(Appointment.clinic_id) == col(Clinic.id))
            .where(
                Appointment.conversation_id == conversation_id,
                Clinic.date == today,
                col(Appointment.state).in_(_LIVE),
            )
        ).first()
        if found is not None:
            session.expunge(found)
        return found
