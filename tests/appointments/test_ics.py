"""The calendar file: what phones and calendars make of it, and what it must never say."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from icalendar import Calendar

from bot.appointments.ics import Entry, calendar_file
from bot.appointments.model import ClinicView, Visit
from bot.appointments.states import State

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
CLINIC = ClinicView(
    clinic_id=1, doctor="d1", department="card", campus="main", date=date(2026, 11, 25),
    part="morning", starts_at=datetime(2026, 11, 25, 0, 0, tzinfo=UTC),
    ends_at=datetime(2026, 11, 25, 4, 0, tzinfo=UTC), room="305", tier="expert", fee=Decimal(22),
    doctor_name="李明远", doctor_name_en="Li Mingyuan", title="主任医师", title_en="Chief Physician",
    department_name="心内科", department_name_en="Cardiology", place="门诊楼三层",
    place_en="Outpatient Building 3F", status="on", reason=None,
    released_at=NOW - timedelta(days=7), cancel_until=datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
)  # fmt: skip
VISIT = Visit(
    appointment_id=12, number="A0000012", state=State.BOOKED, conversation_id=3, patient_id=4,
    told="张小雨", slot_id=9, starts_at=datetime(2026, 11, 25, 1, 0, tzinfo=UTC),
    ends_at=datetime(2026, 11, 25, 1, 30, tzinfo=UTC), fee=Decimal(22), clinic=CLINIC,
)  # fmt: skip
ENTRY = Entry("visit-12", 3, VISIT, "和安市第一人民医院", "和安市江北区人民东路188号")


def file_of(entry: Entry = ENTRY, lang: str = "zh-CN", reveals: tuple[str, ...] = ()) -> bytes:
    return calendar_file(entry, lang, ZONE, NOW, lambda text: any(word in text for word in reveals))


def event_of(file: bytes) -> Any:
    (event,) = Calendar.from_ical(file).walk("VEVENT")
    return event


def test_an_entry_stands_at_the_time_of_the_visit_with_two_reminders() -> None:
    file = file_of()
    event = event_of(file)
    assert Calendar.from_ical(file)["METHOD"] == "PUBLISH"
    assert event["STATUS"] == "CONFIRMED"
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert event.decoded("DTSTART") == VISIT.starts_at
    assert event.decoded("DTEND") == VISIT.ends_at
    assert [alarm.decoded("TRIGGER") for alarm in event.walk("VALARM")] == [
        timedelta(days=-1),
        timedelta(hours=-2),
    ]
    assert event["SUMMARY"] == "就诊 · 和安市第一人民医院 · 心内科"
    assert event["LOCATION"] == "和安市第一人民医院，和安市江北区人民东路188号，门诊楼三层，305"
    assert (event["UID"], event["SEQUENCE"], event["CLASS"]) == ("visit-12@daoyi", 3, "PRIVATE")


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_another_reader_understands_it_too(lang: str) -> None:
    read = vobject.readOne(file_of(lang=lang).decode())
    assert read.vevent.dtstart.value.timestamp() == VISIT.starts_at.timestamp()
    assert read.vevent.dtend.value.timestamp() == VISIT.ends_at.timestamp()
    assert read.vtimezone.tzid.value == "Asia/Shanghai"
    assert len(read.vevent.valarm_list) == 2
    assert read.method.value == "PUBLISH"


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_lines_are_as_the_standard_wants_them(lang: str) -> None:
    lines = file_of(lang=lang).split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 and b"\n" not in line for line in lines)
    file_of(lang=lang).decode("utf-8")


@pytest.mark.parametrize("state", [State.CANCELLED, State.HOSPITAL_CANCELLED])
def test_a_cancelled_visit_takes_its_entry_out_of_the_calendar(state: State) -> None:
    file = file_of(replace(ENTRY, visit=replace(VISIT, state=state)))
    assert Calendar.from_ical(file)["METHOD"] == "CANCEL"
    event = event_of(file)
    assert event["STATUS"] == "CANCELLED"
    assert not event.walk("VALARM")
    assert event["UID"] == "visit-12@daoyi"


def test_nothing_in_it_tells_who_comes_or_what_for() -> None:
    for lang in ("zh-CN", "en"):
        text = str(Calendar.from_ical(file_of(lang=lang)).to_ical(), "utf-8").replace("\r\n ", "")
        for private in ("张小雨", "A0000012", "李明远", "Li Mingyuan"):
            assert private not in text


def test_a_department_that_reveals_an_illness_is_left_out() -> None:
    clinic = replace(
        CLINIC, department_name="性病科", department_name_en="STD clinic", place="性病科三诊区"
    )
    entry = replace(ENTRY, visit=replace(VISIT, clinic=clinic))
    for lang in ("zh-CN", "en"):
        text = str(file_of(entry, lang, ("性病", "STD")), "utf-8").replace("\r\n ", "")
        assert "性病" not in text
        assert "STD" not in text
