"""Messages that were nearly an alarm, and what became of the question they were asked."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add one table."""
    op.create_table(
        "doubt",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("conversation_id", _ID, nullable=False),
        sa.Column("inbox_id", _ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("rule", sa.String(60), nullable=False),
        sa.Column("rule_version", sa.String(20), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'yes', 'no', 'unclear', 'silent')", name="state_known"
        ),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("inbox_id", name="one_doubt_a_message"),
    )
    op.create_index("ix_doubt_conversation_id", "doubt", ["conversation_id"])
    where = sa.text("state = 'asked'")
    op.create_index(
        "doubts_asked", "doubt", ["asked_at"], sqlite_where=where, postgresql_where=where
    )
