"""Telegram keeps what every channel promises, whichever way its updates come."""

import json
from functools import cache
from typing import Any, ClassVar

import pytest

from bench.standins.telegram import SECRET
from bench.standins.telegram import Telegram as Platform
from bot.channels.base import Channel, HookRequest
from tests.channels.contract import ChannelContract
from tests.channels.telegram.shared import opened

HEADER = "x-telegram-bot-api-secret-token"


def update(text: str, number: int = 1) -> dict[str, Any]:
    person = {"id": 7_000_000_001, "is_bot": False, "first_name": "A"}
    chat = {"id": 7_000_000_001, "type": "private", "first_name": "A"}
    message = {"message_id": number, "from": person, "chat": chat, "date": 1_790_000_000}
    return {"update_id": number, "message": {**message, "text": text}}


def post(body: object, **headers: str) -> HookRequest:
    return HookRequest("main", json.dumps(body).encode(), headers or {HEADER: SECRET})


#: Making the library's client takes a while; a channel remembers nothing between these tests.
one = cache(opened)


class TelegramContract(ChannelContract):
    """What both ways share."""

    name = "telegram"
    mode: ClassVar[str]
    refuses = False
    forged = (
        ("nothing", HookRequest("main", b"{}")),
        ("no secret", HookRequest("main", b"{}", {HEADER: ""})),
        ("another secret", HookRequest("main", b"{}", {HEADER: SECRET[:-1] + "x"})),
        ("half of it", HookRequest("main", b"{}", {HEADER: SECRET[:-1]})),
        ("not ASCII", HookRequest("main", b"{}", {HEADER: SECRET[:-1] + "ÿ"})),
        ("in the query", HookRequest("main", b"{}", query={HEADER: SECRET})),
    )
    url = "http://127.0.0.1:9"

    def channel(self) -> Channel:
        return one(self.url, self.mode)

    def request(self, channel: Channel, key: str = "k1", text: str = "停车多少钱") -> HookRequest:  # noqa: ARG002
        return post(update(text, int(key.removeprefix("k"))), **{HEADER: SECRET})

    @pytest.fixture
    async def there(self, platform: Platform) -> None:
        self.url = platform.url

    @pytest.mark.usefixtures("there")
    async def test_sending_says_what_became_of_it(self) -> None:
        await super().test_sending_says_what_became_of_it()


class TestPolling(TelegramContract):
    """Updates are asked for."""

    mode = "polling"


class TestWebhook(TelegramContract):
    """Updates are posted."""

    mode = "webhook"
