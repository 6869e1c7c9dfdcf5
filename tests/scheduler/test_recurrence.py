"""What comes again: medicine hours, months and years (RM-08, RM-12, RM-13)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.hours import instant, wall
from scheduler.recurrence import Daily, add_months

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
TWICE = (time(8), time(20))


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        (Daily(TWICE, date(2026, 11, 18)), "2026-11-18 07:59", "2026-11-18 08:00"),
        (Daily(TWICE, date(2026, 11, 18)), "2026-11-18 08:00", "2026-11-18 20:00"),
        (Daily(TWICE, date(2026, 11, 18)), "2026-11-18 20:00", "2026-11-19 08:00"),
        (Daily(TWICE, date(2026, 11, 25)), "2026-11-18 08:00", "2026-11-25 08:00"),
        (Daily(TWICE, date(2026, 11, 18), date(2026, 11, 19)), "2026-11-19 20:00", None),
        (Daily((time(9),), date(2026, 11, 18), every=2), "2026-11-18 09:00", "2026-11-20 09:00"),
        (Daily((time(9),), date(2026, 1, 31), every=7), "2026-02-27 10:00", "2026-02-28 09:00"),
        (
            Daily((time(9),), date(2026, 11, 18), weekdays=frozenset({0, 2, 4})),
            "2026-11-18 09:00",
            "2026-11-20 09:00",
        ),
        (Daily((time(9),), date(2028, 2, 28)), "2028-02-28 09:00", "2028-02-29 09:00"),
        (Daily((time(9),), date(2026, 12, 31)), "2026-12-31 09:00", "2027-01-01 09:00"),
    ],
)
def test_the_next_hour_of_a_rule(rule: Daily, after: str, expected: str | None) -> None:
    found = rule.next_after(instant(datetime.fromisoformat(after), SHANGHAI), SHANGHAI)
    assert (f"{wall(found, SHANGHAI):%Y-%m-%d %H:%M}" if found else None) == expected


@pytest.mark.parametrize(
    ("day", "hours", "shown"),
    [
        ("2026-03-08", (time(2, 30),), ["03:00"]),  # skipped: the next minute there is
        ("2026-03-08", (time(2, 30), time(3)), ["03:00"]),  # both at one instant: once
        ("2026-11-01", (time(1, 30),), ["01:30"]),  # twice on the clock: once
        ("2026-11-01", TWICE, ["08:00", "20:00"]),
    ],
)
def test_clocks_that_jump(day: str, hours: tuple[time, ...], shown: list[str]) -> None:
    rule = Daily(hours, date.fromisoformat(day), date.fromisoformat(day))
    at, found = instant(datetime.fromisoformat(day), NEW_YORK) - timedelta(hours=1), []
    while (next_at := rule.next_after(at, NEW_YORK)) is not None:
        found.append(f"{wall(next_at, NEW_YORK):%H:%M}")
        at = next_at
    assert found == shown


@given(
    st.lists(st.integers(0, 24 * 60 - 1), min_size=1, max_size=4, unique=True),
    st.integers(1, 5),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
)
def test_a_rule_gives_each_of_its_hours_once_and_in_order(
    minutes: list[int], every: int, zone_name: str, after: datetime
) -> None:
    zone, start = ZoneInfo(zone_name), date(2026, 1, 5)
    rule = Daily(tuple(time(m // 60, m % 60) for m in minutes), start, every=every)
    at, seen = after.replace(tzinfo=UTC), []
    for _ in range(8):
        found = rule.next_after(at, zone)
        assert found is not None
        assert found > at
        assert (wall(found, zone).date() - start).days % every == 0
        seen.append(found)
        at = found
    assert len(set(seen)) == len(seen)


def test_a_rule_whose_days_never_come_ends() -> None:
    rule = Daily((time(9),), date(2026, 11, 18), every=7, weekdays=frozenset({0}))
    assert rule.next_after(datetime(2026, 11, 18, tzinfo=UTC), SHANGHAI) is None


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-03-15", -3, "2025-12-15"),
        ("2026-10-31", 1, "2026-11-30"),
    ],
)
def test_months_end_where_they_end(day: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)
