"""The ward of the reminder bench: visits to come, patients on a channel that leads nowhere.

Every row that is due is about a real visit of a real patient, told in the real words. What only waits
is rows of the same table, as many as asked for, due later.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import insert

from bench.booking_ward import _clinic, settings_at
from bot.app import App, build
from bot.channels.base import HookAnswer, HookRequest, Limits
from bot.hospital.files import DEMO, read_folder
from bot.hospital.model import Hospital
from bot.message import Inbound, Outbound, Sent, Worded
from bot.settings import Settings
from bot.store.booking_tables import Appointment, FamilyMember, Patient, Slot
from bot.store.db import Tx
from bot.store.reminder_tables import Reminder
from bot.store.tables import Conversation

#: The instant at which everything is planned; visits are the day after next, and told of tomorrow.
NOW = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)  # Wednesday, 09:00 in Shanghai
STARTS = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)  # Friday, 10:30 there
DUE = STARTS - timedelta(days=1)
CHANNEL = "null"
_STEP = 500
_FILL = 20_000


class NullChannel:
    """Takes every message and keeps only when.

    Attributes:
        handed: when each was, in seconds of the bench's own clock.
        wanted: so many are waited for; then `done` is set.
    """

    name = CHANNEL
    limits = Limits(text=4_000, buttons=0)

    def __init__(self) -> None:
        self.handed: list[float] = []
        self.wanted = 0
        self.done = asyncio.Event()

    def verify(self, request: HookRequest) -> str:
        """Believe everybody: nobody writes."""
        return request.account

    def parse(self, request: HookRequest, user: str) -> list[Inbound]:  # noqa: ARG002
        """Return nothing: nobody writes."""
        return []

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:  # noqa: ARG002
        """Answer nothing."""
        return HookAnswer()

    async def send(self, letter: Outbound) -> Sent:
        """Take a message."""
        self.handed.append(perf_counter())
        if len(self.handed) >= self.wanted:
            self.done.set()
        return Sent(str(letter.id))


@dataclass(slots=True)
class Clock:
    """A clock that stands where it was put."""

    now: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@dataclass(slots=True)
class Ward:
    """The application with its visits.

    Attributes:
        visits: the ids of the visits that are told of tomorrow.
    """

    app: App
    clock: Clock
    channel: NullChannel
    visits: list[int]


async def open_ward(config: Path, data: Path, *, due: int, pending: int) -> Ward:
    """Fill an empty database with `due` visits and `pending` reminders of later times."""
    settings, hospital = settings_at(config, data, "sqlite"), read_folder(DEMO)
    clock, channel = Clock(), NullChannel()
    app = await build(settings, clock=clock, facts=hospital, channels={CHANNEL: channel})
    slot = await app.engine.write(partial(_slot, hospital=hospital, settings=settings, places=due))
    visits: list[int] = []
    for first in range(0, due, _STEP):
        numbers = range(first, min(first + _STEP, due))
        visits += await app.engine.write(partial(_visits, slot=slot, numbers=numbers, places=due))
        await asyncio.sleep(0)
    for first in range(0, pending, _FILL):
        numbers = range(first, min(first + _FILL, pending))
        await app.engine.write(partial(_later, numbers=numbers, talks=due))
    return Ward(app, clock, channel, visits)


def _slot(tx: Tx, *, hospital: Hospital, settings: Settings, places: int) -> tuple[int, int]:
    with tx.session() as session:
        day = STARTS.astimezone(settings.zone).date()
        clinic = _clinic(hospital, hospital.doctors[0], day, "morning", settings)
        session.add(clinic)
        session.flush()
        slot = Slot(
            clinic_id=int(clinic.id or 0), starts_at=STARTS, ends_at=STARTS + timedelta(minutes=30),
            pool="online", capacity=places,
        )  # fmt: skip
        session.add(slot)
        session.flush()
        return int(clinic.id or 0), int(slot.id or 0)


def _visits(tx: Tx, *, slot: tuple[int, int], numbers: range, places: int) -> list[int]:
    """Make patients, each with a conversation of her own and a visit."""
    with tx.session() as session:
        talks = [
            Conversation(
                channel=CHANNEL, account="main", user=f"patient {number}", created_at=NOW,
                user_index=tx.keyring.index(f"patient {number}", "conversation.user"),
                updated_at=NOW, verified_at=NOW,
            )
            for number in numbers
        ]  # fmt: skip
        people = [
            Patient(
                name="王小明", document_kind="passport", document=f"E{number:08}", created_at=NOW,
                document_index=tx.keyring.index(f"bench {number}", "patient.document"),
                updated_at=NOW,
            )
            for number in numbers
        ]  # fmt: skip
        session.add_all([*talks, *people])
        session.flush()
        session.add_all(
            FamilyMember(
                conversation_id=int(talk.id or 0), patient_id=int(person.id or 0), place=1,
                relation="self", added_at=NOW, verified_at=NOW,
            )
            for talk, person in zip(talks, people, strict=True)
        )  # fmt: skip
        visits = [
            Appointment(
                number=f"B{number}", patient_id=int(person.id or 0), clinic_id=slot[0],
                conversation_id=int(talk.id or 0), slot_id=slot[1], capacity=places,
                seat=number + 1, starts_at=STARTS, ends_at=STARTS + timedelta(minutes=30),
                state="booked", fee_fen=2_200, created_at=NOW, updated_at=NOW,
            )
            for number, talk, person in zip(numbers, talks, people, strict=True)
        ]  # fmt: skip
        session.add_all(visits)
        session.flush()
        return [int(visit.id or 0) for visit in visits]


def _later(tx: Tx, *, numbers: range, talks: int) -> None:
    """Make reminders of visits far ahead."""
    with tx.session() as session:
        rows: list[dict[str, Any]] = []
        for number in numbers:
            at = STARTS + timedelta(days=30, seconds=7 * number)
            rows.append(
                {
                    "cause": f"visit:{10_000_000 + number}:1:visit_day_before:{number}",
                    "about": "visit", "about_id": 10_000_000 + number, "about_version": 1,
                    "kind": "visit_day_before", "occurs_at": at, "patient_id": None,
                    "conversation_id": 1 + number % talks, "due_at": at - timedelta(days=1),
                    "send_until": at, "wall": f"{at:%Y-%m-%dT%H:%M}", "zone": "Asia/Shanghai",
                    "state": "pending", "attempts": 0, "created_at": NOW,
                }
            )  # fmt: skip
        session.execute(insert(Reminder), rows)
