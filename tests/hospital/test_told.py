"""The rules of booking as they are told: whatever is set is what is said, in both languages."""

import pytest

from bot.appointments.options import BookingOptions
from bot.hospital.lookups import told
from bot.hospital.model import LANGUAGES, Hospital
from bot.hospital.told import DAYS, RULES, rules_told

APART = "the registration desk and emergency are not affected"
LIMITS = (
    "for each patient at most 1 a day in the same department, 4 a day, 3 within 7 days and 5 within "
    "90 days"
)


@pytest.mark.parametrize(
    ("options", "name", "zh", "en"),
    [
        ({}, "cancel_until", "就诊前一天16:00前", "16:00 on the day before the visit"),
        (
            {"cancel_days": 2, "cancel_at": "09:00"},
            "cancel_until", "就诊前2天9:00前", "09:00, 2 days before the visit",
        ),
        (
            {"cancel_working_days": True},
            "cancel_until", "就诊前一个工作日16:00前", "16:00 on the working day before the visit",
        ),
        ({"cancel_days": 0}, "cancel_until", "就诊当天16:00前", "16:00 on the day of the visit"),
        (
            {}, "release_time", "每天7:00放出第14天的号", "every day at 07:00, for the 14th day ahead",
        ),
        (
            {"release_days": 7, "release_at": "00:00"},
            "release_time", "每天0:00放出第7天的号", "every day at 00:00, for the 7th day ahead",
        ),
        (
            {"release_days": 0},
            "release_time", "每天7:00放出当天的号", "every day at 07:00, for the same day",
        ),
        (
            {}, "no_show", "90天内满3次未取消又未就诊，暂停预约90天；窗口挂号和急诊不受影响",
            f"3 missed visits within 90 days pause booking for 90 days; {APART}",
        ),
        (
            {"no_show_count": 1, "no_show_block_days": 30, "no_show_window_days": 365},
            "no_show", "365天内满1次未取消又未就诊，暂停预约30天；窗口挂号和急诊不受影响",
            f"1 missed visit within 365 days pauses booking for 30 days; {APART}",
        ),
        (
            {"no_show_block_days": 0}, "no_show",
            "90天内满3次未取消又未就诊会记录，暂不影响预约；窗口挂号和急诊不受影响",
            f"3 missed visits within 90 days are noted, booking is not paused; {APART}",
        ),
        (
            {"per_day": 4}, "limits",
            "同一位就诊人，同一天同一科室最多1个号，一天最多4个，7天内最多3个，90天内最多5个", LIMITS,
        ),
    ],
)  # fmt: skip
def test_what_is_set_is_what_is_said(
    options: dict[str, int | str], name: str, zh: str, en: str
) -> None:
    rules = BookingOptions(**options)  # type: ignore[arg-type]
    assert rules_told(rules, "zh-CN")["rule"][name] == zh
    assert rules_told(rules, "en")["rule"][name] == en


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_can_be_told_beside_the_facts(demo: Hospital, lang: str) -> None:
    h = told(demo, lang, BookingOptions(release_days=7, late_minutes=15))
    assert {*RULES, "arrive_early_minutes", "visitors_per_patient"} == set(h["rule"])
    assert set(DAYS) < set(h["days"])
    assert (h["days"]["booking_ahead"], h["rule"]["late_minutes"]) == (7, 15)


@pytest.mark.parametrize(
    ("days", "told"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (21, "21st"), (28, "28th")]
)
def test_days_ahead_are_counted_in_english(days: int, told: str) -> None:
    rules = BookingOptions(release_days=days)
    assert f"for the {told} day ahead" in str(rules_told(rules, "en")["rule"]["release_time"])
