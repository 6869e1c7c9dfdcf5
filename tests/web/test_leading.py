"""Of several processes one polls; whoever dies or leaves is followed by another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from bot import leading
from bot.errors import StoreError
from bot.leading import LEASE, Leader
from bot.store.db import Engine
from tests.conftest import Clock
from tests.helpers.doubles import FlakyEngine


class Work:
    """Something that only one may do.

    Attributes:
        at_it: the names of those that do it now.
    """

    def __init__(self) -> None:
        self.at_it: set[str] = set()

    def of(self, name: str) -> Callable[[], Any]:
        """Return the work as one process does it."""

        async def work() -> None:
            self.at_it.add(name)
            try:
                await asyncio.Event().wait()
            finally:
                self.at_it.discard(name)

        return work

    async def is_done_by(self, *names: str) -> None:
        """Wait until these do it, and nobody else."""
        async with asyncio.timeout(20):
            while self.at_it != set(names):  # noqa: ASYNC110  (nobody tells who leads)
                await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "EVERY", 0.005)


@asynccontextmanager
async def process(
    engine: Any, clock: Clock, work: Work, name: str
) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(Leader(engine, "telegram/main", clock).lead(work.of(name)))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_one_works_and_the_next_follows_once_it_left(engine: Engine, clock: Clock) -> None:
    work = Work()
    async with AsyncExitStack() as others:
        async with process(engine, clock, work, "a"):
            await work.is_done_by("a")
            await others.enter_async_context(process(engine, clock, work, "b"))
            await asyncio.sleep(0.05)
            assert work.at_it == {"a"}
        await work.is_done_by("b")


async def test_a_lease_lasts_as_long_as_it_is_renewed(engine: Engine, clock: Clock) -> None:
    leader, other = (Leader(engine, "telegram/main", clock) for _ in range(2))
    for _ in range(5):
        assert await leader._holds()
        assert not await other._holds()
        clock.now += timedelta(seconds=LEASE * 0.9)


async def test_of_one_that_died_the_lease_runs_out(engine: Engine, clock: Clock) -> None:
    work = Work()
    dead = Leader(engine, "telegram/main", clock)
    assert await dead._holds()
    async with process(engine, clock, work, "b"):
        await asyncio.sleep(0.05)
        assert work.at_it == set()
        clock.now += timedelta(seconds=LEASE)
        await work.is_done_by("b")
        assert not await dead._holds(), "back from the dead, it finds another in its place"


async def test_without_a_database_everybody_stays_what_they_were(
    engine: Engine, clock: Clock
) -> None:
    """A poll goes on: an emergency is answered from memory."""
    first, second = FlakyEngine(engine), FlakyEngine(engine)
    leader, other = (Leader(one, "telegram/main", clock) for one in (first, second))
    assert await leader._holds()
    assert not await other._holds()
    clock.now += timedelta(days=1)
    first.failures = second.failures = [StoreError("away"), StoreError("away")]
    assert await leader._holds()
    assert not await other._holds()


async def test_what_the_work_raises_is_raised_and_the_lease_given_back(
    engine: Engine, clock: Clock
) -> None:
    async def broken() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await Leader(engine, "telegram/main", clock).lead(broken)
    assert await Leader(engine, "telegram/main", clock)._holds()
    assert await Leader(engine, "telegram/other", clock)._holds()
