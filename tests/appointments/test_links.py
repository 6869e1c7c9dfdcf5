"""Links to a visit's calendar file: nothing to guess, one entry through all moves, kind words."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import httpx
import pytest
from icalendar import Calendar

from bot.appointments.links import Links, appointment_of, signed_name
from bot.appointments.model import Visit
from bot.message import Address
from bot.messages import history
from bot.store.db import Tx
from bot.store.keyring import Keyring
from tests.appointments.test_ics import VISIT, event_of
from tests.helpers.booking import add_clinic, add_patient
from tests.helpers.house import House
from tests.helpers.world import ChatPage

Moves = Callable[[], Awaitable[Visit]]
DAY, LATER = date(2026, 11, 25), date(2026, 11, 27)


def test_a_link_cannot_be_guessed_or_changed(keyring: Keyring) -> None:
    name = signed_name(keyring, 12)
    assert appointment_of(keyring, name) == 12
    number, _, signature = name.partition("-")
    for wrong in (
        "12", "12-", f"13-{signature}", f"012-{signature}", f"{number}-{signature[:-1]}",
        f"{number}-{signature}0", "-", "", f"x-{signature}", "页面-页面", "9" * 40, f"１２-{signature}",
    ):  # fmt: skip
        assert appointment_of(keyring, wrong) is None, wrong


def test_a_link_is_made_only_where_somebody_could_open_it(keyring: Keyring) -> None:
    def spot(campus: str, lang: str) -> tuple[str, str]:
        return f"address of {campus} in {lang}", ""

    assert Links("", spot).calendar(keyring, VISIT, "en") == ""
    link = Links("https://bot.example.org/", spot).calendar(keyring, VISIT, "en")
    assert link == f"https://bot.example.org/calendar/{signed_name(keyring, 12)}.ics?lang=en"
    for private in ("张小雨", VISIT.number, "李明远", "心内"):
        assert private not in link
    assert Links("", spot).way(VISIT, "en") == "address of main in en"
    assert (
        Links("", lambda *_: ("x", "https://map.example")).way(VISIT, "en") == "https://map.example"
    )


@pytest.fixture
async def booked(house: House, web: httpx.AsyncClient) -> tuple[Visit, Moves]:
    """A visit of somebody with the chat page open, and what moves it to another day."""
    patient = await ChatPage.open(web)
    await patient.post("停车多少钱")
    address, bookings = Address("webchat", "main", patient.user), house.app.booking.bookings

    def book(tx: Tx, day: date, old: Visit | None = None) -> Visit:
        conversation_id = history.conversation_of(tx, address)
        assert conversation_id is not None
        patient_id = (
            old.patient_id if old else add_patient(tx, "张小雨", house.clock(), conversation_id)
        )
        held = bookings.hold(
            tx, add_clinic(tx, day)[1][0], conversation_id, house.clock(), patient_id=patient_id,
            replaces_id=old.appointment_id if old else None,
        )  # fmt: skip
        assert isinstance(held, Visit), held
        sure = bookings.confirm(tx, held.appointment_id, conversation_id, house.clock())
        assert isinstance(sure, Visit), sure
        return sure

    visit = await house.app.engine.write(lambda tx: book(tx, DAY))
    return visit, lambda: house.app.engine.write(lambda tx: book(tx, LATER, visit))


async def test_the_file_follows_a_visit_through_a_move_and_its_end(
    house: House, web: httpx.AsyncClient, booked: tuple[Visit, Moves], backend: str
) -> None:
    visit, move = booked
    name = signed_name(house.app.engine.keyring, visit.appointment_id)
    answer = await web.get(f"/calendar/{name}.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.headers["cache-control"] == "no-store"
    assert 'filename="visit-20261125.ics"' in answer.headers["content-disposition"]
    first = event_of(answer.content)
    assert "张小雨" not in answer.text
    new = await move()
    for one in (visit, new):
        path = signed_name(house.app.engine.keyring, one.appointment_id)
        event = event_of((await web.get(f"/calendar/{path}.ics")).content)
        assert event["UID"] == first["UID"]
        assert event["SEQUENCE"] > first["SEQUENCE"]
        assert event.decoded("DTSTART").date() == LATER
        assert event["STATUS"] == "CONFIRMED", backend
    await house.app.engine.write(
        lambda tx: house.app.booking.bookings.cancel(
            tx, new.appointment_id, house.clock(), actor="patient"
        )
    )
    off = Calendar.from_ical((await web.get(f"/calendar/{name}.ics?lang=en")).content)
    assert off["METHOD"] == "CANCEL"
    assert off.walk("VEVENT")[0]["UID"] == first["UID"]


async def test_what_is_not_there_is_said_kindly(
    house: House, web: httpx.AsyncClient, booked: tuple[Visit, Moves], backend: str
) -> None:
    visit, _ = booked
    for name in ("1", f"{visit.appointment_id}-{'0' * 24}", "nothing", "%E9%A1%B5"):
        answer = await web.get(f"/calendar/{name}.ics")
        assert answer.status_code == 404, name
        assert "我的预约" in answer.text
        assert "my appointments" in answer.text

    def hold(tx: Tx) -> int:
        slot_id = add_clinic(tx, LATER)[1][0]
        held = house.app.booking.bookings.hold(
            tx, slot_id, visit.conversation_id, house.clock(), patient_id=visit.patient_id
        )
        assert isinstance(held, Visit)
        return held.appointment_id

    held = signed_name(house.app.engine.keyring, await house.app.engine.write(hold))
    house.clock.now += timedelta(minutes=1)
    assert (await web.get(f"/calendar/{held}.ics")).status_code == 410, backend
