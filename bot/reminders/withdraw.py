"""Taking back what stands in the outbox and has not left: nothing stale goes, however long it waited.

A message that says several things is taken back whole; what of it is still true goes again by itself.
One that may have arrived already, and only waits to be sent a second time, is never said anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, or_, select, update

from bot.reminders.rows import decision, reminder
from bot.store.db import Tx
from bot.store.statements import Hot
from bot.store.tables import Outbox
from scheduler.reminders import Reason

_outbox = Outbox.__table__  # type: ignore[attr-defined]
_UNSENT = or_(_outbox.c.state == "ready", _outbox.c.state == "leased", _outbox.c.state == "waiting")
#: A message of ours is never cut into more parts than this.
_MOST_PARTS = 8

_MESSAGES = Hot(
    select(reminder.c.outbox_id)
    .join_from(reminder, _outbox, reminder.c.outbox_id == _outbox.c.id)
    .where(
        reminder.c.about == bindparam("about"),
        reminder.c.about_id == bindparam("about_id"),
        reminder.c.state == "sent",
        _UNSENT,
    )
    .distinct()
)
_MESSAGE = Hot(
    select(_outbox.c.id, _outbox.c.state, _outbox.c.dedupe_key, _outbox.c.resent_at).where(
        _outbox.c.id == bindparam("outbox_id")
    )
)
_KEYED = Hot(
    select(_outbox.c.id, _outbox.c.state).where(_outbox.c.dedupe_key == bindparam("dedupe_key"))
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
_FREE = Hot(update(_outbox).where(_outbox.c.id == bindparam("outbox_id")).values(dedupe_key=None))
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
    .where(reminder.c.id == bindparam("reminder_id"), reminder.c.state == "sent")
    .values(state="pending", due_at=bindparam("due_at_"), decided_at=None, outbox_id=None)
)
_NOTE = Hot(
    insert(decision).values(
        reminder_id=bindparam("reminder_id"), at=bindparam("at"), decision=bindparam("decision"),
        reason=bindparam("reason"), until=bindparam("until"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """A reminder's message as it stands in the outbox.

    Attributes:
        parts: other messages that say its beginning, where it did not fit one.
        doubtful: it was sent before, and nobody knows whether it arrived.
        begun: a part of it left already.
    """

    id: int
    parts: tuple[int, ...]
    doubtful: bool
    begun: bool


def message_of(tx: Tx, outbox_id: int) -> Message | None:
    """Return the message that an outbox row is, or is a part of."""
    row = tx.one(_MESSAGE, outbox_id=outbox_id)
    if row is None:
        return None
    key, dot, _ = (row.dedupe_key or "").partition(".")
    if dot and (main := tx.one(_KEYED, dedupe_key=key)) is not None:
        return message_of(tx, main.id)
    parts, begun = [], False
    for number in range(1, _MOST_PARTS) if key else ():
        part = tx.one(_KEYED, dedupe_key=f"{key}.{number}")
        if part is None:
            break
        parts.append(part.id)
        begun = begun or part.state not in ("ready", "leased", "waiting")
    return Message(row.id, tuple(parts), row.resent_at is not None, begun)


def take_back(tx: Tx, message: Message, reason: Reason) -> bool:
    """Drop a message with all that stands in for it; False where all of it left already."""
    dropped = 0
    for outbox_id in (message.id, *message.parts):
        dropped += tx.run(_DROP, outbox_id=outbox_id, origin=outbox_id, error_=reason.value)
    if dropped:
        tx.run(_FREE, outbox_id=message.id)
    return dropped > 0


def again(tx: Tx, reminder_id: int, due_at: datetime) -> None:
    """Let a reminder be due again whose message was taken back."""
    tx.run(_AGAIN, reminder_id=reminder_id, due_at_=due_at)


def withdraw_about(tx: Tx, about: str, about_id: int, reason: Reason, now: datetime) -> int:
    """Take back what was said of a thing and has not left; return how many reminders that were."""
    count = 0
    for row in tx.rows(_MESSAGES, about=about, about_id=about_id):
        count += sum(withdraw(tx, row.outbox_id, reason, now, about=(about, about_id)))
    return count


def withdraw(
    tx: Tx, outbox_id: int, reason: Reason, now: datetime, *, about: tuple[str, int]
) -> Sequence[bool]:
    """Take a message back; say of each of its reminders whether it is over for good.

    Those of `about` are, for `reason`; the others are due again at once, unless they may have arrived.
    """
    message = message_of(tx, outbox_id)
    if message is None or not take_back(tx, message, reason):
        return []
    over = []
    for row in tx.rows(_SAID, outbox_id=outbox_id):
        ends = (row.about, row.about_id) == about
        note(tx, row.id, "withdrawn", reason, now)
        if ends:
            tx.run(_SKIP, reminder_id=row.id, reason_=reason.value, decided_at_=now)
        elif not message.doubtful:
            again(tx, row.id, now)
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
