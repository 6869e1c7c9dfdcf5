"""Which language a message is written in, and whether in traditional characters.

A small judge for two languages: it weighs Chinese characters against Latin words, so that
"CT多少钱" is Chinese and "price of 阿莫西林" is English. What carries no language gives None.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from intents.normalize import is_traditional, normalize

Lang: TypeAlias = Literal["zh-CN", "en"]

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HAN_GRAMMAR = re.compile(
    "[的了吗么呢吧是在有要我你您他她们这那哪什怎多少几个和跟给把被不没能会可就也都还]",
)
_OTHER_SCRIPT = re.compile("[\u0400-\u05ff\u0600-\u0e7f\u1100-\u11ff\u3040-\u30ff\uac00-\ud7af]")
_WORD = re.compile(r"(?<![a-z0-9@#])[a-z]+(?:'[a-z]+)*(?![a-z0-9@])")
_GRAMMAR = re.compile(
    "a|an|the|is|are|am|was|were|be|do|does|did|can|could|will|would|should|have|has|had"
    "|i|you|he|she|it|we|they|my|your|his|her|our|their|me|him|us|them"
    "|of|to|in|on|at|for|from|with|without|and|or|but|not|no|yes|if|about|after|before"
    "|when|where|what|who|whom|which|why|how|this|that|there|here"
    "|please|help|stop|want|need|know|tell|today|tomorrow",
)
_NEUTRAL = re.compile(
    "ok|okay|k|hi|bye|app|vip|wifi|sms|qq|id|https?|www|com|cn|ct|mri?|pet|ecg|ekg|eeg|hpv|hiv|icu"
    "|er|dna|rna|pcr|x|b|a|c|d|u|mg|ml|kg|g|cm|mm|iu|bp|hr|am|pm|covid",
)


@dataclass(frozen=True, slots=True)
class Detected:
    """A message's language, or None if it does not tell; `traditional` only with Chinese."""

    lang: Lang | None
    traditional: bool


def detect(text: str) -> Detected:
    """Tell a message's language. Never raises; numbers, names of tests and emoji tell nothing."""
    words = normalize(text)
    han = len(_HAN.findall(words))
    if len(_OTHER_SCRIPT.findall(words)) > han // 4:
        return Detected(None, traditional=False)
    latin = _WORD.findall(words)
    if not han:
        telling = not all(_NEUTRAL.fullmatch(word) for word in latin)
        return Detected("en" if telling else None, traditional=False)
    chinese = 0.5 * han + len(_HAN_GRAMMAR.findall(words))
    english = sum(not _NEUTRAL.fullmatch(word) for word in latin)
    english += sum(bool(_GRAMMAR.fullmatch(word)) for word in latin)
    if english > chinese:
        return Detected("en", traditional=False)
    return Detected("zh-CN", traditional=is_traditional(text))
