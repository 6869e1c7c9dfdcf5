"""Telegram for the simulated phones and the tests: the Bot API, and the people who write to the bot."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zlib import crc32

import httpx

from bench.standins.base import Screen, Shown
from bench.standins.bot_api import BOT, TOKEN, BotApi
from bench.standins.bot_wire import Params, buttons, now
from bot.channels.base import MenuItem

SECRET = "a-secret_of-this-house"  # noqa: S105


class Telegram(BotApi):
    """`StandIn` of Telegram for one bot.

    Args:
        hook: where our hook is; not needed, for the bot names it itself by setWebhook.
        api: where `api` is mounted, without a slash at the end.
        mode: how the bot shall listen: "webhook" or "polling".
        http: posts to the webhook.
        clock: seconds since 1970, for what phones show.

    Attributes:
        url: where `api` is mounted.
    """

    name = "telegram"

    def __init__(
        self,
        hook: str = "",  # noqa: ARG002
        api: str = "",
        mode: str = "webhook",
        http: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(http)
        self.url, self._mode = api, mode
        self._screens: dict[str, Screen] = defaultdict(lambda: Screen(clock))
        self._names: dict[str, str] = {}

    @property
    def account(self) -> tuple[Mapping[str, object], Mapping[str, str]]:
        """The options and secrets of the bot."""
        options = {"mode": self._mode, "api_base_url": self.url}
        return options, {"token": TOKEN, "hook_secret": SECRET}

    @property
    def menu(self) -> Sequence[MenuItem]:
        """What the phone offers beside the conversation: the commands that the bot has set."""
        commands = self.commands.get("", [])
        return [MenuItem(c["description"], f"/{c['command']}") for c in commands]

    def screen(self, user: str) -> Sequence[Shown]:
        """Return what this patient's phone shows."""
        return self._screens[user].shown

    def forget(self, user: str) -> None:
        """Drop somebody's phone."""
        self._screens.pop(user, None)

    def show(self, user: str, message: Params, note: str = "") -> None:
        """Show a message of the bot's."""
        below = [(button["text"], button["callback_data"]) for button in buttons(message)]
        self._screens[user].add("hospital", message["text"], below, note)

    def chat(self, user: str) -> Params:
        """Return somebody's private chat, or the group of that (negative) number."""
        number = user if user.lstrip("-").isdecimal() else str(8_000_000_000 + crc32(user.encode()))
        self._names[number] = user
        if number.startswith("-"):
            return {"id": int(number), "type": "supergroup", "title": "Family"}
        return {"id": int(number), "type": "private", "first_name": "A"}

    def user(self, chat_id: str) -> str:
        """Return whose chat it is."""
        return self._names.get(chat_id, chat_id)

    async def say(self, user: str, text: str) -> None:
        """Write, or tap the newest button with this value."""
        for (who, message_id), shown in reversed(self.messages.items()):
            if who == user and any(text == button["callback_data"] for button in buttons(shown)):
                await self.tap(user, text, message_id)
                return
        self._screens[user].add("patient", text)
        await self.send(user, text=text, **_entities(text))

    async def tap(self, user: str, data: str, message_id: int) -> None:
        """Press a button of any message that was ever shown."""
        shown = self.messages[user, message_id]
        label = next((b["text"] for b in buttons(shown) if b["callback_data"] == data), data)
        self._screens[user].add("patient", label, note="tap")
        tapped = {"id": self.new_query(), "chat_instance": "-7", "data": data, "message": shown}
        await self.queue("callback_query", lambda: {**tapped, "from": self._person(user)})

    async def follow(self, user: str) -> None:
        """Press start; unblocks the bot where it was blocked."""
        self._screens[user].add("patient", "/start")
        await self.send(user, text="/start", **_entities("/start"))

    async def unfollow(self, user: str) -> None:
        """Block the bot."""
        self._screens[user].add("platform", "You blocked this bot")
        self.blocked.add(user)
        await self.queue("my_chat_member", lambda: self._membership(user, "member", "kicked"))

    async def voice(self, user: str) -> None:
        """Say something aloud."""
        self._screens[user].add("patient", "🎤")
        await self.send(user, voice={**_file("voice"), "duration": 3, "mime_type": "audio/ogg"})

    async def photo(self, user: str, caption: str = "") -> None:
        """Send a picture, with words below it or without."""
        self._screens[user].add("patient", f"🖼 {caption}".strip())
        sizes = [{**_file(f"photo{size}"), "width": size, "height": size} for size in (90, 320)]
        content: Params = {"photo": sizes, **({"caption": caption} if caption else {})}
        await self.send(user, **content)

    async def location(self, user: str) -> None:
        """Say where she is."""
        self._screens[user].add("patient", "📍")
        await self.send(user, location={"latitude": 30.25, "longitude": 120.16})

    async def contact(self, user: str) -> None:
        """Hand over a phone number."""
        self._screens[user].add("patient", "👤")
        await self.send(user, contact={"phone_number": "+12025550123", "first_name": "A"})

    async def edit(self, user: str, text: str = "") -> None:
        """Change her last message; without a new text it gets a question mark."""
        written = [(who, m) for (who, _), m in self.messages.items() if "text" in m]
        mine = [m for who, m in written if who == user and not m["from"]["is_bot"]]
        if not mine:
            return
        text = text or f"{mine[-1]['text']}？"
        self._screens[user].add("patient", text, note="edited")
        mine[-1].update(text=text, edit_date=now())
        await self.queue("edited_message", lambda: dict(mine[-1]))

    async def send(self, user: str, *, chat: Params | None = None, **content: Any) -> None:
        """Send a message with any content; in a private chat, unless another is named."""
        if user in self.blocked:
            self.blocked.discard(user)
            await self.queue("my_chat_member", lambda: self._membership(user, "kicked", "member"))
        message = self.new_message(user, content, self._person(user))
        message["chat"] = chat or message["chat"]
        self.messages[user, message["message_id"]] = message
        await self.queue("message", lambda: dict(message))

    def _person(self, user: str) -> Params:
        number = abs(int(self.chat(user)["id"]))
        return {"id": number, "is_bot": False, "first_name": "A", "language_code": "zh-hans"}

    def _membership(self, user: str, before: str, after: str) -> Params:
        members: dict[str, Params] = {
            name: {
                "user": BOT,
                "status": status,
                **({"until_date": 0} if status == "kicked" else {}),
            }
            for name, status in (("old_chat_member", before), ("new_chat_member", after))
        }
        return {"chat": self.chat(user), "from": self._person(user), "date": now(), **members}


def _entities(text: str) -> Params:
    if not text.startswith("/"):
        return {}
    return {
        "entities": [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
    }


def _file(name: str) -> Params:
    return {"file_id": f"id-{name}", "file_unique_id": f"unique-{name}", "file_size": 2_048}
