"""When reminders are due: offset, zone, clock change, quiet hours, moment of booking (RM-01, RM-02)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.hours import Quiet, instant, wall
from scheduler.reminders import Offset, Shift, plan

QUIET = Quiet()
THREE_DAYS, DAY_BEFORE = Offset(days=-3), Offset(days=-1, not_after=time(19))
TWO_HOURS, EVENING = Offset(minutes=-120), Offset(days=-1, at=time(20))
SAME_DAY = Offset(at=time(8))
LONG_AGO = "2026-01-01 09:00"

_CN, _NY = "Asia/Shanghai", "America/New_York"


@pytest.mark.parametrize(
    ("offset", "visit", "booked", "due"),
    [
        # T-3 d, T-1 d: the same hour, the day before no later than seven
        (THREE_DAYS, "2026-11-25 10:30", LONG_AGO, "2026-11-22 10:30"),
        (DAY_BEFORE, "2026-11-25 10:30", LONG_AGO, "2026-11-24 10:30"),
        (DAY_BEFORE, "2026-11-25 19:30", LONG_AGO, "2026-11-24 19:00"),
        (TWO_HOURS, "2026-11-25 10:30", LONG_AGO, "2026-11-25 08:30"),
        # booked inside an offset: dropped, never sent late
        (THREE_DAYS, "2026-11-25 10:30", "2026-11-22 10:30", None),
        (THREE_DAYS, "2026-11-25 10:30", "2026-11-23 09:00", None),
        (DAY_BEFORE, "2026-11-25 10:30", "2026-11-24 10:31", None),
        (TWO_HOURS, "2026-11-25 10:30", "2026-11-25 08:45", None),
        # in quiet hours: at eight the same morning …
        (TWO_HOURS, "2026-11-25 10:00", LONG_AGO, "2026-11-25 08:00"),
        (THREE_DAYS, "2026-11-25 07:30", LONG_AGO, "2026-11-22 08:00"),
        # … or, of a visit before ten, at eight the evening before
        (TWO_HOURS, "2026-11-25 09:59", LONG_AGO, "2026-11-24 20:00"),
        (TWO_HOURS, "2026-11-25 08:00", LONG_AGO, "2026-11-24 20:00"),
        (TWO_HOURS, "2026-11-25 08:00", "2026-11-24 20:30", None),
        (EVENING, "2026-11-25 08:00", LONG_AGO, "2026-11-24 20:00"),
        (SAME_DAY, "2026-11-25 14:00", LONG_AGO, "2026-11-25 08:00"),
        # month ends, years, a leap day
        (THREE_DAYS, "2026-12-02 10:30", LONG_AGO, "2026-11-29 10:30"),
        (DAY_BEFORE, "2027-01-01 10:30", LONG_AGO, "2026-12-31 10:30"),
        (THREE_DAYS, "2028-03-02 10:30", LONG_AGO, "2028-02-28 10:30"),
    ],
)
def test_a_visit_is_reminded_of(offset: Offset, visit: str, booked: str, due: str | None) -> None:
    assert _planned(offset, visit, booked, _CN, _CN) == due


@pytest.mark.parametrize(
    ("offset", "visit", "due"),
    [
        # days move the wall clock, hours are elapsed time
        (Offset(days=-1), "2026-03-08 10:30", "2026-03-07 10:30"),
        (Offset(days=-1), "2026-11-01 10:30", "2026-10-31 10:30"),
        (Offset(minutes=-120), "2026-03-08 10:30", "2026-03-08 08:30"),
        (Offset(minutes=-24 * 60), "2026-03-08 12:30", "2026-03-07 11:30"),
        (Offset(minutes=-24 * 60), "2026-11-01 12:30", "2026-10-31 13:30"),
        # a clock that jumps over the hour: the next minute there is; one that comes twice: the first
        (Offset(at=time(2, 30)), "2026-03-08 14:00", "2026-03-08 08:00"),
        (Offset(days=-1), "2026-03-09 02:30", "2026-03-08 08:00"),
    ],
)
def test_clocks_change(offset: Offset, visit: str, due: str) -> None:
    assert _planned(offset, visit, LONG_AGO, _NY, _NY) == due


@pytest.mark.parametrize(
    ("dose", "due"),
    [
        (
            "2026-03-08 02:30",
            "2026-03-08 07:00",
        ),  # does not exist: 03:00 is the next minute there is
        ("2026-11-01 01:30", "2026-11-01 05:30"),  # comes twice: the first
    ],
)
def test_an_hour_of_her_own_is_kept_at_night(dose: str, due: str) -> None:
    """Where she asked for the hour, no quiet hours move it; in UTC, of New York (RM-03, RM-12)."""
    zone = ZoneInfo(_NY)
    occurs = instant(datetime.fromisoformat(dose), zone)
    planned = plan(Offset(), occurs, zone, datetime(2026, 1, 1, tzinfo=UTC))
    assert planned is not None
    assert f"{planned.due_at:%Y-%m-%d %H:%M}" == due


@pytest.mark.parametrize(
    ("visit", "offset", "due"),
    [
        # somebody in New York, thirteen hours behind: never at her night
        ("2026-11-25 14:00", TWO_HOURS, "2026-11-24 20:00"),  # midnight there: the evening before
        ("2026-11-25 10:00", TWO_HOURS, "2026-11-24 19:00"),
        ("2026-11-25 10:00", DAY_BEFORE, "2026-11-24 08:00"),
        ("2026-11-25 16:00", DAY_BEFORE, "2026-11-24 08:00"),
    ],
)
def test_her_own_night_counts(visit: str, offset: Offset, due: str) -> None:
    """A visit in Shanghai, told of to somebody in New York, in her own hours."""
    assert _planned(offset, visit, LONG_AGO, _CN, _NY, shown=_NY) == due


@pytest.mark.parametrize("place", ["Asia/Shanghai", "America/New_York", "Europe/London"])
@pytest.mark.parametrize("reader", ["Asia/Shanghai", "America/Los_Angeles", "Australia/Lord_Howe"])
@given(
    occurs=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ahead=st.timedeltas(timedelta(minutes=-10), timedelta(days=30)),
    offset=st.builds(
        Offset,
        days=st.integers(-5, 5),
        minutes=st.integers(-300, 300),
        at=st.none() | st.times().map(lambda at: at.replace(second=0, microsecond=0)),
        not_after=st.none() | st.just(time(19)),
    ),
)
def test_never_in_quiet_hours_never_in_the_past_never_after_it(
    place: str, reader: str, occurs: datetime, ahead: timedelta, offset: Offset
) -> None:
    now = occurs - ahead
    zone = ZoneInfo(reader)
    planned = plan(offset, occurs, ZoneInfo(place), now, quiet=QUIET, reader=zone)
    if planned is None:
        return
    assert planned.due_at > now
    assert not QUIET.is_quiet(planned.due_at, zone)
    assert planned.wall == wall(planned.due_at, ZoneInfo(place))
    if offset.days < 0 or offset.minutes < 0:
        assert planned.due_at < occurs


@given(
    start=st.integers(18 * 60 + 1, 24 * 60 - 1),
    end=st.integers(1, 11 * 60),
    evening=st.integers(12 * 60, 18 * 60),
    visit=st.datetimes(datetime(2026, 1, 2), datetime(2027, 1, 1)),  # noqa: DTZ001
    minutes=st.integers(-72 * 60, -1),
)
def test_any_quiet_hours_are_kept(
    start: int, end: int, evening: int, visit: datetime, minutes: int
) -> None:
    quiet, zone = Quiet(_clock(start), _clock(end)), ZoneInfo(_CN)
    occurs = instant(visit.replace(second=0, microsecond=0), zone)
    planned = plan(
        Offset(minutes=minutes), occurs, zone, datetime(2025, 1, 1, tzinfo=UTC),
        quiet=quiet, shift=Shift(evening=_clock(evening)),
    )  # fmt: skip
    if planned is not None:
        assert not quiet.is_quiet(planned.due_at, zone)
        assert planned.due_at < occurs


def _clock(minute: int) -> time:
    return time(minute // 60, minute % 60)


def _planned(
    offset: Offset, visit: str, booked: str, place: str, reader: str, shown: str | None = None
) -> str | None:
    zone = ZoneInfo(place)
    occurs = instant(datetime.fromisoformat(visit), zone)
    now = instant(datetime.fromisoformat(booked), zone)
    planned = plan(offset, occurs, zone, now, quiet=QUIET, reader=ZoneInfo(reader))
    if planned is None:
        return None
    return f"{wall(planned.due_at, ZoneInfo(shown or place)):%Y-%m-%d %H:%M}"
