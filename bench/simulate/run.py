"""`daoyi simulate`: a run of so many days, and what came of it."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import inspect

from bench.simulate.checks import KINDS, Violation
from bench.simulate.clock import Agenda, Clock, Loop
from bench.simulate.engine import Killed
from bench.simulate.faults import Faults
from bench.simulate.hospital import Ward, cut, first_day
from bench.simulate.lives import Lives
from bench.simulate.people import draw, store
from bench.simulate.process import Parts
from bench.simulate.tally import tally
from bench.simulate.world import World
from bot.app import App, Content, read_content
from bot.errors import StoreError
from bot.hospital.files import DEMO, read_folder
from bot.settings import Settings
from bot.store.keyring import Keyring
from bot.store.postgres import PostgresEngine
from bot.store.setup import open_store
from intents.match import Matcher

#: Doctors for so many patients.
_PATIENTS_A_DOCTOR, _FEWEST_DOCTORS = 180, 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be simulated.

    Attributes:
        url: an empty database: a file of its own, or a server's.
        rush: so many times as much happens as in a usual hospital: a short run sees more.
    """

    days: int
    patients: int
    seed: int
    faults: bool = False
    url: str = "sqlite"
    rush: float = 1.0

    def command(self) -> str:
        """Return the command that does it again."""
        faults = " --faults" if self.faults else ""
        faults += f" --rush {self.rush:g}" if self.rush != 1 else ""
        faults += " --database URL" if self.url != "sqlite" else ""
        return f"daoyi simulate --days {self.days} --patients {self.patients} --seed {self.seed}{faults}"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    figures: dict[str, Any]
    violations: list[Violation]


def simulate(
    settings: Settings,
    asked: Asked,
    *,
    content: Content | None = None,
    matcher: Matcher | None = None,
    tick: Callable[[datetime], None] = lambda _: None,
    changed: Callable[[App], None] = lambda _: None,
) -> Result:
    """Run it.

    Args:
        tick: hears how far it is.
        changed: called with each application that is put together.
    """
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="daoyi-simulate-") as folder,
        asyncio.Runner(loop_factory=Loop) as runner,
    ):
        found = content or read_content(settings)
        doctors = max(_FEWEST_DOCTORS, asked.patients // _PATIENTS_A_DOCTOR)
        facts = cut(read_folder(DEMO), doctors)
        parts = Parts.of(settings, found, matcher, facts, Path(folder), asked.url)
        runner.get_loop().set_exception_handler(_unless_killed)
        world = runner.run(_run(parts, asked, tick, changed))
    counts = dict.fromkeys(KINDS, 0)
    for violation in world.oracle.violations:
        counts[violation.kind] += 1
    figures = {
        **world.figures,
        "violations": counts,
        "seed": asked.seed,
        "days": asked.days,
        "patients": asked.patients,
        "faults": asked.faults,
        "counts": dict(sorted((world.counts + world.oracle.counts).items())),
        "wall_s": round(time.monotonic() - began, 1),
    }
    return Result(figures, world.oracle.violations)


async def _run(
    parts: Parts,
    asked: Asked,
    tick: Callable[[datetime], None],
    changed: Callable[[App], None],
) -> World:
    _must_be_empty(asked.url)
    open_store(asked.url, parts.folder, Keyring([b"k" * 32], b"i" * 32)).shut()  # type: ignore[attr-defined]
    random = Random(asked.seed)
    start = first_day()
    people = draw(random, asked.patients)
    world = World(random, Clock(start), Agenda(), people, parts, start + timedelta(days=asked.days))
    world.process.changed = changed
    await world.process.open()
    await world.write(lambda tx: store(tx, people, start))
    world.ready()
    await Ward(world, 2.0 + asked.rush / 2, 4.0 * asked.rush).begin()
    Lives(world, 5.0 * asked.rush, rush=asked.rush).begin()
    if asked.faults:
        Faults(world, max(1.0, asked.rush / 3)).begin()
    await world.live(tick)
    world.figures = tally(world)
    world.process.leave()
    return world


def _must_be_empty(url: str) -> None:
    """Refuse a database in which something is: nobody's own is ever simulated in.

    Raises:
        StoreError: tables are in it.
    """
    if url == "sqlite":
        return
    schema = PostgresEngine.schema_only(url)
    names = inspect(schema).get_table_names()
    schema.dispose()
    if names:
        raise StoreError("the database is not empty: give one that nothing is kept in")


def _unless_killed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of tasks that died with their process."""
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)
