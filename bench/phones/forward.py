"""Fast-forward: from one instant at which something is due to the next, each at its own time.

Nothing is skipped: before every step the clock stands still until what is due was decided, stored and
handed over. So a month of reminders goes by as it would have, in seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import bindparam, func, or_, select, union_all

from bench.phones.clock import DemoClock
from bot.errors import StoreError
from bot.store.db import Engine, Tx
from bot.store.reminder_tables import Reminder
from bot.store.statements import Hot
from bot.store.tables import Inbox, Outbox
from scheduler.jobs import Job

log = structlog.get_logger()

_reminder = Reminder.__table__  # type: ignore[attr-defined]
_outbox = Outbox.__table__  # type: ignore[attr-defined]
_inbox = Inbox.__table__  # type: ignore[attr-defined]

_PLANNED = select(func.min(_reminder.c.due_at).label("at")).where(_reminder.c.state == "pending")
_NEXT_REMINDER = Hot(_PLANNED)
_NEXT = Hot(
    union_all(
        _PLANNED.where(_reminder.c.due_at > bindparam("now")),
        select(func.min(_outbox.c.due_at).label("at")).where(
            _outbox.c.state == "ready", _outbox.c.due_at > bindparam("now_")
        ),
    )
)
#: What is under way: to be decided, to be sent, being sent, to be answered.
_BUSY = Hot(
    union_all(
        select(func.count().label("n")).where(
            _reminder.c.state == "pending", _reminder.c.due_at <= bindparam("now")
        ),
        select(func.count().label("n")).where(_reminder.c.state == "leased"),
        select(func.count().label("n")).where(
            _outbox.c.state == "ready", _outbox.c.due_at <= bindparam("now_")
        ),
        select(func.count().label("n")).where(
            _outbox.c.lease_until.is_not(None),
            or_(_outbox.c.state == "leased", _outbox.c.state == "sending"),
        ),
        select(func.count().label("n")).where(_inbox.c.state == "new", _inbox.c.attempts == 0),
    )
)

#: So far at once: more is asked for again.
MOST = timedelta(days=400)
#: Where nothing is due, holds and lists are looked at this often; on a long way less often.
_STRIDE, _STRIDES = timedelta(minutes=30), 48
#: Real seconds that one step may take: a dead gateway is not waited for.
_PATIENCE = 6.0
_BREATH = 0.02

Steps = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(slots=True)
class Forward:
    """Puts the clock of a demonstration forward.

    Attributes:
        zone: the hospital's; a typed time is meant there.
        jobs: returns what the application does as time goes by.
        wake: tells the sender that there is something to send.
    """

    clock: DemoClock
    zone: ZoneInfo
    engine: Engine
    jobs: Callable[[], Sequence[Job]]
    wake: Callable[[], None]
    _until: datetime | None = None
    _task: "asyncio.Task[None] | None" = field(default=None, repr=False)

    def state(self) -> dict[str, Any]:
        """Return what the page shows; JSON."""
        return {
            "now": _stamp(self.clock()),
            "ahead": int(self.clock.ahead.total_seconds()),
            "until": _stamp(self._until) if self._until else None,
            "zone": self.zone.key,
        }

    async def begin(self, action: str, to: str = "") -> str:
        """Begin to go forward; return a word where that cannot be.

        Args:
            action: "next" (reminder), "hour", "day", or "to" a local time of the hospital's.
        """
        if self._until is not None:
            return "moving"
        target = await self._target(action, to)
        if target is None:
            return "nothing" if action == "next" else "unreadable"
        if not self.clock() <= target <= self.clock() + MOST:
            return "out_of_range"
        self._until = target
        self._task = asyncio.create_task(self._go(target))
        return ""

    async def stop(self) -> None:
        """Stay where the clock is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _target(self, action: str, to: str) -> datetime | None:
        if action in Steps:
            return self.clock() + Steps[action]
        if action == "next":
            row = await self.engine.read(lambda tx: tx.one(_NEXT_REMINDER))
            return max(row.at, self.clock()) if row and row.at else None
        try:
            typed = datetime.fromisoformat(to)
        except ValueError:
            return None
        return typed.replace(tzinfo=self.zone).astimezone(UTC) if action == "to" else None

    async def _go(self, target: datetime) -> None:
        try:
            stride = max(_STRIDE, (target - self.clock()) / _STRIDES)
            await self._settle()
            while (now := self.clock()) < target:
                due = await self.engine.read(partial(_next, now=now))
                self.clock.forward(min(target, now + stride, due or target))
                await self._settle()
        except StoreError:
            log.warning("phones.clock_stopped")
        finally:
            self._until = None

    async def _settle(self) -> None:
        """Let the application do all that is due now."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + _PATIENCE
        while clock() < deadline:
            did = [await _did(job.run) for job in self.jobs()]
            self.wake()
            busy = await self.engine.read(lambda tx: _busy(tx, self.clock()))
            if not busy and not any(did):
                return
            await asyncio.sleep(_BREATH)


async def _did(run: Callable[[], Awaitable[object]]) -> bool:
    """Run a job; what fails fails in its own tick, too."""
    try:
        return bool(await run())
    except Exception as exc:  # noqa: BLE001  (one bad job must not stop the clock)
        log.warning("phones.job_failed", error=type(exc).__name__)
        return False


def _next(tx: Tx, now: datetime) -> datetime | None:
    """Return the next instant at which something is due."""
    instants = [row.at for row in tx.rows(_NEXT, now=now, now_=now) if row.at is not None]
    return min(instants, default=None)


def _busy(tx: Tx, now: datetime) -> bool:
    return any(row.n for row in tx.rows(_BUSY, now=now, now_=now))


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
