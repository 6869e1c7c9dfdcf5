"""Read on which days and how often medicine is to be taken: "每隔一天", "周一三五", "吃7天", "q8h"."""

import re
from dataclasses import dataclass

from intents.when_calendar import number

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTS = {word: n for n, word in enumerate(_WORDS, 1)}
_COUNTS |= {
    "a": 1,
    "an": 1,
    "once": 1,
    "twice": 2,
    "thrice": 3,
    "couple of": 2,
    "a couple of": 2,
    "fourteen": 14,
}
_ZN = r"(\d{1,3}|[一二两三四五六七八九十]{1,3})"
_EN = rf"(\d{{1,3}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})"
_DAY_ZH, _TIMES_ZH = "一二三四五六日天末", "次|顿|回|遍|餐"
_EVERY_DAY = r"(?:每[天日]|天天|一[天日]|1[天日]|(?<![隔今明昨后前两二三四五六七八九十\d])日)"
_A_DAY = re.compile(
    rf"(?:{_EVERY_DAY}|(?:每|一)个?昼夜)[^,。;\d一二两三四五六七八九十]{{0,6}}?{_ZN}(?:{_TIMES_ZH})"
    rf"|(?P<meals>三餐|三顿饭|一日三餐)|\b(?:{_EN}(?: times?| ?x)|(once|twice|thrice)) ?(?:(?:a|per"
    r"|each|every|/) ?day|daily)\b"
    r"|(?<![a-z])(?P<latin>qd|bid|tid|qid|qn|qhs|b\.i\.d|t\.i\.d|q\.d|q\.i\.d)(?![a-z])"
    r"|(?:早中晚|早午晚)(?P<three>)"
)
_LATIN = {"qd": 1, "qn": 1, "qhs": 1, "bid": 2, "tid": 3, "qid": 4}
_HOURLY = re.compile(
    rf"(?:每隔?|间隔|隔)个?{_ZN}个?(?:小时|钟头)|{_ZN}个?(?:小时|钟头)(?:吃|服|用|喝|打"
    rf"|滴|来)?{_ZN}?一?(?:{_TIMES_ZH})"
    rf"|\b(?:every|each) {_EN}[ -]?(?:hours?|hrs?|h)\b|\bq ?(\d{{1,2}}) ?h\b"
    r"|\b(?P<hourly>hourly|every hour|每小时)\b"
)
_EVERY_NTH = re.compile(
    r"(?P<other>每?隔(?:一|1)?[天日]|每隔(?:一|1)个?晚上?|\b(?:every|each) (?:other|second"
    r"|alternate) (?:day|night|morning|evening)\b"
    rf"|\balternate days\b|\bqod\b)|(?:每隔|隔){_ZN}[天日]|(?:每){_ZN}[天日]|{_ZN}[天日](?:吃|服|用|打"
    rf"|喝)?(?:一|1)(?:{_TIMES_ZH}|片|粒|针)"
    rf"|\bevery {_EN} days\b|\bonce every {_EN} days\b|\bevery (?P<third>third|fourth|fifth) day\b"
)
_WEEK = r"(?:周|星期|礼拜)"
_WEEKDAYS = re.compile(
    rf"{_WEEK}(?![{_DAY_ZH}\d](?:{_TIMES_ZH}|片|针"
    rf"|粒))[{_DAY_ZH}1-7](?:[、,和跟及到至\-~ ]*(?:{_WEEK})?(?!\d\d)"
    rf"[{_DAY_ZH}1-6](?![点次片粒颗个顿:]))*"
    r"|(?P<work>工作日|平日|周内|\b(?:weekdays|working days|week days)\b)|(?P<end>每?个?周末|双休日?"
    r"|\bweekends?\b)"
)
_RANGED = re.compile(rf"{_WEEK}([{_DAY_ZH}1-7])[到至\-~]{_WEEK}?([{_DAY_ZH}1-7])")
_EN_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EN_DAY = r"\b(mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?\b"
_EN_WEEKDAY = re.compile(_EN_DAY)
_EN_RANGE = re.compile(rf"{_EN_DAY} ?(?:to|through|thru|-|till) ?{_EN_DAY}")
_EN_NO_RULE = re.compile(
    r"\b(?:starting|start|from|until|till|by|this|next)(?: on| from| next| this)? $"
)
_ZH_NO_RULE = re.compile(r"(?:从|到|至|吃到|直到|截止|[下这本]个?)\s?$")
_WEEKLY = re.compile(
    rf"(?:每|一)个?(?:周|星期|礼拜)(?:吃|服|打|用)?{_ZN}(?:{_TIMES_ZH}|片|针|粒)|\b{_EN}(?: times)? (?:a"
    r"|per|each|every) week\b|\b(?:once )?(?:weekly|every week)\b"
    r"|(?P<bare>每个?(?:周|星期|礼拜)(?![一二三四五六日天末1-7]))"
)
_BEYOND = re.compile(
    r"每个?月|一个?月(?:吃|打|服)?[一二两三1-9](?:次|针|片)|每年|每季度|每半个?月"
    r"|每两周|每?隔一?周|半个?月一次|两周一次"
    r"|\b(?:monthly|every (?:month|other week|two weeks|2 weeks|year)|once a month"
    r"|fortnightly|yearly)\b"
    r"|单双?日|双日|[单双]号|逢[单双]|减量|逐渐|第一[天周].{1,12}第二[天周]"
    r"|[今明][天日]?[和跟与、]?(?:明|后|大后)[天日]|(?:今明|明后)(?:两|二)?天|这(?:[一两二三几]|[1-3])天"
    r"|[这本]个?(?:周|星期|礼拜)(?![一二三四五六日天末1-7])|\bthis week\b|\btoday and tomorrow\b"
    r"|吃\S{1,4}停\S{1,4}[天周]|\btaper"
)
_SPAN = re.compile(
    r"(?:连续|连着|一共|总共|共|疗程|先|再)?(?:吃|服|用|喝|打|滴|涂|贴|服用)?(?:上|够"
    rf"|满|它)?{_ZN}(个?半)?(天|日|个?星期|个?礼拜|周|个?月)"
    r"(?![内大龄岁一前后以之每]|[\d一二两三四五六七八九十]?[次顿回片粒针](?!药)"
    r"|吃[一1]|服[一1]|打[一1])(?:的?疗程|的?量|的药)?"
    r"|\bfor (?:the next |the coming |another )?"
    + _EN
    + r"(?: more)? (day|week|month|night)s?\b|\b"
    + _EN
    + r"[- ](day|week|month) course\b|半个月(?P<half>)(?!一次)"
)
_LEADS = re.compile(r"(?:连续?|连着|共|疗程|吃|服|用|喝|打|滴|涂|贴|够|满|先|提醒|,|。| |^)$")
_STORY = re.compile(r"(?:已经?|都|了|过)\S{0,3}$|每隔?$|隔$|第$")
_FOREVER = re.compile(
    r"长期|一直(?:吃|提醒|服)|终[身生]|天天都?要?吃下去|\b(?:long[- ]term|indefinitely"
    r"|for life|forever)\b"
)
_UNIT = {
    "天": 1,
    "日": 1,
    "周": 7,
    "期": 7,
    "拜": 7,
    "月": 30,
    "day": 1,
    "night": 1,
    "week": 7,
    "month": 30,
}
_HOURS_OF_DAY = 24


@dataclass(frozen=True, slots=True)
class Rule:
    """What a text says of days and of how often.

    Attributes:
        a_day: how many times on a day.
        hours: once every so many hours.
        every: only each n-th day.
        weekdays: only these, 0 is Monday.
        a_week: how many times a week, where no day of the week is said.
        days: for how many days, the first with it.
        beyond: it says what no rule of ours can: once a month, less and less.
        spans: where all that stands in the text.
    """

    a_day: int | None = None
    hours: int | None = None
    every: int = 1
    weekdays: frozenset[int] = frozenset()
    a_week: int | None = None
    days: int | None = None
    beyond: bool = False
    spans: tuple[tuple[int, int], ...] = ()


def rule_in(plain: str) -> Rule:
    """Return the rule that a normalised text says; never raises."""
    spans: list[tuple[int, int]] = []
    hours = _hours(plain, spans)
    every = _every(plain, spans)
    if hours is not None and hours > _HOURS_OF_DAY and hours % _HOURS_OF_DAY == 0:
        every, hours = hours // _HOURS_OF_DAY, None
    a_day = _a_day(plain, spans)
    if hours == _HOURS_OF_DAY:
        a_day, hours = 1, None
    weekdays = _weekdays(plain, spans)
    a_week = None if weekdays else _a_week(plain, spans)
    days = _days(plain, spans)
    return Rule(
        a_day=a_day,
        hours=hours,
        every=every,
        weekdays=weekdays,
        a_week=a_week,
        days=days,
        beyond=_BEYOND.search(plain) is not None,
        spans=tuple(spans),
    )


def count(word: str) -> int:
    """Read a small number in digits, Chinese numerals or English words."""
    return _COUNTS[word] if word in _COUNTS else number(word)


def _first(hit: re.Match[str]) -> int | None:
    """Return the number of a form: the first group of it that is there."""
    return next((count(one) for one in hit.groups() if one), None)


def _a_day(plain: str, spans: list[tuple[int, int]]) -> int | None:
    hit = _A_DAY.search(plain)
    if hit is None:
        return None
    spans.append(hit.span())
    if hit["meals"] or hit["three"] is not None:
        return 3
    if hit["latin"]:
        return _LATIN[hit["latin"].replace(".", "")]
    return _first(hit)


def _hours(plain: str, spans: list[tuple[int, int]]) -> int | None:
    hit = _HOURLY.search(plain)
    if hit is None:
        return None
    spans.append(hit.span())
    return 1 if hit["hourly"] else _first(hit)


def _every(plain: str, spans: list[tuple[int, int]]) -> int:
    hit = _EVERY_NTH.search(plain)
    if hit is None:
        return 1
    spans.append(hit.span())
    if hit["other"]:
        return 2
    if hit["third"]:
        return {"third": 3, "fourth": 4, "fifth": 5}[hit["third"]]
    nth = next((count(one) for one in hit.groups() if one), 1)
    return nth + 1 if hit[0].startswith(("每隔", "隔")) else max(nth, 1)


def _weekdays(plain: str, spans: list[tuple[int, int]]) -> frozenset[int]:
    found: set[int] = set()
    for hit in _WEEKDAYS.finditer(plain):
        if _ZH_NO_RULE.search(plain[: hit.start()]):
            continue
        spans.append(hit.span())
        if hit["work"]:
            found |= set(range(5))
        elif hit["end"]:
            found |= {5, 6}
        elif ranged := _RANGED.match(hit[0]):
            found |= _between(_weekday(ranged[1]), _weekday(ranged[2]))
        else:
            bare = re.sub(_WEEK, "", hit[0])
            found |= {day for one in bare if one in f"{_DAY_ZH}1234567" for day in _zh_days(one)}
    for hit in _EN_RANGE.finditer(plain):
        found |= _between(_EN_DAYS.index(hit[1][:3]), _EN_DAYS.index(hit[2][:3]))
    for hit in _EN_WEEKDAY.finditer(plain):
        if not _EN_NO_RULE.search(plain[: hit.start()]):
            spans.append(hit.span())
            found.add(_EN_DAYS.index(hit[1][:3]))
    return frozenset(found)


def _zh_days(one: str) -> set[int]:
    return {5, 6} if one == "末" else {_weekday(one)}


def _weekday(one: str) -> int:
    return int(one) - 1 if one.isdecimal() else min("一二三四五六日".find(one) % 7, 6)


def _between(first: int, last: int) -> set[int]:
    return set(range(first, last + 1)) if first <= last else {*range(first, 7), *range(last + 1)}


def _a_week(plain: str, spans: list[tuple[int, int]]) -> int | None:
    hit = _WEEKLY.search(plain)
    if hit is None:
        return None
    spans.append(hit.span())
    return 1 if hit["bare"] else _first(hit) or 1


def _days(plain: str, spans: list[tuple[int, int]]) -> int | None:
    """Return for how many days; not "7天" of a story, nor of "每3天"."""
    if _FOREVER.search(plain):
        return None
    for hit in _SPAN.finditer(plain):
        before = plain[: hit.start()]
        if hit["half"] is not None:
            spans.append(hit.span())
            return 15
        if hit[1]:
            led = hit[0][0] not in "0123456789一二两三四五六七八九十" or _LEADS.search(before)
            if not led or _STORY.search(before) or any(a <= hit.start(1) < b for a, b in spans):
                continue
            unit = _UNIT[hit[3][-1]]
            if (count(hit[1]), unit) == (1, 1) and not hit[0].startswith("连"):
                continue  # "一天吃两回"
            spans.append(hit.span())
            return count(hit[1]) * unit + (unit // 2 if hit[2] else 0)
        spans.append(hit.span())
        amount, unit_word = (hit[4], hit[5]) if hit[4] else (hit[6], hit[7])
        return count(amount) * _UNIT[unit_word]
    return None
