"""Taking back what stands in the outbox and has not left: nothing stale goes, however long it waited.

A message that says several things is taken back whole; what of it is still true goes again by itself.
"""

from datetime import datetime

from sqlalchemy import bindparam, exists, insert, or_, select, update

from bot.reminders.rows import decision, reminder
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Outbox
from scheduler.reminders import Reason

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_UNSENT = or_(_outbox.c.state == "ready", _outbox.c.state == "leased", _outbox.c.state == "waiting")

_instead = _outbox.alias("instead")

#: Also what failed where it was said, and still stands at another address of hers.
_MESSAGES = Hot(
    select(reminder.c.outbox_id)
    .join_from(reminder, _outbox, reminder.c.outbox_id == _outbox.c.id)
    .where(
        reminder.c.about == bindparam("about"),
        reminder.c.about_id == bindparam("about_id"),
        reminder.c.state == "sent",
        or_(
            _UNSENT,
            exists().where(
                _instead.c.origin_id == reminder.c.outbox_id,
                or_(
                    _instead.c.state == "ready",
                    _instead.c.state == "leased",
                    _instead.c.state == "waiting",
                ),
            ),
        ),
    )
    .distinct()
)
_DROP = Hot(
    update(_outbox)
    .where(
        or_(_outbox.c.id == bindparam("outbox_id"), _outbox.c.origin_id == bindparam("origin")),
        _UNSENT,
    )
    .values(
        state="dropped", error=bindparam("error_"), lease_until=None, owner=None, dedupe_key=None
    )
)
_SAID = Hot(
    select(reminder.c.id, reminder.c.about, reminder.c.about_id).where(
        reminder.c.outbox_id == bindparam("outbox_id"), reminder.c.state == "sent"
    )
)
_SKIP = Hot(
    update(reminder)
    .where(reminder.c.id == bindparam("reminder_id"))
    .values(
        state="skipped",
        reason=bindparam("reason_"),
        decided_at=bindparam("decided_at_"),
        outbox_id=None,
    )
)
_AGAIN = Hot(
    update(reminder)
    .where(reminder.c.id == bindparam("reminder_id"))
    .values(state="pending", due_at=bindparam("due_at_"), decided_at=None, outbox_id=None)
)
_NOTE = Hot(
    insert(decision).values(
        reminder_id=bindparam("reminder_id"), at=bindparam("at"), decision=bindparam("decision"),
        reason=bindparam("reason"), until=bindparam("until"),
    )
)  # fmt: skip


def withdraw_about(tx: Tx, about: str, about_id: int, reason: Reason, now: datetime) -> int:
    """Take back what was said of a thing and has not left; return how many reminders that were."""
    count = 0
    for row in tx.rows(_MESSAGES, about=about, about_id=about_id):
        for said in withdraw(tx, row.outbox_id, reason, now, about=(about, about_id)):
            count += said
    return count


def withdraw(
    tx: Tx, outbox_id: int, reason: Reason, now: datetime, *, about: tuple[str, int]
) -> list[bool]:
    """Take a message back; say of each of its reminders whether it is over for good.

    Those of `about` are, for `reason`; the others are due again at once.
    """
    if not tx.run(_DROP, outbox_id=outbox_id, origin=outbox_id, error_=reason.value):
        return []
    over = []
    for row in tx.rows(_SAID, outbox_id=outbox_id):
        ends = (row.about, row.about_id) == about
        note(tx, row.id, "withdrawn", reason, now)
        if ends:
            tx.run(_SKIP, reminder_id=row.id, reason_=reason.value, decided_at_=now)
        else:
            tx.run(_AGAIN, reminder_id=row.id, due_at_=now)
        over.append(ends)
    return over


def note(
    tx: Tx,
    reminder_id: int,
    decision_: str,
    reason: Reason,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Keep why a reminder did not go, or was taken back."""
    tx.run(
        _NOTE, reminder_id=reminder_id, at=now, decision=decision_, reason=reason.value, until=until
    )
