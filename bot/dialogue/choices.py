"""Whole messages that are an answer by themselves (pure).

A choice by number, however it was typed: 1, １, ①, 一, 第一个, "no. 1", "the first". In "1个月" and
"two days" a number says something else. And words that drop, or go on with, what is under way.
"""

import re
import unicodedata

from intents.normalize import strip_fillers

_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_SHORT = ("1st", "2nd", "3rd", *(f"{n}th" for n in range(4, 10)))
_NUMBERS = (
    {str(n): n for n in range(10)}
    | {word: n for n, word in enumerate("零一二三四五六七八九十")}
    | {word: n for n, word in enumerate("〇壹贰叁肆伍陆柒捌玖拾")}
    | {"两": 2, "俩": 2, "参": 3}
    | {word: n for words in (_CARDINALS, _ORDINALS, _SHORT) for n, word in enumerate(words, 1)}
)
_CHINESE = re.compile(
    r"(?:(?:我|就|请)*(?:要|选择?|回复?|按|是)|就|option|number)?\s*[第头]?\s*"
    rf"([0-9{''.join(word for word in _NUMBERS if len(word) == 1 and not word.isascii())}])"
    r"\s*(?:个|号|项|条|种)?(?:选项)?"
)
_ENGLISH = re.compile(
    r"(?:i(?:'ll| will)? (?:choose|pick|take|want) |reply |press |choose |pick )?(?:the )?"
    r"(?:(?:option|number|choice|answer|no|nr|#)[.:]?\s*)?"
    rf"([0-9]|{'|'.join((*_CARDINALS, *_ORDINALS, *_SHORT))})(?: one| option| choice)?"
)
#: What may stand around a number: 1. 1、 (1) [1] "1" and the square of a keycap emoji.
_AROUND = " ,.!?~。、…;:()[]{}【】「」《》<>\"'*_\u20e3"
_LONGEST = 40
_EDGES = " ,.!~。、…;:"
_DROPS = re.compile(
    r"(?:我|那|还是|先|就)*(?:不|别|不用|不想)(?:约|挂|看|预约|挂号|要)(?:号|病|这个)?了(?:吧)?"
    r"|(?:never ?mind|forget (?:it|about it)|don't book(?: it| anything)?|do not book(?: it)?"
    r"|i don't want (?:it|this|to book)(?: any ?more)?)"
)
_GOES_ON = re.compile(
    r"(?:那|请|我们?|咱们?)*(?:继续|接着)(?:办|来|说|刚才的)?(?:吧|啊)?"
    r"|(?:please )?(?:continue|go on|carry on|keep going)(?: please)?"
)


def drops(plain: str) -> bool:
    """Say whether a whole normalised message drops a visit that is not booked yet: "先不约了"."""
    return len(plain) <= _LONGEST and _DROPS.fullmatch(plain.strip(_EDGES)) is not None


def goes_on(plain: str) -> bool:
    """Say whether a whole normalised message goes on with what is under way: "继续"."""
    return len(plain) <= _LONGEST and _GOES_ON.fullmatch(plain.strip(_EDGES)) is not None


def choice(plain: str) -> int | None:
    """Return the number that a whole normalised message chooses, 0 to 10, or None."""
    if len(plain) > _LONGEST:
        return None
    for written in (plain, strip_fillers(plain)):
        number = _number(written.strip(_AROUND))
        if number is not None:
            return number
    return None


def _number(written: str) -> int | None:
    found = _CHINESE.fullmatch(written) or _ENGLISH.fullmatch(written)
    if found is not None:
        return _NUMBERS[found[1]]
    if len(written) == 1 and not written.isascii():
        return unicodedata.digit(written, None)  # ❶ ➀ ⓵ ١
    return None
