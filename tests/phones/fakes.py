"""A platform of no name at all, to look at the page without any channel."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bench.standins.base import Faults, Screen, Shown
from bot.channels.base import MenuItem

CHOICES = (("门诊几点开", "1"), ("停车多少钱", "2"))


@dataclass
class FakePlatform:
    """Says back what it was told, with what notes and buttons a phone may have to show."""

    name: str
    buttons: tuple[tuple[str, str], ...] = ()
    note: str = ""
    faults: Faults = field(default_factory=Faults)
    menu: tuple[MenuItem, ...] = ()
    said: list[tuple[str, str]] = field(default_factory=list)
    screens: dict[str, Screen] = field(default_factory=lambda: defaultdict(Screen))

    @property
    def api(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/send", self._send, methods=["POST"]),
                Route("/bot{token}/getUpdates", self._wait, methods=["POST"]),
            ]
        )

    @property
    def account(self) -> tuple[Mapping[str, object], Mapping[str, str]]:
        return {}, {}

    async def say(self, user: str, text: str) -> None:
        self.said.append((user, text))
        self.screens[user].add("patient", text)
        self.screens[user].add("hospital", f"收到:{text}", self.buttons, self.note)

    async def follow(self, user: str) -> None:
        self.screens[user].add("platform", "followed")

    def screen(self, user: str) -> Sequence[Shown]:
        return self.screens[user].shown

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def _send(self, request: Request) -> Response:
        body: Any = await request.json()
        return JSONResponse(body["answer"], body.get("status", 200))

    async def _wait(self, request: Request) -> Response:
        await asyncio.Event().wait()
        return JSONResponse({"path": request.url.path})
