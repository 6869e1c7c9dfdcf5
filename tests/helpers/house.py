"""One application a database for a whole run of tests, swept clean between them.

Putting an application together costs more than most tests do. Only tests that change nothing but
conversations may share one; the others build their own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import delete
from sqlmodel import SQLModel

from bot.app import App
from bot.store.db import Engine
from tests.helpers.world import Moving, TextMessages

#: Never emptied: the facts, and what is append-only.
_KEPT = ("hospital_", "audit")


@dataclass(slots=True)
class House:
    """A hospital that is open for the whole run."""

    app: App
    sql: SqlEngine
    clock: Moving
    text: TextMessages

    def sweep(self) -> None:
        """Forget every conversation."""
        with self.sql.begin() as connection:
            for table in reversed(SQLModel.metadata.sorted_tables):
                if not table.name.startswith(_KEPT):
                    connection.execute(delete(table))
        self.app.hospital.forget()
        self.text.sent.clear()
        self.text.errors.clear()


class Houses:
    """Opens a house for each database on first use.

    Args:
        build: puts the application together on an engine, with this clock and this channel.
    """

    def __init__(self, build: Callable[[str], House]) -> None:
        self._build = build
        self._open: dict[str, House] = {}

    def on(self, backend: str) -> House:
        """Return the house on one kind of database, swept."""
        if backend not in self._open:
            self._open[backend] = self._build(backend)
        self._open[backend].sweep()
        return self._open[backend]

    def close(self) -> None:
        """Close what was opened."""
        for house in self._open.values():
            engine: Engine = house.app.engine
            asyncio.run(engine.close())
