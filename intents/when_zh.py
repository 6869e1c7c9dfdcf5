"""The forms in which Chinese names days: "下周三", "11月25号", "明后天", "国庆前" and others."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from intents import when_calendar as calendar
from intents.when_calendar import Days, asked, number, one, span

Read = Callable[[re.Match[str], date], Days | None]

N = r"(?:[0-9]{1,2}|[二三]?十[一二三四五六七八九]?|[廿卅][一二三四五六七八九]?|[一二三四五六七八九两])"
W = r"(?:周|星期|礼拜)"
_D = "[一二三四五六日天1-7]"
_WEEK = r"(下下下|下下|下|这|本|上上|上)"
_TO = r"\s?(?:到|至|-|~|直到)\s?"
_DAY = {word: n for n, word in enumerate("一二三四五六")} | {"日": 6, "天": 6}
_DAY |= {str(n): n - 1 for n in range(1, 8)}
_AHEAD = {"今": 0, "明": 1, "后": 2, "大后": 3}
_PARTS_OF_MONTH = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 31)}
#: Long enough after the first day of a holiday for every year's notice: the day from which it is over.
_HOLIDAYS = {
    "元旦": (1, 1, 1, 4),
    "五一": (5, 1, 5, 7),
    "国庆": (10, 1, 7, 9),
    "圣诞": (12, 25, 25, 26),
}
_NO_HOUR = (
    r"(?:(?<![1-7])|(?![0-9]))"
    r"(?!个(?!号)|次|种|岁|鸣|[一二三四五六日]?[一-龥]?(?:医生|大夫|主任|教授))"
)


def _weeks(word: str | None) -> int | None:
    if not word:
        return None
    return -word.count("上") if "上" in word else word.count("下")


def _past(_hit: re.Match[str], _today: date) -> Days:
    return asked("past", "past")


def _vague(_hit: re.Match[str], _today: date) -> Days:
    return asked("vague", "vague")


def _lunar(_hit: re.Match[str], _today: date) -> Days:
    return asked("lunar", "vague")


def _with_year(hit: re.Match[str], today: date) -> Days:
    year = today.year + {"今": 0, "明": 1, "后": 2}[hit[1]]
    return calendar.in_year(year, number(hit[2]), number(hit[3]), today)


def _iso(hit: re.Match[str], today: date) -> Days:
    return calendar.in_year(int(hit[1]), int(hit[2]), int(hit[3]), today)


def _month_day(hit: re.Match[str], today: date) -> Days:
    return calendar.of_year(number(hit[1]), number(hit[2]), today)


def _month_days(hit: re.Match[str], today: date) -> Days:
    first = calendar.of_year(number(hit[1]), number(hit[2]), today)
    if first.first is None:
        return first
    month = number(hit[3]) if hit[3] else first.first.month
    year = first.first.year + (month < first.first.month)
    return span(first.first, calendar.real(year, month, number(hit[4])))


def _days_of_month_marked(hit: re.Match[str], today: date) -> Days | None:
    return _range(hit[1], hit[2], hit[4], today)


def _days_of_month_bare(hit: re.Match[str], today: date) -> Days | None:
    if number(hit[2]) <= 12 and not hit[1]:  # noqa: PLR2004  ("8-10号" may be 8 October)
        return asked("two readings")
    return _range(hit[1], hit[2], hit[3], today)


def _range(which: str | None, low: str, high: str, today: date) -> Days:
    months = None if not which else 1 if which.startswith("下") else 0
    begin = calendar.of_month(number(low), today, months)
    if begin.first is None:
        return begin
    return span(begin.first, calendar.real(begin.first.year, begin.first.month, number(high)))


def _of_month(hit: re.Match[str], today: date) -> Days:
    months = {"下下": 2, "下": 1, "这": 0, "本": 0}.get((hit[1] or "").rstrip("个月的"))
    return calendar.of_month(number(hit[2]), today, months)


def _week_days(hit: re.Match[str], today: date) -> Days:
    weeks, first, last = _weeks(hit[1]), _DAY[hit[2]], _DAY[hit[4]]
    if hit[3] and hit[3] != hit[1]:
        begin = calendar.weekday(today, first, weeks)
        end = calendar.weekday(today, last, _weeks(hit[3]))
        return begin if begin.ask else end if end.ask else span(begin.first, end.last)
    return week_days(today, weeks, first, last)


def week_days(today: date, weeks: int | None, first: int, last: int) -> Days:
    """Give the days from one weekday to another; a run that has begun already is asked about."""
    if last < first and weeks is not None:
        return asked("impossible")
    if weeks is None:
        if first < today.weekday() <= last:
            return asked("two weeks")
        weeks = 0 if first >= today.weekday() else 1
    begin = calendar.monday(today, weeks)
    if begin is None:
        return asked("impossible")
    length = (last - first) % calendar.DAYS_IN_WEEK
    start = calendar.ahead(begin, first)
    if start and start < today:
        start = today
        length = (last - today.weekday()) % calendar.DAYS_IN_WEEK if last >= today.weekday() else -1
    end = calendar.ahead(start, length) if start and length >= 0 else None
    return span(start, end) if end else asked("past")


def _week_list(hit: re.Match[str], today: date) -> Days:
    days = [_DAY[word] for word in re.findall(_D, hit[2])]
    if any(after != before + 1 for before, after in pairwise(days)):
        return asked("two days")
    return week_days(today, _weeks(hit[1]), days[0], days[-1])


def _weekday(hit: re.Match[str], today: date) -> Days:
    weeks = _weeks(hit[1])
    day = _DAY[hit[3]]
    if hit[2] == "个周" and weeks == 1 and day > today.weekday():
        return asked("two weeks", "weekday")
    if weeks is not None and weeks < 0:
        return asked("past", "past")
    return calendar.weekday(today, day, weeks)


def _weekend(hit: re.Match[str], today: date) -> Days:
    weeks = _weeks(hit[1])
    if weeks is not None and weeks < 0:
        return asked("past", "past")
    if weeks is None and today.weekday() == calendar.SUNDAY:
        return asked("today or next week")
    return calendar.weekend(today, weeks or 0)


def _week_span(hit: re.Match[str], today: date) -> Days:
    weeks = _weeks(hit[1]) or 0
    return asked("past", "past") if weeks < 0 else calendar.week(today, weeks)


def _relative(hit: re.Match[str], today: date) -> Days:
    return one(calendar.ahead(today, _AHEAD[hit[1]]), "relative")


def _relatives(hit: re.Match[str], today: date) -> Days:
    word = hit[0]
    first = 0 if "今" in word else 1
    last = 2 if "后" in word else 1
    return span(calendar.ahead(today, first), calendar.ahead(today, last))


def _after(hit: re.Match[str], today: date) -> Days:
    if hit[1] in ("几", "半") or "月" in hit[2] or hit[1].endswith("几"):
        return asked("vague", "vague")
    days = number(hit[1]) * (1 if hit[2] in "天日" else calendar.DAYS_IN_WEEK)
    return one(calendar.ahead(today, days))


def _within(hit: re.Match[str], today: date) -> Days:
    if hit[1] == "几":
        return asked("vague", "vague")
    days = number(hit[1]) * (1 if hit[2] in "天日" else calendar.DAYS_IN_WEEK)
    return span(today, calendar.ahead(today, days))


def _coming(hit: re.Match[str], today: date) -> Days:
    if hit[1] == "几" or number(hit[1]) < 2:  # noqa: PLR2004
        return asked("vague", "vague")
    return span(calendar.ahead(today, 1), calendar.ahead(today, number(hit[1]) - 1))


def _holiday(hit: re.Match[str], today: date) -> Days:
    month, day, length, over = _HOLIDAYS[hit[1]]
    first = calendar.of_year(month, day, today).first
    if first is None:
        return asked("holiday")
    if hit[2]:
        end = calendar.ahead(first, -1)
        return span(today, end)
    if hit[3]:
        return Days(calendar.real(first.year, month, over + day - 1 if month == 12 else over), None)  # noqa: PLR2004
    return (
        one(first)
        if hit[4] or length == day == 1
        else span(first, calendar.real(first.year, month, length))
    )


def _month(hit: re.Match[str], today: date) -> Days:
    months = {"下下": 2, "下": 1, "这": 0, "本": 0}[hit[1]]
    begin, end = _PARTS_OF_MONTH.get(hit[2] or "", (1, 31))
    return calendar.month(*calendar.shifted(today, months), today, begin, end)


def _named_month(hit: re.Match[str], today: date) -> Days:
    begin, end = _PARTS_OF_MONTH.get(hit[2] or "", (1, 31))
    return calendar.month_near(number(hit[1]), today, begin, end)


def _slash(hit: re.Match[str], today: date) -> Days:
    return calendar.of_year(int(hit[1]), int(hit[2]), today)


class Form(NamedTuple):
    """A form, who reads it, and of what a text must hold one at least to be looked at."""

    pattern: re.Pattern[str]
    read: Read
    needs: tuple[str, ...]


def form(needs: Iterable[str], pattern: str, read: Read) -> Form:
    """Compile a form of days."""
    return Form(re.compile(pattern), read, tuple(needs))


_PLACE = r"(?![楼线门床院病厅出窗诊区机柜桌染车元入路餐房库台]|公里|以内)"

#: Read in this order; what one form took is gone for the next.
FORMS: tuple[Form, ...] = (
    form(
        "历腊正冬初年除春端中重元清七寒暑立夏小五",
        r"农历\S{0,6}|阴历\S{0,6}|旧历\S{0,6}|正月(?:初|十|廿|里|底)?\S?|腊月(?:初|十|廿"
        r"|里|底|二)?\S?|冬月(?:初|十)?\S?"
        r"|(?:大年)?初[一二三四五六七八九十](?![中高二级])|年三十|除夕|春节|过年"
        r"|年[前后](?!\d)|端午|中秋|重阳|元宵"
        r"|清明|七夕|寒假|暑假|立[春夏秋冬]|冬至|夏至|寒食|小年|五月节",
        _lunar,
    ),
    form(
        "前昨刚上去",
        r"(?<!\d)(?:大?前天|昨天|昨儿个?|昨日|昨晚|昨夜|昨早|前晚|前几天|前两天|前阵子"
        r"|前段时间|刚才|刚刚|上个?月|去年|前年"
        rf"|上半年|(?:{N}|几|好几|半)个?(?:天|日|周|星期|礼拜|月|年|小时)(?:之|以)?前(?![后台面]))",
        _past,
    ),
    form(["20"], r"(?<!\d)(20\d\d)[-/年.](\d{1,2})[-/月.](\d{1,2})(?:日|号)?(?!\d)", _iso),
    form("年", rf"(今|明|后)年的?({N})月({N})(?:日|号)?", _with_year),
    form(
        "月",
        rf"(?<![\d月])({N})月({N})(?:日|号)?{_TO}(?:({N})月)?({N})(?:日|号)?(?![\d点时:])",
        _month_days,
    ),
    form(
        "月",
        rf"(?<![\d月])({N})月(?:份)?({N})(?:日|号|(?=[ ,。、!?\x00]|$|的|有|上|下|早|晚|周"
        rf"|星|礼))(?!\d)",
        _month_day,
    ),
    form(
        "./",
        r"(?<![\d.])(1[0-2]|0?[1-9])[./](\d{1,2})(?:[号日](?!\d)| ?(?=[上中下]午|早上|晚上))",
        _month_day,
    ),
    form(
        "号日",
        rf"(下个?月|这个?月"
        rf"|本月)?的?(?<![\d月.第期周拜一二三四五六七八九])({N})(?:([号日]){_TO})({N})[号日](?!\d){_PLACE}",
        _days_of_month_marked,
    ),
    form(
        "号日",
        rf"(下个?月|这个?月"
        rf"|本月)?的?(?<![\d月.第期周拜一二三四五六七八九])({N}){_TO}({N})([号日])(?!\d){_PLACE}",
        _days_of_month_bare,
    ),
    form("后", rf"(?<![\d第每])(半|{N}|几)个?(周|星期|礼拜)(?:之|以|过)?后的?{W}{_D}", _vague),
    form(
        "周星礼", rf"{_WEEK}?个?{W}({_D}){_TO}{_WEEK}?个?{W}?({_D})(?![0-9点时:月号])", _week_days
    ),
    form(
        "周星礼",
        rf"{_WEEK}?个?{W}([一二三四五六](?:[、,/和跟]?[一二三四五六日天]){{1,5}})(?![点时:十号月天\S]?点)(?![点时:十号月])",
        _week_list,
    ),
    form(
        "周星礼",
        rf"{_WEEK}(?:个?){W}(?:的|里的?|内的?|那个|,| )?(个周|{W})({_D}){_NO_HOUR}",
        _weekday,
    ),
    form("周星礼", rf"{_WEEK}?(?:(个周)|个?{W})({_D}){_NO_HOUR}", _weekday),
    form("周星礼", rf"{_WEEK}?个?{W}末(?:两天)?", _weekend),
    form(
        "周期拜工平半几子些两改近再月年节假某空次回晚早",
        rf"(?:下下|下|这|本)个?{W}(?:初|中(?!午)|前半|后半|头几天|晚些|早些|前几天|后几天"
        rf"|的?晚些)|工作日|平日|(?:上|下)半年"
        r"|[过这近]?(?:些天|几天|几日|几周|阵子)|[过这]两天|改天|近期|近日|最近几天"
        r"|最近两天|以后再|(?:这个?月|下个?月|本月|月)[底初中末尾](?!旬)"
        r"|年[底初中末]|(?<!圣诞)(?<!国庆)(?<!元旦)(?<!五一)节[前后]|放假|假期|长假|某天"
        r"|有空的时候|下次|下回|明年|后年|大大后天|回头(?!客)|晚几天|早几天",
        _vague,
    ),
    form("周星礼", rf"{_WEEK}个?{W}(?![一二三四五六日天1-7])(?:之内|以内|内|里|的)?", _week_span),
    form(
        "今明", r"今明后(?:三天|天)?|今明(?:两天|两日|天)?(?!年)|明后(?:两天|两日|天)", _relatives
    ),
    form(
        "今明后",
        r"(大后|今|明|后)(?:天(?!性|获得|的?努力|赋|生|空)|日(?!子)|儿个?|早(?!期)"
        r"|晚(?!期)|晨|夜|上午|下午)"
        r"(?<!后早)(?<!后晚)(?<!后晨)(?<!后夜)(?<!后上午)(?<!后下午)(?<!今上午)(?<!今下午)",
        _relative,
    ),
    form(
        "内里", rf"(?<![\d第每隔过])({N}|几)个?(天|日|周|星期|礼拜|月)(?:之内|以内|内|里)", _within
    ),
    form("未接往今", rf"(?:未来|接下来|往后|今后)(?:的)?({N}|几)天", _coming),
    form(
        "后",
        rf"(?<![\d第每])(半|{N}|十几|几|好几)个?(天|日|周|星期|礼拜|月)(?:之|以"
        rf"|过)?后(?!的?{W}|天)",
        _after,
    ),
    form(
        "旦一庆诞",
        r"(元旦|五一|国庆|圣诞)(?:节|假期|长假|黄金周)?(?:(之?前|以前)|(之?后|以后|过后)"
        r"|(当天|那天|那日))?(?![路号])",
        _holiday,
    ),
    form(
        "号日",
        rf"(?:(下下个?月|下个?月|这个?月|本月)的?"
        rf"|(?<![\d月.第期周拜一二三四五六七八九]))({N})(?:号|日(?![子常前后]))(?!\d"
        rf"|码){_PLACE}",
        _of_month,
    ),
    form("月", r"(下下|下|这|本)个?月(上旬|中旬|下旬)?(?:之?内|里|份)?", _month),
    form(
        "月",
        rf"(?<![\d个第十])({N})月(?:份)?(上旬|中旬|下旬)?(?:之?内|里)?(?![大龄\d])",
        _named_month,
    ),
    form("/", r"(?<![\d/.:-])(1[0-2]|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?![\d/])", _slash),
)
