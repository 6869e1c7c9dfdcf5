"""How days and weeks of clinics are said."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import pytest

from bot.hospital import cells
from bot.hospital.model import Hospital, Session
from bot.hospital.rows import listing
from bot.hospital.words import clinic_words, week_words

M, A, E = Session.MORNING, Session.AFTERNOON, Session.EVENING


def held(days: Iterable[int], *sessions: Session) -> dict[int, set[Session]]:
    return {day: set(sessions) for day in days}


@pytest.mark.parametrize(
    ("week", "zh", "en"),
    [
        (held(range(1, 6), M, A), "周一至周五", "Monday to Friday"),
        (held(range(1, 8), M, A), "每天", "every day"),
        (held([1, 2], M), "周一上午、周二上午", "Monday morning, Tuesday morning"),
        (held([1, 3], A, M), "周一、周三", "Monday, Wednesday"),
        (held(range(1, 4), M, A, E), "周一至周三（含晚间）", "Monday to Wednesday (evenings too)"),
        (held([6], M, E), "周六上午晚上", "Saturday morning and evening"),
        ({}, "不分时段预约，时间请电话询问", "no booked clinics, please call for its hours"),
    ],
)
def test_a_week_of_clinics_is_said_shortly(week: dict[int, set[Session]], zh: str, en: str) -> None:
    assert str(week_words(week, zh=True)) == zh
    assert str(week_words(week, zh=False)) == en


def test_a_clinic_is_said_with_its_weekday(small: Hospital) -> None:
    clinic = next(small.upcoming("li2", dt.date(2026, 11, 22)))
    assert clinic_words(clinic, zh=True) == "11月23日 周一晚上"
    assert clinic_words(replace(clinic, session=M), zh=False) == "Mon 23 Nov, morning"


def test_a_listing_prints_as_text_and_joins_as_words() -> None:
    assert (str(listing("ab", zh=True)), str(listing("ab", zh=False))) == ("a、b", "a, b")
    assert "/".join(listing("ab", zh=True)) == "a/b"


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1", (1,)),
        ("７", (7,)),
        ("周日", (7,)),
        ("星期天", (7,)),
        ("Wednesday", (3,)),
        ("周一、周三", (1, 3)),
        ("1 3 5", (1, 3, 5)),
        ("mon-wed", (1, 2, 3)),
        ("周一至周五", (1, 2, 3, 4, 5)),
        ("1-3,2-4", (1, 2, 3, 4)),
    ],
)
def test_weekdays_are_read_as_people_write_them(text: str, days: tuple[int, ...]) -> None:
    assert cells.weekdays(text) == days


@pytest.mark.parametrize("text", ["0", "8", "周", "1-2-3", "5-1", "someday", "monkey business"])
def test_what_is_no_weekday_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a weekday"):
        cells.weekdays(text)
