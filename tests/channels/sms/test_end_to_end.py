"""The whole application behind a real Kannel: a text message comes in, its answer goes out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count

import httpx
import pytest
from sqlmodel import select

from bot.app import App, Content, build
from bot.channels.base import HookAnswer, HookRequest, Tools
from bot.hospital.model import Hospital
from bot.settings import Settings
from bot.store.db import Engine, Tx
from bot.store.tables import Inbox, Outbox
from intents.match import Matcher
from tests.channels.sms.conftest import PASSWORD, Gateway
from tests.channels.sms.scripted import Asked, Says, Scripted
from tests.channels.sms.shared import SECRET, opened
from tests.conftest import Clock
from tests.helpers import letters

_NUMBERS = count(8613800001000)
OURS = "10690000"


class Front:
    """The application's own hook, as its server would serve it.

    Attributes:
        away: so many posts get 503, as while the database is away.
        statuses: what the application answered.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.statuses: list[int] = []
        self.away = 0
        transport = httpx.ASGITransport(app=app.http)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1")

    async def take(self, request: HookRequest) -> HookAnswer:
        """Hand a post of Kannel's to the application."""
        if self.away:
            self.away -= 1
            return HookAnswer(b"", "text/plain", 503)
        path = "/" + request.url.split("/", 3)[3]
        answer = await self._client.request(
            request.method, path, content=request.body, headers=dict(request.headers)
        )
        self.statuses.append(answer.status_code)
        return HookAnswer(answer.content, "text/plain", answer.status_code)

    async def heard(self) -> list[str]:
        """What patients wrote, as it is stored."""

        def read(tx: Tx) -> list[str]:
            with tx.session() as session:
                return [str(row.body["text"]) for row in session.exec(select(Inbox))]

        return await self.app.engine.read(read)

    async def said(self) -> list[tuple[str, str | None]]:
        """State and progress of every message of ours, oldest first."""

        def read(tx: Tx) -> list[tuple[str, str | None]]:
            with tx.session() as session:
                rows = session.exec(select(Outbox).order_by(Outbox.id))  # type: ignore[arg-type]
                return [(row.state, row.progress) for row in rows]

        return await self.app.engine.read(read)

    async def until(self, *wanted: tuple[str, str | None]) -> None:
        """Wait until the outbox is so."""
        async with asyncio.timeout(30):
            while await self.said() != list(wanted):  # noqa: ASYNC110  (the database tells nobody)
                await asyncio.sleep(0.05)


@pytest.fixture
def number() -> str:
    """A phone that nobody used before."""
    return f"+{next(_NUMBERS)}"


Make = Callable[[], Awaitable[Front]]


@pytest.fixture
async def make(
    gateway: Gateway,
    scripted: Scripted,
    engine: Engine,
    settings: Settings,
    clock: Clock,
    content: Content,
    matcher: Matcher,
    demonstration: Hospital,
) -> AsyncIterator[Make]:
    """Return what starts the application on one database; between it and Kannel is `scripted`."""
    scripted.live = passing_on(gateway)
    config = {
        "provider": "kannel", "api_base_url": scripted.base, "username": "daoyi", "sender": OURS,
        "callback_url": gateway.hook.base, "timeout": 5.0,
    }  # fmt: skip
    tools = Tools(clock, "config.toml", region="CN")

    async def made() -> Front:
        channel = opened(config, {"password": PASSWORD, "hook_secret": SECRET}, tools)
        app = await build(
            settings, clock=clock, engine=engine, content=content, matcher=matcher,
            facts=demonstration, channels={"sms/main": channel},
        )  # fmt: skip
        front = Front(app)
        gateway.hook.handled_by(front.take)
        return front

    await gateway.taken(0)
    yield made
    gateway.hook.reset()


@pytest.fixture
async def opening(make: Make) -> AsyncIterator[Front]:
    """The application with its account of text messages, sending."""
    front = await make()
    async with letters.running(front.app.delivery):
        yield front
        await front.app.turns.finish()


def passing_on(gateway: Gateway, *, lose: int = 0, hang: bool = False) -> "Passing":
    """Return what hands requests to Kannel; answers are lost on the way back, or never come."""
    return Passing(gateway, lose, hang)


class Passing:
    """A line to Kannel that loses answers, never questions."""

    def __init__(self, gateway: Gateway, lose: int, hang: bool) -> None:
        self._gateway = gateway
        self._lose = lose
        self._hang = hang

    def __call__(self, asked: Asked) -> Says:
        """Pass one request on."""
        headers = {
            k: v for k, v in asked.headers.items() if k.startswith(("x-kannel", "content-type"))
        }
        answer = httpx.post(self._gateway.url + asked.path, headers=headers, content=asked.body)
        if self._hang:
            return Says(hang=True)
        if self._lose:
            self._lose -= 1
            return Says(0)
        return Says(answer.status_code, answer.text)


async def test_a_question_comes_in_and_its_answer_goes_out(
    gateway: Gateway, opening: Front, number: str
) -> None:
    await gateway.order("say", **{"from": number, "to": OURS, "text": "停车多少钱"})
    taken = await gateway.taken(1)
    assert {message["to"] for message in taken} == {number.removeprefix("+")}
    assert "停车" in "".join(message["text"] for message in taken)
    assert await opening.heard() == ["停车多少钱"]
    first = next(message for message in taken if message["receipt"])
    await gateway.order("report", id=first["id"])
    await opening.until(("sent", "delivered"))
    assert set(opening.statuses) == {200}


async def test_what_could_not_be_stored_comes_again_and_is_answered_once(
    gateway: Gateway, opening: Front, number: str
) -> None:
    opening.away = 2
    await gateway.order("say", **{"from": number, "to": OURS, "text": "停车多少钱"})
    await gateway.taken(1)
    await opening.until(("sent", "sent"))
    assert await opening.heard() == ["停车多少钱"]


async def test_a_lost_answer_is_settled_by_its_receipt_and_never_sent_twice(
    gateway: Gateway, opening: Front, scripted: Scripted, number: str
) -> None:
    scripted.live = passing_on(gateway, lose=1)
    await gateway.order("say", **{"from": number, "to": OURS, "text": "停车多少钱"})
    taken = await gateway.taken(1)
    await opening.until(("sent", "sent"))
    first = next(message for message in taken if message["receipt"])
    await gateway.order("report", id=first["id"])
    await opening.until(("sent", "delivered"))
    assert len(scripted.asked) == 1


async def test_a_process_that_dies_while_sending_sends_nothing_twice(
    gateway: Gateway, make: Make, scripted: Scripted, number: str
) -> None:
    scripted.live = passing_on(gateway, hang=True)
    first = await make()
    async with letters.running(first.app.delivery):
        await gateway.order("say", **{"from": number, "to": OURS, "text": "停车多少钱"})
        taken = await gateway.taken(1)  # the operator has it; we never hear that it was taken
    await first.app.turns.finish()
    second = await make()
    await second.app.delivery.recover(alone=True)
    async with letters.running(second.app.delivery):
        part = next(message for message in taken if message["receipt"])
        await gateway.order("report", id=part["id"])
        await second.until(("sent", "delivered"))
    assert len(scripted.asked) == 1


async def test_what_is_not_kannels_is_refused_and_not_stored(opening: Front) -> None:
    url = "http://127.0.0.1:1/hooks/sms/kannel/main?secret=of-somebody-else&id=1&from=%2B8613800000001&text=1"
    answer = await opening.take(HookRequest("main", b"", method="GET", url=url))
    assert answer.status == 403
    assert await opening.heard() == []


async def test_another_provider_is_no_door(opening: Front) -> None:
    url = f"http://127.0.0.1:1/hooks/sms/twilio/main?secret={SECRET}&id=1"
    assert (await opening.take(HookRequest("main", b"", method="GET", url=url))).status == 404
