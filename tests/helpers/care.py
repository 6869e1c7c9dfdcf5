"""What booking does by itself, on a database and nothing else: ticks, taps, and what patients see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar, cast

from bot.app import Content
from bot.appointments.options import BookingOptions
from bot.appointments.service import Bookings
from bot.appointments.unasked import Unasked
from bot.appointments.upkeep import Upkeep
from bot.appointments.waitlist.service import Waiting, join
from bot.channels.base import Channel
from bot.channels.webchat import Webchat
from bot.dialogue import sessions
from bot.dialogue.facts import Facts
from bot.dialogue.flow import Scene
from bot.dialogue.notices import Notices
from bot.dialogue.router import route
from bot.dialogue.routes import Seen as Asked
from bot.dialogue.routes import Silent
from bot.dialogue.understand import Understood
from bot.dialogue.wording import Wording
from bot.message import Say, Worded
from bot.messages import outbox
from bot.patients.family import Household
from bot.settings import Settings
from bot.store.booking_tables import Appointment
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation
from tests.helpers.booking import ZONE, add_clinic, add_conversation, add_patient
from tests.helpers.world import TextMessages

T = TypeVar("T")

DAY = date(2026, 11, 25)


class Clock(Protocol):
    """A clock that tests move."""

    now: datetime

    def __call__(self) -> datetime: ...

    def move(self, **how: float) -> None: ...


class OneTransaction:
    """An engine inside one transaction that is undone afterwards: far cheaper than a database a test."""

    def __init__(self, tx: Tx, name: str) -> None:
        self.name = name
        self.keyring = tx.keyring
        self._link = tx._link

    async def write(self, op: Callable[[Tx], T]) -> T:
        """Run `op`; what it did is undone where it fails."""
        tx, raw = Tx(self._link, self.keyring), self._link.raw
        raw.execute("SAVEPOINT care")
        try:
            result = op(tx)
        except Exception:
            raw.execute("ROLLBACK TO SAVEPOINT care")
            raise
        raw.execute("RELEASE SAVEPOINT care")
        for hint in tx.after_commit:
            hint()
        return result

    async def read(self, op: Callable[[Tx], T]) -> T:
        """Run `op`."""
        return op(Tx(self._link, self.keyring))

    async def close(self) -> None:
        """Leave everything to whoever opened it."""


class _Facts:
    """The hospital's name, which is all that a notice may need."""

    def info(self, lang: str) -> Mapping[str, Any]:
        return {"name": "市第一医院" if lang == "zh-CN" else "City Hospital"}


@dataclass(slots=True)
class Care:
    """Booking at work without an application.

    Attributes:
        text: a channel without buttons; conversations of the chat page have them.
    """

    engine: Engine
    clock: Clock
    unasked: Unasked
    upkeep: Upkeep
    notices: Notices
    text: TextMessages
    _users: int = field(default=0)

    @property
    def bookings(self) -> Bookings:
        """Return the service."""
        return self.unasked.bookings

    async def patient(self, name: str, **about: Any) -> tuple[int, int]:
        """Make a patient with a conversation of her own; return (conversation, patient)."""
        self._users += 1
        user, now = f"u{self._users}", self.clock()

        def make(tx: Tx) -> tuple[int, int]:
            conversation_id = add_conversation(tx, user, now)
            patient_id = add_patient(tx, name, now, conversation_id)
            with tx.session() as session:
                found = session.get(Conversation, conversation_id)
                assert found is not None
                for key, value in about.items():
                    setattr(found, key, value)
                session.add(found)
            return conversation_id, patient_id

        return await self.engine.write(make)

    async def clinic(self, day: date = DAY, **how: Any) -> tuple[int, list[int]]:
        """Make a clinic; see `add_clinic`."""
        return await self.engine.write(lambda tx: add_clinic(tx, day, **how))

    async def books(self, slot_id: int, who: tuple[int, int]) -> int:
        """Book a place for a patient; return the appointment."""
        now = self.clock()

        def book(tx: Tx) -> int:
            held = self.bookings.hold(tx, slot_id, who[0], now, patient_id=who[1])
            booked = self.bookings.confirm(tx, held.appointment_id, who[0], now)  # type: ignore[union-attr]
            return booked.appointment_id  # type: ignore[union-attr]

        return await self.engine.write(book)

    async def waits(self, clinic_id: int, who: tuple[int, int]) -> Waiting:
        """Put a patient on a waitlist."""
        made = await self.engine.write(lambda tx: join(tx, clinic_id, who[1], who[0], self.clock()))
        assert isinstance(made, Waiting), made
        return made

    async def cancels(self, appointment_id: int) -> None:
        """Let a visit be given back at the desk."""
        now = self.clock()
        await self.engine.write(
            lambda tx: self.bookings.cancel(tx, appointment_id, now, actor="desk", by_desk=True)
        )

    async def state(self, appointment_id: int) -> str:
        """Return where an appointment stands."""
        visit = await self.engine.read(lambda tx: self.bookings.visit(tx, appointment_id))
        assert visit is not None
        return visit.state.value

    async def heard(self, who: tuple[int, int]) -> list[Worded]:
        """Return everything that was said to a patient."""
        said = await self.engine.read(lambda tx: outbox.after(tx, who[0], 0))
        return [worded for _, worded in said]

    async def session(self, who: tuple[int, int]) -> sessions.Session:
        """Return what her conversation remembers."""
        return await self.engine.write(lambda tx: self.notices.session(tx, who[0], self.clock()))

    async def answers(self, who: tuple[int, int], said: Understood) -> list[Say]:
        """Let a patient answer an offer; return what the flow says, nothing where none takes it."""
        now = self.clock()

        def turn(tx: Tx) -> list[Say]:
            session = self.notices.session(tx, who[0], now)
            taken = route(Asked(said, session, "bot", now))
            if isinstance(taken, Silent) or taken.flow not in self.unasked.flows():
                return []
            scene = Scene(tx, now, who[0], 1, "bot", session, said, taken.values)
            step = self.unasked.flows()[taken.flow].step(scene, taken.entry)
            assert step.goto is None, step.goto
            return list(step.says)

        return await self.engine.write(turn)

    async def takes(self, who: tuple[int, int], number: int) -> list[Say]:
        """Let a patient tap an option of the last offer she was made."""
        session = await self.session(who)
        assert session.offer is not None, "nothing is offered"
        return await self.answers(who, Understood(None, tap=(session.offer.ask, number)))


def make_care(
    engine: Engine, clock: Clock, settings: Settings, content: Content, **options: Any
) -> Care:
    """Put it together on an open database.

    Args:
        options: of booking, other than the usual.
    """
    text = TextMessages()
    channels: dict[str, Channel] = {"webchat": Webchat(lambda user: user), "text": text}

    def today(now: datetime) -> date:
        return now.astimezone(ZONE).date()

    wording = Wording(settings.templates / "replies", content.catalog)
    notices = Notices(channels, wording, cast("Facts", _Facts()), today, "zh-CN", lambda _: None)
    booked = Bookings(BookingOptions(**options), ZONE)
    unasked = Unasked(booked, Household(), notices, today, settings.hours.opens)
    return Care(engine, clock, unasked, unasked.upkeep(engine, clock), notices, text)


def states(tx: Tx, clinic_id: int) -> Sequence[str]:
    """Return the states of a clinic's appointments, as they were made."""
    from sqlmodel import select

    with tx.session() as session:
        rows = session.exec(
            select(Appointment).where(Appointment.clinic_id == clinic_id).order_by(Appointment.id)  # type: ignore[arg-type]
        )
        return [row.state for row in rows]
