"""A small hospital that tests read at a glance, and the demonstration hospital."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event
from sqlmodel import Session, SQLModel

import bot.store.tables  # noqa: F401  (the tables must be known before they are made)
from bot.hospital.files import DEMO, read_files, read_folder
from bot.hospital.model import Hospital

#: Three departments, three doctors, two drugs: what tests read at a glance.
SMALL = Path(__file__).parent / "small"


@pytest.fixture(scope="session")
def texts() -> bytes:
    """Return the standing facts of the demonstration hospital; the small one states the same."""
    return (DEMO / "hospital.toml").read_bytes()


@pytest.fixture(scope="session")
def sheets() -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in SMALL.glob("*.csv")}


@pytest.fixture(scope="session")
def small(texts: bytes, sheets: dict[str, bytes]) -> Hospital:
    return read_files(texts, sheets)


@pytest.fixture(scope="session")
def demo() -> Hospital:
    return read_folder(DEMO)


@pytest.fixture
def session() -> Iterator[Session]:
    """Yield a session on a database in memory that holds its foreign keys."""
    engine = create_engine("sqlite://")
    event.listen(
        engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON")
    )
    tables = [t for name, t in SQLModel.metadata.tables.items() if name.startswith("hospital_")]
    SQLModel.metadata.create_all(engine, tables=tables)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


@pytest.fixture(scope="session")
def changed(sheets: dict[str, bytes]) -> Callable[[str, str, str], dict[str, bytes]]:
    """Return the small hospital's sheets with one piece of text replaced."""

    def change(kind: str, old: str, new: str) -> dict[str, bytes]:
        text = sheets[kind].decode()
        assert old in text
        return sheets | {kind: text.replace(old, new, 1).encode()}

    return change
