"""How a visit and a free place are told, everywhere alike: values for texts, labels for taps; pure.

Whoever tells a visit tells whose it is, the doctor, the date and its weekday, the time, the place and
the fee, and takes them from here.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from bot.appointments.model import ClinicView, FreeSlot, Visit
from bot.appointments.rules import may_cancel

_WEEKDAYS = {
    "zh-CN": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PARTS = {
    "zh-CN": {"morning": "上午", "afternoon": "下午", "evening": "夜间"},
    "en": {"morning": "morning", "afternoon": "afternoon", "evening": "evening"},
}
_TIERS = {
    "zh-CN": {"general": "普通", "expert": "专家", "special": "特需"},
    "en": {"general": "general", "expert": "expert", "special": "special-service"},
}
_MOST = {"zh-CN": 24, "en": 40}


def visit_values(
    visit: Visit, lang: str, zone: ZoneInfo, now: datetime | None = None
) -> dict[str, Any]:
    """Return what a text may say of a visit.

    Args:
        now: with it, `hold_minutes` are those that are left; else those the hold was made for. And
            `cancellable` says whether `cancel_until` is still to come; else it is not looked at.
    """
    since = now or visit.held_at
    left = (visit.held_until - since).total_seconds() / 60 if visit.held_until and since else 0
    return {
        **_common(visit.clinic, visit.starts_at, visit.ends_at, visit.fee, lang, zone),
        "who": visit.told or "",
        "number": visit.number,
        "state": visit.state.value,
        "reason": visit.reason or "",
        "queue_no": visit.queue_no,
        "hold_until": _clock(visit.held_until, zone) if visit.held_until else "",
        "hold_minutes": max(0, ceil(left)),
        "label": _label(visit.clinic, visit.starts_at, visit.fee, lang, zone),
        "cancellable": now is None or may_cancel(visit.clinic.cancel_until, now),
    }


def slot_values(slot: FreeSlot, lang: str, zone: ZoneInfo) -> dict[str, Any]:
    """Return what a text may say of a free place, which is nobody's yet: no `who`, nothing to cancel."""
    return {
        **_common(slot.clinic, slot.starts_at, slot.ends_at, slot.clinic.fee, lang, zone),
        "who": "",
        "number": "",
        "state": "",
        "reason": "",
        "queue_no": None,
        "hold_until": "",
        "hold_minutes": 0,
        "cancellable": False,
        "left": slot.left,
        "label": _label(slot.clinic, slot.starts_at, slot.clinic.fee, lang, zone, slot.left),
    }


def clinic_values(clinic: ClinicView, lang: str, zone: ZoneInfo) -> dict[str, Any]:
    """Return what a text may say of a whole clinic; its window is all of it."""
    return {
        **_common(clinic, clinic.starts_at, clinic.ends_at, clinic.fee, lang, zone),
        "status": clinic.status,
        "reason": clinic.reason or "",
        "released": moment(clinic.released_at, lang, zone),
    }


def day_words(day: date, lang: str) -> str:
    """Return a date with its weekday: `11月25日周三`, `Wed 25 Nov`."""
    weekday = _WEEKDAYS[lang][day.weekday()]
    if lang == "en":
        return f"{weekday} {day.day} {_MONTHS[day.month - 1]}"
    return f"{day.month}月{day.day}日{weekday}"


def part_words(part: str, lang: str) -> str:
    """Return a part of the day: `上午`, `morning`."""
    return _PARTS[lang][part]


def tier_words(tier: str, lang: str) -> str:
    """Return the kind of a clinic: `专家`, `expert`."""
    return _TIERS[lang][tier]


def moment(at: datetime, lang: str, zone: ZoneInfo) -> str:
    """Return a date, its weekday and the time, as clocks in the hospital show it."""
    return f"{day_words(at.astimezone(zone).date(), lang)} {_clock(at, zone)}"


def money(fee: Decimal) -> str:
    """Return yuan without needless zeros: `22`, `22.50`."""
    return f"{fee:.0f}" if fee == fee.to_integral_value() else f"{fee:.2f}"


@lru_cache(maxsize=2_048)
def _common(
    clinic: ClinicView,
    starts_at: datetime,
    ends_at: datetime,
    fee: Decimal,
    lang: str,
    zone: ZoneInfo,
) -> Mapping[str, Any]:
    values: dict[str, Any] = {
        **names(clinic, lang),
        "date": clinic.date,
        "weekday": _WEEKDAYS[lang][clinic.date.weekday()],
        "day": day_words(clinic.date, lang),
        "window": f"{_clock(starts_at, zone)}–{_clock(ends_at, zone)}",
        "part": _PARTS[lang][clinic.part],
        "fee": money(fee),
        "tier": _TIERS[lang][clinic.tier],
        "cancel_until": moment(clinic.cancel_until, lang, zone),
    }
    parts = (values[name] for name in ("day", "window", "department", "doctor", "title"))
    return {**values, "line": " ".join(part for part in parts if part)}


def names(clinic: ClinicView, lang: str) -> Mapping[str, str]:
    """Return who sees patients where, in one language; a room that has a name already says "room"."""
    if lang == "en":
        room = f"room {clinic.room}" if clinic.room else ""
        place = ", ".join(part for part in (clinic.place_en, room) if part)
        return {
            "doctor": clinic.doctor_name_en, "title": clinic.title_en,
            "department": clinic.department_name_en, "place": place,
        }  # fmt: skip
    room = f"{clinic.room}诊室" if clinic.room[-1:].isdigit() else clinic.room
    return {
        "doctor": clinic.doctor_name, "title": clinic.title,
        "department": clinic.department_name, "place": f"{clinic.place}{room}",
    }  # fmt: skip


@lru_cache(maxsize=2_048)
def _label(
    clinic: ClinicView,
    starts_at: datetime,
    fee: Decimal,
    lang: str,
    zone: ZoneInfo,
    left: int | None = None,
) -> str:
    """Return a tap's words, as many of them as fit: when and who always, then the fee, then places."""
    day, at = clinic.date, starts_at.astimezone(zone)
    weekday, hour = _WEEKDAYS[lang][day.weekday()], f"{at.hour}:{at:%M}"
    if lang == "en":
        label = f"{weekday} {day.day} {_MONTHS[day.month - 1]} {hour} {clinic.doctor_name_en}"
        more = [f"¥{money(fee)}", *([f"{left} left"] if left else [])]
    else:
        label = f"{weekday}{day.month}/{day.day} {hour} {clinic.doctor_name}"
        more = [f"¥{money(fee)}", *([f"余{left}"] if left else [])]
    for part in more:
        if len(label) + 1 + len(part) <= _MOST[lang]:
            label = f"{label} {part}"
    return label


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%H:%M")
