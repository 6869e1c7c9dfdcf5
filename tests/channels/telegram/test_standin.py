"""Our own stand-in: scripted by us, so aiogram judges that it speaks as the Bot API does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.standins.bot_api import TOKEN
from bench.standins.telegram import SECRET
from bench.standins.telegram import Telegram as Platform
from tests.channels.telegram.shared import Judge, listening, until

LI = "7000000001"


@pytest.fixture
async def api(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{platform.url}/bot{TOKEN}/", trust_env=False) as http:
        yield http


async def call(api: httpx.AsyncClient, method: str, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.post(method, json=params)).json()
    return answer


async def test_every_result_is_what_the_bot_api_gives(
    platform: Platform, api: httpx.AsyncClient, judge: Judge
) -> None:
    below = {"inline_keyboard": [[{"text": "停车", "callback_data": "#1.1"}]]}
    none: dict[str, Any] = {"inline_keyboard": []}
    for method, params in (
        ("getMe", {}),
        ("sendMessage", {"chat_id": LI, "text": "您好", "reply_markup": below}),
        ("editMessageText", {"chat_id": LI, "message_id": 1, "text": "新"}),
        ("editMessageReplyMarkup", {"chat_id": LI, "message_id": 1, "reply_markup": none}),
        ("sendChatAction", {"chat_id": LI, "action": "typing"}),
        ("answerCallbackQuery", {"callback_query_id": platform.new_query()}),
        ("setMyCommands", {"commands": [{"command": "book", "description": "挂号"}]}),
        ("getMyCommands", {}),
        ("getWebhookInfo", {}),
        ("setWebhook", {"url": "http://127.0.0.1:9/h", "secret_token": SECRET}),
        ("deleteWebhook", {}),
        ("getUpdates", {}),
    ):  # fmt: skip
        answer = await call(api, method, **params)
        assert answer["ok"], (method, answer)
        assert judge.about("call", params, method) == "", method
        assert judge.about("result", answer["result"], method) == "", method


async def test_all_a_thumb_can_do_is_an_update_of_the_bot_api(
    platform: Platform, api: httpx.AsyncClient, judge: Judge
) -> None:
    await call(api, "sendMessage", chat_id=LI, text="选", reply_markup={
        "inline_keyboard": [[{"text": "停车", "callback_data": "#1.1"}]]})  # fmt: skip
    thumbs = [
        platform.follow(LI), platform.say(LI, "停车"), platform.say(LI, "/book 明天"),
        platform.say(LI, "#1.1"), platform.voice(LI), platform.photo(LI, "看"), platform.photo(LI),
        platform.location(LI), platform.contact(LI), platform.edit(LI), platform.unfollow(LI),
        platform.say(LI, "又来了"), platform.say("-1009000000001", "群里"),
    ]  # fmt: skip
    tasks = [asyncio.create_task(thumb) for thumb in thumbs]
    await until(lambda: len(platform._queue) >= len(thumbs) + 1)
    updates = (await call(api, "getUpdates"))["result"]
    for update in updates:
        assert judge.about("update", update) == "", update
    kinds = {kind for update in updates for kind in update if kind != "update_id"}
    assert kinds == {"message", "edited_message", "callback_query", "my_chat_member"}
    last = updates[-1]["update_id"]
    assert (await call(api, "getUpdates", offset=last))["result"] == updates[-1:]
    assert (await call(api, "getUpdates", offset=last + 1))["result"] == []
    await asyncio.gather(*tasks)
    assert [shown.text for shown in platform.screen(LI)][-1] == "又来了"


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("sendMessage", {"chat_id": LI, "text": " "}, 400),
        ("sendMessage", {"chat_id": LI, "text": "x" * 4_097}, 400),
        ("sendMessage", {"chat_id": "", "text": "x"}, 400),
        ("answerCallbackQuery", {"callback_query_id": "1"}, 400),
        ("editMessageText", {"chat_id": LI, "message_id": 9, "text": "x"}, 400),
        ("setWebhook", {"url": "ftp://x"}, 400),
        ("getStarTransactions", {}, 404),
    ],
)
async def test_it_refuses_what_the_bot_api_refuses(
    api: httpx.AsyncClient, method: str, params: dict[str, Any], code: int
) -> None:
    answer = await call(api, method, **params)
    assert (answer["ok"], answer["error_code"]) == (False, code)


async def test_a_message_that_is_not_modified_is_refused(api: httpx.AsyncClient) -> None:
    await call(api, "sendMessage", chat_id=LI, text="x")
    answer = await call(api, "editMessageText", chat_id=LI, message_id=1, text="x")
    assert "message is not modified" in answer["description"]


async def test_a_webhook_is_posted_to_with_its_secret_until_it_takes_it(
    platform: Platform, api: httpx.AsyncClient
) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []
    refusing = [503, 500]

    async def hook(request: Request) -> Response:
        secret = request.headers.get("x-telegram-bot-api-secret-token", "")
        seen.append((secret, await request.json()))
        return JSONResponse({}, refusing.pop() if refusing else 200)

    async with listening(Starlette(routes=[Route("/h", hook, methods=["POST"])])) as url:
        await call(api, "setWebhook", url=f"{url}/h", secret_token=SECRET)
        taken = await call(api, "getUpdates")
        assert taken["error_code"] == 409
        await platform.say(LI, "一")
        platform.faults.duplicate = True
        await platform.say(LI, "二")
        await call(api, "deleteWebhook")
    assert {secret for secret, _ in seen} == {SECRET}
    assert [update["message"]["text"] for _, update in seen] == ["一", "一", "一", "二", "二"]
    assert len({update["update_id"] for _, update in seen}) == 2
