"""I8 at rest: nothing a patient said or is can be read in the files; keys change without a gap."""

import asyncio
import copy
import json
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, select

from bot.app import App
from bot.errors import SealedError, StartError
from bot.message import Address, Inbound
from bot.messages import inbox, outbox
from bot.store.columns import Encrypted
from bot.store.db import Engine, Tx
from bot.store.keyring import Keyring, add_key, drop_old_keys, load_keyring
from bot.store.postgres import PostgresEngine
from bot.store.rotation import reseal
from bot.store.sqlite import SqliteEngine
from bot.store.tables import HandoffCase, Inbox, Outbox, Person
from tests.helpers.canaries import CANARIES, DOCUMENT, NAME, NOW, PHONE, WORDS, everything


def sealed_columns() -> list[tuple[sa.Table, sa.Column[Any]]]:
    """Return every encrypted column of every table."""
    return [
        (table, column)
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Encrypted)
    ]


async def raw(engine: Engine) -> dict[str, list[bytes]]:
    """Return the bytes that each encrypted column really holds."""

    def read(tx: Tx) -> dict[str, list[bytes]]:
        with tx.session() as session:
            return {
                f"{table.name}.{column.name}": [
                    bytes(value)
                    for value in session.execute(
                        sa.select(sa.type_coerce(column, sa.LargeBinary)).where(column.is_not(None))
                    ).scalars()
                ]
                for table, column in sealed_columns()
            }

    return await engine.read(read)


async def dump(engine: Engine) -> bytes:
    """Return every value of every table as the database holds it."""

    def read(tx: Tx) -> bytes:
        pieces = []
        with tx.session() as session:
            for table in SQLModel.metadata.sorted_tables:
                names = ", ".join(f'"{column.name}"' for column in table.columns)
                rows = session.connection().exec_driver_sql(f'SELECT {names} FROM "{table.name}"')  # noqa: S608
                for value in (value for row in rows for value in row):
                    is_bytes = isinstance(value, bytes | memoryview)
                    pieces.append(bytes(value) if is_bytes else str(value).encode())
        return b"\n".join(pieces)

    return await engine.read(read)


def readable(data: bytes) -> list[str]:
    """Return the canaries that can be read in some bytes, in any of the usual spellings."""
    return [
        canary
        for canary in CANARIES
        for spelled in (
            canary.encode(),
            canary.encode("utf-16-le"),
            canary.encode("gbk"),
            json.dumps(canary)[1:-1].encode(),
            canary.encode().hex().encode(),
        )
        if spelled in data
    ]


async def test_nothing_stored_can_be_read(engine: Engine) -> None:
    """Every encrypted column holds a canary; neither the file nor a dump of the rows shows one."""
    await engine.write(everything)
    assert [name for name, values in (await raw(engine)).items() if not values] == []
    stored = await dump(engine)
    if isinstance(engine, SqliteEngine):
        files = sorted(engine.path.parent.glob(f"{engine.path.name}*"))
        assert len(files) > 1, "the log is part of what a thief takes"
        stored += b"".join(file.read_bytes() for file in files)
    assert readable(stored) == []
    assert readable(f"… {NAME} …".encode()) == [NAME], "the search finds nothing at all"


async def test_a_conversation_over_http_leaves_nothing_to_read(app: App, engine: Engine) -> None:
    """The same for what the application itself stores when a patient tells her name and number."""
    address = Address("webchat", "main", "canary-visitor")
    for number, text in enumerate((f"我叫{NAME}", f"电话{PHONE},{WORDS}", "人工", "Zanzibar4711")):
        inbound = Inbound(address, f"canary-visitor:canary-key-0001{number}", text)
        await app.turns.answer(await app.turns.accept(inbound), text)
    assert readable(await dump(engine)) == []


async def test_what_is_stored_reads_back(engine: Engine) -> None:
    await engine.write(everything)

    def read(tx: Tx) -> tuple[Any, ...]:
        with tx.session() as session:
            person = session.exec(select(Person)).one()
            case = session.exec(select(HandoffCase)).one()
            return person.name, person.phone, person.document, person.health_note, case.note

    assert await engine.read(read) == (NAME, PHONE, DOCUMENT, WORDS, f"{NAME} {PHONE} {WORDS}")


Opened = Callable[[Keyring], Engine]


@pytest.fixture
def open_with(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """A function that opens one fresh database with a given key ring."""
    if backend == "sqlite":
        path = tmp_path / "daoyi.sqlite3"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        return lambda ring: SqliteEngine(path, ring)
    url = request.getfixturevalue("postgres").url(request.getfixturevalue("postgres_template"))
    return lambda ring: PostgresEngine(url, ring)


async def told(engine: Engine) -> list[str]:
    """Return what patients said, opened."""

    def read(tx: Tx) -> list[str]:
        with tx.session() as session:
            return [row.body["text"] for row in session.exec(select(Inbox).order_by("id"))]

    return await engine.read(read)


async def test_a_key_is_changed_without_a_gap(open_with: Opened, tmp_path: Path) -> None:
    """Old values open before, while and after they are resealed; then the old key is not needed."""
    file = tmp_path / "keys.json"
    first = load_keyring(file)
    engine = open_with(first)
    await engine.write(everything)
    said = [
        Inbound(Address("webchat", "main", f"u{number}"), f"k{number}", f"词{number}")
        for number in range(603)  # more than one step
    ]
    await engine.write(lambda tx: [inbox.accept(tx, inbound, NOW) for inbound in said])
    texts = await told(engine)
    await engine.close()

    add_key(file)
    both = load_keyring(file)
    engine = open_with(both)
    assert await told(engine) == texts, "the old key still opens"
    work = asyncio.create_task(reseal(engine))
    while not work.done():
        assert await told(engine) == texts, "readable all the while"
        await asyncio.wait({work}, timeout=0.05)
    done = await work
    assert done["inbox"] == 604
    assert done["person"] == done["handoff_case"] == done["outbox"] == 1
    assert done["patient"] == done["call_task"] == 1
    assert all(
        both.is_current(value) for values in (await raw(engine)).values() for value in values
    )
    assert sum((await reseal(engine)).values()) == 0, "resealing twice changes nothing"
    await engine.close()

    assert drop_old_keys(file) == 1
    newest = load_keyring(file)
    engine = open_with(newest)
    assert await told(engine) == texts
    again = Inbound(Address("webchat", "main", "u7"), "k7", "词7")
    assert (await engine.write(lambda tx: inbox.accept(tx, again, NOW))).duplicate, (
        "indexes outlive keys"
    )
    await engine.close()

    engine = open_with(first)
    with pytest.raises(
        SealedError, match=r"inbox\.body was sealed with a key that is not in the key file"
    ):
        await told(engine)
    await engine.close()


async def test_a_value_in_another_column_does_not_open(engine: Engine) -> None:
    """Whoever can write to the database cannot make the bot say what a patient's note holds."""
    await engine.write(everything)

    def move(tx: Tx) -> None:
        with tx.session() as session:
            note = sa.select(sa.type_coerce(HandoffCase.__table__.c.note, sa.LargeBinary))  # type: ignore[attr-defined]
            value = session.execute(note).scalar_one()
            table = Outbox.__table__  # type: ignore[attr-defined]
            session.execute(sa.update(table).values(body=sa.bindparam("b", value, sa.LargeBinary)))

    await engine.write(move)
    with pytest.raises(SealedError, match=r"outbox\.body was changed or belongs elsewhere"):
        await engine.read(lambda tx: outbox.answers(tx, 1))


def test_one_flipped_bit_anywhere_is_found() -> None:
    """AES-GCM: every bit of nonce, text and tag counts; a flipped key name names no key."""
    ring = Keyring([b"k" * 32], b"i" * 32)
    sealed = ring.seal("膝盖".encode(), "inbox.body")
    assert ring.open(sealed, "inbox.body").decode() == "膝盖"
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealedError, match=r"^a value in inbox\.body was"):
            ring.open(bytes(changed), "inbox.body")
    for short in range(len(sealed)):
        with pytest.raises(SealedError):
            ring.open(sealed[:short], "inbox.body")


def test_the_same_words_never_look_the_same() -> None:
    ring = Keyring([b"k" * 32], b"i" * 32)
    assert len({ring.seal(b"x", "inbox.body") for _ in range(100)}) == 100
    assert ring.index("x", "a") == ring.index("x", "a") != ring.index("x", "b")


def test_no_nonce_is_ever_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by threads side by side, not by a process and its forked child: GCM would break."""
    ring = Keyring([b"k" * 32], b"i" * 32)
    with ThreadPoolExecutor(8) as threads:
        sealed = list(threads.map(lambda _: ring.seal(b"x", "a"), range(4_000)))
    parent = copy.copy(ring)
    parent._lock = threading.Lock()
    monkeypatch.setattr(os, "getpid", lambda: 1)
    for each in (ring, parent):
        sealed += [each.seal(b"x", "a") for _ in range(200)]
    assert len({value[4:16] for value in sealed}) == len(sealed)


def test_a_new_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Mode 0600, whatever the umask says, on making and on changing it; no draft is left beside it."""
    file = tmp_path / "keys.json"
    old = os.umask(0)
    try:
        load_keyring(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        add_key(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    finally:
        os.umask(old)
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="torn"),
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b"[]", id="no-table"),
        pytest.param(b'{"keys": []}', id="no-index-key"),
        pytest.param(b'{"keys": ["xyz"], "index_key": "00"}', id="no-hexadecimal"),
        pytest.param(b'{"keys": ["00"], "index_key": "00"}', id="too-short"),
        pytest.param(json.dumps({"keys": [], "index_key": "00" * 32}).encode(), id="no-key"),
    ],
)
def test_a_broken_key_file_is_named_and_never_overwritten(tmp_path: Path, broken: bytes) -> None:
    """A new key in its place would make every patient's data unreadable for good."""
    file = tmp_path / "keys.json"
    file.write_bytes(broken)
    for use in (load_keyring, add_key, drop_old_keys):
        with pytest.raises(StartError, match=rf"{file}: not a key file; expected JSON with 'keys'"):
            use(file)
        assert file.read_bytes() == broken


def test_a_key_file_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="the key file cannot be made"):
        load_keyring(tmp_path / "file" / "keys.json")
