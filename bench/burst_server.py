"""The application that the burst bench drives: web chat over HTTP, reminders into a channel of nowhere.

    python -m bench.burst_server '{"config": …, "data": …, "go": …, "told": …}' PORT

Its clock stands an hour before the burst and jumps to it as soon as the file `go` is there. As it
leaves it writes to `told` what its channel was handed.
"""

import asyncio
import json
import signal
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import uvicorn

from bench.booking_ward import settings_at
from bench.reminder_ward import CHANNEL, DUE, NullChannel
from bot.app import build
from bot.hospital.files import DEMO, read_folder
from bot.message import Outbound, Sent

_BEFORE = timedelta(hours=1)
_LOOK = 0.01
#: As `daoyi serve` sets it.
_SWITCH = 0.0005


class JumpingClock:
    """Goes on from an hour before the burst, and at one instant jumps to it."""

    def __init__(self) -> None:
        self._started = perf_counter()
        self._from = DUE - _BEFORE

    def __call__(self) -> datetime:
        """Return the time."""
        return self._from + timedelta(seconds=perf_counter() - self._started)

    async def jump_when(self, go: Path) -> None:
        """Wait for the file, then jump."""
        while not await asyncio.to_thread(go.exists):  # noqa: ASYNC110  (another process makes it)
            await asyncio.sleep(_LOOK)
        self._started, self._from = perf_counter(), DUE

    @property
    def jumped_at(self) -> float:
        """When it jumped, in seconds of the bench's own clock."""
        return self._started


class CountingChannel(NullChannel):
    """Counts how often each message was handed over."""

    def __init__(self) -> None:
        super().__init__()
        self.times: Counter[int] = Counter()

    async def send(self, letter: Outbound) -> Sent:
        """Take a message."""
        self.times[letter.id] += 1
        return await super().send(letter)


async def _serve(asked: dict[str, Any], port: int) -> None:
    settings = settings_at(Path(asked["config"]), Path(asked["data"]), "sqlite")
    clock, channel = JumpingClock(), CountingChannel()
    app = await build(settings, clock=clock, facts=read_folder(DEMO), channels={CHANNEL: channel})
    jump = asyncio.create_task(clock.jump_when(Path(asked["go"])))
    server = uvicorn.Server(
        uvicorn.Config(app.http, host="127.0.0.1", port=port, log_config=None, access_log=False)
    )
    # having ended, the server raises the signal again that ended it: what was counted is still to come
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        await server.serve()
    finally:
        jump.cancel()
        handed = channel.handed
        told = {
            "handed": len(handed),
            "twice": sum(times > 1 for times in channel.times.values()),
            "lags": [at - clock.jumped_at for at in handed],
        }
        await asyncio.to_thread(Path(asked["told"]).write_text, json.dumps(told), "ascii")


if __name__ == "__main__":
    sys.setswitchinterval(_SWITCH)
    asyncio.run(_serve(json.loads(sys.argv[1]), int(sys.argv[2])))
