"""Read what somebody chooses about reminders: from when to when to pause, at which hours; pure."""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta

from intents.normalize import normalize
from intents.when import When, when_of

#: No pause is longer; whoever wants no reminders at all says so.
LONGEST_PAUSE = timedelta(days=90)
_COUNTED = re.compile(
    r"(?<![下上\d月])(?P<n>\d{1,3}|[一二两三四五六七八九十]|半|\b(?:an?|one|two|three|four|five|six|seven|ten)\b)"
    r" ?(?P<unit>天|周|个?(?:星期|礼拜)|个月|days?\b|weeks?\b|months?\b)"
)
_NUMBERS = {
    "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "ten": 10,
}  # fmt: skip
#: What says that it pauses, and why; what is left says when.
_NOT_WHEN = re.compile(
    r"(?:请|麻烦|帮我|先)*(?:暂停|停一停|停一下|先停|停发|停掉|停)(?:一下|发送)?|(?:先)?(?:别|不要|不用)(?:再)?(?:发|打扰)?"
    r"|提醒我?|消息|我(?:要|得|在|想)?|都|要?(?:去)?(?:出差|旅游|旅行|出门|度假|外出|休假|回老家|出国|住院)|不在家|在外地|期间|这段时间|的时候"
    r"|\b(?:please|pause|hold|stop|reminders?|reminding|my|the|all|me|don't|do not|send|remind|no"
    r"|while|i'm|i am|i|will be|be|away|travell?ing|on (?:holiday|vacation|a trip)|in hospital|for)\b"
)
_UNTIL = re.compile(r"(?:到|至|直到)(?P<zh>[^到至]{1,12})$|\b(?:until|till|to)\b(?P<en>.{1,24})$")
_MONTH_END = re.compile(r"(?:这个?月|本月|月)[底末]|end of (?:the|this) month")
_FROM_TO = re.compile(
    r"(?:from )?(?P<first>[a-z]{3,9}day|[a-z]{3,9} \d{1,2}|\d{1,2} [a-z]{3,9}) ?(?:to|until|till|-)"
    r" ?(?P<last>[a-z].{2,16})$"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which she is left alone.

    Attributes:
        first: the first of them.
        back: the day on which reminders come again.
    """

    first: date
    back: date


def pause_in(text: str, today: date) -> Span | None:
    """Return the days that a text wants to be paused; None where it names none, or not surely.

    "到下周一" comes back that Monday; "下周" is the whole week; "到12月5日之前" the same as until then.
    """
    plain = normalize(text)
    if found := _COUNTED.search(plain):
        days = _length(found)
        before = when_of(_NOT_WHEN.sub(" ", plain[: found.start()]).strip(), today)
        begins = before.first if before.ask is None and before.first else today
        return _sane(Span(begins, begins + timedelta(days=days)), today)
    rest = " ".join(_NOT_WHEN.sub(" ", plain).replace(",", " ").split())
    if _MONTH_END.search(rest):
        return _sane(Span(today, _next_month(today)), today)
    if (both := _FROM_TO.search(rest)) and (first := _day(both["first"], today)):
        end = _day(both["last"], max(first, today))
        return _sane(Span(first, end + timedelta(days=1)), today) if end else None
    when, until = when_of(rest, today), _UNTIL.search(rest)
    if until and not rest[: until.start()].strip():
        return _until(when, until, today)
    return _of_days(when, rest, today)


def _until(when: When, until: re.Match[str], today: date) -> Span | None:
    """Return the pause from today to a day, or to the first day of a week or a month."""
    back = _day(until["zh"] or until["en"], today)
    if back is None and when.ask is None and when.first is not None:
        back = when.last if when.first == today else when.first
    return _sane(Span(today, back), today) if back is not None else None


def _of_days(when: When, rest: str, today: date) -> Span | None:
    """Return the pause of the days that are named; of this week, to its end."""
    if when.ask is not None or when.first is None or when.last is None:
        return None
    if re.search(r"(?:这|本)个?(?:周|星期|礼拜)$|\bthis week\b", rest):
        return _sane(Span(today, today + timedelta(days=7 - today.weekday())), today)
    return _sane(Span(when.first, when.last + timedelta(days=1)), today)


def _length(found: re.Match[str]) -> int:
    unit, count = (
        found["unit"],
        _NUMBERS.get(found["n"]) or (int(found["n"]) if found["n"].isdigit() else 0),
    )
    each = (
        30 if "月" in unit or "month" in unit else 7 if re.search("周|星期|礼拜|week", unit) else 1
    )
    if found["n"] == "半":
        return 15 if each == 30 else 0  # noqa: PLR2004
    return count * each


def _day(text: str, today: date) -> date | None:
    """Return the one day that a text names, surely."""
    when = when_of(text.strip(), today)
    return (
        when.first
        if when.ask is None and when.first is not None and when.first == when.last
        else None
    )


def _next_month(today: date) -> date:
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def _sane(span: Span, today: date) -> Span | None:
    """Return a span that begins today or later, ends after it began and is not too long."""
    good = today <= span.first < span.back and span.back - today <= LONGEST_PAUSE
    return span if good else None


#: The hours of parts of a day, where somebody names no time.
_PARTS = {
    "morning": (time(8), time(12)), "afternoon": (time(12), time(18)), "evening": (time(18), time(21)),
}  # fmt: skip
_REMINDS = re.compile(
    r"(?:以后|今后|平时|请|麻烦|都|统一|最好|尽量|每次)|再?(?:给我发|提醒|通知)我?|的?时间|改[到成为]|换[到成]|调到|的?时候"
    r"|\b(?:please|from now on|always|only|remind|me|send|reminders?|my best time is)\b"
)
_NOT_AT = re.compile(r"(?:别|不要|不用)|\b(?:don't|do not|never)\b")


def best_in(text: str, opens: time, closes: time) -> tuple[time, time] | None:
    """Return from when to when a text wants to be reminded; None where it does not say so plainly.

    Args:
        opens, closes: the hours outside which nobody is reminded anyway.
    """
    plain = normalize(text)
    if refused := _NOT_AT.search(plain):
        return _outside(plain, refused, opens, closes)
    after = re.search(r"(?:以后|之后|后)", plain)
    kept = plain.replace("以后", "后") if after else plain
    rest = " ".join(_REMINDS.sub(" ", _first_later(kept)).split())
    when = when_of(rest, date(2000, 1, 3))
    if when.ask is not None or when.first is not None:
        return None
    first, last = when.from_time, when.to_time
    if first is None and last is None and when.part is not None:
        first, last = _PARTS[when.part]
    if first is not None and first == last:
        last = None  # "改到晚上7点": from then on
    return _hours(first, last, opens, closes)


def _outside(
    plain: str, refused: re.Match[str], opens: time, closes: time
) -> tuple[time, time] | None:
    """Return what is left of "别在9点前提醒": before a time is after it, and the other way round."""
    when = when_of(_REMINDS.sub(" ", plain[refused.end() :]), date(2000, 1, 3))
    if when.ask is not None or (when.from_time is None) == (when.to_time is None):
        return None
    return _hours(when.to_time, when.from_time, opens, closes)


def _first_later(plain: str) -> str:
    """Drop a leading "from now on", which in Chinese is the word for "after"."""
    return re.sub(r"^(?:请|麻烦)?(?:以?后|今后)(?=\D)", "", plain)


def _hours(
    first: time | None, last: time | None, opens: time, closes: time
) -> tuple[time, time] | None:
    if first is None and last is None:
        return None
    start, end = max(first or opens, opens), min(last or closes, closes)
    return (start, end) if start < end else None
