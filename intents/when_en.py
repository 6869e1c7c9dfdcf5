"""The forms in which English names days: "next Tuesday", "25 Nov", "in three days" and others."""

import re
from datetime import date

from intents import when_calendar as calendar
from intents.when_calendar import Days, asked, one, span
from intents.when_zh import Form, form, week_days

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = (*("jan", "feb", "mar", "apr", "may", "jun"), *("jul", "aug", "sep", "oct", "nov", "dec"))
_DAY = (
    r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues?|wed|thu|thurs?|fri"
    r"|(?<=on )(?:sat|sun)|(?<=next )(?:sat|sun)|(?<=this )(?:sat|sun)|(?<=by )(?:sat|sun)"
    r"|(?<=or )(?:sat|sun))"
)
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_NUMBERS |= {"six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_COUNT = r"(\d{1,2}|an?|one|two|three|four|five|six|seven|eight|nine|ten)"
_NO_NUMBER = r"(?![:%]|[\d])"
_TO = r" ?(?:-|to|through|thru|till|until|~) ?(?:the )?"


def _count(word: str) -> int:
    return int(word) if word.isdecimal() else _NUMBERS[word]


def _weekday_number(word: str) -> int:
    return _WEEKDAYS.index(word[:3])


def _month_number(word: str) -> int:
    return _MONTHS.index(word[:3]) + 1


def _past(_hit: re.Match[str], _today: date) -> Days:
    return asked("past", "past")


def _vague(_hit: re.Match[str], _today: date) -> Days:
    return asked("vague", "vague")


def _holiday(_hit: re.Match[str], _today: date) -> Days:
    return asked("holiday", "vague")


def _iso(hit: re.Match[str], today: date) -> Days:
    return calendar.in_year(int(hit[1]), int(hit[2]), int(hit[3]), today)


def _slash(hit: re.Match[str], today: date) -> Days:
    """Read 15/4 and 4/15, which say one thing only; 3/4 is two days in two countries."""
    a, b = int(hit[1]), int(hit[2])
    if a > 12 or b > 12 or a == b:  # noqa: PLR2004
        month, day = (b, a) if a > 12 else (a, b)  # noqa: PLR2004
        if hit[3]:
            return calendar.in_year(int(hit[3]) % 100 + 2000, month, day, today)
        return calendar.of_year(month, day, today)
    return asked("two readings")


def _month_day(hit: re.Match[str], today: date) -> Days:
    return _dated(_month_number(hit[1]), int(hit[2]), hit[3], today)


def _day_month(hit: re.Match[str], today: date) -> Days:
    return _dated(_month_number(hit[2]), int(hit[1]), hit[3], today)


def _dated(month: int, day: int, year: str | None, today: date) -> Days:
    if year:
        return calendar.in_year(int(year), month, day, today)
    return calendar.of_year(month, day, today)


def _month_days(hit: re.Match[str], today: date) -> Days:
    return _dates(_month_number(hit[1]), int(hit[2]), int(hit[3]), today)


def _days_month(hit: re.Match[str], today: date) -> Days:
    return _dates(_month_number(hit[3]), int(hit[1]), int(hit[2]), today)


def _dates(month: int, first: int, last: int, today: date) -> Days:
    begin = calendar.of_year(month, first, today)
    if begin.first is None:
        return begin
    return span(begin.first, calendar.real(begin.first.year, month, last))


def _ordinal(hit: re.Match[str], today: date) -> Days:
    months = {"this": 0, "next": 1}.get(hit[2] or "")
    return calendar.of_month(int(hit[1]), today, months)


def _weekdays(hit: re.Match[str], today: date) -> Days:
    weeks = {"next": 1, "this": 0}.get(hit[1] or "")
    return week_days(today, weeks, _weekday_number(hit[2]), _weekday_number(hit[3]))


def _of_a_week(hit: re.Match[str], today: date) -> Days:
    week, day = hit["before"] or hit["after"], hit["day"] or hit["later"]
    return calendar.weekday(today, _weekday_number(day), 1 if week == "next" else 0)


def _week_later(hit: re.Match[str], today: date) -> Days:
    """Read "Friday week", "a week on Friday", "Friday fortnight": counted from the coming one."""
    day = _weekday_number(hit["day"] or hit["later"])
    if day == today.weekday():
        return asked("two weeks", "weekday")
    coming = calendar.ahead(today, (day - today.weekday() - 1) % calendar.DAYS_IN_WEEK + 1)
    days = 14 if "fortnight" in hit[0] else 7
    return one(calendar.ahead(coming, days) if coming else None)


def _weekday(hit: re.Match[str], today: date) -> Days:
    which, day = hit[1] or "", _weekday_number(hit[2])
    if which == "last":
        return asked("past", "past")
    if "coming" in which:
        return one(calendar.ahead(today, (day - today.weekday() - 1) % 7 + 1))
    if which == "this":
        return calendar.weekday(today, day, 0)
    if which == "next":
        return _next(today, day)
    return calendar.weekday(today, day, None)


def _next(today: date, day: int) -> Days:
    """Read "next Friday": people differ while one is still to come this week, or is almost here."""
    distance = (day - today.weekday()) % calendar.DAYS_IN_WEEK
    this_week = day > today.weekday()
    if this_week or 0 < distance <= 2:  # noqa: PLR2004
        return asked("two weeks", "weekday")
    return calendar.weekday(today, day, 1)


def _relative(hit: re.Match[str], today: date) -> Days:
    return one(calendar.ahead(today, _from_today(hit[0])), "relative")


def _from_today(word: str) -> int:
    return 2 if "after" in word or word == "overmorrow" else 1 if word == "tomorrow" else 0


def _week_from(hit: re.Match[str], today: date) -> Days:
    days = _from_today(hit["day"] or hit["later"]) + (14 if "fortnight" in hit[0] else 7)
    return one(calendar.ahead(today, days))


def _in_days(hit: re.Match[str], today: date) -> Days:
    count, unit = hit[1] or hit[3], hit[2] or hit[4]
    days = 14 if unit == "fortnight" else _count(count) * (7 if "week" in unit else 1)
    return one(calendar.ahead(today, days))


def _within(hit: re.Match[str], today: date) -> Days:
    days = _count(hit[1] or "a") * (7 if "week" in hit[2] else 1)
    return span(today, calendar.ahead(today, days))


def _coming(hit: re.Match[str], today: date) -> Days:
    days = _count(hit[1]) * (7 if "week" in hit[2] else 1)
    if days < 2:  # noqa: PLR2004
        return asked("vague", "vague")
    return span(calendar.ahead(today, 1), calendar.ahead(today, days - 1))


def _week(hit: re.Match[str], today: date) -> Days:
    weeks = 2 if "after" in hit[0] else 1 if hit[0].startswith("next") else 0
    return calendar.week(today, weeks)


def _rest_of_week(_hit: re.Match[str], today: date) -> Days:
    tomorrow, week = calendar.ahead(today, 1), calendar.week(today, 0)
    return span(tomorrow, week.last)


def _weekend(hit: re.Match[str], today: date) -> Days:
    if hit[1] == "next":
        return asked("two weeks")
    if hit[1] == "last":
        return asked("past", "past")
    if hit[1] is None and today.weekday() == calendar.SUNDAY:
        return asked("today or next week")
    return calendar.weekend(today, 0)


def _month_span(hit: re.Match[str], today: date) -> Days:
    return calendar.month(*calendar.shifted(today, 1 if hit[1] == "next" else 0), today)


def _named_month(hit: re.Match[str], today: date) -> Days:
    return calendar.month_near(_month_number(hit[1]), today)


def _christmas(_hit: re.Match[str], today: date) -> Days:
    return calendar.of_year(12, 25, today)


_WEEKS = ("week", "fortnight")

#: Read in this order; what one form took is gone for the next.
FORMS: tuple[Form, ...] = (
    form(
        ("yesterday", "other", "last "),
        r"\byesterday\b|\bthe other day\b|\blast (?:night|week|month|year|weekend)\b",
        _past,
    ),
    form(
        ("ago", "back", "earlier"),
        rf"\b(?:{_COUNT}|a few|few|some|several|a couple of) (?:days?|weeks?|months?|years?"
        rf"|hours?) (?:ago|back|earlier)\b",
        _past,
    ),
    form(("20",), r"(?<!\d)(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", _iso),
    form(("/",), r"(?<![\d/.])(\d{1,2})[/](\d{1,2})(?:[/](\d{4}|\d\d))?(?![\d/])", _slash),
    form(
        _MONTHS,
        rf"\b{_MONTH}\.? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?{_TO}(\d{{1,2}})(?:st|nd|rd"
        rf"|th)?\b{_NO_NUMBER}",
        _month_days,
    ),
    form(
        _MONTHS,
        rf"\b(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?{_TO}(\d{{1,2}})(?:st|nd|rd"
        rf"|th)? (?:of )?{_MONTH}\b",
        _days_month,
    ),
    form(
        _MONTHS,
        rf"\b{_MONTH}\.? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (20\d\d))?{_NO_NUMBER}",
        _month_day,
    ),
    form(
        _MONTHS,
        rf"\b(?:the )?(\d{{1,2}})(?:st|nd|rd|th)? ?(?:of )?{_MONTH}\b(?:,? (20\d\d))?",
        _day_month,
    ),
    form(
        (
            "new",
            "spring",
            "easter",
            "thanks",
            "diwali",
            "eid",
            "ramadan",
            "cny",
            "autumn",
            "dragon",
            "national",
            "golden",
            "qing",
            "labo",
            "may",
            "holi",
        ),
        r"\b(?:chinese new year|lunar new year|new year'?s?(?: eve)?|spring festival"
        r"|easter|thanksgiving|diwali|eid|ramadan|cny"
        r"|mid-?autumn|dragon boat|national day|golden week|qingming|labou?r day|may day"
        r"|the holidays?|bank holiday)\b",
        _holiday,
    ),
    form(
        (
            "earl",
            "late",
            "begin",
            "start",
            "end",
            "mid",
            "week",
            "few",
            "couple",
            "after",
            "several",
            "some",
            "one",
            "month",
            "year",
            "time",
            "soon",
            "days",
            "hour",
            "minute",
        ),
        rf"\b(?:early|late|later|the (?:beginning|start|end|middle) of|(?:beginning|start"
        rf"|end|middle) of|mid-?|middle of) "
        rf"(?:in |of )?(?:the |this |next )?(?:(?:week|month|year)\b"
        rf"|{_MONTH}\b)(?<!later this week)"
        rf"|\b(?:first|second|last) week of {_MONTH}\b|\bthe (?:{_DAY}) after next\b"
        rf"|\b(?:week(?:end)? after (?:the )?{_DAY})\b"
        r"|\b(?:a few|few|a couple of|couple of|several|some) (?:days|weeks)\b"
        r"|\b(?:some ?time(?! (?:on|next|this|in|tomorrow|during|after|before))|some day"
        r"|someday|one day|one of these days)\b"
        r"|\b(?:in (?:a|one|two|\d+) months?|in half a year|next year|next time|soonish"
        r"|weekdays?|on weekends|working days?|these (?:few )?days)\b"
        r"|\b(?:mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays)\b"
        r"|\bin (?:an?|\d+|two|three) (?:hours?|minutes?)\b",
        _vague,
    ),
    form(
        ("day", "week", "fortnight"),
        rf"\b(?:in|after) {_COUNT} (days?|weeks?|fortnight)(?:' time|'s time| time)?\b"
        rf"|\b{_COUNT} (days?|weeks?) (?:from (?:now|today)|hence)\b",
        _in_days,
    ),
    form(
        _WEEKS,
        rf"\b(?P<later>{_DAY})(?:,)? (?:week|fortnight)\b|\b(?:a )?(?:week|fortnight) (?:on"
        rf"|from|after|this) (?P<day>{_DAY})\b",
        _week_later,
    ),
    form(
        _WEEKS,
        r"\b(?P<day>tomorrow|today) (?:week|fortnight)\b|\b(?:a |one )?(?:week"
        r"|fortnight) (?:from )?(?P<later>tomorrow|today)\b",
        _week_from,
    ),
    form(_WEEKDAYS, rf"\b(?:(next|this) )?({_DAY}){_TO}(?:next |this )?({_DAY})\b", _weekdays),
    form(
        ("week",),
        rf"\b(?P<before>next|this) week(?:'s)?,? (?:on )?(?P<day>{_DAY})\b"
        rf"|\b(?P<later>{_DAY}),? (?:of )?(?P<after>next|this) week\b",
        _of_a_week,
    ),
    form(
        _WEEKDAYS,
        rf"\b(?:(next|this coming|the coming|coming|this|last) )?({_DAY})\b(?!'?s? (?:off|doctor))",
        _weekday,
    ),
    form(
        ("tod", "tom", "ton", "this", "over", "to"),
        r"\b(?:(?:the )?day after tomorrow|tomorrow|today|tonight|overmorrow"
        r"|this (?=morning|afternoon|evening))",
        _relative,
    ),
    form(("within",), rf"\bwithin (?:the next )?{_COUNT} (days?|weeks?)\b", _within),
    form(("within",), r"\bwithin (?:the |this )()(week)\b", _within),
    form(
        ("next", "coming", "following"),
        rf"\b(?:the |in the )?(?:next|coming|following) {_COUNT} (days|weeks)\b",
        _coming,
    ),
    form(("week",), r"\b(?:later this week|(?:the )?rest of (?:the|this) week)\b", _rest_of_week),
    form(("week",), r"\b(?:(?:the )?week after next|next week|this week)\b", _week),
    form(("weekend",), r"\b(?:(next|this coming|this|last) )?(?:weekend)\b", _weekend),
    form(
        ("month",), r"\b(?:on )?(?:the )?(\d{1,2})(?:st|nd|rd|th) of (this|next) month\b", _ordinal
    ),
    form(("month",), r"\b(next|this) month\b", _month_span),
    form(_MONTHS, rf"\b(?:in|during|sometime in) {_MONTH}\b", _named_month),
    form(("mas",), r"\bchristmas(?: day)?\b|\bxmas\b", _christmas),
    form(
        ("st", "nd", "rd", "th"),
        r"\b(?:on )?(?:the )?(\d{1,2})(?:st|nd|rd|th)()\b"
        r"(?! (?:floor|time|visit|day|dose|opinion|available|slot|child|baby|degree|one"
        r"|week|month|trimester|birthday|building|shot|appointment|party|choice))",
        _ordinal,
    ),
)
