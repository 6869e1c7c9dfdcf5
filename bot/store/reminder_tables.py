"""Reminders, the plans they come from, and what patients chose and answered.

A reminder is a row that waits for its time; nothing else holds one. `cause` makes each once: a second
reminder for the same thing, version, kind and occurrence is refused by the database (I3). A plan that
recurs stores its rule and one next occurrence, never all of them.
"""

import datetime as dt
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.store.columns import (
    BigId,
    id_column,
    link_column,
    one_of,
    partial_index,
    sealed_column,
    time_column,
)


class Reminder(SQLModel, table=True):
    """Something somebody is to be told at `due_at`, and what became of it.

    States: `pending → leased → sent | skipped`. `sent`: its words stand in the outbox (`outbox_id`,
    shared by all that one message says); what became of them is told there. `skipped` carries its
    `reason` (`scheduler.reminders.Reason`). What is taken back before it left is `pending` again, or
    `skipped`.

    `about` and `about_id` name the thing, `about_version` the version it was planned for, `occurs_at`
    when the thing itself happens. `wall` and `zone` are the local time it was planned at, beside
    `due_at` in UTC (RM-12). `send_until`: too late to be useful after it. `conversation_id` is where it
    was last known to go; who is told is decided when it is sent. `rules` is the version of the kinds it
    was decided by (RM-15).
    """

    __table_args__ = (
        UniqueConstraint("cause", name="one_reminder_a_cause"),
        one_of("about", "visit", "plan"),
        one_of("state", "pending", "leased", "sent", "skipped"),
        CheckConstraint("(reason IS NOT NULL) = (state = 'skipped')", name="a_skip_has_a_reason"),
        CheckConstraint("(lease_until IS NOT NULL) = (state = 'leased')", name="a_lease_has_an_end"),
        partial_index("reminders_due", "due_at", "id", where="state = 'pending'"),
        partial_index("reminders_leased", "lease_until", where="state = 'leased'"),
        partial_index(
            "reminders_of_a_conversation", "conversation_id", "due_at",
            where="state = 'pending' AND conversation_id IS NOT NULL",
        ),
        partial_index(
            "reminders_told", "conversation_id", "decided_at", where="state = 'sent'"
        ),
        partial_index("reminders_decided", "decided_at", "id", where="decided_at IS NOT NULL"),
        partial_index("reminders_in_a_message", "outbox_id", where="outbox_id IS NOT NULL"),
        Index("reminders_about", "about", "about_id"),
    )  # fmt: skip
    id: int | None = id_column()
    cause: str = Field(max_length=100)
    about: str = Field(max_length=8)
    about_id: int = Field(sa_type=BigId)
    about_version: int = 1
    kind: str = Field(max_length=32)
    occurs_at: datetime = time_column()
    patient_id: int | None = link_column("patient.id", required=False)
    conversation_id: int | None = Field(default=None, sa_type=BigId)
    due_at: datetime = time_column()
    send_until: datetime | None = time_column(required=False)
    wall: str = Field(max_length=16)
    zone: str = Field(max_length=40)
    state: str = Field(default="pending", max_length=8)
    reason: str | None = Field(default=None, max_length=24)
    outbox_id: int | None = link_column("outbox.id", required=False)
    owner: str | None = Field(default=None, max_length=40)
    lease_until: datetime | None = time_column(required=False)
    attempts: int = 0
    rules: str | None = Field(default=None, max_length=16)
    decided_at: datetime | None = time_column(required=False)
    answer: str | None = Field(default=None, max_length=16)
    answered_at: datetime | None = time_column(required=False)
    created_at: datetime = time_column()


class ReminderDecision(SQLModel, table=True):
    """Why a reminder did not go when it was due, or was taken back; the row no longer shows it."""

    __tablename__: ClassVar[str] = "reminder_decision"
    __table_args__ = (
        one_of("decision", "deferred", "withdrawn", "failed"),
        Index("decisions_of_a_reminder", "reminder_id", "id"),
        Index("decisions_of_a_day", "at", "id"),
    )
    id: int | None = id_column()
    reminder_id: int = link_column("reminder.id")
    at: datetime = time_column()
    decision: str = Field(max_length=12)
    reason: str = Field(max_length=24)
    until: datetime | None = time_column(required=False)


class ReminderChoice(SQLModel, table=True):
    """What somebody chose about reminders in a conversation; no row: the hospital's defaults.

    `zone` is where she lives. `best_from` to `best_until` (local "HH:MM") is when she likes to be told.
    `paused_from` to `paused_until`: nothing but what cannot wait. `muted_on`: no more that local day.
    `greetings_at`: she asked for greetings then. `off` are the kinds she wants no more, space separated.
    """

    __tablename__: ClassVar[str] = "reminder_choice"
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=BigId, primary_key=True)
    zone: str | None = Field(default=None, max_length=40)
    best_from: str | None = Field(default=None, max_length=5)
    best_until: str | None = Field(default=None, max_length=5)
    paused_from: datetime | None = time_column(required=False)
    paused_until: datetime | None = time_column(required=False)
    pause_keeps: bool | None = None
    muted_on: dt.date | None = None
    greetings_at: datetime | None = time_column(required=False)
    off: str | None = Field(default=None, max_length=300)
    updated_at: datetime = time_column()


class PatientStatus(SQLModel, table=True):
    """What changes whom may be reminded of what: admitted, discharged, dead; a family that mourns.

    `bereaved_at` is of a patient whose family lost somebody: no greeting ever again. Being dead is for
    good unless staff undo an error.
    """

    __tablename__: ClassVar[str] = "patient_status"
    patient_id: int = Field(foreign_key="patient.id", sa_type=BigId, primary_key=True)
    admitted_at: datetime | None = time_column(required=False)
    discharged_at: datetime | None = time_column(required=False)
    died_at: datetime | None = time_column(required=False)
    bereaved_at: datetime | None = time_column(required=False)
    updated_at: datetime = time_column()


class CarePlan(SQLModel, table=True):
    """What somebody is to be reminded of that is no visit: medicine, a revisit, a check-up, a bill.

    `details` is what it says, sealed, in the shape of its kind (`bot.care.shapes`). `source_key` makes
    an import or a request that is repeated the same plan. `payer_id` is the one patient who is told of
    money. Every change raises `version`; what was planned for an older one is stale. `ended_by` is who
    ended it: what an import ended, an import may begin again.
    """

    __tablename__: ClassVar[str] = "care_plan"
    __table_args__ = (
        UniqueConstraint("source_key", name="one_plan_a_source"),
        one_of("state", "active", "paused", "done", "stopped"),
        one_of("source", "chat", "console", "csv", "api", "system"),
        Index("plans_of_a_patient", "patient_id", "id"),
        Index("plans_of_a_conversation", "conversation_id", "id"),
        partial_index("plans_ending", "ends_on", where="ended_by IS NULL"),
    )
    id: int | None = id_column()
    kind: str = Field(max_length=16)
    patient_id: int | None = link_column("patient.id", required=False)
    conversation_id: int | None = link_column("conversation.id", required=False)
    payer_id: int | None = link_column("patient.id", required=False)
    source: str = Field(max_length=8)
    source_key: str | None = Field(default=None, max_length=80)
    details: Any = sealed_column("care_plan.details", required=True)
    zone: str = Field(max_length=40)
    starts_on: dt.date
    ends_on: dt.date | None = None
    state: str = Field(default="active", max_length=8)
    paused_until: datetime | None = time_column(required=False)
    version: int = 1
    ended_by: str | None = Field(default=None, max_length=60)
    created_by: str = Field(max_length=60)
    created_at: datetime = time_column()
    updated_at: datetime = time_column()


class Dose(SQLModel, table=True):
    """What a patient said about one dose; no row: not recorded, which is never "missed" (RM-08)."""

    __table_args__ = (
        UniqueConstraint("plan_id", "occurs_at", name="one_dose_a_time"),
        one_of("state", "taken", "skipped", "snoozed"),
    )
    id: int | None = id_column()
    plan_id: int = link_column("care_plan.id")
    occurs_at: datetime = time_column()
    state: str = Field(max_length=8)
    reason: Any = sealed_column("dose.reason")
    answered_at: datetime = time_column()


class CareTask(SQLModel, table=True):
    """Something staff should do about a reminder: ring somebody who did not answer or cannot be reached.

    `cause` makes each once. It stays open until a member of staff says that it is done.
    """

    __tablename__: ClassVar[str] = "care_task"
    __table_args__ = (
        UniqueConstraint("cause", name="one_task_a_cause"),
        one_of(
            "why", "unanswered", "unreachable", "window_over", "too_late", "worse", "nobody", "refill"
        ),
        partial_index("tasks_open", "due_at", where="done_at IS NULL"),
        Index("tasks_of_a_patient", "patient_id"),
        Index("tasks_of_a_conversation", "conversation_id"),
    )  # fmt: skip
    id: int | None = id_column()
    cause: str = Field(max_length=100)
    why: str = Field(max_length=12)
    kind: str = Field(max_length=32)
    patient_id: int | None = link_column("patient.id", required=False)
    conversation_id: int | None = link_column("conversation.id", required=False)
    reminder_id: int | None = link_column("reminder.id", required=False)
    plan_id: int | None = link_column("care_plan.id", required=False)
    appointment_id: int | None = link_column("appointment.id", required=False)
    due_at: datetime = time_column()
    done_at: datetime | None = time_column(required=False)
    staff_id: int | None = link_column("staff.id", required=False)
    note: Any = sealed_column("care_task.note")
