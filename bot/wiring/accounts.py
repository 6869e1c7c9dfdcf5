"""The accounts of platforms while a server runs: each works by itself; operators see how it fares."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat

import structlog
from prometheus_client import Gauge

from bot.channels.base import Channel, Runs, Tells
from bot.leading import Leader
from bot.message import Arrival
from bot.store.db import Engine

log = structlog.get_logger()

#: Waits before a channel's own work begins again after it failed, in seconds.
_RESTARTS = (1.0, 5.0, 30.0)

_READY = Gauge(
    "daoyi_account_ready",
    "Whether an account works: 0 calls for an operator, /readyz says why",
    ["channel", "account"],
)


class Accounts:
    """The work of every account in `channels`, which may grow while it runs.

    Args:
        arrived: takes in what a platform delivered; returns after the commit.
        health: what delivery has to say of accounts that work badly.
    """

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
        arrived: Callable[[Sequence[Arrival]], Awaitable[None]],
        health: Callable[[], Mapping[str, str]],
    ) -> None:
        self._engine, self._channels, self._clock = engine, channels, clock
        self._arrived, self._health = arrived, health
        self._stopped: dict[str, str] = {}

    def tell(self) -> dict[str, str]:
        """Return each account of a platform with "ready", or what an operator must see to."""
        own = {n: c.trouble() for n, c in self._channels.items() if isinstance(c, Tells)}
        troubled = {**{n: t for n, t in own.items() if t}, **self._health(), **self._stopped}
        told = {name: troubled.get(name, "ready") for name in self._channels if "/" in name}
        for name, word in told.items():
            channel, _, account = name.partition("/")
            _READY.labels(channel=channel, account=account).set(word == "ready")
        return told

    def start(self) -> list["asyncio.Task[None]"]:
        """Let every account that has work of its own begin it; each goes on until cancelled."""
        return [
            asyncio.create_task(self.keep_running(name, channel))
            for name, channel in self._channels.items()
            if isinstance(channel, Runs)
        ]

    async def keep_running(self, name: str, channel: Runs) -> None:
        """Let a channel do its own work; if that ever fails, let it begin again after a while."""
        for wait in chain(_RESTARTS, repeat(_RESTARTS[-1])):
            try:
                await self._run(name, channel)
            except Exception as exc:  # noqa: BLE001  (one channel's bug must not stop the others)
                log.error("channel.stopped", channel=name, error=type(exc).__name__)
                self._stopped[name] = f"stopped ({type(exc).__name__}), begins again"
            else:
                return
            await asyncio.sleep(wait)
            self._stopped.pop(name, None)

    async def _run(self, name: str, channel: Runs) -> None:
        """Let a channel do its work; an embedded database has one process, which leads anyway."""
        if self._engine.name != "sqlite" and getattr(channel, "runs_alone", False):
            await Leader(self._engine, name, self._clock).lead(lambda: channel.run(self._arrived))
        else:
            await channel.run(self._arrived)
