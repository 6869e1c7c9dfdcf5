"""What is booked, and for whom: campuses, holidays, clinics and their slots, patients."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add what a booking needs."""
    op.add_column(
        "hospital_department", sa.Column("campus", sa.String(32), nullable=False, server_default="")
    )
    for name in ("window", "added", "minutes"):
        op.add_column("hospital_roster", sa.Column(name, sa.Integer(), nullable=True))
    _hospital()
    _clinics()
    _people()


def _hospital() -> None:
    op.create_table(
        "hospital_campus",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("address_en", sa.String(), nullable=False),
        sa.Column("map_url", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "hospital_holiday",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(4), nullable=False),
        sa.Column("works_as", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('off', 'work')", name="kind_known"),
        sa.CheckConstraint("works_as BETWEEN 1 AND 7", name="works_as_known"),
        sa.PrimaryKeyConstraint("date"),
    )


def _clinics() -> None:
    op.create_table(
        "clinic",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("doctor", sa.String(32), nullable=False),
        sa.Column("department", sa.String(32), nullable=False),
        sa.Column("campus", sa.String(32), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("part", sa.String(12), nullable=False),
        sa.Column("starts_at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.Column("room", sa.String(60), nullable=False),
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("doctor_name", sa.String(60), nullable=False),
        sa.Column("doctor_name_en", sa.String(80), nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("title_en", sa.String(80), nullable=False),
        sa.Column("department_name", sa.String(60), nullable=False),
        sa.Column("department_name_en", sa.String(80), nullable=False),
        sa.Column("place", sa.String(120), nullable=False),
        sa.Column("place_en", sa.String(200), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(120), nullable=True),
        sa.Column("stopped_at", _TIME, nullable=True),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.Column("released_at", _TIME, nullable=False),
        sa.Column("cancel_until", _TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("part IN ('morning', 'afternoon', 'evening')", name="part_known"),
        sa.CheckConstraint("status IN ('on', 'stopped')", name="status_known"),
        sa.CheckConstraint("tier IN ('general', 'expert', 'special')", name="tier_known"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.CheckConstraint("fee_fen >= 0", name="fee_not_negative"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("doctor", "date", "part", name="one_clinic_a_part"),
    )
    op.create_index("clinics_of_a_day", "clinic", ["date"], unique=False)
    op.create_index("clinics_of_a_department", "clinic", ["department", "date"], unique=False)
    op.create_index(
        "clinics_to_settle",
        "clinic",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status = 'stopped' AND settled_at IS NULL"),
        postgresql_where=sa.text("status = 'stopped' AND settled_at IS NULL"),
    )
    op.create_table(
        "slot",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("clinic_id", _ID, nullable=False),
        sa.Column("starts_at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.Column("pool", sa.String(8), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.CheckConstraint("pool IN ('online', 'window', 'added')", name="pool_known"),
        sa.CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.ForeignKeyConstraint(
            ["clinic_id"],
            ["clinic.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("clinic_id", "starts_at", "pool", name="one_slot_a_pool"),
        sa.UniqueConstraint("id", "capacity", name="slot_and_capacity"),
    )


def _people() -> None:
    op.create_table(
        "patient",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("document_kind", sa.String(16), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("document_index", sa.String(40), nullable=False),
        sa.Column("born", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.String(40), nullable=True),
        sa.Column("insurance", sa.String(8), nullable=False),
        sa.Column("frail", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint("insurance IN ('insured', 'self')", name="insurance_known"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_index", name="one_patient_a_document"),
    )
    op.create_index(op.f("ix_patient_phone_index"), "patient", ["phone_index"], unique=False)
    op.create_table(
        "family_member",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("patient_id", _ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(8), nullable=False),
        sa.Column("guardian_id", _ID, nullable=True),
        sa.Column("verified_at", _TIME, nullable=True),
        sa.Column("added_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "relation IN ('self', 'spouse', 'child', 'parent', 'other')", name="relation_known"
        ),
        sa.CheckConstraint("place BETWEEN 1 AND 5", name="at_most_five"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["guardian_id"],
            ["patient.id"],
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("members_of_a_patient", "family_member", ["patient_id"], unique=False)
    op.create_index("members_of_a_conversation", "family_member", ["conversation_id"], unique=False)
    op.create_index(
        "one_member_a_patient",
        "family_member",
        ["conversation_id", "patient_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "one_member_a_place",
        "family_member",
        ["conversation_id", "place"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
