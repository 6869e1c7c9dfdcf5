"""A sweeper and a sender that are killed in the middle of a burst, again and again.

Run as `python -m tests.helpers.crash_reminders FOLDER URL KILLS SEED`. Each life is a process of its own
on one database. It is killed (SIGKILL) at a step that is counted, not timed: inside a transaction, ahead
of one, or between a platform's taking a message and our noting it. What is on disk is all the next has.
Every life meets a burst of its own beside what the dead left, so that it can die anywhere in the work.
The last lives end by themselves.
"""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import select

from bot.app import read_content
from bot.channels.base import Limits
from bot.message import Outbound, Sent
from bot.reminders.model import Thing
from bot.settings import load_settings
from bot.store.db import Engine, Tx
from bot.store.keyring import Keyring
from bot.store.postgres import PostgresEngine
from bot.store.reminder_tables import CarePlan, Reminder
from bot.store.setup import open_store
from intents.catalog import Catalog
from tests.helpers.doubles import RecordingChannel
from tests.helpers.reminding import ZONE, Station, write_texts

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
PEOPLE, VISITS_EACH = 48, 2
STARTS = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
DUE = STARTS - timedelta(days=1)
#: So many people are reminded in the half minute of each life: nothing is sent again before all died.
_AT_ONCE, _LIFE = 2, 0.5
#: Small, so that a burst has many places to die in.
_CHUNK = 2
#: A life that is to die does so within so many steps; it has no fewer. Every third dies on the wire.
_MOST_STEPS, _THIRD = 22, 3


def keyring() -> Keyring:
    """Return the keys of these databases."""
    return Keyring([b"k" * 32], b"i" * 32)


def opened(folder: Path, url: str) -> Engine:
    """Open the database."""
    return PostgresEngine(url, keyring()) if url else open_store("sqlite", folder, keyring())


class Fate:
    """Kills this process at a step, or when a platform took so many messages; 0: never."""

    def __init__(self, steps: int, handed: int = 0) -> None:
        self._left, self._handed = steps, handed

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hand(self) -> None:
        self._handed -= 1
        if self._handed == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalEngine:
    """An engine whose process may die before a transaction, and inside one."""

    def __init__(self, engine: Engine, fate: Fate) -> None:
        self._engine, self._fate = engine, fate
        self.name, self.keyring, self.read = engine.name, engine.keyring, engine.read

    async def write(self, op: Callable[[Tx], T]) -> T:
        self._fate.step()

        def mortal(tx: Tx) -> T:
            done = op(tx)
            self._fate.step()
            return done

        return await self._engine.write(mortal)

    async def close(self) -> None:
        await self._engine.close()


class FileChannel(RecordingChannel):
    """A platform that keeps a list of everything it was ever handed."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(limits=Limits(text=4_000, buttons=0, pull=False))
        self._path, self._fate = path, fate

    async def send(self, letter: Outbound) -> Sent:
        with self._path.open("a") as notes:
            notes.write(f"{letter.id}\n")
        self._fate.hand()
        return Sent(str(letter.id))


class Clock:
    """Stands still for a life."""

    def __init__(self, minutes: float) -> None:
        self.now = DUE + timedelta(minutes=minutes)

    def __call__(self) -> datetime:
        return self.now


async def fill(station: Station) -> None:
    """Make the patients, and visits whose reminders are due in bursts, one for each life."""
    station.clock.now = DUE - timedelta(hours=1)
    await asyncio.gather(*(_fill(station, number) for number in range(PEOPLE)))


async def _fill(station: Station, number: int) -> None:
    whom = await station.person(f"u{number}")
    starts = STARTS + timedelta(minutes=number // _AT_ONCE * _LIFE)
    for name in range(VISITS_EACH):
        await station.add(whom, "visit", f"科{name}", starts=starts)


async def live(station: Station) -> None:
    """Sweep and send until nothing is due, as a server does after its start."""
    await station.engine.read(lambda tx: _remember(tx, station))
    await station.port.recover(alone=True)
    await station.delivery.recover(alone=True)
    await station.delivery.settle()
    for _ in range(PEOPLE):
        swept = await station.sweep.run()
        sent = await station.delivery.drain()
        if not swept and not sent:
            return


def _remember(tx: Tx, station: Station) -> None:
    with tx.session() as session:
        rows = {row.about_id: row for row in session.exec(select(Reminder))}
        for plan in session.exec(select(CarePlan)):
            about_id = int(plan.id or 0)
            station.errands.things[about_id] = Thing(
                "plan", about_id, plan.kind, 1, rows[about_id].patient_id, plan.conversation_id,
                {"starts": rows[about_id].occurs_at}, ZONE.key, values=lambda _: {"what": "科"},
            )  # fmt: skip


async def a_life(
    folder: Path, url: str, catalog: Catalog, minutes: float, fate: Fate,
    do: Callable[[Station], Coroutine[Any, Any, None]],
) -> None:  # fmt: skip
    """Do something with the database as it is."""
    engine: Any = MortalEngine(opened(folder, url), fate)
    channel = FileChannel(folder / "handed-over", fate)
    station = Station(
        engine, Clock(minutes), catalog, folder / "texts", str(os.getpid()), push=channel
    )
    station.sweep._chunk = _CHUNK
    station.sweep._batch = station.sweep._ahead = PEOPLE
    await do(station)
    await engine.close()


def in_a_process(folder: Path, url: str, catalog: Catalog, minutes: float, fate: Fate) -> int:
    """Let a life go on; return how its process ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        asyncio.run(a_life(folder, url, catalog, minutes, fate, live))
    except BaseException:  # noqa: BLE001  (a fork never returns into its parent's work)
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def run(folder: Path, url: str, kills: int, seed: int) -> None:
    """Live and die; print how every life ended."""
    catalog = read_content(load_settings(ROOT / "config.toml", {})).catalog
    write_texts(folder / "texts")
    chance = random.Random(seed)  # noqa: S311  (the same deaths each time)
    asyncio.run(a_life(folder, url, catalog, 0, Fate(0), fill))  # here: each fork is warm then
    for number in range(1, kills + 1):
        steps, handed = chance.randint(3, _MOST_STEPS), chance.randint(1, _AT_ONCE)
        fate = Fate(0, handed) if number % _THIRD == 0 else Fate(steps)
        _tell(in_a_process(folder, url, catalog, number * _LIFE, fate))
    for minutes in (15, 30, 45):
        _tell(in_a_process(folder, url, catalog, kills + minutes, Fate(0)))


def _tell(status: int) -> None:
    sys.stdout.write(f"{status}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
