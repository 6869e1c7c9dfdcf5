"""One spelling for the many ways people type the same words.

Everything that compares texts (`match`, `entities`, red flags) compares normalised ones. Line
breaks become spaces; `、` and `。` stay, so that clauses and lists can still be told apart.
"""

import re
import unicodedata
from functools import cache
from typing import Protocol, cast

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]",
)
_QUOTES = str.maketrans("‘’‚‛“”„‟`´«»–—―−‐‑‒", "''''\"\"\"\"''\"\"-------")
_REPEATED = re.compile(r"([^\w\s])\1+")
_SPACE = re.compile(r"\s+")
_PLAIN = re.compile(r"[a-z0-9 ?,.!']*")
_CJK = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_MAX_PASSES = 6

_FILLERS_ANYWHERE = re.compile(
    r"请问(?:一下|下)?|(?:我就?|就)?(?:想|要|来)(?:请?问|咨询|请教|了解|打听)(?:一?下|问)?"
    r"|(?<!\w)(?:问|咨询|请教|打听)(?:一下|下)|打扰(?:一下|下|了)|不好意思"
    r"|麻烦(?:你|您)?(?:们)?(?:帮?我?(?:看|查|问)(?:一?下))?|劳驾"
    r"|\b(?:please|pls|plz|kindly|excuse me|may i ask|just wondering"
    r"|i(?: am|'m| was) (?:just )?wondering|i have a question"
    r"|(?:can|could|would|will) (?:you|u|someone|anyone) (?:please )?"
    r"(?:tell me|let me know|inform me)"
    r"|i(?: would|'d)? (?:like|want|wanna|need) to (?:know|ask)(?: you)?)\b",
)
_FILLERS_FIRST = re.compile(
    r"^[\s,.!?。、~:;]*(?:(?:你好|您好|你们好|哈喽|哈罗|嗨|喂|在吗|在么|那个|嗯+|额+|哦|噢)(?:啊|呀|哈|哦)?"
    r"(?=[\s,.!?。、~:;]|\S)|(?:hi|hello|hey|dear|um+|uh+|ok so|so|well)\b(?: there\b| all\b)?)",
)
_FILLERS_LAST = re.compile(
    r"(?:(?<![网酒贴氧水])吧|[呢啊呀哦哈嘛啦哟呐咧哒]|谢谢(?:您|你|了|啦)*|多谢"
    r"|\b(?:thanks|thank you|thx|cheers)(?: a lot| so much| in advance)?)+(?=[\s,.!?。、~:;]*$)",
)
_FILLERS_MIDDLE = re.compile(r"[呢啊呀哦哈嘛啦哟呐](?=[\s,.!?。;])")
_STRAY_EDGE = re.compile(r"^[\s,.!?。、~:;]+|[\s,。、~:;]+$")
_STRAY_RUN = re.compile(r"([,、;:])[\s,、;:]+")


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _to_simplified() -> _Converter:
    """Load OpenCC at the first Chinese text, not at import: it costs some 40 ms."""
    import opencc  # noqa: PLC0415

    return cast("_Converter", opencc.OpenCC("t2s"))


@cache
def _to_traditional() -> _Converter:
    import opencc  # noqa: PLC0415

    return cast("_Converter", opencc.OpenCC("s2t"))


def simplify(text: str) -> str:
    """Write traditional characters as simplified ones; other text is unchanged."""
    return _to_simplified().convert(text) if _CJK.search(text) else text


def is_traditional(text: str) -> bool:
    """Tell whether the text holds characters that only traditional writing uses."""
    clean = _INVISIBLE.sub("", text)
    return simplify(clean) != clean


def is_chinese(text: str) -> bool:
    """Tell whether the text is Chinese characters and nothing else."""
    return bool(text) and all(map(_CJK.match, text))


def is_simplified(text: str) -> bool:
    """Tell whether the text holds characters that traditional writing spells otherwise."""
    clean = _INVISIBLE.sub("", text)
    return bool(_CJK.search(clean)) and _to_traditional().convert(clean) != clean


def normalize(text: str) -> str:
    """Give the text's one spelling: width, script, case, invisible characters, repeats, spaces.

    Doing it twice changes nothing. Never raises, whatever the text holds.
    """
    text = _INVISIBLE.sub("", text)
    for _ in range(_MAX_PASSES):
        before, text = text, _one_pass(text)
        if text == before:
            break
    return text


def _one_pass(text: str) -> str:
    if not _PLAIN.fullmatch(text):
        text = unicodedata.normalize("NFKC", text).casefold()
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_QUOTES)
        text = simplify(text)
    return _SPACE.sub(" ", _REPEATED.sub(r"\1", text)).strip()


def strip_fillers(text: str) -> str:
    """Drop greetings, courtesy and particles from a normalised text, never a word of substance.

    A text made of fillers only is returned as it is. Doing it twice changes nothing.
    """
    rest = text
    while True:
        before = rest
        rest = _FILLERS_ANYWHERE.sub(" ", rest)
        rest = _FILLERS_FIRST.sub(" ", rest)
        rest = _FILLERS_LAST.sub("", rest)
        rest = _FILLERS_MIDDLE.sub("", rest)
        rest = _STRAY_RUN.sub(r"\1 ", rest)
        rest = _SPACE.sub(" ", _STRAY_EDGE.sub("", rest)).strip()
        if rest == before:
            break
    return rest if re.search(r"\w", rest) else text
