"""Fixtures: a clock, both databases, the application on the demonstration hospital, a live server."""

import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

from bot.app import App, Content, build, read_content
from bot.dialogue.learning import is_kept, matcher_for
from bot.hospital.files import DEMO, read_folder
from bot.hospital.model import Hospital
from bot.settings import Settings, load_settings
from bot.store.db import Engine
from bot.store.keyring import Keyring
from bot.store.migrate import migrate
from bot.store.postgres import PostgresEngine
from bot.store.setup import open_store
from bot.store.sqlite import SqliteEngine
from intents.catalog import load_catalog
from intents.match import Matcher
from tests.helpers.house import House, Houses
from tests.helpers.live import LiveServer
from tests.helpers.postgres import Server
from tests.helpers.world import TextMessages, World

ROOT = Path(__file__).parents[1]

#: A slow machine is no bug, and the contract of channels is one test for several of them.
hypothesis.settings.register_profile(
    "daoyi",
    deadline=None,
    suppress_health_check=[
        hypothesis.HealthCheck.differing_executors,
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
    ],
)
hypothesis.settings.load_profile("daoyi")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)  # a Wednesday, 10:00 in Shanghai

    def __call__(self) -> datetime:
        return self.now

    def move(self, **how: float) -> None:
        """Move by a `timedelta` given in words: `clock.move(minutes=5)`."""
        self.now += timedelta(**how)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test reaches for {host}")

    def guarded(self: socket.socket, address: Any) -> None:
        check(address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        check(address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_ex)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring([b"k" * 32], b"i" * 32)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for the whole run."""
    with Server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Server) -> str:
    """The name of a database with our newest schema, to copy for each test."""
    url = postgres.url()
    engine = PostgresEngine.schema_only(url)
    migrate(engine)
    engine.dispose()
    return url.partition("@/")[2].partition("?")[0]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, keyring: Keyring) -> Path:
    """A SQLite file with our newest schema, to copy for each test."""
    import asyncio
    import sqlite3

    folder = tmp_path_factory.mktemp("schema")

    async def make() -> None:
        await open_store("sqlite", folder, keyring).close()

    asyncio.run(make())
    path = folder / "daoyi.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """The name of the database a test runs on: every test that uses one runs on both."""
    name: str = request.param
    return name


@pytest.fixture
def open_engine(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, keyring: Keyring
) -> Callable[[], Engine]:
    """A function that opens an engine on one fresh, migrated database; again: the same database."""
    if backend == "sqlite":
        path = tmp_path / "store" / "daoyi.sqlite3"
        path.parent.mkdir()
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        return lambda: SqliteEngine(path, keyring)
    server: Server = request.getfixturevalue("postgres")
    url = server.url(request.getfixturevalue("postgres_template"))
    return lambda: PostgresEngine(url, keyring)


@pytest.fixture
async def engine(open_engine: Callable[[], Engine]) -> AsyncIterator[Engine]:
    """An engine on a fresh, migrated database."""
    opened = open_engine()
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The checkout's own settings, with a data folder of the tests."""
    return load_settings(ROOT / "config.toml", {}, data=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def content(settings: Settings) -> Content:
    """The checkout's own content, read once: nothing changes it."""
    return read_content(settings)


@pytest.fixture(scope="session", autouse=True)
def learnt(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Where what was learnt of our content is kept between runs; our own servers find it there too."""
    folder: Path = request.config.cache.mkdir("learnt")
    catalog = load_catalog(ROOT / "intents" / "content")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAOYI_CACHE", str(folder))
        if not is_kept(catalog, folder):
            # By the command: matrices are multiplied on one core there, whatever has loaded numpy here.
            subprocess.run([sys.executable, "-m", "bot", "intents", "learn"], cwd=ROOT, check=True)
        yield folder


@pytest.fixture(scope="session")
def matcher(content: Content, learnt: Path) -> Matcher:
    """What learnt that content's questions."""
    return matcher_for(content.catalog, learnt)


@pytest.fixture(scope="session")
def demonstration() -> Hospital:
    """The facts of the demonstration hospital."""
    return read_folder(DEMO)


@pytest.fixture
def texts_sent() -> TextMessages:
    """A channel that pushes, with digits in place of buttons."""
    return TextMessages()


@pytest.fixture
async def app(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    content: Content,
    matcher: Matcher,
    demonstration: Hospital,
    texts_sent: TextMessages,
) -> App:
    """The whole application on the demonstration hospital, text messages beside the chat page."""
    return await build(
        settings, clock=clock, engine=engine, content=content, matcher=matcher, facts=demonstration,
        channels={TextMessages.name: texts_sent},
    )  # fmt: skip


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the application, without a network."""
    transport = httpx.ASGITransport(app=app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as made:
        yield made


@pytest.fixture(scope="session")
def houses(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    settings: Settings,
    keyring: Keyring,
) -> Iterator[Houses]:
    """The applications that tests share."""

    def build_one(backend: str) -> House:
        import asyncio

        clock, text = Clock(), TextMessages()
        opened: Engine
        if backend == "sqlite":
            path = tmp_path_factory.mktemp("house") / "daoyi.sqlite3"
            path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
            opened = SqliteEngine(path, keyring)
        else:
            template = request.getfixturevalue("postgres_template")
            opened = PostgresEngine(request.getfixturevalue("postgres").url(template), keyring)
        made = build(
            settings, clock=clock, engine=opened, content=request.getfixturevalue("content"),
            matcher=request.getfixturevalue("matcher"), facts=request.getfixturevalue("demonstration"),
            channels={TextMessages.name: text},
        )  # fmt: skip
        return House(asyncio.run(made), opened.sql, clock, text)

    opened = Houses(build_one)
    yield opened
    opened.close()


@pytest.fixture
def house(houses: Houses, backend: str) -> House:
    """The shared application on one database, without any conversation; nothing ticks."""
    found = houses.on(backend)
    found.clock.now = Clock().now
    return found


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the shared application, without a network."""
    transport = httpx.ASGITransport(app=house.app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as made:
        yield made


@pytest.fixture
def world(house: House, web: httpx.AsyncClient) -> Iterator[World]:
    """The hospital at work, with its cast."""
    made = World(house.app, web, house.clock, house.text)
    yield made
    made.leave()


@pytest.fixture(scope="session")
def new_data(tmp_path_factory: pytest.TempPathFactory, learnt: Path) -> Callable[[], Path]:
    """A function that makes a data folder for a process of its own; it need not learn first."""

    def make() -> Path:
        folder = tmp_path_factory.mktemp("data")
        shutil.copytree(learnt, folder / "learnt")
        return folder

    return make


@pytest.fixture(scope="session")
def live_server(new_data: Callable[[], Path]) -> Iterator[LiveServer]:
    """A real server process on the demonstration hospital and a SQLite file."""
    with LiveServer(new_data()) as server:
        yield server
