"""Counting days: weekdays, dates without a year, numerals. Whatever could be meant twice is asked."""

from calendar import monthrange
from datetime import MAXYEAR, date, timedelta
from typing import NamedTuple

_DIGITS = {"〇": 0, "零": 0, "两": 2} | {word: n for n, word in enumerate("一二三四五六七八九", 1)}
_TENS = {"廿": 2, "卅": 3}
DAYS_IN_WEEK = 7
SATURDAY, SUNDAY = 5, 6


class Days(NamedTuple):
    """Which days are meant; with `ask`, why that cannot be told.

    `weekday` and `week` (0 is this one, None if it was not said) are kept where a weekday was named,
    for "周一到周三"; `kind` tells "明天周四", one day said twice, from "周三周四", two of them.
    """

    first: date | None = None
    last: date | None = None
    ask: str | None = None
    kind: str = "date"
    weekday: int | None = None
    week: int | None = None


def one(day: date | None, kind: str = "date") -> Days:
    """Give one day; none is a day that no calendar has."""
    return Days(day, day, None if day else "impossible", kind)


def asked(reason: str, kind: str = "date") -> Days:
    """Give days that must be asked for."""
    return Days(ask=reason, kind=kind)


def span(first: date | None, last: date | None, kind: str = "span") -> Days:
    """Give the days from `first` to `last`; none is a day that no calendar has."""
    if first is None or last is None or last < first:
        return asked("impossible", kind)
    return Days(first, last, None, kind)


def ahead(today: date, days: int) -> date | None:
    """Give the day so many days later, if the calendar reaches that far."""
    try:
        return today + timedelta(days)
    except OverflowError:
        return None


def real(year: int, month: int, day: int) -> date | None:
    """Give the date, if there is one."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def number(word: str) -> int:
    """Read a number up to 99 in digits or Chinese numerals."""
    if word.isdecimal():
        return int(word)
    if word[0] in _TENS:
        return _TENS[word[0]] * 10 + (_DIGITS[word[1]] if len(word) > 1 else 0)
    tens, ten, ones = word.partition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else _DIGITS[tens]) + _DIGITS.get(ones, 0)


def monday(today: date, weeks: int) -> date | None:
    """Give the Monday of the week so many weeks later."""
    return ahead(today, DAYS_IN_WEEK * weeks - today.weekday())


def week(today: date, weeks: int) -> Days:
    """Give a whole week from Monday on, this one from today on."""
    begin = monday(today, weeks)
    end = begin and ahead(begin, SUNDAY)
    return span(max(begin, today) if begin else None, end)


def weekend(today: date, weeks: int) -> Days:
    """Give Saturday and Sunday of a week."""
    begin = monday(today, weeks)
    end = begin and ahead(begin, SUNDAY)
    return span(max(ahead(begin, SATURDAY) or begin, today) if begin else None, end)


def weekday(today: date, day: int, weeks: int | None) -> Days:
    """Give a weekday of a week; where no week was said the next one, and today's is asked about."""
    offset = day - today.weekday()
    if weeks is not None:
        found = ahead(today, offset + DAYS_IN_WEEK * weeks)
        if found is not None and found < today:
            return Days(ask="past", kind="weekday", weekday=day, week=weeks)
        return Days(found, found, None, "weekday", day, weeks)
    found = ahead(today, offset % DAYS_IN_WEEK)
    return Days(found, found, None if offset else "today or next week", "weekday", day)


def in_year(year: int, month: int, day: int, today: date) -> Days:
    """Give a date whose year was said."""
    found = real(year, month, day)
    return asked("past") if found and found < today else one(found)


def of_year(month: int, day: int, today: date) -> Days:
    """Give a month's day in this year; what has passed is the next year's only where that is nearer."""
    years = range(today.year, min(today.year + 9, MAXYEAR + 1))
    ahead_of = next((d for y in years if (d := real(y, month, day)) and d >= today), None)
    before = next((d for y in (today.year, today.year - 1) if (d := real(y, month, day))), None)
    return _nearer(before, ahead_of, today)


def of_month(day: int, today: date, months: int | None = None) -> Days:
    """Give a day of this month, or of the next where that is nearer; or of a month that was said."""
    if months is not None:
        year, month = shifted(today, months)
        return in_year(year, month, day, today)
    here = real(today.year, today.month, day)
    if here and here >= today:
        return one(here)
    later = next((d for n in (1, 2) if (d := real(*shifted(today, n), day))), None)
    return _nearer(here, later, today)


def _nearer(before: date | None, ahead_of: date | None, today: date) -> Days:
    if ahead_of is None:
        return asked("impossible")
    passed = before is not None and before < today
    if passed and before is not None and today - before < ahead_of - today:
        return asked("past")
    return one(ahead_of)


def shifted(today: date, months: int) -> tuple[int, int]:
    """Give year and month so many months later."""
    years, month = divmod(today.month - 1 + months, 12)
    return min(today.year + years, MAXYEAR), month + 1


def month(year: int, number: int, today: date, begin: int = 1, end: int = 31) -> Days:
    """Give a month, or its days from `begin` to `end`, from today on."""
    last = real(year, number, min(end, monthrange(year, number)[1]))
    if last is not None and last < today:
        return asked("past")
    first = real(year, number, begin)
    return span(max(first, today) if first else None, last)


def month_near(number: int, today: date, begin: int = 1, end: int = 31) -> Days:
    """Give the month of that number: this year's, or the next year's where that is nearer."""
    if number > 12 or number < 1:  # noqa: PLR2004
        return asked("impossible")
    if number >= today.month:
        return month(today.year, number, today, begin, end)
    if today.month - number <= 12 // 2 or today.year == MAXYEAR:
        return asked("past")
    return month(today.year + 1, number, today, begin, end)
