"""Wall clocks, zones that jump, quiet hours (RM-03, RM-12)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.hours import Quiet, day_ends, instant, local_day, wall

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
QUIET = Quiet()


@pytest.mark.parametrize(
    ("zone", "shown", "at"),
    [
        ("Asia/Shanghai", "2026-03-08 02:30", "2026-03-07 18:30"),  # never changes its clocks
        ("America/New_York", "2026-03-08 01:59", "2026-03-08 06:59"),
        ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:00"),  # skipped: 03:00 is next
        ("America/New_York", "2026-03-08 03:00", "2026-03-08 07:00"),
        ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30"),  # twice: the first
        ("America/New_York", "2026-11-01 02:00", "2026-11-01 07:00"),
        ("Europe/London", "2026-03-29 01:15", "2026-03-29 01:00"),
        ("Europe/London", "2026-10-25 01:15", "2026-10-25 00:15"),
        ("Australia/Lord_Howe", "2026-10-04 02:10", "2026-10-03 15:30"),  # half an hour
        ("Pacific/Apia", "2011-12-30 09:00", "2011-12-30 10:00"),  # a day that never was
        ("Asia/Kathmandu", "2026-05-01 08:00", "2026-05-01 02:15"),
    ],
)
def test_a_wall_clock_is_read_as_its_zone_shows_it(zone: str, shown: str, at: str) -> None:
    assert instant(_naive(shown), ZoneInfo(zone)) == _naive(at).replace(tzinfo=UTC)


def test_every_jump_of_every_zone_is_met_once() -> None:
    """Around each change of each zone's clocks in ten years: never in the gap, never twice."""
    weeks = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=7 * n) for n in range(523)]
    alike: dict[tuple[timedelta | None, ...], str] = {}
    for name in sorted(available_timezones()):
        alike.setdefault(tuple(at.astimezone(ZoneInfo(name)).utcoffset() for at in weeks), name)
    assert len(alike) > 60
    for offsets, name in alike.items():
        zone = ZoneInfo(name)
        jumps = [
            at for at, one, two in zip(weeks, offsets, offsets[1:], strict=False) if one != two
        ]
        for week in jumps:
            _check_jump(zone, _jump_after(zone, week))


def _check_jump(zone: ZoneInfo, jump: datetime) -> None:
    minutes = [wall(jump, zone) + timedelta(minutes=n) for n in range(-150, 151, 15)]
    found = [instant(shown, zone) for shown in minutes]
    assert found == sorted(found), (zone, jump)
    for shown, at in zip(minutes, found, strict=True):
        assert wall(at, zone) >= shown, (zone, shown)
        first = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
        assert wall(at, zone) != shown or at == first, (zone, shown)


def _jump_after(zone: ZoneInfo, week: datetime) -> datetime:
    """Return the hour within a week at which clocks jump."""
    before, at = week.astimezone(zone).utcoffset(), week
    while at.astimezone(zone).utcoffset() == before:
        at += timedelta(hours=1)
    return at


@pytest.mark.parametrize(
    ("at", "quiet", "opens"),
    [
        ("07:59", True, "08:00"),
        ("08:00", False, "08:00"),
        ("20:59", False, "20:59"),
        ("21:00", True, "08:00"),
        ("23:30", True, "08:00"),
        ("00:00", True, "08:00"),
    ],
)
def test_quiet_hours_go_over_midnight(at: str, quiet: bool, opens: str) -> None:
    now = instant(_naive(f"2026-11-18 {at}"), SHANGHAI)
    assert QUIET.is_quiet(now, SHANGHAI) is quiet
    opened = QUIET.opens(now, SHANGHAI)
    assert f"{wall(opened, SHANGHAI):%H:%M}" == opens
    assert opened >= now
    assert opened - now < timedelta(hours=11, minutes=1)


def test_quiet_hours_end_when_her_own_clock_says_so() -> None:
    """On the night the clocks go forward, and in a zone of her own."""
    night = instant(_naive("2026-03-07 22:00"), NEW_YORK)
    assert QUIET.opens(night, NEW_YORK) - night == timedelta(hours=9)
    assert QUIET.is_quiet(instant(_naive("2026-11-18 10:00"), SHANGHAI), NEW_YORK)


def test_no_quiet_hours_are_none() -> None:
    assert not any(Quiet(time(0), time(0)).covers(time(hour)) for hour in range(24))


@given(st.times(), st.times(), st.times(), st.times())
def test_hours_are_hidden_where_none_of_them_is_free(
    start: time, end: time, first: time, last: time
) -> None:
    quiet = Quiet(start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0))
    first, last = sorted(
        (first.replace(second=0, microsecond=0), last.replace(second=0, microsecond=0))
    )
    span = [
        time(minute // 60, minute % 60)
        for minute in range(first.hour * 60 + first.minute, last.hour * 60 + last.minute)
    ]
    if span:
        assert quiet.hides(first, last) == all(map(quiet.covers, span))


def test_a_day_ends_at_its_own_midnight() -> None:
    now = instant(_naive("2026-03-08 10:00"), NEW_YORK)
    assert local_day(now, NEW_YORK) == date(2026, 3, 8)
    assert wall(day_ends(now, NEW_YORK), NEW_YORK) == datetime(2026, 3, 9)  # noqa: DTZ001
    assert day_ends(now, ZoneInfo("Africa/Cairo")) > now


def _naive(written: str) -> datetime:
    return datetime.fromisoformat(written)
