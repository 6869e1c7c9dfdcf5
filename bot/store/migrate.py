"""Bring a database to the newest schema, once, whoever starts first."""

from pathlib import Path

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import inspect, text

from bot.errors import StartError

MIGRATIONS = Path(__file__).parent / "migrations"
#: The revision this code works with; a test keeps it equal to the newest migration.
HEAD = "0010"
_LOCK = 7_031_968
#: How long a start waits for another that migrates the same file, in milliseconds.
_PATIENCE = 60_000


def revision(engine: SqlEngine) -> str | None:
    """Return the revision of a database, or None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
        connection.rollback()
        return str(row[0]) if row else None


def migrate(engine: SqlEngine, target: str = HEAD) -> bool:
    """Upgrade to `target` in one transaction; say whether there was anything to do.

    Raises:
        StartError: the database was written by a newer version of this program.
    """
    known = revision(engine)
    if known == target:
        return False
    from alembic import command  # noqa: PLC0415  (a fifth of a second that most starts do not need)
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    ours = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if known is not None and known not in ours:
        raise StartError(
            f"the database has schema {known}, which this version ({HEAD}) does not know; "
            "start the newer version, or restore a backup"
        )
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_PATIENCE}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, target)
        connection.commit()
    return True
