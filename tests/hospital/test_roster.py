"""Who sits in which clinic on a day: the weekly roster and what a date changes in it."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.hospital.model import ClinicSession, Hospital, RosterRule, Session, Status, Tier

MONDAY, WEDNESDAY, THURSDAY = dt.date(2026, 11, 23), dt.date(2026, 11, 25), dt.date(2026, 11, 26)
SATURDAY, SUNDAY = dt.date(2026, 11, 28), dt.date(2026, 11, 29)


def said(sessions: tuple[ClinicSession, ...]) -> list[tuple[str, str, str]]:
    return [(s.doctor.code, s.session.value, s.status.value) for s in sessions]


def test_a_weekday_lists_its_clinics_by_department_doctor_and_hour(small: Hospital) -> None:
    assert said(small.sessions(MONDAY)) == [
        ("li", "morning", "on"),
        ("wu", "morning", "on"),
        ("wu", "afternoon", "on"),
        ("li2", "evening", "on"),
    ]


def test_a_day_without_clinics_is_empty(small: Hospital) -> None:
    assert small.sessions(SUNDAY) == ()


def test_one_stopped_clinic_leaves_the_others(small: Hospital) -> None:
    assert said(small.sessions(WEDNESDAY, {"li", "wu"})) == [
        ("li", "morning", "stopped"),
        ("wu", "morning", "on"),
    ]


def test_a_changed_clinic_keeps_the_room_of_the_week(small: Hospital) -> None:
    stopped, *_ = small.sessions(WEDNESDAY)
    assert (stopped.room, stopped.capacity, stopped.left) == ("301", 20, 0)


def test_a_whole_day_can_be_full(small: Hospital) -> None:
    assert said(small.sessions(THURSDAY, {"wu"})) == [("wu", "morning", "full")]
    assert small.sessions(THURSDAY, {"wu"})[0].left == 0


def test_a_closed_hospital_stops_everyone(small: Hospital) -> None:
    new_year = small.sessions(dt.date(2027, 1, 1))
    assert {s.status for s in new_year} == {Status.STOPPED}
    assert len(new_year) == 2


def test_a_doctor_who_works_on_a_closed_day_does(small: Hospital) -> None:
    works = RosterRule(
        doctor="wu",
        date=dt.date(2027, 1, 1),
        session=Session.MORNING,
        room="101",
        capacity=4,
    )
    hospital = replace(small, roster=(*small.roster, works))
    assert said(hospital.sessions(dt.date(2027, 1, 1), {"wu"})) == [("wu", "morning", "on")]


@pytest.mark.parametrize(
    ("day", "doctor", "tier", "fee"),
    [
        pytest.param(MONDAY, "li", Tier.EXPERT, "22.00", id="the tier's fee"),
        pytest.param(SATURDAY, "li", Tier.SPECIAL, "80.00", id="another tier that day"),
        pytest.param(MONDAY, "li2", Tier.GENERAL, "8.50", id="the doctor's own fee"),
    ],
)
def test_the_fee_is_the_one_of_that_clinic(
    small: Hospital, day: dt.date, doctor: str, tier: Tier, fee: str
) -> None:
    [clinic] = small.sessions(day, {doctor})
    assert (clinic.tier, clinic.fee) == (tier, Decimal(fee))


def test_places_left_never_exceed_the_capacity(small: Hospital) -> None:
    rule = replace(small.roster[0], left=99)
    hospital = replace(small, roster=(rule,))
    assert hospital.sessions(MONDAY)[0].left == 20


def test_a_weekly_rule_holds_between_its_dates(small: Hospital) -> None:
    rule = replace(small.roster[0], starts=MONDAY, ends=MONDAY + dt.timedelta(days=7))
    hospital = replace(small, roster=(rule,))
    weeks = [MONDAY + dt.timedelta(days=7 * n) for n in (-1, 0, 1, 2)]
    assert [bool(hospital.sessions(day)) for day in weeks] == [False, True, True, False]


def test_upcoming_clinics_skip_those_that_are_stopped(small: Hospital) -> None:
    days = [s.date for s in small.upcoming("li", MONDAY + dt.timedelta(days=1), days=10)]
    assert days == [SATURDAY, MONDAY + dt.timedelta(days=7), WEDNESDAY + dt.timedelta(days=7)]


def test_equal_content_has_an_equal_version_and_other_content_another(
    small: Hospital, demo: Hospital
) -> None:
    assert replace(small).version == small.version
    assert hash(replace(small)) == hash(small)
    assert small.version != demo.version != replace(demo, drugs=demo.drugs[1:]).version
