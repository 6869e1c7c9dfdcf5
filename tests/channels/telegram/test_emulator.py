"""Against a Bot API that is not ours: npm telegram-test-api, its four answers repaired."""

from collections.abc import Callable
from typing import Any, Self

import httpx

from bench.standins.bot_api import TOKEN
from bot.app import App
from bot.channels.telegram import Telegram
from bot.message import Address, Button, Form, Inbound, Outbound, Worded
from tests.channels.telegram.shared import Judge, Kept, opened, running, until
from tests.channels.telegram.test_hospital import hospital as hospital  # noqa: PLC0414
from tests.conftest import Clock

LI = 7_000_000_001
PERSON = {"id": LI, "is_bot": False, "first_name": "A"}
CHAT = {"id": LI, "type": "private", "first_name": "A"}


class Emulator:
    """Somebody's phone on the emulator."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def does(self, what: str, **more: Any) -> None:
        """Do one of sendMessage, sendCommand, sendCallback."""
        sent = {"botToken": TOKEN, "from": PERSON, "chat": CHAT, "date": 1_790_000_000, **more}
        (await self._http.post(f"/{what}", json=sent)).raise_for_status()

    async def history(self) -> list[dict[str, Any]]:
        """Return all that was said, by both."""
        answer = await self._http.post("/getUpdatesHistory", json={"token": TOKEN})
        found: list[dict[str, Any]] = answer.json()["result"]
        return found

    async def hears(self) -> list[dict[str, Any]]:
        """Return what the bot said to her, as it was posted."""
        return [
            item["message"] for item in await self.history() if "chat_id" in item.get("message", {})
        ]


async def test_polling_reads_what_it_gives(emulator: str, kept: Kept) -> None:
    channel = opened(emulator)
    async with Emulator(emulator) as phone, running(channel.run(kept)):
        await phone.does("sendMessage", text="停车多少钱")
        entity = {"type": "bot_command", "offset": 0, "length": 6}
        await phone.does("sendCommand", text="/start", entities=[entity])
        shown = {"message_id": 1, "from": PERSON, "chat": CHAT, "date": 1_790_000_000, "text": "选"}
        await phone.does("sendCallback", data="#3.1", message=shown)
        await until(lambda: len(kept.arrivals) == 3)
    found = [item for item in kept.arrivals if isinstance(item, Inbound)]
    assert [(item.form, item.text) for item in found] == [
        (Form.TEXT, "停车多少钱"), (Form.FOLLOWED, ""), (Form.TEXT, "#3.1"),
    ]  # fmt: skip
    assert {item.address.user for item in found} == {str(LI)}
    assert len({item.key for item in found}) == 3


async def test_what_we_send_arrives_as_it_was_meant(emulator: str) -> None:
    worded = Worded(
        "请选：😀\n第二行 <b>&amp;", buttons=(Button("停车", "#3.1"), Button("转人工", "#person"))
    )
    sent = await opened(emulator).send(Outbound(7, Address("telegram", "main", str(LI)), worded))
    assert sent.provider_id == "1"
    async with Emulator(emulator) as phone:
        (message,) = await phone.hears()
    assert (message["chat_id"], message["text"]) == (str(LI), worded.text)
    rows = message["reply_markup"]["inline_keyboard"]
    assert [[b["text"], b["callback_data"]] for (b,) in rows] == [
        ["停车", "#3.1"],
        ["转人工", "#person"],
    ]


async def test_a_conversation_over_it(
    emulator: str, hospital: Callable[[Telegram], Any], clock: Clock
) -> None:
    app: App = await hospital(opened(emulator))
    async with Emulator(emulator) as phone:
        async with running(app.channels["telegram/main"].run(app.arrived)):  # type: ignore[attr-defined]
            for number, text in enumerate(["停车多少钱", "门诊几点开门"], 1):
                await phone.does("sendMessage", text=text)
                for _ in range(200):
                    await app.turns.finish()
                    await app.delivery.drain()
                    clock.move(seconds=1)
                    if len(await phone.hears()) > number:
                        break
        texts = [message["text"] for message in await phone.hears()]
    assert any("4元" in text for text in texts)
    assert len(texts) == len(set(texts))


async def test_aiogram_accepts_what_it_sends_once_repaired(emulator: str, judge: Judge) -> None:
    base = f"{emulator}/bot{TOKEN}"
    async with httpx.AsyncClient(trust_env=False) as http, Emulator(emulator) as phone:
        me = (await http.post(f"{base}/getMe")).json()["result"]
        assert judge.about("result", me, "getMe") == ""
        sent = (await http.post(f"{base}/sendMessage", json={"chat_id": LI, "text": "x"})).json()
        assert judge.about("result", sent["result"], "sendMessage") == ""
        asked = {"callback_query_id": "1"}
        done = (await http.post(f"{base}/answerCallbackQuery", json=asked)).json()["result"]
        assert judge.about("result", done, "answerCallbackQuery") == ""
        shown = {"message_id": 1, "from": PERSON, "chat": CHAT, "date": 1_790_000_000, "text": "选"}
        await phone.does("sendCallback", data="#3.1", message=shown)
        (update,) = (await http.post(f"{base}/getUpdates")).json()["result"]
        assert judge.about("update", update) == ""
