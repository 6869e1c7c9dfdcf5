"""The one writer: a thread that owns the only writing connection and commits in groups.

Callers wait together for one fsync, so the promise "stored before acknowledged" costs little on a
slow disk too. Every operation has its own SAVEPOINT: a bad one undoes itself and nobody else.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from bot.errors import StoreBusy, StoreError
from bot.store.db import Link, Tx
from bot.store.keyring import Keyring

log = structlog.get_logger()

T = TypeVar("T")

_BATCH = 256
_CAPACITY = 4_096


@dataclass(slots=True)
class _Job:
    op: Callable[[Tx], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None
    hints: list[Callable[[], None]] = field(default_factory=list)


class GroupWriter:
    """Runs operations one after another on one connection, many to a commit.

    Args:
        connect: opens the writing connection; called again after the database was gone.
        keyring: handed to each operation's `Tx`.
        gone: the driver's exception types that mean "the connection is lost".
        again: the driver's exception types that mean "run the whole group again".
    """

    def __init__(
        self,
        connect: Callable[[], Link],
        keyring: Keyring,
        *,
        gone: tuple[type[BaseException], ...] = (),
        again: tuple[type[BaseException], ...] = (),
    ) -> None:
        self._connect = connect
        self._keyring = keyring
        self._gone = gone
        self._again = again
        self._link: Link | None = connect()
        self._jobs: queue.Queue[_Job | None] = queue.Queue(_CAPACITY)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="daoyi-writer", daemon=True)
        self._thread.start()

    async def write(self, op: Callable[[Tx], T]) -> T:
        """Queue `op`; return its result after the commit that holds it."""
        if self._closed:
            raise StoreError("the database is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        try:
            self._jobs.put_nowait(_Job(op, loop, future))
        except queue.Full:
            raise StoreBusy("too many messages at once; try again in a moment") from None
        return await future

    def close(self) -> None:
        """Finish what is queued, then close the connection."""
        self._closed = True
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            batch, last = self._gather(first)
            try:
                self._commit(batch)
            except Exception as exc:  # noqa: BLE001  (whatever it is, the callers must hear of it)
                self._fail(batch, exc)
            _answer(batch)
            if last:
                break
        self._refuse_late()
        if self._link is not None:
            self._link.close()

    def _refuse_late(self) -> None:
        """Answer whoever queued behind the end: nobody may wait for ever."""
        while not self._jobs.empty():
            if (late := self._jobs.get_nowait()) is not None:
                late.error = StoreError("the database is closed")
                _answer([late])

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        batch = [first]
        while len(batch) < _BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return batch, True
            batch.append(job)
        return batch, False

    def _commit(self, batch: list[_Job]) -> None:
        for last_try in (False, False, True):
            link = self._link = self._link or self._connect()
            try:
                link.begin()
                for job in batch:
                    self._step(link, job, alone=len(batch) == 1)
                link.commit()
            except self._again:
                link.rollback()
                if last_try:
                    raise
            else:
                return

    def _step(self, link: Link, job: _Job, *, alone: bool) -> None:
        tx = Tx(link, self._keyring)
        job.result, job.error, job.hints = None, None, []
        link.raw.execute("SAVEPOINT op")
        try:
            job.result = job.op(tx)
        except (*self._gone, *self._again):
            raise
        except Exception as exc:
            of_driver = getattr(exc, "orig", None)  # where an ORM session wrapped it
            if isinstance(of_driver, self._again):
                raise of_driver from exc
            job.error = exc  # it belongs to the caller who brought the operation
            link.raw.execute("ROLLBACK TO SAVEPOINT op")
        else:
            job.hints = tx.after_commit
        if not alone:
            link.raw.execute("RELEASE SAVEPOINT op")

    def _fail(self, batch: list[_Job], exc: BaseException) -> None:
        lost = isinstance(exc, (StoreError, *self._gone))
        error = StoreError("the database cannot be reached" if lost else "the database refused")
        error.__cause__ = exc
        log.error("store.write_failed", error=type(exc).__name__, reason=str(exc) if lost else None)
        for job in batch:
            job.error, job.hints = error, []
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(Exception):  # it is lost already; the next group connects anew
                link.close()


def _answer(batch: list[_Job]) -> None:
    """Wake the callers, once for each event loop, now that everything is on disk."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if not job.future.done():
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
    for hint in [hint for job in jobs for hint in job.hints]:
        try:
            hint()
        except Exception as exc:  # noqa: BLE001  (a hint is a courtesy; the others want theirs)
            log.error("store.hint_failed", error=type(exc).__name__)
