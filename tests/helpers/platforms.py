"""Two platforms of our own invention, spoken to through the real hooks.

A post is JSON: {"items": [{"from", "id", "text", "form"}, …]}, signed by its header `x-key`.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from bot.channels.base import HookAnswer, HookRequest, Limits, Passive
from bot.errors import BadInput, NotSigned, SendError, StoreError
from bot.message import Address, Form, Inbound, Outbound, Sent, Worded, clean_text
from bot.store.db import Engine, Tx

T = TypeVar("T")

KEY = "right"


class ScriptedPlatform:
    """`Channel` of one account, which remembers what it was handed.

    Attributes:
        sent: what was handed to it by `send`.
        errors: raised by the next sends, one each.
        seen: every request it was shown, verified or not.
    """

    def __init__(self, name: str, limits: Limits | None = None, provider: str = "") -> None:
        self.name = name
        self.limits = self._first = limits or Limits(buttons=8)
        self.sent: list[Outbound] = []
        self.errors: list[SendError] = []
        self.seen: list[HookRequest] = []
        if provider:
            self.provider = provider

    def renew(self) -> None:
        """Forget everything."""
        self.limits = self._first
        self.sent.clear()
        self.errors.clear()
        self.seen.clear()

    def verify(self, request: HookRequest) -> str:
        """Check the key."""
        self.seen.append(request)
        if request.headers.get("x-key") != KEY:
            raise NotSigned("the key is not right")
        return ""

    def parse(self, request: HookRequest, user: str) -> list[Inbound]:  # noqa: ARG002
        """Read the items of a post; a GET is a handshake."""
        if request.method == "GET":
            return []
        try:
            items = json.loads(request.body)["items"]
        except (ValueError, KeyError, TypeError) as exc:
            raise BadInput('the body must be {"items": […]}', 400) from exc
        return [self._inbound(request.account, item) for item in items]

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:
        """Answer with the texts, or with what the handshake asked to hear."""
        if request.method == "GET":
            return HookAnswer(request.query.get("echo", "").encode(), "text/plain")
        texts = [worded.text for _, worded in said]
        return HookAnswer(json.dumps(texts, ensure_ascii=False).encode())

    async def send(self, letter: Outbound) -> Sent:
        """Remember a message."""
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(letter)
        return Sent(f"{self.name}-{letter.id}")

    @property
    def texts(self) -> list[str]:
        """What was sent, as texts."""
        return [letter.worded.text for letter in self.sent]

    def _inbound(self, account: str, item: dict[str, Any]) -> Inbound:
        address = Address(self.name, account, item["from"])
        form = Form(item.get("form", "text"))
        return Inbound(address, f"{item['from']}:{item['id']}", clean_text(item["text"]), form)


def passive(limits: Passive | None = None) -> ScriptedPlatform:
    """Return a platform that takes a reply in its request's answer, all of a turn as one message."""
    return ScriptedPlatform("passive", Limits(join=True, passive=limits or Passive()))


@dataclass(slots=True)
class Phone:
    """Somebody's phone on a scripted platform.

    Attributes:
        path: the hook the platform posts to.
    """

    http: httpx.AsyncClient
    path: str
    user: str = "u1"
    said: int = 0

    async def says(self, text: str, form: Form = Form.TEXT, key: str = "") -> httpx.Response:
        """Let the platform post a message, a new one unless `key` names an earlier."""
        self.said += not key
        item = {"from": self.user, "id": key or f"m{self.said}", "text": text, "form": form.value}
        return await self.posts([item])

    async def posts(self, items: Sequence[dict[str, str]]) -> httpx.Response:
        """Let the platform post several messages at once."""
        return await self.http.post(self.path, json={"items": items}, headers={"x-key": KEY})


class SlowHospital:
    """An engine on which turns wait while its gate is shut, and which may be gone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.keyring = engine.keyring
        self.gone = False
        self.turns = 0
        self.renew()

    def renew(self) -> None:
        """Begin anew, on the event loop of the next test."""
        self.gone, self.turns = False, 0
        self._gate, self._news = asyncio.Event(), asyncio.Condition()
        self._gate.set()

    def shut(self) -> None:
        """Let the next turns wait."""
        self._gate.clear()

    async def has_turns(self, number: int) -> None:
        """Wait until so many turns were begun."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: self.turns >= number)

    def open(self) -> None:
        """Let everything through."""
        self._gate.set()

    async def write(self, op: Callable[[Tx], T]) -> T:
        """Write, once the gate is open for it."""
        is_turn = getattr(getattr(op, "func", None), "__name__", "") == "run"
        if is_turn:
            async with self._news:
                self.turns += 1
                self._news.notify_all()
            await self._gate.wait()
        self._check()
        return await self._engine.write(op)

    async def read(self, op: Callable[[Tx], T]) -> T:
        """Read."""
        self._check()
        return await self._engine.read(op)

    async def close(self) -> None:
        """Close it."""
        await self._engine.close()

    def _check(self) -> None:
        if self.gone:
            raise StoreError("the database cannot be reached")
