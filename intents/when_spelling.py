"""One spelling for words of time: pinyin, slips of the finger, dialect; and numbers that are no time.

What is no time becomes blanks of the same length, so that the rest stays where it stands.
"""

import re

_WEEKDAY_SLIPS = {
    "monday": "mondy monady munday moday",
    "tuesday": "tuseday teusday tuesdy tusday tueday teuday",
    "wednesday": "wensday wednsday wedensday wednesdy wendsday wednessday weds wendesday",
    "thursday": "thrusday thursdy thurday thurdsay thusday thirsday thur thurs",
    "friday": "firday fridy frday friady",
    "saturday": "saterday satuday saturdy satruday",
    "sunday": "sundy suday",
    "tomorrow": "tommorow tommorrow tomorow tomorrrow tommorw tmrw tmr tmw tomoz tomo 2moro 2morrow "
    "2mrw "
    "tomorro tomrrow tmmr",
    "today": "2day todya tody",
    "tonight": "tonite 2nite 2night",
    "next": "nxt nex",
    "week": "wk weeek",
    "weekend": "wkend wknd",
    "morning": "mornin mornign mrng",
    "afternoon": "afternon aftrnoon arvo afternooon",
    "november": "novemeber novembr",
    "december": "decemeber decembr",
    "february": "feburary febuary",
    "september": "septmber setpember",
    "earliest": "earlist earliset",
}
_SLIPS = {slip: word for word, slips in _WEEKDAY_SLIPS.items() for slip in slips.split()}
_SLIP = re.compile(
    r"\b(?:" + "|".join(sorted(map(re.escape, _SLIPS), key=len, reverse=True)) + r")\b"
)

_SYLLABLES = {
    "jin": "今",
    "ming": "明",
    "hou": "后",
    "dahou": "大后",
    "xia": "下",
    "zhe": "这",
    "ben": "本",
    "zhou": "周",
    "xingqi": "星期",
    "libai": "礼拜",
    "shang": "上",
    "zhong": "中",
    "wu": "午",
    "yi": "一",
    "er": "二",
    "san": "三",
    "si": "四",
    "liu": "六",
    "ri": "日",
    "tian": "天",
}
_PINYIN = re.compile(
    r"\b(?:(da ?hou|jin|ming|hou) ?tian|(xia|zhe|ben)? ?(zhou|xing ?qi|li ?bai) ?"
    r"(yi|er|san|si|wu|liu|ri|tian|mo)?)(?= ?(?:shang ?wu|xia ?wu|zhong ?wu|wan ?shang)|\b)",
)
_PART_PINYIN = re.compile(r"(shang|xia|zhong) ?wu\b|(zao|wan) ?shang\b")

_DIALECT = {
    "听日": "明天",
    "听朝": "明早",
    "听晚": "明晚",
    "翌日": "明天",
    "明个儿": "明天",
    "明个": "明天",
    "后个": "后天",
    "今个儿": "今天",
    "今个": "今天",
    "大后个": "大后天",
    "大后日": "大后天",
    "寻日": "昨天",
    "琴日": "昨天",
    "夜黑": "晚上",
    "晏昼": "下午",
    "朝早": "早上",
    "下昼": "下午",
    "星其": "星期",
    "星斯": "星期",
    "礼败": "礼拜",
    "星期叁": "星期三",
    "下个周末": "下周末",
    "明夭": "明天",
    "后夭": "后天",
    "眀天": "明天",
    "下午后": "下午",
    "今曰": "今天",
    "明曰": "明天",
}
_OWN_WORD = re.compile("|".join(sorted(map(re.escape, _DIALECT), key=len, reverse=True)))

_N = r"(?:\d{1,3}|[一二两三四五六七八九十几半]{1,3})"
#: Numbers and names of days that are no day to come: ages, how long it lasts, how often, addresses.
_NO_TIME = re.compile(
    rf"(?:每隔?个?|逢|隔)(?:周|星期|礼拜)[一二三四五六日天末1-7]?|每个?月\d{{1,2}}[号日]"
    rf"|[每隔]{_N}?[天日周月晚早]|天天"
    rf"|(?:术后|产后|饭后|孕|怀孕|宝宝|孩子|出生|住院?了?|请了?|发烧|烧了?|疼了?|痛了?"
    rf"|咳了?|吃了?|开了?){_N}个?[天周月](?!后)"
    rf"|{_N}(?:周|岁|个月|月|天|星期)(?:大|多?了|龄|宝宝|婴儿|岁)|{_N}[周天]岁"
    rf"|第{_N}(?:次|天|针|个|胎|周|回|剂|例)|{_N}(?:次|遍|回|片|粒|毫升|毫克|块|元|岁|度)"
    rf"|(?:一|1)(?:天|日){_N}次|三天两头|一天到晚|一年到头|24 ?小时|24/7"
    rf"|{_N}号(?=[楼线门床院病厅出窗诊区机柜桌染车元入路餐房库台])|\d{{1,2}}点(?=建议|意见"
    rf"|问题|要求)"
    r"|(?:叫到|排到|轮到|到了|我是|现在|拿的是|前面是)(?:第)?\d{1,3}号|\d{1,3}号(?=前面"
    r"|还要等|什么时候|到了吗|还有几)"
    r"|周(?=[一天]\S?(?:医生|大夫|主任|教授))|(?:血压|体温|温度|心率|血糖)\s?\d[\d./]*"
    r"|\d+\.\d+ ?(?:度|℃|c\b)"
    r"|(?<!\d)\d{11,18}x?(?!\d)|\b\d{3,4}-\d{7,8}\b"
    r"|\b(?:every|each) (?:other )?(?:\w+day|day|morning|night|evening|week|month)\b|\bdaily\b"
    r"|\b\d+[- ]?(?:years?|yrs?|months?|weeks?|days?)[- ](?:old|pregnant)\b"
    r"|\bfor (?:the (?:past|last) )?(?:\d+|a|an|one|two|three|four|five|six|seven|ten"
    r"|several|many|few|a few|a couple of)"
    r" (?:days?|weeks?|months?|years?|hours?|nights?)\b(?! (?:from|after))"
    r"|\b(?:\d+|two|three|once|twice) ?(?:times|x) (?:a|per) (?:day|week)\b"
    r"|\bday and night\b|\bone day\b(?! after)"
    r"|(?<!of )\bthese days\b|\bnowadays\b|\b(?:sick|rest|birth|good|nice|great|busy|bad"
    r"|long|rough) ?days?\b"
    r"|\b(?:room|floor|building|gate|ward|bed|number|no\.?|counter|window|line) ?\d{1,4}\b"
    r"|\b(?:fever|temp|temperature|bp|pressure)(?: of| is)? \d[\d./]*",
)


_OR_NEXT = re.compile(r"\btomorrow or the day after\b(?! tomorrow)")
#: Work, school and errands: up to the words in Chinese, the whole clause in English.
_CLAUSE_ZH, _CLAUSE_EN = r"[^,.;!?。、~()]{0,24}?", r"(?:(?!\b(?:but|so)\b)[^,.;!?])*"
_BUSY_ZH = re.compile(
    rf"{_CLAUSE_ZH}(?:(?:[要得在才]|还有)去?(?:上班(?![吗不么没])|上课|上学|开会|考试|出差|加班|接(?:孩子|娃|人)"
    rf"|送(?:孩子|娃|人)|下班|放学)|有课|有个?会(?!诊)|出差|[点半分]下班(?!以?之?后)|上班到[^,.;!?。、]{{1,6}})"
)
_BUSY_EN = re.compile(
    rf"(?:(?<=[,.;!?])|^|\b(?:but|so)\b){_CLAUSE_EN}\b"
    r"(?:i (?:also |usually |always |only )?(?:work|finish|get off)"
    r"|busy (?:until|till|from|at)"
    rf"|i(?:'m| am|m) (?:busy|away|travell?ing|working|at work|in a meeting)|pick(?:ing)? up my"
    rf"|i have (?:a )?(?:class|classes|meeting|school))\b{_CLAUSE_EN}"
)


def respell(text: str) -> str:
    """Write the words of time in a normalised text in one way."""
    if text.isascii():
        text = _SLIP.sub(lambda hit: _SLIPS[hit[0]], text)
        if "or the day after" in text:
            text = _OR_NEXT.sub("tomorrow or day after tomorrow", text)
        if "tian" in text or "zhou" in text or "qi" in text or "bai" in text:
            text = _PINYIN.sub(_hanzi, text)
        if "wu" in text or "shang" in text:
            text = _PART_PINYIN.sub(_part, text)
        return text
    return _OWN_WORD.sub(lambda hit: _DIALECT[hit[0]], text)


def blank_busy(text: str) -> str:
    """Blank out when the patient says to be busy: "我三点要开会，四点行吗", "I work until 5"."""
    form = _BUSY_EN if text.isascii() else _BUSY_ZH
    return form.sub(lambda hit: " " * len(hit[0]), text) if form.search(text) else text


def blank_no_time(text: str) -> str:
    """Blank out the numbers and days that say no time to come."""
    return _NO_TIME.sub(lambda hit: " " * len(hit[0]), text)


def _hanzi(hit: re.Match[str]) -> str:
    if hit[1]:
        return _SYLLABLES[hit[1].replace(" ", "")] + "天"
    day = "末" if hit[4] == "mo" else "五" if hit[4] == "wu" else _SYLLABLES.get(hit[4] or "", "")
    return _SYLLABLES.get(hit[2] or "", "") + _SYLLABLES[hit[3].replace(" ", "")] + day


def _part(hit: re.Match[str]) -> str:
    return {"shang": "上午", "xia": "下午", "zhong": "中午", "zao": "早上", "wan": "晚上"}[
        hit[1] or hit[2]
    ]
