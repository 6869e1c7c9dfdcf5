"""Which days are worked, of which weekday the clinics are held, and how working days are counted."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hospital.calendar import Calendar
from bot.hospital.model import Hospital, MovedDay, MovedKind, RosterRule, Session

#: The legal calendar of 2026: days off, and weekends that are worked.
OFF = [
    ("2026-01-01", 3), ("2026-02-15", 9), ("2026-04-04", 3), ("2026-05-01", 5), ("2026-06-19", 3),
    ("2026-09-25", 3), ("2026-10-01", 7),
]  # fmt: skip
WORK = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_the_demonstration_knows_the_calendar_of_2026(demo: Hospital) -> None:
    off = {day(first) + dt.timedelta(n) for first, count in OFF for n in range(count)}
    for moved in demo.holidays:
        if moved.date.year == 2026:
            assert (moved.date in off) == (moved.kind is MovedKind.OFF), moved.date
    assert {moved.date for moved in demo.holidays if moved.kind is MovedKind.WORK} == {
        day(text) for text in WORK
    }
    assert all(not demo.calendar.working_day(found) for found in off)
    assert all(demo.calendar.working_day(day(text)) for text in WORK)


@pytest.mark.parametrize(
    ("of", "count", "before"),
    [
        pytest.param("2026-11-25", 1, "2026-11-24", id="an ordinary Wednesday"),
        pytest.param("2026-11-23", 1, "2026-11-20", id="a Monday goes back over the weekend"),
        pytest.param("2026-11-25", 0, "2026-11-25", id="none"),
        pytest.param("2026-10-08", 1, "2026-09-30", id="over the National Day"),
        pytest.param("2026-10-12", 1, "2026-10-10", id="a worked Saturday counts"),
        pytest.param("2026-02-24", 2, "2026-02-13", id="over the Spring Festival, Saturday worked"),
    ],
)
def test_working_days_before_a_visit(demo: Hospital, of: str, count: int, before: str) -> None:
    assert demo.calendar.workdays_before(day(of), count) == day(before)


@given(st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)), st.integers(0, 15))
def test_working_days_later_and_back_again(demo: Hospital, start: dt.date, count: int) -> None:
    later = demo.calendar.workdays_after(start, count)
    assert later >= start
    assert count == 0 or demo.calendar.working_day(later)
    if demo.calendar.working_day(start):
        assert demo.calendar.workdays_before(later, count) == start


def test_a_calendar_without_any_working_day_still_answers() -> None:
    start = dt.date(2026, 1, 1)
    never = Calendar({start + dt.timedelta(n): None for n in range(-500, 500)})
    assert never.workdays_before(start, 1) == start - dt.timedelta(1)


def moved(hospital: Hospital, text: str, kind: MovedKind, works_as: int | None = None) -> Hospital:
    item = MovedDay(date=day(text), kind=kind, works_as=works_as, name="假", name_en="Holiday")
    return replace(hospital, holidays=(item,))


def held(hospital: Hospital, text: str) -> list[tuple[str, str, str]]:
    return [(c.doctor.code, c.session.value, c.status.value) for c in hospital.sessions(day(text))]


def test_on_a_day_off_nothing_is_held(small: Hospital) -> None:
    assert held(moved(small, "2026-11-23", MovedKind.OFF), "2026-11-23") == []


def test_a_worked_weekend_holds_the_clinics_of_the_weekday_it_stands_for(small: Hospital) -> None:
    sunday = moved(small, "2026-11-29", MovedKind.WORK, works_as=1)
    assert held(sunday, "2026-11-29") == held(small, "2026-11-23")
    assert held(moved(small, "2026-11-28", MovedKind.WORK), "2026-11-28") == held(
        small, "2026-11-28"
    ), "nobody said of which weekday"


def test_the_roster_of_a_date_wins_over_the_holiday(small: Hospital) -> None:
    closed = moved(small, "2026-11-23", MovedKind.OFF)
    one = RosterRule(
        doctor="wu", date=day("2026-11-23"), session=Session.MORNING, room="1", capacity=3
    )
    all_day = RosterRule(doctor="wu", date=day("2026-11-23"), session=None)
    with_one = replace(closed, roster=(*closed.roster, one))
    with_day = replace(closed, roster=(*closed.roster, all_day))
    assert held(with_one, "2026-11-23") == [("wu", "morning", "on")]
    assert held(with_day, "2026-11-23") == [("wu", "morning", "on"), ("wu", "afternoon", "on")]
