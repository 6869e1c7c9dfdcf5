"""Bookings and reminders where clinics can be booked: `chats/booking` and `chats/reminders`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
import sqlmodel
from sqlalchemy import and_, delete, select, update
from sqlmodel import SQLModel, col

from bot.app import Content, build
from bot.hospital.model import Hospital
from bot.settings import Settings
from bot.store.booking_tables import Appointment, Clinic, Slot
from bot.store.db import Tx
from bot.store.keyring import Keyring
from bot.store.postgres import PostgresEngine
from bot.store.sqlite import SqliteEngine
from intents.match import Matcher
from tests.conftest import Clock
from tests.helpers.chat import TranscriptMismatch, channels_of, play_file
from tests.helpers.house import House
from tests.helpers.world import PATIENTS, TextMessages, World

_FOLDERS = (Path(__file__).parent / "chats" / name for name in ("booking", "reminders"))
CHATS = sorted(path for folder in _FOLDERS for path in folder.glob("*.chat"))
#: Every channel on SQLite; on PostgreSQL each transcript once.
PLAYED = [
    *(("sqlite", path, channel) for path in CHATS for channel in channels_of(path)),
    *(("postgresql", path, channels_of(path)[0]) for path in CHATS),
]
#: So few departments that their clinics are made in a moment.
DEPARTMENTS = frozenset({"心血管内科", "皮肤科", "骨科", "儿科", "内分泌科"})
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
    asks = tuple(
        line for line in demonstration.preparations if not line.doctor or line.doctor in here
    )
    return replace(demonstration, doctors=doctors, roster=roster, preparations=asks)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def clinics(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    keyring: Keyring,
    settings: Settings,
    content: Content,
    matcher: Matcher,
    few_doctors: Hospital,
) -> Iterator[House]:
    """One application for all these transcripts, with clinics two weeks ahead."""
    clock, text = Clock(), TextMessages()
    clock.now = clock.now.replace(day=16)
    engine: SqliteEngine | PostgresEngine
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("clinics") / "daoyi.sqlite3"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        engine = SqliteEngine(path, keyring)
    else:
        template = request.getfixturevalue("postgres_template")
        engine = PostgresEngine(request.getfixturevalue("postgres").url(template), keyring)

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
            if not table.name.startswith(_STAY) or table.name == "clinic_queue":
                connection.execute(delete(table))
    clinics.text.sent.clear()
    transport = httpx.ASGITransport(app=clinics.app.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        made = World(clinics.app, http, clinics.clock, clinics.text)
        await clinics.app.hospital.refresh(
            clinics.app.engine, clinics.app.settings.zone, clinics.clock()
        )
        yield made
        made.leave()
        await made.side.leave()


@pytest.mark.parametrize(
    ("clinics", "path", "channel"),
    PLAYED,
    ids=[f"{backend}-{path.stem}-{on or 'named'}" for backend, path, on in PLAYED],
    indirect=["clinics"],
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


@pytest.fixture
def wednesday(clinics: House) -> Iterator[Callable[..., None]]:
    """Change the clinic of 李明远 on Wednesday morning for one test: its columns, or its places."""
    day, doctor = date(2026, 11, 18), "李明远"
    which = and_(col(Clinic.doctor_name) == doctor, col(Clinic.date) == day)

    def change(places: int = 3, **columns: object) -> None:
        with clinics.sql.begin() as connection:
            of_it = select(col(Clinic.id)).where(which)
            full = update(Slot).where(col(Slot.clinic_id).in_(of_it))
            connection.execute(full.values(capacity=places))
            if columns:
                connection.execute(update(Clinic).where(which).values(**columns))

    yield change
    change(status="on", reason=None)


LIN = PATIENTS["小林"]
ASKS = "挂李明远周三上午的号"


async def begin(hospital: World, words: str = ASKS) -> str:
    hospital.clock.now = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
    return (await hospital.says(LIN, "text", words))[-1].text


async def test_a_full_clinic_is_said_to_be_full_with_others_and_the_waitlist(
    hospital: World, wednesday: Callable[..., None]
) -> None:
    wednesday(places=0)
    said = await begin(hospital)
    assert "李明远（心血管内科）11月18日周三上午的号已经约满了" in said
    assert "候补" in said
    assert "李明远 ¥22" in said


async def test_a_stopped_clinic_is_said_to_be_stopped_with_its_reason(
    hospital: World, wednesday: Callable[..., None]
) -> None:
    wednesday(status="stopped", reason="外出会议")
    said = await begin(hospital)
    assert "11月18日周三上午停诊：外出会议" in said
    assert "候补" not in said
    assert "可以换成" in said


async def test_a_place_that_somebody_else_just_took_is_refused_kindly_with_others(
    hospital: World, wednesday: Callable[..., None]
) -> None:
    said = await begin(hospital, "挂李明远周三的号")
    assert "1 周三11/18 8:00 李明远" in said
    wednesday(places=0)
    (told,) = [worded.text for worded in await hospital.says(LIN, "text", "1")]
    assert "已经约满了" in told
    assert "候补" in told


async def test_an_old_digit_and_a_second_yes_book_nothing_more(hospital: World) -> None:
    await begin(hospital)
    await hospital.says(LIN, "text", "林晓 110101199003074477")
    assert "约好了" in (await hospital.says(LIN, "text", "1"))[-1].text
    for again in ("1", "确认", "好的约吧"):
        said = (await hospital.says(LIN, "text", again))[-1].text
        assert "约好了！" not in said, again
    assert await booked(hospital) == 1


@pytest.mark.parametrize("words", ["不约", "先不约", "不要", "等一下再说", "2", "换个医生", "返回"])
async def test_nothing_but_a_yes_books(hospital: World, words: str) -> None:
    await begin(hospital)
    await hospital.says(LIN, "text", "林晓 110101199003074477")
    await hospital.says(LIN, "text", words)
    assert await booked(hospital) == 0


async def test_a_second_visit_without_a_proven_phone_is_refused_with_the_way_to_prove_it(
    hospital: World,
) -> None:
    await begin(hospital)
    await hospital.says(LIN, "webchat", ASKS)
    await hospital.says(LIN, "webchat", "林晓 110101199003074477")
    await hospital.says(LIN, "webchat", "确认")
    said = (await hospital.says(LIN, "webchat", "挂皮肤科周四上午的号"))[-1]
    first = said.buttons[0].value
    refused = (await hospital.says(LIN, "webchat", first))[-1]
    assert "绑定手机号后就可以再约" in refused.text
    assert "绑定手机号" in refused.buttons[0].label
    asked = await hospital.says(LIN, "webchat", refused.buttons[0].value)
    assert "继续挂号" in asked[0].text
    assert "手机号" in asked[-1].text


async def booked(hospital: World) -> int:
    """Return how many visits are booked."""

    def count(tx: Tx) -> int:
        with tx.session() as session:
            rows = session.exec(sqlmodel.select(Appointment).where(Appointment.state == "booked"))
            return len(rows.all())

    return await hospital.app.engine.read(count)
