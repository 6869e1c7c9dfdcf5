"""How the hospital's values are said in each language: days, parts of the day, tiers, classes."""

import datetime as dt
from collections.abc import Iterable, Mapping

from bot.hospital.cells import INSURANCES, SESSIONS, SPOKEN, TIERS
from bot.hospital.model import ClinicSession, Session, Tier
from bot.hospital.prices import Insurance
from bot.hospital.rows import Listing, listing

_DAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIERS_EN = {Tier.GENERAL: "general", Tier.EXPERT: "expert", Tier.SPECIAL: "premium"}
_INSURANCE_EN = {
    Insurance.A: "Class A",
    Insurance.B: "Class B",
    Insurance.SELF: "not covered (self-pay)",
}
_TIERS_ZH = {tier: name for name, tier in TIERS.items()}
_INSURANCE_ZH = {insurance: name for name, insurance in INSURANCES.items()}
_SESSIONS_ZH = {session: name for name, session in SESSIONS.items()}

_NO_CLINICS_ZH = "不分时段预约，时间请电话询问"
_NO_CLINICS_EN = "no booked clinics, please call for its hours"

#: A clinic day is said without its hours when these are held.
_WHOLE_DAY = {Session.MORNING, Session.AFTERNOON}
#: From so many neighbouring days on, "Monday to Wednesday" is said.
_RANGE_FROM = 3
_WEEK = 7


def is_chinese(lang: str) -> bool:
    """Whether texts for this language tag are the Chinese ones; all others read English."""
    return lang.lower().startswith("zh")


def tier_word(tier: Tier, *, zh: bool) -> str:
    """Return 普通, 专家, 特需 or the English word."""
    return _TIERS_ZH[tier] if zh else _TIERS_EN[tier]


def insurance_word(insurance: Insurance, *, zh: bool) -> str:
    """Return 甲类, 乙类, 自费 or the English words."""
    return _INSURANCE_ZH[insurance] if zh else _INSURANCE_EN[insurance]


def session_word(session: Session, *, zh: bool) -> str:
    """Return 上午, 下午, 晚上 or the English word."""
    return _SESSIONS_ZH[session] if zh else session.value


def spoken_words(codes: Iterable[str], *, zh: bool) -> Listing:
    """Return the names of languages."""
    return listing((SPOKEN[code][0 if zh else 1] for code in codes), zh=zh)


def clinic_words(clinic: ClinicSession, *, zh: bool) -> str:
    """Return when a clinic is: `11月24日 周二上午`, `Tue 24 Nov, morning`."""
    between = "" if zh else ", "
    return day_words(clinic.date, zh=zh) + between + session_word(clinic.session, zh=zh)


def day_words(day: dt.date, *, zh: bool) -> str:
    """Return a date with its weekday and without its year."""
    if zh:
        return f"{day.month}月{day.day}日 {_DAYS_ZH[day.weekday()]}"
    return f"{_DAYS_EN[day.weekday()][:3]} {day.day} {_MONTHS_EN[day.month - 1]}"


def week_words(week: Mapping[int, Iterable[Session]], *, zh: bool) -> Listing:
    """Return the usual clinic week: `周一至周五、周六上午`; weekdays are 1 to 7.

    A department without clinics says that its hours are to be asked for.
    """
    runs: list[tuple[str, list[int]]] = []
    for day in sorted(week):
        hours = _hours(frozenset(week[day]), zh=zh)
        if runs and runs[-1][0] == hours and runs[-1][1][-1] == day - 1:
            runs[-1][1].append(day)
        else:
            runs.append((hours, [day]))
    words = [name + hours for hours, days in runs for name in _day_names(days, zh=zh)]
    return listing(words or [_NO_CLINICS_ZH if zh else _NO_CLINICS_EN], zh=zh)


def _hours(held: frozenset[Session], *, zh: bool) -> str:
    """Return which parts of a day are meant, nothing for an ordinary whole day."""
    if held == _WHOLE_DAY:
        return ""
    if held > _WHOLE_DAY:
        return "（含晚间）" if zh else " (evenings too)"
    names = [session_word(session, zh=zh) for session in Session if session in held]
    return "".join(names) if zh else " " + " and ".join(names)


def _day_names(days: list[int], *, zh: bool) -> list[str]:
    names = _DAYS_ZH if zh else _DAYS_EN
    if len(days) == _WEEK:
        return ["每天" if zh else "every day"]
    if len(days) >= _RANGE_FROM:
        return [f"{names[days[0] - 1]}{'至' if zh else ' to '}{names[days[-1] - 1]}"]
    return [names[day - 1] for day in days]
