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
_HAN_NUMBER = r"(\d+(?:\.\d+)?|[一二两三四五六七八九十半])"
_WORD_NUMBERS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split(),
    )
} | {"a": 1, "an": 1, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "dozen": 12}
_EN_NUMBER = rf"(\d+(?:\.\d+)?|{'|'.join(sorted(_WORD_NUMBERS, key=len, reverse=True))})"


class Quantity(NamedTuple):
    """A measurement as written: what, how much (a second value for pressure), and where."""

    name: str
    value: float
    second: float
    at: int


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


def _celsius(value: str, half: str = "") -> float:
    degrees = float(value) + (float(half) / 10 ** len(half) if half else 0)
    return (degrees - 32) / 1.8 if degrees > 90 else degrees  # noqa: PLR2004


def _sugar(value: str) -> float:
    level = float(value)
    return level / 18 if level >= 34 else level  # noqa: PLR2004


_Reader = Callable[[re.Match[str]], tuple[float, float]]


def _scaled(factor: float) -> _Reader:
    return lambda found: (_number(found[1]) * factor, 0)


_POSSIBLE = {
    "bp": (60, 320), "temperature": (30, 44), "heart_rate": (10, 320), "spo2": (30, 100),
    "glucose": (0.2, 60), "weeks": (1, 44), "tablets": (0.5, 1000), "age_months": (0, 36),
    "age_years": (0, 120), "minutes": (0.5, 6000),
}  # fmt: skip

_PRESSURE = re.compile(
    r"(?:(?:高压|上压|收缩压)[^\d,。]{0,4}(\d{3})[^\d。]{0,6}(?:低压|下压|舒张压)[^\d。]{0,4}(\d{2,3}))"
    r"|(?<![\d.])(\d{3}) ?(?:/|over|比|-|~|和|到|,) ?(\d{2,3})(?![\d.])"
    r"|(?:血压|高压|上压|收缩压|\bbp|blood pressure|systolic)[^\d,。;]{0,12}?(\d{3})(?!\d| ?(?:/|over|比|-|~|和|到) ?\d)"
    r"|(?:低压|下压|舒张压|diastolic)[^\d,。;]{0,8}?(?P<low>\d{3})(?!\d)",
)
_PATTERNS: tuple[tuple[str, re.Pattern[str], _Reader], ...] = (
    ("temperature", re.compile(
        r"(?<![\d.])(3[4-9]|4[0-3])(?:\.(\d{1,2}))?(?=多|几|左右|以上)?[多几]? ?(?:度|°|℃|摄氏)(?:c|C)?(\d)?"),
     lambda found: (_celsius(found[1], found[2] or found[3] or ""), 0)),
    ("temperature", re.compile(
        r"(?:体温|发烧|高烧|低烧|高热|发热|烧到了?|烧|fever|temp|temperature)[^\d,。;]{0,12}?"
        r"(3[5-9]|4[0-3])(?:[.·。](\d{1,2}))?(?![\d岁天个月周/年分斤])"),
     lambda found: (_celsius(found[1], found[2] or ""), 0)),
    ("temperature", re.compile(
        r"(?:fever|temp|temperature|running a|has a|had a|with a)[^\d]{0,14}?(9[5-9]|10[0-8])(?:\.(\d))?(?!\d)"
        r"|(?<![\d.])(9[5-9]|10[0-8])(?:\.(\d))? ?(?:f\b|degrees?|°|fever|temp|rectal)"),
     lambda found: (_celsius(found[1] or found[3], found[2] or found[4] or ""), 0)),
    ("temperature", re.compile(r"(?<![\d.])(3[4-9]|4[0-3])(?:\.(\d))? ?(?:c\b|degrees)"),
     lambda found: (_celsius(found[1], found[2] or ""), 0)),
    ("heart_rate", re.compile(
        r"(?:心率|心跳|脉搏|脉率|\bhr\b|heart ?rate|pulse|heart (?:is )?(?:beating|racing|going))"
        r"[^\d。;]{0,16}?(\d{2,3})(?![\d/岁年])"),
     _scaled(1)),
    ("heart_rate", re.compile(r"(?<![\d.])(\d{2,3})[多几来]? ?(?:下|跳|bpm|beats|次/分|次每分)"), _scaled(1)),
    ("heart_rate", re.compile(r"心[^。;\d]{0,14}(?:量|测|数|到|达)(?:了|到)*(1[2-9]\d|2\d\d)(?!\d)"), _scaled(1)),
    ("spo2", re.compile(
        r"(?:血氧|氧饱和|饱和度|spo2|sp02|\bsats?\b|o2|oxygen|\bpulse ?ox)[^\d。;]{0,18}?(\d{2,3})(?!\d)"),
     _scaled(1)),
    ("glucose", re.compile(
        r"(?:血糖|糖(?!尿)|sugars?|glucose|\bbs\b|\bbg\b|blood ?sugar)(?:仪|值|level|levels)?"
        r"[^\d。;]{0,16}?(\d{1,3}(?:\.\d)?)(?![\d岁年天粒片颗个型月周])"),
     lambda found: (_sugar(found[1]), 0)),
    ("weeks", re.compile(
        rf"(?:孕|怀|妊娠|胎|宫内)[^\d,。;]{{0,6}}?{_HAN_NUMBER}\+?\d?多?个?(?:周|w|星期|礼拜)"), _scaled(1)),
    ("weeks", re.compile(
        rf"(?:孕|怀|妊娠|有喜|身孕)[^\d,。;]{{0,6}}?{_HAN_NUMBER}个?多?(?:个)?月"), _scaled(4.35)),
    ("weeks", re.compile(rf"{_HAN_NUMBER}个?多?月(?:的)?(?:身孕|孕妇|大肚子|孕)"), _scaled(4.35)),
    ("weeks", re.compile(r"(?<![\d.第])(2\d|3\d|4[0-2])\+?\d?周(?![岁年])"), _scaled(1)),
    ("weeks", re.compile(rf"{_EN_NUMBER}[ -]?(?:weeks?|wks?|w)(?: and \d days?)?[ -]?(?:preg|pg\b|along|gest)"),
     _scaled(1)),
    ("weeks", re.compile(rf"(?:preg\w*|gestation\w*)[ ,]*(?:at |im |with |about |now )*{_EN_NUMBER} ?(?:weeks?|wks?|w\b)"),
     _scaled(1)),
    ("weeks", re.compile(rf"{_EN_NUMBER}[ -]?months?[ -]?(?:preg|along)"), _scaled(4.35)),
    ("tablets", re.compile(rf"{_HAN_NUMBER}[多几来]?(?:片|粒|颗|丸|板|盒|瓶)"), _scaled(1)),
    ("tablets", re.compile(
        rf"\b{_EN_NUMBER} (?:\w+ ){{0,3}}?(?:tablets?|tabs?|pills?|capsules?|caps|mg\b)"), _scaled(1)),
    ("tablets", re.compile(r"\b(\d+) ?x ?\d+ ?mg|(?<!\d)(\d+) (?:of (?:my|her|his|the) )"),
     lambda found: (_number(found[1] or found[2]), 0)),
    ("tablets", re.compile(
        rf"\b(?:took|taken|swallowed|popped|ate|downed) (?:about |like |over |around |nearly |at least )?{_EN_NUMBER} "
        r"(?!mg|mcg|ml|days?|hours?|years?|weeks?|months?|minutes?|grams?|doses? a)[a-z]"), _scaled(1)),
    ("age_months", re.compile(
        rf"{_HAN_NUMBER}多?天(?=的?(?:宝|婴|新生|娃|小孩|孩子|大|女宝|男宝|小宝|bb)|了?[,。]?(?:宝|娃))"), _scaled(1 / 30.4)),
    ("age_months", re.compile(
        rf"(?:出生|新生儿|宝宝|婴儿|娃娃?|bb|女宝|男宝|刚生|生下来|生后)[^\d,。;岁上近]{{0,6}}?{_HAN_NUMBER}多?天"
        r"(?![前没不未都也了])"),
     _scaled(1 / 30.4)),
    ("age_months", re.compile(
        rf"(?:宝宝|婴儿|娃娃?|孩子|儿子|女儿|闺女|小孩|出生|bb|女宝|男宝|宝贝)[^\d,。;岁]{{0,5}}?{_HAN_NUMBER}(?:个?多?月|个半月)"
        r"(?![前没不未都也])"),
     _scaled(1)),
    ("age_months", re.compile(
        rf"(?<!怀孕)(?<!孕){_HAN_NUMBER}(?:个多?月|个半月|月龄|月)(?:大|龄)?(?:的|,)?(?:小)?(?:宝|婴|娃|男|女|孩|bb|奶娃)"), _scaled(1)),
    ("age_months", re.compile(rf"(?<!怀孕)(?<!孕){_HAN_NUMBER}(?:个?半?月|月龄)大"), _scaled(1)),
    ("age_months", re.compile(
        rf"\b{_EN_NUMBER}[ -]?(?:days?|d)[ -]?(?:old|o\b|baby|newborn|infant)"), _scaled(1 / 30.4)),
    ("age_months", re.compile(
        rf"\b{_EN_NUMBER}[ -]?(?:weeks?|wks?|wk)[ -]?(?:old|o\b|baby|newborn|infant)"), _scaled(7 / 30.4)),
    ("age_months", re.compile(
        rf"\b{_EN_NUMBER}[ -]?(?:months?|mos?|mths?|mth)[ -]?(?:old|o\b|baby|infant)"), _scaled(1)),
    ("age_years", re.compile(r"(?<![\d.])(\d{1,3})多?岁"), _scaled(1)),
    ("age_years", re.compile(rf"\b{_EN_NUMBER}[ -]?(?:years?|yrs?|yr|y)[ /-]?(?:old|o\b)|\bage[d ]+(\d+)"),
     lambda found: (_number(found[1] or found[2]), 0)),
    ("minutes", re.compile(rf"{_HAN_NUMBER}[多几来]?分钟"), _scaled(1)),
    ("minutes", re.compile(rf"{_HAN_NUMBER}[多几来]?个?(?:半)?(?:小时|钟头|钟点)"), _scaled(60)),
    ("minutes", re.compile(rf"\b{_EN_NUMBER} ?(?:minutes?|mins?)\b"), _scaled(1)),
    ("minutes", re.compile(rf"\b{_EN_NUMBER} ?(?:hours?|hrs?)\b"), _scaled(60)),
)  # fmt: skip


def measure(text: str) -> Iterator[Quantity]:
    """Yield every measurement of a folded text (see `arabic`); impossible values are left out."""
    for found in _PRESSURE.finditer(text):
        upper = float(found[1] or found[3] or found[5] or 0)
        lower = float(found[2] or found[4] or found["low"] or 0)
        low, high = _POSSIBLE["bp"]
        if low <= max(upper, lower) <= high and (not upper or upper > lower):
            yield Quantity("bp", upper, lower, found.start())
    for name, pattern, reader in _PATTERNS:
        low, high = _POSSIBLE[name]
        for found in pattern.finditer(text):
            value, second = reader(found)
            if low <= value <= high:
                yield Quantity(name, value, second, found.start())
