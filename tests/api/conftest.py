"""The operators' interface of the shared application, with a key."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from bot import web
from bot.api.desk import Api
from bot.api.routes import mount_api
from bot.appointments.model import Visit
from bot.errors import BadInput, StoreError
from bot.hospital import service
from bot.hospital.model import Hospital
from bot.store.db import Tx
from bot.wiring.booking import desk
from tests.helpers.booking import add_clinic, add_conversation, add_patient
from tests.helpers.house import House

KEY = "operators-key-of-the-tests-0123456789"
DAY = date(2026, 11, 18)


def served(house: House, key: str, changed: Callable[[], Any]) -> FastAPI:
    """Return the interface alone, with the application's own answers to errors."""
    made = FastAPI()
    made.add_exception_handler(BadInput, web._bad_input)
    made.add_exception_handler(RequestValidationError, web._not_valid)
    made.add_exception_handler(StoreError, web._unavailable)
    app = house.app
    mount_api(made, Api(app.engine, desk(app.booking), app.clock, key, changed, app.reminding.care))
    return made


@dataclass
class Operators:
    """The hospital's own program.

    Attributes:
        published: how often clinics were made anew.
    """

    house: House
    http: httpx.AsyncClient
    published: list[datetime] = field(default_factory=list)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(f"/api/v1{path}", **more)

    async def post(self, path: str, body: Any, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.http.post(f"/api/v1{path}", json=body, headers=headers)

    async def booked(self, name: str = "王芳", **more: Any) -> Visit:
        """Let somebody have a visit today."""
        house, bookings = self.house, self.house.app.booking.bookings
        now = house.clock.now - timedelta(days=2)

        def book(tx: Tx) -> Visit:
            _, (slot,) = add_clinic(tx, more.pop("day", DAY), **more)
            conversation = add_conversation(tx, name, now)
            patient = add_patient(tx, name, now, conversation)
            held = bookings.hold(tx, slot, conversation, now, patient_id=patient)
            assert isinstance(held, Visit), held
            visit = bookings.confirm(tx, held.appointment_id, conversation, now)
            assert isinstance(visit, Visit), visit
            return visit

        return await house.app.engine.write(book)

    async def rows(self, statement: str) -> list[Any]:
        with self.house.sql.connect() as connection:
            return list(connection.exec_driver_sql(statement))


@pytest.fixture
async def operators(house: House) -> AsyncIterator[Operators]:
    """A client that shows the key."""
    published: list[datetime] = []

    async def changed() -> None:
        published.append(house.clock.now)

    transport = httpx.ASGITransport(app=served(house, KEY, changed))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=headers
    ) as http:
        yield Operators(house, http, published)


@pytest.fixture
async def roster_back(house: House, demonstration: Hospital) -> AsyncIterator[None]:
    """Whatever a test does to the roster is undone."""
    yield

    def save(tx: Tx) -> None:
        with tx.session() as session:
            service.save(session, demonstration, house.clock.now)

    await house.app.engine.write(save)
    app = house.app
    await app.hospital.refresh(app.engine, app.settings.zone, house.clock.now)


@pytest.fixture
def anonymous(house: House) -> Callable[[str], FastAPI]:
    """A function that serves the interface with another key, or none."""

    async def changed() -> None:
        return None

    return lambda key: served(house, key, changed)
