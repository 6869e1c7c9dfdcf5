"""Stand-ins that do exactly what a test tells them to."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from bot.channels.base import HookAnswer, HookRequest, Limits
from bot.message import Inbound, Outbound, Sent, Worded
from bot.store.db import Engine, Tx


class RecordingChannel:
    """A platform that remembers what it was handed, and refuses, stalls or fails as told.

    Attributes:
        taken: every message it was handed, in order, whatever came of it.
        answers: what becomes of the next ones, by their text: exceptions to raise, in order; a text
            that is not here is taken.
        held: messages with these texts wait for `let_go` before they are answered.
    """

    def __init__(self, name: str = "push", limits: Limits | None = None) -> None:
        self.name = name
        self.limits = limits or Limits(text=4_000, buttons=0, pull=False)
        self.taken: list[Outbound] = []
        self.answers: dict[str, list[Exception]] = {}
        self.held: set[str] = set()
        self._let_go = asyncio.Event()
        self._news = asyncio.Condition()

    def verify(self, request: HookRequest) -> str:
        """Return who the request says it is from."""
        return request.headers["x-user"]

    def parse(self, request: HookRequest, user: str) -> list[Inbound]:  # noqa: ARG002
        """Return nothing: nobody writes here."""
        return []

    def ack(self, request: HookRequest, said: Sequence[tuple[int, Worded]]) -> HookAnswer:  # noqa: ARG002
        """Return nothing: answers are pushed."""
        return HookAnswer()

    async def send(self, letter: Outbound) -> Sent:
        """Note the message, then do as told."""
        self.taken.append(letter)
        async with self._news:
            self._news.notify_all()
        text = letter.worded.text
        if text in self.held:
            await self._let_go.wait()
        if self.answers.get(text):
            raise self.answers[text].pop(0)
        return Sent(f"p{letter.id}")

    def let_go(self) -> None:
        """Answer whoever was kept waiting."""
        self._let_go.set()

    @property
    def texts(self) -> list[str]:
        """What it was handed, as texts."""
        return [letter.worded.text for letter in self.taken]

    async def took(self, *texts: str) -> None:
        """Wait until it was handed all of these."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: set(texts) <= set(self.texts))


class FlakyEngine:
    """An engine whose writes fail as often as told."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.keyring = engine.keyring
        self.read = engine.read
        self.failures: list[Exception] = []

    async def write(self, op: Callable[[Tx], Any]) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        return await self._engine.write(op)

    async def close(self) -> None:
        await self._engine.close()
