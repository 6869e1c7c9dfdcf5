"""What is said of medicine, and how its days and hours are called."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from bot.care.medication.shape import Medication
from bot.dialogue.flow import Scene, Step
from bot.message import Button, Kind, Say

FLOW = "medication"
_WEEKDAYS = {
    "zh-CN": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_FOODS = {
    "zh-CN": {"before": "饭前", "after": "饭后", "with": "随餐", "empty": "空腹"},
    "en": {
        "before": "before food", "after": "after food", "with": "with food",
        "empty": "on an empty stomach",
    },
}  # fmt: skip
_LABELS = {
    "zh-CN": {
        "yes": "好，就这样", "change": "改时间", "no": "先不设", "pause": "暂停一周",
        "resume": "恢复提醒",
        "stop": "停止提醒", "stop_yes": "停止提醒", "keep": "不停，照旧", "mine": "我的用药提醒",
        "unwell": "不舒服", "forgot": "忘了带", "doctor": "医生让停", "finished": "吃完了",
        "all": "全部停止",
    },
    "en": {
        "yes": "Yes, like that", "change": "Other times", "no": "Not now", "pause": "Pause for a week",
        "resume": "Go on", "stop": "Stop it", "stop_yes": "Stop reminding", "keep": "Keep it",
        "mine": "My medicine reminders", "unwell": "Feeling unwell", "forgot": "Not with me",
        "doctor": "Doctor stopped it", "finished": "Used up", "all": "Stop all",
    },
}  # fmt: skip
#: Why a dose is left out, as it is offered; all else is kept in her own words.
WHY = ("unwell", "forgot", "doctor", "finished")
_ALL_WEEK = 7


def tap(scene: Scene, label: str, entry: str, choice: object = "") -> Button:
    """Return a tap of this flow."""
    value = f"flow:{FLOW}.{entry}" + (f":{choice}" if choice != "" else "")
    return Button(_LABELS[scene.session.lang][label], value)


def typed(scene: Scene, label: str) -> Button:
    """Return a shortcut that says its own words, as somebody without buttons types them."""
    words = _LABELS[scene.session.lang][label]
    return Button(words, words)


def values(medication: Medication, lang: str) -> dict[str, Any]:
    """Return what a text may say of one medicine."""
    return {
        "medicine": medication.medicine,
        "dose": medication.dose,
        "food": _FOODS[lang].get(medication.food, ""),
        "whom": medication.whom,
        "days": days(medication, lang),
        "hours": hours(medication.times, lang),
        "prescriber": medication.prescriber,
    }


def hours(times: Sequence[time], lang: str) -> str:
    """Return hours of the day as they are written: 08:00、20:00."""
    return ("、" if lang == "zh-CN" else ", ").join(f"{at:%H:%M}" for at in times)


def days(medication: Medication, lang: str) -> str:
    """Return on which days: 每天, 每隔一天, 每周一、周三."""
    named, zh = sorted(medication.weekdays), lang == "zh-CN"
    if named and len(named) < _ALL_WEEK:
        said = ("、" if zh else ", ").join(_WEEKDAYS[lang][day] for day in named)
        return f"每{said}" if zh else f"every {said}"
    if medication.every == 1:
        return "每天" if zh else "every day"
    if medication.every == 2:  # noqa: PLR2004  (a language has a word for it)
        return "每隔一天" if zh else "every other day"
    return f"每{medication.every}天一次" if zh else f"every {medication.every} days"


def lasting(starts_on: date, ends_on: date | None) -> int | None:
    """Return for how many days a plan lasts; None where it does not end."""
    return (ends_on - starts_on).days + 1 if ends_on is not None else None


def taken(at: datetime, now: datetime) -> Step:
    """Say which dose was recorded, by the clocks of its plan; nothing of how well she does."""
    return say("taken", {"at": at, "today": at.date() == now.date()})


def ask_why(scene: Scene) -> Step:
    """Ask once why a dose is left out, with the usual reasons to tap."""
    return ask("why", {}, [tap(scene, why, "why", why) for why in WHY], answer="why"
    )  # fmt: skip


def say(name: str, told: Mapping[str, Any] | None = None, *taps: Button) -> Step:
    """Say something that asks for nothing."""
    return Step((Say(f"{FLOW}/{name}", Kind.ANSWER, told or {}, shortcuts=taps),))


def ask(
    name: str,
    told: Mapping[str, Any],
    options: Sequence[Button],
    named: dict[str, Any] | None = None,
    *,
    answer: str,
) -> Step:
    """Ask a question that `answer` takes in words."""
    return Step(
        (
            Say(
                f"{FLOW}/{name}", Kind.QUESTION, told, tuple(options),
                named=named, answer=(FLOW, answer),
            ),
        )
    )  # fmt: skip
