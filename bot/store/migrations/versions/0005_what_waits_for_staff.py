"""Find what waits for staff without reading everything."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PARTIAL = (
    ("inbox_dead", "inbox", "state = 'dead'"),
    ("outbox_undelivered", "outbox", "state IN ('failed', 'unknown')"),
    ("alarms_open", "red_flag", "acknowledged_at IS NULL"),
)


def upgrade() -> None:
    """Add indexes for dead letters, open alarms, a conversation's cases and the audit's actions."""
    for name, table, condition in _PARTIAL:
        where = sa.text(condition)
        op.create_index(name, table, ["id"], sqlite_where=where, postgresql_where=where)
    op.create_index("cases_of_a_conversation", "handoff_case", ["conversation_id"])
    op.create_index("ix_audit_action", "audit", ["action"])
