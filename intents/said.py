"""Ways of saying something, as staff write them: `[我][已经/刚]吃[过]了`.

`[a/b]` may be left out, `[a/b]*` be said several times, of `(a/b)` one is said, `…` are a few words.
`{span}` is a length of time, `{days}` one of days, `{clock}` a time of day; other names in braces are
given by whoever compiles it.
"""

import re
from collections.abc import Iterable, Mapping

from intents.normalize import normalize

_NUMBER = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3}|半)"
_SPAN_ZH = rf"{_NUMBER}(?:分钟?|个?(?:半)?(?:小时|钟头|钟)|刻钟)"
_SPAN_EN = (
    r"(?:(?:\d{1,3}|a|an|one|two|three|five|ten|fifteen|twenty|thirty|half an) ?"
    r"(?:minutes?|mins?|hours?|hrs?))"
)
_CLOCK = (
    r"(?:(?:早上|早晨|上午|中午|下午|傍晚|晚上|夜里)?(?:\d{1,2}|[一二两三四五六七八九十]{1,3})"
    r"(?:[点:：](?:半|\d{1,2}分?|[一二三四五]?十[一二三四五六七八九]?分?)?)(?:钟|整)?"
    r"|(?:上午|下午|早上|晚上|中午)|\b\d{1,2}(?::\d\d)? ?(?:am|pm|o'clock)?\b"
    r"|\b(?:mornings?|afternoons?|evenings?|noon)\b)"
)
_DAYS = (
    rf"(?:{_NUMBER}(?:天|日|周|个?星期|个?礼拜|个?月)"
    r"|(?:\d{1,3}|an?|one|two|three|four|five|six|seven|ten) (?:days?|weeks?|months?))"
)
#: What stands for names that every pattern may use.
PLACES: Mapping[str, str] = {"span": f"(?:{_SPAN_ZH}|{_SPAN_EN})", "clock": _CLOCK, "days": _DAYS}
_KNOWN = frozenset({*PLACES, "about", "place"})
_TOKEN = re.compile(r"\[([^\[\]()]*)\](\*?)|\(([^\[\]()]*)\)|\{([a-z]+)\}|(…)|([^\[\](){}…]+)")
_MOST_IN_A_ROW = 4
_ANY = r"[^?,.;!。]{0,24}?"
#: What may end a Chinese sentence and changes nothing.
_PARTICLES = r"[啦呀啊哦呢哈喽咯嘞哟噢哒~]*"
_ASCII = re.compile(r"[a-z0-9]")
_COUNTS = {
    "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "a": 1,
    "an": 1, "one": 1, "two": 2, "three": 3, "five": 5, "ten": 10, "fifteen": 15, "twenty": 20,
    "thirty": 30,
}  # fmt: skip
_HALF_HOUR = re.compile(r"半个?(?:小时|钟头|钟)|half an hour|half hour")
_LENGTH = re.compile(
    r"(\d{1,3}|[一二两三四五六七八九十]{1,3}|\b(?:an?|one|two|three|five|ten|fifteen|twenty|thirty)\b) ?"
    r"(?:个(半)?)?(小时|钟头|刻钟|分|minutes?|mins?|hours?|hrs?)"
)


def source(written: str, names: Mapping[str, str]) -> str:
    """Return one way of saying something as a regular expression. Ask `problem` of it first.

    Args:
        written: as staff write it.
        names: what names in braces stand for, as regular expressions.
    """
    known = {**PLACES, **names}
    return r"\s*".join(_part(token, known) for token in _TOKEN.finditer(written))


def problem(written: object) -> str | None:
    """Say what is wrong with a way of saying something; None where nothing is."""
    if not isinstance(written, str) or not written.strip():
        return "a way of saying something must be a text that is not empty."
    tokens = list(_TOKEN.finditer(written))
    if "".join(token[0] for token in tokens) != written:
        return f"{written!r}: brackets must be closed, and never stand in one another."
    unknown = {token[4] for token in tokens if token[4]} - _KNOWN
    if unknown:
        return (
            f"{written!r}: {{{min(unknown)}}} is not known; known are {', '.join(sorted(_KNOWN))}."
        )
    if not any(token[3] or token[4] or token[6] for token in tokens):
        return f"{written!r}: something of it must always be said."
    return None


def whole(written: Iterable[str], names: Mapping[str, str]) -> re.Pattern[str]:
    """Return what matches a whole text that is one of these, with particles at its end."""
    said = "|".join(source(one, names) for one in written)
    return re.compile(rf"\s*(?:{said})\s*{_PARTICLES}" if said else r"(?!)")


def one_of(
    ways: Mapping[str, Iterable[str]],
    names: Mapping[str, str],
    around: tuple[Iterable[str], Iterable[str]],
) -> re.Pattern[str]:
    """Return what matches a whole text that says one of several things; its last group names which.

    Args:
        ways: how each is said, the first that fits counts.
        around: what may stand before it, and after it.
    """
    before, after = (_repeated(words, names) for words in around)
    said = "|".join(
        f"(?P<{name}>{'|'.join(source(one, names) for one in written)})"
        for name, written in ways.items()
    )
    return re.compile(rf"{before}(?:{said or '(?!)'})\s*{_PARTICLES}{after}")


def _repeated(words: Iterable[str], names: Mapping[str, str]) -> str:
    found = "|".join(source(one, names) for one in words)
    return rf"\s*(?:(?:{found})\s*{_PARTICLES}){{0,3}}?\s*" if found else r"\s*"


def any_of(words: Iterable[str]) -> str:
    """Return an alternative of words, the longest first; Latin ones as whole words only."""
    found = sorted({normalize(word) for word in words}, key=lambda word: (-len(word), word))
    return "|".join(map(_word, found)) if found else r"(?!)"


def minutes_in(plain: str) -> int | None:
    """Return the length of time that a normalised text names, in minutes."""
    if _HALF_HOUR.search(plain) and not re.search(r"个半", plain):
        return 30
    found = _LENGTH.search(plain)
    if found is None:
        return None
    unit = 60 if found[3][0] in "小钟h" else (15 if found[3][0] == "刻" else 1)
    return _count(found[1]) * unit + (30 if found[2] else 0)


def _count(written: str) -> int:
    if written.isdigit():
        return int(written)
    if "十" in written:
        tens, _, ones = written.partition("十")
        return (_COUNTS.get(tens, 1) if tens else 1) * 10 + _COUNTS.get(ones, 0)
    return _COUNTS.get(written, 0)


def _part(token: re.Match[str], names: Mapping[str, str]) -> str:
    optional, many, one_of, name, anything, text = token.groups()
    if anything:
        return _ANY
    if name:
        return f"(?:{names[name]})"
    if text is not None:
        return r"\s*".join(map(_word, text.split())) or ""
    words = "|".join(
        r"\s*".join(map(_word, one.split())) for one in (optional or one_of or "").split("/")
    )
    if optional is None:
        return f"(?:{words})"
    return rf"(?:(?:{words})\s*){{0,{_MOST_IN_A_ROW}}}" if many else f"(?:{words})?"


def _word(word: str) -> str:
    """Return a word as a regular expression; Latin ones end where words end."""
    word = normalize(word)
    escaped = re.escape(word)
    first = "(?<![a-z0-9])" if _ASCII.match(word) else ""
    last = "(?![a-z0-9])" if word and _ASCII.match(word[-1]) else ""
    return f"{first}{escaped}{last}"
