"""Claiming: which sweeper decides about which reminder that is due.

Leases are fenced by owner and attempt: one that ran out and went to somebody else is decided there.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, or_, select, update

from bot.reminders.model import Due
from bot.reminders.rows import DUE, due_of, reminder
from bot.store import many
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Conversation

#: No lease lasts so long.
LONGEST = timedelta(hours=1)

_chosen = reminder.alias("chosen")
_conversation = Conversation.__table__  # type: ignore[attr-defined]

_CLAIM = Hot(
    update(reminder)
    .where(
        reminder.c.id.in_(
            select(_chosen.c.id)
            .where(_chosen.c.state == "pending", _chosen.c.due_at <= bindparam("now"))
            .order_by(_chosen.c.due_at, _chosen.c.id)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        state="leased",
        owner=bindparam("owner_"),
        attempts=reminder.c.attempts + 1,
        lease_until=bindparam("until"),
    )
    .returning(
        reminder.c.id, reminder.c.conversation_id, reminder.c.attempts, reminder.c.due_at
    )
)  # fmt: skip
_EXPIRED = Hot(
    update(reminder)
    .where(
        reminder.c.state == "leased",
        or_(reminder.c.lease_until <= bindparam("now"), reminder.c.lease_until > bindparam("far")),
    )
    .values(state="pending", owner=None, lease_until=None)
)
_BACKLOG = Hot(
    select(func.count().label("n")).where(
        reminder.c.state == "pending", reminder.c.due_at <= bindparam("now")
    )
)
_RELEASE = Hot(
    update(reminder)
    .where(reminder.c.state == "leased", reminder.c.owner == bindparam("owner_"))
    .values(state="pending", owner=None, lease_until=None)
)
_LEASED = Hot(
    select(*DUE)
    .where(
        many.among(reminder.c.id),
        reminder.c.state == "leased",
        reminder.c.owner == bindparam("owner"),
    )
    .with_for_update()
)
_LOCK = Hot(
    select(_conversation.c.id)
    .where(many.among(_conversation.c.id))
    .order_by(_conversation.c.id)
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A reminder that one sweeper decides about.

    Attributes:
        conversation_id: where it was last known to go.
    """

    id: int
    conversation_id: int | None
    attempt: int

    @property
    def group(self) -> Hashable:
        """Return what is decided together: all of one conversation."""
        return self.conversation_id if self.conversation_id is not None else (self.id,)


def claim(tx: Tx, owner: str, now: datetime, until: datetime, limit: int) -> list[Claimed]:
    """Lease reminders that are due to `owner`, the longest due first."""
    rows = tx.rows(_CLAIM, owner_=owner, now=now, until=until, limit=limit)
    rows.sort(key=lambda row: (row.due_at, row.id))
    return [Claimed(row.id, row.conversation_id, row.attempts) for row in rows]


def recover(tx: Tx, now: datetime) -> int:
    """Let reminders be due again whose leases end by `now`; return how many.

    So are those leased for longer than anybody leases: by a clock that was put back since.
    """
    return tx.run(_EXPIRED, now=now, far=now + LONGEST)


def backlog(tx: Tx, now: datetime) -> int:
    """Return how many are due that nobody decides about yet."""
    return int(tx.one(_BACKLOG, now=now).n)


def release(tx: Tx, owner: str) -> int:
    """Give back all that `owner` leased; return how many."""
    return tx.run(_RELEASE, owner_=owner)


def held(tx: Tx, owner: str, claimed: Sequence[Claimed]) -> list[Due]:
    """Return, and keep until the commit, those that are still `owner`'s to decide; in order."""
    # conversations first, as turns do: whoever locks in this order never waits in a ring
    homes = sorted({one.conversation_id for one in claimed if one.conversation_id is not None})
    for _ in many.rows(tx, _LOCK, homes):
        pass
    leased = many.rows(tx, _LEASED, [one.id for one in claimed], owner=owner)
    found = {row.id: due_of(row) for row in leased}
    return [
        due
        for one in claimed
        if (due := found.get(one.id)) is not None and due.attempts == one.attempt
    ]
