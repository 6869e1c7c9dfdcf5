"""The sweep: whatever is due is claimed in batches, handled in small chunks, until nothing is left.

It holds nothing that is not leased in a table. What is due is leased ahead, far faster than it can be
handled, so that several sweepers share a burst; a chunk is one short transaction, and between two of
them everybody else has a turn. An item that fails fails alone.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, Protocol, TypeVar

import structlog

log = structlog.get_logger()


class Item(Protocol):
    """One leased row, as far as a sweep looks at it."""

    @property
    def group(self) -> Hashable:
        """What it is handled together with, as far as both are leased."""
        ...


T = TypeVar("T", bound=Item)

#: So often it is looked whether an answer that is under way is given, in seconds.
_GLANCE = 0.002


class Port(Protocol[T]):
    """What a sweep sweeps."""

    async def recover(self) -> int:
        """Free what sweepers held that died; return how much."""
        ...

    async def claim(self, limit: int) -> Sequence[T]:
        """Lease what is due, what was due first first; at most `limit`."""
        ...

    async def dispatch(self, items: Sequence[T], *, alone: bool) -> int:
        """Handle leased items in one transaction; return how many are done with.

        Args:
            alone: its chunk failed: nothing but this one item is to be touched.
        """
        ...

    async def release(self, items: Sequence[T]) -> None:
        """Give leased items back that are not going to be handled here."""
        ...

    async def failed(self, item: T, error: Exception) -> None:
        """Take note that one item raised, alone."""
        ...


class Sweep(Generic[T]):
    """Runs a port until nothing is due.

    Args:
        gone: errors that are nobody's fault: the sweep ends, what is leased is handled by the next.
        busy: says whether somebody else wants the database now; the sweep then takes it slowly.
        answering: says whether somebody is waiting at this moment; no chunk begins then, for at most
            `patience` seconds.
        batch: how many are leased at once; `ahead`: how many are at most held leased.
        chunk: how many are handled in one transaction; `gentle`: how many while others are busy.
        pause: how long it waits between chunks while others are busy, in seconds; longer where a chunk
            takes longer: half of the time is theirs, however slow the machine is.
    """

    def __init__(
        self,
        port: Port[T],
        *,
        gone: tuple[type[Exception], ...] = (),
        busy: Callable[[], bool] = lambda: False,
        answering: Callable[[], bool] = lambda: False,
        batch: int = 500,
        ahead: int = 100_000,
        chunk: int = 50,
        gentle: int = 10,
        pause: float = 0.01,
        patience: float = 0.1,
    ) -> None:
        self._port = port
        self._gone = gone
        self._busy = busy
        self._answering = answering
        self._patience = patience
        self._batch = batch
        self._ahead = ahead
        self._chunk = chunk
        self._gentle = min(gentle, chunk)
        self._pause = pause
        self._held: list[T] = []
        self._lock = asyncio.Lock()
        self._ended = False

    async def run(self) -> int:
        """Handle all that is due; return how many were. One at a time: a second call waits its turn."""
        async with self._lock:
            done = 0
            if not self._ended:
                await self._port.recover()
            while not self._ended:
                await self._claim()
                if not self._held:
                    return done
                done += await self._handle()
            return done

    async def finish(self) -> None:
        """End after the chunk under way, and give back what is held; nothing is swept afterwards."""
        self._ended = True
        async with self._lock:
            held, self._held = self._held, []
            if held:
                await self._port.release(held)

    async def _claim(self) -> None:
        """Lease ahead of the work."""
        while len(self._held) < self._ahead:
            claimed = await self._port.claim(self._batch)
            self._held += claimed
            if len(claimed) < self._batch:
                return

    async def _handle(self) -> int:
        """Handle all that is held, chunk by chunk; what could not be handled stays held."""
        groups, self._held, loop = _groups(self._held), [], asyncio.get_running_loop()
        chunk: list[T] = []
        done = 0
        try:
            while groups and not self._ended:
                is_busy = self._busy()
                await self._give_way()
                while groups and len(chunk) < (self._gentle if is_busy else self._chunk):
                    chunk += groups.pop()
                started = loop.time()
                done += await self._dispatch(chunk)
                chunk = []
                # others have a turn; a long one where they are busy
                rest = max(self._pause, loop.time() - started)
                await asyncio.sleep(rest if is_busy and groups else 0)
        finally:
            self._held += [*chunk, *(item for group in reversed(groups) for item in group)]
        return done

    async def _give_way(self) -> None:
        """Begin nothing while somebody is being answered, but for so long that it never ends."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        while self._answering() and loop.time() < until:  # noqa: ASYNC110  (it is no event)
            await asyncio.sleep(_GLANCE)

    async def _dispatch(self, chunk: Sequence[T]) -> int:
        try:
            return await self._port.dispatch(chunk, alone=False)
        except self._gone:
            raise
        except Exception as exc:  # noqa: BLE001  (whose fault it is shows when each is alone)
            log.warning("sweep.chunk_failed", error=type(exc).__name__)
        return sum([await self._alone(item) for item in chunk])

    async def _alone(self, item: T) -> int:
        try:
            return await self._port.dispatch([item], alone=True)
        except self._gone:
            raise
        except Exception as exc:  # noqa: BLE001  (a bad item must not stop the others)
            log.error("sweep.failed", error=type(exc).__name__)
            await self._port.failed(item, exc)
            return 0


def _groups(items: Sequence[T]) -> list[list[T]]:
    """Return the items by group, the last group first: none is ever torn."""
    groups: dict[Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)
    return list(reversed(groups.values()))
