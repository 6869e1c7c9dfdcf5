"""Add the hospital's facts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the hospital's facts."""
    op.create_table(
        "hospital_department",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("place_en", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("treats", sa.String(), nullable=False),
        sa.Column("treats_en", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "hospital_drug",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("generic", sa.String(), nullable=False),
        sa.Column("generic_en", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("pack", sa.String(), nullable=False),
        sa.Column("pack_en", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("unit_en", sa.String(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("insurance", sa.String(4), nullable=False),
        sa.Column("rx", sa.Boolean(), nullable=False),
        sa.Column("checked", sa.Date(), nullable=False),
        sa.CheckConstraint("insurance IN ('A', 'B', 'self')", name="insurance_known"),
        sa.CheckConstraint("price_fen >= 0", name="price_not_negative"),
        sa.PrimaryKeyConstraint("code"),
    )
    with op.batch_alter_table("hospital_drug", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hospital_drug_generic"), ["generic"], unique=False)

    op.create_table(
        "hospital_fact",
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("lang", sa.String(8), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", "lang"),
    )
    op.create_table(
        "hospital_package",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("items", sa.String(), nullable=False),
        sa.Column("items_en", sa.String(), nullable=False),
        sa.Column("suits", sa.String(), nullable=False),
        sa.Column("suits_en", sa.String(), nullable=False),
        sa.CheckConstraint("price_fen >= 0", name="price_not_negative"),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "hospital_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name="one_revision"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "hospital_service",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("place_en", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.Column("hours_en", sa.String(), nullable=False),
        sa.Column("fee", sa.String(), nullable=False),
        sa.Column("fee_en", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("note_en", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "hospital_doctor",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("department", sa.String(32), nullable=False),
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=True),
        sa.Column("specialty", sa.String(), nullable=False),
        sa.Column("specialty_en", sa.String(), nullable=False),
        sa.Column("languages", sa.String(), nullable=False),
        sa.CheckConstraint("tier IN ('general', 'expert', 'special')", name="tier_known"),
        sa.CheckConstraint("fee_fen >= 0", name="fee_not_negative"),
        sa.ForeignKeyConstraint(
            ["department"],
            ["hospital_department.code"],
        ),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "hospital_symptom",
        sa.Column("symptom", sa.String(), nullable=False),
        sa.Column("department", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("symptom_en", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("note_en", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department"],
            ["hospital_department.code"],
        ),
        sa.PrimaryKeyConstraint("symptom", "department"),
    )
    op.create_table(
        "hospital_test",
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("aliases", sa.String(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("unit_en", sa.String(), nullable=False),
        sa.Column("department", sa.String(32), nullable=False),
        sa.Column("prepare", sa.String(), nullable=False),
        sa.Column("prepare_en", sa.String(), nullable=False),
        sa.Column("insurance", sa.String(4), nullable=False),
        sa.Column("checked", sa.Date(), nullable=False),
        sa.CheckConstraint("insurance IN ('A', 'B', 'self')", name="insurance_known"),
        sa.CheckConstraint("price_fen >= 0", name="price_not_negative"),
        sa.ForeignKeyConstraint(
            ["department"],
            ["hospital_department.code"],
        ),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "hospital_roster",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("doctor", sa.String(32), nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("session", sa.String(12), nullable=True),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("tier", sa.String(8), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("left", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("starts", sa.Date(), nullable=True),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.CheckConstraint("session IN ('morning', 'afternoon', 'evening')", name="session_known"),
        sa.CheckConstraint("status IN ('on', 'full', 'stopped')", name="status_known"),
        sa.CheckConstraint("tier IN ('general', 'expert', 'special')", name="tier_known"),
        sa.CheckConstraint("(weekday IS NULL) <> (date IS NULL)", name="weekday_or_date"),
        sa.CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_known"),
        sa.ForeignKeyConstraint(
            ["doctor"],
            ["hospital_doctor.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("hospital_roster", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hospital_roster_date"), ["date"], unique=False)
