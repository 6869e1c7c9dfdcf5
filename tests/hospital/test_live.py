"""What is told follows facts and bookings, and is honest about what is not open yet."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from bot.appointments.options import BookingOptions
from bot.hospital import roster, service
from bot.hospital.live import LiveHospital, open_hospital
from bot.hospital.model import Hospital
from bot.store.db import Engine, Tx
from bot.store.tables import Slot
from intents.entities import Entities
from tests.helpers.booking import ZONE, at

TODAY = dt.date(2026, 11, 18)
NOW = at(TODAY, "10:00")
MONDAY = dt.date(2026, 11, 23)


@pytest.fixture
async def live(engine: Engine, small: Hospital) -> LiveHospital:
    def fill(tx: Tx) -> None:
        with tx.session() as session:
            service.save(session, small, NOW)

    assert await open_hospital(engine, BookingOptions()) is None
    await engine.write(fill)
    found = await open_hospital(engine, BookingOptions())
    assert found is not None
    return found


def told(live: LiveHospital, day: dt.date, doctor: str = "li") -> list[tuple[str, int]]:
    entities = Entities(doctors=(doctor,), day=day)
    found: Mapping[str, Any] = live.find("roster", "zh-CN", TODAY, entities)
    return [(row.status, row.left) for row in found["found"]]


async def test_before_clinics_are_kept_the_roster_is_told(live: LiveHospital) -> None:
    assert told(live, MONDAY) == [("on", 20)]


async def test_what_is_told_follows_facts_places_and_release(
    live: LiveHospital, engine: Engine
) -> None:
    assert await live.keep(engine, ZONE, NOW) > 0
    assert await live.keep(engine, ZONE, NOW) == 0, "nothing changed"
    assert told(live, MONDAY) == [("on", 20)]
    far = dt.date(2026, 12, 7)
    assert told(live, far) == [("unreleased", 0)]
    assert told(live, dt.date(2027, 3, 1)) == [("unreleased", 0)], "too far ahead to be kept at all"
    stopped = await engine.write(
        lambda tx: roster.stop(tx, "li", MONDAY, None, None, NOW, "daoyi roster")
    )
    assert len(stopped) == 1
    await live.keep(engine, ZONE, NOW)
    assert told(live, MONDAY) == [("stopped", 0)]
    await live.keep(engine, ZONE, at(dt.date(2026, 11, 23), "07:00"))
    assert told(live, far) == [("on", 20)], "released, and the day had its clinics before"


async def test_places_that_went_elsewhere_are_counted_within_the_minute(
    live: LiveHospital, engine: Engine
) -> None:
    await live.publish(engine, ZONE, NOW, days=(MONDAY,))

    def take_away(tx: Tx) -> None:
        with tx.session() as session:
            session.execute(update(Slot).values(capacity=0))

    await engine.write(take_away)
    await live.refresh(engine, ZONE, NOW + dt.timedelta(minutes=1))
    assert told(live, MONDAY) == [("full", 0)]
    live.forget()
    assert told(live, MONDAY) == [("on", 20)]


async def test_the_clinics_of_a_new_day_are_kept_from_midnight_on(
    live: LiveHospital, engine: Engine
) -> None:
    assert await live.keep(engine, ZONE, at(TODAY, "23:59")) > 0
    assert await live.keep(engine, ZONE, at(TODAY + dt.timedelta(1), "00:00")) > 0
