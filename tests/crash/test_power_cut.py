"""I1 when the power goes: `synchronous=FULL` loses no acknowledged message, and `NORMAL` does.

The real writer runs the real statements (accept, then the whole turn) on a disk whose power is cut
after a random write. What the disk may hold then, with lost, torn and reordered writes, is opened by
the stock library, which must find it whole. The same database lives through many cuts.
"""

import asyncio
import contextlib
import itertools
import random
import shutil
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest
from sqlalchemy import Dialect, create_engine
from sqlmodel import Session, select

from bot.app import App, build
from bot.dialogue.turn import Turn
from bot.dialogue.understand import Understood
from bot.errors import StoreError
from bot.message import Address, Inbound
from bot.messages import inbox
from bot.settings import Settings
from bot.store.db import Link
from bot.store.keyring import Keyring
from bot.store.sqlite import SqliteEngine, prepare, sqlite_module
from bot.store.tables import Conversation, Inbox, Outbox
from bot.store.writer import GroupWriter
from tests.helpers.crash_disk import Disk

CUTS, CONTROL_CUTS = 300, 60
CUTS_A_LIFE = 30
_CALLERS = 6
_MOST_WRITES = 120
_NAMES = itertools.count()
#: A checkpoint now and then, so that cuts hit the database file, not only the log.
_CHECKPOINT_PAGES = 40


class ApswRaw:
    """An apsw connection with what a driver's connection and cursor have more."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.rowcount = 0

    def execute(self, sql: str, parameters: Any = (), /) -> "ApswRaw":
        """Run one statement; its rows wait for `fetchall`."""
        self._rows = self._connection.execute(sql, tuple(parameters)).fetchall()
        self.rowcount = self._connection.changes()
        return self

    def cursor(self) -> "ApswRaw":
        """Return what runs a statement many times: itself."""
        return self

    def executemany(self, sql: str, many: Sequence[Any], /) -> "ApswRaw":
        """Run one statement with each of many sets of parameters."""
        before = self._connection.total_changes()
        self._connection.executemany(sql, [tuple(parameters) for parameters in many])
        self.rowcount = self._connection.total_changes() - before
        return self

    def fetchall(self) -> list[Any]:
        """Return the rows of the last statement."""
        return self._rows


@dataclass(slots=True)
class Acked:
    """What was acknowledged: messages, and the replies to those whose turn was, too."""

    stored: dict[str, int] = field(default_factory=dict)
    answered: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def forget(self, keys: list[str]) -> None:
        """Leave out what is known to be lost, so that it is counted once."""
        for key in keys:
            self.stored.pop(key)
            self.answered.pop(key, None)


@dataclass(slots=True)
class Database:
    """A database in a drawer: its bytes, and what was promised about them."""

    schema: bytes
    dialect: Dialect
    turn: Turn
    understood: Understood
    keyring: Keyring
    clock: Callable[[], Any]
    files: dict[str, bytes] = field(default_factory=dict)
    acked: Acked = field(default_factory=Acked)
    sent: int = 0

    def __post_init__(self) -> None:
        self.files = {"db": self.schema}


async def _live(database: Database, chance: random.Random, synchronous: str) -> None:
    """Serve until the power goes; then the drawer holds what the disk may hold."""
    disk = Disk(f"cut{next(_NAMES)}", database.files, chance.randrange(1, _MOST_WRITES))
    connections = []

    def connect() -> Link:
        connection = apsw.Connection("db", vfs=disk.name)
        connections.append(connection)
        raw = ApswRaw(connection)
        raw.execute("PRAGMA locking_mode=EXCLUSIVE")  # a log without shared memory
        prepare(raw, synchronous)
        raw.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        return Link(None, raw, database.dialect, begin="BEGIN IMMEDIATE")

    try:
        writer = GroupWriter(connect, database.keyring, gone=(apsw.Error,))
    except apsw.Error:  # cut while it recovered from the last one
        writer = None
    if writer is not None:
        await asyncio.gather(*(_caller(database, writer, disk, n) for n in range(_CALLERS)))
        await asyncio.to_thread(writer.close)
    for connection in connections:
        with contextlib.suppress(apsw.Error):  # it cannot tidy up: the power is off
            connection.close(force=True)
    database.files = disk.after_cut(chance)
    disk.unregister()


async def _caller(database: Database, writer: GroupWriter, disk: Disk, number: int) -> None:
    """Say one thing after another, on two conversations, until the power goes."""
    now = database.clock()
    while not disk.is_off:
        database.sent += 1
        key = f"k{database.sent}"
        address = Address("webchat", "main", f"u{(number + database.sent) % _CALLERS}")
        inbound = Inbound(address, key, f"说的话 {key}")
        try:
            accepted = await writer.write(lambda tx, i=inbound: inbox.accept(tx, i, now))  # type: ignore[misc]
            database.acked.stored[key] = accepted.inbox_id
            said = await writer.write(
                lambda tx, a=accepted: database.turn.run(  # type: ignore[misc]
                    tx, a.inbox_id, database.understood, now
                )
            )
        except StoreError:
            return
        if isinstance(said, list):
            database.acked.answered[key] = [
                (message_id, worded.text) for message_id, worded in said
            ]


def _lost(database: Database, folder: Path) -> list[str]:
    """Open what is left with the stock library; return the acknowledged messages that are gone.

    Raises:
        AssertionError: the file is broken, or what it holds contradicts itself.
    """
    for path, data in database.files.items():
        (folder / path).write_bytes(data)
    engine = create_engine(
        "sqlite://",
        module=sqlite_module(),
        creator=lambda: sqlite_module().connect(str(folder / "db")),
    )
    engine.dialect.keyring = database.keyring  # type: ignore[attr-defined]
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        with Session(connection) as session:
            came = list(session.exec(select(Inbox)))
            said = list(session.exec(select(Outbox).order_by("seq")))
            conversations = list(session.exec(select(Conversation)))
    engine.dispose()  # the last connection folds the log into the file
    database.files = {"db": (folder / "db").read_bytes()}
    for left in folder.iterdir():
        left.unlink()
    _consistent(conversations, came, said)
    stored = {row.body["key"]: row for row in came}
    replies = defaultdict(list)
    for row in said:
        replies[row.inbox_id].append((row.id, row.body["text"]))
    acked = database.acked
    return [
        key
        for key, inbox_id in acked.stored.items()
        if key not in stored
        or stored[key].id != inbox_id
        or (key in acked.answered and replies[inbox_id] != acked.answered[key])
    ]


def _consistent(conversations: list[Any], came: list[Any], said: list[Any]) -> None:
    """A turn is there as a whole or not at all; every place of a conversation is taken once."""
    answered = {row.inbox_id for row in said}
    assert {row.id for row in came if row.state == "handled"} == answered
    assert {row.state for row in came} <= {"new", "handled"}
    for conversation in conversations:
        places = [row.seq for row in (*came, *said) if row.conversation_id == conversation.id]
        assert sorted(places) == list(range(1, conversation.last_seq + 1))


@pytest.fixture
async def app(
    settings: Settings, tmp_path: Path, keyring: Keyring, sqlite_template: Path
) -> AsyncIterator[App]:
    """The application whose turns are run; its own database is not the one that is cut."""
    path = Path(shutil.copy(sqlite_template, tmp_path / "daoyi.sqlite3"))
    built = await build(settings, engine=SqliteEngine(path, keyring))
    yield built
    await built.engine.close()


@pytest.fixture
def new(app: App, sqlite_template: Path, keyring: Keyring) -> Iterator[Callable[[], Database]]:
    """A function that makes an empty database with our schema."""
    engine = create_engine("sqlite://", module=sqlite_module())
    engine.dialect.keyring = keyring  # type: ignore[attr-defined]
    schema = sqlite_template.read_bytes()
    understood = app.understander.understand("停车多少钱", app.today())
    turn = app.turns._turn
    yield lambda: Database(schema, engine.dialect, turn, understood, keyring, app.clock)
    engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the stock library looks at what is left."""
    made = tmp_path / "cut"
    made.mkdir()
    return made


@dataclass(slots=True)
class Toll:
    """What the power cuts cost."""

    acked: int = 0
    lost: int = 0
    losing: int = 0


async def _cut(new: Callable[[], Database], folder: Path, cuts: int, synchronous: str) -> Toll:
    """Cut the power again and again; each database lives through some of the cuts."""
    toll = Toll()
    for first in range(0, cuts, CUTS_A_LIFE):
        database = new()
        for seed in range(first, first + CUTS_A_LIFE):
            before = len(database.acked.stored)
            await _live(database, random.Random(f"{synchronous} {seed}"), synchronous)  # noqa: S311
            toll.acked += len(database.acked.stored) - before
            gone = _lost(database, folder)
            toll.lost += len(gone)
            toll.losing += bool(gone)
            database.acked.forget(gone)
    sys.stdout.write(f"synchronous={synchronous}: {cuts} power cuts, {toll}\n")
    return toll


async def test_no_power_cut_loses_an_acknowledged_message(
    new: Callable[[], Database], folder: Path
) -> None:
    """I-01: whatever the disk made of the writes it was not told to sync, every 200 still holds."""
    toll = await _cut(new, folder, CUTS, "FULL")
    assert toll.acked > 2 * CUTS, "too few messages to mean anything"
    assert toll.lost == 0


async def test_the_harness_finds_what_synchronous_normal_loses(
    new: Callable[[], Database], folder: Path
) -> None:
    """Control: without the fsync at every commit the same cuts lose acknowledged messages."""
    toll = await _cut(new, folder, CONTROL_CUTS, "NORMAL")
    assert toll.lost > 0, "the harness is worthless: it does not see what NORMAL loses"
    assert toll.losing > CONTROL_CUTS / 3
