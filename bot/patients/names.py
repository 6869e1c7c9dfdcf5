"""Names of people: found beside a document, or where somebody says what she is called; pure.

Never a word that is plainly no name. What is left of a message once documents, phones and the words
around them are taken away is a name only where it looks like one.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: Surnames of one character, the common ones and many rare ones.
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
    "姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向"
    "常汤康易乔赖龙文施洪辛柯温牛樊葛邢安齐庄关焦祝左甘倪涂包耿骆路宁柳章梅舒欧聂伍卓童尚詹申申鲍霍华翟"
    "俞柴翁盛岳殷霍裴欧傅解纪单佘瞿成冉娄应游池桂费蓝席车穆凌卜楼褚闵冀景占蒲苗凤阎屈沙苟时谷巴党匡宫花"
    "阮项司柏隋艾边简滕臧喻古隆晏房仇晋窦植饶鲁邬苏储靳敖米郎鄢车农商管戚丘仲盘蓝那佟阿库买艾热古努图麦"
    "肉木艾玉白玛扎旦格桑次仁达瓦尼多央拉巴桑洛松才让索南卓嘎"
)
_COMPOUND = tuple(
    re.findall(
        "..",
        "欧阳司马上官诸葛东方皇甫尉迟公孙慕容令狐司徒夏侯端木轩辕长孙宇文南宫独孤太史呼延百里申屠",
    )
)
#: Plainly no names, though they may begin as one does.
NO_NAMES = re.compile(
    r"周[一二三四五六日末天]|星期.*|礼拜.*|[今明后昨前大]+[天日晚早](?:[上下]午|早上|晚上)?"
    r"|(?:[上下]|中)午|早上|晚上|凌晨"
    r"|(?:本|下|上|这)+(?:周|个?月|星期|礼拜).*|.*(?:挂号|预约|取消|改签|退号|门诊|急诊|住院|医院"
    r"|科室|内科|外科|儿科|眼科|妇科"
    r"|产科|骨科|牙科|皮肤科|口腔|中医|专家|医生|大夫|主任|护士|人工|客服|检查|化验|报告|体检|疫苗"
    r"|看病|看诊|就诊|挂个|挂一"
    r"|知道|不清楚|清楚|没有|有没有|怎么|什么|哪|为什么|多少|可以|不用|不要|不想|不行|不能|不是"
    r"|不会|随便|谢谢|你好|您好|请问"
    r"|等等|稍等|等一下|马上|好的|好吧|行吧|算了|时间|方便|高血压|糖尿病|血压|头疼|头痛|肚子|发烧"
    r"|咳嗽|感冒|疼|痛"
    r"|身份证|证件|护照|号码|手机|电话|姓名|名字|监护人|家长|就诊人|病人|患者|添加|绑定|登记|返回"
    r"|菜单|确认|继续|忘了|没带"
    r"|安排|应该|有人|别人|其他|自己|本人|我们|你们|他们|大家|经常|何时|任何|于是|方法|高兴|白天"
    r"|万一|成功|时候|安全|谁).*"
    r"|是的?|对的?|好|行|嗯+|可以|[这那]个?|第[一二三四五]个?|[一二三四五六七八九十两]+[号个点岁]?"
    r"|男的?|女的?|无|没|不"
)
_DOTS = re.compile(r"[•・‧∙⋅･]")
_HAN = r"[\u3400-\u9fff\U00020000-\U0003ffff]"
_HAN_CHUNK = re.compile(
    rf"(?<!{_HAN}){_HAN} {_HAN}{{1,2}}(?!{_HAN})|{_HAN}+(?:\s?·\s?{_HAN}+)*"  # 张 三 too
)
_LETTER = r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"
_LATIN_CHUNK = re.compile(
    rf"{_LETTER}(?:{_LETTER}|['’.\-](?={_LETTER})|\.(?= {_LETTER})| (?={_LETTER}))*"
)
_LONGEST, _LONGEST_PLAIN, _SHORTEST = 15, 4, 2

_KIN = (
    r"(?:我|俺|咱|他|她)?(?:家|们)?(?:的)?(?:大|小|二|老)?(?:妈妈|母亲|爸爸|父亲|妈咪|老妈|老爸"
    r"|老娘|老爹|儿子|女儿|闺女|孩子|小孩|宝宝|宝贝"
    r"|娃娃|爱人|老公|老婆|媳妇|丈夫|妻子|先生|太太|老伴|婆婆|公公|岳父|岳母|丈母娘|老丈人|奶奶"
    r"|爷爷|姥姥|姥爷|外婆|外公"
    r"|哥哥|弟弟|姐姐|妹妹|孙子|孙女|外孙女?|侄子|侄女|外甥女?|姑姑|阿姨|舅舅|叔叔|伯伯"
    r"|[大二三小]?姨|丫头|朋友|同事)"
    r"|(?:我|俺|咱)(?:妈|爸|娘|爹|娃|崽|哥|弟|姐|妹|婆|公)"
)
_BEFORE = re.compile(
    rf"(?:{_KIN}|(?:我|他|她|名字|姓名|病人|患者|孩子)?(?:的)?(?:名字|姓名)?(?:是)?叫做?|姓名是?"
    rf"|名字是?|我是|他是|她是|这是|就是"
    r"|我(?:自己|本人)|本人|自己|就诊人|病人|患者|监护人|家长|陪同人|请?(?:帮|给|替|为)(?:我"
    r"|俺)?(?:家)?|请|麻烦(?:您|你)?|您好|你好"
    r"|添加|新增|加上?|登记|绑定|换成|改成|改为|号码是?|身份证号?码?是?|证件号?码?是?|护照号?码?是?"
    r"|(?:手机|联系)?电话是?|手机号?码?是?|[是的,]|男(?=[ ,])|女(?=[ ,]))"
)
_AFTER = re.compile(
    r"(?:的?(?:居民)?身份证(?:号码?)?(?:是|为)?|的?证件(?:号码?)?(?:是|为)?|的?护照(?:号码?)?(?:是"
    r"|为)?|的?(?:手机|联系)?电话(?:是|为)?"
    r"|的?手机(?:号码?)?(?:是|为)?|的?出生(?:医学)?证明?(?:号码?)?(?:是|为)?|的?(?:港澳"
    r"|台湾)?(?:居民)?通行证|的?回乡证|的?台胞证|的?永居证"
    r"|(?:添加|加上|加一下|加进去|加进来|加|绑定|登记)一?下?|要?(?:挂号|挂个号|看病|看医生|就诊)|挂"
    r"|本人|先生|女士|小朋友|谢谢.*|吧|了|的号|的|号码|生日|出生.*|性别|今年|,)$"
)
#: Words for people that stand in no name: "带他去" is none.
_SPEAKS = re.compile("[我你您他她它们咱俺]")
_LABEL_FIRST = re.compile(
    r"(?:姓名|名字|我叫|他叫|她叫|叫做|\bname\b|\bcalled\b|i am|i'm)\W*(?:is\b|是|叫)?\W*$",
    re.IGNORECASE,
)

_NOISE = re.compile(
    r"a|add|afternoon|agent|am|an|and|anybody|appointment|are|baby|back|birth|birthday|book|booking"
    r"|born|boy|brother|called|cancel|card|cardiology|certificate|change|child|china|chinese|dad"
    r"|daddy|date|daughter|details|dob|doc|doctor|document|don't|dont|dr|else|evening|f|father"
    r"|female|first|for|foreign|foreigner|friday|full|girl|guardian|he|hello|help|her|here|hey|hi"
    r"|him|his|hk|hong|hospital|how|husband|i|i'm|id|identity|idk|ill|im|is|it|it's|its|kid|know"
    r"|kong|last|later|like|m|macao|macau|mainland|male|mam|man|me|menu|mine|miss|mobile|mom|monday"
    r"|morning|mother|mr|mrs|ms|mum|mummy|my|myself|name|named|names|need|never|new|next|no|none"
    r"|not|nothing|now|nr|num|number|number's|of|ok|okay|old|on|other|pain|parent|partner|passport"
    r"|patient|permanent|permit|person|phone|please|pls|relation|relationship|resident|saturday"
    r"|self|she|sick|sister|somebody|someone|son|sorry|spouse|stop|sunday|sure|taiwan|tel|telephone"
    r"|thank|thanks|that|the|this|thursday|to|today|tomorrow|travel|tuesday|want|wednesday|week"
    r"|what|when|where|who|wife|with|woman|would|year|years|yes|yesterday|you"
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name and where it stands in the text that was read."""

    text: str = field(repr=False)
    start: int = 0


def names_in(text: str, *, sure: bool) -> Sequence[Name]:
    """Return the names in a text that holds no numbers any more.

    Args:
        sure: a document stands beside it, so that a rare surname counts too.
    """
    plain = _DOTS.sub("·", unicodedata.normalize("NFKC", text))
    found = [*_han(plain, sure=sure), *_latin(plain, sure=sure)]
    return sorted(found, key=lambda name: name.start)


def same_name(one: str, other: str) -> bool:
    """Say whether two names are the same, however they are spaced, capitalised or accented."""
    return _key(one) == _key(other)


def _key(name: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", _DOTS.sub("·", name)).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    if re.search(_HAN, plain):
        return (re.sub(r"[\s·]", "", plain),)
    return tuple(sorted(re.findall(r"[^\W\d_]+", plain)))


def _han(plain: str, *, sure: bool) -> Iterator[Name]:
    for match in _HAN_CHUNK.finditer(plain):
        start, chunk = match.start(), re.sub(r"\s", "", match[0])
        labelled = _LABEL_FIRST.search(plain[:start]) is not None
        while before := _BEFORE.match(chunk):
            labelled = labelled or before[0].endswith(
                ("叫", "叫做", "姓名", "名字", "姓名是", "名字是")
            )
            start += before.end()
            chunk = chunk[before.end() :]
        while after := _AFTER.search(chunk):
            chunk = chunk[: after.start()]
        if _is_name(chunk, labelled=labelled, sure=sure):
            yield Name(chunk, start)


def _is_name(chunk: str, *, labelled: bool, sure: bool) -> bool:
    if not _SHORTEST <= len(chunk) <= _LONGEST or NO_NAMES.fullmatch(chunk):
        return False
    if "·" in chunk or labelled:
        return True
    if len(chunk) > _LONGEST_PLAIN or _SPEAKS.search(chunk):
        return False
    return sure or chunk[0] in SURNAMES or chunk.startswith(_COMPOUND)


_FEWEST_WORDS, _MOST_WORDS = 2, 5


def _latin(plain: str, *, sure: bool) -> Iterator[Name]:
    for match in _LATIN_CHUNK.finditer(plain):
        labelled = _LABEL_FIRST.search(plain[: match.start()]) is not None
        run: list[re.Match[str]] = []
        for word in [*re.finditer(r"\S+", match[0]), None]:
            if word is not None and not _NOISE.fullmatch(word[0].casefold().strip(".'’")):
                run.append(word)
                continue
            if name := _spelt(run, labelled=labelled, sure=sure):
                yield Name(name, match.start() + run[0].start())
            run = []
            said = word[0].casefold() if word is not None else ""
            labelled = said in ("name", "called", "i'm", "am") or (labelled and said == "is")


def _spelt(run: Sequence[re.Match[str]], *, labelled: bool, sure: bool) -> str | None:
    """Return a run of words as a name; written small by a hasty thumb it gets its capitals."""
    words = [word[0] for word in run]
    if not words or len(words) > _MOST_WORDS or (len(words) < _FEWEST_WORDS and not labelled):
        return None
    if not (sure or labelled or all(word[0].isupper() for word in words)):
        return None
    name = " ".join(words)
    return name.title() if name.islower() else name
