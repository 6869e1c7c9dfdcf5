"""The PostgreSQL engine: the same writer in front of one connection, readers beside it."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from bot.errors import StoreError
from bot.store.db import Link, Tx
from bot.store.keyring import Keyring
from bot.store.writer import GroupWriter

T = TypeVar("T")

_READERS = 3
_GONE = (psycopg.OperationalError, psycopg.InterfaceError)
_AGAIN = (pg.DeadlockDetected, pg.SerializationFailure)


class PostgresEngine:
    """`Engine` on a PostgreSQL server.

    Args:
        url: `postgresql://…` as libpq reads it.
        keyring: opens and seals the encrypted columns.
    """

    name = "postgresql"

    def __init__(self, url: str, keyring: Keyring) -> None:
        self.keyring = keyring
        self.sql = self.schema_only(url)
        self.sql.dialect.keyring = keyring  # type: ignore[attr-defined]
        with self.sql.connect():
            pass  # lets the dialect learn the server's version before hot statements are compiled
        self._writer = GroupWriter(self._link, keyring, gone=_GONE, again=_AGAIN)
        self._local = threading.local()
        self._links: list[Link] = []
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="daoyi-reader")

    @staticmethod
    def schema_only(url: str) -> SqlEngine:
        """Return a plain SQLAlchemy engine on the server, for migrations and the cold paths."""
        return create_engine(
            "postgresql+psycopg://",
            creator=lambda: _connect(url),
            poolclass=NullPool,
            paramstyle="format",
            hide_parameters=True,
        )

    async def write(self, op: Callable[[Tx], T]) -> T:
        """See `Engine.write`."""
        return await self._writer.write(op)

    async def read(self, op: Callable[[Tx], T]) -> T:
        """See `Engine.read`."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, op)

    async def close(self) -> None:
        """See `Engine.close`."""
        await asyncio.to_thread(self.shut)

    def shut(self) -> None:
        """Close from outside an event loop."""
        self._writer.close()
        self._readers.shutdown(wait=True)
        for link in self._links:
            link.close()
        self.sql.dispose()

    def _read(self, op: Callable[[Tx], T]) -> T:
        link = getattr(self._local, "link", None)
        try:
            if link is None:
                link = self._local.link = self._link()
                self._links.append(link)
            link.begin_read()
            try:
                return op(Tx(link, self.keyring))
            finally:
                link.rollback()
        except _GONE as exc:
            self._local.link = None
            raise StoreError("the database cannot be reached") from exc

    def _link(self) -> Link:
        connection = self.sql.connect()
        raw = connection.connection.driver_connection
        if raw is None:
            raise TypeError("the driver gave no connection")
        return Link(connection, raw, self.sql.dialect, begin="BEGIN", begin_read="BEGIN READ ONLY")


def _connect(url: str) -> Any:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as exc:
        raise StoreError("the database cannot be reached") from exc
    except psycopg.ProgrammingError as exc:
        raise StoreError(
            "store.url is not a URL that PostgreSQL understands (expected postgresql://user@host/name)"
        ) from exc
