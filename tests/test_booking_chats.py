"""Bookings in conversation, on a hospital whose clinics can be booked: transcripts in `chats/booking/`."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete
from sqlmodel import SQLModel

from bot.app import Content, build
from bot.hospital.model import Hospital
from bot.settings import Settings
from bot.store.keyring import Keyring
from bot.store.sqlite import SqliteEngine
from intents.match import Matcher
from tests.conftest import Clock
from tests.helpers.chat import TranscriptMismatch, channels_of, play_file
from tests.helpers.house import House
from tests.helpers.world import TextMessages, World

CHATS = sorted((Path(__file__).parent / "chats" / "booking").glob("*.chat"))
PLAYED = [(path, channel) for path in CHATS for channel in channels_of(path)]
#: So few departments that their clinics are made in a moment.
DEPARTMENTS = frozenset({"心血管内科", "皮肤科", "骨科", "儿科"})
#: Clinics stay between two transcripts, as the facts do.
_STAY = ("hospital_", "audit", "clinic", "slot")


@pytest.fixture(scope="session")
def few_doctors(demonstration: Hospital) -> Hospital:
    """The demonstration hospital with the doctors of a few departments."""
    doctors = tuple(
        doctor
        for doctor in demonstration.doctors
        if demonstration.department_of[doctor.department].name in DEPARTMENTS
    )
    here = {doctor.code for doctor in doctors}
    roster = tuple(rule for rule in demonstration.roster if not rule.doctor or rule.doctor in here)
    return replace(demonstration, doctors=doctors, roster=roster)


@pytest.fixture(scope="session")
def clinics(
    tmp_path_factory: pytest.TempPathFactory,
    sqlite_template: Path,
    keyring: Keyring,
    settings: Settings,
    content: Content,
    matcher: Matcher,
    few_doctors: Hospital,
) -> Iterator[House]:
    """One application for all these transcripts, with clinics two weeks ahead."""
    clock, text = Clock(), TextMessages()
    clock.now = clock.now.replace(day=16)
    path = tmp_path_factory.mktemp("clinics") / "daoyi.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    engine = SqliteEngine(path, keyring)

    async def open_house() -> House:
        app = await build(
            settings, clock=clock, engine=engine, content=content, matcher=matcher,
            facts=few_doctors, channels={TextMessages.name: text},
        )  # fmt: skip
        await app.publish()
        return House(app, engine.sql, clock, text)

    house = asyncio.run(open_house())
    yield house
    asyncio.run(house.app.engine.close())


@pytest.fixture
async def hospital(clinics: House) -> AsyncIterator[World]:
    """The hospital at work, with nobody in it and nothing booked."""
    with clinics.sql.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            if not table.name.startswith(_STAY):
                connection.execute(delete(table))
    clinics.text.sent.clear()
    transport = httpx.ASGITransport(app=clinics.app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        made = World(clinics.app, http, clinics.clock, clinics.text)
        yield made
        made.leave()


@pytest.mark.parametrize(
    ("path", "channel"), PLAYED, ids=[f"{path.stem}-{on or 'named'}" for path, on in PLAYED]
)
async def test_a_booking_goes_as_it_was_promised(
    path: Path, channel: str | None, hospital: World
) -> None:
    try:
        await play_file(path, hospital, channel)
    except TranscriptMismatch as exc:
        pytest.fail(f"\n{exc}", pytrace=False)


def test_a_visit_is_booked_in_few_messages_on_every_channel() -> None:
    most = {"new-patient": 6, "one-sentence": 3, "in-english": 3}
    for path in CHATS:
        if path.stem in most:
            said = [line for line in path.read_text("utf-8").splitlines() if line.startswith(">")]
            assert len(said) <= most[path.stem], path.name
            assert len(channels_of(path)) == 4, path.name
