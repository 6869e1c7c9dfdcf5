"""When people are there, who is asked, how urgent it is."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handoff.rules import DESKS, P1, P2, P3, Hours, desk_or_general, hours_from, priority

SHANGHAI, LONDON = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/London")
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "08:00-17:30") | {"sat": "08:00-12:00"}
HOURS = hours_from(WEEK, SHANGHAI)


def at(words: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("now", "is_open", "opens"),
    [
        ("2026-11-18 10:00", True, "2026-11-18 10:00"),
        ("2026-11-18 07:59:59", False, "2026-11-18 08:00"),
        ("2026-11-18 08:00", True, "2026-11-18 08:00"),
        ("2026-11-18 17:29:59", True, "2026-11-18 17:29:59"),
        ("2026-11-18 17:30", False, "2026-11-19 08:00"),
        ("2026-11-18 23:59", False, "2026-11-19 08:00"),
        ("2026-11-20 18:00", False, "2026-11-21 08:00"),
        ("2026-11-21 12:00", False, "2026-11-23 08:00"),
        ("2026-11-22 10:00", False, "2026-11-23 08:00"),
    ],
)
def test_who_is_there_is_told_truly(now: str, is_open: bool, opens: str) -> None:
    assert HOURS.is_open(at(now)) is is_open
    assert HOURS.opens(at(now)) == at(opens)


def test_the_hospital_s_clock_counts_not_the_server_s() -> None:
    assert HOURS.is_open(at("2026-11-18 02:00", ZoneInfo("UTC")))
    assert not HOURS.is_open(at("2026-11-18 10:00", ZoneInfo("UTC")))


def test_opening_time_stays_on_the_wall_when_clocks_change() -> None:
    hours = hours_from({"sun": "08:00-12:00"}, LONDON)
    opens = hours.opens(at("2026-03-28 12:00", LONDON))
    assert opens == at("2026-03-29 08:00", LONDON)
    assert opens is not None
    assert opens.time() == time(8)


def test_nobody_ever() -> None:
    never = hours_from({}, SHANGHAI)
    assert not never.is_open(at("2026-11-18 10:00"))
    assert never.opens(at("2026-11-18 10:00")) is None


SPANS = st.tuples(st.integers(0, 22), st.integers(1, 23)).filter(lambda span: span[0] < span[1])
WEEKS = st.lists(st.none() | SPANS, min_size=7, max_size=7)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(LONDON))  # noqa: DTZ001


@given(week=WEEKS, now=MOMENTS)
def test_when_they_open_they_are_there(week: list[tuple[int, int] | None], now: datetime) -> None:
    days = tuple((time(span[0]), time(span[1])) if span else None for span in week)
    hours = Hours(days, LONDON)
    opens = hours.opens(now)
    if not any(week):
        assert opens is None
        return
    assert opens is not None
    assert opens >= now
    assert opens - now <= timedelta(days=8)
    assert hours.is_open(opens)
    if hours.is_open(now):
        assert opens == now


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"monday": "08:00-17:30"}, "monday is not a day"),
        ({"mon": "8-17"}, "mon: '8-17' is not a span of hours"),
        ({"mon": "08:00"}, "mon: '08:00' is not a span"),
        ({"mon": "08:00-25:00"}, "is not a span"),
        ({"mon": "17:30-08:00"}, "ends before it starts"),
        ({"mon": "08:00-08:00"}, "ends before it starts"),
    ],
)
def test_hours_that_cannot_be_read_name_the_day(words: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        hours_from(words, SHANGHAI)


def test_a_missing_or_empty_day_is_a_day_off() -> None:
    assert hours_from({"mon": ""}, SHANGHAI) == hours_from({}, SHANGHAI)


def test_complaints_come_first_and_the_night_waits() -> None:
    assert priority("complaints", is_open=True) == priority("complaints", is_open=False) == P1
    assert priority("general", is_open=True) == P2
    assert priority("general", is_open=False) == P3


@pytest.mark.parametrize("word", [None, "", "nobody", 7])
def test_a_desk_we_do_not_have_is_the_general_one(word: object) -> None:
    assert desk_or_general(word) == "general"
    assert all(desk_or_general(desk) == desk for desk in DESKS)
