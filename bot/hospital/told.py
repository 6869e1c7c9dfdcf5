"""The rules of booking as patients are told them; pure. What is told here is what is enforced."""

from collections.abc import Mapping
from typing import Protocol

from bot.hospital.planning import Rules
from bot.hospital.words import is_chinese


class BookingRules(Rules, Protocol):
    """Every number of booking that an answer may name."""

    @property
    def hold_minutes(self) -> int: ...  # noqa: D102
    @property
    def offer_minutes(self) -> int: ...  # noqa: D102
    @property
    def per_department_day(self) -> int: ...  # noqa: D102
    @property
    def per_day(self) -> int: ...  # noqa: D102
    @property
    def per_week(self) -> int: ...  # noqa: D102
    @property
    def per_quarter(self) -> int: ...  # noqa: D102
    @property
    def no_show_window_days(self) -> int: ...  # noqa: D102
    @property
    def no_show_count(self) -> int: ...  # noqa: D102
    @property
    def no_show_block_days(self) -> int: ...  # noqa: D102
    @property
    def late_minutes(self) -> int: ...  # noqa: D102
    @property
    def check_in_minutes(self) -> int: ...  # noqa: D102
    @property
    def family(self) -> int: ...  # noqa: D102


_NUMBERS = (
    "hold_minutes", "offer_minutes", "per_department_day", "per_day", "per_week", "per_quarter",
    "late_minutes", "check_in_minutes", "family",
)  # fmt: skip
#: What templates may say of the rules of booking: `h.rule.…` and `h.days.…`.
RULES = ("cancel_until", "release_time", "no_show", "limits", *_NUMBERS)
DAYS = ("booking_ahead",)


def rules_told(rules: BookingRules, lang: str) -> Mapping[str, Mapping[str, str | int]]:
    """Return the rules of booking in one language, by the groups and names of `RULES` and `DAYS`."""
    zh = is_chinese(lang)
    words: dict[str, str | int] = {
        "cancel_until": _cancel_zh(rules) if zh else _cancel_en(rules),
        "release_time": _release_zh(rules) if zh else _release_en(rules),
        "no_show": _no_show_zh(rules) if zh else _no_show_en(rules),
        "limits": _limits_zh(rules) if zh else _limits_en(rules),
    }
    numbers: dict[str, str | int] = {name: getattr(rules, name) for name in _NUMBERS}
    return {"rule": words | numbers, "days": {"booking_ahead": rules.release_days}}


def _cancel_zh(rules: BookingRules) -> str:
    clock = _clock(rules.cancel_at)
    if not rules.cancel_days:
        return f"就诊当天{clock}前"
    days = "个工作日" if rules.cancel_working_days else "天"
    count = "一" if rules.cancel_days == 1 else str(rules.cancel_days)
    return f"就诊前{count}{days}{clock}前"


def _cancel_en(rules: BookingRules) -> str:
    if not rules.cancel_days:
        return f"{rules.cancel_at} on the day of the visit"
    day = "working day" if rules.cancel_working_days else "day"
    if rules.cancel_days == 1:
        return f"{rules.cancel_at} on the {day} before the visit"
    return f"{rules.cancel_at}, {rules.cancel_days} {day}s before the visit"


def _release_zh(rules: BookingRules) -> str:
    day = f"第{rules.release_days}天" if rules.release_days else "当天"
    return f"每天{_clock(rules.release_at)}放出{day}的号"


def _release_en(rules: BookingRules) -> str:
    if not rules.release_days:
        return f"every day at {rules.release_at}, for the same day"
    return f"every day at {rules.release_at}, for the {_ordinal(rules.release_days)} day ahead"


def _no_show_zh(rules: BookingRules) -> str:
    missed = f"{rules.no_show_window_days}天内满{rules.no_show_count}次未取消又未就诊"
    if not rules.no_show_block_days:
        return f"{missed}会记录，暂不影响预约；窗口挂号和急诊不受影响"
    return f"{missed}，暂停预约{rules.no_show_block_days}天；窗口挂号和急诊不受影响"


def _no_show_en(rules: BookingRules) -> str:
    count = rules.no_show_count
    visits = (
        f"{count} missed visit{'s' if count > 1 else ''} within {rules.no_show_window_days} days"
    )
    pause = (
        f"pause{'' if count > 1 else 's'} booking for {rules.no_show_block_days} days"
        if rules.no_show_block_days
        else f"{'are' if count > 1 else 'is'} noted, booking is not paused"
    )
    return f"{visits} {pause}; the registration desk and emergency are not affected"


def _limits_zh(rules: BookingRules) -> str:
    return (
        f"同一位就诊人，同一天同一科室最多{rules.per_department_day}个号，一天最多{rules.per_day}个，"
        f"7天内最多{rules.per_week}个，90天内最多{rules.per_quarter}个"
    )


def _limits_en(rules: BookingRules) -> str:
    return (
        f"for each patient at most {rules.per_department_day} a day in the same department, "
        f"{rules.per_day} a day, {rules.per_week} within 7 days and {rules.per_quarter} within 90 days"
    )


def _clock(clock: str) -> str:
    """Return an hour as it is said in Chinese: `7:00`."""
    return clock.removeprefix("0")


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"
