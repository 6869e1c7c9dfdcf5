"""The database's own limit: how many messages a second the same writer can store, and nothing else."""

import asyncio
import secrets
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bot.message import Address, Inbound
from bot.messages import inbox
from bot.store.keyring import Keyring
from bot.store.setup import open_store


def commits_per_second(folder: Path, callers: int, messages: int) -> float:
    """Store `messages` from `callers` at once, each durable before the next; return messages/s."""
    return asyncio.run(_measure(folder, callers, messages))


async def _measure(folder: Path, callers: int, messages: int) -> float:
    engine = open_store(
        "sqlite", folder, Keyring([secrets.token_bytes(32)], secrets.token_bytes(32))
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)

    async def caller(number: int) -> None:
        address = Address("webchat", "bench", f"patient {number}")
        for n in range(messages // callers):
            inbound = Inbound(address, f"{number}:{n}", "停车多少钱")
            await engine.write(lambda tx, i=inbound: inbox.accept(tx, i, now))  # type: ignore[misc]

    started = perf_counter()
    await asyncio.gather(*(caller(number) for number in range(callers)))
    seconds = perf_counter() - started
    await engine.close()
    return messages / seconds
