"""Making what is said fit a channel: several sayings into one message, one text into several.

The cuts are where a reader would pause: between paragraphs, between lines, after sentences, between
words, and anywhere only where nothing else is left. Nothing is lost but white space at the cuts.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.channels.base import Limits
from bot.message import Kind, Worded

Fits = Callable[[str], bool]

#: Where to cut, best first; a cut is at the end of what matches.
_PAUSES = (
    re.compile(r"\n[ \t]*\n\s*"),
    re.compile(r"\n\s*"),
    re.compile(r"""[。！？…]+[”’」』）)"']*|[.!?]+["')]*(?=\s)"""),
    re.compile(r"[，、；：]|[,;:](?=\s)|\s+"),
)
#: Never cut inside one, unless it alone is longer than a message.
_URL = re.compile(r"(?:https?://|www\.)[\x21-\x7e]+")
_JOINER = "\u200d"
_SKIN = range(0x1F3FB, 0x1F400)
_FLAG = range(0x1F1E6, 0x1F200)
_TAGS = range(0xE0020, 0xE0080)
#: A good pause is taken only where the part before it fills at least this much of a message.
_FILLED = 1 / 3


def split(worded: Worded, limits: Limits) -> list[Worded]:
    """Return `worded` as messages that each fit `limits`, in order.

    Buttons and template stay with the last. What goes as a template of the account is never cut: its
    text does not travel.
    """
    if worded.template is not None and worded.template.name in limits.templates:
        return [worded]
    parts = split_text(worded.text, lambda text: limits.measure(text) <= limits.text)
    return [
        *(
            replace(worded, text=part, buttons=(), template=None, discreet="")
            for part in parts[:-1]
        ),
        replace(worded, text=parts[-1]),
    ]


def join(said: Sequence[Worded], limits: Limits) -> list[Worded]:
    """Return all that one turn says as one message, where the channel wants it so.

    An emergency stays one; else the whole is what its last question is, or its last part. Sayings
    with more buttons than one message may have, or with templates, stay apart.
    """
    buttons = tuple(dict.fromkeys(button for worded in said for button in worded.buttons))
    apart = len(buttons) > limits.buttons or any(worded.template for worded in said)
    if not limits.join or len(said) < 2 or apart:  # noqa: PLR2004  (one needs no joining)
        return list(said)
    return [Worded("\n\n".join(worded.text for worded in said), _kind(said), buttons)]


def fitted(said: Sequence[Worded], limits: Limits) -> list[Worded]:
    """Return what is said at once as the messages in which `limits` carry it."""
    return [part for worded in join(said, limits) for part in split(worded, limits)]


def split_text(text: str, fits: Fits) -> list[str]:
    """Return `text` in parts that fit, at least one.

    Args:
        fits: says whether a text is short enough; whatever begins one that fits must fit too.
    """
    parts = []
    rest = text
    while not fits(rest):
        cut = _cut(rest, fits)
        if part := rest[:cut].rstrip():
            parts.append(part)
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest or not parts else parts


def _cut(text: str, fits: Fits) -> int:
    """Return where to cut `text`, which does not fit: the best pause in what does."""
    longest = bisect_right(range(1, len(text)), 0, key=lambda end: 0 if fits(text[:end]) else 1)
    longest = max(1, longest)  # where not even one character fits, it goes all the same
    whole = [match.span() for match in _URL.finditer(text)]
    for pause in _PAUSES:
        ends = (_end(match, longest) for match in pause.finditer(text, 0, longest + 1))
        usable = [end for end in ends if end >= longest * _FILLED and not _inside(end, whole)]
        if usable:
            return usable[-1]
    for spared in (whole, []):
        for end in range(longest, 0, -1):
            if not _inside(end, spared) and not _grows(text, end):
                return end
    return longest


def _end(pause: re.Match[str], longest: int) -> int:
    """Return where a pause ends, or 0 where it is too late; white space may stand over."""
    end = pause.end()
    if end <= longest:
        return end
    return longest if pause.string[longest:end].isspace() else 0


def _inside(cut: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < cut < end for start, end in spans)


def _grows(text: str, cut: int) -> bool:
    """Say whether what stands at `cut` belongs to the sign before it: one sign is not cut in two."""
    before, after = text[cut - 1], text[cut : cut + 1]
    if not after:
        return False
    joined = _JOINER in (before, after) or (before, after) == ("\r", "\n")
    mark = unicodedata.category(after) in ("Mn", "Me", "Mc")
    code = ord(after)
    return joined or mark or code in _SKIN or code in _TAGS or _half_flag(text, cut)


def _half_flag(text: str, cut: int) -> bool:
    """Say whether a cut parts the two letters of which a flag is made."""
    if ord(text[cut]) not in _FLAG:
        return False
    before = 0
    while before < cut and ord(text[cut - 1 - before]) in _FLAG:
        before += 1
    return before % 2 == 1


def _kind(said: Sequence[Worded]) -> Kind:
    kinds = [worded.kind for worded in said]
    for kind in (Kind.EMERGENCY, Kind.QUESTION):
        if kind in kinds:
            return kind
    return kinds[-1]
