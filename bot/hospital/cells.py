"""Reading one cell of a table: a text in, a value out, or a `ValueError` that says what is wrong.

Cells are written by people in a spreadsheet, in Chinese or English: "周一、周三", "甲类", "是",
full-width digits and `2026/3/5` are all understood.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from bot.hospital.facts import parse_whole
from bot.hospital.model import MovedKind, Session, Status, Tier
from bot.hospital.prices import Insurance

#: Reads a cell that is not empty.
Parse = Callable[[str], Any]

E = TypeVar("E", bound=StrEnum)

_SEPARATORS = re.compile(r"[;；、|]")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_HOUR = re.compile(r"(\d{1,2}):([0-5]\d)", re.ASCII)
#: Nobody is written to before, or from then on.
_EARLIEST, _LATEST = 8, 21
_LINK = re.compile(r"https?://[^\s\x00-\x1f]{3,400}")
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)?([1-7一二三四五六日天])")
_WEEKDAYS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7}
_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: How long a slot may be, in minutes.
SHORTEST, LONGEST = 5, 240

TIERS = {"普通": Tier.GENERAL, "专家": Tier.EXPERT, "特需": Tier.SPECIAL}
SESSIONS = {"上午": Session.MORNING, "下午": Session.AFTERNOON, "晚上": Session.EVENING}
STATUSES = {"出诊": Status.ON, "约满": Status.FULL, "停诊": Status.STOPPED}
INSURANCES = {"甲类": Insurance.A, "乙类": Insurance.B, "自费": Insurance.SELF}
MOVED = {"休": MovedKind.OFF, "放假": MovedKind.OFF, "班": MovedKind.WORK, "上班": MovedKind.WORK}
_INSURANCES_SHORT = {"甲": Insurance.A, "乙": Insurance.B, "丙": Insurance.SELF}

#: Languages a doctor may speak with patients, by their code.
SPOKEN = {
    "zh": ("普通话", "Mandarin"),
    "yue": ("粤语", "Cantonese"),
    "nan": ("闽南语", "Southern Min"),
    "wuu": ("吴语", "Wu"),
    "hak": ("客家话", "Hakka"),
    "gan": ("赣语", "Gan"),
    "bo": ("藏语", "Tibetan"),
    "ug": ("维吾尔语", "Uyghur"),
    "mn": ("蒙古语", "Mongolian"),
    "en": ("英语", "English"),
    "ja": ("日语", "Japanese"),
    "ko": ("韩语", "Korean"),
    "ru": ("俄语", "Russian"),
    "fr": ("法语", "French"),
    "de": ("德语", "German"),
    "es": ("西班牙语", "Spanish"),
    "ar": ("阿拉伯语", "Arabic"),
    "csl": ("手语", "sign language"),
}


def plain(text: str) -> str:
    """Return the text as one writes it on a keyboard: half-width, no spaces around, lower case."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def words(text: str) -> tuple[str, ...]:
    """Read several words separated by `;` or `、`, each once, in order."""
    found = (word.strip() for word in _SEPARATORS.split(text))
    return tuple(dict.fromkeys(word for word in found if word))


def code(text: str) -> str:
    """Read a code: letters, digits, `.`, `_`, `-`, at most 32."""
    written = unicodedata.normalize("NFKC", text).strip()
    if not _CODE.fullmatch(written):
        problem = f"{text!r} is not a code (expected letters and digits like D0201)"
        raise ValueError(problem)
    return written


def day(text: str) -> date:
    """Read a date such as `2026-03-05`, `2026/3/5` or `2026年3月5日`."""
    match = _DATE.fullmatch(plain(text).replace(" ", ""))
    try:
        return date(*map(int, match.groups())) if match else _no_date(text)
    except ValueError:
        return _no_date(text)


def minutes(text: str) -> int:
    """Read how long a slot is: 5 to 240 minutes."""
    found = parse_whole(text)
    if not SHORTEST <= found <= LONGEST:
        problem = f"{text!r} is not a length of a slot (expected {SHORTEST} to {LONGEST} minutes)"
        raise ValueError(problem)
    return found


def hour(text: str) -> str:
    """Read an hour at which people may be written to: `08:00` to `20:59`."""
    match = _HOUR.fullmatch(plain(text))
    if match is None or not _EARLIEST <= int(match[1]) < _LATEST:
        problem = f"{text!r} is not an hour of the day (expected like 20:00, from 08:00 to 20:59)"
        raise ValueError(problem)
    return f"{int(match[1]):02}:{match[2]}"


def days(text: str) -> int:
    """Read how many days before: 0 to 14."""
    return _within(text, 0, 14, "days")


def fasting(text: str) -> int:
    """Read for how many hours nothing is eaten: 2 to 24."""
    return _within(text, 2, 24, "hours")


def _within(text: str, least: int, most: int, what: str) -> int:
    found = parse_whole(text)
    if not least <= found <= most:
        problem = f"{text!r} is not usable (expected {least} to {most} {what})"
        raise ValueError(problem)
    return found


def link(text: str) -> str:
    """Read the address of a page, as a browser opens it."""
    if not _LINK.fullmatch(text):
        problem = f"{text!r} is not a link (expected like https://map.example/hospital)"
        raise ValueError(problem)
    return text


def _no_date(text: str) -> date:
    problem = f"{text!r} is not a date (expected like 2026-03-05)"
    raise ValueError(problem)


def weekdays(text: str) -> tuple[int, ...]:
    """Read weekdays (1 = Monday): `3`, `周三`, `Wed`, `周一、周三`, `1-5`, `周一至周五`."""
    found: list[int] = []
    for part in re.split(r"[;；、|,，\s]+", plain(text)):
        ends = [_weekday(end, text) for end in re.split(r"[-~至到]", part)]
        if ends not in ([ends[0]], [ends[0], ends[-1]]) or ends[0] > ends[-1]:
            _no_weekday(text)
        found.extend(range(ends[0], ends[-1] + 1))
    return tuple(dict.fromkeys(found))


def _weekday(word: str, text: str) -> int:
    match = _WEEKDAY.fullmatch(word)
    if match:
        return _WEEKDAYS.get(match[1]) or int(match[1])
    if word[:3] in _DAY_NAMES and word.isalpha():
        return _DAY_NAMES.index(word[:3]) + 1
    return _no_weekday(text)


def _no_weekday(text: str) -> int:
    problem = f"{text!r} is not a weekday (expected like 周一, Mon, 1 or 1-5)"
    raise ValueError(problem)


def yes_no(text: str) -> bool:
    """Read 是 / 否, yes / no, 1 / 0."""
    known = {"是": True, "yes": True, "1": True, "y": True, "true": True}
    known |= {"否": False, "no": False, "0": False, "n": False, "false": False}
    if plain(text) not in known:
        problem = f"{text!r} is neither yes nor no (expected 是, 否, yes or no)"
        raise ValueError(problem)
    return known[plain(text)]


def languages(text: str) -> tuple[str, ...]:
    """Read the codes of languages a doctor speaks."""
    found = tuple(plain(word) for word in words(text))
    for word in found:
        if word not in SPOKEN:
            problem = f"{word!r} is not a known language (expected {', '.join(SPOKEN)})"
            raise ValueError(problem)
    return found


def _choice(kind: type[E], names: Mapping[str, E], text: str) -> E:
    known: dict[str, E] = {plain(value): value for value in kind} | dict(names)
    if plain(text) not in known:
        expected = ", ".join(dict.fromkeys(known))
        problem = f"{text!r} is not known (expected one of {expected})"
        raise ValueError(problem)
    return known[plain(text)]


def tier(text: str) -> Tier:
    """Read the kind of clinic: 普通, 专家, 特需, or the English value."""
    return _choice(Tier, TIERS | {f"{name}号": value for name, value in TIERS.items()}, text)


def session(text: str) -> Session:
    """Read a part of the day: 上午, 下午, 晚上 (夜间), or the English value."""
    return _choice(Session, SESSIONS | {"夜间": Session.EVENING}, text)


def status(text: str) -> Status:
    """Read the state of a clinic: 出诊, 约满, 停诊, or the English value."""
    return _choice(Status, STATUSES, text)


def moved(text: str) -> MovedKind:
    """Read what became of a day: 休 or 班, off or work."""
    return _choice(MovedKind, MOVED, text)


def weekday(text: str) -> int:
    """Read one weekday (1 = Monday)."""
    return _weekday(plain(text), text)


def insurance(text: str) -> Insurance:
    """Read the insurance class: 甲类, 乙类, 自费, or A, B, self."""
    return _choice(Insurance, INSURANCES | _INSURANCES_SHORT, text)
