"""A hospital with two platforms of its own: one that waits for the reply, one that is sent it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import httpx
import pytest

from bot.app import App, Content, build
from bot.hospital.model import Hospital
from bot.messages import inbox, outbox
from bot.settings import Limits as Flood
from bot.settings import Settings
from bot.store.keyring import Keyring
from bot.store.postgres import PostgresEngine
from bot.store.sqlite import SqliteEngine
from intents.match import Matcher
from tests.conftest import Clock
from tests.helpers.house import House
from tests.helpers.platforms import Phone, ScriptedPlatform, SlowHospital, passive
from tests.helpers.world import Moving, TextMessages

#: The flood limit remembers who wrote: nobody here writes in two tests.
_USERS = count(1)


@dataclass(slots=True)
class Ward:
    """An application of its own with two platforms."""

    app: App
    store: SlowHospital
    http: httpx.AsyncClient
    passive: ScriptedPlatform
    push: ScriptedPlatform
    clock: Moving
    number: int

    @property
    def waiting_phone(self) -> Phone:
        """A phone whose platform takes the reply in its request's answer."""
        return Phone(self.http, "/hooks/passive/main", f"u{self.number}")

    @property
    def pushed_phone(self) -> Phone:
        """A phone whose platform is sent every reply."""
        return Phone(self.http, "/hooks/push/main", f"u{self.number}")

    def later(self, **how: float) -> None:
        """Move the clock by a `timedelta` given in words."""
        self.clock.now += timedelta(**how)

    async def settle(self) -> None:
        """Let every turn end, and send what is due."""
        await self.app.turns.finish()
        while await self.app.delivery.drain():
            pass

    async def counts(self) -> dict[str, int]:
        """Return how many messages of patients there are in each state."""
        return await self.app.engine.read(inbox.counts)

    async def outgoing(self) -> dict[str, int]:
        """Return how many messages of ours there are in each state."""
        return await self.app.engine.read(outbox.counts)


@pytest.fixture(scope="module")
def wards(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    settings: Settings,
    keyring: Keyring,
    content: Content,
    matcher: Matcher,
    demonstration: Hospital,
) -> Iterator[dict[str, tuple[House, SlowHospital]]]:
    """One application a database for all tests here; each has phones of its own."""
    strict = replace(
        settings, limits=Flood(flood=5, flood_seconds=3_600),
        server=replace(settings.server, public_url="https://bot.example.org/"),
    )  # fmt: skip

    def open_one(backend: str) -> tuple[House, SlowHospital]:
        opened: SqliteEngine | PostgresEngine
        if backend == "sqlite":
            path = tmp_path_factory.mktemp("ward") / "daoyi.sqlite3"
            path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
            opened = SqliteEngine(path, keyring)
        else:
            template = request.getfixturevalue("postgres_template")
            opened = PostgresEngine(request.getfixturevalue("postgres").url(template), keyring)
        store, clock = SlowHospital(opened), Clock()
        channels = {
            "passive/main": passive(), "push/main": ScriptedPlatform("push"),
            "sms/main": ScriptedPlatform("sms", provider="kannel"),
        }  # fmt: skip
        app = build(
            strict, clock=clock, engine=store, content=content, matcher=matcher,
            facts=demonstration, channels=channels,
        )  # fmt: skip
        return House(asyncio.run(app), opened.sql, clock, TextMessages()), store

    known: dict[str, tuple[House, SlowHospital]] = {}
    for backend in ("sqlite", "postgresql"):
        known[backend] = open_one(backend)
    yield known
    for house, _ in known.values():
        asyncio.run(house.app.engine.close())


@pytest.fixture
async def ward(wards: dict[str, tuple[House, SlowHospital]], backend: str) -> AsyncIterator[Ward]:
    house, store = wards[backend]
    house.sweep()
    house.clock.now = Clock().now
    store.renew()
    slow, push = (house.app.channels[f"{name}/main"] for name in ("passive", "push"))
    assert isinstance(slow, ScriptedPlatform)
    assert isinstance(push, ScriptedPlatform)
    slow.renew()
    push.renew()
    transport = httpx.ASGITransport(app=house.app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Ward(house.app, store, http, slow, push, house.clock, next(_USERS))
        store.open()
        await house.app.turns.finish()
