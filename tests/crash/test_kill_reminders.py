"""I3 under kill -9: in the middle of a burst each reminder is stored once, and sent as designed.

A sweeper and sender is killed twenty times at steps that are counted. What the platform was handed and
what the database holds must then agree.
"""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select

from bot.store.db import Tx
from bot.store.migrate import migrate
from bot.store.postgres import PostgresEngine
from bot.store.reminder_tables import Reminder
from bot.store.tables import Outbox
from tests.helpers.crash_reminders import PEOPLE, ROOT, VISITS_EACH, opened
from tests.helpers.postgres import Server

KILLS, SEED = 20, 20261119
_KILLED = "-9"


@dataclass(frozen=True)
class Aftermath:
    """What is left.

    Attributes:
        ends: how every life ended.
        handed: how often the platform was handed each message.
    """

    ends: list[str]
    reminders: list[Reminder]
    messages: dict[int, Outbox]
    handed: Counter[int]


def _killed(folder: Path, url: str = "") -> Aftermath:
    lives = subprocess.run(
        [sys.executable, "-m", "tests.helpers.crash_reminders", str(folder), url, str(KILLS), str(SEED)],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert lives.returncode == 0, lives.stderr[-2000:]

    def read(tx: Tx) -> tuple[list[Reminder], list[Outbox]]:
        with tx.session() as session:
            found = list(session.exec(select(Reminder))), list(session.exec(select(Outbox)))
            session.expunge_all()
            return found

    async def look() -> tuple[list[Reminder], list[Outbox]]:
        engine = opened(folder, url)
        try:
            return await engine.read(read)
        finally:
            await engine.close()

    reminders, messages = asyncio.run(look())
    handed = Counter(int(line) for line in (folder / "handed-over").read_text().split())
    return Aftermath(
        lives.stdout.split(), reminders, {row.id or 0: row for row in messages}, handed
    )


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def after(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    """The books after the kills, on each database."""
    folder = tmp_path_factory.mktemp("killed")
    if request.param == "sqlite":
        yield _killed(folder)
        return
    with Server(fsync=True) as server:
        url = server.url("template1")
        schema = PostgresEngine.schema_only(url)
        migrate(schema)
        schema.dispose()
        yield _killed(folder, url)


def test_each_reminder_is_said_in_one_message(after: Aftermath) -> None:
    """Exactly once by outbox key, whatever died in between; what goes together stays together."""
    assert after.ends.count(_KILLED) >= KILLS - 2, "too few died to mean anything"
    assert after.ends[-3:] == ["0", "0", "0"]
    due = [row for row in after.reminders if row.kind == "day_before"]
    assert len(due) == PEOPLE * VISITS_EACH
    assert {row.state for row in due} == {"sent"}
    assert len(after.messages) == PEOPLE
    said = Counter(row.outbox_id for row in due)
    assert set(said) == set(after.messages)
    assert set(said.values()) == {VISITS_EACH}


def test_each_message_was_handed_over_once_or_repeated_as_designed(after: Aftermath) -> None:
    """Killed between the wire and our note it is in doubt: once more after ten minutes, never twice."""
    assert set(after.handed) == set(after.messages)
    for message, times in after.handed.items():
        repeated = after.messages[message].resent_at is not None
        assert times <= (2 if repeated else 1)
        assert after.messages[message].state in ("sent", "unknown")
    assert any(row.resent_at for row in after.messages.values()), "nobody died on the wire"
