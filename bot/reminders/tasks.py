"""What staff are asked to do: ring somebody who did not answer a reminder, or cannot be reached."""

from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert  # both engines know ON CONFLICT DO NOTHING

from bot.reminders.model import Due
from bot.store.db import Tx
from bot.store.reminder_tables import CareTask
from bot.store.statements import Hot

_task = CareTask.__table__  # type: ignore[attr-defined]
_NAMES = (
    "cause", "why", "kind", "patient_id", "conversation_id", "reminder_id", "plan_id",
    "appointment_id", "due_at", "note",
)  # fmt: skip

_ASK = Hot(
    insert(_task)
    .values({name: bindparam(name) for name in _NAMES})
    .on_conflict_do_nothing()
    .returning(_task.c.id)
)


def ask_staff(
    tx: Tx,
    cause: str,
    why: str,
    kind: str,
    due_at: datetime,
    *,
    patient_id: int | None = None,
    conversation_id: int | None = None,
    reminder_id: int | None = None,
    plan_id: int | None = None,
    appointment_id: int | None = None,
    note: str | None = None,
) -> bool:
    """Put something on the list of staff; False where the same cause stood there before.

    Args:
        why: one of the words that `CareTask.why` takes.
    """
    asked = tx.one(
        _ASK, cause=cause, why=why, kind=kind, due_at=due_at, patient_id=patient_id,
        conversation_id=conversation_id, reminder_id=reminder_id, plan_id=plan_id,
        appointment_id=appointment_id, note=note,
    )  # fmt: skip
    return asked is not None


def ask_about(tx: Tx, due: Due, why: str, now: datetime) -> bool:
    """Ask staff about a reminder that came to nothing: once for each thing and reason."""
    return ask_staff(
        tx,
        f"{why}:{due.about}:{due.about_id}:{due.about_version}:{due.kind}"[:100],
        why,
        due.kind,
        now,
        patient_id=due.patient_id,
        conversation_id=due.conversation_id,
        reminder_id=due.id,
        plan_id=due.about_id if due.about == "plan" else None,
        appointment_id=due.about_id if due.about == "visit" else None,
    )
