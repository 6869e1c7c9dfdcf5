"""Read the words around a dose: which medicine, how much as it was said, with food or not, for whom.

Nothing here knows a medicine. Its name is what she called it; an amount is kept as written and never
counted with.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_N = r"(?:\d+(?:\.\d+)?|半|[一二两三四五六七八九十]{1,2}(?:个半)?|一?片?半)"
_UNIT = (
    "片|粒|颗|丸|袋|包|支|滴|喷|吸|勺|瓶盖|毫升|毫克|克|微克|贴|揿|针|个?单位|盒|格"
    "|板|枚|mg|ml|g|ug|mcg|iu|u"
)
_AMOUNT = re.compile(
    r"(?:每次|一次|各|一回|每顿|每回)?\s?(?:吃|服|喝"
    rf"|用)?(?P<zh>(?:各)?{_N}(?:到{_N})?\s?(?:{_UNIT})(?![剂名针对区]))(?!药)"
    r"|\b(?P<en>(?:\d+(?:\.\d+)?|half an?|an?|one|two|three|four) ?(?:tablets?|pills?"
    r"|capsules?|drops|puffs?|mg|ml|mcg"
    r"|units?|teaspoons?|sachets?|tabs?))\b(?! a day)"
)
_UNIT_OF = re.compile(rf"(?:{_UNIT}|[a-z]+)$")
_FOODS: tuple[tuple[str, str], ...] = (
    ("empty", r"空腹|空肚子|\b(?:on an |an )?empty stomach\b|\bfasting\b"),
    (
        "before",
        (
            r"(?:[早中午晚三]?[饭餐]|吃饭|进食|开饭)(?:之|以)?前|\bbefore (?:each |every |my "
            r"|the )?(?:meals?|food"
            r"|eating"
            r"|breakfast|lunch|dinner|supper)\b|\b(?:a\.?c)\.?(?= |$|,)"
        ),
    ),
    (
        "after",
        (
            r"(?:[早中午晚三]?[饭餐]|吃[完过]?了?[饭饱]?|进食|吃过饭)(?:之|以)?后"
            r"|\bafter (?:each |every |my "
            r"|the )?(?:meals?"
            r"|food|eating|breakfast|lunch|dinner|supper)\b|\b(?:p\.?c)\.?(?= |$|,)"
        ),
    ),
    (
        "with",
        (
            r"随[饭餐]|[饭餐]中(?!心)|吃饭(?:的时候|时)|和饭一起|就饭|与食物同服|\bwith (?:a "
            r"|each |every |my "
            r"|the )?(?:meals?|food"
            r"|breakfast|lunch|dinner|supper)\b"
        ),
    ),
)
_FOOD = re.compile("|".join(f"(?P<{name}>{form})" for name, form in _FOODS))
_PRN = re.compile(
    r"(?:疼|痛|发烧|发热|烧|咳|痒|喘|难受|不舒服|头晕|睡不着|失眠|恶心|胸闷|犯病|发作"
    r"|鼻塞|过敏|反酸|胃胀|便秘|拉肚子)"
    r"[^,。;]{0,4}?(?:的时候|时候|时(?!间)|了?再|了?才|就|得?厉害)[^,。;]{0,4}?(?=吃"
    r"|服|用|喷|喝|含|滴|打|提醒|我)"
    r"|(?:如果|要是|一)(?:疼|痛|发烧|咳|痒|难受|喘)[^,。;]{0,4}(?=吃|服|用|喷|喝)"
    r"|需要(?:的时候|时|才|再)|必要时|有需要|有症状|按需|实在[^,。;]{0,6}(?:再|才|就)(?=吃|服)"
    r"|超过?\s?3[89](?:\.\d)?度?[^,。;]{0,4}(?=吃|服|再)"
    r"|\bprn\b|\bp\.r\.n\b|\b(?:as|when|if|only when|only if)(?: it is"
    r"| it's| i)?(?: really)? ?(?:needed|necessary|required|need(?: it| them)?)\b"
    r"|\b(?:when|whenever|if|as soon as)(?: it| my| i| the)?(?: \w+)? ?(?:hurts?|aches?"
    r"|itch(?:es)?|have (?:a |any )?(?:pain|fever|headache|attack)"
    r"|am in pain|feel (?:sick|pain|bad|dizzy|ill)|get (?:a )?(?:headache|fever|migraine"
    r"|pain)|can't sleep|cough)\b"
)
_KIN = (
    "妈妈|爸爸|母亲|父亲|爷爷|奶奶|外公|外婆|姥姥|姥爷|阿公|阿婆|阿妈|阿爸|老公|老婆"
    "|丈夫|妻子|太太|爱人|老伴|对象|孩子|小孩"
    "|儿子|女儿|宝宝|娃娃|弟弟|妹妹|哥哥|姐姐|家人|家里人|老人|婆婆|公公|岳母|岳父"
    "|闺女|孙子|孙女|老娘|老爹|老妈|老爸|娃|妈|爸|娘|爹|哥|姐|弟|妹"
)
_WHOM = re.compile(
    rf"(?:我们?家?的?|俺们?家?的?|咱们?家?的?|提醒|叫|喊|催|给)(?P<zh>{_KIN})(?!妈|爸)"
    r"|(?:提醒|叫|喊|催|通知)(?:一下)?(?P<other>他|她)(?!说)"
    r"|\bmy (?P<en>(?:(?:elderly|old|little|baby|grand) ?)?(?:mum|mom|mother|mummy|dad"
    r"|father|daddy|grandma|grandmother|grandpa"
    r"|grandfather|husband|wife|partner|son|daughter|kids?|child|children|baby|brother"
    r"|sister|granny|nan|parents|mother-in-law|father-in-law))\b"
    r"|\b(?:remind|tell|ping|text|nudge) (?P<they>him|her|them|mum|mom|mummy|dad|daddy"
    r"|grandma|grandpa|granny)\b"
)
_DRUG = re.compile(
    r"(?:药|片|丸|胶囊|颗粒|冲剂|糖浆|口服液|合剂|滴剂|软?膏|针剂?|素|[西巴]林|平|坦"
    r"|唑|[他瑞伐]汀|沙星|洛尔|地尔|双胍|匹林|布洛芬|芬"
    r"|头孢\S{0,3}|格列\S{1,2}|普利|钙|铁剂|锌|叶酸|维生素[a-z]?\d{0,2}|维[a-z]\d{0,2}"
    r"|[dD]3|鱼油|益生菌|药水|药膏"
    r"|药片|贴|喷雾|吸入剂?|雾化"
    r"|散|汤药|中药|优甲乐|立普妥|拜新同|拜糖[平苹]|波立维|华法林|连花清瘟|蒙脱石"
    r"|奥美拉唑|泼尼松|地塞米松|氯雷他定|西替利嗪|甲硝唑|阿卡波糖|[尼沙]松"
    r"|嗪|酮|酯|胺|碱|酸)$"
)
_DRUG_EN = re.compile(
    r"\b(?:pills?|tablets?|tabs|medicines?|medications?|meds?|capsules?|drops|inhaler"
    r"|puffer|antibiotics?|painkillers?|vitamins?|vitamin [a-k]\d{0,2}"
    r"|insulin|aspirin|iron|calcium|blood thinners?|statin|steroids?|syrup|ointment|cream"
    r"|patch|shot|jab|injection|supplements?|contraceptive"
    r"|birth control|[a-z]{3,}(?:cillin|mycin|formin|pril|sartan|statin|olol|pine|zole"
    r"|profen|tidine|xaban|parin|oxin|phen|amol|farin|oxine|sone|solone|dronate|gliptin"
    r"|flozin|oxetine|trate|azepam|done|rine|mide|zide|pril|lol|lin|min|cin|fen|xin))\b"
)
_GENERIC = re.compile(
    r"^(?:我的|这个?|那个?|这些|那些|该|一次|所有的?)?(?:药|药物|药片|药品|的药|西药|针)$"
    r"|^(?:pills?|tablets?|tabs|medicines?|medications?|meds?|capsules?|drugs?|dose|doses"
    r"|prescriptions?|it|them|one|mine)$"
)
_NOT = re.compile(
    r"饭|水果|牛奶|开水|鸡蛋|蔬菜|面条|零食|点心|咖啡|奶茶|夜宵|宵夜"
    r"|^[水茶酒汤奶肉菜蛋糖鱼]$|^早点$|电话|电池|^的$|东西|打卡|时间|时候|提醒|闹钟"
    r"|\b(?:shower|bath|walk|break|bus|train|taxi|nap|photos?|picture|dog|kids?|care|time"
    r"|trash|rubbish|test|temperature|pulse|weight|rest"
    r"|breath|lunch|dinner|breakfast|water|exam|class|call|note|seat|food|meals?|eat"
    r"|appointment|visit|check-?up)\b"
    r"|^(?:my |the )?(?:blood pressure|blood sugar|sugar|bp|glucose)$"
)
_VERB_ZH = re.compile(
    r"(?:服用|口服|含服|吸入|外用|外涂|注射|吃|服|喝|打|滴|涂|抹|贴|敷|含|吸|喷|用"
    r"|点)(?P<name>[\u4e00-\u9fffa-z0-9.\-()]{1,16})"
)
_SURE_VERBS = ("服用", "口服", "含服", "吸入", "外用", "外涂", "服", "吃", "喝")
_NAME_BEFORE = re.compile(r"(?:^|[\s,。;:|])(?P<name>[\u4e00-\u9fffa-z0-9.\-]{2,14})(?=\s?[,:|]|$)")
#: Stands where an amount was said: "各吃一片络活喜".
_AMOUNT_MARK = "|#|"
_AFTER_AMOUNT = re.compile(r"#\|的?(?P<name>[\u4e00-\u9fffa-z0-9.\-]{2,12})")
#: What is no name but says what is done with one.
_KNOWN = re.compile(
    "(?:降压|降糖|降脂|感冒|消炎|退烧|止痛|安眠|避孕|胃|心脏|抗凝|抗过敏|过敏|止咳"
    "|补)药|[眼滴]药水?|中药|西药|抗生素|胰岛素|维生素[a-z]?|眼药水|药[贴膏]"
)
_VERBS = re.compile(r"吃|服|食药|^换|^用药|^药|打针|提醒")
_TAKE_EN = re.compile(
    r"\b(?:take|taking|have|use|using|inject|swallow|apply|inhale|do|about|of|for|with"
    r"|on)(?: (?:my|the|his|her|their|some|a|an|our|all|this|these|two|one|\d+))* "
    r"(?P<name>[a-z][a-z0-9\-]*(?: [a-z][a-z0-9\-]*){0,2})"
)
_BEFORE_EN = re.compile(
    r"\b(?P<name>[a-z][a-z0-9\-]+(?: [a-z][a-z0-9\-]+)?) (?:reminders?|alarm|alerts?)\b"
)
_STOP_EN = re.compile(
    r"\b(?:at|every|each|for|after|before|with|in|on|twice|once|one|two|three|four|daily"
    r"|and|when|if|as|please|until|from|starting|to|by|around|pls|thanks"
    r"|thank|of|a|the|me|my|because|so|but|that|tablets? reminder|reminder|again|today"
    r"|tomorrow|tonight|now|then|i|it'?s|is|are|regularly|on time|time)\b.*$"
)
_LEAD = re.compile(
    r"^(?:我的|我|您|你|的|了|个|一下|这个|那个|这种|那种|自己的|医生开的|开的|按时"
    r"|准时|记得|点|下|好|上|完|要|一|次|各|再|就|得|该|去|吧|每次)+"
)
_TAIL = re.compile(
    r"(?:的|了|吧|啊|哦|呢|哈|呀|提醒|谢谢|麻烦|我|一下|各|吃|服|用|要|按时|准时|都|和"
    r"|也|时候|就行|即可|可以|行|每次|一次|记得|请|好|嘛)+$"
)
_SHORTEST = 2
_LONGEST = 16


@dataclass(frozen=True, slots=True)
class Words:
    """What a text says of the medicine itself.

    Attributes:
        medicine: what she calls it; empty where she said no more than "medicine".
        is_medicine: it is about medicine at all.
        dose: how much, as it was said.
        food: "before", "after", "with", "empty", or empty.
        whom: whom it is for, where that is somebody else, as it was said.
        prn: only when it is needed.
        several: more than one medicine is named, each by itself.
    """

    medicine: str = ""
    is_medicine: bool = False
    dose: str = ""
    food: str = ""
    whom: str = ""
    prn: bool = False
    several: bool = False


def words_in(plain: str, taken: tuple[tuple[int, int], ...] = ()) -> Words:
    """Return what a normalised text says of a medicine; never raises.

    Args:
        taken: where the text says hours and days, which name no medicine.
    """
    food, whom, prn = _FOOD.search(plain), _WHOM.search(plain), _PRN.search(plain)
    amount = _AMOUNT.search(_blanked(plain, taken))
    said = (amount["zh"] or amount["en"]) if amount and not _differs(plain, taken) else ""
    spans = [hit.span() for form in (_FOOD, _PRN) for hit in form.finditer(plain)]
    rest = _blanked(plain, (*taken, *spans))
    names, found = _medicines(_AMOUNT.sub(_AMOUNT_MARK, rest))
    return Words(
        medicine=names[0] if names else "",
        is_medicine=found or amount is not None or bool(_DRUG_EN.search(plain)) or "药" in plain,
        dose=said.strip(),
        food=str(food.lastgroup) if food else "",
        whom=next((one for one in whom.groups() if one), "") if whom else "",
        prn=prn is not None,
        several=len(names) > 1,
    )


def _differs(plain: str, taken: tuple[tuple[int, int], ...]) -> bool:
    """Say whether two amounts of one unit are named: "早上两片,晚上三片" is no dose of both hours."""
    units: dict[str, set[str]] = {}
    for hit in _AMOUNT.finditer(_blanked(plain, taken)):
        said = (hit["zh"] or hit["en"]).strip().removeprefix("各")
        unit = _UNIT_OF.search(said)
        units.setdefault(unit[0].rstrip("s") if unit else "", set()).add(said)
    return any(len(said) > 1 for said in units.values())


def is_drug(name: str) -> bool:
    """Say whether a name sounds like a medicine's, in either language."""
    return bool(_DRUG.search(name) or _KNOWN.search(name) or _DRUG_EN.search(name))


def _blanked(plain: str, spans: tuple[tuple[int, int], ...]) -> str:
    letters = list(plain)
    for start, end in spans:
        letters[start:end] = "|" * (end - start)
    return "".join(letters)


def _medicines(rest: str) -> tuple[list[str], bool]:
    """Return what the medicines are called, and whether one is spoken of."""
    names, found = [], False
    for hit in _VERB_ZH.finditer(rest):
        name = _tidy(hit["name"])
        if _GENERIC.match(name) or name.startswith("药"):
            found = True
        elif _is_name(name, sure=hit[0].startswith(_SURE_VERBS)):
            names.append(name)
    if not names:
        names = [*_after_amounts(rest), *_english(rest), *_alone(rest)][:1]
    return list(dict.fromkeys(names)), found or bool(names)


def _after_amounts(rest: str) -> Iterator[str]:
    for hit in _AFTER_AMOUNT.finditer(rest):
        name = _TAIL.sub("", _cut(hit["name"]))
        if not _GENERIC.match(name) and _is_name(name, sure=True):
            yield name


def _english(rest: str) -> Iterator[str]:
    plain = rest.replace("|", " , ")
    for form in (_TAKE_EN, _BEFORE_EN):
        for hit in form.finditer(plain):
            name = _STOP_EN.sub("", hit["name"]).strip()
            if not name or _GENERIC.match(name) or _NOT.search(name):
                continue
            if _DRUG_EN.search(name) or hit[0].startswith("take my"):
                yield name
    yield from (hit[0] for hit in _DRUG_EN.finditer(plain) if not _GENERIC.match(hit[0]))


def _alone(rest: str) -> Iterator[str]:
    """Give names that stand by themselves: "阿莫西林 每天三次", "降压药的提醒"."""
    for hit in _NAME_BEFORE.finditer(rest):
        name = _tidy(hit["name"])
        if _DRUG.search(name) and _is_name(name, sure=True) and not _VERBS.search(name):
            yield name
    yield from (hit[0] for hit in _KNOWN.finditer(rest))


def _tidy(said: str) -> str:
    return _TAIL.sub("", _LEAD.sub("", _cut(said)))


def _cut(name: str) -> str:
    """Return a name up to where something else is said."""
    return re.split(
        (
            r"[|#]|提醒|叫我|喊我|通知|告诉|麻烦|谢谢|从|每|连|共|开始|一直|时候|记得|别忘"
            r"|到时|的时|的消息|你|俺|怕|可以|能不能|请|帮|，"
        ),
        name,
    )[0]


def _is_name(name: str, *, sure: bool) -> bool:
    if not _SHORTEST <= len(name) <= _LONGEST or _NOT.search(name):
        return False
    return _DRUG.search(name) is not None or (
        sure and re.fullmatch(r"[\u4e00-\u9fffa-z0-9.\-()]+", name) is not None
    )
