"""Of several processes on one database, one does what only one may do: poll a bot, for example.

Whoever leads holds a lease in a row of table `pace`, renews it and gives it back on leaving; of one that
died it runs out. Two at once, for a moment, must be harmless: this spares the platform their quarrel,
nothing depends on it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO NOTHING

from bot.errors import StoreError
from bot.store.db import Engine, Tx
from bot.store.statements import Hot
from bot.store.tables import Pace

_pace = Pace.__table__  # type: ignore[attr-defined]

_OPEN = Hot(
    insert(_pace)
    .values(key=bindparam("key"), free_at=bindparam("free_at"))
    .on_conflict_do_nothing()
)
#: The end of a lease, which its holder alone knows, proves whose it is.
_TAKE = Hot(
    update(_pace)
    .where(
        _pace.c.key == bindparam("key_"),
        or_(_pace.c.free_at <= bindparam("now"), _pace.c.free_at == bindparam("mine")),
    )
    .values(free_at=bindparam("until"))
)
_GIVE_BACK = Hot(
    update(_pace)
    .where(_pace.c.key == bindparam("key_"), _pace.c.free_at == bindparam("mine"))
    .values(free_at=bindparam("now"))
)

#: How long a lease lasts, and how often it is renewed or asked for, in seconds.
LEASE, EVERY = 15.0, 5.0


class Leader:
    """Leads in one matter, or waits until nobody else does.

    Args:
        matter: what only one may do: the same name in every process.
    """

    def __init__(self, engine: Engine, matter: str, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock
        self._key = f"leader:{matter}"
        self._mine: datetime | None = None

    async def lead(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` while nobody else does; end with it. Raises what it raises."""
        while True:
            while not await self._holds():  # noqa: ASYNC110  (another process tells nobody)
                await asyncio.sleep(EVERY)
            task = asyncio.ensure_future(work())
            try:
                while await self._holds():
                    done, _ = await asyncio.wait({task}, timeout=EVERY)
                    if done:
                        return await task
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await self._give_back()

    async def _holds(self) -> bool:
        """Take or renew the lease; while the database is away, everybody stays what they were."""
        now = self._clock()
        mine, until = self._mine or now, now + timedelta(seconds=LEASE)

        def take(tx: Tx) -> bool:
            tx.run(_OPEN, key=self._key, free_at=now)
            return tx.run(_TAKE, key_=self._key, now=now, mine=mine, until=until) > 0

        with suppress(StoreError):
            self._mine = until if await self._engine.write(take) else None
        return self._mine is not None

    async def _give_back(self) -> None:
        mine, now, self._mine = self._mine, self._clock(), None
        if mine is not None:
            with suppress(StoreError):
                await self._engine.write(
                    lambda tx: tx.run(_GIVE_BACK, key_=self._key, mine=mine, now=now)
                )
