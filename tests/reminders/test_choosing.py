"""From when to when to pause, and at which hours: read plainly or not at all."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reminders.choosing import LONGEST_PAUSE, best_in, pause_in

TODAY = date(2026, 11, 18)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "back"),
    [
        ("下周出差,暂停", "11-23", "11-30"), ("暂停提醒到下周一", "11-18", "11-23"),
        ("下周一到周五暂停提醒", "11-23", "11-28"), ("暂停三天", "11-18", "11-21"),
        ("暂停到12月5号", "11-18", "12-05"), ("暂停一周", "11-18", "11-25"),
        ("明天到后天别提醒我", "11-19", "11-21"), ("我要出差到月底,先别提醒", "11-18", "12-01"),
        ("从明天开始暂停三天", "11-19", "11-22"), ("这周先别提醒我", "11-18", "11-23"),
        ("12月1号到12月5号出差,暂停提醒", "12-01", "12-06"), ("暂停到下周", "11-18", "11-23"),
        ("我明天出差,别提醒我", "11-19", "11-20"), ("暂停一个月", "11-18", "12-18"),
        ("pause until december 5", "11-18", "12-05"), ("pause reminders next week", "11-23", "11-30"),
        ("pause for 3 days", "11-18", "11-21"),
        ("i'm away next week, pause my reminders", "11-23", "11-30"),
        ("pause my reminders for two weeks", "11-18", "12-02"), ("两周", "11-18", "12-02"),
    ],
)  # fmt: skip
def test_a_pause(text: str, first: str, back: str) -> None:
    span = pause_in(text, TODAY)
    assert span is not None
    assert (f"{span.first:%m-%d}", f"{span.back:%m-%d}") == (first, back)


@pytest.mark.parametrize(
    "text",
    [
        "暂停", "住院期间别发", "暂停到昨天", "暂停一年半", "暂停5个月", "过年期间暂停", "暂停一阵子",
        "好的", "pause", "", "暂停到退休",
    ],
)  # fmt: skip
def test_no_pause_is_guessed(text: str) -> None:
    assert pause_in(text, TODAY) is None


@given(st.text(max_size=60))
def test_a_pause_is_never_in_the_past_nor_endless(text: str) -> None:
    span = pause_in(text, TODAY)
    assert span is None or TODAY <= span.first < span.back <= TODAY + LONGEST_PAUSE


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("以后早上9点以后再提醒我", 9, 21), ("晚上8点以后再提醒我", 20, 21),
        ("9点到11点之间提醒", 9, 11),
        ("下午再提醒我", 12, 18), ("提醒我的时间改到晚上7点", 19, 21), ("别在9点前提醒我", 9, 21),
        ("以后都在上午提醒我", 8, 12), ("remind me between 9 and 11", 9, 11),
        ("remind me after 9am", 9, 21), ("don't remind me before 10am", 10, 21),
    ],
)  # fmt: skip
def test_her_hours(text: str, first: int, last: int) -> None:
    assert best_in(text, time(8), time(21)) == (time(first), time(last))


@pytest.mark.parametrize("text", ["晚上10点以后提醒我", "早点提醒我", "明天9点提醒我", "好的", ""])
def test_no_hour_is_guessed(text: str) -> None:
    assert best_in(text, time(8), time(21)) is None


@given(st.text(max_size=60))
def test_her_hours_are_never_at_night(text: str) -> None:
    best = best_in(text, time(8), time(21))
    assert best is None or time(8) <= best[0] < best[1] <= time(21)
