"""Read a sentence that asks to be reminded of medicine: "提醒我每天早8点晚8点吃药"; pure.

What is read is only proposed: whoever plans by it says it back and waits for a yes (I6). Medicine that
is taken when it is needed is never scheduled. How it is to be taken is nothing we read an answer out of.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from intents.dosing_asked import asks, is_regimen
from intents.dosing_rule import Rule, rule_in
from intents.dosing_times import PARTS, Hours, hours_in
from intents.dosing_words import words_in
from intents.normalize import normalize
from intents.when import when_of

_LONGEST = 300
_HOURS_OF_DAY = 24
#: When a patient is asked to agree to hours that she did not say: her ordinary day.
_HABITS: dict[int, tuple[str, ...]] = {
    1: ("morning",),
    2: ("morning", "evening"),
    3: ("morning", "noon", "evening"),
    4: ("morning", "noon", "evening", "bedtime"),
}
#: At what hour "every so many hours" begins where she says none.
_FIRST_HOUR = {12: 8, 8: 7, 6: 6, 4: 6, 3: 6}
_BEGIN = re.compile(
    r"从?(?P<zh>(?:今|明|后|大后)天|[下这本]个?(?:周|星期|礼拜)[一二三四五六日天]"
    r"|\d{1,2}月\d{1,2}[日号]|\d{1,2}[号日]"
    r"|周[一二三四五六日天])"
    r"(?:早上|上午|中午|晚上|早|晚)?(?:开始|起)"
    r"|\b(?:starting|start|from|beginning|begin)(?: on| from)? (?P<en>today|tomorrow"
    r"|(?:next |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|\d{1,2}(?:st|nd|rd|th)? (?:of )?[a-z]{3,9}|[a-z]{3,9} \d{1,2}(?:st|nd|rd|th)?)\b"
)
_END = re.compile(
    r"(?:吃|服|用|提醒|一直|直)?(?<![一二三四五六日天])到(?P<zh>[下这本]个?(?:周|星期"
    r"|礼拜)[一二三四五六日天]"
    r"|\d{1,2}月\d{1,2}[日号]|\d{1,2}[号日]|月底|周[一二三四五六日天末]|后天|明天)"
    r"(?:为止|结束|停|截止)?(?![至到])"
    r"|\b(?:until|till|through|up to)(?: the)? (?P<en>(?:next |this )?(?:mon|tues|wednes"
    r"|thurs|fri|satur|sun)day"
    r"|\d{1,2}(?:st|nd|rd|th)?(?: of)? [a-z]{3,9}|[a-z]{3,9} \d{1,2}(?:st|nd|rd|th)?|tomorrow)\b"
)
#: One day that is named, where nothing says that others follow it.
_ONCE = re.compile(r"(?P<zh>今[天日晚早]|明[天日晚早]|后天)|\b(?P<en>today|tonight|tomorrow)\b")
_GOES_ON = re.compile(
    r"每|天天|日日|以后|往后|开始|起|一直|早晚都|次|连|疗程|\b(?:every|daily|each|on|onwards|days?)\b"
)
_DAYS_FROM_NOW = {"今": 0, "明": 1, "后": 2}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks to be reminded of; all empty but for what she said.

    Attributes:
        times: local hours that she said; `parts` are parts of the day said without one.
        sure: each hour can be only one of the day; "8点" may be the evening's.
        a_day, hours: how many times a day, or once in how many hours.
        every, weekdays: on which days; 0 is Monday.
        a_week: how many times a week, where no day of the week was said.
        start, end, days: from when until when, or for how many days.
        food: "before", "after", "with", "empty" or empty.
        medicine, dose: as she said them; never counted with.
        whom: whom it is for, where it is not herself.
        prn: when it is needed: never scheduled.
        beyond: it says what no rule of ours can.
        several: it names more than one medicine, each with hours of its own.
        asked: she asked to be reminded; else she only said how it is taken.
    """

    times: tuple[time, ...] = ()
    parts: tuple[str, ...] = ()
    sure: bool = True
    a_day: int | None = None
    hours: int | None = None
    every: int = 1
    weekdays: frozenset[int] = frozenset()
    a_week: int | None = None
    start: date | None = None
    end: date | None = None
    days: int | None = None
    food: str = ""
    medicine: str = ""
    dose: str = ""
    whom: str = ""
    prn: bool = False
    beyond: bool = False
    several: bool = False
    asked: bool = True

    @property
    def missing(self) -> str | None:
        """Return what must be asked before it can be planned: "times", "weekdays" or nothing."""
        if self.a_week is not None and not self.weekdays:
            return "weekdays"
        return None if self.settled else "times"

    @property
    def settled(self) -> bool:
        """Say whether she said every hour herself, and as many as she said there are."""
        if not self.times or self.parts:
            return False
        counted = self.a_day is None or self.a_day == len(self.times)
        return counted and self.hours is None

    def suggested(self) -> tuple[time, ...]:
        """Return hours to propose where she did not say them all; none where they are not clear."""
        if self.settled:
            return self.times
        if self.hours is not None:
            return _around(self.hours, self.times[0] if self.times else None)
        found = (*self.times, *(PARTS[part] for part in self.parts))
        if self.a_day is None or self.a_day == len(set(found)):
            return tuple(sorted(set(found)))
        return tuple(PARTS[part] for part in _HABITS.get(self.a_day, ()))


def dosing_in(text: str, today: date | None = None) -> Wanted | None:
    """Return what `text` asks to be reminded of; None where it asks for nothing of the kind.

    Never raises. Questions, refusals and stories are no request.

    Args:
        today: where days are counted from; without it no first or last day is read.
    """
    plain = normalize(text[: 2 * _LONGEST])
    if not plain or len(plain) > _LONGEST:
        return None
    asked = asks(plain)
    if not asked and not is_regimen(plain):
        return None
    wanted = details_in(plain, today, asked=asked)
    if wanted is None or asked:
        return wanted
    said = wanted.a_day or wanted.hours or wanted.times or wanted.parts or wanted.weekdays
    return wanted if said or wanted.prn else None


def details_in(plain: str, today: date | None = None, *, asked: bool = True) -> Wanted | None:
    """Return what a normalised text says of a medicine's times; None where it is about no medicine."""
    rest, start, end = _first_and_last(plain, today)
    hours, rule = hours_in(rest), rule_in(rest)
    words = words_in(rest, (*hours.spans, *rule.spans))
    if not words.is_medicine:
        return None
    return _wanted(
        hours,
        rule,
        start,
        end,
        asked=asked,
        food=words.food,
        medicine=words.medicine,
        dose=words.dose,
        whom=words.whom,
        several=words.several,
        prn=words.prn,
    )


def answer_in(text: str) -> Wanted | None:
    """Return the hours and days in an answer to "at what times?"; None where it names none."""
    plain = normalize(text[:_LONGEST])
    hours, rule = hours_in(plain), rule_in(plain)
    found = _wanted(hours, rule, None, None, asked=True)
    says = found.times or found.parts or found.a_day or found.hours or found.weekdays
    return found if says else None


def _wanted(
    hours: Hours, rule: Rule, start: date | None, end: date | None, **more: object
) -> Wanted:
    beyond = rule.beyond or (rule.hours is not None and _HOURS_OF_DAY % rule.hours != 0)
    return Wanted(
        times=hours.times, parts=hours.parts, sure=hours.sure, a_day=rule.a_day, hours=rule.hours,
        every=rule.every, weekdays=rule.weekdays, a_week=rule.a_week, start=start, end=end,
        days=rule.days, beyond=beyond, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _first_and_last(plain: str, today: date | None) -> tuple[str, date | None, date | None]:
    """Return the text without its first and last day, and these."""
    found: list[date | None] = []
    for form in (_BEGIN, _END):
        hit = form.search(plain)
        if hit is None:
            found.append(None)
            continue
        when = when_of(hit["zh"] or hit["en"], today) if today else None
        found.append(when.first if when and not when.ask else None)
        plain = f"{plain[: hit.start()]},{' ' * (len(hit[0]) - 1)}{plain[hit.end() :]}"
    if today and found == [None, None] and not _GOES_ON.search(plain):
        once = [*_ONCE.finditer(plain)]
        if len(once) == 1:
            only = today + timedelta(days=_days_ahead(once[0][0]))
            found = [only, only]
    return plain, found[0], found[1]


def _days_ahead(named: str) -> int:
    if named == "tomorrow":
        return 1
    return 0 if named.isascii() else _DAYS_FROM_NOW[named[0]]


def _around(hours: int, first: time | None) -> tuple[time, ...]:
    """Return the hours of a day that lie so many hours apart."""
    if not 0 < hours < _HOURS_OF_DAY or _HOURS_OF_DAY % hours:
        return ()
    begin = first or time(_FIRST_HOUR.get(hours, 8))
    day = datetime.combine(date.min, begin)
    return tuple(sorted((day + timedelta(hours=n)).time() for n in range(0, _HOURS_OF_DAY, hours)))
