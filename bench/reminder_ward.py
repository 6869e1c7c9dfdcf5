"""The ward of the reminder bench: visits to come, patients on a channel that leads nowhere.

Every row that is due is about a real visit of a real patient, told in the real words. What only waits
is rows of the same table, as many as asked for, due later.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

from sqlalchemy import insert

from bench.booking_ward import _clinic, settings_at
from bot.app import App, build
from bot.channels.base import HookAnswer, HookRequest, Limits
from bot.hospital.files import DEMO, read_folder
from bot.hospital.model import Hospital, RosterRule, Session
from bot.message import Inbound, Outbound, Sent, Worded
from bot.settings import Settings
from bot.store.booking_tables import Appointment, FamilyMember, Patient, Slot
from bot.store.db import Tx
from bot.store.sqlite import prepare, sqlite_module
from bot.store.tables import Conversation

#: The instant at which everything is planned; visits are the day after next, and told of tomorrow.
NOW = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)  # Wednesday, 09:00 in Shanghai
STARTS = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)  # Friday, 10:30 there
DUE = STARTS - timedelta(days=1)
CHANNEL = "null"
_STEP = 2_000
#: How much memory filling the table may take, in KB; given back with the connection.
_CACHE_KB = 200_000
_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
_GIVEN = (
    "伟",
    "芳",
    "娜",
    "秀英",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
)


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
    settings = settings_at(config, data, "sqlite")
    hospital = _hospital(settings, due)
    clock, channel = Clock(), NullChannel()
    app = await build(settings, clock=clock, facts=hospital, channels={CHANNEL: channel})
    slot = await app.engine.write(partial(_slot, hospital=hospital, settings=settings, places=due))
    visits: list[int] = []
    for first in range(0, due, _STEP):
        numbers = range(first, min(first + _STEP, due))
        visits += await app.engine.write(partial(_visits, slot=slot, numbers=numbers, places=due))
        await asyncio.sleep(0)
    await asyncio.to_thread(add_reminders, database_of(app), pending, due=False, talks=due)
    return Ward(app, clock, channel, visits)


def database_of(app: App) -> Path:
    """Return the file of an application's database."""
    path: Path = app.engine.path  # type: ignore[attr-defined]
    return path


def _hospital(settings: Settings, places: int) -> Hospital:
    """Return the demonstration hospital with the clinic of the ward in its roster.

    A server that follows its facts would stop a clinic that they do not know.
    """
    hospital = read_folder(DEMO)
    clinic = RosterRule(
        doctor=hospital.doctors[0].code, date=STARTS.astimezone(settings.zone).date(),
        session=Session.MORNING, room="301", capacity=places, minutes=30,
    )  # fmt: skip
    return replace(hospital, roster=(*hospital.roster, clinic))


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
    """Make patients, each with a conversation of her own and a visit; all have the same id."""
    digest = tx.keyring.index
    with tx.session() as session:
        run = session.execute
        run(insert(Conversation), [
            {
                "id": number + 1, "channel": CHANNEL, "account": "main", "user": f"patient {number}",
                "user_index": digest(f"patient {number}", "conversation.user"), "last_seq": 0,
                "holder": "bot", "hold_token": 0, "window_left": 0, "verified_at": NOW,
                "created_at": NOW, "updated_at": NOW,
            }
            for number in numbers
        ])  # fmt: skip
        run(insert(Patient), [
            {
                "id": number + 1, "name": _name(number), "document_kind": "passport",
                "document": f"E{number:08}", "insurance": "self", "frail": False,
                "document_index": digest(f"bench {number}", "patient.document"),
                "created_at": NOW, "updated_at": NOW,
            }
            for number in numbers
        ])  # fmt: skip
        run(insert(FamilyMember), [
            {
                "conversation_id": number + 1, "patient_id": number + 1, "place": 1,
                "relation": "self", "added_at": NOW, "verified_at": NOW,
            }
            for number in numbers
        ])  # fmt: skip
        run(insert(Appointment), [
            {
                "id": number + 1, "number": f"B{number}", "patient_id": number + 1,
                "conversation_id": number + 1, "clinic_id": slot[0], "slot_id": slot[1],
                "capacity": places, "seat": number + 1, "starts_at": STARTS, "state": "booked",
                "ends_at": STARTS + timedelta(minutes=30), "fee_fen": 2_200, "offered": False,
                "version": 1, "created_at": NOW, "updated_at": NOW,
            }
            for number in numbers
        ])  # fmt: skip
    return [number + 1 for number in numbers]


def _name(number: int) -> str:
    """Return a name; texts differ as they do between people."""
    return f"{_FAMILY[number % len(_FAMILY)]}{_GIVEN[number // len(_FAMILY) % len(_GIVEN)]}"


def add_reminders(path: Path, count: int, *, due: bool, talks: int) -> None:
    """Put reminders into the table in the order of their time, in one statement, past the engine.

    Args:
        due: of the visits of the ward, all at `DUE`; else of others, far ahead, one every seven seconds.
        talks: how many conversations there are.
    """
    if not count:
        return
    raw = sqlite_module().connect(str(path), isolation_level=None)
    prepare(raw, "OFF")
    base, step, first = (STARTS, 0, 1) if due else (STARTS + timedelta(days=30), 7, 10_000_000)
    at = f"datetime('{base:%Y-%m-%d %H:%M:%S}', (i * {step}) || ' seconds'"
    sql = (
        "INSERT INTO reminder (cause, about, about_id, about_version, kind, occurs_at, patient_id, "  # noqa: S608  (all ours)
        "conversation_id, due_at, send_until, wall, zone, state, attempts, created_at) "
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) "
        f"SELECT 'visit:' || ({first} + i) || ':1:visit_day_before:' || i, 'visit', {first} + i, 1, "
        f"'visit_day_before', {at}) || '.000000', NULL, 1 + i % ?, "
        f"{at}, '-1 day') || '.000000', {at}) || '.000000', "
        "'2026-11-20T10:30', 'Asia/Shanghai', 'pending', 0, '2026-11-18 01:00:00.000000' FROM n"
    )
    # without its indexes, which are made anew at the end: many times faster than row by row
    raw.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
    raw.execute("BEGIN")
    indexes = raw.execute(
        "SELECT name, sql FROM sqlite_master "
        "WHERE type = 'index' AND tbl_name = 'reminder' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        raw.execute(f'DROP INDEX "{name}"')
    raw.execute(sql, (count, talks))
    for _, made in indexes:
        raw.execute(made)
    raw.execute("COMMIT")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
