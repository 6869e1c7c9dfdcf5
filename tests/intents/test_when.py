"""When a patient wants to come: a date is acted on only where nobody could mean another."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.dates import RIGHT, WRONG, judge, ours, phrases, run
from intents.when import NOTHING, When, when_in

WEDNESDAY = date(2026, 11, 18)
MORNING = time(10)
DAYS = st.dates(date(2026, 1, 1), date(2036, 12, 31))


def test_no_phrase_is_acted_on_wrongly() -> None:
    wrong = [f"{one.phrase.text}: {one.read}" for one in run() if one.outcome == WRONG]
    assert not wrong


def test_the_phrases_are_many_and_many_of_them_must_be_asked_about() -> None:
    asked = [one for one in phrases() if one.wanted.ask]
    assert sum(one.lang == "zh-CN" for one in phrases()) >= 150
    assert sum(one.lang == "en" for one in phrases()) >= 150
    assert len(asked) >= 30


def test_what_is_clear_is_hardly_ever_asked_about() -> None:
    clear = [one for one in phrases() if not one.wanted.ask]
    right = [judge(one, ours(one.text, one.now)).outcome == RIGHT for one in clear]
    assert sum(right) >= 0.97 * len(clear)


@given(day=DAYS, text=st.text(max_size=60))
def test_any_text_at_all_gives_days_to_come_or_a_question(day: date, text: str) -> None:
    found = when_in(text, day, MORNING)
    assert found.ask is None or found == When(ask=found.ask)
    assert found.first is None or found.first >= day
    assert None in (found.first, found.last) or found.first <= found.last  # type: ignore[operator]


_PIECES = st.sampled_from(
    [
        *(
            "周三",
            "下周",
            "明天",
            "11月25号",
            "25号",
            "上午",
            "3点",
            "到",
            "或",
            "不行",
            "以后",
            "前",
            "，",
        ),
        *(
            "Friday",
            "next week",
            "the 3rd",
            "3/4",
            "at 3",
            "or",
            "not",
            "after",
            "pm",
            "tomorrow",
            " ",
        ),
    ]
)


@given(day=DAYS, pieces=st.lists(_PIECES, max_size=8))
def test_no_mixture_of_dates_raises_or_names_a_day_gone_by(day: date, pieces: list[str]) -> None:
    found = when_in("".join(pieces), day, MORNING)
    assert found.first is None or found.first >= day
    assert None in (found.first, found.last) or found.first <= found.last  # type: ignore[operator]


@given(day=DAYS, ahead=st.integers(0, 150))
@pytest.mark.parametrize("form", ["{d.month}月{d.day}号", "{d.year}-{d.month:02}-{d.day:02}"])
def test_a_date_of_the_coming_months_is_that_day(day: date, ahead: int, form: str) -> None:
    then = day + timedelta(ahead)
    assert when_in(form.format(d=then), day) == When(then, then)


@given(day=DAYS, weekday=st.integers(0, 6))
def test_a_bare_weekday_is_the_next_one_and_todays_is_asked_about(day: date, weekday: int) -> None:
    found = when_in("周" + "一二三四五六日"[weekday], day)
    if weekday == day.weekday():
        assert found.ask == "today or next week"
    else:
        then = day + timedelta((weekday - day.weekday()) % 7)
        assert found == When(then, then)


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("周五不行", "refused"),
        ("明天周五", "contradiction"),
        ("2月30号", "impossible"),
        ("上周五", "past"),
        ("腊月初八", "lunar"),
        ("过几天", "vague"),
        ("7点", "morning or evening"),
        ("next Friday", "two weeks"),
        ("3/4", "two readings"),
        ("周四和周六", "two days"),
        ("reschedule my Friday appointment", "to which day"),
    ],
)
def test_why_a_patient_must_be_asked_is_named(text: str, ask: str) -> None:
    assert when_in(text, WEDNESDAY, MORNING) == When(ask=ask)


def test_nothing_said_is_nothing() -> None:
    assert when_in("停车多少钱", WEDNESDAY) is NOTHING
    assert not NOTHING
    assert when_in("尽快", WEDNESDAY)


@pytest.mark.parametrize(("now", "ask"), [(time(11), None), (time(12, 1), "past"), (None, None)])
def test_what_is_over_today_is_no_wish(now: time | None, ask: str | None) -> None:
    assert when_in("今天上午", WEDNESDAY, now).ask == ask
