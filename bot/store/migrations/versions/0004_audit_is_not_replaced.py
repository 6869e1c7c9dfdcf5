"""Audit rows cannot be emptied out or replaced either: what the triggers of 0003 do not see."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# INSERT OR REPLACE deletes the old row without asking a DELETE trigger.
_SQLITE = """
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END
"""
_POSTGRES = (
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_refuse()"
)


def upgrade() -> None:
    """Close the two side doors."""
    op.execute(_SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES)
