"""A desk with two nurses and a supervisor, and a patient in front of it."""

import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlmodel import select

from bot.app import App
from bot.console import auth
from bot.message import Address
from bot.messages import history
from bot.store.db import Tx
from bot.store.tables import Audit, Staff
from tests.conftest import Clock
from tests.helpers.house import House
from tests.helpers.world import ChatPage

PASSWORD = "a long enough password"
ORIGIN = "http://127.0.0.1"
_WEEKS, _BROWSERS = count(1), count(1)
COLLEAGUES = (
    ("nurse.li", "李护士", "agent"),
    ("nurse.wang", "王护士", "agent"),
    ("chen", "陈主任", "supervisor"),
    ("tired", "困护士", "agent"),
)
CHEST_PAIN = "我胸口压着疼，喘不上气，浑身冒冷汗"


@dataclass
class Browser:
    """Somebody at the console: keeps cookies, and sends forms as a browser does."""

    http: httpx.AsyncClient
    last: httpx.Response | None = field(default=None)

    async def get(self, path: str, **how: Any) -> httpx.Response:
        self.last = await self.http.get(path, **how)
        return self.last

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """Send a form with the token of the page that was seen last."""
        token = hidden(self.last, "csrf") if self.last else ""
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        return await self.http.post(path, data={"csrf": token, **fields}, headers=headers)

    async def sign_in(self, username: str, password: str = PASSWORD) -> httpx.Response:
        await self.get("/console/login")
        answer = await self.send("/console/login", username=username, password=password)
        if answer.status_code == httpx.codes.SEE_OTHER:
            await self.get("/console")
        return answer

    async def open(self, conversation_id: int) -> httpx.Response:
        return await self.get(f"/console/conversations/{conversation_id}")

    async def do(self, action: str, conversation_id: int, **fields: str) -> httpx.Response:
        """Press a button of a conversation, with what its form carries."""
        return await self.send(f"/console/conversations/{conversation_id}/{action}", **fields)

    async def claim(self, conversation_id: int) -> httpx.Response:
        """Claim the case that the queue shows."""
        return await self.do("claim", conversation_id, **await self.claim_form(conversation_id))

    async def claim_form(self, conversation_id: int) -> dict[str, str]:
        """Look at the queue; return what its form for claiming a case carries."""
        page = (await self.get("/console")).text
        form = page.partition(f"/console/conversations/{conversation_id}/claim")[2]
        return {name: hidden(form, name) for name in ("case", "seen")}


def hidden(page: httpx.Response | str | None, name: str) -> str:
    """Return a hidden field of a page, the first of that name."""
    text = page.text if isinstance(page, httpx.Response) else page or ""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    return html.unescape(found[1]) if found else ""


def text_of(page: httpx.Response) -> str:
    """Return what a page says, without its tags."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text)))


def routes_of(http: FastAPI) -> list[tuple[str, str]]:
    """Return (method, path) of every route under /console, ids not filled in."""
    found = [
        (method, route.path)
        for route in http.routes
        if isinstance(route, APIRoute) and route.path.startswith("/console")
        for method in sorted(route.methods or ())
    ]
    assert len(found) > 10, "the route table could not be read"
    return found


def filled(path: str, conversation_id: int = 1) -> str:
    for name in (
        "conversation_id",
        "clinic_id",
        "appointment_id",
        "call_id",
        "patient_id",
        "plan_id",
        "task_id",
    ):
        path = path.replace(f"{{{name}}}", str(conversation_id))
    return path.replace("{rest:path}", "nowhere")


@pytest.fixture
def clock(house: House) -> Clock:
    """Return the shared application's clock, in a week of its own: no test sees another's past."""
    assert isinstance(house.clock, Clock)
    house.clock.now = Clock().now + timedelta(weeks=next(_WEEKS))
    return house.clock


@pytest.fixture
def app(house: House, clock: Clock) -> Iterator[App]:
    """Return the shared application; it is the audit that stays, and the tries to sign in."""
    assert house.clock is clock
    yield house.app
    house.app.feed.closed = False


@pytest.fixture
def client(web: httpx.AsyncClient, app: App) -> httpx.AsyncClient:
    """Return an HTTP client of the shared application."""
    assert app is not None
    return web


@pytest.fixture(scope="session")
def hashed() -> str:
    """Hash everybody's password once."""
    return auth._HASHER.hash(PASSWORD)


@pytest.fixture
async def employed(app: App, clock: Clock, hashed: str) -> None:
    """Make the accounts of everybody who works here."""

    def work(tx: Tx) -> None:
        with tx.session() as session:
            for username, name, role in COLLEAGUES:
                session.add(
                    Staff(
                        username=username,
                        display_name=name,
                        role=role,
                        password_hash=hashed,
                        created_at=clock(),
                    )
                )

    await app.engine.write(work)


@pytest.fixture
async def browse(app: App, employed: None) -> AsyncIterator[Callable[[], Browser]]:
    """Return what opens another browser, with no cookies yet."""
    assert employed is None
    opened: list[httpx.AsyncClient] = []

    def browser() -> Browser:
        transport = httpx.ASGITransport(app=app.http, client=(f"browser-{next(_BROWSERS)}", 1))
        opened.append(httpx.AsyncClient(transport=transport, base_url=ORIGIN))
        return Browser(opened[-1])

    yield browser
    for http in opened:
        await http.aclose()


@pytest.fixture
async def li(browse: Callable[[], Browser]) -> Browser:
    """Nurse Li, signed in."""
    browser = browse()
    await browser.sign_in("nurse.li")
    return browser


@pytest.fixture
async def wang(browse: Callable[[], Browser]) -> Browser:
    """Nurse Wang, signed in."""
    browser = browse()
    await browser.sign_in("nurse.wang")
    return browser


@pytest.fixture
async def patient(client: httpx.AsyncClient) -> ChatPage:
    """Somebody with the chat page open."""
    return await ChatPage.open(client)


@pytest.fixture
def number_of(app: App) -> Callable[[ChatPage], Awaitable[int]]:
    """Return what finds the conversation of a patient."""

    async def number(patient: ChatPage) -> int:
        address = Address("webchat", "main", patient.user)
        found = await app.engine.read(lambda tx: history.conversation_of(tx, address))
        assert found is not None
        return found

    return number


@pytest.fixture
async def waiting(patient: ChatPage, number_of: Callable[[ChatPage], Awaitable[int]]) -> int:
    """Open a conversation whose patient asks for a person."""
    await patient.post("停车多少钱")
    await patient.post("人工")
    return await number_of(patient)


@pytest.fixture
async def flagged(patient: ChatPage, number_of: Callable[[ChatPage], Awaitable[int]]) -> int:
    """Open a conversation with an alarm; the bot holds it."""
    await patient.post(CHEST_PAIN)
    return await number_of(patient)


@pytest.fixture
async def private(patient: ChatPage, number_of: Callable[[ChatPage], Awaitable[int]]) -> int:
    """Open a conversation that is in nobody's queue."""
    await patient.post("停车多少钱")
    return await number_of(patient)


@pytest.fixture
async def audited(app: App) -> Callable[[], Awaitable[list[tuple[str, str, int | None]]]]:
    """Return what reads (actor, action, conversation) of this test's audit rows, oldest first."""

    def rows(tx: Tx) -> list[tuple[int | None, tuple[str, str, int | None]]]:
        with tx.session() as session:
            found = session.exec(select(Audit).order_by(Audit.id)).all()  # type: ignore[arg-type]
            return [(row.id, (row.actor, row.action, row.conversation_id)) for row in found]

    before = {number for number, _ in await app.engine.read(rows)}

    async def read() -> list[tuple[str, str, int | None]]:
        return [row for number, row in await app.engine.read(rows) if number not in before]

    return read
