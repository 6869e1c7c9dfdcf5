"""Channels with work of their own: what they poll is stored before it is confirmed; bugs restart."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from bot.app import App, Content, build
from bot.channels.base import Store
from bot.errors import StoreError
from bot.hospital.model import Hospital
from bot.leading import Leader
from bot.message import Address, Inbound, Kind
from bot.messages import inbox
from bot.settings import Settings
from bot.store.db import Engine
from bot.wiring import accounts
from intents.match import Matcher
from tests.conftest import Clock
from tests.helpers.platforms import ScriptedPlatform, SlowHospital
from tests.web.conftest import ALARM


class Polled(ScriptedPlatform):
    """A platform that is asked for its messages, confirmed once they are stored.

    Attributes:
        offered: what it still holds.
        bugs: raised by the next rounds of work, one each.
    """

    def __init__(self) -> None:
        super().__init__("polled")
        self.offered: list[Inbound] = []
        self.bugs: list[Exception] = []
        self.rounds = 0
        self.left = False
        self._news = asyncio.Condition()

    async def run(self, store: Store) -> None:
        """Hand over what is offered, again and again."""
        self.rounds += 1
        if self.bugs:
            raise self.bugs.pop(0)
        try:
            while True:
                async with self._news:
                    await self._news.wait_for(lambda: self.offered)
                    try:
                        await store(list(self.offered))
                    except StoreError:
                        await asyncio.sleep(0.01)
                    else:
                        self.offered.clear()
                        self._news.notify_all()
        finally:
            self.left = True

    async def offer(self, *texts: str) -> None:
        """Let patients write."""
        async with self._news:
            me = Address("polled", "main", "u1")
            self.offered += [Inbound(me, f"k{n}", text) for n, text in enumerate(texts)]
            self._news.notify_all()

    async def confirmed(self) -> None:
        """Wait until nothing is held any more."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: not self.offered)


@pytest.fixture
def store(engine: Engine) -> SlowHospital:
    return SlowHospital(engine)


@pytest.fixture
async def polled(monkeypatch: pytest.MonkeyPatch) -> Polled:
    monkeypatch.setattr(accounts, "_RESTARTS", (0.0,))
    return Polled()


@pytest.fixture
async def app(
    store: SlowHospital, settings: Settings, clock: Clock, content: Content, matcher: Matcher,
    demonstration: Hospital, polled: Polled,
) -> App:  # fmt: skip
    return await build(
        settings, clock=clock, engine=store, content=content, matcher=matcher, facts=demonstration,
        channels={"polled/main": polled},
    )  # fmt: skip


def kinds(polled: Polled) -> Sequence[Kind]:
    return [letter.worded.kind for letter in polled.sent]


async def sent(polled: Polled, number: int) -> None:
    async with asyncio.timeout(20):
        while len(polled.sent) < number:  # noqa: ASYNC110  (nobody tells when a message has left)
            await asyncio.sleep(0.01)


async def test_what_is_polled_is_stored_and_answered_and_leaving_ends_it(
    app: App, polled: Polled
) -> None:
    async with app.running():
        await polled.offer("停车多少钱", "谢谢")
        await polled.confirmed()
        assert sum((await app.engine.read(inbox.counts)).values()) == 2, "stored, then confirmed"
        await sent(polled, 3)
        assert "4元" in polled.texts[1]
    assert polled.left


async def test_a_channel_that_fails_begins_again_and_operators_see_it(
    app: App, polled: Polled
) -> None:
    polled.bugs = [KeyError("a patient's words"), ValueError("again")]
    async with app.running():
        await polled.offer("停车多少钱")
        await polled.confirmed()
        assert polled.rounds == 3
        assert app.accounts() == {"polled/main": "ready"}


async def test_a_channel_that_stopped_is_named_without_anything_of_a_message(
    app: App, polled: Polled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_RESTARTS", (3_600.0,))
    polled.bugs = [KeyError("a patient's words")]
    async with app.running():
        async with asyncio.timeout(20):
            while app.accounts() == {"polled/main": "ready"}:  # noqa: ASYNC110  (a task stops by itself)
                await asyncio.sleep(0.01)
        assert app.accounts() == {"polled/main": "stopped (KeyError), begins again"}


async def test_what_a_channel_notices_by_itself_is_where_operators_look(
    app: App, polled: Polled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll in trouble sends nothing, so nobody would hear of it otherwise."""
    told = [""]
    monkeypatch.setattr(polled, "trouble", lambda: told[0], raising=False)
    transport = httpx.ASGITransport(app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        for words, ready, gauge in (("polling: token", "polling: token", 0), ("", "ready", 1)):
            told[0] = words
            assert (await http.get("/readyz")).json()["polled/main"] == ready
            metrics = (await http.get("/metrics")).text
            line = f'daoyi_account_ready{{account="main",channel="polled"}} {gauge}.0'
            assert line in metrics


async def test_where_several_processes_share_a_database_one_polls(
    app: App, polled: Polled, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polled, "runs_alone", True, raising=False)
    another = Leader(app.engine, "polled/main", clock)
    async with app.running():
        await polled.offer("停车多少钱")
        await polled.confirmed()
        assert await another._holds() == (app.engine.name == "sqlite")


async def test_without_a_database_nothing_is_confirmed_and_an_emergency_is_answered_once(
    app: App, polled: Polled, store: SlowHospital
) -> None:
    async with app.running():
        store.gone = True
        await polled.offer(ALARM)
        await sent(polled, 1)
        assert polled.offered, "the platform still holds it"
        store.gone = False
        await polled.confirmed()
        await sent(polled, 2)
    assert kinds(polled) == [Kind.EMERGENCY, Kind.EMERGENCY], "from memory, then by its turn"
