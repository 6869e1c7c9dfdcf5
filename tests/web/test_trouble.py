"""A flood is slowed, a database may go away: emergencies are answered all the same (I5)."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import httpx
import pytest

from bot.app import App, Content, build
from bot.errors import StoreError
from bot.hospital.model import Hospital
from bot.messages import inbox
from bot.settings import Limits, Settings
from bot.store.db import Engine, Tx
from bot.store.keyring import Keyring
from intents.match import Matcher
from tests.conftest import Clock
from tests.helpers.world import ChatPage
from tests.web.conftest import ALARM, body

T = TypeVar("T")


class Fragile:
    """An engine whose database can be taken away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name: str = engine.name
        self.keyring: Keyring = engine.keyring
        self.gone = False

    async def write(self, op: Callable[[Tx], T]) -> T:
        self._check()
        return await self._engine.write(op)

    async def read(self, op: Callable[[Tx], T]) -> T:
        self._check()
        return await self._engine.read(op)

    async def close(self) -> None:
        await self._engine.close()

    def _check(self) -> None:
        if self.gone:
            raise StoreError("the database cannot be reached")


@dataclass(slots=True)
class Ward:
    """An application of its own, with a low limit and a fragile database."""

    app: App
    store: Fragile
    http: httpx.AsyncClient


@pytest.fixture
async def ward(
    engine: Engine, settings: Settings, clock: Clock, content: Content, matcher: Matcher,
    demonstration: Hospital,
) -> AsyncIterator[Ward]:  # fmt: skip
    store = Fragile(engine)
    strict = replace(settings, limits=Limits(flood=5, flood_seconds=3_600))
    app = await build(
        strict, clock=clock, engine=store, content=content, matcher=matcher, facts=demonstration
    )
    transport = httpx.ASGITransport(app=app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Ward(app, store, http)


async def test_a_flood_is_slowed_others_are_served_and_its_red_flag_is_answered(ward: Ward) -> None:
    flooder, other = await ChatPage.open(ward.http), await ChatPage.open(ward.http)
    for _ in range(5):
        await flooder.post("停车多少钱")
    for number in range(20):
        answer = await ward.http.post(
            "/webchat/messages", content=body("停车多少钱", f"x{number}"), headers=flooder.headers
        )
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "3600"
        assert "replies" not in answer.json()
    assert "4元" in (await other.post("停车多少钱"))[-1].text
    urgent = await ward.http.post(
        "/webchat/messages", content=body(ALARM, "y"), headers=flooder.headers
    )
    assert urgent.status_code == 429
    (reply,) = urgent.json()["replies"]
    assert reply["kind"] == "emergency"
    assert "120" in reply["text"]
    assert await ward.app.engine.read(inbox.counts) == {"handled": 6}
    reading = await ward.http.get("/webchat/messages", headers=flooder.headers)
    assert reading.status_code == 200


async def test_without_a_database_it_says_so_and_an_emergency_is_answered(ward: Ward) -> None:
    page = await ChatPage.open(ward.http)
    await page.post("谢谢")
    ward.store.gone = True
    answer = await ward.http.post(
        "/webchat/messages", content=body("停车多少钱", "a"), headers=page.headers
    )
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json() == {"error": "the database cannot be reached"}
    for text, number in ((ALARM, "120"), ("I have crushing chest pain and can't breathe", "120")):
        urgent = await ward.http.post(
            "/webchat/messages", content=body(text, "b"), headers=page.headers
        )
        assert urgent.status_code == 503
        (reply,) = urgent.json()["replies"]
        assert (reply["kind"], number in reply["text"]) == ("emergency", True)
    for path in ("/webchat/messages", "/webchat/history"):
        assert (await ward.http.get(path, headers=page.headers)).status_code == 503
    assert (await ward.http.get("/healthz")).status_code == 200
    assert (await ward.http.get("/metrics")).status_code == 200
    assert (await ward.http.get("/chat")).status_code == 200
    ready = await ward.http.get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (503, "unavailable")
    ward.store.gone = False
    assert (await ward.http.get("/readyz")).status_code == 200
    again = await ward.http.post(
        "/webchat/messages", content=body("停车多少钱", "a"), headers=page.headers
    )
    assert "4元" in again.json()["replies"][-1]["text"], "sent again, it is answered"


async def test_a_database_lost_between_storing_and_answering_loses_nothing(
    ward: Ward, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await ChatPage.open(ward.http)
    write, writes = ward.store.write, 0

    async def once(op: Callable[[Tx], T]) -> T:
        nonlocal writes
        writes += 1
        ward.store.gone = writes > 1
        return await write(op)

    monkeypatch.setattr(ward.store, "write", once)
    answer = await ward.http.post(
        "/webchat/messages", content=body("停车多少钱", "a"), headers=page.headers
    )
    assert answer.status_code == 503
    monkeypatch.undo()
    ward.store.gone = False
    clock.move(seconds=10)
    await ward.app.turns.sweep()
    assert await ward.app.engine.read(inbox.counts) == {"handled": 1}
    assert "4元" in (await page.news())[-1].text
