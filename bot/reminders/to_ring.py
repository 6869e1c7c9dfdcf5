"""Whom staff should ring because a reminder came to nothing; listed until somebody says it is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update

from bot.errors import BadInput
from bot.store.audit import record
from bot.store.booking_tables import Appointment, Patient
from bot.store.db import Tx
from bot.store.reminder_tables import CareTask
from bot.store.statements import Hot
from bot.store.tables import Conversation, Person

_task = CareTask.__table__  # type: ignore[attr-defined]
_patient = Patient.__table__  # type: ignore[attr-defined]
_appointment = Appointment.__table__  # type: ignore[attr-defined]
_conversation = Conversation.__table__  # type: ignore[attr-defined]
_person = Person.__table__  # type: ignore[attr-defined]

_SHOWN = 200
#: Why nobody heard of it: before a visit this stands on top of everything.
_NOT_TOLD = frozenset({"unreachable", "nobody", "too_late"})
#: A visit is near from the morning before on.
_NEAR = timedelta(hours=36)

_COLUMNS = (
    _task.c.id, _task.c.why, _task.c.kind, _task.c.due_at, _task.c.patient_id,
    _task.c.conversation_id, _task.c.plan_id, _task.c.appointment_id, _task.c.note,
    _appointment.c.starts_at, _patient.c.name, _patient.c.phone,
    _person.c.phone.label("her_phone"),
)  # fmt: skip
_joined = (
    _task.outerjoin(_patient, _task.c.patient_id == _patient.c.id)
    .outerjoin(_appointment, _task.c.appointment_id == _appointment.c.id)
    .outerjoin(_conversation, _task.c.conversation_id == _conversation.c.id)
    .outerjoin(_person, _conversation.c.person_id == _person.c.id)
)
_OPEN = Hot(
    select(*_COLUMNS)
    .select_from(_joined)
    .where(_task.c.done_at.is_(None))
    .order_by(_task.c.due_at, _task.c.id)
    .limit(_SHOWN)
)


def _open_of(column: Any) -> Hot:
    return Hot(
        select(*_COLUMNS)
        .select_from(_joined)
        .where(column == bindparam("of"), _task.c.done_at.is_(None))
        .order_by(_task.c.due_at, _task.c.id)
        .limit(_SHOWN)
    )


_OF_PATIENT, _OF_VISIT = _open_of(_task.c.patient_id), _open_of(_task.c.appointment_id)
_COUNT = Hot(select(func.count().label("n")).select_from(_task).where(_task.c.done_at.is_(None)))
_ONE = Hot(
    select(_task.c.conversation_id, _task.c.note, _task.c.done_at).where(
        _task.c.id == bindparam("task_id")
    )
)
_CLOSE = Hot(
    update(_task)
    .where(_task.c.id == bindparam("task_id"), _task.c.done_at.is_(None))
    .values(done_at=bindparam("done_at_"), staff_id=bindparam("staff_id_"), note=bindparam("note_"))
)


@dataclass(frozen=True, slots=True)
class Task:
    """Somebody to ring.

    Attributes:
        why: "unanswered", "unreachable" …, as `CareTask.why`; `kind` is the reminder that it was about.
        starts_at: of the visit, where it is about one.
        phone: of the patient, or of whose conversation it is.
        note: what is known of it beside; may hold her words.
        is_due: it is time.
        is_urgent: nobody could be told, and the visit is tomorrow.
    """

    task_id: int
    why: str
    kind: str
    due_at: datetime
    patient_id: int | None
    conversation_id: int | None
    plan_id: int | None
    appointment_id: int | None
    starts_at: datetime | None
    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    note: str | None = field(repr=False)
    is_due: bool
    is_urgent: bool


def open_tasks(tx: Tx, now: datetime) -> Sequence[Task]:
    """Return whom to ring: first who could not be told of a visit that is near, then by time."""
    tasks = [_task_of(row, now) for row in tx.rows(_OPEN)]
    return sorted(tasks, key=_place)


def of_patient(tx: Tx, patient_id: int, now: datetime) -> Sequence[Task]:
    """Return what is open of one patient."""
    return [_task_of(row, now) for row in tx.rows(_OF_PATIENT, of=patient_id)]


def of_visit(tx: Tx, appointment_id: int, now: datetime) -> Sequence[Task]:
    """Return what is open about one visit."""
    return [_task_of(row, now) for row in tx.rows(_OF_VISIT, of=appointment_id)]


def count(tx: Tx) -> int:
    """Return how many are on the list."""
    return int(tx.one(_COUNT).n)


def close_task(
    tx: Tx, task_id: int, now: datetime, *, staff_id: int, actor: str, note: str | None = None
) -> None:
    """Take somebody off the list; what is noted stands below what was known before.

    Raises:
        BadInput: there is no such task, or somebody else was faster (404, 409).
    """
    found = tx.one(_ONE, task_id=task_id)
    if found is None:
        raise BadInput("there is no such call", 404)
    said = "\n".join(one for one in (found.note, note) if one) or None
    if not tx.run(_CLOSE, task_id=task_id, done_at_=now, staff_id_=staff_id, note_=said):
        raise BadInput("somebody else has made this call", 409)
    record(tx, now, actor, "task.done", found.conversation_id, f"task {task_id}")


def _place(task: Task) -> tuple[bool, datetime]:
    soonest = task.starts_at if task.is_urgent else None
    return not task.is_urgent, soonest or task.due_at


def _task_of(row: Any, now: datetime) -> Task:
    is_near = row.starts_at is not None and now <= row.starts_at <= now + _NEAR
    return Task(
        row.id, row.why, row.kind, row.due_at, row.patient_id, row.conversation_id, row.plan_id,
        row.appointment_id, row.starts_at, row.name, row.phone or row.her_phone, row.note,
        row.due_at <= now, is_near and row.why in _NOT_TOLD,
    )  # fmt: skip
