"""From the roster to what can be booked: hours, slots and places of a clinic."""

import datetime as dt
import itertools
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.appointments.options import BookingOptions
from bot.hospital.calendar import Calendar
from bot.hospital.model import Campus, Hospital
from bot.hospital.planning import (
    cancel_until,
    cut,
    last_released,
    planned_list,
    plans,
    released_at,
    spread,
)

ZONE = ZoneInfo("Asia/Shanghai")
RULES = BookingOptions()
MONDAY, WEDNESDAY, SATURDAY = dt.date(2026, 11, 23), dt.date(2026, 11, 25), dt.date(2026, 11, 28)


def here(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("places", "taken", "given"),
    [
        pytest.param(24, [0] * 8, [3] * 8, id="evenly"),
        pytest.param(10, [0] * 4, [3, 3, 2, 2], id="the first ones get what is over"),
        pytest.param(2, [0] * 4, [1, 1, 0, 0], id="fewer than slots"),
        pytest.param(0, [2, 0, 1], [2, 0, 1], id="what is taken stays"),
        pytest.param(8, [5, 0, 0, 0], [5, 1, 1, 1], id="the others give way"),
        pytest.param(3, [3, 3, 0], [3, 3, 0], id="more taken than there shall be"),
        pytest.param(5, [], [], id="no slots"),
    ],
)
def test_places_are_spread(places: int, taken: list[int], given: list[int]) -> None:
    assert spread(places, taken) == given


@given(st.integers(0, 60), st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_no_place_is_lost_or_made_up_and_none_is_taken_away(places: int, taken: list[int]) -> None:
    counts = spread(places, taken)
    assert all(count >= seat for count, seat in zip(counts, taken, strict=True))
    assert sum(counts) >= places
    free = [count for count, seat in zip(counts, taken, strict=True) if count > seat]
    assert not free or sum(counts) == places, "places beyond the plan are those already taken"


@pytest.mark.parametrize(
    ("hours", "minutes", "starts", "last"),
    [
        (("08:00", "12:00"), 30, 8, "12:00"),
        (("14:00", "17:30"), 60, 4, "17:30"),
        (("08:00", "08:50"), 30, 2, "08:50"),
        (("08:00", "08:40"), 30, 1, "08:40"),
        (("08:00", "08:10"), 30, 1, "08:10"),
    ],
)
def test_a_clinic_is_cut_into_slots(
    hours: tuple[str, str], minutes: int, starts: int, last: str
) -> None:
    start, end = (here(f"2026-11-25 {clock}") for clock in hours)
    spans = cut(start, end, minutes)
    assert len(spans) == starts
    assert spans[0][0] == start
    assert spans[-1][1] == here(f"2026-11-25 {last}")
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))


def test_places_are_released_by_the_hospitals_clock() -> None:
    assert released_at(WEDNESDAY, RULES, ZONE) == here("2026-11-11 07:00")
    assert last_released(RULES, ZONE, here("2026-11-11 06:59")) == dt.date(2026, 11, 24)
    assert last_released(RULES, ZONE, here("2026-11-11 07:00")) == WEDNESDAY


@pytest.mark.parametrize(
    ("options", "day", "until"),
    [
        (BookingOptions(), MONDAY, "2026-11-22 16:00"),
        (BookingOptions(cancel_working_days=True), MONDAY, "2026-11-20 16:00"),
        (BookingOptions(cancel_days=0, cancel_at="07:30"), MONDAY, "2026-11-23 07:30"),
        (BookingOptions(cancel_days=2), MONDAY, "2026-11-21 16:00"),
    ],
)
def test_until_when_a_visit_can_be_given_back(
    options: BookingOptions, day: dt.date, until: str
) -> None:
    assert cancel_until(day, options, ZONE, Calendar()) == here(until)


def test_a_clinic_keeps_copies_of_what_patients_are_told(small: Hospital) -> None:
    found = {plan.key: plan for plan in plans(small, MONDAY, RULES, ZONE)}
    plan = found["li", MONDAY, "morning"]
    assert plan.columns["starts_at"] == here("2026-11-23 08:00")
    told = ("doctor_name_en", "department_name", "place", "room", "tier", "fee_fen", "campus")
    assert [plan.columns[name] for name in told] == [
        "Li Ming", "心内科", "三楼", "301", "expert", 2200, "main",
    ]  # fmt: skip
    assert plan.places == {"online": 20, "window": 0, "added": 0}
    assert found["wu", MONDAY, "morning"].places["online"] == 12, "the others were sold elsewhere"


def test_another_campus_is_named_with_the_place_the_first_one_is_not(small: Hospital) -> None:
    names = (("main", "本部", "Main Campus"), ("east", "东院", "East Campus"))
    campuses = tuple(
        Campus(code=code, name=name, name_en=name_en, address="1号", address_en="1 Road")
        for code, name, name_en in names
    )
    heart, *others = small.departments
    for campus, told in (("main", ("三楼", "3F")), ("east", ("东院 三楼", "East Campus, 3F"))):
        moved = (replace(heart, campus=campus), *others)
        hospital = replace(small, campuses=campuses, departments=moved)
        plan = next(iter(plans(hospital, MONDAY, RULES, ZONE)))
        assert plan.columns["campus"] == campus
        assert (plan.columns["place"], plan.columns["place_en"]) == told


def test_full_and_stopped_clinics_have_no_places_online(small: Hospital) -> None:
    wednesday = {plan.key[0]: plan for plan in plans(small, WEDNESDAY, RULES, ZONE)}
    assert (wednesday["li"].stopped, wednesday["li"].places["online"]) == (True, 0)
    thursday = {plan.key[0]: plan for plan in plans(small, dt.date(2026, 11, 26), RULES, ZONE)}
    assert (thursday["wu"].stopped, thursday["wu"].places["online"]) == (False, 0)


def test_a_day_that_is_not_kept_yet_can_be_shown(small: Hospital) -> None:
    [clinic] = planned_list(small, SATURDAY, RULES, ZONE)
    assert (clinic["doctor_name"], clinic["fee"], clinic["clinic_id"]) == ("李明", "80.00", None)
    assert clinic["pools"]["online"] == {"places": 5, "taken": 0}
