"""Reading cells of prescriptions, discharges, check-ups and bills: a text in, a value out, pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import TypeVar

from bot.hospital.cells import plain, words
from bot.hospital.facts import parse_whole
from bot.patients.documents import Papers

T = TypeVar("T")

_CLOCK = re.compile(r"([01]?\d|2[0-3])[::]([0-5]\d)")
_NUMBERS = {word: n for n, word in enumerate("零一二三四五六七八九十")} | {"两": 2}
_N = r"(\d{1,3}|[一二两三四五六七八九十]|半)"
_UNITS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "年": 365}
_UNITS |= {"day": 1, "days": 1, "week": 7, "weeks": 7, "month": 30, "months": 30}
_UNIT = r"个?(天|日|周|星期|礼拜|月|年|days?|weeks?|months?)"
_SPAN = re.compile(rf"{_N}\s*(?:{_UNIT})?\s*(?:-|~|至|到|或|to)\s*{_N}\s*{_UNIT}")
_ONE = re.compile(rf"(within\s*)?{_N}\s*{_UNIT}\s*(以?内|之内)?")
_LONGEST_WINDOW = 2 * 365
#: A visit that is due after so many days is due for a while from then on, at least so long.
_SHORTEST, _SHARE = 3, 4

#: Frequencies as prescriptions write them: the hours they stand for, and each how many days.
_FREQUENCIES: Mapping[str, tuple[str, int]] = {
    "qd": ("08:00", 1), "bid": ("08:00 20:00", 1), "tid": ("08:00 12:00 18:00", 1),
    "qid": ("08:00 12:00 16:00 20:00", 1), "q12h": ("08:00 20:00", 1),
    "q8h": ("06:00 14:00 22:00", 1), "q6h": ("00:00 06:00 12:00 18:00", 1), "qn": ("20:30", 1),
    "hs": ("20:30", 1), "qod": ("08:00", 2), "qw": ("08:00", 7), "prn": ("", 1),
}  # fmt: skip
_SAME = {
    "每晚一次": "qn", "每晚1次": "qn", "每晚": "qn", "睡前": "hs", "隔日一次": "qod",
    "隔日1次": "qod", "每周一次": "qw", "每周1次": "qw", "必要时": "prn", "需要时": "prn",
    "每12小时一次": "q12h", "每8小时一次": "q8h", "每6小时一次": "q6h", "once daily": "qd",
    "twice daily": "bid", "three times daily": "tid", "four times daily": "qid",
    "at bedtime": "hs", "as needed": "prn",
}  # fmt: skip
_A_DAY = re.compile("[每一][日天]([一二两三四1-4])次|([一二两三四1-4])次/[日天]")
_FOODS = {
    "before": "before", "餐前": "before", "饭前": "before", "after": "after", "餐后": "after",
    "饭后": "after", "with": "with", "餐中": "with", "随餐": "with", "empty": "empty",
    "空腹": "empty",
}  # fmt: skip
_PAPERS = {
    "身份证": Papers.RESIDENT, "居民身份证": Papers.RESIDENT, "resident": Papers.RESIDENT,
    "护照": Papers.PASSPORT, "passport": Papers.PASSPORT, "港澳通行证": Papers.HONG_KONG,
    "hk_macao": Papers.HONG_KONG, "台湾通行证": Papers.TAIWAN, "taiwan": Papers.TAIWAN,
    "外国人永居证": Papers.FOREIGNER, "foreigner": Papers.FOREIGNER, "出生证": Papers.BIRTH,
    "birth": Papers.BIRTH, "resident_15": Papers.LEGACY,
}  # fmt: skip
_STATES = {
    "active": "active", "有效": "active", "待缴": "active", "due": "active", "cancelled": "cancelled",
    "取消": "cancelled", "作废": "cancelled", "停用": "cancelled", "paid": "done", "已缴": "done",
    "done": "done", "已完成": "done", "collected": "collected", "已取": "collected",
}  # fmt: skip
_BILLS = {"fee": "fee", "费用": "fee", "deposit": "deposit", "押金": "deposit"}


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often a medicine is taken: hours, each how many days, or only when needed."""

    times: tuple[time, ...]
    every: int = 1
    prn: bool = False


def frequency(text: str) -> Frequency:
    """Read `bid`, `每日两次`, `q8h`, `prn`."""
    said = plain(text).replace(".", "")
    bare = said.replace(" ", "").removesuffix("服用").removesuffix("服").removesuffix("口")
    counted = _A_DAY.fullmatch(bare)
    if counted is not None:
        code = ("qd", "bid", "tid", "qid")[_number(counted[1] or counted[2]) - 1]
    else:
        code = _SAME.get(said) or _SAME.get(bare, said)
    if code not in _FREQUENCIES:
        expected = ", ".join(_FREQUENCIES)
        raise ValueError(
            f"the frequency is not known (expected one of {expected} or such as 每日两次)"
        )
    hours, every = _FREQUENCIES[code]
    return Frequency(tuple(map(time.fromisoformat, hours.split())), every, code == "prn")


def times(text: str) -> tuple[time, ...]:
    """Read hours of a day: `08:00; 20:00`."""
    found = [_CLOCK.fullmatch(word) for word in words(text)]
    if not found or not all(found):
        raise ValueError("must be hours such as 08:00; 20:00")
    return tuple(sorted({time(int(hit[1]), int(hit[2])) for hit in found if hit}))


def clock(text: str) -> time:
    """Read one hour of a day: `08:30`."""
    return times(text)[0]


def food(text: str) -> str:
    """Read how a medicine goes with food."""
    return _choice(_FOODS, text)


def papers(text: str) -> Papers:
    """Read a kind of document."""
    return _choice(_PAPERS, text)


def state(text: str) -> str:
    """Read whether what a row says still holds: "active", "cancelled", "done", "collected"."""
    return _choice(_STATES, text)


def bill(text: str) -> str:
    """Read what a bill is of: "fee" or "deposit"."""
    return _choice(_BILLS, text)


def days(text: str) -> int:
    """Read a number of days, at least one."""
    found = parse_whole(text)
    if found < 1:
        raise ValueError("must be at least one day")
    return found


def window(text: str) -> tuple[int, int]:
    """Read when somebody should come again, as days from now: "建议1-2周内复诊" is 7 to 14.

    "2周内" is the second half of it; "2周后" is from then on for a quarter as long.
    """
    said = plain(text)
    if (span := _SPAN.search(said)) is not None:
        last_unit = _UNITS[span[4]]
        first = _count(span[1], _UNITS[span[2]] if span[2] else last_unit)
        last = _count(span[3], last_unit)
    elif (one := _ONE.search(said)) is not None:
        length = _count(one[2], _UNITS[one[3]])
        if one[1] or one[4]:
            first, last = max(1, length // 2), length
        else:
            first, last = length, length + max(_SHORTEST, length // _SHARE)
    else:
        raise ValueError("is no stretch of time (expected such as 1-2周 or 10天后)")
    if not 1 <= first <= last <= _LONGEST_WINDOW:
        raise ValueError("is no stretch of time that can be told of")
    return first, last


def _count(said: str, unit: int) -> int:
    if said == "半":
        return unit // 2
    return _number(said) * unit


def _number(said: str) -> int:
    return int(said) if said.isascii() else _NUMBERS[said]


def _choice(known: Mapping[str, T], text: str) -> T:
    found = known.get(plain(text))
    if found is None:
        raise ValueError(f"is not known (expected one of {', '.join(known)})")
    return found
