"""Pace: how fast an account and an address may be sent to, over every process (GCRA).

One row a limit holds when the next message may go at the earliest, were it sent evenly; a tenth of a
limit (of one over minutes: half) may go ahead of that. In no span of `Rate.seconds` do more than
`Rate.messages` go, red flags apart: they are counted and never wait. Bulk reminders use half of what
may go ahead, so that an answer always finds room, and those that must wait queue up behind one another,
in a row of their own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO NOTHING

from bot.channels.base import Rate
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Pace

_pace = Pace.__table__  # type: ignore[attr-defined]

_READ = Hot(select(_pace.c.free_at).where(_pace.c.key == bindparam("key")))
_LOCK = Hot(select(_pace.c.free_at).where(_pace.c.key == bindparam("key")).with_for_update())
_OPEN = Hot(
    insert(_pace)
    .values(key=bindparam("key"), free_at=bindparam("free_at"))
    .on_conflict_do_nothing()
)
_SAVE = Hot(
    update(_pace).where(_pace.c.key == bindparam("key_")).values(free_at=bindparam("free_at_"))
)

#: A limit over at least this many seconds is there for the odd message, not for a stream.
_LONG = 60.0


def account_key(channel: str, account: str) -> str:
    """Return the key of an account's own row."""
    return f"{channel}/{account}"


def interval(rate: Rate) -> tuple[timedelta, timedelta]:
    """Return the time from one message to the next, and how far ahead of that one may go."""
    ahead = rate.messages // (2 if rate.seconds >= _LONG else 10)
    step = timedelta(seconds=rate.seconds / (rate.messages - ahead))
    return step, step * ahead


class Pacer:
    """The paces that one transaction needs: each row is read once, held, and written at the end."""

    def __init__(self, tx: Tx, now: datetime) -> None:
        self._tx = tx
        self._now = now
        self._free: dict[str, datetime] = {}
        self._changed: set[str] = set()

    def wait(
        self,
        account: str,
        conversation_id: int,
        rates: Sequence[Rate],
        *,
        bulk: bool,
        urgent: bool = False,
    ) -> datetime | None:
        """Return when a message may go, or None: it may go now, and is counted.

        Args:
            account: `account_key` of where it goes.
            bulk: one of many that may wait: a reminder.
            urgent: goes now, whatever went before; the platform alone may refuse it.
        """
        rows = _rows(account, conversation_id, rates)
        due = self._now if urgent else self._due(account, rows, bulk=bulk)
        if due > self._now:
            return self._queued(account, conversation_id, rates, due) if bulk else due
        for key, rate in rows.items():
            self._put(key, max(self._held(key), self._now) + interval(rate)[0])
        return None

    def _due(self, account: str, rows: Mapping[str, Rate], *, bulk: bool) -> datetime:
        """Return when every limit lets one more go."""
        due = self._now if account in rows else max(self._now, self._paused(account))
        for key, rate in rows.items():
            ahead = interval(rate)[1]
            due = max(due, self._held(key) - (ahead / 2 if bulk else ahead))
        return due

    def pause(self, account: str, rates: Sequence[Rate], until: datetime) -> None:
        """Let nothing of an account go before `until`."""
        rates_of_account = [rate for rate in rates if rate.scope == "account"]
        ahead = interval(rates_of_account[0])[1] if rates_of_account else timedelta()
        if until + ahead > self._held(account):
            self._put(account, until + ahead)

    def save(self) -> None:
        """Write what changed."""
        for key in sorted(self._changed):
            self._tx.run(_SAVE, key_=key, free_at_=self._free[key])
        self._changed.clear()

    def _queued(
        self, account: str, conversation_id: int, rates: Sequence[Rate], due: datetime
    ) -> datetime:
        """Return a place behind the other reminders of an account that wait.

        One that only its address keeps waiting has no place among them, so that nobody waits behind it.
        """
        steps = [interval(rate)[0] for rate in rates if rate.scope == "account"]
        rows = _rows(account, conversation_id, [rate for rate in rates if rate.scope == "account"])
        free = self._due(account, rows, bulk=True)
        if not steps or free <= self._now:
            return due
        key = f"{account}#queue"
        place = max(free, self._held(key) + max(steps))
        self._put(key, place)
        return max(due, place)

    def _paused(self, account: str) -> datetime:
        """Read the row of an account that has no pace of its own: nobody holds it."""
        if account not in self._free:
            row = self._tx.one(_READ, key=account)
            self._free[account] = row.free_at if row else self._now
        return self._free[account]

    def _held(self, key: str) -> datetime:
        if key not in self._free:
            row = self._tx.one(_LOCK, key=key)
            if row is None:
                self._tx.run(_OPEN, key=key, free_at=self._now)
                row = self._tx.one(_LOCK, key=key)
            self._free[key] = row.free_at
        return self._free[key]

    def _put(self, key: str, free: datetime) -> None:
        self._free[key] = free
        self._changed.add(key)


def _rows(account: str, conversation_id: int, rates: Sequence[Rate]) -> dict[str, Rate]:
    """Return the row of each limit; the first of an account and of an address has the plain name."""
    rows: dict[str, Rate] = {}
    for rate in rates:
        whose = account if rate.scope == "account" else f"{account}/{conversation_id}"
        rows[f"{whose}@{rate.seconds:g}" if whose in rows else whose] = rate
    return rows
