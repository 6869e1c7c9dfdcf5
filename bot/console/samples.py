"""What previews of reminders mention: an example of each thing, nobody's."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bot.reminders.kinds import Kind

_FIRST = "zh-CN"


def of(kind: Kind, lang: str, today: date) -> Mapping[str, Any]:
    """Return example values for the text of a kind (pure)."""
    day = today + timedelta(days=1)
    occurs = datetime.combine(day, time(9, 30))
    dates = {
        "due": today + timedelta(days=30), "due_on": today + timedelta(days=7), "first": day,
        "last": today + timedelta(days=14), "first_follow_up": today + timedelta(days=7),
        "runs_out": today + timedelta(days=7), "since": occurs,
    }  # fmt: skip
    given: dict[str, Any] = {
        "occurs": occurs, "kind": kind.key, "answers": bool(kind.answers), "lang": lang,
        "day": day, "at": time(9, 30), **dates,
    }  # fmt: skip
    if kind.about == "visit":
        shown = f"{day.month}月{day.day}日" if lang == _FIRST else f"{day:%-d %b}"
        steps = [{"at": occurs, "text": _in(_STEP, lang)}]
        given |= {"day": shown, "steps": steps, "late_steps": [_in(_STEP, lang)]}
    return {**given, **_common(lang), **_in_language(_OF.get(kind.about, {}), lang)}


def _common(lang: str) -> dict[str, Any]:
    return _in_language(_COMMON, lang)


def _in_language(values: Mapping[str, Any], lang: str) -> dict[str, Any]:
    return {name: _in(value, lang) for name, value in values.items()}


def _in(value: Any, lang: str) -> Any:
    """Return the one of a pair that is in a language; what is no pair is alike in both."""
    if isinstance(value, tuple):
        return value[0 if lang == _FIRST else 1]
    return value


_STEP = ("今晚起只喝清流质。", "Clear liquids only from tonight on.")
_COMMON: Mapping[str, Any] = {
    "who": ("张**", "Z**"),
    "call": ("0535-6600000", "0535-6600000"),
    "place": ("门诊楼三层东区", "Building 3F east"),
    "department": ("心血管内科", "Cardiology"),
    "doctor": ("李医生", "Dr Li"),
}
_OF: Mapping[str, Mapping[str, Any]] = {
    "visit": {
        "doctor": ("李晓明", "Li Xiaoming"),
        "title": ("主任医师", "Chief Physician"),
        "window": "09:30–10:00",
        "line": ("心血管内科 李晓明 09:30–10:00", "Cardiology, Li Xiaoming, 09:30–10:00"),
        "days": 1,
        "fast_from": ("今晚22:00", "22:00 tonight"),
        "fasts_now": False,
        "prepares": True,
        "way": ("东门进，上三楼右转", "by the east door, third floor, turn right"),
        "cancellable": True,
        "cancel_until": ("今天16:00", "16:00 today"),
        "missed": 0,
        "missed_days": 180,
        "missed_most": 3,
        "missed_pause": 90,
    },
    "medication": {
        "medicine": ("药名（照处方）", "the medicine, as prescribed"),
        "dose": ("用量（照处方）", "how much, as prescribed"),
        "food": ("饭后", "after food"),
        "whom": "",
        "days": ("每天", "every day"),
        "hours": ("08:00、20:00", "08:00, 20:00"),
        "nights": "22:00",
        "prescriber": ("李医生", "Dr Li"),
        "ends_on": None,
    },
    "refill": {
        "medicine": ("药名（照处方）", "the medicine, as prescribed"),
        "prescriber": ("李医生", "Dr Li"),
        "path": ("互联网医院续方", "the hospital's online refill"),
        "days_left": 7,
    },
    "revisit": {"doctor": ("李晓明", "Li Xiaoming"), "is_last": False, "has_begun": True},
    "checkup": {"month": 3, "package": ("基础套餐", "the basic package")},
    "admission": {
        "ward": ("心内一病区", "Cardiology ward 1"),
        "bring": (["身份证", "医保卡"], ["ID card", "insurance card"]),
    },
    "discharge": {
        "ward": ("心内一病区", "Cardiology ward 1"),
        "steps": (["找护士拿出院小结", "结账"], ["ask for the summary", "settle the bill"]),
        "medicines": ("一楼出院药房", "discharge pharmacy, ground floor"),
        "signs": ("（病区写明的情况）", "(what the ward wrote)"),
    },
    "follow_up": {
        "days": 7,
        "question": ("这几天恢复得怎么样？", "How have you been these days?"),
        "is_last": False,
    },
    "collect": {"window": ("3号窗口", "window 3"), "hours": "08:00–17:30"},
    "fee": {
        "amount": Decimal("35.50"),
        "item": ("检查费", "an examination"),
        "where": ("手机或一楼收费窗口", "by phone, or at the cash desk"),
    },
    "deposit": {
        "left": Decimal(200),
        "needed": Decimal(2000),
        "where": ("手机或住院收费窗口", "by phone, or at the ward's cash desk"),
    },
    "greeting": {"occasion": "festival", "festival": ("春节", "Spring Festival")},
}
