"""Read times and parts of the day: "下午三点", "9点半以后", "after 4pm", "between 2 and 4".

An hour without a part of the day is read as a day clinic's: 8 is in the morning, 3 in the afternoon.
6 and 7 could be either, and are asked about; so is an hour that its part of the day does not have.
"""

import re
from dataclasses import dataclass
from datetime import time

from intents.days import Session
from intents.when_calendar import number

_NOON = 12
_LAST_MORNING_HOUR = 11
_EVENING_FROM = 18
#: Hours named without a part of the day that a day clinic has once only.
_CLEAR_MORNING = range(8, 13)
_CLEAR_AFTERNOON = range(1, 6)

_PARTS: tuple[tuple[str, str], ...] = (
    (
        "morning",
        (
            r"上午|早上|早晨|清晨|大早上|[今明]早|(?<!趁)(?:一大?早|大清早)(?!期)"
            r"|\b(?:in the )?(?:early |late )?mornings?\b|\bforenoon\b"
            r"|\bfirst thing\b(?! (?:i|we|you|that|to|is|was)\b)"
            r"|(?<!\d)(?<!\d )(?<!i )\bam\b(?= *$|,)"
        ),
    ),
    ("noon", r"中午|正午|午间|\b(?:noon|midday|noontime|lunch ?time|over lunch)\b"),
    ("afternoon", r"下午|午后|\bafternoons?\b|(?<![\d.])(?<!\d )\bpm\b"),
    ("dusk", r"傍晚|下班后|下了班|放学后|\bafter (?:work|school)\b"),
    ("evening", r"晚上|[今明]晚|夜里|夜间|夜门诊|夜诊|晚间|\bevenings?\b|\b(?:to)?night\b"),
    ("night", r"凌晨|半夜|深夜|\bmidnight\b|\bsmall hours\b"),
)
_PART = re.compile("|".join(f"(?P<{name}>{form})" for name, form in _PARTS))
_HOUR = r"(?:[01]?\d|2[0-4]|[12]?\d|(?:二?十[一二三四五六七八九]?|[一二两三四五六七八九零]))"
_ZH = (
    rf"(?<![\d第.几])({_HOUR})(?:点钟?|时(?!间|候|段|常|不时|而|辰|机))(?!儿|几|心|滴|名|击"
    rf"|赞|餐|菜|单|评)"
    rf"(?:(半|一刻|三刻|整)|([0-5]?\d|[一二三四五]?十[一二三四五六七八九]?"
    rf"|零[一二三四五六七八九]|[一二三四五六七八九])分?)?钟?"
)
_DIGITAL = r"(?<![\d.:/])(\d{1,2})[:](\d{2})(?!\d)(?: ?([ap])\.?m\b\.?)?"
_EN = r"(?<![\d.:/])(\d{1,2})(?:[.:](\d{2}))? ?(?:([ap])\.?m\b\.?|o'?clock\b)"
_TIME = re.compile(f"(?:{_DIGITAL})|(?:{_EN})|(?:{_ZH})")
_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_EN_WORDS = re.compile(
    rf"\b(half past|quarter past|quarter to|half|at|around|about|after|before|by|from|and"
    rf"|to|between|until|till) ({_WORDS})\b(?! (?:days?|weeks?|people|of|months?|hours?"
    rf"|minutes?|visits?|doctors?|more|times?|kids?|children|slots?|places?|persons?"
    rf"|patients?|appointments?))"
)
_WORD_HOURS = {word: n for n, word in enumerate(_WORDS.split("|"), 1)}
_PAST_HOUR = re.compile(r"\b(half|quarter) (past|to) (\d{1,2})\b")
_BARE_EN = re.compile(
    r"\b(at|around|about|after|before|by|between|from|until|till) (\d{1,2})(?![\d/:.%]|st"
    r"|nd|rd|th|\w| ?[ap]\.?m| ?o'| (?:days?|weeks?|hours?|minutes?|months?|years?|people"
    r"|mins?|slots?|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
)
_BARE_RANGE = re.compile(
    r"\b(between|from) (\d{1,2}) ?(?:and|to|till|until|-) ?(\d{1,2})(?![\d/:.%\w]"
    r"| ?[ap]\.?m| ?o'| (?:days?|weeks?|hours?|months?|years?))"
)
_SHORT_RANGE = re.compile(
    r"(?<![\d.:/-])(\d{1,2})(:\d{2})? ?(?:-|~|到|至|to|and|till"
    r"|until) ?(?=\d{1,2}(?::\d{2})? ?(?:[ap]\.?m|点|时(?!间)|o'))"
)
_TWO_HOURS = re.compile(
    r"(?<![二十第几])([一二两三四五六七八九])([二三四五六七八九])点(?!钟?[半一二三四五\d])"
)
_NOON_AS_TIME = re.compile(
    r"\b(before|by|until|till|after) (?:noon|midday)\b|中午(?=(?:之|以)?[前后])"
)
_DOTTED = re.compile(r"(?<![\d.])([89]|1[0-7])\.(00|15|30|45)(?![\d.]| ?[ap]\.?m)")
_LINK = re.compile(
    r"\s?(?:钟)?(?:到|至|-|~|to|till|until|and|直到)\s?(?:[^\W\d]{0,2}?(?=[上下中晚早]))?"
)
_LATER = re.compile(
    r"\s?(?:钟)?(?:之后|以后|过后|往后|后(?!天)|开始|起| ?(?:or later|onwards?|and later"
    r"|and after|or after|\+))"
)
_EARLIER = re.compile(
    r"\s?(?:钟)?(?:之前|以前|前(?!天|后|面)| ?(?:or earlier|at the latest|latest))"
)
_AFTER = re.compile(
    r"(?:\bafter|\bfrom|\bsince|\bpast|\bnot before|\bno earlier than|最早|不早于|从"
    r"|过了?)\s?(?:about )?$"
)
_BEFORE = re.compile(
    r"(?:\bbefore|\bby|\buntil|\btill|\bno later than|最晚|最迟|不晚于|赶在)\s?(?:about )?$"
)
_LOOSE_ONE = re.compile(r"(?:[上中下]午|晚上|周.|\x00|凌晨)\s?$")
_HINT = re.compile(
    r"[点时:午早晚夜晨]|\d\.\d\d|\b[ap]m\b|\d ?[ap]\.?m|o'?clock|noon|morn|after|even"
    r"|night|mid|half|quarter|between|before|at |by |around|about|from|work|school|-\d"
    r"|until|till|first th"
)


@dataclass(frozen=True, slots=True)
class Clock:
    """A part of the day and times; `from_time` and `to_time` the same is a point."""

    part: Session | None = None
    from_time: time | None = None
    to_time: time | None = None
    ask: str | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """One time as it stands: minutes of the day, or why it cannot be told."""

    start: int
    end: int
    at: int
    ask: str | None


def clock_in(text: str) -> Clock:
    """Read the times of a text whose days are blanked out as NULs, except for the parts of day."""
    if not _HINT.search(text):
        return Clock()
    parts = [(hit.start(), str(hit.lastgroup)) for hit in _PART.finditer(text)]
    names = list(dict.fromkeys(name for _, name in parts))
    said = _times(_spelt(text))
    places = (*(at for at, _ in parts), *(one.start for one in said))
    if said:
        return _of_times(_spelt(text), said, names, places)
    if not names:
        return Clock()
    return _of_parts(text, names, places)


def places_in(text: str) -> list[tuple[int, int]]:
    """Give where times and parts of the day stand in a text."""
    if not _HINT.search(text):
        return []
    return [hit.span() for form in (_PART, _TIME) for hit in form.finditer(text)]


def _of_parts(text: str, names: list[str], places: tuple[int, ...]) -> Clock:
    if len(names) > 1:
        either = {"morning", "afternoon"} == set(names)
        return (
            Clock(parts=places)
            if either and _either(text)
            else Clock(ask="two times", parts=places)
        )
    name = names[0]
    if name in ("morning", "afternoon", "evening"):
        return Clock(part=_session(name), parts=places)
    window = {"noon": (time(11), time(14)), "dusk": (time(17), time(19))}.get(name)
    return Clock(None, *window, parts=places) if window else Clock(ask="impossible", parts=places)


def _either(text: str) -> bool:
    return (
        re.search(
            r"(?:上午|早上)\S{0,3}下午|下午\S{0,3}上午|morning or (?:the )?(?:after)"
            r"|afternoon or (?:the )?morn",
            text,
        )
        is not None
    )


def _session(name: str) -> Session:
    return "morning" if name == "morning" else "afternoon" if name == "afternoon" else "evening"


def _spelt(text: str) -> str:
    """Write English times and short ranges in digits, at their length or a longer one."""
    text = _NOON_AS_TIME.sub(lambda hit: f"{hit[1] or ''} 12:00", text)
    if text.isascii():
        text = _DOTTED.sub(r"\1:\2", text)
    text = _BARE_RANGE.sub(r"\1 \2:00~\3:00", text)
    text = _SHORT_RANGE.sub(_range_in_full, text)
    text = _TWO_HOURS.sub(lambda hit: f"{hit[1]}点-{hit[2]}点", text)
    text = _EN_WORDS.sub(_worded, text)
    text = _PAST_HOUR.sub(_past_hour, text)
    return _BARE_EN.sub(lambda hit: f"{hit[1]} {hit[2]} o'clock", text)


def _range_in_full(hit: re.Match[str]) -> str:
    return f"{hit[1]}{hit[2] or ':00'}~"


def _worded(hit: re.Match[str]) -> str:
    if hit[1] in ("half past", "quarter past", "quarter to", "half"):
        return (
            f"{hit[1].split()[0]} {'to' if hit[1].endswith('to') else 'past'} {_WORD_HOURS[hit[2]]}"
        )
    return f"{hit[1]} {_WORD_HOURS[hit[2]]} o'clock"


def _past_hour(hit: re.Match[str]) -> str:
    hour, minute = int(hit[3]), 30 if hit[1] == "half" else 15
    if hit[2] == "to":
        hour, minute = hour - 1 or 12, 45
    return f"{hour}:{minute}"


def _times(text: str) -> list[_Said]:
    said: list[_Said] = []
    spoken = [(hit.start(), str(hit.lastgroup)) for hit in _PART.finditer(text)]
    for hit in _TIME.finditer(text):
        if hit[0].startswith("一点") and len(hit[0]) == 2 and not _an_hour(text, hit):  # noqa: PLR2004
            continue
        hour, minute, half, zero = _read(hit)
        name = _part_of(hit, spoken, half)
        at, ask = _minute_of_day(hour, minute, name, zero=zero)
        said.append(_Said(hit.start(), hit.end(), at, ask))
    return said


def _an_hour(text: str, hit: re.Match[str]) -> bool:
    """Tell one o'clock from "a little": 下午一点, but 早一点, 好一点了."""
    before, after = text[: hit.start()], text[hit.end() :]
    follows = re.match(r"\s?(?:到|至|-|~|以后|之后|以前|之前|左右|[?!。,]?$)", after)
    if re.search(r"[早晚快慢好多少近远重轻便宜大小有]$", before) and not _LOOSE_ONE.search(before):
        return False
    return bool(
        _LOOSE_ONE.search(before) or (follows and not before.strip()) or (follows and after.strip())
    )


def _read(hit: re.Match[str]) -> tuple[int, int, str | None, bool]:
    """Give hour, minute, "a" or "p", and whether the hour is written as on a digital clock."""
    if hit[1]:
        return int(hit[1]), int(hit[2]), hit[3], hit[1].startswith("0")
    if hit[4]:
        return int(hit[4]), int(hit[5] or 0), hit[6], False
    minute = {"半": 30, "一刻": 15, "三刻": 45}.get(hit[8] or "", 0)
    if hit[9]:
        minute = number(hit[9].lstrip("零")) if not hit[9].isdecimal() else int(hit[9])
    hour = 0 if hit[7] == "零" else number(hit[7])
    return hour, minute, None, False


def _part_of(hit: re.Match[str], parts: list[tuple[int, str]], half: str | None) -> str | None:
    if half:
        return "am" if half == "a" else "pm"
    before = [name for at, name in parts if at < hit.start()]
    if before:
        return before[-1]
    names = {name for _, name in parts}
    return names.pop() if len(names) == 1 else None


def _minute_of_day(
    hour: int, minute: int, part: str | None, *, zero: bool
) -> tuple[int, str | None]:
    if not 0 <= minute < 60 or not 0 < hour < 24:  # noqa: PLR2004
        return 0, "impossible"
    found = hour if zero and part is None else _hour(hour, part)
    if found is None:
        return 0, "morning or evening" if part is None else "impossible"
    return found * 60 + minute, None


def _hour(hour: int, part: str | None) -> int | None:
    if part is None:
        if hour > _NOON or hour in _CLEAR_MORNING:
            return hour
        return hour + 12 if hour in _CLEAR_AFTERNOON else None
    if part == "am":
        return hour if hour < _NOON else None
    if part == "pm":
        return None if hour > _NOON else hour % 12 + 12
    allowed = {
        "morning": {h: h for h in range(5, 12)} | {12: 12},
        "noon": {11: 11, 12: 12, 1: 13, 2: 14, 13: 13, 14: 14},
        "afternoon": {12: 12} | {h: h + 12 for h in range(1, 7)} | {h: h for h in range(13, 19)},
        "dusk": {h: h + 12 for h in range(5, 8)} | {h: h for h in range(17, 20)},
        "evening": {h: h + 12 for h in range(6, 12)} | {h: h for h in range(18, 24)},
    }
    return allowed.get(part, {}).get(hour)


def _of_times(text: str, said: list[_Said], names: list[str], places: tuple[int, ...]) -> Clock:
    first = said[0]
    if len(said) == 2 and _LINK.fullmatch(_without_parts(text[first.end : said[1].start])):  # noqa: PLR2004
        return _between(text, said, places)
    if len({one.at for one in said}) > 1 or len(said) > 2:  # noqa: PLR2004
        return Clock(ask="two times", parts=places)
    if first.ask:
        return Clock(ask=first.ask, parts=places)
    at, before = _clock_time(first.at), text[: first.start]
    before = _PART.sub("", before) if before.rstrip().endswith(("午", "上", "早", "晚")) else before
    part = (
        _session(names[0])
        if len(names) == 1 and names[0] in ("morning", "afternoon", "evening")
        else None
    )
    if _LATER.match(text, first.end) or _AFTER.search(before):
        return Clock(part, at, None, parts=places)
    if _EARLIER.match(text, first.end) or _BEFORE.search(before):
        return Clock(part, None, at, parts=places)
    return Clock(_session_of(first.at), at, at, parts=places)


def _between(text: str, said: list[_Said], places: tuple[int, ...]) -> Clock:
    begin, end = said
    if begin.ask == "morning or evening" and not end.ask:
        return Clock(ask=begin.ask, parts=places)
    start, stop = begin.at, end.at
    if end.ask == "impossible" and not begin.ask:
        stop = _later_half(text[end.start : end.end], start)
    if begin.ask or stop <= start:
        earlier = begin.at - 720 if not begin.ask and begin.at >= 720 else -1  # noqa: PLR2004
        if begin.ask or earlier < 0 or earlier >= stop or "午" in text[: end.start]:
            return Clock(ask=begin.ask or "impossible", parts=places)
        start = earlier
    first, last = _session_of(start), _session_of(stop - 1)
    part = first if first == last else None
    return Clock(part, _clock_time(start), _clock_time(stop), parts=places)


def _later_half(word: str, start: int) -> int:
    """Read the end of "上午10点到1点" by itself: its part of the day belongs to the beginning."""
    hit = _TIME.search(word)
    if hit is None:
        return 0
    hour, minute, half, zero = _read(hit)
    at, ask = _minute_of_day(
        hour, minute, "am" if half == "a" else "pm" if half == "p" else None, zero=zero
    )
    return 0 if ask or at <= start else at


def _without_parts(text: str) -> str:
    return _PART.sub("", text).strip(" ")


def _clock_time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def _session_of(minutes: int) -> Session:
    hour = minutes // 60
    if hour < _NOON:
        return "morning"
    return "afternoon" if hour < _EVENING_FROM else "evening"
