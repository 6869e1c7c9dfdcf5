"""The embedded engine: one SQLite file, WAL, `synchronous=FULL`, one writer, a few readers."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from bot.errors import StoreError
from bot.store.db import Link, Raw, Tx
from bot.store.keyring import Keyring
from bot.store.writer import GroupWriter

T = TypeVar("T")

#: SQLite before this one can corrupt a WAL file that is reset under a reader.
SAFE_SQLITE = (3, 51, 3)
_READERS = 3


def sqlite_module() -> ModuleType:
    """Return the SQLite driver: Python's own, or `pysqlite3` where Python links an unsafe SQLite."""
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return sqlite3
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415
    except ImportError:
        return sqlite3
    module: ModuleType = dbapi2
    return module


def prepare(raw: Raw, synchronous: str = "FULL") -> None:
    """Set a connection up so that a commit survives a power cut."""
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        f"synchronous={synchronous}",
        "foreign_keys=ON",
        "journal_size_limit=67108864",
        "trusted_schema=OFF",
        "cell_size_check=ON",
    ):
        raw.execute(f"PRAGMA {pragma}")


class SqliteEngine:
    """`Engine` on one file.

    Args:
        path: the database file; its folder exists.
        keyring: opens and seals the encrypted columns.

    Raises:
        StoreError: the file cannot be opened, or is no database.
    """

    name = "sqlite"

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self.path = path
        self.keyring = keyring
        self._module = sqlite_module()
        self.sql = create_engine(
            "sqlite://",
            module=self._module,
            creator=self._open,
            poolclass=NullPool,
            hide_parameters=True,
        )
        self.sql.dialect.keyring = keyring  # type: ignore[attr-defined]
        self._writer = GroupWriter(self._link, keyring, gone=(self._module.OperationalError,))
        self._local = threading.local()
        self._links: list[Link] = []
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="daoyi-reader")

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
                link = self._link()
                link.raw.execute("PRAGMA query_only=ON")
                self._links.append(link)
                self._local.link = link
            link.begin_read()
            try:
                return op(Tx(link, self.keyring))
            finally:
                link.rollback()
        except (self._module.OperationalError, OperationalError) as exc:
            raise StoreError(f"the database cannot be read ({getattr(exc, 'orig', exc)})") from exc

    def _open(self) -> Any:
        raw = None
        try:
            raw = self._module.connect(
                str(self.path), isolation_level=None, check_same_thread=False
            )
            prepare(raw)
        except self._module.Error as exc:
            if raw is not None:
                raw.close()
            raise StoreError(f"{self.path}: the database cannot be opened ({exc})") from exc
        return raw

    def _link(self) -> Link:
        connection = self.sql.connect()
        raw = connection.connection.driver_connection
        if raw is None:
            raise TypeError("the driver gave no connection")
        return Link(connection, raw, self.sql.dialect, begin="BEGIN IMMEDIATE", begin_read="BEGIN")
