"""What the tests of Telegram share: the channel opened, an application listening, a store that keeps."""

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from bench.standins.bot_api import TOKEN
from bench.standins.telegram import SECRET
from bot.channels.base import MenuItem, Tools
from bot.channels.telegram import Telegram, open_channel
from bot.message import Arrival

PEERS = Path(__file__).parents[2] / "peers"
PAYLOADS = Path(__file__).parents[1] / "payloads" / "telegram"
MENU = {
    "zh-CN": (
        MenuItem("看病", items=(MenuItem("怎么挂号", "怎么预约挂号", "book"),)),
        MenuItem("能问什么", "菜单", "/menu"),
        MenuItem("只有标签", command="label_only"),
        MenuItem("按钮", "#menu.7", "tapped"),
    ),
    "en": (MenuItem("How to book", "How do I book?", "book"), MenuItem("Menu", "menu", "menu")),
}


def opened(
    url: str = "http://127.0.0.1:9", mode: str = "polling", public_url: str = ""
) -> Telegram:
    """Open the channel of one bot; nothing listens where it would call unless a URL is given."""
    tools = Tools(lambda: datetime(2026, 11, 18, tzinfo=UTC), "t: main", MENU, public_url)
    secrets = {"token": TOKEN, "hook_secret": SECRET}
    return open_channel("main", {"mode": mode, "api_base_url": url}, secrets, tools)


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on this machine; gives its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110  (it tells nobody)
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            await serving


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Let something run until left."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  (whatever it is tells nobody)
            await asyncio.sleep(0.005)


class Kept:
    """A store that keeps what it is given, and fails when told to."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.batches: list[Sequence[Arrival]] = []
        self.errors: list[Exception] = []

    async def __call__(self, arrivals: Sequence[Arrival]) -> None:
        self.batches.append(arrivals)
        if self.errors:
            raise self.errors.pop(0)
        self.arrivals += arrivals


class Judge:
    """aiogram in its own environment: what it says of an update, a call, a result."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def about(self, what: str, data: Any, method: str = "") -> str:
        """Return what is wrong; empty where nothing is."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"what": what, "method": method, "data": data}) + "\n")
        self._process.stdin.flush()
        said: str = json.loads(self._process.stdout.readline())
        return said
