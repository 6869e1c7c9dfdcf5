"""I-12, I-23: too much, no disk, no server: no wrong acknowledgement, a clear word, and it heals."""

import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.errors import StartError, StoreBusy, StoreError
from bot.message import Address, Inbound
from bot.messages import inbox
from bot.store import writer as writer_module
from bot.store.db import Engine, Tx
from bot.store.keyring import Keyring
from bot.store.lock import FolderLock
from bot.store.migrate import migrate
from bot.store.postgres import PostgresEngine
from bot.store.setup import open_store
from bot.store.sqlite import SqliteEngine
from tests.helpers.postgres import Server

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def accepting(key: str, text: str = "你好") -> Callable[[Tx], Any]:
    """Return the operation that stores one message."""
    inbound = Inbound(Address("webchat", "main", "u1"), key, text)
    return lambda tx: inbox.accept(tx, inbound, NOW)


async def test_a_full_queue_refuses_at_once_and_forgets_nothing(
    open_engine: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """I-12: what was queued is stored; what was not is refused before anything is acknowledged."""
    monkeypatch.setattr(writer_module, "_CAPACITY", 8)
    engine = open_engine()
    inside, go = threading.Event(), threading.Event()

    def slow(_: Tx) -> None:
        inside.set()
        go.wait(20)

    blocker = asyncio.create_task(engine.write(slow))
    await asyncio.to_thread(inside.wait, 20)
    queued = [asyncio.create_task(engine.write(accepting(f"k{number}"))) for number in range(8)]
    await asyncio.sleep(0)
    for number in range(20):
        with pytest.raises(StoreBusy, match="too many messages at once"):
            await engine.write(accepting(f"late{number}"))
    go.set()
    await asyncio.gather(blocker, *queued)
    assert await engine.read(inbox.counts) == {"new": 8}
    assert not (await engine.write(accepting("late0"))).duplicate
    await engine.close()


async def test_a_closed_database_refuses_instead_of_waiting_for_ever(
    open_engine: Callable[[], Engine],
) -> None:
    engine = open_engine()
    await engine.close()
    async with asyncio.timeout(5):
        with pytest.raises(StoreError, match="closed"):
            await engine.write(accepting("k"))
    await engine.close()


async def test_a_caller_who_left_changes_nothing_for_the_others(engine: Engine) -> None:
    """A request cut off while its operation waits: its neighbours get their answers."""
    inside, go = threading.Event(), threading.Event()

    def slow(_: Tx) -> None:
        inside.set()
        go.wait(20)

    blocker = asyncio.create_task(engine.write(slow))
    await asyncio.to_thread(inside.wait, 20)
    leaves = asyncio.create_task(engine.write(accepting("leaves")))
    stays = asyncio.create_task(engine.write(accepting("stays")))
    await asyncio.sleep(0)
    leaves.cancel()
    go.set()
    await blocker
    assert not (await stays).duplicate


async def test_a_hint_that_fails_keeps_nobody_waiting(engine: Engine) -> None:
    """What happens after the commit is a courtesy: it cannot take an answer with it."""
    rung = []

    def op(number: int) -> Callable[[Tx], int]:
        def run(tx: Tx) -> int:
            tx.after_commit.append(lambda: rung.append(1 // number))
            return number

        return run

    async with asyncio.timeout(10):
        assert await asyncio.gather(*(engine.write(op(number)) for number in range(4))) == [
            0,
            1,
            2,
            3,
        ]
        await engine.write(lambda _: None)
    assert rung == [1, 0, 0]


async def test_postgresql_may_go_and_come_back(keyring: Keyring) -> None:
    """I-23: while the server is down nothing is acknowledged; then all goes on without a restart."""
    with Server(fsync=True) as server:
        url = server.url()
        schema = PostgresEngine.schema_only(url)
        migrate(schema)
        schema.dispose()
        engine = PostgresEngine(url, keyring)
        await engine.write(accepting("before"))
        await engine.read(inbox.counts)
        for how in (signal.SIGINT, signal.SIGQUIT):  # stopped; crashed
            server.stop(how)
            for number in range(3):
                with pytest.raises(StoreError, match="the database cannot be reached"):
                    await engine.write(accepting(f"during{number}"))
                with pytest.raises(StoreError, match="the database cannot be reached"):
                    await engine.read(inbox.counts)
            server.start()
            assert (await engine.write(accepting("before"))).duplicate
            assert await engine.read(inbox.counts) == {"new": 1}
        assert not (await engine.write(accepting("after"))).duplicate
        await engine.close()


async def test_a_crash_of_postgresql_under_load_loses_nothing_acknowledged(
    keyring: Keyring,
) -> None:
    """I-01 with the server as the victim: every accepted message is there after its recovery."""
    with Server(fsync=True) as server:
        url = server.url()
        schema = PostgresEngine.schema_only(url)
        migrate(schema)
        schema.dispose()
        engine = PostgresEngine(url, keyring)
        acked: set[str] = set()
        enough = asyncio.Event()

        async def client(name: int) -> None:
            for number in range(10_000):
                key = f"{name}-{number}"
                try:
                    await engine.write(accepting(key))
                except StoreError:
                    return
                acked.add(key)
                if len(acked) > 150:
                    enough.set()

        clients = [asyncio.create_task(client(name)) for name in range(8)]
        await enough.wait()
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        await asyncio.gather(*clients)
        server.start()
        for key in acked:
            assert (await engine.write(accepting(key))).duplicate
        await engine.close()


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Let no file of this process grow beyond what the database's log has now: the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.with_name(f"{path.name}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_full_disk_acknowledges_nothing_and_heals(
    engine: Engine, client: httpx.AsyncClient
) -> None:
    """I-23, through HTTP: 503 with a sentence, an emergency is answered all the same, then 200."""
    assert isinstance(engine, SqliteEngine)
    token = (await client.post("/webchat/sessions")).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}

    async def say(key: str, text: str) -> httpx.Response:
        return await client.post(
            "/webchat/messages", json={"id": key, "text": text}, headers=headers
        )

    assert (await say("a", "你好")).status_code == 200
    with full_disk(engine.path):
        for number in range(3):
            refused = await say(f"b{number}", "停车多少钱")
            assert (refused.status_code, refused.json()["error"]) == (
                503,
                "the database cannot be reached",
            )
            assert refused.headers["retry-after"] == "1"
        urgent = await say("c", "我爸突然胸口压着痛,出冷汗")
        assert urgent.status_code == 503
        assert urgent.json()["replies"][0]["kind"] == "emergency"
    assert (await say("b0", "停车多少钱")).status_code == 200
    counts = await engine.read(inbox.counts)
    assert counts == {"handled": 2}


@contextmanager
def nobody_in(folder: Path) -> Iterator[None]:
    """Lose root's right to write everywhere; the folder is readable and no more."""
    folder.chmod(0o555)
    for file in folder.iterdir():
        file.chmod(0o444)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="daoyi-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_an_empty_folder_that_cannot_be_written_is_a_sentence(
    open_folder: Path, keyring: Keyring
) -> None:
    with nobody_in(open_folder):
        with pytest.raises(StartError, match="cannot be written"):
            FolderLock(open_folder).acquire()
        with pytest.raises(StoreError, match=r"daoyi\.sqlite3: the database cannot be opened"):
            open_store("sqlite", open_folder, keyring)


async def test_a_database_that_cannot_be_written_acknowledges_nothing(
    open_folder: Path, keyring: Keyring, sqlite_template: Path
) -> None:
    """A folder mounted read-only: whether opened or refused, nothing is acknowledged."""
    file = Path(shutil.copy(sqlite_template, open_folder / "daoyi.sqlite3"))
    with nobody_in(open_folder), pytest.raises(StoreError, match=r"cannot be (opened|reached)"):
        await SqliteEngine(file, keyring).write(accepting("k"))


@pytest.mark.parametrize(
    "held", [b"this is no database, " * 100, b"\x00" * 4096], ids=["text", "zeros"]
)
def test_a_file_that_is_no_database_is_named_and_left_alone(
    tmp_path: Path, keyring: Keyring, held: bytes
) -> None:
    file = tmp_path / "daoyi.sqlite3"
    file.write_bytes(held)
    with pytest.raises(
        StoreError, match=rf"{file}: the database cannot be opened \(file is not a database\)"
    ):
        open_store("sqlite", tmp_path, keyring)
    assert file.read_bytes() == held


_HOLDER = """
import sys
from pathlib import Path
from bot.store.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_server_on_a_folder_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    """Section 7: the sentence names the holder; its death, however sudden, frees the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock = FolderLock(tmp_path)
        for _ in range(2):
            with pytest.raises(StartError, match=f"already served by process {holder.pid};"):
                lock.acquire()
        holder.kill()
        holder.wait()
        lock.acquire()
        with pytest.raises(StartError, match=f"already served by process {os.getpid()};"):
            FolderLock(tmp_path).acquire()
        lock.release()
        FolderLock(tmp_path).acquire()
