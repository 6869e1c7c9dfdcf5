"""Whom a sentence means: by name, or by what she is to whoever writes; pure.

The promise is that nobody is booked for by mistake. One member is returned only where every word for a
person in the sentence fits her alone and nothing casts doubt on it; several where it is one of them;
none where nobody is named, or where it cannot be told. `names_somebody` tells those two apart.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot.dialogue.people import Member
from bot.patients.kinship import Kin, Mention, mentions
from bot.patients.names import NO_NAMES, SURNAMES
from intents.normalize import simplify

_HAN = r"[\u3400-\u9fff]"
_STOP = r"[,.!?;:。、\n]"
#: What may follow a person who is the patient. Whatever else follows leaves it open.
_FOLLOWS = re.compile(
    r"\s*(?:$|[,.!?;:。、\n)(]|\d"
    r"|(?:这?[个位])?的?(?:号|名字?|预约|挂号|复查|复诊|检查|就诊|门诊|身份证|年龄|眼|牙|腿|腰|膝"
    r"|头|血压|血糖|病|症状|情况|体检)(?!友)"
    r"|(?:也|还|又|再|先|就|都|她|他|明天|今天|后天|最近|这[几两]天|昨[天晚]|今早|早上|上午|下午"
    r"|晚上|一直|总是?|老是?|已经|刚|现在|大后天|下?周.|下?个?星期.|本?月)*"
    r"(?:挂|约|预约|预定|预订|订|看(?![了见着过])|抢|取号?|退|改|取消|复查|复诊|查|体检|做|打|补"
    r"|登记|报名|来看|去看|来?复查|要(?!我|是)|想(?!让|叫|要我|我)|需要(?!我)"
    r"|不舒服|不太舒服|难受|生病|病了|发烧|发热|咳|感冒|疼|痛|痒|头|肚子|胃|腰|腿|膝|眼|牙|血压"
    r"|血糖|心慌|心口|胸|嗓子|耳|鼻|皮肤|背|手|脚|脖子|肩|关节|失眠|睡不|怀孕|过敏|拉肚|吐|晕|摔"
    r"|[呢吧啊呀])"
    r"|(?:本人|自己|自个儿?)\s*(?:$|[,.!?;:。、\n]|看|挂|要|想|的号)"
    r"|'s?\s*(?:appointment|visit|booking|slot|check-?up|eye|ear|knee|back|tooth|teeth|throat|cough"
    r"|fever|name)\b"
    r"|(?:is(?! (?:an? |the |your |my |our |at |in |on |with |here|there|working|sure"
    r"|going to (?!see|need|come)))|'s (?:been|got|not|feeling|having|sick|ill|unwell|poorly"
    r"|\w+ing\b)|has(?! (?:an? )?(?:doctor|colleague|friend|car|job))"
    r"|needs?|wants? (?:to|an?)\b(?! me)|would like (?:to|an?)\b|should (?:see|come)|hurts?|feels?"
    r"|can't (?:sleep|walk|breathe|see|eat))\b"
    r"|(?:to|at|on|in(?! law)|for(?! me)|with(?! me)|tomorrow|today|tonight|this|next|please|again"
    r"|too|as soon|asap|before|after|around|about|if possible|who (?:is|has|needs)"
    r"|mon|tue|wed|thu|fri|sat|sun|an appointment|see (?:a|the|dr|doctor))\b)",
    re.IGNORECASE,
)
#: Before a person, in the same breath: she is not the patient, or not only she.
_NOT_HER = re.compile(
    r"(?:不是(?:给|帮|替|为)?|不(?:给|帮|替|为|用给)|别(?:给|帮|替)|不要(?:给|帮|替)|没(?:给|帮|替)"
    r"|而非|并非(?:给)?|除了(?:给)?|不用"
    r"|\bnot (?:for |about )?|\bn't (?:book |make it )?for |\binstead of (?:for )?"
    r"|\brather than (?:for )?|\bexcept (?:for )?|\bunlike )\s*(?:my |our )?$",
    re.IGNORECASE,
)
_BESIDE_HER = re.compile(
    r"(?:像|跟|和|与|同|及|比|听|问|找|联系|告诉|通知|随|按|照|怕|叫|让|请|比如|以及|还有|或者?|还是|、"
    r"|\b(?:with|like|from|ask|asked|tell|told|call|and|or|than|by|as|via|through|see|saw|also|plus"
    r"|&)(?: for)?)\s*(?:my |our )?$",
    re.IGNORECASE,
)
#: In the clause of a person: somebody else speaks or acts, or it was another time.
_DOUBT = re.compile(
    r"说|让|叫我|叫俺|劝|催|逼|建议|推荐|介绍|告诉|要我|帮我(?!挂|约|预约|看|查|取消|改|退|订|安排"
    r"|登记|加)|替我|陪我|带我|送我|怕我|担心我|觉得我|希望我|给我发|认识|陪着|陪同"
    r"|上次|上回|上一次|以前|之前|原来|当时|那次|过去|去年|如果|要是|假如|万一|是不是可以"
    r"|\b(?:said|says|told|tells|asked|thinks?|recommend\w*|suggest\w*|insist\w*|works?|worked"
    r"|last time|previously|used to|already|booked|made|if)\b"
    r"|\b(?:wants?|asks?|made|sent|lets?) me\b",
    re.IGNORECASE,
)
_DOCTOR_AFTER = re.compile(r"\s*(?:医生|大夫|主任|教授|院长|专家|医师|老师|护士)")
_DOCTOR_BEFORE = re.compile(
    r"(?:\b(?:dr|doctor|prof|professor|with|see)\.?\s+|(?:医生|大夫|主任|教授|专家)\s*)$",
    re.IGNORECASE,
)
_DOCTOR_PLACE = re.compile(r"(?:(?<!要)(?:挂|约|看|找|选|换成?))(?:一?个|一下)?$")
#: Somebody in a place where only the patient stands: 给…挂, "for …".
_FRAMES = re.compile(
    rf"(?<!供)(?:帮|给|替|为)(?:忙)?(?P<zh>(?:{_HAN}|·){{1,9}}?)(?:也|再|先|重新|另外)?(?:在"
    rf"|到)?(?=挂|约|预约|预定|看病|看医|看个|看[一\u3400-\u9fff]{{1,3}}科|订|抢|取消|退|改|取号|查"
    rf"|登记|排|办|安排)"
    rf"|(?:^|{_STOP}|\s)(?P<he>{_HAN}{{2,4}}?)(?:也|还)?(?=(?:要|想|需要)(?:挂|看|约|预约|取消|改))"
    r"|(?:就诊人|病人|患者)(?:是|为|叫|:|就是)?\s*(?P<said>(?:[\u3400-\u9fff]|·){2,8})"
    r"|\b[Ff]or (?:[Mm](?:r|rs|s|iss)\.? )?(?P<en>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,3})"
)
_FILLER = re.compile(
    r"(?:我们?|俺们?|咱们?|你们?|您|大家|一下|忙|个|先|也|再|重新|请|麻烦|直接|赶紧|快|明天|今天"
    r"|后天|上午|下午|周.|下|的|家|这个|那个|位"
    r"|病人|患者|本人|自己|另外|一起|都|分别|各|预|提前|尽快|顺便|在线|网上)+"
)
_NOT_A_NAME = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Mon|Tue|Wed|Thu|Fri|Sat|Sun|January|February|March"
    r"|April|May|June|July|August"
    r"|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Dr|Doctor"
    r"|Prof|Professor|Today|Tomorrow|Next|This|The|A|An"
    r"|Me|My|I|Morning|Afternoon|Evening|ENT|CT|MRI|COVID|Chinese|Christmas|\w+(?:ology|iatrics?"
    r"|iatry|surgery|opedics|opaedics|etrics)"
    r"|General|Internal|Medicine|Surgery|Dental|Dentist|Eye|Skin|Heart|Clinic|Department|Emergency"
    r"|Outpatient|Physio\w*|Women'?s|Children'?s",
)  # fmt: skip
_CHILDREN = re.compile(r"儿科|小儿|儿保|儿童|新生儿|p(?:a)?ediatric", re.IGNORECASE)
_WOMEN = re.compile(r"妇科|产科|妇产|产检|gyn(?:a)?ecolog|obstetric|antenatal", re.IGNORECASE)


def named(text: str, members: Sequence[Member]) -> Sequence[Member]:
    """Return whom of `members` a text names: one is sure, several are to be asked about."""
    plain = _plain(text)
    groups, is_open = _read(plain, members)
    if not groups:
        return (
            tuple(members)
            if is_open and len(members) > 1 and _named_as_doctor(plain, members)
            else ()
        )
    common = [m for m in groups[0] if all(m in group for group in groups)]
    if len(common) == 1 and not is_open:
        return tuple(common)
    anybody = {m.member_id: m for group in groups for m in group}
    several = tuple(m for m in members if m.member_id in anybody)
    return several if len(several) > 1 else ()


def _named_as_doctor(plain: str, members: Sequence[Member]) -> bool:
    """Say whether a member's name stands where a doctor's does too: 挂张三的号."""
    names = (form for member in members for form in _forms(member.name))
    return any(
        _DOCTOR_PLACE.search(plain[: match.start()])
        for form in names
        for match in _pattern(form).finditer(plain)
    )


def names_somebody(text: str) -> bool:
    """Say whether a text names anybody who is to be seen, known here or not."""
    plain = _plain(text)
    return bool(mentions(plain)) or bool(_strangers(plain, []))


def relation_in(text: str) -> str | None:
    """Return what somebody who is being introduced is to whoever writes; None where it is not said."""
    plain = _plain(text)
    if re.search(
        r"(?:^|[,.。!\s])(?:我叫|我是(?!.{0,3}的)|我的名字|我姓|我本人)|\b(?:my name is|my name's"
        r"|i am|i'm)\b",
        plain,
        re.IGNORECASE,
    ):
        return "self"
    found = mentions(plain)
    if not found:
        return None
    kin: Kin = found[0].kin
    if kin == "kid":
        return "child" if found[0].mine else "other"
    return "other" if kin == "stranger" else kin


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")
    return simplify(plain).strip()


def _read(plain: str, members: Sequence[Member]) -> tuple[list[list[Member]], bool]:
    """Return, for each word for a person, who may be meant; and whether anything is left open."""
    names, is_open = _names(plain, members)
    spans = [(start, end) for start, end, _ in names]
    words = [w for w in mentions(plain) if all(w.end <= s or e <= w.start for s, e in spans)]
    words = _outranked(plain, words, spans)
    groups: list[list[Member]] = []
    for start, end, who in names:
        match _place(plain, start, end, [*spans, *((w.start, w.end) for w in words)]):
            case "not":
                is_open = is_open or len(names) + len(words) == 1
                continue
            case "open":
                is_open = True
            case _:
                pass
        groups.append(who)
    for word in words:
        place = _place(plain, word.start, word.end, spans, follows=word.kin != "self")
        if place == "not":
            is_open = is_open or len(names) + len(words) == 1
            continue
        fits, sure = _fitting(plain, word, members)
        is_open = is_open or not sure or place == "open"
        groups.append(fits)
    taken = [*spans, *((w.start, w.end) for w in words)]
    if _strangers(plain, taken):
        is_open = True
    return groups, is_open


def _outranked(plain: str, words: list[Mention], names: list[tuple[int, int]]) -> list[Mention]:
    """Leave out a weak "for me" in the clause of somebody else: 给我挂我妈的号."""
    others = [(w.start, w.end) for w in words if w.kin != "self"] + names
    return [
        word for word in words
        if not (word.weak and any(_same_clause(plain, word.end, s) for s, _ in others if s >= word.end))
    ]  # fmt: skip


def _same_clause(plain: str, end: int, start: int) -> bool:
    between = plain[end:start]
    return not re.search(rf"{_STOP}|也|还|再|和|跟|与|\b(?:and|with|plus|also)\b|&|\+", between)


def _place(
    plain: str, start: int, end: int, spans: Sequence[tuple[int, int]], *, follows: bool = True
) -> str:
    """Say what the words around a person make of her: "yes", "not", or "open"."""
    before, after = plain[:start], plain[end:]
    if _NOT_HER.search(before):
        return "not"
    clause = re.split(_STOP, before)[-1] + "|" + re.split(_STOP, after, maxsplit=1)[0]
    if _BESIDE_HER.search(before) or _DOUBT.search(clause):
        return "open"
    next_to = any(s == end or (s > end and not plain[end:s].strip(" 叫是的")) for s, _ in spans)
    return "yes" if next_to or not follows or _FOLLOWS.match(after) else "open"


def _fitting(plain: str, word: Mention, members: Sequence[Member]) -> tuple[list[Member], bool]:
    """Return who fits a word, and whether she is surely meant where only one does."""
    if word.kin == "stranger":
        return [], False
    if word.kin == "kid":
        fits = [m for m in members if m.relation == "child" or m.minor]
        return fits, len(fits) > 1 or (len(fits) == 1 and fits[0].minor and not word.one_of_several)
    related = [m for m in members if m.relation == word.kin]
    fits = [m for m in related if word.sex is None or m.sex in (None, word.sex)]
    if not fits:
        return [], False
    sure = not word.one_of_several
    if word.kin == "self" and word.weak:
        sure = not _CHILDREN.search(plain) and not (_WOMEN.search(plain) and fits[0].sex == "male")
    if word.kin in ("parent", "child") and word.sex and len(fits) == 1 and fits[0].sex is None:
        sure = False
    return fits, sure


def _names(
    plain: str, members: Sequence[Member]
) -> tuple[list[tuple[int, int, list[Member]]], bool]:
    """Return where members are named and who bears that name; and whether a name may be another's."""
    called: dict[str, list[Member]] = {}
    for member in members:
        for form in _forms(member.name):
            called.setdefault(form, []).append(member)
    found: list[tuple[int, int, list[Member]]] = []
    is_open = False
    for form in sorted(called, key=len, reverse=True):
        for match in _pattern(form).finditer(plain):
            start, end = match.span()
            if any(start < e and s < end for s, e, _ in found):
                continue
            if _DOCTOR_AFTER.match(plain[end:]) or _DOCTOR_BEFORE.search(plain[:start]):
                continue
            if _DOCTOR_PLACE.search(plain[:start]):
                is_open = True
                continue
            if _is_longer(plain, start, end):
                is_open = True
            found.append((start, end, called[form]))
    return found, is_open


def _forms(name: str) -> Iterable[str]:
    """Return how somebody may be called: her full name, and her given name where that is one."""
    plain = _plain(name)
    yield plain
    if re.search(_HAN, plain):
        bare = plain.replace("·", "")
        if bare != plain:
            yield bare
        elif len(plain) == 3:  # noqa: PLR2004  (one character of family name, two given)
            yield plain[1:]
    elif " " in plain:
        yield plain.split()[0]


def _pattern(form: str) -> re.Pattern[str]:
    if re.search(_HAN, form):
        return re.compile(re.escape(form))
    return re.compile(rf"(?<!\w){re.escape(form)}(?![\w-])", re.IGNORECASE)


_NAME_STARTS = re.compile(
    rf"(?:^|[^\u3400-\u9fff·]"
    rf"|[给帮替为是叫名人者消的约改退和跟与儿女妈爸爹娘婆公子夫妻人娃宝伴孩友])$|{_STOP}$"
)


def _is_longer(plain: str, start: int, end: int) -> bool:
    """Say whether a name goes on before or after: 张三 in 张三丰, John in "John Brown"."""
    if re.match(_HAN, plain[start]):
        return _NAME_STARTS.search(plain[:start]) is None
    return (
        re.match(r"\s+[A-Z][a-z]", plain[end:]) is not None
        or re.search(r"[A-Z][a-z]+\s+$", plain[:start]) is not None
    )


def _strangers(plain: str, taken: Sequence[tuple[int, int]]) -> list[str]:
    """Return who stands where a patient stands and is no word or name that we know."""
    found = []
    for match in _FRAMES.finditer(plain):
        for group in ("zh", "he", "said", "en"):
            if match[group] is None:
                continue
            start, end = match.span(group)
            left = "".join(
                plain[i] for i in range(start, end) if not any(s <= i < e for s, e in taken)
            )
            if _is_stranger(group, left):
                found.append(left)
    return found


def _is_stranger(group: str, left: str) -> bool:
    if group == "en":
        return bool(left.strip()) and not all(_NOT_A_NAME.fullmatch(w) for w in left.split())
    bare = _FILLER.sub("", left)
    if group == "he":
        return len(bare) > 1 and bare[0] in SURNAMES and not NO_NAMES.fullmatch(bare)
    return bool(bare) and not NO_NAMES.fullmatch(bare)
