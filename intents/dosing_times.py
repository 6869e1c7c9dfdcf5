"""Read at what hours of a day medicine is to be taken: "早8点晚8点", "8am and 8pm", "早中晚".

Hours that were said are told apart from parts of the day that only stand for one; whoever schedules
them asks first. An hour without a part of the day is the next one that comes: "8点、2点、8点".
"""

import re
from dataclasses import dataclass
from datetime import time

from intents.when_calendar import number

NOON, DAY = 12, 24
_LAST_MINUTE = 59
#: What a part of the day stands for, where no hour is said.
PARTS: dict[str, time] = {
    "morning": time(8),
    "noon": time(12),
    "afternoon": time(15),
    "evening": time(18),
    "bedtime": time(21, 30),
}
_NAMED: tuple[tuple[str, str], ...] = (
    ("dawn", r"凌晨|清早|天没亮|\bdawn\b"),
    ("night", r"半夜|深夜|夜里|夜间|\bmidnight\b"),
    (
        "bedtime",
        (
            r"(?:临|晚上|晚)?睡觉?(?:之|以)?前|入睡前|上床前|睡的?时候|\b(?:at |before |every )?"
            r"(?:bed ?time|bed|going to (?:bed|sleep)|sleep(?:ing)?)\b"
        ),
    ),
    (
        "morning",
        (
            r"早上|早晨|清晨|上午|早间|早饭|早餐|大清早|起床|晨起|朝早|(?<!最)(?<!尽)早(?!点吃"
            r"|点提|日|期)"
            r"|\b(?:mornings?|breakfast)\b"
        ),
    ),
    (
        "noon",
        (
            r"中午|正午|晌午|午间|午饭|午餐|午(?![前后间夜])|中(?=晚|[,、 ]晚)|\b(?:noon"
            r"|midday|lunch(?: ?time)?)\b"
        ),
    ),
    ("afternoon", r"下午|午后|后晌|下昼|\bafternoons?\b"),
    (
        "evening",
        (
            r"晚上|傍晚|晚间|晚饭|晚餐|夜晚|今晚|明晚|晚黑|(?<![早最])晚(?!点吃|点提|了)|(?<=早)晚"
            r"|\b(?:evenings?|nights?|tonight|dinner|supper|nightly)\b"
        ),
    ),
)
_PART = "|".join(f"(?P<{name}>{form})" for name, form in _NAMED)
_N = r"(?:二?十[一二三四五六七八九]?|二十[一二三四]?|[一二两三四五六七八九零]|2[0-4]|[01]?\d)"
_MINUTES = (
    r"(?:半|[一三]刻|整|[0-5]\d分?(?![点时\d])|[0-5]?\d分|零[五5一二三四六七八九]分?"
    r"|[二三四五]?十[一二三四五六七八九]?分?(?![一二三四五六七八九]?[点时]))"
)
_ZH = rf"(?<![\d第.:])(?P<hour>{_N})(?:点钟?|时(?!间|候|段|常))(?P<minutes>{_MINUTES})?"
_DIGITAL = r"(?<![\d.:/])(?P<h2>[01]?\d|2[0-4]):(?P<m2>[0-5]\d)(?: ?(?P<x2>[ap])\.?m\b\.?)?"
_EN = r"(?<![\d.:/])(?P<h3>\d{1,2})(?:[.](?P<m3>[0-5]\d))? ?(?P<x3>[ap])\.?m\b\.?"
_CLOCK = r"(?<![\d.:/])(?P<h4>\d{1,2}) ?o'?clock"
_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_WORD_HOURS = {word: n for n, word in enumerate(_WORDS.split("|"), 1)}
_AT = (
    r"\b(?:at|around|about|by)(?: (?P<half>half past|quarter past|quarter to))?"
    rf" (?P<h5>\d{{1,2}}|{_WORDS})\b(?! ?(?:[ap]\.?m"
    r"|o'?clock|:|\.\d|days?|weeks?|hours?|times?|pills?|tablets?|mg|ml))"
)
_AND = (
    rf"(?<=\band )(?P<h6>\d{{1,2}}|{_WORDS})(?= *(?:$|[,.!?]|(?:every|each|daily|in the"
    r"|at night|for|please|to take)\b))"
    r"|\b(?P<h7>\d{1,2})(?= and \d{1,2} ?(?:$|[,.!?]|every|daily|each))"
)
_IN_PART = (
    rf"(?<![\d.:/])\b(?P<h9>\d{{1,2}}|{_WORDS})(?= (?:in the (?:early |late )?|at |of an? )"
    r"(?:morning|afternoon|evening|night)\b)"
)
#: "早8晚8", "早上7晚上7": an hour right after its part, without the word for hour.
_BARE = rf"(?<=[早晚午上晨])(?P<h8>{_N})(?![\d.:点时片粒次天日顿颗袋支毫个种]|十|周|小时)"
_HOURS = ("hour", *(f"h{n}" for n in range(2, 10)))
_TIME = re.compile(f"{_DIGITAL}|{_EN}|{_CLOCK}|{_ZH}|{_AT}|{_IN_PART}|{_AND}|{_BARE}|{_PART}")
#: What may stand between a part of the day and its hour.
_BETWEEN = re.compile(r"[\s的在就是大约左右]*|[ ,]*(?:at|around|about|by)?[ ]*")
_LATER_PART = re.compile(
    r" ?(?:in the (?:early |late )?|at |of an? )(?P<part>morning|afternoon|evening|night)\b"
)
_WHOLE = {"半": 30, "一刻": 15, "三刻": 45, "整": 0}
#: From which hour to which a part of the day may be meant.
_SPANS = {
    "morning": (4, 11),
    "noon": (11, 14), "afternoon": (13, 18), "evening": (17, 24), "bedtime": (20, 24),
}  # fmt: skip
_NEAR = {"dawn": "morning", "night": "bedtime"}
#: In the evening hours begin at 5, without a part of the day the morning's at 6.
_EVENING_FROM, _EARLY_UNTIL = 5, 6
_FIRST_OF_MORNING = 4


@dataclass(frozen=True, slots=True)
class Hours:
    """What a text says of the hours of a day.

    Attributes:
        times: the hours that were said, in order of the day.
        parts: parts of the day that were said without an hour, of `PARTS`, in order of the day.
        sure: each hour was said so that it can be only one of the day.
        spans: where all that stands in the text.
    """

    times: tuple[time, ...] = ()
    parts: tuple[str, ...] = ()
    sure: bool = True
    spans: tuple[tuple[int, int], ...] = ()


def hours_in(plain: str) -> Hours:
    """Return the hours that a normalised text names; never raises."""
    times: list[time] = []
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    sure, part, twin, after, last, done = True, "", "", -1, -1, -1
    for hit in _TIME.finditer(plain):
        spans.append(hit.span())
        if name := _part_of(hit):
            if hit.start() < done:
                continue  # the "morning" of "8 in the morning"
            if part:
                parts.append(part)
            twin = part if after == hit.start() else ""
            part, after = name, hit.end()
            continue
        near = part and _BETWEEN.fullmatch(plain, after, hit.start()) is not None
        if part and not near:
            parts.append(part)
        later = None if near else _LATER_PART.match(plain, hit.end())
        done = later.end() if later else done
        read = _read(hit, part if near else later["part"] if later else "", last)
        if near and twin and (other := _read(hit, twin, last)):
            times.append(other[0])  # "早晚八点"
            parts.remove(twin)
        part = twin = ""
        if read is not None:
            at, certain = read
            sure, last = sure and certain, at.hour
            times.append(at)
    if part:
        parts.append(part)
    left = [name for name in _in_order(parts) if not any(_lies_in(at, name) for at in times)]
    return Hours(tuple(sorted(set(times))), tuple(left), sure, tuple(spans))


def _lies_in(at: time, part: str) -> bool:
    """Tell the "every night" of "10 pm every night", which says no other hour."""
    first, last = _SPANS[part]
    return first <= at.hour < last


def _part_of(hit: re.Match[str]) -> str:
    return next((name for name, _ in _NAMED if hit[name]), "")


def _in_order(parts: list[str]) -> tuple[str, ...]:
    """Return the parts that stand for an hour, in order of the day; dawn and night are near one."""
    near = {_NEAR.get(part, part) for part in parts}
    return tuple(name for name in PARTS if name in near)


def _read(hit: re.Match[str], part: str, last: int) -> tuple[time, bool] | None:
    """Return the hour that was said, and whether it can be no other; None where no day has it."""
    said = hit.groupdict()
    hour = next((said[name] for name in _HOURS if said[name]), "")
    value = _WORD_HOURS.get(hour) or number(hour)
    minutes = int(said["m2"] or said["m3"] or 0) or _minutes(said["minutes"])
    if half := said["half"]:
        minutes = 30 if half.startswith("half") else 15
        if half == "quarter to":
            value, minutes = value - 1, 45
    if not 0 <= value <= DAY or minutes > _LAST_MINUTE:
        return None
    if half_day := said["x2"] or said["x3"]:
        late = NOON if half_day == "p" else 0
        return (time(value % NOON + late, minutes), True) if value <= NOON else None
    if part and 0 < value <= NOON:
        return _in_part(value, minutes, part)
    if value >= NOON or value == 0 or (said["m2"] and len(hour) > 1):
        return time(value % DAY, minutes), True
    if last >= value or value < _EARLY_UNTIL:
        return time(value + NOON, minutes), False
    return time(value, minutes), False


def _in_part(value: int, minutes: int, part: str) -> tuple[time, bool]:
    """Return the hour that a part of the day makes of one to twelve."""
    if part == "dawn":
        return time(value % NOON, minutes), True
    if part == "morning":
        return time(value, minutes), value >= _FIRST_OF_MORNING
    if part == "noon":
        return time(value if value >= NOON - 1 else value + NOON, minutes), True
    if part in ("evening", "night", "bedtime"):
        small = value == NOON or (value < _EVENING_FROM and part != "evening")
        return time(value % NOON if small else value + NOON, minutes), True
    return time(value % NOON + NOON, minutes), True


def _minutes(said: str | None) -> int:
    if not said:
        return 0
    if said in _WHOLE:
        return _WHOLE[said]
    return number(said.removesuffix("分").removeprefix("零"))
