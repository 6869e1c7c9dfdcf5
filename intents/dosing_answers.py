"""Read what patients answer about a dose: how long to wait, why it is left out, what was taken; pure."""

import re
from dataclasses import dataclass

from intents.dosing_rule import count
from intents.dosing_words import is_drug, words_in
from intents.normalize import normalize

_LONGEST = 200
_N = r"(\d{1,3}|[一二两三四五六七八九十]{1,3}|an?|one|two|five|ten|fifteen|twenty|thirty|half an?)"
_MINUTES = re.compile(
    r"(?P<half>半个?(?:小时|钟头)|half an hour)|(?P<quarter>一刻钟|quarter of an hour)"
    rf"|{_N} ?(?P<unit>分钟?|小时|钟头|个小时|个钟头?|min(?:ute)?s?\b|m\b|hours?\b|hrs?\b)"
)
_LATER = re.compile(
    r"(?:过|等|再等|晚|迟)[^,。;]{0,6}(?:再|才|提醒|说|吃|叫)|[后]再?(?:提醒|叫|说|吃)"
    r"|等(?:一?会儿?|一?下|会)|待会儿?"
    r"|一会儿?再?|稍后|晚一?点|迟点|过会儿?|回头再"
    r"|\b(?:snooze|later|in (?:a bit|a while|a minute|a few|\d+|half|ten|twenty|an? hour)"
    r"|remind me again|not (?:yet|now))\b"
)
_HOUR = 60
_NUMBERS = {"a": 1, "an": 1, "fifteen": 15, "twenty": 20, "thirty": 30}
#: Why a dose is left out, in this order; all else is kept in her own words.
REASONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "doctor",
        re.compile(
            r"(?:医生|大夫|主任|药师|医院)[^,。;]{0,8}(?:停|不用|不要|换|说不|叫|让)|遵医嘱停"
            r"|换药了|\b(?:doctor|dr|pharmacist"
            r"|hospital)\b[^.;]{0,24}\b(?:stop|told|said|not|chang\w+)"
        ),
    ),
    (
        "finished",
        re.compile(
            r"(?:药)?(?:吃|用|喝|打)(?:完|光|没)了|没药了|药没了|断药|药都吃了|疗程(?:完|结束"
            r"|到)了|\b(?:ran out|run out"
            r"|out of|no (?:more )?(?:pills|tablets|medicine|meds)|finished|none left|used up)\b"
        ),
    ),
    (
        "unwell",
        re.compile(
            r"不舒服|难受|恶心|想?吐|头[晕疼痛昏]|疼|痛|拉肚子|腹泻|过敏|起疹|皮疹|痒|胃|心慌"
            r"|副作用|反应|没力气|乏力|咳|烧|睡不|\b(?:sick"
            r"|unwell|dizzy|nause\w*|vomit\w*|rash|pain|hurts?|side effects?"
            r"|headache|ill|stomach|diarrh\w*|itch\w*|feel(?:ing)? (?:bad|awful|terrible|unwell"
            r"|weak)|tired)\b"
        ),
    ),
    (
        "forgot",
        re.compile(
            r"忘(?:了|记)?带?|没带|不在身边|在外面|出门|出差|没拿|药在家|\b(?:forgot|left (?:it|them)"
            r"|don'?t have (?:it|them)|not with me|away from home|travell?ing)\b"
        ),
    ),
)
_TOOK = re.compile(
    r"(?:吃|服|喝|用|打|含|喷|吸|贴|滴)(?:了|过)|\b(?:took|taken|had|used|have taken|just had"
    r"|swallowed|injected)\b"
)
#: Done with other things, too: without the name of a medicine they say nothing.
_OTHER_VERBS = re.compile(r"[打用贴]了|\b(?:had|used|swallowed|injected)\b")
_NO_LOG = re.compile(
    r"[?吗么]|痒|晕|吐|疹|肿|虚|慌|点滴|疫苗|怎|咋|没(?:吃|服)|不(?:吃|服)|忘|漏|多吃|吃多|吃错|误[吃服]|过量|几次"
    r"|多少|还是|但|后(?:来|就|头|不|很|恶|过|胃)|以后"
    r"|难受|不舒服|疼(?!药)|能|可以|要|该|医生|如果|昨|前天|上周|以前|一直|没[有用效]"
    r"|\b(?:how|what|should|can|if|forgot|missed"
    r"|didn'?t|not|too (?:many|much)|overdose|but"
    r"|and (?:now|feel)|still|when|yesterday|used to|always|wrong|twice|double)\b"
)
_LAST = re.compile(
    r"(?:上[一]?次|上回|最后一次|最近一次|前一次)[^,。;]{0,8}(?:什么时候|啥时候|几点"
    r"|何时|哪天)[^,。;]{0,6}(?:吃|服|用|打|喝"
    r"|喷)|(?:上[一]?次|上回|最后一次|最近一次)(?:吃|服|用|打"
    r"|喝)[^,。;]{0,12}(?:什么时候|啥时候|几点|何时|哪天)"
    r"|(?:什么时候|几点|啥时候)(?:吃|服)过?的?(?:上[一]?次|上回)|^(?:上次|上回)(?:服用"
    r"|服药|吃药|用药)(?:时间|记录)?\W*$"
    r"|(?:我的)?(?:服药|吃药|用药)记录"
    r"|\bwhen (?:did i|was the last time i|have i)[^.;]{0,12}\b(?:last )?(?:take|took|have"
    r"|taken|had|use)\b|\blast time i (?:took|had|used)\b|\bwhen was my last (?:dose|pill"
    r"|tablet|painkiller)\b"
)
#: From what hour to what hour, where she says which of the day's doses she took.
_PARTS = (
    (re.compile(r"早|上午|\bmorning\b"), range(4, 12)),
    (re.compile(r"中午|\bnoon\b|\blunch"), range(10, 15)),
    (re.compile(r"下午|\bafternoon\b"), range(12, 19)),
    (re.compile(r"晚|夜|睡前|\b(?:evening|night|tonight)\b"), range(16, 24)),
)


@dataclass(frozen=True, slots=True)
class Logged:
    """Somebody says that she took something now, beside any plan.

    Attributes:
        medicine, dose: as she said them.
    """

    medicine: str
    dose: str


def snooze_in(text: str) -> int | None:
    """Return the minutes after which `text` wants to be reminded again; 0 where it names none.

    None where it does not want to be.
    """
    plain = normalize(text[:_LONGEST])
    length = _MINUTES.search(plain)
    if not _LATER.search(plain) and length is None:
        return None
    if length is None:
        return 0
    if length["half"]:
        return _HOUR // 2
    if length["quarter"]:
        return _HOUR // 4
    said = length[3]
    minutes = _HOUR // 2 if said.startswith("half") else _NUMBERS.get(said) or count(said)
    return minutes * (_HOUR if length["unit"][0] not in "分m" else 1)


def is_of_hour(text: str, hour: int) -> bool:
    """Say whether `text` may speak of the dose of an hour: "早上吃了" is not of the evening's."""
    plain = normalize(text[:_LONGEST])
    named = [hours for form, hours in _PARTS if form.search(plain)]
    return not named or any(hour in hours for hours in named)


def reason_in(text: str) -> str:
    """Return why somebody leaves a dose out: doctor, finished, unwell, forgot, or other."""
    plain = normalize(text[:_LONGEST])
    return next((name for name, form in REASONS if form.search(plain)), "other")


def log_in(text: str) -> Logged | None:
    """Return what somebody says that she just took; None for questions, doubts and stories.

    "吃了" alone answers a reminder and is not this.
    """
    plain = normalize(text[:_LONGEST])
    if not _TOOK.search(plain) or _NO_LOG.search(plain):
        return None
    words = words_in(_TOOK.sub("吃" if not plain.isascii() else "take", plain, count=1))
    named = bool(words.medicine) and is_drug(words.medicine)
    counted = bool(words.dose) and not _OTHER_VERBS.search(plain)
    return Logged(words.medicine if named else "", words.dose) if named or counted else None


def asks_last(text: str) -> bool:
    """Say whether `text` asks when something was last taken, which is looked up, never advised on."""
    return _LAST.search(normalize(text[:_LONGEST])) is not None
