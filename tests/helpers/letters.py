"""What tests ask of an outbox: what became of its messages, and to send what is due."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlmodel import select

from bot.messages.delivery import Delivery
from bot.store.db import Engine, Tx
from bot.store.tables import Outbox


async def states(engine: Engine) -> dict[str, str]:
    """Return the state of every message, by its text."""

    def read(tx: Tx) -> dict[str, str]:
        with tx.session() as session:
            return {row.body["text"]: row.state for row in session.exec(select(Outbox))}

    return await engine.read(read)


async def row(engine: Engine, text: str) -> Any:
    """Return one message as it is stored."""

    def read(tx: Tx) -> Any:
        with tx.session() as session:
            return next(row for row in session.exec(select(Outbox)) if row.body["text"] == text)

    return await engine.read(read)


async def drained(delivery: Delivery) -> None:
    """Send until nothing more is due."""
    while await delivery.drain():
        pass


@asynccontextmanager
async def running(delivery: Delivery) -> AsyncIterator["asyncio.Task[None]"]:
    """Let a delivery run beside the test."""
    task = asyncio.create_task(delivery.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
