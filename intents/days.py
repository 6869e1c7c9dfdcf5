"""Read which day and which part of it a text names, in Chinese and English; takes today's date.

Only what is said for certain: a day that does not exist, a range ("周一到周五"), every week's day
or a day that is refused ("周三不行") is no day. What has passed this week or year means the next.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import MAXYEAR, date, timedelta
from typing import Literal, TypeAlias

Session: TypeAlias = Literal["morning", "afternoon", "evening"]

_NUMERALS = {"〇": 0, "零": 0} | {word: n for n, word in enumerate("一二三四五六七八九十", 1)}
_N = r"(?:[0-9]{1,2}|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_WEEKDAYS_ZH = {word: n for n, word in enumerate("一二三四五六")} | {"日": 6, "天": 6, "末": 5}
_WEEKDAYS_ZH |= {str(n): n - 1 for n in range(1, 8)}
_WEEKDAYS_EN = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS_EN = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAY_EN = (
    r"mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?"
    r"|mon|tues?|weds?|thu|thurs?|fri"
    r"|(?<=on )(?:sat|sun)|(?<=next )(?:sat|sun)|(?<=this )(?:sat|sun)"
)
_MONTH_EN = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_AHEAD = {"今": 0, "明": 1, "后": 2, "大后": 3}

_WEEK_WORD = r"(?:周|星期|礼拜)"
_NO_DAY = re.compile(
    rf"(?:每个?|逢){_WEEK_WORD}[一二三四五六日天1-7]"
    rf"|{_WEEK_WORD}[一二三四五六日天1-7]\s?(?:到|至|-|~)\s?{_WEEK_WORD}?[一二三四五六日天1-7]"
    rf"|(?:{_DAY_EN})\s?(?:-|~|to|through|till|until)\s?(?:{_DAY_EN})\b"
    rf"|\b(?:every|each|last) (?:{_DAY_EN})\b"
    rf"|(?:上上?个?|上一?){_WEEK_WORD}[一二三四五六日天1-7]",
)
_REFUSED = re.compile(
    r"\s?(?:上午|下午|早上|晚上)?(?:我|都|也|是)?(?:不行|不可以|不能|不方便|不去|不来|不要|没空|没时间|去不了|来不了|除外)"
    r"|\s?(?:is not|isn't|doesn't|does not|won't|will not) (?:work|good|possible|ok|suit|do)",
)

_HINT = re.compile(
    r"[0-9月号今明后周期拜]|mon|tue|wed|thu|fri|sat|sun|day|tmr|tom|tonight"
    r"|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec",
)
_ISO = re.compile(r"(?<!\d)(20\d\d)[-/年.](\d{1,2})[-/月.](\d{1,2})(?!\d)")
_MONTH_DAY = re.compile(rf"(?<![\d月])({_N})月(?:份)?({_N})(?:日|号)?(?!\d)")
_OF_MONTH = re.compile(
    rf"(?:(下个?月|这个?月|本月)的?|(?<![\d月.第期周拜十一二三四五六七八九]))"
    rf"(?:({_N})号|([0-9]{{1,2}})日)"
    r"(?![楼线门床院病厅出窗诊区机柜桌染车元入路餐房库]|公里|以[内前后]|之[内前后])",
)
_WEEKDAY = re.compile(
    rf"(下下个?|下个?|这个?|本)?{_WEEK_WORD}([一二三四五六日天末1-7])(?![0-9]|个|次|种|天|岁)",
)
_RELATIVE = re.compile(
    r"(大后|今|明|后)(?:天(?!性|获得|的?努力)|日|儿个?|早|晚(?!期)|晨)(?<!后日)(?<!后早)(?<!后晚)(?<!后晨)",
)
_RELATIVE_EN = re.compile(r"\b(?:(the )?day after tomorrow|tomorrow|tmr|tmrw|today|tonight)\b")
_WEEKDAY_EN = re.compile(rf"\b(?:(next|this|coming) )?({_DAY_EN})\b")
_MONTH_DAY_EN = re.compile(
    rf"\b({_MONTH_EN})\.? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b(?![:%])",
)
_DAY_MONTH_EN = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH_EN})\b")
_ORDINAL_EN = re.compile(
    r"\b(?:on )?the (\d{1,2})(?:st|nd|rd|th)\b(?! (?:floor|time|visit|day|dose))"
)

_SESSIONS: tuple[tuple[Session, re.Pattern[str]], ...] = (
    ("morning", re.compile(r"上午|早上|早晨|清晨|[今明]早|一大?早|\bmornings?\b|\d ?a\.?m\b")),
    ("afternoon", re.compile(r"下午|午后|\bafternoons?\b|(?<!\d)(?:12|[1-5])(?::\d\d)? ?p\.?m\b")),
    (
        "evening",
        re.compile(
            r"(?<!早)晚上|[今明]晚|夜里|夜间|夜门诊|傍晚|\bevenings?\b|\b(?:to)?night\b"
            r"|(?<!\d)(?:[6-9]|1[01])(?::\d\d)? ?p\.?m\b"
        ),
    ),
)


def session_in(text: str) -> Session | None:
    """Give the part of the day that a normalised text names first."""
    found = [(hit.start(), name) for name, form in _SESSIONS if (hit := form.search(text))]
    return min(found)[1] if found else None


def day_in(text: str, today: date) -> date | None:
    """Give the first day that a normalised text names and does not refuse, none before today."""
    if not _HINT.search(text):
        return None
    text = _NO_DAY.sub(" ", text)
    found: list[tuple[int, int, date]] = []
    taken: set[int] = set()
    for form, read in _FORMS:
        for hit in form.finditer(text):
            if taken.isdisjoint(range(*hit.span())):
                taken.update(range(*hit.span()))
                day = read(hit, today)
                if day is not None and day >= today and not _REFUSED.match(text, hit.end()):
                    found.append((hit.start(), hit.end(), day))
    return min(found)[2] if found else None


def _iso(hit: re.Match[str], _today: date) -> date | None:
    return _real(int(hit[1]), int(hit[2]), int(hit[3]))


def _month_day(hit: re.Match[str], today: date) -> date | None:
    return _next_date(_number(hit[1]), _number(hit[2]), today)


def _of_month(hit: re.Match[str], today: date) -> date | None:
    return _next_of_month(_number(hit[2] or hit[3]), today, later=(hit[1] or "").startswith("下"))


def _weekday(hit: re.Match[str], today: date) -> date | None:
    weeks = (hit[1] or "").count("下")
    return _on_weekday(_WEEKDAYS_ZH[hit[2]], weeks, today)


def _relative(hit: re.Match[str], today: date) -> date | None:
    return _ahead(today, _AHEAD[hit[1]])


def _relative_en(hit: re.Match[str], today: date) -> date | None:
    if "after" in hit[0]:
        return _ahead(today, 2)
    return _ahead(today, 1 if hit[0].startswith(("tm", "tom")) else 0)


def _weekday_en(hit: re.Match[str], today: date) -> date | None:
    number = next(n for n, name in enumerate(_WEEKDAYS_EN) if name.startswith(hit[2][:3]))
    return _on_weekday(number, 1 if hit[1] == "next" else 0, today)


def _month_day_en(hit: re.Match[str], today: date) -> date | None:
    return _next_date(_month(hit[1]), int(hit[2]), today)


def _day_month_en(hit: re.Match[str], today: date) -> date | None:
    return _next_date(_month(hit[2]), int(hit[1]), today)


def _ordinal_en(hit: re.Match[str], today: date) -> date | None:
    return _next_of_month(int(hit[1]), today)


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date | None]], ...] = (
    (_ISO, _iso),
    (_MONTH_DAY, _month_day),
    (_OF_MONTH, _of_month),
    (_WEEKDAY, _weekday),
    (_RELATIVE, _relative),
    (_MONTH_DAY_EN, _month_day_en),
    (_DAY_MONTH_EN, _day_month_en),
    (_ORDINAL_EN, _ordinal_en),
    (_RELATIVE_EN, _relative_en),
    (_WEEKDAY_EN, _weekday_en),
)


def _number(word: str) -> int:
    """Read a number up to 39 in digits or Chinese numerals."""
    if word.isdecimal():
        return int(word)
    tens, ten, ones = word.partition("十")
    return (_NUMERALS.get(tens, 1) * 10 if ten else _NUMERALS[tens]) + _NUMERALS.get(ones, 0)


def _month(word: str) -> int:
    return next(n for n, name in enumerate(_MONTHS_EN, 1) if name.startswith(word[:3]))


def _real(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _next_date(month: int, day: int, today: date) -> date | None:
    """Give the month's day in this year, or if it has passed the next year that has it."""
    for year in range(today.year, min(today.year + 9, MAXYEAR + 1)):
        found = _real(year, month, day)
        if found is not None and found >= today:
            return found
    return None


def _next_of_month(day: int, today: date, *, later: bool = False) -> date | None:
    """Give the day of this month, or if it has passed (or `later`) of the next that has it."""
    for year, month in _months_from(today):
        if later and month == today.month:
            continue
        if 1 <= day <= monthrange(year, month)[1] and date(year, month, day) >= today:
            return date(year, month, day)
    return None


def _months_from(today: date) -> Iterator[tuple[int, int]]:
    for ahead in range(3):
        year, month = divmod(today.month - 1 + ahead, 12)
        if today.year + year <= MAXYEAR:
            yield today.year + year, month + 1


def _on_weekday(weekday: int, weeks: int, today: date) -> date | None:
    """Give the weekday of this week or, `weeks` ahead, of a later one; if passed, the next."""
    days = 7 * weeks + weekday - today.weekday()
    return _ahead(today, days if days >= 0 else days + 7)


def _ahead(today: date, days: int) -> date | None:
    try:
        return today + timedelta(days)
    except OverflowError:
        return None
