"""What a patient's words say about the visit she wants, and which of the free places to show; pure.

Only what is said for certain counts: a name that is refused ("不是心内科") is none, and whole messages
alone agree or decline (I6).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time
from zoneinfo import ZoneInfo

from bot.appointments.model import FreeSlot
from bot.dialogue.choices import drops
from intents.names import Found, Vocabulary
from intents.normalize import normalize

#: So many places are shown at once: with what else may be chosen they are five.
MOST_SHOWN = 4

_REFUSED = re.compile(
    r"(?:不是|不要|不想[要看挂约]*|不看|不挂|不约|别[挂看约要]?|除了|而不是|换掉"
    r"|\bnot|\bno|\bdon't want|\bdo not want|\binstead of|\brather than|\bexcept)"
    r"\s*(?:the |with |in |dr\.? |去)?\s*$"
)
#: A name after these is the patient's own, whoever else is called so: "我叫李明远", "my name is Li Hua".
_INTRODUCED = re.compile(
    r"(?:我叫|我是|我姓|名叫|名字[叫是]?|姓名|就诊人[叫是]?|患者[叫是]?|病人[叫是]?|本人"
    r"|\bi'?m|\bi am|\bcalled|\b(?:my|the patient'?s?|patient) ?name(?:'s| is)?|\bpatient)[\s:,，：]*$"
)
_TIERS = (
    ("special", r"特需|国际门诊|\bvip\b|\bspecial[- ](?:clinic|need)|\bpremium"),
    ("expert", r"专家|主任(?:医师)?(?:的)?号|教授|\bexpert|\bsenior doctor|\bconsultant"),
    (
        "general",
        r"普通(?:号|门诊|的)|\bgeneral (?:clinic|visit|doctor)|\bordinary|\bregular clinic",
    ),
)
_CHEAPER = re.compile(
    r"便宜|省钱|省点|太贵|(?:有点|挺|好)贵|贵了|低一?点的?价|价格?低"
    r"|\bcheap|\bless expensive|\btoo expensive|\blower fee|\bcosts? less"
)
_OTHER = {
    "doctor": re.compile(
        r"(?:换|改)(?:一|个|位|名|成|到|下|别的|其他|其它|另外)*(?:医生|大夫|专家|主任|人看)"
        r"|(?:别的|其他|其它|另外的?|另一[个位])(?:医生|大夫|专家|主任)"
        r"|\b(?:another|different|other) (?:doctors?|physicians?|experts?)|\bchange (?:the )?doctor"
    ),
    "department": re.compile(
        r"(?:换|改)(?:一|个|下|别的|其他|其它)*科|(?:别的|其他|其它)科"
        r"|\b(?:another|different) department"
        r"|\bchange (?:the )?department"
    ),
    "person": re.compile(
        r"(?:换|改)(?:一|个|下|成|别的|其他|其它)*(?:就诊人|病人|患者|人(?!看))"
        r"|不是给?我(?:自己|本人)?(?:看|挂|约|的|[\s,.!。]*$)"
        r"|\b(?:another|different) (?:person|patient)|\b(?:for )?somebody else|\bsomeone else"
        r"|\bnot for me"
    ),
    "time": re.compile(
        r"(?:换|改)(?:一|个|下|别的|其他|其它|另外)*(?:时间|时段|日子|天|点儿?|号源?)"
        r"|(?:别的|其他|其它|另外的?)(?:时间|时段|日子|天)"
        r"|\b(?:another|different|other) (?:times?|days?|dates?|slots?)|\breschedule"
        r"|\bchange (?:the )?(?:time|day|date)"
    ),
}  # fmt: skip
_MORE = re.compile(
    r"更多|还有(?:没有)?(?:别的|其他|其它|吗|没)|下一页|往后|(?:再|更)?晚一?(?:点|些)|\bmore\b|\blater\b"
    r"|\banything else\b|\bnext page\b"
)
_EARLIER = re.compile(
    r"(?:再|更)?早一?(?:点|些)|往前|最早|最快|最近的|\bearl(?:y|ier|iest)\b|\bsooner\b|\bsoonest\b"
)
_YES_ZH = r"(?:好|行|对|是|嗯|可以|没错|确认|确定|没问题|同意|ok)(?:的|吧|啊|呀|了)?"
_DO_ZH = (
    r"(?:就|那就)?(?:这个|它|这样)?(?:帮我|给我|请)?(?:确认|确定|约|挂|预约|挂号|定|订|办)"
    r"(?:预约|挂号|这个|上|了|好|下来)*(?:吧|啊)?"
)
_YES = re.compile(
    rf"(?:{_YES_ZH}[\s,。!]*)+(?:{_DO_ZH})?|{_DO_ZH}|就(?:这个|它|这样)(?:了|吧)?"
    r"|(?!please)(?:(?:yes|okay|ok|sure|right|good|great|fine|correct|perfect|please|that's right"
    r"|that is right)[\s,.!]*)+"
    r"(?:book (?:it|this|that)|confirm(?: it)?|go ahead|do it)?"
    r"|(?:please )?(?:book (?:it|this|that)|confirm(?: it| the booking)?|go ahead)(?: please)?"
)
#: "好？", "ok...": a word of agreement that is asked, or left hanging, agrees to nothing.
_DOUBTS = re.compile(r"[?？…]|\.{2,}|。{2,}|[吗么嘛]\s*$")
_EDGES = " ,.!~。、…;:"
#: A plain yes or no is short.
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Said:
    """What one message says of the visit.

    Attributes:
        without: the doctors she refuses; `elsewhere`: the departments.
        several: the doctors or departments that one name stands for, where it stands for more.
        other: what is to be another one: "doctor", "department", "person", "time"; or None.
        more: other places than those shown, or `earlier` ones.
        doubts: it is asked, or left hanging, so that even "yes" agrees to nothing (I6).
    """

    departments: tuple[str, ...] = ()
    doctors: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    several: tuple[tuple[str, str], ...] = ()
    tier: str | None = None
    cheaper: bool = False
    other: str | None = None
    more: bool = False
    earlier: bool = False
    agrees: bool = False
    doubts: bool = field(default=False, compare=False)
    drops: bool = False

    @property
    def places(self) -> bool:
        """Say whether it names where she wants to be seen."""
        return bool(self.departments or self.doctors or self.symptoms or self.several)

    @property
    def corrects(self) -> bool:
        """Say whether it changes what was shown without naming a place or a time."""
        changes = self.cheaper or self.more or self.earlier
        return bool(changes or self.tier or self.other or self.without or self.elsewhere)


def read(text: str, vocabulary: Vocabulary) -> Said:
    """Return what a message says of a visit. Never raises, whatever the text."""
    plain = normalize(text)
    found = [one for one in vocabulary.find(plain) if not _is_herself(one, plain)]
    meant = [one for one in found if not _REFUSED.search(plain[: one.start])]
    refused = [one for one in found if one not in meant]
    doctors, shared = _doctors(meant)
    bare = plain.strip(_EDGES) if len(plain) <= _LONGEST else ""
    return Said(
        departments=_keys(meant, "department"),
        doctors=doctors,
        symptoms=_keys(meant, "symptom"),
        without=_keys(refused, "doctor"),
        elsewhere=_keys(refused, "department"),
        several=tuple(("doctor", key) for key in shared),
        tier=next((tier for tier, words in _TIERS if _meant(words, plain)), None),
        cheaper=_CHEAPER.search(plain) is not None,
        other=next((what for what, words in _OTHER.items() if words.search(plain)), None),
        more=_MORE.search(plain) is not None,
        earlier=_EARLIER.search(plain) is not None,
        agrees=bool(bare) and _YES.fullmatch(bare) is not None and not _DOUBTS.search(text),
        doubts=_DOUBTS.search(text) is not None,
        drops=drops(plain),
    )


def _is_herself(one: Found, plain: str) -> bool:
    """Say whether a doctor's name is said of the patient: "我叫李明远", and not "我是李明远的病人"."""
    if one.kind != "doctor" or not _INTRODUCED.search(plain[: one.start]):
        return False
    return re.match(r"\s*(?:的|医生|大夫|主任|教授|'s)", plain[one.end :]) is None


def _meant(words: str, plain: str) -> bool:
    """Say whether one of the words is there without being refused."""
    return any(not _REFUSED.search(plain[: one.start()]) for one in re.finditer(words, plain))


def _doctors(found: Sequence[Found]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the doctors named, and those that share a name where one name stands for several."""
    by_place: dict[tuple[int, int], list[str]] = {}
    for one in found:
        if one.kind == "doctor":
            by_place.setdefault((one.start, one.end), []).append(one.key)
    sure = {keys[0] for keys in by_place.values() if len(keys) == 1}
    shared = [keys for keys in by_place.values() if len(keys) > 1 and not sure & set(keys)]
    return (
        tuple(key for keys in by_place.values() if len(keys) == 1 for key in keys),
        tuple(dict.fromkeys(key for keys in shared for key in keys)),
    )


def _keys(found: Sequence[Found], kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.key for one in found if one.kind == kind))


def spread(slots: Sequence[FreeSlot], count: int = MOST_SHOWN) -> list[FreeSlot]:
    """Return the places to show, soonest first: of each clinic its first, a cheap one among them.

    Where one clinic has them all, its first ones. Whoever looks for the nearest time sees it, and
    whoever must look at the fee sees the lowest there is (E20).
    """
    firsts: dict[int, FreeSlot] = {}
    for slot in slots:
        firsts.setdefault(slot.clinic.clinic_id, slot)
    if len(firsts) == 1:
        return list(slots[:count])
    shown = list(firsts.values())[:count]
    rest = [slot for slot in slots if slot not in shown]
    cheapest = min(
        firsts.values(), key=lambda slot: (slot.clinic.fee, slot.starts_at), default=None
    )
    if cheapest and all(slot.clinic.fee > cheapest.clinic.fee for slot in shown):
        shown[-1] = cheapest
    shown += rest[: count - len(shown)]
    return sorted(shown, key=lambda slot: (slot.starts_at, slot.slot_id))


def at(slots: Sequence[FreeSlot], moment: time, zone: ZoneInfo) -> FreeSlot | None:
    """Return the place whose window begins at a time of day, or holds it."""
    for slot in slots:
        begins = slot.starts_at.astimezone(zone).time()
        if begins <= moment < slot.ends_at.astimezone(zone).time():
            return slot
    return None
