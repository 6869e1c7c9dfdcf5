"""What was decided of a reminder, written down; the row, and why where the row does not show it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, update

from bot.reminders.model import Due
from bot.reminders.rows import decision, reminder
from bot.reminders.withdraw import note
from bot.store.db import Tx
from bot.store.statements import Hot
from scheduler.reminders import Reason

_OPEN = or_(reminder.c.state == "pending", reminder.c.state == "leased")

_SENT = Hot(
    update(reminder)
    .where(reminder.c.id == bindparam("reminder_id"), _OPEN)
    .values(
        state="sent", outbox_id=bindparam("outbox_id_"), rules=bindparam("rules_"),
        conversation_id=bindparam("conversation_id_"), decided_at=bindparam("decided_at_"),
        owner=None, lease_until=None,
    )
)  # fmt: skip
_SKIPPED = Hot(
    update(reminder)
    .where(reminder.c.id == bindparam("reminder_id"), _OPEN)
    .values(
        state="skipped", reason=bindparam("reason_"), rules=bindparam("rules_"),
        decided_at=bindparam("decided_at_"), owner=None, lease_until=None,
    )
)  # fmt: skip
_LATER = Hot(
    update(reminder)
    .where(reminder.c.id == bindparam("reminder_id"), _OPEN)
    .values(state="pending", due_at=bindparam("due_at_"), owner=None, lease_until=None)
)
_STILL = Hot(
    update(decision)
    .where(
        decision.c.reminder_id == bindparam("of"),
        decision.c.decision == "deferred",
        decision.c.reason == bindparam("why"),
    )
    .values(until=bindparam("until_"))
)
_FAILURES = Hot(
    select(func.count().label("n")).where(
        decision.c.reminder_id == bindparam("reminder_id"), decision.c.decision == "failed"
    )
)


def sent(tx: Tx, said: Sequence[tuple[Due, int, int]], rules: str, now: datetime) -> None:
    """Note in which messages reminders are said: (reminder, conversation, message)."""
    tx.run_all(
        _SENT,
        [
            {
                "reminder_id": due.id, "outbox_id_": outbox_id, "rules_": rules,
                "conversation_id_": conversation_id, "decided_at_": now,
            }
            for due, conversation_id, outbox_id in said
        ],
    )  # fmt: skip


def skipped(tx: Tx, due: Due, reason: Reason, rules: str, now: datetime) -> None:
    """Note that a reminder never goes, and why."""
    tx.run(_SKIPPED, reminder_id=due.id, reason_=reason.value, rules_=rules, decided_at_=now)


def later(tx: Tx, due: Due, until: datetime, reason: Reason, now: datetime) -> None:
    """Note that a reminder is decided about again at `until`, and why: once for each reason."""
    tx.run(_LATER, reminder_id=due.id, due_at_=until)
    if not tx.run(_STILL, of=due.id, why=reason.value, until_=until):
        note(tx, due.id, "deferred", reason, now, until)


def failed(tx: Tx, due: Due, until: datetime, now: datetime) -> None:
    """Note that deciding failed; it is tried again at `until`."""
    tx.run(_LATER, reminder_id=due.id, due_at_=until)
    note(tx, due.id, "failed", Reason.FAILED, now, until)


def failures(tx: Tx, reminder_id: int) -> int:
    """Return how often deciding about a reminder failed."""
    return int(tx.one(_FAILURES, reminder_id=reminder_id).n)
