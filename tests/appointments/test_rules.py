"""BK-06, BK-07, BK-08: limits, cut-offs and missed visits, at their edges; pure."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.appointments.model import Refusal
from bot.appointments.options import BookingOptions
from bot.appointments.rules import (
    Missed,
    Other,
    limits,
    may_cancel,
    missed,
    most_within,
    new_number,
    open_for,
    quarters,
)

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 25)
OPTIONS = BookingOptions()
HEART, LUNG, SKIN = "dept-heart", "dept-lung", "dept-skin"


def on(*days: int, department: str = LUNG) -> list[Other]:
    """Return one visit on each day, counted from `DAY`."""
    return [Other(DAY + timedelta(days=day), department) for day in days]


@pytest.mark.parametrize(
    ("others", "refusal"),
    [
        pytest.param([], None, id="first-visit"),
        pytest.param(on(0, department=HEART), Refusal.SAME_DEPARTMENT, id="same-day-same-department"),
        pytest.param(on(1, department=HEART), None, id="next-day-same-department"),
        pytest.param(on(0), None, id="second-of-a-day"),
        pytest.param(on(0) + on(0, department=SKIN), Refusal.PER_DAY, id="third-of-a-day"),
        pytest.param(on(1, 2), None, id="third-of-a-week"),
        pytest.param(on(1, 2, 3), Refusal.PER_WEEK, id="fourth-of-a-week"),
        pytest.param(on(-3, 0, 3), Refusal.PER_WEEK, id="fourth-in-seven-days-around"),
        pytest.param(on(-6, -3, 3), None, id="never-four-in-seven-days"),
        pytest.param(on(-6, -5, -4), Refusal.PER_WEEK, id="the-seventh-day-counts"),
        pytest.param(on(-7, -6, -5), None, id="the-eighth-day-does-not"),
        pytest.param(on(-80, -60, -40, -20), None, id="fifth-in-ninety-days"),
        pytest.param(on(-80, -60, -40, -20, -10), Refusal.PER_QUARTER, id="sixth-in-ninety-days"),
        pytest.param(on(-89, -60, -40, -20, -10), Refusal.PER_QUARTER, id="the-ninetieth-day-counts"),
        pytest.param(on(-90, -60, -40, -20, -10), None, id="the-day-after-does-not"),
        pytest.param(on(-60, -40, -20, 10, 29), Refusal.PER_QUARTER, id="ninety-days-around"),
        pytest.param(on(-60, -40, -20, 10, 30), None, id="never-six-in-ninety-days"),
    ],
)  # fmt: skip
def test_limits_of_a_patient(others: list[Other], refusal: Refusal | None) -> None:
    assert limits(DAY, HEART, others, verified=True, options=OPTIONS) is refusal


def test_the_limits_are_the_hospitals() -> None:
    generous = BookingOptions(per_department_day=2, per_day=9, per_week=9, per_quarter=9)
    busy = [*on(0, department=HEART), *on(0, 1, 2, 3)]
    assert limits(DAY, HEART, busy, verified=True, options=generous) is None


@pytest.mark.parametrize(
    ("verified", "under_way", "over", "refusal"),
    [
        (False, 0, 0, None),
        (False, 0, 1, None),
        (False, 1, 0, Refusal.UNVERIFIED),
        (True, 1, 0, None),
    ],
)
def test_who_proved_no_phone_has_one_visit_at_a_time(
    verified: bool, under_way: int, over: int, refusal: Refusal | None
) -> None:
    others = [Other(DAY - timedelta(days=20), LUNG, under_way=True)] * under_way
    others += [Other(DAY - timedelta(days=20), LUNG, under_way=False)] * over
    assert limits(DAY, HEART, others, verified=verified, options=OPTIONS) is refusal


@given(st.lists(st.integers(-120, 120), max_size=12), st.integers(1, 90))
def test_most_within_finds_the_fullest_days(days: list[int], length: int) -> None:
    """Beside a count that looks at every possible window."""
    others = [DAY + timedelta(days=day) for day in days]
    windows = (range(first, first + length) for first in range(-length + 1, 1))
    slow = max(1 + sum(day in window for day in days) for window in windows)
    assert most_within(DAY, others, length) == slow


def ago(*days: float) -> list[datetime]:
    return [NOW - timedelta(days=day) for day in days]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        pytest.param([], Missed(), id="never"),
        pytest.param(ago(1), Missed(1), id="once"),
        pytest.param(ago(30, 1), Missed(2, None, warn=True), id="warned-at-two"),
        pytest.param(ago(91, 1), Missed(1), id="too-long-ago-to-count"),
        pytest.param(ago(90, 1), Missed(2, None, warn=True), id="the-ninetieth-day-counts"),
        pytest.param(
            ago(60, 30, 1), Missed(3, NOW + timedelta(days=89)), id="blocked-from-the-third-on"
        ),
        pytest.param(ago(92, 30, 1), Missed(2, None, warn=True), id="never-three-in-ninety-days"),
        pytest.param(
            ago(150, 100, 80), Missed(1, NOW + timedelta(days=10)), id="the-pause-runs-to-its-end"
        ),
        pytest.param(ago(170, 130, 90.5), Missed(0), id="over-after-its-end"),
        pytest.param(ago(180, 120, 90), Missed(1), id="ends-at-the-instant"),
        pytest.param(ago(-1), Missed(), id="not-missed-yet"),
    ],
)
def test_missed_visits(at: list[datetime], told: Missed) -> None:
    assert missed(at, NOW, OPTIONS) == told


def test_a_hospital_can_pause_after_the_first() -> None:
    strict = BookingOptions(no_show_count=1, no_show_block_days=30, no_show_window_days=365)
    assert missed(ago(29), NOW, strict) == Missed(1, NOW + timedelta(days=1))
    assert missed(ago(31), NOW, strict) == Missed(1, None, warn=False)


@given(st.lists(st.floats(0, 300), max_size=6))
def test_one_more_missed_visit_is_never_better(days: list[float]) -> None:
    before, after = missed(ago(*days), NOW, OPTIONS), missed(ago(*days, 0), NOW, OPTIONS)
    assert after.count == before.count + 1
    assert before.blocked_until is None or (after.blocked_until or NOW) >= before.blocked_until


RELEASE, END = NOW - timedelta(days=1), NOW + timedelta(hours=1)
TEN = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("status", "released_at", "ends_at", "refusal"),
    [
        pytest.param("on", RELEASE, END, None, id="open"),
        pytest.param("on", NOW, END, None, id="released-this-instant"),
        pytest.param("on", NOW + timedelta(seconds=1), END, Refusal.UNRELEASED, id="in-a-second"),
        pytest.param("on", RELEASE, NOW + TEN, None, id="last-moment"),
        pytest.param("on", RELEASE, NOW + TEN - timedelta(seconds=1), Refusal.CLOSED, id="too-late"),
        pytest.param("stopped", RELEASE, END, Refusal.STOPPED, id="stopped"),
        pytest.param("stopped", NOW + TEN, END, Refusal.STOPPED, id="stopped-before-release"),
    ],
)  # fmt: skip
def test_when_a_place_can_be_booked(
    status: str, released_at: datetime, ends_at: datetime, refusal: Refusal | None
) -> None:
    found = open_for(
        status=status, released_at=released_at, ends_at=ends_at, now=NOW, options=OPTIONS
    )
    assert found is refusal


def test_a_visit_can_be_given_back_until_the_cut_off() -> None:
    assert may_cancel(NOW, NOW)
    assert not may_cancel(NOW - timedelta(microseconds=1), NOW)


def test_quarters_of_a_visit() -> None:
    """Back to back is no clash; a minute over is."""
    nine = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)

    def of(first: int, last: int) -> set[int]:
        return set(quarters(nine + timedelta(minutes=first), nine + timedelta(minutes=last)))

    assert len(of(0, 30)) == 2
    assert not of(0, 30) & of(30, 60)
    assert of(0, 31) & of(30, 60)
    assert len(of(5, 10)) == 1
    assert len(of(10, 20)) == 2


def test_numbers_are_eight_digits_and_not_in_a_row() -> None:
    numbers = [new_number() for _ in range(200)]
    assert all(len(number) == 8 and number.isdecimal() and number[0] != "0" for number in numbers)
    assert len(set(numbers)) == 200
    assert sorted(numbers) != numbers
