"""Reminders, the plans they come from, what patients choose and answer; how a message was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add eight tables and two columns."""
    _plans()
    _reminders()
    _preparations()
    op.add_column("outbox", sa.Column("way", sa.String(40), nullable=True))
    op.add_column(
        "outbox", sa.Column("ahead", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def _preparations() -> None:
    op.create_table(
        "hospital_preparation",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(32), nullable=True),
        sa.Column("doctor", sa.String(32), nullable=True),
        sa.Column("session", sa.String(12), nullable=True),
        sa.Column("fasting_hours", sa.Integer(), nullable=True),
        sa.Column("days_before", sa.Integer(), nullable=True),
        sa.Column("at", sa.String(5), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("text_en", sa.String(), nullable=False),
        sa.CheckConstraint("session IN ('morning', 'afternoon', 'evening')", name="session_known"),
        sa.CheckConstraint(
            "(fasting_hours IS NULL) <> (days_before IS NULL)", name="fasting_or_a_step"
        ),
        sa.ForeignKeyConstraint(["department"], ["hospital_department.code"]),
        sa.ForeignKeyConstraint(["doctor"], ["hospital_doctor.code"]),
        sa.PrimaryKeyConstraint("id"),
    )


def _plans() -> None:
    op.create_table(
        "patient_status",
        sa.Column("patient_id", _ID, nullable=False),
        sa.Column("admitted_at", _TIME, nullable=True),
        sa.Column("discharged_at", _TIME, nullable=True),
        sa.Column("died_at", _TIME, nullable=True),
        sa.Column("bereaved_at", _TIME, nullable=True),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"]),
        sa.PrimaryKeyConstraint("patient_id"),
    )
    op.create_table(
        "care_plan",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("patient_id", _ID, nullable=True),
        sa.Column("conversation_id", _ID, nullable=True),
        sa.Column("payer_id", _ID, nullable=True),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("source_key", sa.String(80), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("paused_until", _TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ended_by", sa.String(60), nullable=True),
        sa.Column("created_by", sa.String(60), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "source IN ('chat', 'console', 'csv', 'api', 'system')", name="source_known"
        ),
        sa.CheckConstraint("state IN ('active', 'paused', 'done', 'stopped')", name="state_known"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"]),
        sa.ForeignKeyConstraint(["payer_id"], ["patient.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source_key", name="one_plan_a_source"),
    )
    op.create_index("plans_of_a_conversation", "care_plan", ["conversation_id", "id"], unique=False)
    op.create_index("plans_of_a_patient", "care_plan", ["patient_id", "id"], unique=False)
    op.create_index(
        "plans_ending", "care_plan", ["ends_on"], unique=False,
        sqlite_where=sa.text("ended_by IS NULL"), postgresql_where=sa.text("ended_by IS NULL"),
    )  # fmt: skip
    op.create_table(
        "reminder_choice",
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("zone", sa.String(40), nullable=True),
        sa.Column("best_from", sa.String(5), nullable=True),
        sa.Column("best_until", sa.String(5), nullable=True),
        sa.Column("paused_from", _TIME, nullable=True),
        sa.Column("paused_until", _TIME, nullable=True),
        sa.Column("pause_keeps", sa.Boolean(), nullable=True),
        sa.Column("muted_on", sa.Date(), nullable=True),
        sa.Column("greetings_at", _TIME, nullable=True),
        sa.Column("off", sa.String(300), nullable=True),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.PrimaryKeyConstraint("conversation_id"),
    )
    op.create_table(
        "dose",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("plan_id", _ID, nullable=False),
        sa.Column("occurs_at", _TIME, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", _TIME, nullable=False),
        sa.CheckConstraint("state IN ('taken', 'skipped', 'snoozed')", name="state_known"),
        sa.ForeignKeyConstraint(["plan_id"], ["care_plan.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("plan_id", "occurs_at", name="one_dose_a_time"),
    )


def _reminders() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("cause", sa.String(100), nullable=False),
        sa.Column("about", sa.String(8), nullable=False),
        sa.Column("about_id", _ID, nullable=False),
        sa.Column("about_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("occurs_at", _TIME, nullable=False),
        sa.Column("patient_id", _ID, nullable=True),
        sa.Column("conversation_id", _ID, nullable=True),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("send_until", _TIME, nullable=True),
        sa.Column("wall", sa.String(16), nullable=False),
        sa.Column("zone", sa.String(40), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(24), nullable=True),
        sa.Column("outbox_id", _ID, nullable=True),
        sa.Column("owner", sa.String(40), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(16), nullable=True),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("answer", sa.String(16), nullable=True),
        sa.Column("answered_at", _TIME, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "(lease_until IS NOT NULL) = (state = 'leased')", name="a_lease_has_an_end"
        ),
        sa.CheckConstraint(
            "(reason IS NOT NULL) = (state = 'skipped')", name="a_skip_has_a_reason"
        ),
        sa.CheckConstraint("about IN ('visit', 'plan')", name="about_known"),
        sa.CheckConstraint("state IN ('pending', 'leased', 'sent', 'skipped')", name="state_known"),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"]),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cause", name="one_reminder_a_cause"),
    )
    op.create_index("reminders_about", "reminder", ["about", "about_id"], unique=False)
    op.create_index(
        "reminders_decided",
        "reminder",
        ["decided_at", "id"],
        unique=False,
        sqlite_where=sa.text("decided_at IS NOT NULL"),
        postgresql_where=sa.text("decided_at IS NOT NULL"),
    )
    op.create_index(
        "reminders_due",
        "reminder",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "reminders_in_a_message",
        "reminder",
        ["outbox_id"],
        unique=False,
        sqlite_where=sa.text("outbox_id IS NOT NULL"),
        postgresql_where=sa.text("outbox_id IS NOT NULL"),
    )
    op.create_index(
        "reminders_leased",
        "reminder",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "reminders_of_a_conversation",
        "reminder",
        ["conversation_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending' AND conversation_id IS NOT NULL"),
        postgresql_where=sa.text("state = 'pending' AND conversation_id IS NOT NULL"),
    )
    op.create_index(
        "reminders_told",
        "reminder",
        ["conversation_id", "decided_at"],
        unique=False,
        sqlite_where=sa.text("state = 'sent'"),
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.create_table(
        "care_task",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("cause", sa.String(100), nullable=False),
        sa.Column("why", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("patient_id", _ID, nullable=True),
        sa.Column("conversation_id", _ID, nullable=True),
        sa.Column("reminder_id", _ID, nullable=True),
        sa.Column("plan_id", _ID, nullable=True),
        sa.Column("appointment_id", _ID, nullable=True),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.Column("staff_id", _ID, nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "why IN ('unanswered', 'unreachable', 'window_over', 'too_late', 'worse', 'nobody', "
            "'refill')",
            name="why_known",
        ),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"]),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"]),
        sa.ForeignKeyConstraint(["plan_id"], ["care_plan.id"]),
        sa.ForeignKeyConstraint(["reminder_id"], ["reminder.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cause", name="one_task_a_cause"),
    )
    op.create_index("tasks_of_a_conversation", "care_task", ["conversation_id"], unique=False)
    op.create_index("tasks_of_a_patient", "care_task", ["patient_id"], unique=False)
    op.create_index(
        "tasks_open",
        "care_task",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "reminder_decision",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("reminder_id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("decision", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("until", _TIME, nullable=True),
        sa.CheckConstraint(
            "decision IN ('deferred', 'withdrawn', 'failed')", name="decision_known"
        ),
        sa.ForeignKeyConstraint(["reminder_id"], ["reminder.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("decisions_of_a_day", "reminder_decision", ["at", "id"], unique=False)
    op.create_index(
        "decisions_of_a_reminder", "reminder_decision", ["reminder_id", "id"], unique=False
    )
