"""What is said later reaches the page: by stream, resumed, nothing missing, nothing twice (I-17)."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bot.errors import StoreError
from bot.store.db import Engine, Tx
from tests.helpers.house import House
from tests.helpers.stream import Stream
from tests.helpers.world import PATIENTS, STAFF, ChatPage, World

LIN = PATIENTS["小林"]


def after(page: ChatPage, last: object) -> dict[str, str]:
    return {**page.headers, "Last-Event-ID": str(last)}


async def texts(page: ChatPage) -> list[dict[str, Any]]:
    answer = await page.http.get("/webchat/messages?after=0", headers=page.headers)
    replies: list[dict[str, Any]] = answer.json()["replies"]
    return replies


async def test_answers_and_staff_arrive_by_stream(world: World, house: House) -> None:
    page = await world._page(LIN)
    async with Stream.open(house.app.http, page.headers) as stream:
        assert stream.status == 200
        said = await world.says(LIN, "webchat", "人工")
        assert [e["text"] for e in await stream.events(2)] == [w.text for w in said]
        await world.claims(STAFF["李护士"], LIN, "webchat")
        await world.replies(STAFF["李护士"], LIN, "webchat", "您好，我是小李。")
        first, second = await stream.events(2)
        assert (first["kind"], second["kind"]) == ("notice", "staff")
        assert second["text"] == "您好，我是小李。"
        assert await stream.is_quiet()


async def test_a_page_that_comes_back_misses_nothing_and_hears_nothing_twice(
    page: ChatPage, house: House
) -> None:
    for words in ("停车多少钱", "阿莫西灵多少钱", "1", "谢谢", "我胸口疼得厉害，喘不上气"):
        await page.post(words)
    everything = await texts(page)
    for place, reply in enumerate([{"id": "0"}, *everything]):
        async with Stream.open(house.app.http, after(page, reply["id"])) as stream:
            rest = everything[place:]
            assert await stream.events(len(rest)) == rest
            assert await stream.is_quiet(0.02)


async def test_broken_off_at_any_place_the_whole_is_heard_once(
    page: ChatPage, house: House
) -> None:
    heard: list[dict[str, Any]] = []
    last: object = "0"
    for number in range(6):
        async with Stream.open(house.app.http, after(page, last)) as stream:
            for word in ("谢谢", "停车多少钱")[: 1 + number % 2]:
                await page.post(word)
            heard += await stream.events(1)  # and breaks off, whatever else was on its way
            last = heard[-1]["id"]
    async with Stream.open(house.app.http, after(page, last)) as stream:
        everything = await texts(page)
        heard += await stream.events(len(everything) - len(heard))
    assert heard == everything


async def test_a_page_that_names_nothing_hears_from_now_on(page: ChatPage, house: House) -> None:
    await page.post("停车多少钱")
    async with Stream.open(house.app.http, page.headers) as stream:
        assert await stream.is_quiet(0.05)
        (said,) = await page.post("谢谢")
        (heard,) = await stream.events(1)
        assert heard["text"] == said.text


async def test_a_stream_opened_before_the_first_word_hears_the_answer(
    page: ChatPage, house: House
) -> None:
    async with Stream.open(house.app.http, page.headers) as stream:
        await asyncio.sleep(0.05)
        said = await page.post("停车多少钱")
        assert [e["text"] for e in await stream.events(2)] == [worded.text for worded in said]


async def test_nobody_hears_what_another_is_told(
    page: ChatPage, web: httpx.AsyncClient, house: House
) -> None:
    """I7."""
    other = await ChatPage.open(web)
    await other.post("谢谢")
    async with Stream.open(house.app.http, after(other, 0)) as stream:
        own = await stream.events(2)
        await page.post("停车多少钱")
        assert await stream.is_quiet()
        assert all("停车" not in event["text"] for event in own)


@pytest.mark.parametrize(
    "last",
    [
        "",
        " ",
        "x",
        "-1",
        "1.5",
        "1e3",
        "١٢",
        "0x10",
        "9" * 19,
        "9" * 4_000,
        "1\t2",
        "²",
        "null",
        "NaN",
        "ÿ",
    ],
    ids=lambda last: f"{last[:8]!a} {len(last)}",
)
async def test_a_last_event_id_that_is_none_of_ours_is_no_error(
    page: ChatPage, house: House, last: str
) -> None:
    await page.post("谢谢")
    headers = {**page.headers, "Last-Event-ID": last.encode("utf-8").decode("latin-1")}
    async with Stream.open(house.app.http, headers) as stream:
        assert stream.status == 200
        assert await stream.is_quiet(0.03)
        (said,) = await page.post("再见")
        assert (await stream.events(1))[0]["text"] == said.text


async def test_what_is_said_while_the_page_reads_is_heard_at_once(
    page: ChatPage, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at the next heartbeat: the page listens before it reads."""
    await page.post("谢谢")
    engine: Engine = house.app.engine
    read = engine.read
    said: list[bool] = []

    async def slow(op: Callable[[Tx], Any]) -> Any:
        result = await read(op)
        if not said:
            said.append(True)
            monkeypatch.setattr(engine, "read", read)
            await page.post("再见")
        return result

    async with Stream.open(house.app.http, after(page, 10**17)) as stream:
        assert await stream.is_quiet(0.05)
    last = (await texts(page))[-1]["id"]
    monkeypatch.setattr(engine, "read", slow)
    async with Stream.open(house.app.http, after(page, last)) as stream:
        (heard,) = await stream.events(1)
        assert "再见" in heard["text"]


async def test_when_the_server_stops_streams_end(house: House, page: ChatPage) -> None:
    feed = house.app.feed
    async with Stream.open(house.app.http, page.headers) as stream:
        await asyncio.sleep(0.02)
        try:
            feed.close()
            while (event := await stream.event()) is not None:
                assert event
        finally:
            feed.closed = False


async def test_when_the_database_goes_the_stream_ends_and_the_page_comes_back(
    house: House, page: ChatPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await page.post("谢谢")

    async def gone(_: object) -> None:
        raise StoreError("the database cannot be reached")

    with monkeypatch.context() as broken:
        broken.setattr(house.app.engine, "read", gone)
        async with Stream.open(house.app.http, after(page, 0)) as stream:
            assert stream.status == 200
            assert await stream.event() is None
    async with Stream.open(house.app.http, after(page, 0)) as stream:
        assert await stream.events(2) == await texts(page)


@pytest.mark.parametrize("path", ["/webchat/stream", "/webchat/messages", "/webchat/history"])
async def test_without_a_token_nothing_is_read(web: httpx.AsyncClient, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer x.y"}, {"Authorization": "Bearer"}):
        assert (await web.get(path, headers=headers)).status_code == 401


async def test_history_is_the_whole_conversation_both_sides_in_order(
    world: World, web: httpx.AsyncClient
) -> None:
    for words in ("停车多少钱", "人工"):
        await world.says(LIN, "webchat", words)
    await world.claims(STAFF["李护士"], LIN, "webchat")
    await world.hears(LIN, "webchat")
    await world.says(LIN, "webchat", "在吗")
    await world.replies(STAFF["李护士"], LIN, "webchat", "在的。")
    page = await world._page(LIN)
    lines = (await web.get("/webchat/history", headers=page.headers)).json()["messages"]
    assert [(line["from"], line["kind"]) for line in lines] == [
        ("patient", ""), ("bot", "notice"), ("bot", "answer"),
        ("patient", ""), ("bot", "notice"), ("bot", "notice"),
        ("patient", ""), ("staff", "staff"),
    ]  # fmt: skip
    assert [line["text"] for line in lines if line["from"] == "patient"] == [
        "停车多少钱",
        "人工",
        "在吗",
    ]
    assert [line["id"] for line in lines if line["from"] == "patient"] == ["m1", "m2", "m3"]
    spoken = [line["id"] for line in lines if line["from"] != "patient"]
    assert spoken == [reply["id"] for reply in await texts(page)]


async def test_history_before_the_first_word_is_empty(
    page: ChatPage, web: httpx.AsyncClient
) -> None:
    assert (await web.get("/webchat/history", headers=page.headers)).json() == {"messages": []}
    assert await texts(page) == []
