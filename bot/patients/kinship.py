"""The words people say for themselves and their family, found in a sentence; pure, and in two languages.

Only what a word surely says is said: 婆婆 is no parent, "the child's father" may not be the husband.
Whoever is meant by such words is somebody nobody here can name.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kin = Literal["self", "spouse", "child", "kid", "parent", "stranger"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A word for a person, and where it stands.

    Attributes:
        kin: "kid" is any child, of whomever; "stranger" somebody who cannot be told by the word.
        sex: where the word says so.
        one_of_several: the elder son, the second child: there are others.
        weak: "给我挂" may also only mean "please": another person in the same clause outranks it.
        mine: the word says whose: 我妈, my son.
    """

    start: int
    end: int
    kin: Kin
    sex: str | None = None
    one_of_several: bool = False
    weak: bool = False
    mine: bool = False


_MINE = r"(?P<mine>(?:我们?|俺们?|咱们?)(?:自己)?的?(?:家里?的?)?)"
_AFTER = (
    r"(?<=[我俺咱给帮替为是带陪家的,、\s])"  # where a short word may stand that many others contain
)
_BIRTH = r"(?P<order>大|小|二|三|老大|老二|老三|第[一二三]个|另一个|另外一个)"
_ZH_STRANGERS = (
    r"(?:孩子|孩儿|娃娃?|宝宝|小孩|闺女|儿子|女儿)(?:的|他|她)?(?:亲)?(?:爸爸?|妈妈?|爹|娘|奶奶"
    r"|爷爷|姥姥|姥爷|外公|外婆)"
    r"|(?:老公|老婆|爱人|丈夫|妻子|媳妇|先生|太太|对象|男朋友|女朋友)(?:的|他|她)?(?:亲)?(?:爸爸?"
    r"|妈妈?|爹|娘|父亲|母亲|父母|爸妈|哥哥?|姐姐?|弟弟?|妹妹?)"
    r"|(?:爸爸?|妈妈?|父亲|母亲)(?:的|他|她)(?:爸爸?|妈妈?|哥哥?|姐姐?|弟弟?|妹妹?)"
    r"|[他她](?:们)?(?:爸爸?|妈妈?|爹|娘|老婆|老公|爱人|媳妇|儿子|女儿|闺女|孩子|娃|父亲|母亲)"
    r"|(?:干|继|养|后|前)(?:爸爸?|妈妈?|爹|娘|父|母|儿子|女儿|夫|妻|老公|老婆|媳妇)|继[父母子女]"
    r"|前任|丈母娘|老丈人|岳[父母]母?|婆母|婆婆|公婆|公公"
    r"|儿媳妇?|女婿|外孙女?|孙[子女]|外?甥女?|[内堂表]?侄[子女儿]|爷爷|奶奶|姥姥|姥爷|外[公婆]"
    r"|外?祖[父母]|太[爷奶]"
    r"|(?:大|二|三|四|小|表|堂|亲)?(?:哥哥|弟弟|姐姐|妹妹)|[表堂][哥弟姐妹]|姨[妈父夫母]"
    r"|姑[姑妈父夫母]|舅[舅妈父母]|伯[伯父母]|叔[叔父]|婶[婶子]"
    r"|[大二三四小][姨姑舅伯叔婶爷娘]|大[妈嫂哥姐]|[二三][哥姐嫂妹弟]|小[妹弟]|嫂[子嫂]|弟[妹媳]"
    r"|姐夫|妹夫|妯娌|连襟|亲家|阿姨"
    r"|男朋友|女朋友|男友|女友|未婚[夫妻]|朋友|同事|同学|邻居|室友|舍友|亲戚|家里人|家人|家属"
    r"|老人家?|老爷子|老太[太婆]|老头子?|老汉儿?|老两口"
    r"|爸妈|爹[妈娘]|父母|双亲|双胞胎|全家|一家[人三四五]|我们?[俩仨]|我们两个|两个(?:孩子|娃|人)"
    r"|(?:孩子|娃|宝宝|儿子|女儿)们|别人|人家|保姆|护工"
)
_ZH_STRANGERS_AFTER = (
    r"[哥弟姐妹嫂姨姑舅叔伯婶]|对象|领导|老板|老师|学生|员工|客户|老乡|[他她](?:们)?(?!的?爸|的?妈)"
)
_ZH: tuple[tuple[Kin, str | None, str], ...] = (
    ("stranger", None, rf"{_MINE}?(?:{_ZH_STRANGERS})"),
    ("stranger", None, rf"{_AFTER}(?:{_ZH_STRANGERS_AFTER})"),
    ("stranger", None, r"^[他她](?=[要想也的需不今昨最])"),
    ("parent", "female", rf"{_MINE}?(?:老母亲|老妈子?|阿妈|姆妈|妈咪|妈妈|母亲|家母|老母)"),
    ("parent", "female", rf"{_MINE}?(?:老娘|亲娘|阿娘|娘亲)"),
    ("parent", "male", rf"{_MINE}?(?:老父亲|老爸|阿爸|爸爸|父亲|家父|老爹|阿爹|老豆)"),
    ("parent", "female", rf"(?:{_MINE}|{_AFTER}|^)(?:妈(?!祖|富隆)|娘(?!家))"),
    ("parent", "male", rf"(?:{_MINE}|{_AFTER}|^)(?:爸|爹)"),
    ("spouse", "female", rf"{_MINE}?(?:老婆|妻子|内人|媳妇儿?|婆娘)"),
    ("spouse", "female", rf"(?:{_MINE}|{_AFTER})太太"),
    ("spouse", "male", rf"{_MINE}?(?:老公|丈夫)"),
    ("spouse", "male", rf"(?:{_MINE}|{_AFTER})先生"),
    ("spouse", None, rf"{_MINE}?(?:爱人|老伴儿?|配偶|另一半|那口子)"),
    ("child", "male", rf"{_MINE}?{_BIRTH}?(?:儿子|犬子)"),
    ("child", "male", rf"{_MINE}(?:小子|儿(?!科|童|保))"),
    ("child", "female", rf"{_MINE}?{_BIRTH}?(?:女儿|闺女)"),
    ("child", "female", rf"(?:{_MINE}|{_AFTER}|^)(?:丫头|姑娘|囡囡?)"),
    ("kid", None, rf"{_MINE}?{_BIRTH}?(?:小孩[子儿]?|孩子|小朋友|宝宝|宝贝|娃[娃儿]?|崽崽?|小家伙|伢)"),
    ("kid", None, rf"{_MINE}(?:仔|囝)"),
    ("kid", None, rf"{_MINE}?(?:家里?)?(?P<nth>[大二三]宝|老[大二三幺])"),
)  # fmt: skip
_ZH_SELF = re.compile(
    r"(?:给|为|替|帮)?(?:我|俺|咱)(?:自己|本人|自个儿?)|本人|(?:给|为|替|帮)自己|我自己|自个儿"
)
_ZH_SELF_WEAK = re.compile(
    r"(?:给|为|替)[我俺咱](?=(?:也|再|先|重新|另外|就)?(?:挂|约|预约|预定|订|抢))"
    r"|(?:我|俺)(?:今天|昨天|昨晚|这几天|这两天|最近|一直|总是?|老是?|有点儿?|好像|的|又|现在|感觉"
    r"|觉得){0,3}"
    r"(?=(?:头|肚子|胃|腰|腿|膝盖?|眼睛?|牙|嗓子|胸口?|背|耳朵?|手|脚|脖子|肩膀?|关节|皮肤"
    r"|喉咙)?(?:有点儿?|很|好|又|都|一直|特别)?"
    r"(?:疼|痛|不舒服|难受|发烧|发热|咳|怀孕|过敏|晕|恶心|拉肚子|失眠|睡不着|痒|病了|生病|感冒))"
    r"|[我俺](?=(?:想|要|得|需要|去)?看病)"
)

_MY = r"(?:(?P<mine>my|our)\s+)?"
_NTH = (
    r"(?P<order>older|elder|eldest|oldest|younger|youngest|second|first|third|other|middle|twin)\s+"
)
_EN_STRANGERS = (
    r"(?:mother|mum|mom|father|dad|husband|wife|partner|son|daughter|child|kid|baby)'s (?:mother"
    r"|mum|mom|father|dad|parents?"
    r"|brother|sister|son|daughter|husband|wife|partner|friend|teacher|boss|colleague|carer"
    r"|girlfriend|boyfriend|aunt|uncle)"
    r"|(?:mother|father|mum|mom|dad|brother|sister|son|daughter)s?[ -]in[ -]law|in-?laws"
    r"|(?:step|god|half|foster|ex)[ -]?(?:mother|mum|mom|father|dad|son|daughter|brother|sister"
    r"|child|wife|husband|partner)"
    r"|ex|(?:great[ -]?)*grand\w+|granny|gran|nan|nana|grandma|grandpa|(?:little |big |older "
    r"|younger |baby |twin )?(?:brother|sister|bro|sis)s?"
    r"|siblings?|uncle|aunt(?:ie|y)?|cousin|nephew|niece|(?:boy|girl)?friend|neighbou?r|colleague"
    r"|co-?worker|flatmate|room ?mate|boss|carer"
    r"|fianc[eé]e?|parents|folks|kids|children|twins|babies|sons|daughters|boys|girls|whole family"
    r"|relatives?|family|someone else|somebody else"
    r"|another person"
)
_EN: tuple[tuple[Kin, str | None, str], ...] = (
    ("stranger", None, rf"\b{_MY}(?:{_EN_STRANGERS})\b"),
    ("parent", "female", rf"\b{_MY}(?:elderly |old |dear )?(?:mother|mum|mom|mam|mummy|mommy|mama)\b"),
    ("parent", "male", rf"\b{_MY}(?:elderly |old |dear )?(?:father|dad|daddy|papa)\b"),
    ("spouse", "female", rf"\b{_MY}(?:wife|missus)\b"),
    ("spouse", "male", rf"\b{_MY}(?:husband|hubby)\b"),
    ("spouse", None, rf"\b{_MY}(?:spouse|other half|better half)\b"),
    ("spouse", None, r"\b(?P<mine>my) partner\b"),
    ("child", "male", rf"\b{_MY}(?:{_NTH})?(?:\d+[ -]year[ -]old |little |baby )?son\b"),
    ("child", "female", rf"\b{_MY}(?:{_NTH})?(?:\d+[ -]year[ -]old |little |baby )?daughter\b"),
    ("kid", None, rf"\b{_MY}(?:{_NTH})?(?:kid|child|toddler|little one|baby)\b"),
    ("kid", None, rf"\b(?P<mine>my)\s+(?:{_NTH})?(?:little )?(?:boy|girl)\b"),
)  # fmt: skip
_EN_SELF = re.compile(r"\bmyself\b|\bmy own\b|\bme personally\b", re.IGNORECASE)
_EN_SELF_WEAK = re.compile(
    r"\bfor me\b(?! to\b)|\b(?:book|get|sign|put|fit|squeeze) me\b"
    r"|\bi(?:'m| am| feel|'ve| have| had| keep| get|'ve got)\b(?=[^,.;!?]{0,30}\b(?:pains?|ache"
    r"|aches|hurts?|fever|cough\w*|sick|ill|dizzy|"
    r"pregnant|rash|headaches?|sore|unwell|allerg\w+|vomiting)\b)",
    re.IGNORECASE,
)
_EN_PRONOUN = re.compile(
    r"\b(?:for|book|take|bring) (?:him|her|them)\b|\b(?:she|he) (?:needs|wants|has)\b",
    re.IGNORECASE,
)
_TABLE = tuple((kin, sex, re.compile(text, re.IGNORECASE)) for kin, sex, text in (*_ZH, *_EN))


def mentions(plain: str) -> list[Mention]:
    """Return the words for persons in a text, in order; of two at one place the longer one."""
    found = [
        _mention(match, kin, sex)
        for kin, sex, pattern in _TABLE
        for match in pattern.finditer(plain)
    ]
    for pattern, weak in (
        (_ZH_SELF, False),
        (_EN_SELF, False),
        (_ZH_SELF_WEAK, True),
        (_EN_SELF_WEAK, True),
    ):
        found += [Mention(*match.span(), "self", weak=weak) for match in pattern.finditer(plain)]
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda m: (m.start - m.end, m.start)):
        if all(mention.end <= other.start or other.end <= mention.start for other in kept):
            kept.append(mention)
    if not kept:
        kept = [Mention(*match.span(), "stranger") for match in _EN_PRONOUN.finditer(plain)]
    return sorted(_without_reflexive(kept, plain), key=lambda m: m.start)


def _mention(match: re.Match[str], kin: Kin, sex: str | None) -> Mention:
    named = match.groupdict()
    return Mention(
        *match.span(), kin, sex,
        one_of_several=bool(named.get("order") or named.get("nth")),
        mine=bool(named.get("mine")),
    )  # fmt: skip


def _without_reflexive(found: list[Mention], plain: str) -> list[Mention]:
    """Leave out 本人 and "自己" that only underline the person before them: 我妈本人."""
    ends = {mention.end for mention in found if mention.kin != "self"}
    return [
        mention
        for mention in found
        if not (
            mention.kin == "self"
            and mention.start in ends
            and plain[mention.start] not in "我俺咱给为替帮"
        )
    ]
