"""Who is told what while she waits: once for each count, only downwards, nothing once she is inside."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.appointments.day.queue_rules import (
    Arrival,
    Place,
    QueueState,
    Told,
    ahead,
    arrival,
    is_due,
    news_for,
)
from bot.appointments.options import BookingOptions
from tests.helpers.booking import at

WAITING, CALLED, PASSED, SEEN = QueueState
COUNTS = BookingOptions().queue_ahead
DAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("07:59", Arrival.EARLY),
        ("08:00", Arrival.READY),
        ("09:00", Arrival.READY),
        ("10:00", Arrival.READY),
        ("10:01", Arrival.LATE),
    ],
)
def test_one_can_check_in_from_an_hour_before_until_half_an_hour_after(
    clock: str, expected: Arrival
) -> None:
    now = at(DAY, clock)
    assert arrival(at(DAY, "09:00"), at(DAY, "09:30"), now, BookingOptions()) is expected


def waits(number: int | None, state: QueueState | None = WAITING) -> Place:
    return Place(number or 0, number, state)


@pytest.mark.parametrize(
    ("mine", "others", "serving", "expected"),
    [
        (waits(1), [], 0, 0),
        (waits(3), [waits(1), waits(2)], 0, 2),
        (waits(3), [waits(1, SEEN), waits(2)], 1, 1),
        (waits(3), [waits(1, SEEN), waits(2, CALLED)], 2, 0),
        (waits(12), [], 8, 3),  # three from the window, as far as anybody knows
        (
            waits(12),
            [waits(9, PASSED), waits(10, None)],
            8,
            1,
        ),  # of those, two are known not to wait
        (waits(12), [waits(4)], 8, 4),  # who was passed and waits again is seen before her
        (waits(105), [], 0, None),  # numbers begin somewhere; nobody was called yet
        (waits(105), [waits(101)], 0, None),
        (waits(None), [waits(1)], 0, None),
        (waits(2, CALLED), [waits(1)], 2, None),
        (waits(2, None), [waits(1)], 0, None),
        (waits(5), [], 9, None),  # passed before, or called out of order
        (waits(3), [waits(1), waits(2, SEEN)], 4, 1),
    ],
)
def test_how_many_are_before_her(
    mine: Place, others: list[Place], serving: int, expected: int | None
) -> None:
    assert ahead(mine, [*others, mine], serving) == expected


@pytest.mark.parametrize(
    ("told", "count", "due"),
    [
        (None, 6, False), (None, 5, True), (None, 0, True), (6, 5, True), (5, 5, False),
        (5, 4, False), (5, 3, True), (4, 3, True), (3, 2, False), (3, 1, True), (2, 1, True),
        (2, 0, True), (1, 0, False), (0, 0, False), (3, 5, False), (1, 1, False),
    ],
)  # fmt: skip
def test_a_count_is_worth_a_message(told: int | None, count: int, due: bool) -> None:
    assert is_due(count, told, COUNTS) is due


@pytest.mark.parametrize(
    ("before", "after", "count", "expected"),
    [
        (WAITING, WAITING, 5, Told.AHEAD),
        (WAITING, CALLED, None, Told.CALLED),
        (None, CALLED, None, Told.CALLED),
        (CALLED, CALLED, None, None),
        (CALLED, PASSED, None, Told.PASSED),
        (WAITING, PASSED, None, Told.PASSED),
        (PASSED, PASSED, None, None),
        (PASSED, CALLED, None, Told.CALLED),
        (CALLED, SEEN, None, None),
        (WAITING, SEEN, 0, None),
        (PASSED, WAITING, 9, None),
        (WAITING, WAITING, None, None),
    ],
)
def test_a_change_matters(
    before: QueueState | None, after: QueueState, count: int | None, expected: Told | None
) -> None:
    assert news_for(Place(1, 4, before), Place(1, 4, after), count, COUNTS) is expected


@given(
    counts=st.lists(st.integers(1, 9), max_size=4),
    first=st.none() | st.integers(0, 12),
    heard=st.lists(st.tuples(st.sampled_from(list(QueueState)), st.integers(0, 12)), max_size=40),
)
def test_no_count_comes_twice_and_none_rises(
    counts: list[int], first: int | None, heard: list[tuple[QueueState, int]]
) -> None:
    mine, messages = Place(1, 20, WAITING, first), []
    for state, count in heard:
        known = count if state is WAITING else None
        after = replace(mine, state=state)
        told = news_for(mine, after, known, counts)
        if told is Told.AHEAD:
            messages.append(count)
            after = replace(after, told=count)
        assert told is not Told.AHEAD or state is WAITING, "nobody who is inside hears of counts"
        assert state is not mine.state or told in (None, Told.AHEAD), "a change is told once"
        mine = after
    assert messages == sorted(set(messages), reverse=True)
    assert first is None or all(count < first for count in messages)
    assert len(messages) <= len(set(counts))
