"""Which of the days a text names are wished for: not those refused, and not those of a story.

"今天早上开始肚子疼" and "since Tuesday" tell how it began; "周三不行" refuses; "把周三的改到周五" asks
for the later day. What comes first after a day in Chinese, and last before it in English, decides.
"""

import re

_WISH_ZH = re.compile(
    r"想|要(?!不)|约|挂|看(?!到|过|了|见)|预[约定]|订|改|退|取消|能|可以|有没有|有号|有空"
    r"|有时间|有人|方便|来(?!了|过|月经|例假|的时候)|去(?!了|过)"
    r"|行|合适|出诊|门诊|坐诊|上班吗|号|都行|最好|或|还是|帮|给"
)
_STORY_ZH = re.compile(
    r"开始[^预挂约看]|突然|摔|扭|撞|磕|烫|被|疼|痛|发?烧|咳|吐|拉|泻|痒|肿|晕|出血|流|麻"
    r"|起[了床来]|吃|喝|做[了过]|拍[了过]|查出|检查[了过出]|住院|手术|出院"
    r"|打[了过的针]|开了|看[过了]|来[了过]|去[了过]|生的|出生|怀[孕上]|停经|月经|例假|过敏"
    r"|不舒服|难受|睡|醒|熬|加重|发现|发病|得了|输液|复查[了过]|感冒|没精神|没胃口"
)
_BEFORE_ZH = re.compile(
    r"(?:末次月经\S{0,4}|预产期\S{0,2}|生日\S{0,2}|出生\S{0,4}|生于|自从|自打)\s?$"
)
_STORY_EN = re.compile(
    r"\b(?:since|started|began|begun|fell|had|was|were|been|did|took|ate|drank|noticed"
    r"|woke|hurt|got|gave|came|went|saw|vomited|threw|tested|operated|injured|twisted"
    r"|ever since|born|birthday|dob|due date|lmp|last period|period|surgery|hurts"
    r"|discharged|diagnosed|missed|cut|burnt|burned|bit|felt|happened|ill|sick|sore"
    r"|swollen)\b"
)
_WISH_EN = re.compile(
    r"\b(?:book|appointment|appt|see|want|need|like|available|free|can|could|come|coming"
    r"|visit|slot|move|reschedule|change|cancel|any|for|on call|prefer|works?|suits?|ok"
    r"|fine|good|better|possible|is there|are there|how about|what about|make it|would"
    r"|will|please|shall|may i)\b"
)
_END = re.compile(r"[,.;!?。、~()]|\bbut\b|\band then\b|但|不过|所以")
_REFUSED = re.compile(
    r"\s?(?:的|那天|这天)?\s?(?:上午|下午|早上|晚上)?(?:我|都|也|就|是|他|她|可能|恐怕|医生|估计)*"
    r"(?:不行|不可以|不能|不方便|不去|不来|不要|不想|没空|没时间|去不了|来不了|去不成"
    r"|来不成|除外|不在|有事|有会|开会|出差|加班|要?上班(?!吗)|要?上学|考试|没法|不得空"
    r"|不合适|太[早晚赶]|没号|不成|不好|以外|之外|走不开|赶不[上及到]|停诊|唔得|唔得闲)"
    r"|\s?(?:is|are)? ?(?:not|isn't|isnt|aren't|doesn't|doesnt|does not|don't|do not|won't"
    r"|wont|will not|can't|cannot|no good|no longer|is out|is bad|is full|i'm busy|im busy"
    r"|i am busy|i work|i'm working|is impossible)\b"
    r"(?: (?:work|good|possible|ok|suit|do|make|free|available|me|for))?"
)
_REFUSED_BEFORE = re.compile(
    r"(?:不要|别|甭|除了?|除开|不想要?(?:约|挂|看|在)?|不是|不能(?:在)?|不约|别约|避开|莫"
    r"|唔要|不选|取消|而不是)\s?$"
    r"|\b(?:not|except(?: for)?|but not|anything but|any day but|other than|apart from"
    r"|instead of|rather than|avoid|can't do|cant do|cannot do"
    r"|can't (?:come|make it|make)(?: on)?|cannot (?:come|make it|make)(?: on)?|don't want"
    r"|dont want|don't (?:book|want it|want to come)(?: on| for| me for)?|never on"
    r"|no)(?: on)?(?: the)? ?$"
)
_SUPPOSED = re.compile(
    r"(?:如果|要是|假如|若是|万一)\S{0,4}$|\b(?:if|unless|in case)\b[^,.;]{0,12}$"
)
#: "改到周五", "move it to Friday": what stands before names the visit there is already.
_TARGET_ZH = re.compile(
    r"(?:改|换|挪|调|移|推迟|延期?|延后|提前|改期|改约|调整)(?:一下)?(?:到|至|成|为|去|在"
    r"|约)|(?:改|换|挪|调)(?=(?:下|这|本)?个?(?:周|星期|礼拜|明|后|大后|\d))"
)
_TARGET_EN = re.compile(
    r"\b(?:move|change|reschedule|shift|switch|push|swap|postpone|bring|rebook|transfer"
    r"|put)\b[^.;!?]*?\b(?:to|till|until|for|forward to|back to)\b(?=[^.;!?]*$"
    r"|[^.;!?]*[.;!?])"
)
_MOVES = re.compile(
    r"改期|改约|改时间|换时间|换个时间|改个时间|改签|延期|推迟|\b(?:reschedule|postpone"
    r"|move|rearrange)\b"
)


def target(text: str) -> int:
    """Give where in a text the day begins to which a visit is to be moved; 0 if none is moved."""
    hits = list(_TARGET_ZH.finditer(text))
    if hits:
        return hits[-1].end()
    hit = _TARGET_EN.search(text)
    return hit.end() if hit else 0


def moves(text: str) -> bool:
    """Tell whether a text asks for another time for a visit there is already."""
    return _MOVES.search(text) is not None


def refused(text: str, start: int, end: int) -> bool:
    """Tell whether the days that stand from `start` to `end` are refused."""
    if _SUPPOSED.search(text[:start]):
        return False
    return bool(_REFUSED.match(text, end) or _REFUSED_BEFORE.search(text[:start]))


def told(text: str, start: int, end: int) -> bool:
    """Tell whether a day belongs to a story of what happened, not to a wish."""
    before, after = _clause(text, start, end)
    if _BEFORE_ZH.search(before):
        return True
    if text.isascii():
        return _last(before, after)
    story, wish = _STORY_ZH.search(after), _WISH_ZH.search(after)
    return story is not None and (wish is None or story.start() < wish.start())


def _last(before: str, after: str) -> bool:
    """Judge English by what stands last before a day, or first after it."""
    stories, wishes = list(_STORY_EN.finditer(before)), list(_WISH_EN.finditer(before))
    if stories or wishes:
        return bool(stories) and (not wishes or stories[-1].start() > wishes[-1].start())
    story, wish = _STORY_EN.search(after), _WISH_EN.search(after)
    return story is not None and (wish is None or story.start() < wish.start())


def _clause(text: str, start: int, end: int) -> tuple[str, str]:
    begin = max((hit.end() for hit in _END.finditer(text, 0, start)), default=0)
    stop = _END.search(text, end)
    return text[begin:start], text[end : stop.start() if stop else len(text)]


def end_of_clause(text: str, end: int) -> int:
    """Give where the clause ends in which a text stands at `end`."""
    stop = _END.search(text, end)
    return stop.start() if stop else len(text)
