"""The whole application on Telegram: a conversation, deaths in the middle, refusals, its pace."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bench.standins.base import Shown
from bench.standins.telegram import Telegram as Platform
from bot.app import App, Content, build
from bot.channels.telegram import Telegram
from bot.errors import StoreError
from bot.hospital.model import Hospital
from bot.message import Arrival
from bot.settings import Settings
from bot.store.db import Engine, Tx
from bot.store.tables import Conversation, Inbox, Outbox
from intents.match import Matcher
from tests.channels.telegram.shared import listening, opened, running, until
from tests.conftest import Clock

LI, WANG = "7000000001", "7000000002"
Opens = Callable[..., Telegram]


@pytest.fixture
def hospital(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    content: Content,
    matcher: Matcher,
    demonstration: Hospital,
) -> Callable[[Telegram], Any]:
    """A function that builds the application around a channel, on one database."""

    async def make(channel: Telegram) -> App:
        return await build(
            settings, clock=clock, engine=engine, content=content, matcher=matcher,
            facts=demonstration, channels={"telegram/main": channel},
        )  # fmt: skip

    return make


async def rows(engine: Engine, *columns: Any) -> list[Any]:
    def look(tx: Tx) -> list[Any]:
        with tx.session() as session:
            return list(session.execute(select(*columns)).all())

    return await engine.read(look)


def hears(platform: Platform, user: str = LI) -> list[Shown]:
    return [shown for shown in platform.screen(user) if shown.who == "hospital"]


async def delivered(app: App, clock: Clock, seconds: float = 15) -> None:
    """Send what is due, for so long."""
    for _ in range(int(seconds)):
        await app.delivery.drain()
        clock.move(seconds=1)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_conversation(platform: Platform, hospital: Any, clock: Clock, mode: str) -> None:
    """Asked, answered with buttons, tapped; the old button explains itself; a picture is asked about."""
    address = "http://127.0.0.1:9"
    app = await hospital(opened(platform.url, mode, address))
    channel = app.channels["telegram/main"]
    async with listening(app.http) as url:
        channel._hook = f"{url}/hooks/telegram/main"
        async with running(channel.run(app.arrived)):
            await platform.follow(LI)
            await platform.say(LI, "停车多少钱")
            await app.turns.finish()
            await delivered(app, clock)
            assert "4元" in hears(platform)[-1].text
            taps = [value for shown in hears(platform) for _, value in shown.buttons]
            assert "#person" in taps
            await platform.photo(LI)
            await platform.say(LI, "#person")
            await app.turns.finish()
            await delivered(app, clock)
            await until(lambda: not platform._queries)
    assert "人工" in hears(platform)[-1].text or "工作人员" in hears(platform)[-1].text
    assert platform._queue == []


async def test_a_death_between_storing_and_confirming_costs_and_doubles_nothing(
    platform: Platform, hospital: Any, engine: Engine, clock: Clock
) -> None:
    early = [
        asyncio.create_task(platform.say(LI, text)) for text in ("停车多少钱", "几点开门", "谢谢")
    ]
    await until(lambda: len(platform._queue) == 3)
    app = await hospital(opened(platform.url))
    stored = asyncio.Event()

    async def store_and_die(arrivals: Sequence[Arrival]) -> None:
        await app.arrived(arrivals)
        stored.set()
        await asyncio.Event().wait()

    async with running(app.channels["telegram/main"].run(store_and_die)):
        await stored.wait()
    assert len(platform._queue) == 3, "nothing was confirmed"
    await app.turns.finish()

    async with running(opened(platform.url).run(app.arrived)):
        await asyncio.gather(*early)
        await until(lambda: not platform._queue)
    await app.turns.finish()
    await delivered(app, clock)
    assert len(await rows(engine, Inbox.id)) == 3
    said = [shown.text for shown in hears(platform)]
    assert len(said) == len(await rows(engine, Outbox.id)) == len(set(said))


async def test_the_database_is_away_and_telegram_keeps_what_is_written(
    platform: Platform, hospital: Any, engine: Engine
) -> None:
    app = await hospital(opened(platform.url))
    away = [StoreError("away")] * 2

    async def store(arrivals: Sequence[Arrival]) -> None:
        if away:
            raise away.pop()
        await app.arrived(arrivals)

    async with running(app.channels["telegram/main"].run(store)):
        await platform.say(LI, "停车多少钱")
    await app.turns.finish()
    assert len(await rows(engine, Inbox.id)) == 1


async def test_whoever_blocks_the_bot_is_unreachable_until_she_writes(
    platform: Platform, hospital: Any, engine: Engine, clock: Clock
) -> None:
    app = await hospital(opened(platform.url))
    async with running(app.channels["telegram/main"].run(app.arrived)):
        await platform.say(LI, "停车多少钱")
        await app.turns.finish()
        platform.faults.blocked = True
        await delivered(app, clock)
        (row,) = await rows(engine, Conversation.unreachable_at)
        assert row.unreachable_at is not None
        assert {row.state for row in await rows(engine, Outbox.state)} == {"failed"}
        platform.faults.blocked = False
        await platform.say(LI, "几点开门")
        (row,) = await rows(engine, Conversation.unreachable_at)
        assert row.unreachable_at is None
        await platform.unfollow(LI)
        await app.turns.finish()
        (row,) = await rows(engine, Conversation.unreachable_at)
        assert row.unreachable_at is not None


async def test_flood_control_of_one_chat_stops_no_other(
    platform: Platform, hospital: Any, clock: Clock
) -> None:
    app = await hospital(opened(platform.url))
    async with running(app.channels["telegram/main"].run(app.arrived)):
        platform.refuse("sendMessage", 429, "Too Many Requests", chat=LI, more={"retry_after": 30})
        await platform.say(LI, "停车多少钱")
        await platform.say(WANG, "停车多少钱")
        await app.turns.finish()
        began = clock.now
        await delivered(app, clock, 10)
        assert hears(platform, LI) == []
        assert hears(platform, WANG)
        await delivered(app, clock, 40)
        assert hears(platform, LI)
        assert clock.now - began >= timedelta(seconds=30)


async def test_a_chat_that_moved_is_written_to_where_it_is_now(
    platform: Platform, hospital: Any, clock: Clock
) -> None:
    """Whether Telegram says so when asked to send, or before."""
    app = await hospital(opened(platform.url))
    async with running(app.channels["telegram/main"].run(app.arrived)):
        await platform.say(LI, "停车多少钱")
        await app.turns.finish()
        platform.migrate(LI, int(WANG))
        await delivered(app, clock)
    assert hears(platform, LI) == []
    assert hears(platform, WANG)


async def test_an_answer_lost_on_the_way_back_is_never_told_twice(
    platform: Platform, hospital: Any, engine: Engine, clock: Clock
) -> None:
    app = await hospital(opened(platform.url))
    async with running(app.channels["telegram/main"].run(app.arrived)):
        await platform.say(LI, "停车多少钱")
        await app.turns.finish()
        platform.refuse("sendMessage", 504, "Gateway Timeout", times=99)
        await delivered(app, clock, 3)
        platform._refusals.clear()
        await delivered(app, clock, 120)
    assert hears(platform) == []
    assert "unknown" in {row.state for row in await rows(engine, Outbox.state)}


async def test_two_senders_together_keep_the_pace_of_a_chat(
    platform: Platform, hospital: Any, clock: Clock
) -> None:
    """One message a second to one chat, over both processes; the clock stands while they send."""
    first, second = await hospital(opened(platform.url)), await hospital(opened(platform.url))
    async with running(first.channels["telegram/main"].run(first.arrived)):
        for text in ("停车多少钱", "几点开门", "怎么退号"):
            await platform.say(LI, text)
        await first.turns.finish()
        counts = []
        for _ in range(12):
            await asyncio.gather(first.delivery.drain(), second.delivery.drain())
            counts.append(len(hears(platform)))
            clock.move(seconds=1)
    steps = [after - before for before, after in zip([0, *counts], counts, strict=False)]
    assert max(steps) == 1
    assert counts[-1] >= 3


@pytest.mark.parametrize("header", [None, "wrong"])
async def test_a_post_without_the_secret_stores_nothing(
    hospital: Any, engine: Engine, header: str | None
) -> None:
    app = await hospital(opened(mode="webhook"))
    headers = {"X-Telegram-Bot-Api-Secret-Token": header} if header else {}
    transport = httpx.ASGITransport(app=app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.post("/hooks/telegram/main", json={"update_id": 1}, headers=headers)
    assert answer.status_code == 403
    assert await rows(engine, Inbox.id) == []
