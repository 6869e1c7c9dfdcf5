"""Open the database that a URL names, migrated and ready."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from bot.errors import SettingsError, StoreError
from bot.store.db import Engine
from bot.store.keyring import Keyring
from bot.store.migrate import migrate

if TYPE_CHECKING:
    from bot.store.postgres import PostgresEngine
    from bot.store.sqlite import SqliteEngine


def open_store(url: str, data: Path, keyring: Keyring) -> Engine:
    """Return an engine on a database with the newest schema.

    Args:
        url: `sqlite` for the file in the data folder, or `postgresql://…`.
        data: the data folder; made if need be.

    Raises:
        SettingsError: the URL is of another kind.
        StoreError: the file or the server cannot be opened, or not be changed.
        StartError: the database belongs to a newer version.
    """
    if url == "sqlite":
        from bot.store.sqlite import SqliteEngine  # noqa: PLC0415  (only the driver in use is loaded)

        data.mkdir(parents=True, exist_ok=True)
        embedded = SqliteEngine(data / "daoyi.sqlite3", keyring)
        _migrated(embedded)
        return embedded
    if url.startswith(("postgresql://", "postgres://")):
        from bot.store.postgres import PostgresEngine  # noqa: PLC0415

        server = PostgresEngine(url, keyring)
        _migrated(server)
        return server
    scheme = url.partition(":")[0]
    raise SettingsError(
        f"store.url: '{scheme}:…' is not supported (expected \"sqlite\" or postgresql://…)"
    )


def _migrated(engine: "SqliteEngine | PostgresEngine") -> None:
    """Bring the schema up to date; where that fails, leave nothing open."""
    try:
        migrate(engine.sql)
    except DBAPIError as exc:
        engine.shut()
        raise StoreError(
            f"the database's schema cannot be brought up to date ({exc.orig})"
        ) from exc
    except BaseException:
        engine.shut()
        raise
