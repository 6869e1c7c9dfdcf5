"""Read the measurements in a message: pressure, fever, pulse, oxygen, sugar, weeks, tablets, age.

Numbers carry the signal (血压210, 39度8, "HR 180"). Each quantity is read with its unit or the
word before it, and only where the value is possible for a living person.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")}
_DIGITS |= {"〇": 0, "两": 2, "俩": 2}
_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百]{2,}(?:点[零〇一二三四五六七八九]+)?")
_HALF_DEGREE = re.compile(r"(\d)([度°])([一二三四五六七八九])(?![个天次多小分年月])")
_HAN = r"(\d+(?:\.\d+)?|[一二两三四五六七八九十半])"
_WORD_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12, "fifteen": 15,
    "eighteen": 18, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100,
}  # fmt: skip
_EN = rf"(\d+(?:\.\d+)?|{'|'.join(sorted(_WORD_NUMBERS, key=len, reverse=True))})"
_HOTTER_IS_FAHRENHEIT = 90
_HIGHER_IS_MG_PER_DL = 34
_THREE_DIGITS = re.compile(r"\d{3}")
_ANY_NUMBER = re.compile(r"[\d一二两三四五六七八九十半]|\b(?:" + "|".join(_WORD_NUMBERS) + r")\b")

QUANTITIES = {
    "bp": "blood pressure, mmHg, upper/lower",
    "temperature": "body temperature, Celsius",
    "heart_rate": "beats a minute",
    "spo2": "oxygen saturation, per cent",
    "glucose": "blood sugar, mmol/L",
    "weeks": "weeks of pregnancy",
    "tablets": "number of tablets taken",
    "age_months": "age of a baby in months",
    "age_years": "age in years",
    "minutes": "how long it has lasted, minutes",
}
SIGNS = frozenset({"bp", "temperature", "heart_rate", "spo2", "glucose"})
_POSSIBLE = {
    "bp": (60, 320), "temperature": (30, 44), "heart_rate": (10, 320), "spo2": (30, 100),
    "glucose": (0.2, 60), "weeks": (1, 44), "tablets": (0.5, 1000), "age_months": (0, 36),
    "age_years": (0, 120), "minutes": (0.5, 6000),
}  # fmt: skip


class Quantity(NamedTuple):
    """A measurement as written: what, how much (a second value for pressure), and where."""

    name: str
    value: float
    second: float
    at: int


class _Pattern(NamedTuple):
    """How a quantity is written; `hints` are looked for first, because most messages have none."""

    name: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], float]


def arabic(text: str) -> str:
    """Write Chinese numerals of two or more signs as digits: 三十九度五 → 39度5, 一百八 → 180."""
    return _HALF_DEGREE.sub(_one_half, _NUMERAL.sub(_one_numeral, text))


def _one_half(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}{_DIGITS[found[3]]}"


def _one_numeral(found: re.Match[str]) -> str:
    whole, dot, fraction = found[0].partition("点")
    if "十" not in whole and "百" not in whole:
        return found[0]
    tail = "." + "".join(str(_DIGITS[char]) for char in fraction) if dot else ""
    hundreds, has_hundred, rest = whole.rpartition("百")
    total = (_DIGITS.get(hundreds[-1:], 1) * 100) if has_hundred else 0
    if "十" in rest:
        tens, _, ones = rest.partition("十")
        total += _DIGITS.get(tens[-1:], 1) * 10 + _DIGITS.get(ones[:1], 0)
    elif rest.startswith(("零", "〇")):
        total += _DIGITS.get(rest[1:2], 0)
    elif rest:
        total += _DIGITS[rest[0]] * 10
    return f"{total}{tail}"


def _number(text: str) -> float:
    if text in _WORD_NUMBERS:
        return float(_WORD_NUMBERS[text])
    if text in _DIGITS:
        return float(_DIGITS[text])
    return {"十": 10.0, "半": 0.5}.get(text) or float(text)


def _first(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group)


def _times(factor: float) -> Callable[[re.Match[str]], float]:
    return lambda found: _number(_first(found)) * factor


def _degrees(found: re.Match[str]) -> float:
    parts = [group for group in found.groups() if group]
    value = float(parts[0] + ("." + parts[1] if len(parts) > 1 else ""))
    return (value - 32) / 1.8 if value > _HOTTER_IS_FAHRENHEIT else value


def _sugar(found: re.Match[str]) -> float:
    level = float(found[1])
    return level / 18 if level >= _HIGHER_IS_MG_PER_DL else level


_PRESSURE = re.compile(
    r"(?:(?:高压|上压|收缩压)[^\d,。]{0,4}(\d{3})[^\d。]{0,6}(?:低压|下压|舒张压)[^\d,。]{0,4}(\d{2,3}))"
    r"|(?<![\d.])(\d{3}) ?(?:/|over|比|-|~|和|到|,) ?(\d{2,3})(?![\d.])"
    r"|(?:血压|高压|上压|收缩压|\bbp|blood pressure|systolic)[^\d,。;]{0,12}?(\d{3})"
    r"(?!\d| ?(?:/|over|比|-|~|和|到) ?\d)"
    r"|(?:低压|下压|舒张压|diastolic)[^\d,。;]{0,8}?(?P<low>\d{3})(?!\d)",
)
_DEGREES = r"(3[4-9]|4[0-3])(?:\.(\d{1,2}))?"
_NO_AGE = r"(?![\d.岁天个月周/年分斤度°℃])"
_PULSE = (
    r"(?:心率|心跳|脉搏|脉率|\bhr\b|heart ?rate|pulse|heart (?:is )?(?:beating|racing|pounding))"
)
_OXYGEN = r"(?:血氧|氧饱和|饱和度|spo2|sp02|\bsats?\b|\bo2\b|oxygen|pulse ?ox)"
_SUGAR = r"(?:血糖|糖(?!尿)|sugars?|glucose|\bbs\b|\bbg\b)(?:仪|值|level|levels)?"
_NOT_SUGAR = r"(?![\d岁年天粒片颗个型月周])"
_BABY_NEXT = r"(?:大|龄)?(?:的|,)?(?:小)?(?:宝|婴|娃|男|女|孩|bb|奶娃)"
_TO_BABY = r"(?=的?(?:宝|婴|新生|娃|小孩|孩子|大|女宝|男宝|小宝|bb)|了?[,。]?(?:宝|娃))"
_BABY = r"(?:宝宝|婴儿|娃娃?|bb|女宝|男宝|出生|新生儿|刚生|生下来|生后)"
_CHILD = r"(?:宝宝|婴儿|娃娃?|孩子|儿子|女儿|闺女|小孩|出生|bb|女宝|男宝|宝贝)"
_TABLET = r"(?:tablets?|tabs?|pills?|capsules?|caps|mg\b)"
_NOT_A_PILL = (
    r"(?!mg|mcg|ml|days?|hours?|hrs?|years?|weeks?|months?|minutes?|mins?"
    r"|grams?|times|tests?|class)"
)
_TOOK = r"\b(?:took|taken|swallowed|popped|ate|downed) (?:about |like |over |around |nearly )?"
_FEVER = r"(?:fever|temp|temperature|running a|has a|had a|with a)"


def _compiled(rows: str, name: str, read: Callable[[re.Match[str]], float]) -> Iterator[_Pattern]:
    """Compile lines of `hint hint :: pattern`."""
    for row in rows.strip().splitlines():
        hints, _, pattern = row.strip().partition(" :: ")
        yield _Pattern(name, tuple(hints.split()), re.compile(pattern), read)


_PATTERNS: tuple[_Pattern, ...] = (
    *_compiled(
        rf"""
        度 ° ℃ :: (?<![\d.]){_DEGREES}[多几]? ?(?:度|°|℃|摄氏)c?(\d)?
        体温 烧 热 :: (?:体温|烧到了?|烧|高热|发热)[^\d,。;]{{0,12}}?{_DEGREES}{_NO_AGE}
        fever temp :: (?:fever|temp|temperature)[^\d,;]{{0,12}}?{_DEGREES}(?!\d)
        9 10 :: {_FEVER}[^\d]{{0,14}}?(9[5-9]|10[0-8])(?:\.(\d))?(?!\d)
        9 10 :: (?<![\d.])(9[5-9]|10[0-8])(?:\.(\d))? ?(?:f\b|degrees?|°|fever|temp|rectal)
        3 4 :: (?<![\d.])(3[4-9]|4[0-3])(?:\.(\d))? ?(?:c\b|degrees)
        """,
        "temperature",
        _degrees,
    ),
    *_compiled(
        rf"""
        心率 心跳 脉 hr heart pulse :: {_PULSE}[^\d。;]{{0,16}}?(\d{{2,3}})(?![\d/岁年])
        下 跳 次 bpm beats :: (?<![\d.])(\d{{2,3}})[多几来]? ?(?:下|跳|bpm|beats|次/分|次每分)
        心 :: 心[^。;\d]{{0,14}}(?:量|测|数|到|达)(?:了|到)*(1[2-9]\d|2\d\d)(?!\d)
        """,
        "heart_rate",
        _times(1),
    ),
    *_compiled(
        rf"""
        血氧 饱和 sp sat o2 oxygen ox :: {_OXYGEN}[^\d。;]{{0,18}}?(\d{{2,3}})(?!\d)
        """,
        "spo2",
        _times(1),
    ),
    *_compiled(
        rf"""
        糖 sugar glucose bs bg :: {_SUGAR}[^\d。;]{{0,16}}?(\d{{1,3}}(?:\.\d)?){_NOT_SUGAR}
        """,
        "glucose",
        _sugar,
    ),
    *_compiled(
        rf"""
        孕 怀 胎 :: (?:孕|怀|妊娠|胎|宫内)[^\d,。;]{{0,6}}?{_HAN}\+?\d?多?个?(?:周|w|星期|礼拜)
        周 :: (?<![\d.第])(2\d|3\d|4[0-2])\+?\d?周(?![岁年])
        week wk :: {_EN}[ -]?(?:weeks?|wks?|w)(?: and \d days?)?[ -]?(?:preg|pg\b|along|gest)
        week wk :: \b(2\d|3\d|4[0-2]) ?(?:weeks|wks)\b(?! ago| old| later)
        preg gest :: (?:preg\w*|gestation\w*)[ ,]*(?:at |with |about |now )*{_EN} ?(?:weeks?|wks?)
        """,
        "weeks",
        _times(1),
    ),
    *_compiled(
        rf"""
        孕 怀 :: (?:孕|怀|妊娠)[^\d,。;]{{0,6}}?{_HAN}个?多?月
        孕 :: {_HAN}个?多?月(?:的)?(?:身孕|孕妇|大肚子|孕)
        month :: {_EN}[ -]?months?[ -]?(?:preg|along)
        """,
        "weeks",
        _times(4.35),
    ),
    *_compiled(
        rf"""
        片 粒 颗 丸 板 盒 瓶 :: {_HAN}[多几来]?(?:片|粒|颗|丸|板|盒|瓶)
        tab pill cap mg :: \b{_EN} (?:\w+ ){{0,3}}?{_TABLET}
        mg :: \b(\d+) ?x ?\d+ ?mg
        took taken swallowed popped ate downed :: {_TOOK}{_EN} {_NOT_A_PILL}[a-z]
        """,
        "tablets",
        _times(1),
    ),
    *_compiled(
        rf"""
        天 :: {_HAN}多?天{_TO_BABY}
        天 :: {_BABY}[^\d,。;岁上近]{{0,6}}?{_HAN}多?天(?![前没不未都也了])
        day :: \b{_EN}[ -]?(?:days?|d)[ -]?(?:old|o\b|baby|newborn|infant)
        """,
        "age_months",
        _times(1 / 30.4),
    ),
    *_compiled(
        rf"""
        月 :: {_CHILD}[^\d,。;岁]{{0,5}}?{_HAN}(?:个?多?月|个半月)(?![前没不未都也])
        月 :: (?<!怀孕)(?<!孕){_HAN}(?:个多?月|个半月|月龄|月){_BABY_NEXT}
        月 :: (?<!怀孕)(?<!孕){_HAN}(?:个?半?月|月龄)大
        month mo mth :: \b{_EN}[ -]?(?:months?|mos?|mths?|mth)[ -]?(?:old|o\b|baby|infant)
        """,
        "age_months",
        _times(1),
    ),
    *_compiled(
        rf"""
        week wk :: \b{_EN}[ -]?(?:weeks?|wks?|wk)[ -]?(?:old|o\b|baby|newborn|infant)
        """,
        "age_months",
        _times(7 / 30.4),
    ),
    *_compiled(
        rf"""
        岁 :: (?<![\d.])(\d{{1,3}})多?岁
        year yr y/o :: \b{_EN}[ -]?(?:years?|yrs?|yr|y)[ /-]?(?:old|o\b)
        yo :: \b(\d{{1,3}}) ?yo\b
        age :: \bage[d ]+(\d+)
        """,
        "age_years",
        _times(1),
    ),
    *_compiled(
        rf"""
        分钟 :: {_HAN}[多几来]?分钟
        min :: \b{_EN} ?(?:minutes?|mins?)\b
        """,
        "minutes",
        _times(1),
    ),
    *_compiled(
        rf"""
        小时 钟 :: {_HAN}[多几来]?个?(?:半)?(?:小时|钟头|钟点)
        hour hr :: \b{_EN} ?(?:hours?|hrs?)\b
        """,
        "minutes",
        _times(60),
    ),
)


def measure(text: str) -> Iterator[Quantity]:
    """Yield every measurement of a folded text (see `arabic`); impossible values are left out."""
    if not _ANY_NUMBER.search(text):
        return
    for found in _PRESSURE.finditer(text) if _THREE_DIGITS.search(text) else ():
        upper = float(found[1] or found[3] or found[5] or 0)
        lower = float(found[2] or found[4] or found["low"] or 0)
        low, high = _POSSIBLE["bp"]
        if low <= max(upper, lower) <= high and (not upper or upper > lower):
            yield Quantity("bp", upper, lower, found.start())
    for name, hints, pattern, read in _PATTERNS:
        for hint in hints:
            if hint in text:
                break
        else:
            continue
        low, high = _POSSIBLE[name]
        for found in pattern.finditer(text):
            value = read(found)
            if low <= value <= high:
                yield Quantity(name, value, 0, found.start())
