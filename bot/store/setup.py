"""Open the database that a URL names, migrated and ready."""

from pathlib import Path

from bot.errors import SettingsError
from bot.store.db import Engine
from bot.store.keyring import Keyring
from bot.store.migrate import migrate


def open_store(url: str, data: Path, keyring: Keyring) -> Engine:
    """Return an engine on a database with the newest schema.

    Args:
        url: `sqlite` for the file in the data folder, or `postgresql://…`.
        data: the data folder; made if need be.

    Raises:
        SettingsError: the URL is of another kind.
        StoreError: the server cannot be reached.
        StartError: the database belongs to a newer version.
    """
    if url == "sqlite":
        from bot.store.sqlite import SqliteEngine  # noqa: PLC0415  (only the driver in use is loaded)

        data.mkdir(parents=True, exist_ok=True)
        embedded = SqliteEngine(data / "daoyi.sqlite3", keyring)
        migrate(embedded.sql)
        return embedded
    if url.startswith(("postgresql://", "postgres://")):
        from bot.store.postgres import PostgresEngine  # noqa: PLC0415

        server = PostgresEngine(url, keyring)
        migrate(server.sql)
        return server
    scheme = url.partition(":")[0]
    raise SettingsError(f"store.url: '{scheme}:…' is not supported (expected \"sqlite\" or postgresql://…)")
