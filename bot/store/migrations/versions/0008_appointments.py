"""Appointments, and what is around them: steps, times, waitlists, queues, calls, operators' requests."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add seven tables."""
    _appointments()
    _around()


def _appointments() -> None:
    op.create_table(
        "appointment",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("number", sa.String(12), nullable=False),
        sa.Column("patient_id", _ID, nullable=True),
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("clinic_id", _ID, nullable=False),
        sa.Column("slot_id", _ID, nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=True),
        sa.Column("starts_at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("held_until", _TIME, nullable=True),
        sa.Column("replaces_id", _ID, nullable=True),
        sa.Column("request_key", sa.String(80), nullable=True),
        sa.Column("reason", sa.String(60), nullable=True),
        sa.Column("excused_at", _TIME, nullable=True),
        sa.Column("queue_no", sa.Integer(), nullable=True),
        sa.Column("queue_state", sa.String(8), nullable=True),
        sa.Column("queue_at", _TIME, nullable=True),
        sa.Column("told_ahead", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint("(held_until IS NOT NULL) = (state = 'held')", name="a_hold_has_an_end"),
        sa.CheckConstraint(
            "(seat IS NOT NULL) = (state IN ('held', 'booked', 'checked_in', 'done', 'no_show'))",
            name="a_seat_while_it_counts",
        ),
        sa.CheckConstraint(
            "patient_id IS NOT NULL OR state IN ('held', 'expired', 'cancelled', 'hospital_cancelled')",
            name="somebody_is_booked",
        ),
        sa.CheckConstraint(
            "queue_state IN ('waiting', 'called', 'passed', 'seen')", name="queue_state_known"
        ),
        sa.CheckConstraint(
            "state IN ('held', 'booked', 'checked_in', 'done', 'no_show', 'cancelled', "
            "'hospital_cancelled', 'expired')",
            name="state_known",
        ),
        sa.CheckConstraint("seat BETWEEN 1 AND capacity", name="seat_within_capacity"),
        sa.ForeignKeyConstraint(
            ["clinic_id"],
            ["clinic.id"],
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["appointment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["slot_id", "capacity"],
            ["slot.id", "slot.capacity"],
            name="seats_of_the_slot",
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number", name="one_appointment_a_number"),
        sa.UniqueConstraint("request_key", name="one_appointment_a_request"),
        sa.UniqueConstraint("slot_id", "seat", name="one_appointment_a_seat"),
    )
    op.create_index("appointments_of_a_clinic", "appointment", ["clinic_id", "state"], unique=False)
    op.create_index(
        "appointments_of_a_conversation", "appointment", ["conversation_id"], unique=False
    )
    op.create_index(
        "appointments_of_a_patient", "appointment", ["patient_id", "starts_at"], unique=False
    )
    op.create_index(
        "appointments_under_way",
        "appointment",
        ["starts_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('booked', 'checked_in')"),
        postgresql_where=sa.text("state IN ('booked', 'checked_in')"),
    )
    op.create_index(
        "appointments_instead",
        "appointment",
        ["replaces_id"],
        unique=False,
        sqlite_where=sa.text("replaces_id IS NOT NULL"),
        postgresql_where=sa.text("replaces_id IS NOT NULL"),
    )
    op.create_index(
        "holds_ending",
        "appointment",
        ["held_until"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "one_hold_a_conversation",
        "appointment",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("state = 'held' AND NOT offered"),
        postgresql_where=sa.text("state = 'held' AND NOT offered"),
    )
    op.create_table(
        "appointment_change",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("appointment_id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("old", sa.String(20), nullable=False),
        sa.Column("new", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("reason", sa.String(60), nullable=True),
        sa.Column("reported_at", _TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "changes_of_an_appointment", "appointment_change", ["appointment_id", "id"], unique=False
    )
    op.create_index(
        "changes_to_report",
        "appointment_change",
        ["id"],
        unique=False,
        sqlite_where=sa.text("reported_at IS NULL"),
        postgresql_where=sa.text("reported_at IS NULL"),
    )
    op.create_table(
        "patient_time",
        sa.Column("patient_id", _ID, nullable=False),
        sa.Column("quarter", _ID, nullable=False),
        sa.Column("appointment_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
        ),
        sa.PrimaryKeyConstraint("patient_id", "quarter"),
    )
    op.create_index("times_of_an_appointment", "patient_time", ["appointment_id"], unique=False)


def _around() -> None:
    op.create_table(
        "waitlist_entry",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("clinic_id", _ID, nullable=False),
        sa.Column("patient_id", _ID, nullable=False),
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("appointment_id", _ID, nullable=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'offered', 'taken', 'left', 'lapsed', 'closed')",
            name="state_known",
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"],
            ["clinic.id"],
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "one_wait_a_patient",
        "waitlist_entry",
        ["clinic_id", "patient_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'offered')"),
        postgresql_where=sa.text("state IN ('waiting', 'offered')"),
    )
    op.create_index(
        "waiting_in_order",
        "waitlist_entry",
        ["clinic_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("waits_of_a_conversation", "waitlist_entry", ["conversation_id"], unique=False)
    op.create_table(
        "clinic_queue",
        sa.Column("clinic_id", _ID, nullable=False),
        sa.Column("serving", sa.Integer(), nullable=False),
        sa.Column("room", sa.String(60), nullable=False),
        sa.Column("heard_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id"],
            ["clinic.id"],
        ),
        sa.PrimaryKeyConstraint("clinic_id"),
    )
    op.create_table(
        "call_task",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("appointment_id", _ID, nullable=False),
        sa.Column("why", sa.String(12), nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.Column("staff_id", _ID, nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("why IN ('frail', 'silent', 'unreachable')", name="why_known"),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("appointment_id", "why", name="one_call_a_reason"),
    )
    op.create_index(
        "calls_open",
        "call_task",
        ["id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "operator_request",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("asked", sa.String(40), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_operator_request_at", "operator_request", ["at"], unique=False)
