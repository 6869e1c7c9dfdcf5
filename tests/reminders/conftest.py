"""The engine of reminders on each database."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import Content
from bot.store.db import Engine
from tests.helpers.reminding import Station, write_texts

Moving = Any  # the clock of the conftest above


@pytest.fixture(scope="session")
def reminder_texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reply templates of the kinds of these tests."""
    return write_texts(tmp_path_factory.mktemp("texts"))


@pytest.fixture
def station(engine: Engine, clock: Moving, content: Content, reminder_texts: Path) -> Station:
    """The engine at work on an empty database."""
    return Station(engine, clock, content.catalog, reminder_texts)


@pytest.fixture
def another(
    station: Station, open_engine: Callable[[], Engine], content: Content, reminder_texts: Path
) -> Station:
    """A second sweeper beside it: on PostgreSQL another process's, with its own connections."""
    engine = open_engine() if station.engine.name == "postgresql" else station.engine
    return Station(engine, station.clock, content.catalog, reminder_texts, "two", beside=station)


@pytest.fixture
def loop_station(
    open_engine: Callable[[], Engine], clock: Moving, content: Content, reminder_texts: Path
) -> Iterator[tuple[asyncio.AbstractEventLoop, Station]]:
    """The engine, and a loop to run it on from a test that is no coroutine."""
    loop = asyncio.new_event_loop()
    engine = open_engine()
    yield loop, Station(engine, clock, content.catalog, reminder_texts)
    loop.run_until_complete(engine.close())
    loop.close()
