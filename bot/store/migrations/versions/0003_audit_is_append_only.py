"""Audit rows can be added and nothing else."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SQLITE = """
CREATE TRIGGER audit_no_{verb} BEFORE {VERB} ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END
"""
_FUNCTION = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'audit rows are never changed'; END $$
"""
_POSTGRES = "CREATE TRIGGER audit_no_{verb} BEFORE {VERB} ON audit EXECUTE FUNCTION audit_refuse()"


def upgrade() -> None:
    """Let the database itself refuse to change or delete an audit row."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if not on_sqlite:
        op.execute(_FUNCTION)
    for verb in ("update", "delete"):
        statement = _SQLITE if on_sqlite else _POSTGRES
        op.execute(statement.format(verb=verb, VERB=verb.upper()))
