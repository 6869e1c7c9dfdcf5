"""The account's token: one task fetches it for all, early, and never more often than it helps."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bench.standins.wechat import Wechat as StandIn
from bot.channels.wechat import Wechat
from bot.errors import NeedsOperator, TryLater
from tests.conftest import Clock
from tests.helpers.wechat import NOW, SECRET, USER, channel, error_of, letter

SEND = "message/custom/send"


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_that_stays_dead_costs_three_calls_and_never_more(
    code: int, account: Wechat, stand_in: StandIn
) -> None:
    """Wechatpy made 971 here."""
    await account.send(letter())
    stand_in.platform.calls.clear()
    stand_in.platform.errors[SEND] = code
    assert isinstance(await error_of(account), NeedsOperator)
    assert stand_in.platform.calls == [SEND, "stable_token", SEND]


async def test_a_token_that_died_is_renewed_and_the_message_goes(
    account: Wechat, stand_in: StandIn
) -> None:
    await account.send(letter())
    stand_in.faults.token_expired = True
    stand_in.platform.calls.clear()
    await account.send(letter("还在吗"))
    assert stand_in.platform.calls == [SEND, "stable_token", SEND]
    await account.send(letter("在"))
    assert stand_in.platform.calls[3:] == [SEND]
    assert [shown.text for shown in stand_in.screen(USER)] == ["您好", "还在吗", "在"]


async def test_fifty_at_once_with_a_cold_token_fetch_one(
    account: Wechat, stand_in: StandIn
) -> None:
    stand_in._windows[USER] = NOW.timestamp() + 3600, 100
    await asyncio.gather(*(account.send(letter(f"{n}", id=n)) for n in range(50)))
    assert stand_in.platform.calls.count("stable_token") == 1
    assert len(stand_in.screen(USER)) == 50


async def test_fifty_at_once_with_a_dead_token_fetch_one(
    account: Wechat, stand_in: StandIn
) -> None:
    stand_in._windows[USER] = NOW.timestamp() + 3600, 100
    await account.send(letter())
    stand_in.faults.token_expired = True
    await asyncio.gather(*(account.send(letter(f"{n}", id=n)) for n in range(50)))
    assert stand_in.platform.calls.count("stable_token") == 2
    assert len(stand_in.screen(USER)) == 51


async def test_fifty_at_once_share_the_failure_of_one(account: Wechat, stand_in: StandIn) -> None:
    stand_in.platform.errors["stable_token"] = 40164
    sends = [account.send(letter(id=n)) for n in range(50)]
    errors = await asyncio.gather(*sends, return_exceptions=True)
    assert {type(error) for error in errors} == {NeedsOperator}
    assert stand_in.platform.calls == ["stable_token"]
    del stand_in.platform.errors["stable_token"]
    await account.send(letter())


async def test_a_token_is_renewed_five_minutes_early_and_by_our_clock(
    account: Wechat, stand_in: StandIn, clock: Clock
) -> None:
    stand_in._windows[USER] = NOW.timestamp() + 10**6, 100
    await account.send(letter())
    clock.now += timedelta(seconds=7_200 - 301)
    await account.send(letter())
    assert stand_in.platform.calls.count("stable_token") == 1
    clock.now += timedelta(seconds=2)
    await account.send(letter())
    assert stand_in.platform.calls.count("stable_token") == 2
    assert len(stand_in.screen(USER)) == 3


async def test_a_token_of_short_life_is_not_fetched_for_every_message() -> None:
    fetched = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal fetched
        fetched += request.url.path.endswith("stable_token")
        return httpx.Response(200, json={"access_token": "t", "expires_in": 120, "errcode": 0})

    account = channel(transport=httpx.MockTransport(handle))
    for _ in range(3):
        await account.send(letter())
    assert fetched == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"errcode": 40013, "errmsg": "invalid appid"}, NeedsOperator),
        ({"errcode": 40125}, NeedsOperator),
        ({"errcode": -1}, TryLater),
        ({"access_token": "", "expires_in": 7200}, TryLater),
        ({"access_token": 7, "expires_in": 7200}, TryLater),
        ({"access_token": "x"}, TryLater),
        ({}, TryLater),
        (httpx.ReadTimeout("slow"), TryLater),
        (httpx.Response(200, text="<html>"), TryLater),
        (httpx.Response(504), TryLater),
        (httpx.Response(500), TryLater),
        (httpx.ConnectError("gone"), TryLater),
    ],
    ids=str,
)
async def test_without_a_token_nothing_was_sent_for_certain(answer: Any, kind: type) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/cgi-bin/stable_token"
        asked = json.loads(request.content)
        assert asked == {
            "grant_type": "client_credential",
            "appid": "wx0000000000000001",
            "secret": SECRET,
        }
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    assert type(await error_of(channel(transport=httpx.MockTransport(handle)))) is kind
