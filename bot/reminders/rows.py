"""The statements on reminders that every part of the engine shares."""

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO NOTHING

from bot.reminders.model import Due
from bot.store.db import Tx
from bot.store.reminder_tables import Reminder, ReminderDecision
from bot.store.statements import Hot

reminder = Reminder.__table__  # type: ignore[attr-defined]
decision = ReminderDecision.__table__  # type: ignore[attr-defined]

#: The columns of a `Due`, in its order.
DUE = (
    reminder.c.id,
    reminder.c.about,
    reminder.c.about_id,
    reminder.c.about_version,
    reminder.c.kind,
    reminder.c.occurs_at,
    reminder.c.patient_id,
    reminder.c.conversation_id,
    reminder.c.due_at,
    reminder.c.send_until,
    reminder.c.attempts,
)

ADD = Hot(
    insert(reminder)
    .values(
        cause=bindparam("cause"),
        about=bindparam("about"),
        about_id=bindparam("about_id"),
        about_version=bindparam("about_version"),
        kind=bindparam("kind"),
        occurs_at=bindparam("occurs_at"),
        patient_id=bindparam("patient_id"),
        conversation_id=bindparam("conversation_id"),
        due_at=bindparam("due_at"),
        send_until=bindparam("send_until"),
        wall=bindparam("wall"),
        zone=bindparam("zone"),
        state="pending",
        attempts=0,
        created_at=bindparam("created_at"),
    )
    .on_conflict_do_nothing()
    .returning(reminder.c.id)
)
SKIP_ABOUT = Hot(
    update(reminder)
    .where(
        reminder.c.about == bindparam("about_"),
        reminder.c.about_id == bindparam("about_id_"),
        or_(reminder.c.state == "pending", reminder.c.state == "leased"),
    )
    .values(
        state="skipped", reason=bindparam("reason_"), decided_at=bindparam("decided_at_"),
        lease_until=None, owner=None,
    )
)  # fmt: skip
ONE = Hot(select(*DUE, reminder.c.state).where(reminder.c.id == bindparam("reminder_id")))
IN_MESSAGE = Hot(
    select(*DUE, reminder.c.state)
    .where(reminder.c.outbox_id == bindparam("outbox_id"))
    .order_by(reminder.c.occurs_at, reminder.c.id)
)


def due_of(row: object) -> Due:
    """Return the reminder that a row with the columns of `DUE` is."""
    return Due(*tuple(row)[: len(DUE)])  # type: ignore[arg-type]


def in_message(tx: Tx, outbox_id: int) -> list[Due]:
    """Return what one message reminds of, soonest first."""
    return [due_of(row) for row in tx.rows(IN_MESSAGE, outbox_id=outbox_id)]
