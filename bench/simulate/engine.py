"""The application's own database engines, without threads: each change at once, so that runs repeat.

The process can be killed at any change, before or after it is on disk; nothing of it acts any more then.
"""

from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Self, TypeVar

from bot.store.db import Engine, Link, Tx
from bot.store.keyring import Keyring
from bot.store.postgres import PostgresEngine
from bot.store.sqlite import SqliteEngine
from bot.store.statements import Hot

T = TypeVar("T")


class Killed(BaseException):
    """The process is dead: whatever it was about to do is not done."""


class Inline:
    """What both engines do here; mixed in before one of them.

    Attributes:
        dead: the process was killed.
        writes: how many changes there were.
        dies: called when it is killed.
        kill_in: kills the process at that many changes from now on; after the commit where `late`.
    """

    name: str
    keyring: Keyring
    _link: Callable[[], Link]
    shut: Callable[[], None]

    def start(self, *fast: str) -> None:
        """Open the two connections; `fast`: statements for what need not survive a power cut."""
        self._fast = fast
        self.dead, self.late, self.writes = False, False, 0
        self.kill_in: int | None = None
        self.dies: Callable[[], object] = lambda: None
        self._writing, self._reading = self._link(), self._link()
        for statement in fast:
            self._writing.raw.execute(statement)

    async def write(self, op: Callable[[Tx], T]) -> T:
        """See `Engine.write`."""
        self._step(late=False)
        tx = Tx(self._writing, self.keyring)
        self._writing.begin()
        try:
            result = op(tx)
        except BaseException:
            self._writing.rollback()
            raise
        self._writing.commit()
        self._step(late=True)
        for hint in tx.after_commit:
            hint()
        return result

    async def read(self, op: Callable[[Tx], T]) -> T:
        """See `Engine.read`."""
        if self.dead:
            raise Killed
        return self.look(op)

    def look(self, op: Callable[[Tx], T]) -> T:
        """Read beside the application; also after it died."""
        self._reading.begin_read()
        try:
            return op(Tx(self._reading, self.keyring))
        finally:
            self._reading.rollback()

    def rows(self, hot: Hot, **values: object) -> list[object]:
        """Read rows beside the application."""
        return self.look(lambda tx: tx.rows(hot, **values))

    def kill(self) -> None:
        """Kill the process, and everything of it with it.

        Raises:
            Killed: always.
        """
        self.dead = True
        self.dies()
        raise Killed

    def end(self) -> None:
        """Close the connections."""
        self.dead = True
        self._writing.close()
        self._reading.close()

    def again(self) -> Self:
        """Return the engine of the next process: its own connections, statements known already."""
        following = copy(self)
        following.start(*self._fast)
        return following

    def _step(self, *, late: bool) -> None:
        if self.dead:
            raise Killed
        if not late:
            self.writes += 1
        if self.kill_in is not None and late == self.late:
            self.kill_in -= 1
            if self.kill_in < 0:
                self.kill()


class InlineSqlite(Inline, SqliteEngine):
    """The embedded engine."""


class InlinePostgres(Inline, PostgresEngine):
    """The engine on a server."""


def open_inline(url: str, folder: Path, keyring: Keyring) -> Inline:
    """Return an engine on a database that has our newest schema."""
    if url == "sqlite":
        embedded = InlineSqlite(folder / "daoyi.sqlite3", keyring)
        embedded.start("PRAGMA synchronous=OFF", "PRAGMA cache_size=-65536")
        return embedded
    server = InlinePostgres(url, keyring)
    server.start("SET synchronous_commit TO off")
    return server


def as_engine(inline: Inline) -> Engine:
    """Return an engine as the application knows it."""
    engine: Engine = inline  # type: ignore[assignment]
    return engine
