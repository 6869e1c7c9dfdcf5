"""The port to the database: one `Engine`, two adapters (`sqlite`, `postgres`), one way to write.

A service gets a `Tx` and never commits; `Engine.write` does, together with others that wait
(`writer`), and returns only when the change is on disk.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Dialect
from sqlmodel import Session

from bot.store.keyring import Keyring
from bot.store.statements import Hot, arguments

T = TypeVar("T")


class Raw(Protocol):
    """A driver's connection, as far as hot statements need it."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any:
        """Run one statement and return its cursor."""
        ...

    def cursor(self) -> Any:
        """Return a cursor, for a statement with many sets of parameters."""
        ...


class Link:
    """One connection: raw for hot statements, and as an SQLAlchemy session for everything else."""

    def __init__(
        self,
        connection: Connection | None,
        raw: Raw,
        dialect: Dialect,
        *,
        begin: str,
        begin_read: str = "BEGIN",
    ) -> None:
        self.connection = connection
        self.raw = raw
        self.dialect = dialect
        self._begin = begin
        self._begin_read = begin_read

    def begin(self) -> None:
        """Start a transaction."""
        self.raw.execute(self._begin)

    def begin_read(self) -> None:
        """Start a transaction that sees one moment and changes nothing."""
        self.raw.execute(self._begin_read)

    def commit(self) -> None:
        """Make the transaction durable."""
        self.raw.execute("COMMIT")
        self._settle()

    def rollback(self) -> None:
        """Undo the transaction."""
        self.raw.execute("ROLLBACK")
        self._settle()

    def _settle(self) -> None:
        # SQLAlchemy believes that it began a transaction; tell it that there is none.
        if self.connection is not None and self.connection.in_transaction():
            self.connection.rollback()

    def close(self) -> None:
        """Give the connection back to the operating system."""
        if self.connection is not None:
            self.connection.close()


class Tx:
    """What a service may do inside somebody's transaction."""

    def __init__(self, link: Link, keyring: Keyring) -> None:
        self._link = link
        self.keyring = keyring
        self.after_commit: list[Callable[[], None]] = []

    def rows(self, hot: Hot, **values: Any) -> list[Any]:
        """Run a hot statement and return its rows as named tuples."""
        compiled = hot.on(self._link.dialect)
        if compiled.row is None:
            raise TypeError("this statement returns no rows")
        make = compiled.row
        cursor = self._link.raw.execute(compiled.sql, arguments(compiled, values))
        return [make(raw) for raw in cursor.fetchall()]

    def one(self, hot: Hot, **values: Any) -> Any:
        """Run a hot statement and return its first row, or None."""
        rows = self.rows(hot, **values)
        return rows[0] if rows else None

    def run(self, hot: Hot, **values: Any) -> int:
        """Run a hot statement that returns nothing; return how many rows it changed."""
        compiled = hot.on(self._link.dialect)
        cursor = self._link.raw.execute(compiled.sql, arguments(compiled, values))
        return int(cursor.rowcount)

    def run_all(self, hot: Hot, many: Sequence[dict[str, Any]]) -> int:
        """Run a hot statement that returns nothing once for each of `many`; count changed rows."""
        if not many:
            return 0
        compiled = hot.on(self._link.dialect)
        cursor = self._link.raw.cursor()
        cursor.executemany(compiled.sql, [arguments(compiled, values) for values in many])
        return int(cursor.rowcount)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield an SQLModel session inside this transaction; its changes are flushed at the end."""
        if self._link.connection is None:
            raise TypeError("this connection runs hot statements only")
        if not self._link.connection.in_transaction():
            self._link.connection.begin()  # SQLAlchemy must know of ours, or it would commit its own
        with Session(
            bind=self._link.connection,
            join_transaction_mode="create_savepoint",
            expire_on_commit=False,
            autoflush=True,
        ) as session:
            yield session
            session.commit()


class Engine(Protocol):
    """A database: write in groups, read beside it."""

    name: str
    keyring: Keyring

    async def write(self, op: Callable[[Tx], T]) -> T:
        """Run `op` in a transaction and return its result once that is durable.

        `op` may run twice (after a deadlock), so it must touch nothing but its `Tx`.

        Raises:
            StoreBusy: too many are waiting. StoreError: the database is gone.
        """
        ...

    async def read(self, op: Callable[[Tx], T]) -> T:
        """Run `op` on a connection that cannot write."""
        ...

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
        ...
