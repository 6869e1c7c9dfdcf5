"""A transaction on each database that is undone afterwards: tables full of visits cost nothing."""

from collections.abc import Callable, Iterator

import pytest

from bot.store.db import Link, Tx
from bot.store.keyring import Keyring
from bot.store.postgres import PostgresEngine
from bot.store.sqlite import SqliteEngine
from tests.helpers.desk import Desk


@pytest.fixture(scope="session")
def links(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keyring: Keyring
) -> Iterator[Callable[[str], Link]]:
    """A function that returns a connection to one migrated database of a kind, always the same."""
    opened: dict[str, tuple[SqliteEngine | PostgresEngine, Link]] = {}

    def link(backend: str) -> Link:
        if backend not in opened:
            engine: SqliteEngine | PostgresEngine
            if backend == "sqlite":
                path = tmp_path_factory.mktemp("booking") / "daoyi.sqlite3"
                path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
                engine = SqliteEngine(path, keyring)
            else:
                template = request.getfixturevalue("postgres_template")
                url = request.getfixturevalue("postgres").url(template)
                engine = PostgresEngine(url, keyring)
            opened[backend] = engine, engine._link()
        return opened[backend][1]

    yield link
    for engine, made in opened.values():
        made.close()
        engine.shut()


@pytest.fixture
def tx(backend: str, links: Callable[[str], Link], keyring: Keyring) -> Iterator[Tx]:
    """What a service gets, on an empty database; nothing of it stays."""
    link = links(backend)
    link.begin()
    yield Tx(link, keyring)
    link.rollback()


@pytest.fixture
def desk(tx: Tx) -> Desk:
    """Two conversations and their patients, on that database."""
    return Desk(tx)
