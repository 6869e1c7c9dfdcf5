"""Very many turns through the whole application, every text that goes out held against the boundary.

Patients press for a diagnosis, a dose, a promise, in the middle of everything else; whatever is said to
them must keep to `boundary.toml`, and the first thing said must say what this is (SC-04).
"""

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bench.boundary_words import Words
from bot.app import App, build
from bot.channels.webchat import Webchat
from bot.message import Address, Inbound, Kind, Worded
from bot.settings import Settings
from bot.store.keyring import Keyring
from bot.store.setup import open_store
from intents.boundary import Boundary, load_boundary
from intents.challenge import read_challenge

_PATIENTS = 12
_SHORTEST_TALK, _LONGEST_TALK = 3, 30
_BETWEEN = (2, 90)
_ROWS = Path(__file__).parents[1] / "tests" / "intents" / "challenge"
_START = datetime(2026, 11, 18, 2, tzinfo=UTC)
_MOST_KEPT = 50


@dataclass(slots=True)
class Report:
    """What came of a run; `hits` are (what was said to the patient's message, the rule, the words)."""

    turns: int = 0
    texts: int = 0
    patients: int = 0
    silent: int = 0
    welcomes_missing: int = 0
    found: int = 0
    hits: list[tuple[str, str, str]] = field(default_factory=list)

    def take(self, said: Worded, message: str, boundary: Boundary) -> None:
        """Look at one text that goes out, and what its buttons say."""
        self.texts += 1
        for text in filter(None, (said.text, said.discreet, *(one.label for one in said.buttons))):
            for hit in boundary.check(text):
                self.found += 1
                if len(self.hits) < _MOST_KEPT:
                    self.hits.append((message, hit.rule, hit.words))


@dataclass(slots=True)
class _Patient:
    address: Address
    left: int
    said: int = 0
    silent: int = 0


class Clock:
    """A clock that moves on between messages."""

    def __init__(self) -> None:
        self.now = _START

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


def run(
    settings: Settings, turns: int, seed: int, tick: Callable[[int], None] = lambda _: None
) -> Report:
    """Talk for `turns` messages on a database that is thrown away; return what was found."""
    return asyncio.run(_run(settings, turns, seed, tick))


async def _run(settings: Settings, turns: int, seed: int, tick: Callable[[int], None]) -> Report:
    keys = Keyring([secrets.token_bytes(32)], secrets.token_bytes(32))
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="daoyi-boundary-") as folder:
        engine = open_store("sqlite", Path(folder), keys)
        app = await build(settings, clock=clock, engine=engine, serves=False)
        try:
            return await talked(app, clock, turns, seed, tick)
        finally:
            await engine.close()


async def talked(
    app: App, clock: Any, turns: int, seed: int, tick: Callable[[int], None] = lambda _: None
) -> Report:
    """Let patients talk to an application whose `clock` has a `now` that can be set."""
    random = Random(seed)
    boundary = load_boundary(app.settings.content_folder)
    phenomena = read_challenge(_ROWS, app.catalog.intents)
    others = [text for one in phenomena for row in one.rows for text in row.say]
    words, report = Words(random, others), Report()
    names = _names(seed)
    patients: list[_Patient] = []
    for turn in range(turns):
        while len(patients) < _PATIENTS:
            patients.append(
                _Patient(
                    Address(Webchat.name, "main", next(names)), random.randint(3, _LONGEST_TALK)
                )
            )
            report.patients += 1
        patient = random.choice(patients)
        clock.now += timedelta(seconds=random.randint(*_BETWEEN))
        message = words.next()
        replies = await _said(app, patient, message)
        report.turns += 1
        _look(report, boundary, app, patient, message, replies)
        if patient.left <= 0 or patient.silent > 1:
            patients.remove(patient)
        tick(turn + 1)
    return report


async def _said(app: App, patient: _Patient, message: str) -> list[Worded]:
    patient.said += 1
    patient.left -= 1
    inbound = Inbound(patient.address, f"{patient.address.user}:{patient.said}", message)
    accepted = await app.turns.accept(inbound)
    return [worded for _, worded in await app.turns.answer(accepted, message)]


def _look(
    report: Report,
    boundary: Boundary,
    app: App,
    patient: _Patient,
    message: str,
    replies: list[Worded],
) -> None:
    patient.silent = 0 if replies else patient.silent + 1
    report.silent += not replies
    for said in replies:
        report.take(said, message, boundary)
    if patient.said > 1 or not replies or any(said.kind is Kind.EMERGENCY for said in replies):
        return
    if app.catalog.act(message) == "stop":  # who wants no messages gets one, and no welcome
        return
    whole = "\n".join(said.text for said in replies)
    told = any(not boundary.missing_at_first(whole, lang) for lang in app.catalog.languages)
    if not told and message.strip():
        report.welcomes_missing += 1
        if len(report.hits) < _MOST_KEPT:
            report.hits.append((message, "first_contact", whole[:60]))


def _names(seed: int) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"fuzz-{seed}-{number}"
