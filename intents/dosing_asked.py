"""Tell a request to be reminded of medicine from questions, refusals and stories; pure."""

import re

_REMIND = re.compile(
    r"(?<![没不])提醒|(?:到点|到时候?|按时|准时|定时|每天|每[早晚]|记得|天天|晚上|早上"
    r"|点)[^,。;]{0,6}?(?:叫|喊|催|通知|告诉"
    r"|招呼)一?下?(?:我|俺|咱|本人)"
    r"|(?:叫|喊|催)(?:一下)?(?:我|俺|咱|我妈|我爸|他|她)[^,。;]{0,12}(?:吃|服|打|用|喝|滴|涂)"
    r"|(?:定|设|开|加|建|弄|上|来|要)(?:个|一个|置|置一个|置个|一下"
    r"|几个)?[^,。;?]{0,10}?(?:闹钟|提醒|闹铃)"
    r"|(?:叫|喊|催|通知)(?:我|俺|咱)?一[声下]"
    r"|发(?:我)?(?:一?[条个])?[^,。;]{0,8}(?:消息|信息|短信|微信)|(?:消息|信息"
    r"|短信|微信)(?:叫|喊|通知)|别让我忘了?(?:吃|服)|怕忘了?[^,。;]{0,4}(?:吃|服)药|记着(?:叫|喊)"
    r"|\bremind(?:ers?|ing)?\b|\b(?:ping|nudge|alert|buzz|text|message|prompt) me\b"
    r"|\b(?:alarm|alerts?)\b|\b(?:tell|notify|let) me (?:know )?(?:when|that|it)\b"
    r"|\bdon'?t let me forget\b|\bcall me when\b"
)
_NO = re.compile(
    r"(?:不要|不用|唔使|唔好|唔洗|唔要|别|甭|莫|不想|不需要|无需|不必|没必要|停止|停掉|停了|取消|关掉|关闭"
    r"|关了|删掉|删除|去掉|退订|暂停"
    r"|少)[^,。;]{0,8}?(?:提醒|闹钟|叫我|喊我|催我|通知)"
    r"|(?:提醒|闹钟)[^,。;]{0,6}?(?:停了|停掉|取消|关掉|关了|删掉|不要了|别发|别再"
    r"|不用了|暂停|去掉|太多|太烦|改到|改成|改一?下|换成|换到|调到)"
    r"|(?:改|换|调)(?:一?下|个)?[^,。;]{0,8}提醒(?:的?时间)?"
    r"|提醒(?:的?时间)[^,。;]{0,4}(?:改|换|调|不对|错)"
    r"|\b(?:don'?t|do not|stop|cancel|turn off|no more|never|delete|remove|pause"
    r"|disable|quit|no need to|unsubscribe|without|change|move|edit|fewer)\b"
    r"(?! let me forget)(?!t? miss)(?! forget)[^.;!?]{0,30}?\b(?:remind\w*|alarm|alerts?"
    r"|text me|ping me|message me)\b"
    r"|\b(?:remind\w*|alarms?) (?:off|stopped|cancelled)\b"
)
#: Whose reminding it is, that it happened or failed, or that somebody supposes it.
_STORY = re.compile(
    r"(?:医生|大夫|护士|他们|别人|女儿|儿子|老公|老婆|闺女|老伴|手机|妈|爸)(?:会|都"
    r"|总是|老是|常常|每天|天天)?(?:来|会)?(?:提醒|叫|喊"
    r"|催)(?:过)?我|提醒(?:过|了(?!吧))|(?:没有?|怎么不|咋不|为什么不|为啥不|怎么没)[^,。;]{0,4}提醒"
    r"|提醒(?:没|不)(?:来|到|收到|响)|收到[^,。;]{0,8}提醒|(?:提醒|短信|消息)(?:是"
    r"|什么意思|怎么回事|收到)|(?:如果|要是|假如|假设"
    r"|万一)[^,。;]{0,8}提醒"
    r"|谢谢[^,。;]{0,3}提醒|感谢[^,。;]{0,3}提醒|(?:刚才|刚刚|昨天|上次|前天"
    r"|今早)[^,。;]{0,6}提醒|你们?的提醒|提醒能(?:发|用|在)"
    r"|\b(?:was|were|been|got|received|getting|keeps?|thanks for|thank you for|reminded"
    r"|last|yesterday|if (?:you|my|he|she))\b[^.;!?]{0,24}\b(?:remind\w*|alarm)\b"
    r"|\breminded\b|\b(?:no"
    r"|didn'?t|did not|never)\b[^.;!?]{0,20}\bremind\w*|\bremind(?:er|ers)? (?:didn'?t"
    r"|never|did not|came|is wrong|was)"
    r"|\b(?:doctor|nurse|wife|husband|son|daughter|phone|mother|mum|mom|dad)(?: always"
    r"| usually| will)? (?:reminds?|told|tells|calls)\b"
)
#: Other things to be reminded of, where no medicine is named beside them.
_ELSEWHERE = re.compile(
    r"提醒[^,。;]{0,10}(?:复诊|复查|体检|就诊|看病|挂号|缴费|交费|取药|拿药|开药|买药"
    r"|配药|续方|检查|换药|量血压|测血糖|测血压|量体温|打疫苗)"
    r"|(?:复诊|复查|体检|取药|拿药|买药|开药|缴费|就诊)[^,。;]{0,6}提醒"
    r"|\bremind\b[^.;]{0,30}\b(?:appointment|visit|check-?up|follow-?up|refill|pick up"
    r"|collect|buy|order|renew|pay|scan|x-?ray|vaccine)\b"
)
#: A question about the medicine, or about reminders in general: never a request.
_ASKS = re.compile(
    r"有没有\W*$|怎么(?:吃|服|用|办|设|开|弄|关|回事|样|打|喝|提醒)|咋(?:吃|服|用|办|设|弄|整|样"
    r"|开)|如何|吃多少|多少[片粒颗毫]"
    r"|几[片粒颗](?!药?提醒)|吃几|几次|什么时候(?:吃|服|用|打)|啥时候(?:吃|服)|多久|为什么|为啥|什么意思"
    r"|还是(?:饭|餐|早|晚|空腹|睡)|(?:能|可|要|该|用)不(?:能|可以|要|该|用)(?:补|停|吃"
    r"|服|喝|打|一起|同时|减|加|换|双|多)"
    r"|(?:可以|能)(?:补|停|一起吃|同时吃|减|加量|换)"
    r"|补(?:吃|服|上)|漏(?:吃|服)|忘(?:了|记)(?:吃|服|打)[^,。;]{0,6}(?:怎|咋|吗|要|补"
    r"|么)|加倍|双倍|过期|副作用"
    r"|有没有(?:用|效|副)|有[^,。;]{0,6}提醒(?:功能|服务)?[吗么嘛]|有没有[^,。;]{0,10}提醒"
    r"|会不?会?[^,。;]{0,4}提醒|是不是|是否|能吃吗|可以吃吗|对吗|哪(?:个|种|里|些)|多少钱|有(?:什么|啥)"
    r"|\b(?:how (?:do|does|can|many|much|often|long|should|to)|what (?:if|should"
    r"|time should|happens|is)|should i|can i (?:take|double|stop|skip|drink|eat|have|mix)"
    r"|may i"
    r"|is it (?:ok|okay|safe|fine|bad)|do i (?:need|have)|why|which|when should|when do i"
    r"|do you (?:have|do|offer|send)|are there|is there|missed|miss a|forgot|double"
    r"|side effects?|overdose)\b"
)
_POLITE = re.compile(
    r"(?:能不能|可不可以|可以不可以|能否|可否|可以|能|方便)(?=[^,。;]{0,14}(?:提醒"
    r"|叫我|喊我|催我|通知我|告诉我|定个|设个|发))"
    r"|\b(?:can|could|would|will) (?:you|u)(?: please)?\b|\bi(?:'d| would) like\b"
)
_MEDICINE = re.compile(
    r"药|打针|[吃服打喝滴涂用含吸](?!饭|完|过)|胶囊|胰岛素"
    r"|[一二两三半\d]\s?[片粒颗丸][^,]|各[一二两半\d]\s?[片粒颗丸袋]"
    r"|每次[一二两三半\d]+\s?(?:片|粒|颗|丸|袋|毫升|毫克|ml|mg)|\b(?:take|pills?|tablets?|medicines?"
    r"|medications?|meds?|insulin|dose|drops|capsules?|inhaler|puffs?|tabs|antibiotics?"
    r"|vitamins?|metformin|aspirin)\b|\b[a-z]+(?:cillin|formin|statin|pril|sartan|olol"
    r"|zole|mycin|profen|phen|amol|farin|xaban|thyroxine)\b"
)
#: A plain statement of how a medicine is taken, as prescriptions say it.
_REGIMEN = re.compile(
    r"(?:(?<![a-z])(?:qd|bid|tid|qid|qn|prn)(?![a-z])|早上|早[饭餐]|中午|晚上|晚[饭餐]"
    r"|空腹|日[一二两三四1-4]次"
    r"|每[天日]|一[天日]|1[天日]|每隔|隔[天日]|每晚|每早|天天|早晚|早中晚|睡前"
    r"|[饭餐][前后]|每\S{1,2}小时|\bmorning and\b"
    r"|(?:周|星期)[一二三四五六日]|\b(?:daily|a day|every|twice|once|at \d|at night|bedtime|weekly"
    r"|morning)\b)"
)
_TELLS = re.compile(
    r"了(?!吧)|过|一直|现在|已经|目前|正在|平时|以前|最近|还是|但是?|可是|不过|所以"
    r"|因为|感觉|觉得|头[晕疼痛]|难受|不舒服|疼|痛|咳|烧|恶心"
    r"|没[有效用]|不见|忘|漏|停|医生(?:说|让|开|叫)|大夫(?:说|让|叫)|查|多少|血压|血糖"
    r"|可以|能|想问|想知道|应该|吗|么|呢|"
    r"挂|预约|号|复诊|取药|拿药|退|他(?!汀)|她|医保|报销"
    r"|\b(?:did|do|have|has|was)n'?t\b"
    r"|\b(?:i(?:'m| am| was|'ve| have)|been|was|were|but|still|because|feel|pain|dizzy"
    r"|my doctor|he|she|they|should|ok|since|started|stopped|book|appointment|used to"
    r"|currently)\b"
)
_PRN = re.compile(r"需要(?:时|的时候)|必要时|按需|的时候吃|\bas needed\b|\bprn\b")
_LONGEST_REGIMEN = 60


def asks(plain: str) -> bool:
    """Say whether a normalised text asks to be reminded of medicine, plainly and now."""
    if not _REMIND.search(plain) or not _MEDICINE.search(plain):
        return False
    if _NO.search(plain) or _STORY.search(plain) or _ELSEWHERE.search(plain):
        return False
    polite = _POLITE.search(plain) is not None
    rest = _POLITE.sub(" ", plain)
    if _ASKS.search(rest):
        return False
    return polite or not re.search(r"[?]|[吗么嘛](?:$|[,.。!])", rest) or _is_wish(rest)


def _is_wish(plain: str) -> bool:
    """Tell "每天8点提醒我吃药好吗" from a question about it."""
    return (
        re.search(r"(?:好|行|可以|中|成)(?:吗|么|嘛|不)\W*$|\b(?:please|pls|ok|okay)\W*$", plain)
        is not None
    )


def is_regimen(plain: str) -> bool:
    """Say whether a normalised text is nothing but how a medicine is taken: "一天三次饭后吃阿莫西林"."""
    if len(plain) > _LONGEST_REGIMEN or "?" in plain or _ASKS.search(plain) or _NO.search(plain):
        return False
    if _TELLS.search(_PRN.sub(" ", plain)) or _REMIND.search(plain) or not _MEDICINE.search(plain):
        return False
    return _REGIMEN.search(plain) is not None or _PRN.search(plain) is not None
